//! Results of lighteval, HELM and Inspect become observations. The sample files are made for these tests.

use std::path::PathBuf;

use onset::harness::lm_eval::{ImportSettings, Imported};
use onset::harness::{helm, inspect, lighteval};
use onset::registry::{Adjustment, Format, Observation, RowKind};
use serde_json::Value;

use crate::support::{fixture, program};

fn samples(tool: &str) -> PathBuf {
    fixture("import").join(tool)
}

fn row<'a>(imported: &'a Imported, benchmark: &str, metric: &str) -> &'a Observation {
    let found = imported.observations.iter().find(|o| o.benchmark == benchmark && o.metric.to_string() == metric);
    found.unwrap_or_else(|| panic!("no {metric} of {benchmark} in {:#?}", imported.observations))
}

fn warned(imported: &Imported, why: &str) -> bool {
    imported.warnings.iter().any(|warning| warning.why.contains(why))
}

#[test]
fn lighteval_keys_give_benchmark_shots_and_items() {
    let imported = lighteval::import(&[samples("lighteval")], &ImportSettings::default()).expect("readable");
    assert_eq!((imported.files, imported.observations.len()), (1, 6));
    let anatomy = row(&imported, "mmlu_anatomy", "acc");
    assert_eq!((anatomy.value, anatomy.stderr), (0.5, Some(0.04319)));
    assert_eq!((anatomy.items, anatomy.setup.shots, anatomy.group.as_deref()), (Some(135), Some(5), Some("mmlu")));
    assert_eq!(anatomy.model, "example-org/toy-7b");
    assert_eq!(row(&imported, "arc_challenge", "acc_norm").setup.shots, Some(25));
    assert_eq!(row(&imported, "gsm8k", "exact_match,quasi").items, Some(1319));
}

#[test]
fn a_mean_of_lighteval_is_a_group_and_the_mean_of_all_is_left_out() {
    let imported = lighteval::import(&[samples("lighteval")], &ImportSettings::default()).expect("readable");
    let mmlu = row(&imported, "mmlu", "acc");
    assert_eq!((mmlu.kind, mmlu.value, mmlu.items), (RowKind::Group, 0.375, Some(135 + 166)));
    assert!(imported.observations.iter().all(|o| o.benchmark != "all"));
}

#[test]
fn a_metric_that_is_not_known_is_named() {
    let imported = lighteval::import(&[samples("lighteval")], &ImportSettings::default()).expect("readable");
    assert!(warned(&imported, "single_turn"), "{:?}", imported.warnings);
}

#[test]
fn helm_gives_unperturbed_scores_on_the_test_split() {
    let imported = helm::import(&[samples("helm")], &ImportSettings::default()).expect("readable");
    assert_eq!((imported.files, imported.warnings.len()), (2, 0));
    let anatomy = row(&imported, "mmlu_anatomy", "exact_match");
    assert_eq!((anatomy.value, anatomy.items, anatomy.setup.shots), (0.4, Some(135), Some(5)));
    assert_eq!((anatomy.format, anatomy.group.as_deref()), (Some(Format::MultipleChoice), Some("mmlu")));
    let gsm = row(&imported, "gsm", "exact_match,final-number");
    assert_eq!((gsm.value, gsm.format, gsm.items), (0.125, Some(Format::Generate), Some(1000)));
    assert!(imported.observations.iter().all(|o| o.model == "example-org/toy-7b"));
}

#[test]
fn inspect_gives_the_newest_accuracy_of_evaluations_that_ended_well() {
    let imported = inspect::import(&[samples("inspect")], &ImportSettings::default()).expect("readable");
    let mmlu = row(&imported, "mmlu_5_shot", "acc");
    assert_eq!((mmlu.value, mmlu.stderr, mmlu.items), (0.55, Some(0.05), Some(100)));
    let gsm8k = row(&imported, "gsm8k", "exact_match,match");
    assert_eq!((gsm8k.value, gsm8k.items, gsm8k.setup.shots), (0.1, Some(98), Some(5)));
    assert_eq!(gsm8k.model, "example-org/toy-7b");
    for why in ["a later evaluation", "status is error", "model_graded_qa gives no accuracy"] {
        assert!(warned(&imported, why), "{why}: {:?}", imported.warnings);
    }
    assert_eq!(imported.observations.len(), 2);
}

