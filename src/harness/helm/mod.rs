//! Runs of HELM (a folder with `run_spec.json` and `stats.json`) as observations.
//!
//! | | where it stands |
//! | --- | --- |
//! | score | `stats.json`: the `mean` of the statistic named after the metric, on the split `test` (else `valid`), unperturbed |
//! | items | the statistic `num_instances` of the same split |
//! | model, shots, limit, format | `run_spec.json`: `adapter_spec.model`, `.max_train_instances`, `.max_eval_instances`, `.method` |
//! | benchmark | `run_spec.json`: `name`, without the settings that are no part of the task |
//!
//! `mmlu:subject=anatomy,method=…,model=…` becomes `mmlu_anatomy`, a part of `mmlu`. Of the many statistics of a run those
//! are read that say whether answers are right; the way of comparing them is kept as the filter of the metric
//! (`quasi_exact_match` is `exact_match,quasi`). HELM gives no standard error over items. Parts of a split (`sub_split`) are
//! merged as HELM's own tables merge them (`get_unique_stat_by_matcher`): sums and counts are added, so that every part
//! counts alike, whatever the number of its items.
//!
//! ```no_run
//! use onset::harness::{helm, lm_eval::ImportSettings};
//! let imported = helm::import(&["benchmark_output/runs".into()], &ImportSettings::default())?;
//! println!("{} scores from {} runs", imported.observations.len(), imported.files);
//! # Ok::<(), onset::Error>(())
//! ```

use std::path::PathBuf;

use serde_json::Value;

use super::import::{FileOutcome, Found, ImportSettings, Imported, Read, gather};
use super::logs::{self, Log, Scored, benchmark_name, count, exact_match};
use crate::Result;
use crate::registry::{Format, Limit, Measure, Metric, RowKind, Setup};

/// Reads runs; a folder stands for all runs in and below it, a path may also name a `run_spec.json`.
///
/// # Errors
/// [`Error::Read`](crate::Error::Read) when one of `paths` cannot be read. What is wrong further down is a warning.
pub fn import(paths: &[PathBuf], settings: &ImportSettings) -> Result<Imported> {
    gather(paths, settings, &["json"], &|found| read(found, settings))
}

fn read(found: &Found, settings: &ImportSettings) -> Read {
    if found.path.file_name().is_none_or(|name| name != "run_spec.json") {
        // The other files of a run.
        return Read { outcome: FileOutcome::Nothing, problems: Vec::new() };
    }
    let both = logs::value(&found.path).and_then(|spec| {
        let stats = logs::value(&found.path.with_file_name("stats.json"));
        stats.map(|stats| (spec, stats)).map_err(|why| format!("its stats.json: {why}"))
    });
    match both {
        Ok((spec, stats)) => match log(&spec, &stats) {
            Some(log) => logs::observations(log, found, settings),
            None => Read { outcome: FileOutcome::Nothing, problems: vec!["not a run of HELM".into()] },
        },
        Err(why) => Read { outcome: FileOutcome::Nothing, problems: vec![why] },
    }
}

fn log(spec: &Value, stats: &Value) -> Option<Log> {
    let name = spec.get("name")?.as_str()?;
    let adapter = spec.get("adapter_spec")?;
    let stats = stats.as_array()?;
    let (benchmark, group) = task(name);
    let format = match adapter.get("method").and_then(Value::as_str) {
        Some("multiple_choice_joint") => Some(Format::MultipleChoice),
        Some(method) if method.starts_with("multiple_choice_separate") => Some(Format::Cloze),
        Some("generation") => Some(Format::Generate),
        _ => None,
    };
    let splits = ["test", "valid"];
    let split = splits.into_iter().find(|split| METRICS.iter().any(|(name, ..)| mean(stats, name, split).is_some()));
    let split = split.unwrap_or("test");
    let items = items(stats, split);
    // HELM always names a largest number of items; one that is not reached left nothing out.
    let most = count(adapter.get("max_eval_instances"));
    let limit = most.filter(|most| items.is_none_or(|items| items >= *most));
    let limit = limit.and_then(|most| Limit::new(f64::from(most)).ok());
    let scores = METRICS.iter().filter_map(|(name, measure, filter)| {
        Some(Scored {
            benchmark: benchmark.clone(),
            kind: RowKind::Task,
            group: group.clone(),
            format,
            metric: if filter.is_empty() { Metric::plain(*measure) } else { exact_match(filter) },
            value: mean(stats, name, split)?,
            stderr: None,
            items,
            shots: count(adapter.get("max_train_instances")),
            limit: None,
            apart: None,
        })
    });
    Some(Log {
        model: adapter.get("model").and_then(Value::as_str).unwrap_or_default().to_owned(),
        revision: None,
        commit: None,
        setup: Setup { limit, harness: Some("helm".to_owned()), ..Setup::default() },
        scores: scores.collect(),
        problems: Vec::new(),
        date: None,
    })
}

