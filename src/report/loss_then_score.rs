//! A forecast in two steps, for people and as tables.

use crate::analysis::TrainingModels;
use crate::analysis::loss_then_score::{LadderForecast, LossThenScoreReport, RunRole, StepNumber};
use crate::analysis::words::{percent, scientific};
use crate::report::csv::{CsvTable, number};
use crate::report::terminal::{Align, TextTable};
use crate::report::text::{Text, counted, short};
use crate::stats::estimate::{Estimate, Interval};

/// Rows of a list for people.
const MOST: usize = 20;

fn cell(value: Option<f64>) -> String {
    value.map_or_else(String::new, number)
}

/// What a run was used for, in tables.
fn role(role: RunRole) -> &'static str {
    match role {
        RunRole::Trained => "trained",
        RunRole::HeldOut => "held_out",
        RunRole::Asked => "asked",
    }
}

/// The name of a number in tables.
fn name(of: StepNumber) -> &'static str {
    match of {
        StepNumber::E => "E",
        StepNumber::A => "A",
        StepNumber::B => "B",
        StepNumber::Alpha => "alpha",
        StepNumber::Beta => "beta",
        StepNumber::Top => "top",
        StepNumber::Drop => "drop",
        StepNumber::Middle => "middle",
        StepNumber::Steepness => "steepness",
    }
}

fn symbol(of: StepNumber) -> &'static str {
    match of {
        StepNumber::Alpha => "α",
        StepNumber::Beta => "β",
        StepNumber::Top => "u",
        StepNumber::Drop => "d",
        StepNumber::Middle => "L₀",
        StepNumber::Steepness => "k",
        StepNumber::E | StepNumber::A | StepNumber::B => name(of),
    }
}

fn meaning(of: StepNumber) -> &'static str {
    match of {
        StepNumber::E => "loss that stays",
        StepNumber::A | StepNumber::Alpha => "size",
        StepNumber::B | StepNumber::Beta => "data",
        StepNumber::Top => "score at the smallest losses",
        StepNumber::Drop => "how far scores fall below it",
        StepNumber::Middle => "loss where half of that is lost",
        StepNumber::Steepness => "how steeply",
    }
}

/// A row for every number of both steps: value, interval and method.
#[must_use]
pub(crate) fn parameters(report: &LossThenScoreReport) -> CsvTable {
    let mut table = CsvTable::new(&["parameter", "estimate", "low", "high", "method"]);
    for parameter in &report.parameters {
        let Estimate { value, interval, method, .. } = &parameter.estimate;
        table.rows.push(vec![
            name(parameter.name).to_owned(),
            cell(*value),
            cell(interval.low),
            cell(interval.high),
            method.map_or_else(String::new, |method| method.to_string()),
        ]);
    }
    table
}

/// A row for every run at its end, and every model that was asked for: what was measured and what is forecast, with the intervals of both
/// steps and of a run there.
#[must_use]
pub(crate) fn forecasts(report: &LossThenScoreReport) -> CsvTable {
    let mut table = CsvTable::new(&[
        "run",
        "role",
        "params",
        "tokens",
        "compute",
        "loss",
        "loss_forecast",
        "loss_low",
        "loss_high",
        "score",
        "score_forecast",
        "curve_low",
        "curve_high",
        "low",
        "high",
        "residual",
    ]);
    for run in &report.runs {
        table.rows.push(vec![
            run.run.clone(),
            role(run.role).to_owned(),
            number(run.params),
            number(run.tokens),
            number(run.compute()),
            cell(run.loss),
            number(run.loss_forecast),
            cell(run.loss_interval.low),
            cell(run.loss_interval.high),
            cell(run.score),
            number(run.score_forecast),
            cell(run.curve.low),
            cell(run.curve.high),
            cell(run.interval.low),
            cell(run.interval.high),
            cell(run.score.map(|score| score - run.score_forecast)),
        ]);
    }
    table
}

/// A row for every checkpoint.
#[must_use]
pub(crate) fn checkpoints(report: &LossThenScoreReport) -> CsvTable {
    let mut table = CsvTable::new(&["run", "tokens", "loss", "score", "score_at_loss"]);
    for point in &report.checkpoints {
        let mut row = vec![point.run.clone()];
        row.extend([point.tokens, point.loss, point.score, report.curve.score(point.loss)].map(number));
        table.rows.push(row);
    }
    table
}

