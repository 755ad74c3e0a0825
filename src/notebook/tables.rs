//! Reports as short tables: a cell is an estimate with its interval, to three digits.

use crate::analysis::fit::{Analysis, FitReport};
use crate::analysis::papers::test_task::Reproduction;
use crate::lab::{Fitted, LabReport, theta};
use crate::report::csv::CsvTable;
use crate::stats::estimate::Estimate;

/// The estimates of a fit with their 95 % intervals: one column, or before adjustment, after it and their difference.
#[must_use]
pub fn summary(report: &FitReport) -> CsvTable {
    let Some(adjusted) = &report.adjusted else {
        let mut table = CsvTable::new(&["quantity", "estimate"]);
        table.rows = names(report).into_iter().zip(column(&report.unadjusted)).map(|(n, cell)| vec![n, cell]).collect();
        return table;
    };
    let mut table = CsvTable::new(&["quantity", "before adjustment", "after adjustment", "before minus after"]);
    let changes = report.differences.as_ref().map_or_else(Vec::new, |d| {
        let mut cells = vec![String::new(), parameter(&d.alpha), parameter(&d.c), String::new()];
        cells.extend(d.thetas.iter().map(|theta| parameter(&theta.estimate)));
        cells.push(parameter(&d.r_squared));
        cells
    });
    let (before, after) = (column(&report.unadjusted), column(adjusted));
    for (row, name) in names(report).into_iter().enumerate() {
        let cell = |cells: &[String]| cells.get(row).cloned().unwrap_or_default();
        table.rows.push(vec![name, cell(&before), cell(&after), cell(&changes)]);
    }
    table
}

/// One sentence about what was fitted.
pub(super) fn heading(report: &FitReport) -> String {
    format!(
        "{} against {}: {} models of {} families, 95 % intervals in brackets.",
        report.score_name, report.predictor.name, report.n_models, report.n_families
    )
}

/// The quantities of [`column`].
fn names(report: &FitReport) -> Vec<String> {
    let scale = if report.is_logarithmic() { "log10 " } else { "" };
    let predictor = &report.predictor.name;
    let mut names = vec![
        "how scores rise".to_owned(),
        format!("α, gain per unit of {scale}{predictor}"),
        format!("c, break on {scale}{predictor}"),
        format!("break in {predictor}"),
    ];
    names.extend(report.unadjusted.thetas.iter().map(|theta| format!("θ, {}", theta.name)));
    names.push("R²".to_owned());
    names
}

fn column(analysis: &Analysis) -> Vec<String> {
    let mut cells = vec![
        analysis.verdict.map_or_else(|| "not determined".to_owned(), |verdict| verdict.to_string()),
        parameter(&analysis.alpha),
        parameter(&analysis.c_log10),
        parameter(&analysis.c_e),
    ];
    cells.extend(analysis.thetas.iter().map(|theta| parameter(&theta.estimate)));
    cells.push(analysis.r_squared.map_or_else(String::new, short));
    cells
}

fn parameter(parameter: &Estimate) -> String {
    match parameter.value {
        Some(estimate) => short(estimate) + &interval(parameter.interval.low, parameter.interval.high),
        None => parameter.reason.clone().unwrap_or_default(),
    }
}

/// The curves that were compared: their fit, and how well they predict a model, and a family, that they have not seen.
#[must_use]
pub fn curves(analysis: &Analysis) -> CsvTable {
    let mut table =
        CsvTable::new(&["curve", "R²", "AICc", "BIC", "error without the model", "error without the family"]);
    for curve in &analysis.curves {
        let numbers = [curve.r_squared, curve.aicc, curve.bic, curve.rmse_without_model, curve.rmse_without_family];
        let mut row = vec![curve.curve.to_string()];
        row.extend(numbers.map(|number| number.map_or_else(String::new, short)));
        table.rows.push(row);
    }
    table
}

