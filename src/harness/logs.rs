//! What the importers of other tools share: one file becomes the observations of one model.

use std::borrow::Cow;

use serde_json::Value;

use sha2::{Digest, Sha256};

use super::import::{Evaluated, FileOutcome, Found, ImportSettings, Read, Subject, after_results, condition, utf8};
use super::lm_eval::without_non_finite;
use crate::registry::{Format, Limit, Measure, Metric, Observation, Provenance, RowKind, Setup, Timestamp, disk};

/// What a file says, before model and condition are known.
pub(super) struct Log {
    /// The model, as the tool calls it.
    pub model: String,
    /// Branch, tag or commit of its weights.
    pub revision: Option<String>,
    /// The commit that the branch then had.
    pub commit: Option<String>,
    /// What all scores share of their setup.
    pub setup: Setup,
    pub scores: Vec<Scored>,
    /// What could not be used.
    pub problems: Vec<String>,
    /// When the evaluation ran, as the file says.
    pub date: Option<Timestamp>,
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
    /// The part of the items that was used, where the file says it of each score.
    pub limit: Option<Limit>,
    /// What tells it from others of its setup, where the tool says more than a setup holds.
    pub apart: Option<String>,
}

/// Reads a file with the tool's own `parse`, which says `None` of a file that is none of its results.
pub(super) fn read(found: &Found, settings: &ImportSettings, parse: impl Fn(&Value) -> Option<Log>) -> Read {
    match value(&found.path) {
        Ok(value) => parsed(&value, found, settings, parse),
        Err(why) => Read::failed(why),
    }
}

/// The same for a file that has been read.
pub(super) fn parsed(
    value: &Value,
    found: &Found,
    settings: &ImportSettings,
    parse: impl Fn(&Value) -> Option<Log>,
) -> Read {
    match parse(value) {
        Some(log) => observations(log, found, settings),
        None => Read::failed("not a results file of this tool"),
    }
}

/// A file as JSON, in whatever encoding.
pub(super) fn value(path: &std::path::Path) -> Result<Value, String> {
    json(&disk::read_found(path).map_err(|e| format!("cannot read the file: {e}"))?)
}

/// Bytes as JSON. Python writes NaN and Infinity, which JSON does not know: they are read as null.
pub(super) fn json(bytes: &[u8]) -> Result<Value, String> {
    let bytes = utf8(bytes)?;
    serde_json::from_slice(&bytes).or_else(|error| {
        let repaired = without_non_finite(&bytes).and_then(|repaired| serde_json::from_slice(&repaired).ok());
        repaired.ok_or_else(|| format!("not a results file: {error}"))
    })
}

/// Gives a log its model and its condition. Scores outside their scale are left out.
pub(super) fn observations(log: Log, found: &Found, settings: &ImportSettings) -> Read {
    let condition = condition(&found.path, settings);
    let subject = Subject::parse(&log.model).at_revision(&[log.revision.as_deref().unwrap_or_default()]);
    let subject = after_results(Subject { commit: log.commit, ..subject }, found);
    if subject.name.is_empty() && settings.model.is_none() {
        return Read::failed("it names no model (give --model)");
    }
    let mut problems = log.problems;
    let mut rows = Vec::with_capacity(log.scores.len());
    let mut apart = Vec::with_capacity(log.scores.len());
    for score in log.scores {
        let (low, high) = score.metric.measure.range();
        if !(low..=high).contains(&score.value) {
            let Scored { benchmark, metric, value, .. } = &score;
            problems.push(format!("{benchmark}: {metric} is {value}, outside its scale of {low} to {high}"));
            continue;
        }
        apart.push(score.apart);
        rows.push(Observation {
            model: String::new(),
            benchmark: score.benchmark,
            kind: score.kind,
            group: score.group,
            format: score.format,
            metric: score.metric,
            value: score.value,
            stderr: score.stderr.filter(|s| *s >= 0.0),
            items: score.items,
            condition: condition.clone(),
            setup: Setup { shots: score.shots, limit: log.setup.limit.or(score.limit), ..log.setup.clone() },
            provenance: Provenance { date: log.date, source: found.source.clone() },
        });
    }
    if rows.is_empty() && problems.is_empty() {
        problems.push("no score in it that onset knows".into());
    }
    // A tool that stops early says how many items it used, so no number of items is guessed from other files.
    let evaluated = Evaluated { subject, rows, apart, partial: true, params: None };
    Read { outcome: FileOutcome::Evaluated(Box::new(evaluated)), problems }
}

/// What stands for a long text wherever it is compared: its SHA-256, as lm-evaluation-harness has it.
pub(super) fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A type of numbers in the words of PyTorch; `None` for one that is left to the program.
pub(super) fn dtype(name: &str) -> Option<String> {
    let name = name.trim().to_ascii_lowercase();
    Some(match name.strip_prefix("torch.").unwrap_or(&name) {
        "" | "auto" | "none" => return None,
        "f32" | "float" => "float32".to_owned(),
        "f16" | "half" => "float16".to_owned(),
        "bf16" => "bfloat16".to_owned(),
        other => other.to_owned(),
    })
}

/// A text that is there and not empty.
pub(super) fn text(value: Option<&Value>) -> Option<&str> {
    value?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// Exact match of answers that were found or compared in a way of the tool's own, which is kept as the filter.
pub(super) fn exact_match(filter: &str) -> Metric {
    Metric { measure: Measure::ExactMatch, filter: Some(Cow::Owned(filter.to_owned())) }
}

/// A value as a setting is written: a text without its quotes, anything else as JSON.
pub(super) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
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
