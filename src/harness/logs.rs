//! What the importers of other tools share: one file becomes the observations of one model.

use std::borrow::Cow;

use serde_json::Value;

use super::lm_eval::{FileOutcome, Found, ImportSettings, Read, condition, registered, without_non_finite};
use crate::registry::{Format, Measure, Metric, Observation, Provenance, RowKind, Setup};

/// What a file says, before model and condition are known.
pub(super) struct Log {
    /// The model, as the tool calls it.
    pub model: String,
    pub scores: Vec<Scored>,
    /// What could not be used.
    pub problems: Vec<String>,
    /// When it was written, as any number that grows with time.
    pub date: f64,
}

/// One score of a file.
pub(super) struct Scored {
    pub benchmark: String,
    pub kind: RowKind,
    pub group: Option<String>,
    pub format: Option<Format>,
    pub metric: Metric,
    pub value: f64,
    pub stderr: Option<f64>,
    pub items: Option<u32>,
    pub shots: Option<u32>,
}

/// Reads a file with the tool's own `parse`, which says `None` of a file that is none of its results.
pub(super) fn read(found: &Found, settings: &ImportSettings, parse: impl Fn(&Value) -> Option<Log>) -> Read {
    match value(&found.path) {
        Ok(value) => match parse(&value) {
            Some(log) => observations(log, found, settings),
            None => failed("not a results file of this tool"),
        },
        Err(why) => failed(&why),
    }
}

/// A file as JSON. Python writes NaN and Infinity, which JSON does not know: they are read as null.
pub(super) fn value(path: &std::path::Path) -> Result<Value, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("cannot read the file: {e}"))?;
    serde_json::from_slice(&bytes).or_else(|error| {
        let repaired = without_non_finite(&bytes).and_then(|repaired| serde_json::from_slice(&repaired).ok());
        repaired.ok_or_else(|| format!("not a results file: {error}"))
    })
}

fn failed(why: &str) -> Read {
    Read { outcome: FileOutcome::Nothing, problems: vec![why.to_owned()] }
}

/// Gives a log its model and its condition. Scores outside their scale are left out.
pub(super) fn observations(log: Log, found: &Found, settings: &ImportSettings) -> Read {
    let condition = match condition(&found.path, settings) {
        Ok(condition) => condition,
        Err(why) => return failed(&why),
    };
    let name = settings.model.clone().unwrap_or(log.model);
    if name.is_empty() {
        return failed("it names no model (give --model)");
    }
    let model = match &settings.models {
        None => name,
        Some(models) => match registered(models, &name) {
            Some(registered) => registered,
            None => return Read { outcome: FileOutcome::UnknownModel(name), problems: Vec::new() },
        },
    };
    let mut problems = log.problems;
    let mut rows = Vec::with_capacity(log.scores.len());
    for score in log.scores {
        let (low, high) = score.metric.measure.range();
        if !(low..=high).contains(&score.value) {
            let Scored { benchmark, metric, value, .. } = &score;
            problems.push(format!("{benchmark}: {metric} is {value}, outside its scale of {low} to {high}"));
            continue;
        }
        rows.push(Observation {
            model: model.clone(),
            benchmark: score.benchmark,
            kind: score.kind,
            group: score.group,
            format: score.format,
            metric: score.metric,
            value: score.value,
            stderr: score.stderr.filter(|s| *s >= 0.0),
            items: score.items,
            condition: condition.clone(),
            setup: Setup { shots: score.shots, ..Setup::default() },
            provenance: Provenance::file(found.source.as_str()),
        });
    }
    if rows.is_empty() && problems.is_empty() {
        problems.push("no score in it that onset knows".into());
    }
    // A tool that stops early says how many items it used, so no number of items is guessed from other files.
    Read { outcome: FileOutcome::Rows { rows, date: log.date, limited: true }, problems }
}

/// Exact match of answers that were found or compared in a way of the tool's own, which is kept as the filter.
pub(super) fn exact_match(filter: &str) -> Metric {
    Metric { measure: Measure::ExactMatch, filter: Some(Cow::Owned(filter.to_owned())) }
}

/// A whole number.
pub(super) fn count(value: Option<&Value>) -> Option<u32> {
    value?.as_u64().and_then(|n| u32::try_from(n).ok())
}

/// A name in the manner of lm-evaluation-harness, by which onset knows benchmarks: `mmlu:college_physics` becomes
/// `mmlu_college_physics`.
pub(super) fn benchmark_name(name: &str) -> String {
    name.trim().replace([':', ' ', '-', '/'], "_").to_lowercase()
}
