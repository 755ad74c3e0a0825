//! Results of Hugging Face's lighteval (`results_<time>.json`) as observations.
//!
//! | | where it stands |
//! | --- | --- |
//! | score | `results."<suite>\|<task>\|<shots>".<metric>`, without suite in the newest versions |
//! | standard error | `<metric>_stderr` beside it |
//! | items | `config_tasks.<task>.effective_num_docs` |
//! | model | `config_general.model_name`, or the same in `model_config`, or in its `model_parameters` |
//!
//! A task `mmlu:anatomy` becomes `mmlu_anatomy`, a part of `mmlu`; `mmlu:_average` becomes the group `mmlu`. The row `all`,
//! a mean over the benchmarks that happened to be run, is left out. Exact matches that are found or compared in a
//! special way keep it as the filter of their metric (`qem` is `exact_match,quasi`).
//!
//! ```no_run
//! use onset::harness::{lighteval, lm_eval::ImportSettings};
//! let imported = lighteval::import(&["results".into()], &ImportSettings::default())?;
//! println!("{} scores from {} files", imported.observations.len(), imported.files);
//! # Ok::<(), onset::Error>(())
//! ```

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::str::FromStr;

use serde_json::{Map, Value};

use super::import::{ImportSettings, Imported, gather};
use super::lm_eval::implied;
use super::logs::{self, Log, Scored, benchmark_name, count, digest, dtype, exact_match, plain, text};
use crate::Result;
use crate::registry::{Limit, Measure, Metric, PromptFormat, RowKind, Setup, Timestamp, benchmark};

/// Reads results files; a folder stands for all `.json` files in and below it.
///
/// # Errors
/// [`Error::Read`](crate::Error::Read) when one of `paths` cannot be read. What is wrong further down is a warning.
pub fn import(paths: &[PathBuf], settings: &ImportSettings) -> Result<Imported> {
    gather(paths, settings, &["json"], &|found| logs::read(found, settings, log))
}

/// What a file says; `None` for one that is not lighteval's.
pub(super) fn log(file: &Value) -> Option<Log> {
    let general = file.get("config_general")?;
    let results = file.get("results")?.as_object()?;
    let places =
        |key: &str| ["", "/model_config", "/model_config/model_parameters"].map(|place| format!("{place}/{key}"));
    let of_model = |key: &str| places(key).iter().find_map(|place| text(general.pointer(place)));
    let model = of_model("model_name").unwrap_or_default().to_owned();
    // Of a model with an adapter `model_name` is the adapter.
    let below = of_model("base_model").filter(|base| *base != model).map(str::to_owned);
    let (mut scores, mut unknown, mut complete) = (Vec::new(), BTreeSet::new(), !results.is_empty());
    for (key, metrics) in results.iter().filter(|(key, _)| *key != "all") {
        let (Some(task), Some(metrics)) = (Task::parse(key), metrics.as_object()) else { continue };
        let items = items(file, &task);
        complete &= items.all.is_some() && items.used >= items.all;
        for (name, value) in metrics.iter().filter(|(name, _)| !name.ends_with("_stderr")) {
            match (metric(name), value.as_f64()) {
                (Some(metric), Some(value)) => scores.push(task.scored(metric, name, value, metrics, &items)),
                (None, _) => _ = unknown.insert(name.clone()),
                (Some(_), None) => {}
            }
        }
    }
    let unknown: Vec<String> = unknown.into_iter().collect();
    let problems = if unknown.is_empty() { vec![] } else { vec![format!("unknown metrics: {}", unknown.join(", "))] };
    let asked = general.get("max_samples").or_else(|| general.pointer("/model_config/max_samples"));
    let limit = asked.and_then(Value::as_f64).filter(|_| !complete).and_then(|most| Limit::new(most.trunc()).ok());
    let flag = |key: &str| places(key).iter().find_map(|place| general.pointer(place));
    let templated = ["use_chat_template", "override_chat_template"].into_iter().filter_map(flag).any(|v| v == true);
    let quantised = flag("quantization_config").filter(|config| !config.is_null()).map(|config| {
        let method = text(config.get("quant_method")).map(str::to_owned);
        let four = config.get("load_in_4bit").is_some_and(|on| on == true);
        method.unwrap_or_else(|| if four { "4bit".to_owned() } else { config.to_string() })
    });
    let adapter = match &below {
        Some(_) => Some(model.clone()),
        None => of_model("adapter_weights").or_else(|| of_model("delta_weights")).map(str::to_owned),
    };
    Some(Log {
        model: below.unwrap_or(model),
        revision: of_model("revision").map(str::to_owned),
        commit: of_model("model_sha").map(str::to_owned),
        setup: Setup {
            prompt: PromptFormat {
                chat_template: templated.then(|| "applied".to_owned()),
                system_prompt: of_model("system_prompt").map(digest),
                multiturn: None,
            },
            adapter,
            quantisation: quantised,
            dtype: of_model("model_dtype").or_else(|| of_model("dtype")).and_then(dtype),
            limit,
            settings: settings(flag("generation_parameters"), &flag, general),
            harness: Some("lighteval".to_owned()),
            harness_version: of_model("lighteval_version").or_else(|| of_model("lighteval_sha")).map(str::to_owned),
            ..Setup::default()
        },
        scores,
        problems,
        date: date(general),
    })
}

