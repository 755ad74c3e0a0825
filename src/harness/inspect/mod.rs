//! Logs of Inspect (`.eval`, or JSON) as observations.
//!
//! | | where it stands |
//! | --- | --- |
//! | score | `results.scores[].metrics.accuracy.value` |
//! | standard error | `results.scores[].metrics.stderr.value` |
//! | items | `results.scores[].scored_samples`, or `results.completed_samples` |
//! | model, benchmark | `eval.model`, of `hf/local` and the like `eval.model_args.model_path`; the last part of `eval.task` |
//! | date, version, limit | `eval.created`, `eval.packages.inspect_ai`, `eval.config.limit` |
//!
//! The scorer `choice` picks an option and gives `acc`; every other scorer reads the answer from the model's text and gives
//! `exact_match` with the scorer's name as the filter. Where items were asked several times, only the mean over the times is
//! accuracy; any other reducer (`mode`, `at_least_1`; that of the score, or else of `eval.config`) is named in the filter:
//! `acc,mode`, `exact_match,match:mode`. Other
//! metrics than accuracy are of the task's own making and are left out, as are evaluations that did not end well.
//!
//! ```no_run
//! use onset::harness::{inspect, lm_eval::ImportSettings};
//! let imported = inspect::import(&["logs".into()], &ImportSettings::default())?;
//! println!("{} scores from {} logs", imported.observations.len(), imported.files);
//! # Ok::<(), onset::Error>(())
//! ```

mod archive;

use std::path::PathBuf;

use serde_json::Value;

use super::import::{Found, ImportSettings, Imported, Read, gather};
use super::logs::{self, Log, Scored, benchmark_name, count, digest, dtype, exact_match, plain, text};
use crate::Result;
use crate::registry::{Format, Limit, Measure, Metric, PromptFormat, RowKind, Setup};

/// Reads logs; a folder stands for all `.eval` and `.json` files in and below it.
///
/// # Errors
/// [`Error::Read`](crate::Error::Read) when one of `paths` cannot be read. What is wrong further down is a warning.
pub fn import(paths: &[PathBuf], settings: &ImportSettings) -> Result<Imported> {
    gather(paths, settings, &["eval", "json"], &|found| read(found, settings))
}

fn read(found: &Found, settings: &ImportSettings) -> Read {
    match archive::header(&found.path) {
        Ok(Some(header)) => match logs::json(&header) {
            Ok(value) => logs::parsed(&value, found, settings, log),
            Err(why) => Read::failed(why),
        },
        Ok(None) => logs::read(found, settings, log),
        Err(why) => Read::failed(why),
    }
}

