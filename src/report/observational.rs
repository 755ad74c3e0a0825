//! A benchmark forecast from others, for people and as tables.

use crate::analysis::TrainingModels;
use crate::analysis::observational::{ModelForecast, ModelRole, ObservationalReport};
use crate::analysis::words::percent;
use crate::report::csv::{CsvTable, number};
use crate::report::terminal::{Align, TextTable};
use crate::report::text::{Text, counted, short};
use crate::stats::estimate::Interval;

/// Rows of a list for people.
const MOST: usize = 20;

fn cell(value: Option<f64>) -> String {
    value.map_or_else(String::new, number)
}

/// What a model was used for, in tables.
fn role(role: ModelRole) -> &'static str {
    match role {
        ModelRole::Trained => "trained",
        ModelRole::HeldOut => "held_out",
        ModelRole::WithoutScore => "without_score",
    }
}

/// A row for every model: what it was used for, its score, index and forecast, and intervals of the curve and of a model there.
#[must_use]
pub(crate) fn forecasts(report: &ObservationalReport) -> CsvTable {
    let mut table = CsvTable::new(&[
        "model",
        "cluster",
        "compute",
        "role",
        "benchmarks",
        "index",
        "score",
        "forecast",
        "curve_low",
        "curve_high",
        "low",
        "high",
        "residual",
    ]);
    for model in &report.models {
        table.rows.push(vec![
            model.model.clone(),
            model.cluster.clone(),
            cell(model.compute),
            role(model.role).to_owned(),
            model.benchmarks.to_string(),
            number(model.index),
            cell(model.score),
            number(model.forecast),
            cell(model.curve.low),
            cell(model.curve.high),
            cell(model.interval.low),
            cell(model.interval.high),
            cell(model.score.map(|score| score - model.forecast)),
        ]);
    }
    table
}

/// A row for every family with a line, and after them one for every family at a compute that was asked for.
#[must_use]
pub(crate) fn families(report: &ObservationalReport) -> CsvTable {
    let mut table = CsvTable::new(&[
        "family",
        "models",
        "slope",
        "intercept",
        "r_squared",
        "compute",
        "decades_outside",
        "index",
        "forecast",
        "curve_low",
        "curve_high",
        "low",
        "high",
    ]);
    for line in &report.families {
        let mut row = vec![line.family.clone(), line.models.to_string(), number(line.slope), number(line.intercept)];
        row.push(cell(line.r_squared));
        row.resize(table.columns.len(), String::new());
        table.rows.push(row);
    }
    for ahead in &report.predicted {
        let mut row = vec![ahead.family.clone(), ahead.models.to_string(), String::new(), String::new(), String::new()];
        row.extend([ahead.compute, ahead.decades_outside, ahead.index, ahead.forecast].map(number));
        row.extend([ahead.curve.low, ahead.curve.high, ahead.interval.low, ahead.interval.high].map(cell));
        table.rows.push(row);
    }
    table
}

/// A row for every loading: benchmark, component, the share of the variance that the component takes, its slope in the index.
#[must_use]
pub(crate) fn components(report: &ObservationalReport) -> CsvTable {
    let mut table = CsvTable::new(&["benchmark", "models", "component", "loading", "share", "slope"]);
    for benchmark in &report.benchmarks {
        for (k, loading) in benchmark.loadings.iter().enumerate() {
            table.rows.push(vec![
                benchmark.name.clone(),
                benchmark.models.to_string(),
                (k + 1).to_string(),
                number(*loading),
                number(report.shares[k]),
                number(report.slopes[k]),
            ]);
        }
    }
    table
}