/// What changes the answers beside what has a column of its own: `temperature=0.6, max_model_length=512`.
fn settings<'v>(
    generation: Option<&'v Value>,
    of_model: &dyn Fn(&str) -> Option<&'v Value>,
    general: &Value,
) -> Option<String> {
    let given = generation.and_then(Value::as_object).into_iter().flatten();
    let given = given.map(|(name, value)| (name.as_str(), value));
    let model = ["max_model_length", "max_length", "tokenizer"].into_iter();
    let model = model.filter_map(|name| Some((name, of_model(name)?)));
    // One seed is the usual number.
    let seeds = general.get("num_fewshot_seeds").filter(|seeds| seeds.as_u64().is_some_and(|seeds| seeds > 1));
    let all = given.chain(model).chain(seeds.map(|seeds| ("num_fewshot_seeds", seeds)));
    let set: Vec<String> =
        all.filter(|(_, value)| !value.is_null()).map(|(name, value)| format!("{name}={}", plain(value))).collect();
    (!set.is_empty()).then(|| set.join(", "))
}

/// When the run ended. Its clock often counts from the start of the machine; only what can be a date is one.
fn date(general: &Value) -> Option<Timestamp> {
    const FIRST: f64 = 1.5e9;
    let seconds = ["end_time", "start_time"].into_iter().find_map(|key| general.get(key)?.as_f64());
    let written = || text(general.get("date"))?.parse().ok();
    seconds.filter(|seconds| *seconds > FIRST).and_then(Timestamp::from_seconds).or_else(written)
}

/// A key of the results.
struct Task<'a> {
    /// As the key has it, with its suite and without its shots: the key of its configuration.
    full: &'a str,
    name: &'a str,
    shots: Option<u32>,
}

