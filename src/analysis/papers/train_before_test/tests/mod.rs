//! The tables of the second paper (arXiv 2507.05195): what they hold, and that the library's statistics give on them what
//! the published method gives. Where the folder `../shared/harmony` lies beside the repository, every figure is compared
//! with it.

mod method;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::registry::Models;

use crate::support::repository;

/// A row by its column names.
type Row = BTreeMap<String, String>;

const CONDITIONS: [&str; 2] = ["none", "train-before-test"];

fn read(path: &Path) -> Vec<Row> {
    let mut reader = csv::Reader::from_path(path).expect("the table can be opened");
    reader.deserialize().map(|row| row.expect("a whole row")).collect()
}

fn table(name: &str) -> Vec<Row> {
    read(&repository("data/train-before-test").join(name))
}

/// The shared folder, where it exists.
fn shared(name: &str) -> Option<PathBuf> {
    let path = repository("../shared/harmony").join(name);
    path.exists().then_some(path)
}

fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap_or_else(|_| panic!("`{}` in {row:?} is no number", row[column]))
}

/// The benchmarks with items, in the order of their table.
fn benchmarks() -> Vec<Row> {
    table("benchmarks.csv").into_iter().filter(|row| !row["items"].is_empty()).collect()
}

/// Columns of scores under one condition, rows in the order of `models`; NaN where there is no score.
fn columns(names: &[String], condition: &str, models: &[String]) -> Vec<Vec<f64>> {
    let scores: BTreeMap<(String, String), f64> = table("evaluations.csv")
        .iter()
        .filter(|row| row["adjustment"] == condition)
        .map(|row| ((row["benchmark"].clone(), row["model"].clone()), number(row, "value")))
        .collect();
    let score = |name: &String, model: &String| scores.get(&(name.clone(), model.clone())).copied().unwrap_or(f64::NAN);
    names.iter().map(|name| models.iter().map(|model| score(name, model)).collect()).collect()
}

fn names(rows: &[Row], column: &str) -> Vec<String> {
    rows.iter().map(|row| row[column].clone()).collect()
}

#[test]
fn the_tables_hold_sixty_one_models_on_every_benchmark_under_both_conditions() {
    let (models, all) = (table("models.csv"), table("benchmarks.csv"));
    let rows = table("evaluations.csv");
    assert_eq!((models.len(), all.len(), benchmarks().len()), (61, 27, 24));
    for benchmark in &all {
        for condition in CONDITIONS {
            let scored: BTreeSet<&String> = rows
                .iter()
                .filter(|row| row["benchmark"] == benchmark["benchmark"] && row["adjustment"] == condition)
                .inspect(|row| assert_eq!(row["metric"], benchmark["metric"]))
                .map(|row| &row["model"])
                .collect();
            let expected = if benchmark["items"].is_empty() { 53 } else { 61 };
            assert_eq!(scored.len(), expected, "{} {condition}", benchmark["benchmark"]);
        }
    }
    assert_eq!(rows.len(), 2 * (61 * 24 + 53 * 3));
    let known: BTreeSet<String> = names(&models, "model").into_iter().collect();
    assert!(rows.iter().all(|row| known.contains(&row["model"])));
}

#[test]
fn every_chat_model_names_a_base_model_of_its_maker_family_and_size() {
    let models = table("models.csv");
    let by_name: BTreeMap<&String, &Row> = models.iter().map(|row| (&row["model"], row)).collect();
    let of_kind = |kind: &str| models.iter().filter(|row| row["kind"] == kind).collect::<Vec<_>>();
    assert_eq!((of_kind("base").len(), of_kind("chat").len()), (37, 24));
    for chat in of_kind("chat") {
        let base = by_name.get(&chat["base_model"]).unwrap_or_else(|| panic!("{chat:?} has no base model"));
        assert_eq!(base["kind"], "base");
        for shared in ["maker", "family", "params", "tokens", "architecture"] {
            assert_eq!(base[shared], chat[shared], "{shared} of {}", chat["model"]);
        }
        assert!(base["release"] <= chat["release"]);
    }
    assert!(of_kind("base").iter().all(|row| row["base_model"].is_empty()));
}

#[test]
fn the_models_can_be_read_and_every_fact_has_a_source() {
    let path = repository("data/train-before-test/models.csv");
    let read = Models::read(&path).expect("the table of models is sound");
    assert_eq!(read.len(), 61);
    let rows = table("models.csv");
    for row in &rows {
        for fact in ["params_source", "tokens_source", "release_source"] {
            assert!(!row[fact].is_empty(), "{fact} of {}", row["model"]);
        }
        let unsure: Vec<&str> = row["unsure"].split('+').filter(|fact| !fact.is_empty()).collect();
        assert!(unsure.iter().all(|fact| ["compute", "tokens", "release"].contains(fact)), "{unsure:?}");
    }
    let makers: BTreeSet<&String> = rows.iter().map(|row| &row["maker"]).collect();
    let families: BTreeSet<&String> = rows.iter().map(|row| &row["family"]).collect();
    assert_eq!((makers.len(), families.len()), (6, 12));
    for family in families {
        let of: BTreeSet<&String> =
            rows.iter().filter(|row| row["family"] == *family).map(|row| &row["maker"]).collect();
        assert_eq!(of.len(), 1, "{family} has one maker");
    }
}

