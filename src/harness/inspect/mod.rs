//! Logs of Inspect (`inspect eval --log-format json`, or `inspect log dump`) as observations.
//!
//! | | where it stands |
//! | --- | --- |
//! | score | `results.scores[].metrics.accuracy.value` |
//! | standard error | `results.scores[].metrics.stderr.value` |
//! | items | `results.scores[].scored_samples`, or `results.completed_samples` |
//! | model, benchmark | `eval.model`, the last part of `eval.task` |
//!
//! The scorer `choice` picks an option and gives `acc`; every other scorer reads the answer from the model's text and gives
//! `exact_match` with the scorer's name as the filter. Other metrics than accuracy are of the task's own making and are
//! left out, as are evaluations that did not end well. Binary `.eval` files have to be dumped as JSON first.
//!
//! ```no_run
//! use onset::harness::{inspect, lm_eval::ImportSettings};
//! let imported = inspect::import(&["logs".into()], &ImportSettings::default())?;
//! println!("{} scores from {} logs", imported.observations.len(), imported.files);
//! # Ok::<(), onset::Error>(())
//! ```

use std::path::PathBuf;

use serde_json::Value;

use super::lm_eval::{ImportSettings, Imported, gather};
use super::logs::{self, Log, Scored, benchmark_name, count, exact_match};
use crate::Result;
use crate::registry::{Format, Measure, Metric, RowKind};

/// Reads logs; a folder stands for all `.json` files in and below it.
///
/// # Errors
/// [`Error::Read`](crate::Error::Read) when one of `paths` cannot be read. What is wrong further down is a warning.
pub fn import(paths: &[PathBuf], settings: &ImportSettings) -> Result<Imported> {
    gather(paths, &|found| logs::read(found, settings, log))
}

fn log(file: &Value) -> Option<Log> {
    let spec = file.get("eval")?;
    let task = spec.get("task")?.as_str()?;
    let benchmark = benchmark_name(task.rsplit('/').next().unwrap_or(task));
    let mut log = Log {
        model: model(spec.get("model").and_then(Value::as_str).unwrap_or_default()),
        scores: Vec::new(),
        problems: Vec::new(),
        date: spec.get("created").and_then(Value::as_str).and_then(seconds).unwrap_or(f64::NEG_INFINITY),
    };
    let status = file.get("status").and_then(Value::as_str).unwrap_or("unknown");
    if status != "success" {
        log.problems.push(format!("the evaluation did not end well: its status is {status}"));
        return Some(log);
    }
    let shots =
        ["fewshot", "num_fewshot", "shots"].into_iter().find_map(|name| count(spec.get("task_args")?.get(name)));
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
        log.scores.push(Scored {
            benchmark: benchmark.clone(),
            kind: RowKind::Task,
            group: None,
            format: Some(if choice { Format::MultipleChoice } else { Format::Generate }),
            metric: if choice { Metric::plain(Measure::Accuracy) } else { exact_match(scorer) },
            value,
            stderr: number("stderr"),
            items: count(score.get("scored_samples")).or(completed).filter(|n| *n > 0),
            shots,
        });
    }
    Some(log)
}

/// The model without what serves it: `hf/org/model` is `org/model`.
fn model(name: &str) -> String {
    let parts: Vec<&str> = name.split('/').collect();
    parts[parts.len().saturating_sub(2)..].join("/")
}

/// A number that grows with a time written `2025-01-31T10:20:30+00:00`; all logs of Inspect are in one time zone.
fn seconds(time: &str) -> Option<f64> {
    let digits: String = time.get(..19)?.chars().filter(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_named_without_what_serves_it() {
        assert_eq!(["hf/org/toy-7b", "org/toy-7b", "toy", ""].map(model), ["org/toy-7b", "org/toy-7b", "toy", ""]);
    }

    #[test]
    fn a_later_time_is_a_larger_number() {
        assert!(seconds("2025-01-31T10:20:30+00:00") < seconds("2025-02-01T00:00:00+00:00"));
        assert_eq!(seconds("soon"), None);
    }
}
