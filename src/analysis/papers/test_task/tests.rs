//! The published method, recomputed, against the same method run by others: `fixtures/paper_reference_values.json` holds
//! what the paper's own Python code gives on its evaluation files, to full precision, with the SSE of each fit.

use crate::analysis::papers::test_task::{
    Conclusion, Item, Paper, PaperQuantity, Published, PublishedFit, Reading, Reproduce, ReproductionRow, published,
};
use crate::registry::{Adjustment, Condition, Model};
use crate::stats::clusters::Clusters;
use crate::stats::estimate::Estimate;
use crate::stats::inference::Inference;
use crate::stats::sample::Sample;
use serde_json::Value;

/// The published optimiser stops within this of the optimum; digits beyond it are its own.
const LOCAL_OPTIMISER: f64 = 1e-4;
/// An exact optimum may not lie above any other fit by more than rounding.
const ROUNDING: f64 = 1e-9;

fn reference() -> Value {
    serde_json::from_str(include_str!("../../../../tests/fixtures/paper_reference_values.json"))
        .expect("the fixture is JSON")
}

fn data() -> Published {
    published().expect("the embedded tables are sound")
}

fn is_new(model: &Model) -> bool {
    model.release >= super::scores::CUTOFF
}

/// The hinge fit behind a key such as `fig1.mmlu.pre`.
fn fit(paper: &Paper<'_>, key: &str, chance: f64) -> PublishedFit {
    let parts: Vec<&str> = key.split('.').collect();
    let three_epochs =
        |id: &str| Condition::epochs(if id == "gsm8k" { Adjustment::Gsm8kAux } else { Adjustment::MmluAux }, "3");
    let (scores, by_language) = match parts[..] {
        [figure @ ("fig1" | "fig_cn"), id, stage] => {
            let (before, after) = paper.pair(id, &three_epochs(id)).expect("scores");
            (if stage == "pre" { before } else { after }, figure == "fig_cn")
        }
        ["fig_reform", id, "cloze"] => (paper.unadjusted(id).expect("scores"), false),
        ["fig_reform", id, "mc"] => (paper.pair(&format!("{id}_mc"), &three_epochs(id)).expect("scores").0, false),
        ["v2", id, stage] => {
            let (before, after) = paper.pair(id, &Condition::adjusted(Adjustment::MmluAux)).expect("scores");
            (if stage == "pre" { before } else { after }, false)
        }
        _ => panic!("unexpected key {key}"),
    };
    let scored = if by_language {
        paper.grouped(&scores, |model| model.trained_on("cn"))
    } else {
        paper.grouped(&scores, is_new)
    };
    PublishedFit::new(&scored.expect("known models"), chance).expect("the fit is possible")
}

fn close(what: &str, ours: f64, theirs: f64, tolerance: f64) {
    assert!((ours - theirs).abs() <= tolerance * theirs.abs().max(1.0), "{what}: {ours} here, {theirs} there");
}

#[test]
fn every_hinge_fit_of_the_paper_is_met_or_bettered() {
    let data = data();
    let paper = Paper::new(&data);
    let mut seen = 0;
    for (key, expected) in reference().as_object().expect("an object") {
        let Some(theirs) = expected.get("sse").and_then(Value::as_f64) else { continue };
        let value = |name: &str| expected[name].as_f64().expect("a number");
        let ours = fit(&paper, key, value("r"));
        assert_eq!(ours.best.n as f64, value("n"), "{key}: models");
        assert!(ours.best.sse <= theirs * (1.0 + ROUNDING), "{key}: SSE {} above {theirs}", ours.best.sse);
        // Where the published optimiser ends in a local optimum, the exact solver finds the better one.
        let stops_short = ["v2.leaderboard_mmlu_pro.post", "fig_cn.gsm8k.pre"].contains(&key.as_str());
        assert_eq!(ours.stopped_short, stops_short, "{key}");
        assert_eq!(ours.best.sse < theirs * 0.999, stops_short, "{key}: {} for {theirs}", ours.best.sse);
        seen += 1;
        // The published optimiser stops beside a kink here; its SSE is above the optimum by 2e-6 and θ moves by 4e-4.
        let tolerance = if key == "fig_reform.arc_challenge.mc" { 1e-2 } else { LOCAL_OPTIMISER };
        let standard_error = ours.conditional_standard_error().expect("both groups have models");
        close(&format!("{key} θ"), ours.theta, value("theta"), tolerance);
        close(&format!("{key} standard error"), standard_error, value("theta_se_fixed_ce"), tolerance);
        close(&format!("{key} α"), ours.alpha, value("alpha"), tolerance);
        let r2 = ours.r_squared_uncentered().expect("scores vary");
        close(&format!("{key} R²"), r2, value("r2_uncentered"), 5.1e-4);
        if key != "v2.leaderboard_gpqa.pre" {
            // With chance taken as 0 there is no break in GPQA; where the straight line meets 0 is not compared.
            close(&format!("{key} c"), ours.c, value("ce_log10"), tolerance);
        }
    }
    assert!(seen >= 12, "only {seen} fits were compared");
}

