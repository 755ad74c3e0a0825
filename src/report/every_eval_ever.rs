//! Observations in the format of Every Eval Ever, schema 0.2.1 (<https://github.com/evaleval/every_eval_ever>), in which
//! evaluation results of different tools are shared.
//!
//! One record holds the scores of one model under one condition. What onset does not know is left out rather than
//! guessed: where the items come from (`source_data` is of the type `other`), and how text was generated. A model that was
//! fine-tuned before the evaluation says so in `model_info.additional_details`.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::registry::{Adjustment, Condition, Observation};

/// Version of the schema that is written.
const SCHEMA: &str = "0.2.1";

/// Where the observations come from, as far as they do not say so themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    /// Who ran the evaluations.
    pub organization: String,
    /// What they were run with: `lm_eval`, `lighteval`, `helm`, `inspect_ai`.
    pub library: String,
    /// When the record is made, in seconds since 1970.
    pub retrieved: u64,
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// Its file below a folder of records: `DEVELOPER/MODEL.json`, the condition after the model where there is one.
    pub path: String,
    /// Its text.
    pub json: String,
}

/// The records of these observations, by model and condition.
///
/// # Errors
/// [`Error::Encode`] when a score cannot be written as JSON. Every finite score can.
pub(crate) fn records(observations: &[Observation], source: &Source) -> Result<Vec<Record>> {
    let mut groups: BTreeMap<(&str, &Condition), Vec<&Observation>> = BTreeMap::new();
    for one in observations {
        groups.entry((&one.model, &one.condition)).or_default().push(one);
    }
    let write = |((model, condition), scores): ((&str, &Condition), Vec<&Observation>)| {
        let record = record(model, condition, &scores, source);
        let text = serde_json::to_string_pretty(&record);
        let text = text.map_err(Error::encode(format!("{model} cannot be written as JSON")))?;
        Ok(Record { path: path(model, condition), json: text + "\n" })
    };
    groups.into_iter().map(write).collect()
}

fn record(model: &str, condition: &Condition, scores: &[&Observation], source: &Source) -> Value {
    let mut about = json!({ "name": model, "id": model });
    if let Some((developer, _)) = model.split_once('/') {
        about["developer"] = developer.into();
    }
    let tuned = Some(condition).filter(|condition| **condition != Condition::default());
    about["additional_details"] = details(&[
        // Required from 0.3 on, and free in 0.2.
        ("deployment_type", Some("unknown".to_owned())),
        ("model_availability", Some("unknown".to_owned())),
        ("fine_tuned_on", tuned.map(|condition| condition.adjustment.to_string())),
        ("epochs", condition.epochs.clone()),
        ("examples", condition.examples.map(|n| n.to_string())),
    ]);
    json!({
        "schema_version": SCHEMA,
        "evaluation_id": format!("{}/{}/{}", source.library, path(model, condition).trim_end_matches(".json"), source.retrieved),
        "retrieved_timestamp": source.retrieved.to_string(),
        "source_metadata": {
            "source_type": "evaluation_run",
            "source_organization_name": source.organization,
            "evaluator_relationship": "other",
        },
        "eval_library": { "name": source.library, "version": "unknown" },
        "model_info": about,
        "evaluation_results": scores.iter().map(|score| result(score)).collect::<Vec<_>>(),
    })
}

fn result(score: &Observation) -> Value {
    let (low, high) = score.metric.measure.range();
    let mut scored = json!({
        "score": score.value,
        "details": details(&[
            ("shots", score.setup.shots.map(|n| n.to_string())),
            ("format", score.format.map(|format| format.to_string())),
            ("kind", Some(score.kind.to_string())),
            ("part_of", score.group.clone()),
            ("source", Some(score.provenance.source.clone())),
        ]),
    });
    let mut uncertainty = Map::new();
    if let Some(error) = score.stderr {
        uncertainty.insert("standard_error".into(), json!({ "value": error }));
    }
    if let Some(items) = score.items {
        uncertainty.insert("num_samples".into(), items.into());
    }
    if !uncertainty.is_empty() {
        scored["uncertainty"] = uncertainty.into();
    }
    json!({
        "evaluation_name": score.benchmark,
        "source_data": { "dataset_name": score.benchmark, "source_type": "other" },
        "metric_config": {
            "evaluation_description": score.metric.to_string(),
            "lower_is_better": score.metric.measure.falls(),
            "score_type": "continuous",
            "min_score": low,
            "max_score": high,
        },
        "score_details": scored,
    })
}

/// What is known of these, as text.
fn details(known: &[(&str, Option<String>)]) -> Value {
    let known = known.iter().filter_map(|(name, value)| Some(((*name).to_owned(), Value::from(value.clone()?))));
    Value::Object(known.collect())
}

fn path(model: &str, condition: &Condition) -> String {
    // Neither leaves the folder nor makes one of its own.
    let safe = |text: &str| {
        let kept = text.chars().map(|c| if c.is_alphanumeric() || "-_+.".contains(c) { c } else { '_' });
        let kept: String = kept.collect();
        let kept = kept.trim_start_matches('.');
        if kept.is_empty() { "unknown".to_owned() } else { kept.to_owned() }
    };
    let (developer, name) = model.split_once('/').unwrap_or(("unknown", model));
    let mut path = format!("{}/{}", safe(developer), safe(name));
    let adjustment = Some(condition.adjustment.to_string()).filter(|_| condition.adjustment != Adjustment::None);
    let epochs = condition.epochs.as_ref().map(|epochs| format!("e{epochs}"));
    let examples = condition.examples.map(|examples| format!("{examples}-examples"));
    for part in [adjustment, epochs, examples].into_iter().flatten() {
        path.push_str("__");
        path.push_str(&safe(&part));
    }
    path + ".json"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_holds() -> crate::Result<()> {
        use crate::registry::{Condition, Measure, Metric, Observation, Provenance, RowKind, Setup};
        use crate::report::every_eval_ever::{Source, records};

        let score = Observation {
            model: "example-org/toy-7b".into(),
            benchmark: "gsm8k".into(),
            kind: RowKind::Task,
            group: None,
            format: None,
            metric: Metric::plain(Measure::ExactMatch),
            value: 0.125,
            stderr: Some(0.009),
            items: Some(1319),
            condition: Condition::unadjusted(),
            setup: Setup { shots: Some(5), ..Setup::default() },
            provenance: Provenance::file("results.json"),
        };
        let source = Source { organization: "Example Lab".into(), library: "lm_eval".into(), retrieved: 1_767_225_600 };
        let records = records(&[score], &source)?;
        assert_eq!(records[0].path, "example-org/toy-7b.json");
        assert!(records[0].json.contains("\"score\": 0.125"));
        Ok(())
    }

    #[test]
    fn a_record_stays_in_its_folder_whatever_its_model_is_called() {
        let at = |model: &str| path(model, &Condition::unadjusted());
        assert_eq!(at("../../etc/passwd"), "unknown/_etc_passwd.json");
        assert_eq!(at("toy 7b"), "unknown/toy_7b.json");
        let tuned = Condition::epochs(Adjustment::MmluAux, "1+2");
        assert_eq!(path("org/toy", &tuned), "org/toy__mmlu-aux__e1+2.json");
    }
}