/// Statistics that are shares of right answers: name, what they measure, and how answers are compared.
const METRICS: [(&str, Measure, &str); 6] = [
    ("exact_match", Measure::ExactMatch, ""),
    ("quasi_exact_match", Measure::ExactMatch, "quasi"),
    ("prefix_exact_match", Measure::ExactMatch, "prefix"),
    ("quasi_prefix_exact_match", Measure::ExactMatch, "quasi-prefix"),
    ("final_number_exact_match", Measure::ExactMatch, "final-number"),
    ("f1_score", Measure::F1, ""),
];

/// The statistics of this name on items that were not perturbed, one for each part of the split.
fn parts<'s>(stats: &'s [Value], wanted: &'s str, split: &'s str) -> impl Iterator<Item = &'s Value> {
    stats.iter().filter(move |stat| {
        let name = stat.get("name");
        let is = |key: &str, value: &str| name.and_then(|n| n.get(key)).and_then(Value::as_str) == Some(value);
        let perturbed = name.and_then(|n| n.get("perturbation")).is_some_and(|p| !p.is_null());
        is("name", wanted) && is("split", split) && !perturbed
    })
}

/// Mean of a statistic over trials and parts of the split.
fn mean(stats: &[Value], wanted: &str, split: &str) -> Option<f64> {
    let mut all = parts(stats, wanted, split).peekable();
    all.peek()?;
    let number = |stat: &Value, key: &str| stat.get(key).and_then(Value::as_f64);
    // A statistic without values (of a part that has no such items) has a count of 0 and no mean.
    let merged = all.try_fold((0.0, 0.0), |(sum, times), stat| {
        let count = number(stat, "count").or_else(|| number(stat, "mean").map(|_| 1.0))?;
        let of_part = number(stat, "sum").or_else(|| number(stat, "mean").map(|mean| mean * count));
        Some((sum + of_part.or_else(|| (count == 0.0).then_some(0.0))?, times + count))
    });
    let (sum, times) = merged?;
    (times > 0.0).then(|| sum / times)
}

/// Items of all parts of the split.
fn items(stats: &[Value], split: &str) -> Option<u32> {
    let of_part = |stat: &Value| stat.get("mean").and_then(Value::as_f64);
    let total = parts(stats, "num_instances", split).map(of_part).sum::<Option<f64>>()?;
    let countable = total.fract() == 0.0 && (1.0..1e9).contains(&total);
    countable.then_some(total as u32)
}

/// The benchmark of a run's name, and what it is a part of: the values of its arguments but for those that say how it was
/// run.
fn task(name: &str) -> (String, Option<String>) {
    const HOW: [&str; 9] = [
        "model",
        "model_deployment",
        "method",
        "data_augmentation",
        "num_train_trials",
        "max_train_instances",
        "max_eval_instances",
        "instructions",
        "stop",
    ];
    let Some((base, arguments)) = name.split_once(':') else { return (benchmark_name(name), None) };
    let arguments = arguments.split(',').filter_map(|argument| argument.split_once('='));
    let parts: Vec<&str> = arguments.filter(|(key, _)| !HOW.contains(key)).map(|(_, value)| value).collect();
    let base = benchmark_name(base);
    if parts.is_empty() { (base, None) } else { (benchmark_name(&format!("{base}_{}", parts.join("_"))), Some(base)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_named_by_its_task_alone() {
        let mmlu = task("mmlu:subject=college_physics,method=multiple_choice_joint,model=org_toy-7b");
        assert_eq!(mmlu, ("mmlu_college_physics".into(), Some("mmlu".into())));
        assert_eq!(task("gsm:model=org_toy-7b"), ("gsm".into(), None));
        assert_eq!(task("boolq"), ("boolq".into(), None));
    }
}