/// The report as text of at most `width` columns.
#[must_use]
pub fn terminal(report: &ObservationalReport, width: usize) -> String {
    let mut text = Text { out: String::new(), width };
    text.paragraph(&format!(
        "{} forecast from {} by {}: {} of {} {} trained on{}",
        report.score_name,
        counted(report.benchmarks.len(), "benchmark", "benchmarks"),
        counted(report.shares.len(), "component", "components"),
        counted(report.trained, "model", "models"),
        report.clusters,
        report.clustered_by.plural(),
        chosen(report)
    ));
    text.paragraph(&format!(
        "Chance {:.4} ({}), perfect {}; floor of the curve {}{}",
        report.chance,
        report.chance_source,
        short(report.perfect),
        short(report.floor),
        if report.floor_estimated { " (estimated)" } else { "" }
    ));
    let shares: Vec<String> = report.shares.iter().map(|share| percent((1e3 * share).round() / 1e3)).collect();
    text.paragraph(&format!("Variance of the benchmarks by component: {}", shares.join(", ")));
    text.line("");
    errors(&mut text, report);
    list(&mut text, report, "Held out", ModelRole::HeldOut);
    list(&mut text, report, "No score yet", ModelRole::WithoutScore);
    ahead(&mut text, report);
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

fn chosen(report: &ObservationalReport) -> String {
    match (&report.training, report.at_most) {
        (TrainingModels::Chosen(selections), _) => {
            let all: Vec<String> = selections.iter().map(ToString::to_string).collect();
            format!(", those with {}", all.join(" and "))
        }
        (_, Some(most)) => format!(", those of at most {most:.3e} FLOPs"),
        (_, None) => ", all with a score".to_owned(),
    }
}

fn errors(text: &mut Text, report: &ObservationalReport) {
    let mut table = TextTable::new(&[
        ("mean squared error", Align::Left),
        ("trained on", Align::Right),
        ("held out", Align::Right),
        ("", Align::Left),
    ]);
    let shown = |mse: Option<f64>| mse.map_or_else(|| "–".to_owned(), |mse| format!("{mse:.2e}"));
    let within = match report.held_out {
        0 => String::new(),
        held => format!("{} of {} held out within their {} interval", report.inside, held, percent(report.level)),
    };
    table.push(vec!["components".to_owned(), shown(Some(report.mse_training)), shown(report.mse_held_out), within]);
    if let Some(alone) = &report.by_compute {
        let same = match (alone.held_out == report.held_out, alone.mse_held_out_of_components) {
            (false, Some(mse)) => {
                format!("components on the same {}: {}", counted(alone.held_out, "model", "models"), shown(Some(mse)))
            }
            _ => String::new(),
        };
        table.push(vec!["compute alone".to_owned(), shown(Some(alone.mse_training)), shown(alone.mse_held_out), same]);
    }
    text.table(&table);
}

fn list(text: &mut Text, report: &ObservationalReport, title: &str, of: ModelRole) {
    let mut models: Vec<&ModelForecast> = report.models.iter().filter(|model| model.role == of).collect();
    if models.is_empty() {
        return;
    }
    models.sort_by(|a, b| b.forecast.total_cmp(&a.forecast));
    text.line("");
    let scored = of == ModelRole::HeldOut;
    let mut header = vec![(title, Align::Left), ("compute", Align::Right)];
    header.extend(scored.then_some(("score", Align::Right)));
    header.extend([("forecast", Align::Right), ("interval of a model", Align::Left)]);
    let mut table = TextTable::new(&header);
    for model in models.iter().take(MOST) {
        let mut row =
            vec![model.model.clone(), model.compute.map_or_else(|| "–".to_owned(), |compute| format!("{compute:.2e}"))];
        row.extend(scored.then(|| model.score.map_or_else(String::new, |score| format!("{score:.3}"))));
        row.extend([format!("{:.3}", model.forecast), interval(&model.interval)]);
        table.push(row);
    }
    text.table(&table);
    if models.len() > MOST {
        text.paragraph(&format!("… and {} more; --format csv lists all", models.len() - MOST));
    }
}

fn ahead(text: &mut Text, report: &ObservationalReport) {
    if report.predicted.is_empty() {
        return;
    }
    text.line("");
    let mut table = TextTable::new(&[
        ("Family", Align::Left),
        ("compute", Align::Right),
        ("forecast", Align::Right),
        ("interval of a model", Align::Left),
        ("", Align::Left),
    ]);
    for ahead in &report.predicted {
        table.push(vec![
            ahead.family.clone(),
            format!("{:.2e}", ahead.compute),
            format!("{:.3}", ahead.forecast),
            interval(&ahead.interval),
            format!("by the line of {}", counted(ahead.models, "model", "models")),
        ]);
    }
    text.table(&table);
}

fn interval(interval: &Interval) -> String {
    interval.ends().map_or_else(String::new, |(low, high)| format!("[{low:.3}, {high:.3}]"))
}
