//! Results of Hugging Face's lighteval (`results_<time>.json`) as observations.
//!
//! | | where it stands |
//! | --- | --- |
//! | score | `results."<suite>\|<task>\|<shots>".<metric>`, without suite in the newest versions |
//! | standard error | `<metric>_stderr` beside it |
//! | items | `config_tasks.<task>.effective_num_docs` |
//! | model | `config_general.model_name`, or `config_general.model_config.model_name` |
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

use super::lm_eval::{ImportSettings, Imported, gather};
use super::logs::{self, Log, Scored, benchmark_name, count, exact_match};
use crate::Result;
use crate::registry::{Measure, Metric, RowKind};

/// Reads results files; a folder stands for all `.json` files in and below it.
///
/// # Errors
/// [`Error::Read`](crate::Error::Read) when one of `paths` cannot be read. What is wrong further down is a warning.
pub fn import(paths: &[PathBuf], settings: &ImportSettings) -> Result<Imported> {
    gather(paths, &|found| logs::read(found, settings, log))
}

fn log(file: &Value) -> Option<Log> {
    let general = file.get("config_general")?;
    let results = file.get("results")?.as_object()?;
    let named = [general.get("model_name"), general.pointer("/model_config/model_name")];
    let model = named.into_iter().flatten().find_map(Value::as_str).unwrap_or_default().to_owned();
    let (mut scores, mut unknown) = (Vec::new(), BTreeSet::new());
    for (key, metrics) in results.iter().filter(|(key, _)| *key != "all") {
        let (Some(task), Some(metrics)) = (Task::parse(key), metrics.as_object()) else { continue };
        let items = items(file, &task);
        for (name, value) in metrics.iter().filter(|(name, _)| !name.ends_with("_stderr")) {
            match (metric(name), value.as_f64()) {
                (Some(metric), Some(value)) => scores.push(task.scored(metric, name, value, metrics, items)),
                (None, _) => _ = unknown.insert(name.clone()),
                (Some(_), None) => {}
            }
        }
    }
    let unknown: Vec<String> = unknown.into_iter().collect();
    let problems = if unknown.is_empty() { vec![] } else { vec![format!("unknown metrics: {}", unknown.join(", "))] };
    let date = general.get("end_time").and_then(Value::as_f64).unwrap_or(f64::NEG_INFINITY);
    Some(Log { model, scores, problems, date })
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

    fn scored(
        &self,
        metric: Metric,
        name: &str,
        value: f64,
        beside: &Map<String, Value>,
        items: Option<u32>,
    ) -> Scored {
        let (group, part) = self.name.split_once(':').map_or((None, None), |(group, part)| (Some(group), Some(part)));
        let average = part == Some("_average");
        Scored {
            benchmark: benchmark_name(if average { group.unwrap_or(self.name) } else { self.name }),
            kind: if average { RowKind::Group } else { RowKind::Task },
            group: group.filter(|_| !average).map(benchmark_name),
            format: None,
            metric,
            value,
            stderr: beside.get(&format!("{name}_stderr")).and_then(Value::as_f64),
            items: items.filter(|_| !average),
            shots: self.shots,
        }
    }
}

fn items(file: &Value, task: &Task<'_>) -> Option<u32> {
    let configs = file.get("config_tasks")?.as_object()?;
    let with_shots = task.shots.map(|shots| format!("{}|{shots}", task.full));
    let config = configs.get(task.full).or_else(|| configs.get(&with_shots?))?;
    count(config.get("effective_num_docs")).filter(|n| *n > 0)
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