/// The report as text of at most `width` columns.
#[must_use]
pub fn terminal(report: &LossThenScoreReport, width: usize) -> String {
    let mut text = Text { out: String::new(), width };
    text.paragraph(&format!(
        "{} by {}: {} with {} trained on{}, {} held out",
        report.score_name,
        report.loss_name,
        counted(report.trained, "run", "runs"),
        counted(report.checkpoints_trained, "checkpoint", "checkpoints"),
        chosen(report),
        report.held_out
    ));
    text.paragraph(&format!(
        "Step 1: L = E + A/N^α + B/D^β of the loss at the end of a run{}. Step 2: y = u - d / (1 + exp(-k (L - L₀))) of the score at a \
         loss, without the first {} of a run, with a perfect model ({}) at loss 0. {} intervals of {} resamples of runs.",
        if report.average > 1 { format!(" (mean of {} checkpoints)", report.average) } else { String::new() },
        percent(report.skip),
        short(report.perfect),
        percent(report.level),
        report.resamples
    ));
    text.line("");
    let mut table =
        TextTable::new(&[("", Align::Left), ("estimate", Align::Right), ("interval", Align::Left), ("", Align::Left)]);
    for parameter in &report.parameters {
        let shown = parameter.estimate.value.map_or_else(|| "–".to_owned(), short);
        let (name, meaning) = (symbol(parameter.name).to_owned(), meaning(parameter.name).to_owned());
        table.push(vec![name, shown, interval(&parameter.estimate.interval), meaning]);
    }
    text.table(&table);
    text.line("");
    ahead(&mut text, report);
    errors(&mut text, report);
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

/// Which runs are trained on.
fn chosen(report: &LossThenScoreReport) -> String {
    match (&report.training, report.at_most) {
        (_, Some(most)) => format!(" (up to {} FLOPs)", scientific(most, 2)),
        (TrainingModels::Chosen(selections), None) => {
            let all: Vec<String> = selections.iter().map(ToString::to_string).collect();
            format!(" ({})", all.join(", "))
        }
        (TrainingModels::All | TrainingModels::Smaller | TrainingModels::AtMost(_), None) => String::new(),
    }
}

/// What is forecast, and what was measured there.
fn ahead(text: &mut Text, report: &LossThenScoreReport) {
    let runs: Vec<&LadderForecast> = report.runs.iter().filter(|run| run.role != RunRole::Trained).collect();
    if runs.is_empty() {
        return;
    }
    let mut table = TextTable::new(&[
        ("forecast", Align::Left),
        ("compute", Align::Right),
        ("loss", Align::Right),
        ("by step 1", Align::Left),
        ("score", Align::Right),
        ("by both steps", Align::Left),
    ]);
    let measured = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), short);
    for run in runs.iter().take(MOST) {
        table.push(vec![
            run.run.clone(),
            scientific(run.compute(), 1),
            measured(run.loss),
            format!("{} {}", short(run.loss_forecast), interval(&run.loss_interval)),
            measured(run.score),
            format!("{} {}", short(run.score_forecast), interval(&run.interval)),
        ]);
    }
    text.table(&table);
    if runs.len() > MOST {
        text.paragraph(&format!("{} more are in forecasts.csv (--out) and in --format csv.", runs.len() - MOST));
    }
}

/// How far forecasts are off.
fn errors(text: &mut Text, report: &LossThenScoreReport) {
    let loss = |error: f64| percent((1e3 * error).round() / 1e3);
    text.paragraph(&format!(
        "Mean error of the runs trained on: loss {}, score {}.",
        loss(report.loss_error_training),
        short(report.score_error_training)
    ));
    if let Some((of_loss, of_score)) = report.loss_error_held_out.zip(report.score_error_held_out) {
        text.paragraph(&format!(
            "Of the {} held out: loss {}, score {}; {} {} in the interval.",
            counted(report.held_out, "run", "runs"),
            loss(of_loss),
            short(of_score),
            report.inside,
            if report.inside == 1 { "lies" } else { "lie" }
        ));
    }
}

fn interval(interval: &Interval) -> String {
    let end = |end: Option<f64>| end.map_or_else(|| "…".to_owned(), short);
    if interval.is_open() { String::new() } else { format!("[{}, {}]", end(interval.low), end(interval.high)) }
}