#[test]
fn the_number_of_items_explains_every_standard_error_of_a_share() {
    let benchmarks: BTreeMap<String, Row> =
        benchmarks().into_iter().map(|row| (row["benchmark"].clone(), row)).collect();
    let mut checked = 0;
    for row in table("evaluations.csv") {
        let Some(benchmark) = benchmarks.get(&row["benchmark"]) else {
            assert!(row["items"].is_empty() && row["stderr"].is_empty(), "{row:?}");
            continue;
        };
        assert_eq!(row["items"], benchmark["items"], "{}", row["benchmark"]);
        if row["metric"] == "mcc" {
            continue;
        }
        let (p, stderr, n) = (number(&row, "value"), number(&row, "stderr"), number(&row, "items"));
        assert!((p * (1.0 - p) / (n - 1.0) - stderr * stderr).abs() <= 1e-12, "{row:?}");
        assert!((p * n - (p * n).round()).abs() < 1e-6, "a whole number of items is right: {row:?}");
        checked += 1;
    }
    assert_eq!(checked, 2 * 61 * 23);
}

#[test]
fn chance_has_a_reason_and_scores_of_the_models_lie_about_it_or_above() {
    let models = names(&table("models.csv"), "model");
    let benchmarks = benchmarks();
    let before = columns(&names(&benchmarks, "benchmark"), CONDITIONS[0], &models);
    for (benchmark, scores) in benchmarks.iter().zip(before) {
        let chance = number(benchmark, "chance");
        assert!(!benchmark["chance_source"].is_empty());
        let highest = scores.iter().copied().fold(f64::NAN, f64::max);
        let errors = (0.25 / number(benchmark, "items")).sqrt();
        assert!(highest > chance + 4.0 * errors, "{}: {highest}", benchmark["benchmark"]);
        assert_eq!(benchmark["majority"].is_empty(), benchmark["majority_source"].is_empty());
    }
}

#[test]
fn no_score_falls_by_training_and_forty_eight_do_not_move() {
    let models = names(&table("models.csv"), "model");
    let names = names(&benchmarks(), "benchmark");
    let (before, after) = (columns(&names, CONDITIONS[0], &models), columns(&names, CONDITIONS[1], &models));
    let pairs = before.iter().flatten().zip(after.iter().flatten());
    let (mut falls, mut same, mut all) = (0, 0, 0);
    for (before, after) in pairs {
        falls += usize::from(after < before);
        same += usize::from(after == before);
        all += 1;
    }
    assert_eq!((falls, same, all), (0, 48, 1_464));
}

#[test]
fn the_tables_are_those_of_the_published_file() {
    let (Some(scores), Some(models)) = (shared("scores.csv"), shared("models.csv")) else { return };
    let plain = |text: &str| text.trim_matches('\'').replace("N/A", "");
    let published: BTreeMap<[String; 3], [String; 3]> = read(&scores)
        .into_iter()
        .map(|row| {
            let filter = row["filter"].clone();
            let metric = if filter == "none" { row["metric"].clone() } else { format!("{},{filter}", row["metric"]) };
            let condition = if row["condition"] == "direct" { CONDITIONS[0] } else { CONDITIONS[1] };
            (
                [row["model"].clone(), row["task"].clone(), condition.into()],
                [metric, row["value"].clone(), plain(&row["stderr"])],
            )
        })
        .collect();
    let ours: BTreeMap<[String; 3], [String; 3]> = table("evaluations.csv")
        .into_iter()
        .map(|row| {
            let key = ["model", "benchmark", "adjustment"].map(|column| row[column].clone());
            (key, ["metric", "value", "stderr"].map(|column| row[column].clone()))
        })
        .collect();
    assert_eq!(ours, published);
    let by_name: BTreeMap<String, Row> =
        table("models.csv").into_iter().map(|row| (row["model"].clone(), row)).collect();
    for model in read(&models) {
        let own = &by_name[&model["model"]];
        for column in ["maker", "kind", "params", "tokens"] {
            assert_eq!(own[column], model[column], "{column} of {}", model["model"]);
        }
        let unsure = own["unsure"].split('+').any(|fact| fact == "compute");
        assert_eq!(unsure, model["compute_used_by_the_paper"] == "no", "{}", model["model"]);
    }
    for task in read(&shared("tasks.csv").expect("beside the scores")) {
        let own = table("benchmarks.csv").into_iter().find(|row| row["benchmark"] == task["task"]).expect("known");
        assert_eq!((&own["category"], &own["training_examples"]), (&task["category"], &task["training_examples"]));
    }
    let printed = |rows: Vec<Row>| -> Vec<[String; 4]> {
        rows.iter().map(|row| ["figure", "item", "quantity", "published"].map(|column| row[column].clone())).collect()
    };
    let numbers = read(&shared("published_numbers.csv").expect("beside the scores"));
    assert_eq!(printed(table("published_numbers.csv")), printed(numbers));
}