/// The forecasts that were asked for, with 95 % prediction intervals.
#[must_use]
pub fn predictions(analysis: &Analysis) -> CsvTable {
    let mut table = CsvTable::new(&["curve", "at", "group", "score", "beyond the data"]);
    for curve in &analysis.curves {
        for one in &curve.predictions {
            table.rows.push(vec![
                curve.curve.to_string(),
                short(one.x),
                one.group.as_ref().map(ToString::to_string).unwrap_or_default(),
                one.score
                    .map_or_else(String::new, |score| short(score) + &interval(one.interval.low, one.interval.high)),
                if one.extrapolated { "yes" } else { "no" }.to_owned(),
            ]);
        }
    }
    table
}

/// Every printed number: as printed, as recomputed, as corrected, and whether its conclusion stands.
#[must_use]
pub fn conclusions(reproduction: &Reproduction) -> CsvTable {
    let mut table = CsvTable::new(&["number", "quantity", "printed", "recomputed", "corrected", "conclusion", "why"]);
    for row in &reproduction.rows {
        let estimate =
            |e: &Estimate| e.value.map_or_else(String::new, |v| short(v) + &interval(e.interval.low, e.interval.high));
        table.rows.push(vec![
            format!("{}: {}", row.printed.figure, row.printed.item),
            row.printed.quantity.to_string(),
            row.printed.text.clone(),
            row.recomputed.estimate.value.map_or_else(String::new, short),
            estimate(&row.corrected.estimate),
            row.conclusion.map(|conclusion| conclusion.to_string()).unwrap_or_default(),
            row.why.clone(),
        ]);
    }
    table
}

/// A lab's differences from the reference kind of models, at every number of task examples, with what they show of
/// emergence.
#[must_use]
pub fn differences(report: &LabReport) -> CsvTable {
    let mut table = CsvTable::new(&[
        "score",
        "task examples",
        "kind of model",
        "share",
        "θ against the reference",
        "point of emergence",
        "R² of the hinge",
        "R² of a line",
    ]);
    let estimate = |parameter: Option<&Estimate>| {
        let found = parameter.and_then(|p| Some(short(p.value?) + &interval(p.interval.low, p.interval.high)));
        found.unwrap_or_default()
    };
    let number = |value: Option<f64>| value.map_or_else(String::new, short);
    for Fitted { score, examples, hinge, line, .. } in report.conditions() {
        for (place, (kind, share)) in report.kinds.iter().enumerate() {
            table.rows.push(vec![
                score.words().to_owned(),
                examples.to_string(),
                kind.clone(),
                short(*share),
                estimate(theta(hinge, place)),
                estimate(Some(&hinge.c_e)),
                number(hinge.r_squared),
                number(line.r_squared),
            ]);
        }
    }
    table
}

/// An interval in brackets; an open end is an ellipsis, and none at all is nothing.
fn interval(low: Option<f64>, high: Option<f64>) -> String {
    let end = |value: Option<f64>| value.map_or_else(|| "…".to_owned(), short);
    if low.is_none() && high.is_none() { String::new() } else { format!(" [{}, {}]", end(low), end(high)) }
}

/// Three decimals, or three digits and a power of ten.
fn short(value: f64) -> String {
    let plain = value == 0.0 || (1e-3..1e5).contains(&value.abs());
    let text = if plain { format!("{value:.3}") } else { format!("{value:.2e}") };
    text.replace('-', "−").replace("e−", "e-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_negative_ones_have_a_minus_sign() {
        assert_eq!(
            [0.0681, -0.0049, 1.31e22, 2e-5, 0.0].map(short),
            ["0.068", "−0.005", "1.31e22", "2.00e-5", "0.000"]
        );
    }

    #[test]
    fn an_interval_may_be_open_and_need_not_exist() {
        assert_eq!(interval(None, Some(0.5)), " […, 0.500]");
        assert_eq!(interval(None, None), "");
    }
}
