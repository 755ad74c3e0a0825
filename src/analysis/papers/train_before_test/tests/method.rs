//! The library's statistics on these tables, and the published method.

use crate::analysis::Phase;
use crate::analysis::papers::train_before_test::{Against, Harmonised, Printable, Subject, run, tables};
use crate::stats::clusters::Clusters;
use crate::stats::concordance::RankedTable;
use crate::stats::pair_matrix::PairMatrix;
use crate::stats::principal::Principal;
use crate::stats::rank::pearson;
use serde_json::Value;

use super::{CONDITIONS, benchmarks, columns, names, shared, table};

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