fn log(file: &Value) -> Option<Log> {
    let spec = file.get("eval")?;
    let task = spec.get("task")?.as_str()?;
    let benchmark = benchmark_name(task.rsplit('/').next().unwrap_or(task));
    let argument = |name: &str| text(spec.get("model_args").and_then(|arguments| arguments.get(name)));
    let system = spec.pointer("/model_generate_config/system_message");
    let named = spec.get("model").and_then(Value::as_str).unwrap_or_default();
    // Weights from a folder are `hf/local` with the folder beside it.
    let folder = ["model_path", "model_name_or_path", "path"].into_iter().find_map(argument);
    let (model, adapter) = model(named);
    let mut log = Log {
        model: folder.map_or(model, str::to_owned),
        revision: argument("revision").map(str::to_owned),
        commit: None,
        setup: Setup {
            adapter: ["lora", "peft", "adapter", "lora_local_path", "adapter_path"]
                .into_iter()
                .find_map(argument)
                .map(str::to_owned)
                .or(adapter),
            settings: settings(file, spec),
            prompt: PromptFormat { system_prompt: text(system).map(digest), ..PromptFormat::default() },
            dtype: argument("dtype").or_else(|| argument("torch_dtype")).and_then(dtype),
            limit: limit(spec),
            harness: Some("inspect".to_owned()),
            // A task that names no version has 0.
            task_version: spec
                .get("task_version")
                .map(|version| version.to_string().trim_matches('"').to_owned())
                .filter(|version| !matches!(version.as_str(), "0" | "null" | "")),
            harness_version: text(spec.pointer("/packages/inspect_ai")).map(str::to_owned),
            ..Setup::default()
        },
        scores: Vec::new(),
        problems: Vec::new(),
        date: text(spec.get("created")).and_then(|created| created.parse().ok()),
    };
    let status = file.get("status").and_then(Value::as_str).unwrap_or("unknown");
    if status != "success" {
        log.problems.push(format!("the evaluation did not end well: its status is {status}"));
        return Some(log);
    }
    let shots = SHOTS.into_iter().find_map(|name| count(spec.get("task_args")?.get(name)));
    let results = file.get("results")?;
    let completed = count(results.get("completed_samples"));
    for score in results.get("scores").and_then(Value::as_array).into_iter().flatten() {
        let scorer = score.get("scorer").or_else(|| score.get("name")).and_then(Value::as_str).unwrap_or_default();
        let number = |metric: &str| score.pointer(&format!("/metrics/{metric}/value")).and_then(Value::as_f64);
        let Some(value) = number("accuracy") else {
            log.problems.push(format!("{benchmark}: the scorer {scorer} gives no accuracy"));
            continue;
        };
        let choice = scorer == "choice";
        let reducer = match reducer(spec, score) {
            Reducer::Mean => None,
            Reducer::Other(name) => Some(name),
            Reducer::Unsaid => {
                log.problems
                    .push(format!("{benchmark}: of several reducers the log does not say which gave {scorer}'s score"));
                continue;
            }
        };
        let metric = match (choice, reducer) {
            (true, None) => Metric::plain(Measure::Accuracy),
            (true, Some(reducer)) => Metric { measure: Measure::Accuracy, filter: Some(reducer.into()) },
            (false, None) => exact_match(scorer),
            (false, Some(reducer)) => exact_match(&format!("{scorer}:{reducer}")),
        };
        log.scores.push(Scored {
            benchmark: benchmark.clone(),
            kind: RowKind::Task,
            group: None,
            format: Some(if choice { Format::MultipleChoice } else { Format::Generate }),
            metric,
            value,
            stderr: number("stderr"),
            items: count(score.get("scored_samples")).or(completed).filter(|n| *n > 0),
            shots,
            limit: None,
            apart: None,
        });
    }
    Some(log)
}

/// What loads the weights itself, and names the model behind its own name.
const LOADERS: [&str; 6] = ["hf", "vllm", "sglang", "llama-cpp-python", "transformer_lens", "nnterp"];

/// The model without what serves it, and its adapter: `hf/org/model` is `org/model`, `vllm/org/model:org/lora` has an adapter.
fn model(name: &str) -> (String, Option<String>) {
    let loaded = name.split_once('/').filter(|(first, _)| LOADERS.contains(first)).map(|(_, rest)| rest);
    match loaded {
        Some(rest) => {
            match rest.split_once(':').filter(|(model, adapter)| !model.is_empty() && adapter.contains('/')) {
                Some((model, adapter)) => (model.to_owned(), Some(adapter.to_owned())),
                None => (rest.to_owned(), None),
            }
        }
        None => {
            let parts: Vec<&str> = name.split('/').collect();
            (parts[parts.len().saturating_sub(2)..].join("/"), None)
        }
    }
}

/// What is set beside the model and changes no answer.
const NO_ANSWER: [&str; 12] = [
    "attempt_timeout",
    "batch",
    "cache",
    "cache_prompt",
    "fallback_models",
    "log_requests",
    "max_connections",
    "max_retries",
    "num_choices",
    "seed",
    "system_message",
    "timeout",
];

/// The settings of a run that change the answers, beyond those with columns of their own: how text is generated, the task's
/// arguments but for the shots, another solver.
fn settings(file: &Value, spec: &Value) -> Option<String> {
    let set = |of: &str| spec.get(of).and_then(Value::as_object).into_iter().flatten();
    // What a run was asked for by its command stands in the plan, over what its model was made with.
    let planned = || file.pointer("/plan/config").and_then(Value::as_object).into_iter().flatten();
    let is_planned = |name: &str| planned().any(|(other, value)| other == name && !value.is_null());
    let told = |name: &str| !NO_ANSWER.contains(&name) && !SHOTS.contains(&name);
    let loader = ["tokenizer", "tokenizer_path", "chat_template", "enable_thinking", "max_model_len"];
    let mut found: Vec<String> = set("model_generate_config")
        .filter(|(name, _)| told(name) && !is_planned(name))
        .chain(planned().filter(|(name, _)| told(name)))
        .chain(set("task_args").filter(|(name, _)| told(name)))
        .chain(set("model_args").filter(|(name, _)| loader.contains(&name.as_str())))
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| format!("{name}={}", plain(value)))
        .collect();
    found.extend(text(spec.get("solver")).map(|solver| format!("solver={solver}")));
    let arguments = set("solver_args").filter(|(_, value)| !value.is_null());
    found.extend(arguments.map(|(name, value)| format!("solver.{name}={}", plain(value))));
    found.extend(steps(file));
    (!found.is_empty()).then(|| found.join(", "))
}