impl<'a> Task<'a> {
    /// Reads `suite|task|shots`, `suite|task|shots|truncation` and `task|shots`.
    fn parse(key: &'a str) -> Option<Self> {
        let parts: Vec<&str> = key.split('|').collect();
        let number = parts.iter().position(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
        let end = number.unwrap_or(parts.len());
        let name = parts[..end].last().copied().filter(|name| !name.is_empty())?;
        // The parts before the shots, and what stands between them.
        let length = parts[..end].iter().map(|part| part.len() + 1).sum::<usize>() - 1;
        Some(Self { full: &key[..length], name, shots: number.and_then(|n| parts[n].parse().ok()) })
    }

    fn scored(&self, metric: Metric, name: &str, value: f64, beside: &Map<String, Value>, items: &TaskItems) -> Scored {
        // The first leaderboard's name for a subject of MMLU.
        let subject = self.name.strip_prefix("hendrycksTest-").map(|subject| format!("mmlu:{subject}"));
        let own = subject.as_deref().unwrap_or(self.name);
        // `arc:challenge` and `truthfulqa:mc` are names, `mmlu:anatomy` is a part of a whole.
        let whole = !["arc:", "truthfulqa:"].iter().any(|name| own.starts_with(name));
        let (group, part) = own.split_once(':').filter(|_| whole).map_or((None, None), |(g, p)| (Some(g), Some(p)));
        let average = part == Some("_average");
        let name_of_all = benchmark_name(if average { group.unwrap_or(own) } else { own });
        let stderr = beside.get(&format!("{name}_stderr")).and_then(Value::as_f64);
        let implied = || implied(value, stderr.filter(|_| metric.measure.is_binary())?);
        Scored {
            format: benchmark(&name_of_all).or_else(|| benchmark(group?)).map(|known| known.format),
            benchmark: name_of_all,
            kind: if average { RowKind::Group } else { RowKind::Task },
            group: group.filter(|_| !average).map(benchmark_name),
            items: items.used.or_else(implied).filter(|_| !average),
            metric,
            value,
            stderr,
            shots: self.shots,
            limit: items.limit(),
            apart: self.suite().map(|suite| format!("suite={suite}")),
        }
    }

    /// What stands before the name.
    fn suite(&self) -> Option<&'a str> {
        self.full.strip_suffix(self.name)?.strip_suffix('|').filter(|suite| !suite.is_empty())
    }
}

/// Items of a task.
#[derive(Default)]
struct TaskItems {
    used: Option<u32>,
    all: Option<u32>,
}

impl TaskItems {
    /// The number of items, where it is not that of all.
    fn limit(&self) -> Option<Limit> {
        let used = self.used.filter(|used| self.all.is_some_and(|all| *used < all))?;
        Limit::new(f64::from(used)).ok()
    }
}

fn items(file: &Value, task: &Task<'_>) -> TaskItems {
    let Some(configs) = file.get("config_tasks").and_then(Value::as_object) else { return TaskItems::default() };
    let with_shots = task.shots.map(|shots| format!("{}|{shots}", task.full));
    let config = configs.get(task.full).or_else(|| configs.get(&with_shots?));
    let number = |key: &str| count(config?.get(key)).filter(|n| *n > 0);
    TaskItems { used: number("effective_num_docs"), all: number("original_num_docs") }
}

fn metric(name: &str) -> Option<Metric> {
    Some(match name {
        "em" => Metric::plain(Measure::ExactMatch),
        "qem" => exact_match("quasi"),
        "pem" => exact_match("prefix"),
        "pqem" => exact_match("quasi-prefix"),
        "extractive_match" => exact_match("extractive"),
        "truthfulqa_mc1" => Metric::plain(Measure::Mc1),
        "truthfulqa_mc2" => Metric::plain(Measure::Mc2),
        // Means over several answers, and what the most of them agree on, under their own names: `pass@1:32_samples`.
        other if ["pass@", "maj@", "avg@", "cons@"].iter().any(|of| other.contains(of)) => exact_match(other),
        other => Metric::plain(Measure::from_str(other).ok()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_in_all_its_layouts() {
        let read = |key| Task::parse(key).map(|t| (t.full.to_owned(), t.name.to_owned(), t.shots));
        let task = |full: &str, name: &str, shots| Some((full.to_owned(), name.to_owned(), shots));
        assert_eq!(
            read("leaderboard|arc:challenge|25|0"),
            task("leaderboard|arc:challenge", "arc:challenge", Some(25))
        );
        assert_eq!(read("lighteval|gsm8k|5"), task("lighteval|gsm8k", "gsm8k", Some(5)));
        assert_eq!(read("gsm8k|5"), task("gsm8k", "gsm8k", Some(5)));
        assert_eq!(read("gsm8k"), task("gsm8k", "gsm8k", None));
        assert_eq!(read("|5"), None);
    }
}
