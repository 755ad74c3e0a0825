//! A law of the point of emergence, for people and as tables.

use crate::analysis::emergence_law::EmergenceLawReport;
use crate::analysis::words::{percent, scientific, thousands};
use crate::report::csv::{CsvTable, number};
use crate::report::terminal::{Align, TextTable};
use crate::report::text::{Text, counted, short};
use crate::stats::emergence_law::EmergenceShift;
use crate::stats::estimate::Estimate;

fn cell(value: Option<f64>) -> String {
    value.map_or_else(String::new, number)
}

/// The last columns of every table of estimates.
fn of_estimate(estimate: &Estimate) -> Vec<String> {
    vec![
        cell(estimate.value),
        cell(estimate.se),
        cell(estimate.interval.low),
        cell(estimate.interval.high),
        estimate.method.map_or_else(String::new, |method| method.to_string()),
        estimate.reason.clone().unwrap_or_default(),
    ]
}

/// A row for every estimate: what it is, of which numbers of examples or models, value, standard error, interval, method and
/// why something is missing. Points of emergence are log10 FLOPs.
#[must_use]
pub(crate) fn estimates(report: &EmergenceLawReport) -> CsvTable {
    let mut table = CsvTable::new(&[
        "quantity", "examples", "at_most", "models", "estimate", "se", "low", "high", "method", "reason",
    ]);
    let mut row = |name: &str, examples: Option<f64>, at_most: Option<f64>, models: usize, estimate: &Estimate| {
        let mut row = vec![name.to_owned(), cell(examples), cell(at_most), models.to_string()];
        row.extend(of_estimate(estimate));
        table.rows.push(row);
    };
    for (name, estimate) in report.estimates() {
        row(name, None, None, report.models, estimate);
    }
    for at in &report.after {
        row("c", Some(at.examples), None, at.models, &at.c);
        if let Some(alone) = at.alone {
            row("c_alone", Some(at.examples), None, at.models, &Estimate::of(alone));
        }
    }
    for held in &report.held_out {
        row("c0", None, Some(held.at_most), held.models, &held.c0);
        row("error", None, Some(held.at_most), held.models, &held.error);
    }
    table
}

/// A row for every score, its value by the law and the residual; without task examples the law forecasts it.
#[must_use]
pub(crate) fn points(report: &EmergenceLawReport) -> CsvTable {
    let mut table = CsvTable::new(&["model", "cluster", "compute", "examples", "score", "fitted", "residual"]);
    for point in &report.points {
        let mut row = vec![point.model.clone(), point.cluster.clone()];
        row.extend([point.compute, point.examples, point.score, point.fitted, point.residual].map(number));
        table.rows.push(row);
    }
    table
}

/// The report as text of at most `width` columns.
#[must_use]
pub fn terminal(report: &EmergenceLawReport, width: usize) -> String {
    let mut text = Text { out: String::new(), width };
    text.paragraph(&format!(
        "{} after {} of task examples ({}): {} of {} {}",
        report.score_name,
        counted(report.after.len(), "number", "numbers"),
        report.adjustment,
        counted(report.models, "model", "models"),
        report.clusters,
        report.clustered_by.plural()
    ));
    text.paragraph(&format!("Chance {:.4} ({})", report.law.chance, report.chance_source));
    let (share, scale) = match report.law.form {
        EmergenceShift::Logarithm => ("ℓ = ln(1+D/D₀)/ln(1+Dmax/D₀)", "D₀"),
        EmergenceShift::Power => ("ℓ = (ln(1+D)/ln(1+Dmax))^γ", "γ"),
    };
    let gain = if report.law.fall > 0.0 { "α₀ exp(-η ℓ)" } else { "α₀" };
    text.paragraph(&format!(
        "y = chance + {gain} max(0, x - c(D)), c(D) = c₀ - s ℓ, {share}; {} intervals of {} resamples",
        percent(report.level),
        report.resamples
    ));
    text.line("");
    let mut table =
        TextTable::new(&[("", Align::Left), ("estimate", Align::Right), ("interval", Align::Left), ("", Align::Left)]);
    let rows: [(&str, &Estimate, &str); 7] = [
        ("c₀", &report.c0, "point of emergence without examples, log10 FLOPs: the forecast"),
        ("observed", &report.observed, "the same by the hinge of the scores without examples"),
        ("error", &report.error, "c₀ less that, in decades"),
        ("s", &report.shift, "decades that the most examples move it"),
        (scale, &report.scale, "where the shift begins, or its power"),
        ("α₀", &report.gain, "gain per decade without examples"),
        ("α", &report.gain_at_most, "gain per decade at the most examples"),
    ];
    for (name, estimate, meaning) in rows {
        table.push(vec![name.to_owned(), value(estimate), interval(estimate), meaning.to_owned()]);
    }
    text.table(&table);
    if let Some(c) = report.c0.value {
        text.paragraph(&format!("c₀ is {} FLOPs.", scientific(10f64.powf(c), 2)));
    }
    text.line("");
    after(&mut text, report);
    text.line("");
    held_out(&mut text, report);
    if !report.left_out.is_empty() {
        let first: Vec<&str> = report.left_out.iter().take(4).map(String::as_str).collect();
        let more = if report.left_out.len() > first.len() { "; …" } else { "" };
        text.paragraph(&format!("Left out ({}): {}{more}.", report.left_out.len(), first.join("; ")));
    }
    for note in &report.notes {
        text.paragraph(&format!("Note: {note}."));
    }
    text.out
}

fn after(text: &mut Text, report: &EmergenceLawReport) {
    let mut table = TextTable::new(&[
        ("examples", Align::Right),
        ("models", Align::Right),
        ("alone", Align::Right),
        ("by the law", Align::Left),
    ]);
    for at in &report.after {
        table.push(vec![
            thousands(at.examples as u64),
            at.models.to_string(),
            at.alone.map_or_else(|| "–".to_owned(), short),
            format!("{} {}", value(&at.c), interval(&at.c)),
        ]);
    }
    text.table(&table);
}

fn held_out(text: &mut Text, report: &EmergenceLawReport) {
    text.paragraph("Without the largest models:");
    let mut table = TextTable::new(&[
        ("compute up to", Align::Right),
        ("models", Align::Right),
        ("best without examples", Align::Right),
        ("c₀", Align::Left),
        ("error", Align::Left),
    ]);
    for held in &report.held_out {
        let mark = if held.bounds.is_empty() { "" } else { " *" };
        table.push(vec![
            scientific(held.at_most, 2),
            held.models.to_string(),
            held.best_without.map_or_else(|| "–".to_owned(), short),
            format!("{} {}{mark}", value(&held.c0), interval(&held.c0)),
            format!("{} {}", value(&held.error), interval(&held.error)),
        ]);
    }
    text.table(&table);
    if report.held_out.iter().any(|held| !held.bounds.is_empty()) {
        text.paragraph("* ends at a bound of what is allowed, from which c₀ then follows");
    }
}

fn value(estimate: &Estimate) -> String {
    estimate.value.map_or_else(|| "–".to_owned(), short)
}

fn interval(estimate: &Estimate) -> String {
    let end = |end: Option<f64>| end.map_or_else(|| "…".to_owned(), short);
    if estimate.interval.is_open() {
        String::new()
    } else {
        format!("[{}, {}]", end(estimate.interval.low), end(estimate.interval.high))
    }
}
