//! The tables of the second paper (arXiv 2507.05195): what they hold, and that the library's statistics give on them what
//! the published method gives. Where the folder `../shared/harmony` lies beside the repository, every figure is compared
//! with it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use onset::analysis::Phase;
use onset::analysis::figure::{Cell, Layer};
use onset::analysis::papers::train_before_test::{Against, FIGURES, Harmonised, Printable, Subject, run, tables};
use onset::plot::{Theme, draw};
use onset::registry::Models;
use onset::stats::clusters::Clusters;
use onset::stats::concordance::RankedTable;
use onset::stats::pair_matrix::PairMatrix;
use onset::stats::principal::Principal;
use onset::stats::rank::pearson;
use serde_json::Value;

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

/// As the notebook has it before it averages.
fn three_digits(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

/// What the published method gives, and where the library's own answer is asked for.
struct Reference(Value);

impl Reference {
    fn check(&self, path: &[&str], ours: f64, tolerance: f64) -> bool {
        let Some(theirs) = path.iter().try_fold(&self.0, |at, key| at.get(*key)).and_then(Value::as_f64) else {
            return false;
        };
        assert!((ours - theirs).abs() <= tolerance, "{path:?}: {ours} here, {theirs} there");
        true
    }
}

/// The references have ten digits.
const TEN_DIGITS: f64 = 1e-8;
/// The Qwen models' components were published in single precision.
const SINGLE: f64 = 1e-7;

#[test]
fn the_published_method_gives_the_reference_values() {
    let Some(path) = shared("reference_values.json") else { return };
    let text = std::fs::read_to_string(path).expect("the references can be read");
    let reference = Reference(serde_json::from_str(&text).expect("the references are JSON"));
    let (models, benchmarks) = (table("models.csv"), benchmarks());
    let (model_names, ids) = (names(&models, "model"), names(&benchmarks, "benchmark"));
    let categories = names(&benchmarks, "category");
    let clusters = Clusters::new(&categories);
    let mut taus: Vec<PairMatrix> = Vec::new();
    let mut checked = 0;
    for (key, condition) in [("direct", CONDITIONS[0]), ("tbt", CONDITIONS[1])] {
        let columns = columns(&ids, condition, &model_names);
        let exact = RankedTable::new(&columns).expect("one length").tau();
        let r = PairMatrix::of(&columns, pearson).expect("one length").mean().expect("defined");
        let mean = exact.mean().expect("defined");
        let whole = format!("agreement.{key}");
        // The means of the references are of unrounded values, those printed of rounded ones.
        assert!(reference.check(&[&whole, "kendall"], mean, TEN_DIGITS));
        assert!(reference.check(&[&whole, "pearson"], r, TEN_DIGITS));
        let rounded = exact.clone().map(three_digits).mean().expect("defined");
        assert!((rounded - mean).abs() < 1e-4);
        for (k, id) in ids.iter().enumerate() {
            let own = exact.mean_of(k).expect("defined");
            checked += usize::from(reference.check(&["agreement.rows", id, key], own, TEN_DIGITS));
        }
        let by_category = exact.by_category(&clusters);
        for (g, row) in by_category.iter().enumerate() {
            for (h, mean) in row.iter().enumerate() {
                let name = |g: usize| &categories[clusters.members(g)[0]];
                let entry = format!("category.{key}.{}|{}", name(g), name(h));
                checked += usize::from(reference.check(&[&entry], mean.expect("two benchmarks or more"), TEN_DIGITS));
            }
        }
        let parts = Principal::of(&columns).expect("all vary");
        let listed = reference.0[format!("pca.{key}")].as_array().expect("five shares").clone();
        for (share, theirs) in parts.shares.iter().zip(&listed) {
            assert!((share - theirs.as_f64().expect("a number")).abs() <= TEN_DIGITS);
            checked += 1;
        }
        taus.push(exact);
    }
    let more = taus[1].clone().map(three_digits).share_above(&taus[0].clone().map(three_digits)).expect("defined");
    assert!(reference.check(&["agreement.pairs_higher_share"], more, TEN_DIGITS));

    let qwen: Vec<String> = model_names.iter().filter(|name| name.starts_with("Qwen/")).cloned().collect();
    let parts = Principal::of(&columns(&ids, CONDITIONS[1], &qwen)).expect("all vary");
    for (share, theirs) in parts.shares.iter().zip(reference.0["pca.qwen.tbt_measured"].as_array().expect("five")) {
        assert!((share - theirs.as_f64().expect("a number")).abs() <= SINGLE);
        checked += 1;
    }
    assert_eq!(checked, 24 + 19 + 10 + 5, "rows, categories, components and those of the Qwen models");
}

#[test]
fn perplexity_agrees_with_benchmarks_as_the_published_method_has_it() {
    let Some(path) = shared("reference_values.json") else { return };
    let text = std::fs::read_to_string(path).expect("the references can be read");
    let reference = Reference(serde_json::from_str(&text).expect("the references are JSON"));
    let models = table("models.csv");
    let corpora: Vec<String> = ["wiki_2025", "stackexchange_2025", "arxiv_2025"].map(String::from).to_vec();
    let ids = names(&benchmarks(), "benchmark");
    // Bits per byte fall as models get better: minus them against scores.
    let against = |first: &str, second: &str, chosen: &[String]| {
        let mut all: Vec<Vec<f64>> =
            columns(&corpora, first, chosen).into_iter().map(|c| c.into_iter().map(|v| -v).collect()).collect();
        all.extend(columns(&ids, second, chosen));
        let (here, there): (Vec<usize>, Vec<usize>) = ((0..3).collect(), (3..27).collect());
        let tau = RankedTable::new(&all).expect("one length").tau();
        let r = PairMatrix::of(&all, pearson).expect("one length");
        let mean = |matrix: &PairMatrix| matrix.mean_between(&here, &there).expect("defined");
        (mean(&tau), mean(&r), tau.rows(0, 3))
    };
    let all = names(&models, "model");
    let base: Vec<String> = models
        .iter()
        .filter(|row| row["kind"] == "base" && row["maker"] != "google")
        .map(|row| row["model"].clone())
        .collect();
    for (key, first, second, chosen, rows) in [
        ("perplexity.direct_direct", 0, 0, &all, 53),
        ("perplexity.tbt_tbt", 1, 1, &all, 53),
        ("perplexity.direct_vs_tbt.base", 0, 1, &base, 33),
    ] {
        let (tau, r, used) = against(CONDITIONS[first], CONDITIONS[second], chosen);
        assert!(reference.check(&[key, "kendall"], tau, TEN_DIGITS));
        assert!(reference.check(&[key, "pearson"], r, TEN_DIGITS));
        assert_eq!(used, rows, "{key}");
    }
}

/// Every number that the program recomputes, by subject and quantity.
fn recomputed() -> Harmonised {
    run(&tables().expect("the tables inside the program are sound")).expect("the paper can be regenerated")
}

#[test]
fn the_report_has_every_printed_number_with_the_reference_value_an_interval_and_a_verdict() {
    let harmonised = recomputed();
    assert_eq!(harmonised.rows.len(), table("published_numbers.csv").len());
    for row in &harmonised.rows {
        assert!(row.reproduced, "{} {} is {}", row.printed.subject, row.printed.quantity, row.recomputed);
        let (low, high) = row.corrected.interval.ends().expect("an interval with two ends");
        assert!(low < high && row.models > 0 && row.makers > 0, "{row:?}");
    }
    let Some(path) = shared("reference_values.json") else { return };
    let text = std::fs::read_to_string(path).expect("the references can be read");
    let reference = Reference(serde_json::from_str(&text).expect("the references are JSON"));
    let [before, after] = Phase::BOTH;
    let mut checked = 0;
    for row in &harmonised.rows {
        let key = match row.printed.quantity {
            Printable::MeanTau | Printable::Tau => "kendall",
            Printable::MeanPearson | Printable::Pearson => "pearson",
            Printable::Share | Printable::VarianceShare => "",
        };
        let group = match row.printed.subject {
            Subject::Agreement(phase) => format!("agreement.{}", phase.of("direct", "tbt")),
            Subject::Perplexity(Against::Before) => "perplexity.direct_direct".into(),
            Subject::Perplexity(Against::After) => "perplexity.tbt_tbt".into(),
            Subject::Perplexity(Against::AcrossBase) => "perplexity.direct_vs_tbt.base".into(),
            Subject::Corpus(corpus) => format!("perplexity.own.{}", corpus.id()),
            _ => continue,
        };
        checked += usize::from(reference.check(&[&group, key], row.recomputed, TEN_DIGITS));
    }
    assert_eq!(checked, 4 + 6 + 4, "means, perplexity against benchmarks, two corpora");
    for phase in [before, after] {
        let name = phase.of("pca.direct", "pca.tbt");
        for (place, theirs) in (1..).zip(reference.0[name].as_array().expect("five shares")) {
            let wanted = Subject::Component(phase, place);
            let row = harmonised.rows.iter().find(|row| row.printed.subject == wanted).expect("printed");
            assert!((row.recomputed - theirs.as_f64().expect("a number")).abs() <= TEN_DIGITS, "{wanted}");
        }
    }
}

#[test]
fn nine_figures_can_be_drawn_and_every_cell_of_the_heat_maps_has_its_number() {
    let harmonised = recomputed();
    let names: Vec<&str> = harmonised.figures.iter().map(|figure| figure.name.as_str()).collect();
    assert_eq!(names, FIGURES);
    for figure in &harmonised.figures {
        let drawing = draw(figure, &Theme::default()).expect("it can be drawn");
        let cells: Vec<&Cell> = figure
            .panels
            .iter()
            .flat_map(|panel| &panel.layers)
            .filter_map(|layer| if let Layer::Cells { cells, .. } = layer { Some(cells) } else { None })
            .flatten()
            .collect();
        // A number that did not fit its cell would have been left out.
        assert_eq!(drawing.svg().matches("class=\"cell\"").count(), cells.len(), "{}", figure.name);
    }
    let of = |name: &str| harmonised.figures.iter().find(|figure| figure.name == name).expect("one of them");
    assert_eq!(of("each_benchmark").panels.len(), 24);
    let cells = |name: &str| match &of(name).panels[0].layers[0] {
        Layer::Cells { cells, .. } => cells.len(),
        _ => 0,
    };
    assert_eq!((cells("agreement"), cells("categories"), cells("perplexity")), (24 * 23, 36, 3 * 24));
}