#[test]
fn every_other_number_of_the_paper_is_met() {
    let result = Reproduce::new().run(&data()).expect("the embedded tables are complete");
    let ours = |figure: &str, item: &str, quantity: &str| {
        let row = result.rows.iter().find(|row| {
            let printed = &row.printed;
            (printed.figure.name(), printed.item.to_string().as_str(), printed.quantity.name())
                == (figure, item, quantity)
        });
        row.unwrap_or_else(|| panic!("no row {figure}, {item}, {quantity}")).recomputed.clone()
    };
    let reference = reference();
    let theirs = |key: &str, field: &str| {
        let value = if field.is_empty() { &reference[key] } else { &reference[key][field] };
        value.as_f64().unwrap_or_else(|| panic!("no {key} {field}"))
    };
    for id in ["mmlu", "gsm8k"] {
        for (stage, key) in [("unadjusted", "pre"), ("adjusted", "post")] {
            let area = ours("pareto", &format!("{id} {stage}"), "area").estimate.value.expect("an area");
            close("area", area, theirs(&format!("pareto.{id}.{key}"), ""), 1e-9);
        }
    }
    for (id, examples, step) in [("mmlu", 0, 0), ("mmlu", 6_400, 100), ("mmlu", 64_000, 1000), ("gsm8k", 0, 0)] {
        let key = format!("emergence.{id}.{step}");
        let item = format!("{id} {examples} task examples");
        let emergence = ours("emergence", &item, "c_e");
        assert_eq!(emergence.models as f64, theirs(&key, "n"));
        let c_e = theirs(&key, "ce");
        let found = emergence.estimate.value.expect("a break");
        assert!((found / c_e - 1.0).abs() < LOCAL_OPTIMISER, "{key}: {found} for {c_e}");
        close(&key, ours("loglinear", &item, "r2").estimate.value.expect("an R²"), theirs(&key, "r2_loglinear"), 1e-9);
    }
    for (table, symbol) in [("causal_direct", "psi"), ("causal_mediated", "phi")] {
        let key = format!("causal.{symbol}.mmlu");
        close(&key, ours(table, "mmlu", symbol).estimate.value.expect("a difference"), theirs(&key, "coef"), 1e-9);
        close(
            &key,
            ours(table, "mmlu", &format!("{symbol}_se")).estimate.value.expect("an error"),
            theirs(&key, "se"),
            1e-9,
        );
    }
    for id in ["mmlu", "gsm8k"] {
        let gain = result.paper.figures.iter().find(|f| f.name == "gain").expect("drawn");
        let panel = gain.panels.iter().find(|p| p.title.eq_ignore_ascii_case(id)).expect("a panel each");
        for quantity in ["mean_old", "mean_new"] {
            let note = panel.notes.iter().find(|n| n.quantity == quantity).expect("both means are noted");
            close(quantity, note.value.expect("a mean"), theirs(&format!("gain.{id}"), quantity), 1e-9);
        }
    }
}

#[test]
fn every_printed_number_has_a_verdict_and_what_differs_is_explained() {
    let result = Reproduce::new().run(&data()).expect("the embedded tables are complete");
    assert_eq!(result.rows.len(), crate::analysis::papers::test_task::printed().expect("sound").len());
    for row in &result.rows {
        let p = &row.printed;
        assert!(row.recomputed.estimate.value.is_some_and(f64::is_finite), "{} {} {}", p.figure, p.item, p.quantity);
        assert!(row.recomputed.models > 0 && row.recomputed.families > 0);
        if !row.reproduced {
            assert!(!row.note.is_empty(), "{} {} {} differs without a word", p.figure, p.item, p.quantity);
            assert!(!row.note.contains("no cause is known"), "{} {} {}: {}", p.figure, p.item, p.quantity, row.note);
        }
    }
}

