//! A law of loss, for people and as tables.

use crate::analysis::loss_law::{Allocation, LossLawReport};
use crate::analysis::words::percent;
use crate::registry::modelset::ClusterBy;
use crate::report::csv::{CsvTable, number};
use crate::report::terminal::{Align, TextTable};
use crate::report::text::{Text, counted, short};
use crate::stats::estimate::Estimate;
use crate::stats::loss_law::{LossLawQuantity, Robust};

fn cell(value: Option<f64>) -> String {
    value.map_or_else(String::new, number)
}

/// The name of a quantity in tables.
fn name(of: LossLawQuantity) -> &'static str {
    match of {
        LossLawQuantity::E => "E",
        LossLawQuantity::A => "A",
        LossLawQuantity::B => "B",
        LossLawQuantity::Alpha => "alpha",
        LossLawQuantity::Beta => "beta",
        LossLawQuantity::ParamsExponent => "params_exponent",
        LossLawQuantity::TokensExponent => "tokens_exponent",
        LossLawQuantity::Params(_) => "params",
        LossLawQuantity::Tokens(_) => "tokens",
        LossLawQuantity::Ratio(_) => "tokens_per_param",
        LossLawQuantity::Loss(_) => "loss",
    }
}

/// A row for every estimate: what it is of, the budget it belongs to, value, standard error, interval, method, whether the
/// budget lies outside the compute of the points, and why something is missing.
#[must_use]
pub(crate) fn estimates(report: &LossLawReport) -> CsvTable {
    let mut table =
        CsvTable::new(&["quantity", "compute", "estimate", "se", "low", "high", "method", "extrapolated", "reason"]);
    for (of, budget, estimate) in report.estimates() {
        table.rows.push(vec![
            name(of).to_owned(),
            cell(budget.map(|at| at.compute)),
            cell(estimate.value),
            cell(estimate.se),
            cell(estimate.interval.low),
            cell(estimate.interval.high),
            estimate.method.map_or_else(String::new, |method| method.to_string()),
            budget.map_or_else(String::new, |at| at.extrapolated.to_string()),
            estimate.reason.clone().unwrap_or_default(),
        ]);
    }
    table
}

/// A row for every point: its loss, the loss that the law gives, and the residual of ln loss.
#[must_use]
pub(crate) fn points(report: &LossLawReport) -> CsvTable {
    let mut table = CsvTable::new(&["model", "cluster", "params", "tokens", "compute", "loss", "fitted", "residual"]);
    for point in &report.points {
        let mut row = vec![point.model.clone(), point.cluster.clone()];
        let numbers = [point.params, point.tokens, point.compute(), point.loss, point.fitted, point.residual];
        row.extend(numbers.map(number));
        table.rows.push(row);
    }
    table
}

/// The report as text of at most `width` columns.
#[must_use]
pub fn terminal(report: &LossLawReport, width: usize) -> String {
    let mut text = Text { out: String::new(), width };
    let clusters = match &report.clustered_by {
        _ if report.clusters == report.points.len() => "every point independent".to_owned(),
        ClusterBy::Model => "counted as independent".to_owned(),
        ClusterBy::Family => counted(report.clusters, "family or run", "families or runs"),
        by @ ClusterBy::Column(_) => format!("{} {}", report.clusters, by.plural()),
    };
    text.paragraph(&format!(
        "{} of {} against parameters and training tokens, {clusters}",
        counted(report.points.len(), "point", "points"),
        report.loss_name
    ));
    let robust = match report.robust {
        Robust::Huber(delta) => format!("Huber loss of ln L with δ = {delta}"),
        Robust::LeastAbsolute => "absolute residuals of ln L".to_owned(),
    };
    text.paragraph(&format!(
        "L = E + A/N^α + B/D^β, {robust}; {} intervals of {} resamples",
        percent(report.level),
        report.resamples
    ));
    text.line("");
    let mut table =
        TextTable::new(&[("", Align::Left), ("estimate", Align::Right), ("interval", Align::Left), ("", Align::Left)]);
    for (of, _, estimate) in report.estimates().into_iter().filter(|(_, budget, _)| budget.is_none()) {
        table.push(vec![symbol(of).to_owned(), value(estimate), interval(estimate), meaning(of).to_owned()]);
    }
    text.table(&table);
    text.line("");
    allocations(&mut text, &report.allocations);
    if let Some(reason) = report.allocations.iter().find_map(|at| at.params.reason.as_deref()) {
        text.paragraph(&format!("No best size: {reason}."));
    }
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

fn allocations(text: &mut Text, allocations: &[Allocation]) {
    let mut table = TextTable::new(&[
        ("compute", Align::Right),
        ("best parameters", Align::Left),
        ("best tokens", Align::Left),
        ("tokens per parameter", Align::Left),
        ("loss", Align::Left),
    ]);
    for at in allocations {
        let shown = |estimate: &Estimate| format!("{} {}", value(estimate), interval(estimate));
        let compute = format!("{:e}{}", at.compute, if at.extrapolated { " *" } else { "" });
        table.push(vec![compute, shown(&at.params), shown(&at.tokens), shown(&at.tokens_per_param), shown(&at.loss)]);
    }
    text.table(&table);
    if allocations.iter().any(|at| at.extrapolated) {
        text.paragraph("* outside the compute of the points: the law is taken at its word there");
    }
}

fn symbol(of: LossLawQuantity) -> &'static str {
    match of {
        LossLawQuantity::Alpha => "α",
        LossLawQuantity::Beta => "β",
        LossLawQuantity::ParamsExponent => "β/(α+β)",
        LossLawQuantity::TokensExponent => "α/(α+β)",
        other => name(other),
    }
}

fn meaning(of: LossLawQuantity) -> &'static str {
    match of {
        LossLawQuantity::E => "loss that stays",
        LossLawQuantity::A | LossLawQuantity::Alpha => "size",
        LossLawQuantity::B | LossLawQuantity::Beta => "data",
        LossLawQuantity::ParamsExponent => "best N grows with compute to this power",
        LossLawQuantity::TokensExponent => "best D grows with compute to this power",
        LossLawQuantity::Params(_)
        | LossLawQuantity::Tokens(_)
        | LossLawQuantity::Ratio(_)
        | LossLawQuantity::Loss(_) => "",
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