/// The steps of the plan, where they are more than writing an answer or choosing one.
fn steps(file: &Value) -> Option<String> {
    const PLAIN: [&str; 2] = ["generate", "multiple_choice"];
    let all = file.pointer("/plan/steps")?.as_array()?;
    let of = |step: &Value| {
        let name = text(step.get("solver"))?;
        let given = step.get("params").and_then(Value::as_object).into_iter().flatten();
        // A template is long, and digested; the number of examples has a column of its own.
        let given: Vec<String> = given
            .filter(|(name, value)| !value.is_null() && !SHOTS.contains(&name.as_str()))
            .map(|(name, value)| {
                let text = plain(value);
                let short = if text.len() > LONG { digest(&text)[..12].to_owned() } else { text };
                format!("{name}={short}")
            })
            .collect();
        Some(if given.is_empty() { name.to_owned() } else { format!("{name}({})", given.join(" ")) })
    };
    let named: Vec<String> = all.iter().filter_map(of).collect();
    let usual = named.iter().all(|step| PLAIN.contains(&step.as_str()));
    (!usual).then(|| format!("steps={}", named.join("+")))
}

/// A setting longer than this is digested.
const LONG: usize = 40;

/// How the scores of an item that was asked several times became one.
enum Reducer {
    /// No other quantity than the accuracy of one answer.
    Mean,
    Other(String),
    Unsaid,
}

/// The reducer of a score: its own, or the only one of the run, or the one in its name.
fn reducer(spec: &Value, score: &Value) -> Reducer {
    let of = |name: &str| if name == "mean" { Reducer::Mean } else { Reducer::Other(name.to_owned()) };
    if let Some(own) = text(score.get("reducer")) {
        return of(own);
    }
    let Some(config) = spec.get("config") else { return Reducer::Mean };
    if config.get("epochs").and_then(Value::as_u64) == Some(1) {
        return Reducer::Mean;
    }
    let all: Vec<&str> = match config.get("epochs_reducer") {
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(one)) => vec![one.as_str()],
        _ => vec![],
    };
    let name = text(score.get("name")).unwrap_or_default();
    match all.as_slice() {
        [] => Reducer::Mean,
        [one] => of(one),
        several => {
            several.iter().find(|reducer| name.ends_with(&format!("_{reducer}"))).map_or(Reducer::Unsaid, |one| of(one))
        }
    }
}

/// The task's arguments that say how many examples its prompts have.
const SHOTS: [&str; 3] = ["fewshot", "num_fewshot", "shots"];

/// The part of the items that was used: `limit` is a number of items, or the first and the last of them.
fn limit(spec: &Value) -> Option<Limit> {
    let config = spec.get("config")?;
    let number = |value: &Value| value.as_f64();
    let asked = config.get("limit").and_then(|limit| match limit.as_array().map(Vec::as_slice) {
        Some([from, to]) => Some(number(to)? - number(from)?),
        Some([only]) => number(only),
        Some(_) => None,
        None => number(limit),
    });
    let chosen = || match config.get("sample_id")? {
        Value::Array(ids) => Some(ids.len() as f64),
        Value::Null => None,
        _ => Some(1.0),
    };
    let all = spec.pointer("/dataset/samples").and_then(Value::as_f64);
    asked.or_else(chosen).filter(|limit| all.is_none_or(|all| *limit < all)).and_then(|limit| Limit::new(limit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_named_without_what_serves_it() {
        let named = |name| model(name).0;
        assert_eq!(
            ["hf/org/toy-7b", "org/toy-7b", "azure/openai/gpt-x", "hf/gpt2", "hf//data/run-7b", "ollama/llama3:8b", ""]
                .map(named),
            ["org/toy-7b", "org/toy-7b", "openai/gpt-x", "gpt2", "/data/run-7b", "ollama/llama3:8b", ""]
        );
        assert_eq!(model("vllm/org/m:org/lora"), ("org/m".to_owned(), Some("org/lora".to_owned())));
    }
}