#[test]
fn the_corrected_reading_weighs_items_takes_scores_as_measured_and_true_chance_levels() {
    let data = data();
    let (published, corrected) = (Paper::new(&data), Paper::new(&data).read_as(Reading::Corrected));
    let epochs = Condition::epochs(Adjustment::MmluAux, "3");
    let (before, after) = corrected.pair("mmlu", &epochs).expect("scores");
    let lower = after.iter().filter(|(model, score)| **score < before[*model]).count();
    assert!(lower > 0, "models that fine-tuning made worse stay worse");
    let (before, after) = published.pair("mmlu", &epochs).expect("scores");
    assert!(after.iter().all(|(model, score)| *score >= before[model]));
    let gpqa = crate::registry::benchmark("leaderboard_gpqa").expect("known");
    assert_eq!((published.chance(gpqa), corrected.chance(gpqa)), (0.0, 0.25));
    let mmlu = |paper: &Paper<'_>| paper.unadjusted("mmlu").expect("scores")["pythia-70m"];
    let correct = data.subjects.item_weighted("pythia-70m", "mmlu", &Condition::unadjusted()).expect("counted");
    assert_eq!(mmlu(&corrected), correct);
    assert_ne!(mmlu(&published), correct);
}

#[test]
fn corrected_differences_are_those_of_the_inference_core() {
    let data = data();
    let result = Reproduce::new().only(&["main".into()]).expect("a figure").run(&data).expect("complete");
    let paper = Paper::new(&data).read_as(Reading::Corrected);
    let (before, _) = paper.pair("gsm8k", &Condition::epochs(Adjustment::Gsm8kAux, "3")).expect("scores");
    let scored = paper.by_release(&before).expect("known models");
    let x: Vec<f64> = scored.iter().map(|s| s.log10_compute()).collect();
    let y: Vec<f64> = scored.iter().map(|s| s.score).collect();
    let z = scored.iter().map(|s| f64::from(u8::from(s.comparison))).collect();
    let families: Vec<&str> = scored.iter().map(|s| s.model.family.as_str()).collect();
    let inference = Inference::new(0.0).replicates(1_999);
    let sample =
        Sample::new(&x, &y).and_then(|s| s.with_groups(&[z])).and_then(|s| s.with_families(&Clusters::new(&families)));
    let report = inference.run(&sample.expect("a sample")).expect("possible");
    let item: Item = "gsm8k unadjusted".parse().expect("an item");
    let row = |quantity: PaperQuantity| {
        let found = |r: &&ReproductionRow| r.printed.item == item && r.printed.quantity == quantity;
        result.rows.iter().find(found).expect("reported").corrected.clone()
    };
    let theta = row(PaperQuantity::Theta);
    let same = |a: &Estimate, b: &Estimate| assert_eq!((a.value, a.interval), (b.value, b.interval));
    same(&theta.estimate, &report.theta[0]);
    assert_eq!(theta.margin, report.smallest_margin[0].as_ref().ok().copied());
    let r2 = row(PaperQuantity::R2Uncentered);
    same(&r2.estimate, &report.r_squared);
}

#[test]
fn every_conclusion_has_an_interval_behind_it_and_a_sentence() {
    let result = Reproduce::new().run(&data()).expect("the embedded tables are complete");
    let mut changed = 0;
    for row in &result.rows {
        let what = format!("{} {} {}", row.printed.figure, row.printed.item, row.printed.quantity);
        let corrected = &row.corrected.estimate;
        assert!(corrected.value.is_some() || !row.why.is_empty(), "{what}: no value and no word");
        if let (Some((low, high)), Some(value)) = (corrected.interval.ends(), corrected.value) {
            assert!(low <= value && value <= high, "{what}: {value} outside [{low}, {high}]");
        }
        if matches!(
            row.printed.quantity,
            PaperQuantity::Theta | PaperQuantity::Psi | PaperQuantity::Phi | PaperQuantity::Emergence
        ) {
            assert!(row.conclusion.is_some() && !row.why.is_empty(), "{what}");
        }
        if let Some(published) = row.recomputed.estimate.value {
            let differs =
                corrected.value.is_none_or(|v| !crate::analysis::papers::test_task::agrees(&row.printed.text, v));
            assert!(!differs || !row.why.is_empty(), "{what}: {published} became {:?} without a word", corrected.value);
        }
        changed += usize::from(row.conclusion == Some(Conclusion::Changes));
    }
    assert!(changed > 0, "no conclusion changes");
}
