//! Fits of several scores: one row each, for people and as CSV.

use super::beside::cautions;
use crate::analysis::fit::{FitReport, ScoreFit, ScoreFits};
use crate::report::csv::{CsvTable, number};
use crate::report::terminal::{Align, TextTable};
use crate::report::text::{Text, short};
use crate::stats::multiplicity::Adjusted;

/// The columns of the CSV.
const COLUMNS: [&str; 23] = [
    "score",
    "models",
    "families",
    "chance",
    "outcome",
    "verdict",
    "selected",
    "alpha",
    "c_e",
    "theta",
    "theta_se",
    "theta_low",
    "theta_high",
    "break_p",
    "break_holm",
    "break_bh",
    "theta_p",
    "theta_holm",
    "theta_bh",
    "change_p",
    "change_holm",
    "change_bh",
    "reason",
];

/// One of a score's tests.
type Test = fn(&ScoreFit) -> Option<Adjusted>;

/// One row per score: estimates, and the p-values of a break, of the first group's difference (`theta`) and of what
/// adjustment changed of it (`change`), each raw, by Holm and by Benjamini and Hochberg (`bh`). A value that does not exist
/// is an empty cell.
#[must_use]
pub fn several_csv(fits: &ScoreFits) -> CsvTable {
    let mut table = CsvTable::new(&COLUMNS);
    for fit in &fits.scores {
        let mut cells = vec![fit.score.clone()];
        match &fit.report {
            None => cells.extend((1..13).map(|_| String::new())),
            Some(report) => {
                let analysis = &report.unadjusted;
                let optional = |value: Option<f64>| value.map_or_else(String::new, number);
                let shown = |text: Option<String>| text.unwrap_or_default();
                cells.extend([report.n_models.to_string(), report.n_families.to_string(), optional(report.chance)]);
                cells.push(shown(analysis.outcome.map(|outcome| outcome.to_string())));
                cells.push(shown(analysis.verdict.map(|verdict| verdict.to_string())));
                cells.push(shown(analysis.selected.map(|curve| curve.to_string())));
                let theta = &analysis.theta;
                let values = [analysis.alpha.value, analysis.c_e.value, theta.value, theta.se];
                cells.extend(values.map(optional));
                cells.extend([theta.interval.low, theta.interval.high].map(optional));
            }
        }
        for test in [fit.break_test, fit.theta, fit.change] {
            let three = |test: Adjusted| [test.p_value, test.holm, test.benjamini_hochberg].map(number);
            cells.extend(test.map_or_else(|| [const { String::new() }; 3], three));
        }
        cells.push(fit.reason.clone().unwrap_or_default());
        table.rows.push(cells);
    }
    table
}

/// The same for people, at most `width` columns wide.
#[must_use]
pub fn several_terminal(fits: &ScoreFits, width: usize) -> String {
    let mut text = String::new();
    let questions: [(&str, Test); 3] = [
        ("difference of the first group at equal predictor", |fit| fit.theta),
        ("what adjustment changed of that difference", |fit| fit.change),
        ("break against a straight line", |fit| fit.break_test),
    ];
    let mut table = TextTable::new(&[
        ("score", Align::Left),
        ("models", Align::Right),
        ("chance", Align::Right),
        ("c_e", Align::Right),
        ("alpha", Align::Right),
        ("theta", Align::Right),
        ("curve", Align::Left),
    ]);
    for fit in &fits.scores {
        let Some(report) = &fit.report else { continue };
        let analysis = &report.unadjusted;
        let shown = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.4}"));
        let c = analysis.c_e.value.map_or_else(|| "–".to_owned(), |c| format!("{c:.3e}"));
        let curve = analysis.selected.map_or_else(String::new, |curve| curve.to_string());
        table.push(vec![
            fit.score.clone(),
            report.n_models.to_string(),
            shown(report.chance),
            c,
            shown(analysis.alpha.value),
            shown(analysis.theta.value),
            curve,
        ]);
    }
    text.push_str(&table.render(width));
    for (question, of) in questions {
        if fits.scores.iter().all(|fit| of(fit).is_none()) {
            continue;
        }
        text.push_str(&format!("\np-values, {question}:\n"));
        let mut table = TextTable::new(&[
            ("score", Align::Left),
            ("p", Align::Right),
            ("Holm", Align::Right),
            ("Benjamini–Hochberg", Align::Right),
        ]);
        for (fit, test) in fits.scores.iter().filter_map(|fit| Some((fit, of(fit)?))) {
            let p = |p: f64| if p < 0.0001 { "<0.0001".to_owned() } else { format!("{p:.4}") };
            table.push(vec![fit.score.clone(), p(test.p_value), p(test.holm), p(test.benjamini_hochberg)]);
        }
        text.push_str(&table.render(width));
    }
    let mut below = Text { out: text, width };
    below.line("");
    for fit in &fits.scores {
        if let Some(reason) = &fit.reason {
            below.paragraph(&format!("{}: {reason}", fit.score));
        }
        let Some(report) = &fit.report else { continue };
        let analysis = &report.unadjusted;
        below.paragraph(&format!("{}: {}", fit.score, report.finding(analysis, short)));
        if let Some(reason) = analysis.theta.reason.as_ref().filter(|_| analysis.theta.value.is_some()) {
            below.paragraph(&format!("{}: theta: {reason}", fit.score));
        }
        cautions(&mut below, report, analysis);
    }
    notes(&mut below, fits);
    below.out
}

/// The notes of all fits; one that all of them have is printed once.
fn notes(text: &mut Text, fits: &ScoreFits) {
    let reports: Vec<(&str, &FitReport)> =
        fits.scores.iter().filter_map(|fit| Some((fit.score.as_str(), fit.report.as_deref()?))).collect();
    let everywhere = |note: &String| reports.iter().all(|(_, report)| report.notes.contains(note));
    let Some((_, first)) = reports.first() else { return };
    for note in first.notes.iter().filter(|note| everywhere(note)) {
        text.paragraph(&format!("Note: {note}."));
    }
    for (score, report) in &reports {
        for note in report.notes.iter().filter(|note| !everywhere(note)) {
            text.paragraph(&format!("Note on {score}: {note}."));
        }
    }
}