#[test]
fn what_is_given_on_the_command_line_goes_before_what_the_files_say() {
    let settings = ImportSettings {
        model: Some("mine".into()),
        adjustment: Some(Adjustment::MmluAux),
        epochs: Some("3".into()),
        ..ImportSettings::default()
    };
    let imported = lighteval::import(&[samples("lighteval")], &settings).expect("readable");
    assert!(imported.observations.iter().all(|o| o.model == "mine" && o.condition.epochs.as_deref() == Some("3")));
}

#[test]
fn results_of_another_tool_are_refused_by_name() {
    for (import, other) in [
        (lighteval::import as fn(&[PathBuf], &ImportSettings) -> onset::Result<Imported>, "inspect"),
        (inspect::import, "lighteval"),
    ] {
        let imported = import(&[samples(other)], &ImportSettings::default()).expect("readable");
        assert_eq!(imported.files, 0);
        assert!(warned(&imported, "not a results file"), "{:?}", imported.warnings);
    }
}

#[test]
fn the_command_writes_a_table_and_records_of_the_same_scores() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (tool, rows) in [("lighteval", 6), ("helm", 3), ("inspect", 2)] {
        let out = folder.path().join(format!("{tool}.csv"));
        let run = program()
            .args(["import", tool])
            .arg(samples(tool))
            .arg("--out")
            .arg(&out)
            .arg("--every-eval-ever")
            .arg(folder.path().join("records"))
            .args(["--organization", "Example Lab"])
            .output()
            .expect("the program starts");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        let table = onset::registry::table::Table::read(&out, &[]).expect("a table");
        assert_eq!(table.rows(), rows, "{tool}");
        let record = std::fs::read(folder.path().join("records/example-org/toy-7b.json")).expect("a record");
        let record: serde_json::Value = serde_json::from_slice(&record).expect("JSON");
        assert_eq!(record["schema_version"], "0.2.1");
        assert_eq!(record["evaluation_results"].as_array().map(Vec::len), Some(rows), "{tool}");
        follows_the_schema(&record);
    }
}

/// What schema 0.2.1 of Every Eval Ever asks for: its required fields, their types, and the words it allows.
fn follows_the_schema(record: &Value) {
    let has = |value: &Value, texts: &[&str]| {
        for name in texts {
            assert!(value[name].is_string(), "`{name}` is no text in {value}");
        }
    };
    let only = |value: &Value, allowed: &[&str]| {
        for name in value.as_object().expect("an object").keys() {
            assert!(allowed.contains(&name.as_str()), "`{name}` is not a field of {value}");
        }
    };
    let details = |value: &Value| {
        assert!(value.as_object().is_none_or(|all| all.values().all(Value::is_string)), "{value} has more than texts");
    };
    let top = ["schema_version", "evaluation_id", "retrieved_timestamp"];
    has(record, &top);
    // Fields that the schema does not know are refused at the top.
    only(record, &[&top[..], &["source_metadata", "eval_library", "model_info", "evaluation_results"]].concat());
    assert!(record["retrieved_timestamp"].as_str().is_some_and(|time| time.parse::<f64>().is_ok()));
    let source = &record["source_metadata"];
    has(source, &["source_type", "source_organization_name", "evaluator_relationship"]);
    assert!(["documentation", "evaluation_run"].iter().any(|word| source["source_type"] == *word));
    let relations = ["first_party", "third_party", "collaborative", "other"];
    assert!(relations.iter().any(|word| source["evaluator_relationship"] == *word));
    has(&record["eval_library"], &["name", "version"]);
    has(&record["model_info"], &["name", "id"]);
    details(&record["model_info"]["additional_details"]);
    for result in record["evaluation_results"].as_array().expect("a list") {
        has(result, &["evaluation_name"]);
        // A dataset that is neither at an address nor on the hub.
        has(&result["source_data"], &["dataset_name", "source_type"]);
        assert_eq!(result["source_data"]["source_type"], "other");
        let metric = &result["metric_config"];
        assert!(metric["lower_is_better"].is_boolean() && metric["score_type"] == "continuous", "{metric}");
        let (low, high) = (metric["min_score"].as_f64(), metric["max_score"].as_f64());
        let score = &result["score_details"];
        let value = score["score"].as_f64().expect("a number");
        assert!(low.is_some_and(|low| low <= value) && high.is_some_and(|high| value <= high), "{result}");
        details(&score["details"]);
        if let Some(uncertainty) = score.get("uncertainty") {
            only(uncertainty, &["standard_error", "num_samples"]);
            assert!(uncertainty.get("standard_error").is_none_or(|error| error["value"].is_number()));
            assert!(uncertainty.get("num_samples").is_none_or(Value::is_u64));
        }
    }
}
