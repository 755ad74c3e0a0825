//! What a reader of a forecast in two steps should know.

use super::report::{LadderForecast, LossThenScoreReport, RunRole};
use crate::analysis::words::percent;
use crate::stats::linear::Linear;

/// With fewer runs intervals are too short.
const FEW: usize = 12;
/// Share of the smallest loss below which E is nothing.
const NOTHING: f64 = 0.01;
/// Share of resamples without a step that is worth saying.
const SOME: f64 = 0.02;
/// An end of the score that is this near to that of a perfect model is at it, as a share of it.
const AT_PERFECT: f64 = 1e-9;

/// A fall with a larger p-value, to one side, is none.
const CHANCE: f64 = 0.05;

pub(super) fn all(report: &LossThenScoreReport, by_compute: usize, mixtures: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if by_compute > 0 {
        notes.push(format!("the tokens of {by_compute} points are compute / (6 × params)"));
    }
    if mixtures {
        notes.push(
            "some models have fewer active parameters than parameters; N counts all of them here; --params names the column \
             that counts"
                .to_owned(),
        );
    }
    if report.held_out == 0 {
        notes.push("no run is held out, so that nothing says how far forecasts are off".to_owned());
    }
    if shows_no_fall(report) {
        notes.push(format!(
            "over the runs that are trained on, {} does not fall with the loss by more than chance: where it rises follows from the \
             perfect model at loss 0 alone",
            report.score_name
        ));
    }
    if !report.converged {
        notes.push(
            "the search for the law of loss found no minimum: the best point that it saw is given, and other points may fit as well"
                .to_owned(),
        );
    }
    let ends = || report.of(RunRole::Trained).filter_map(|run| run.loss);
    if report.law.e < NOTHING * ends().fold(f64::INFINITY, f64::min) {
        notes.push(
            "E cannot be told from 0: the runs do not come near a loss that stays; larger models or more tokens would show it"
                .to_owned(),
        );
    }
    if report.curve.top >= report.perfect * (1.0 - AT_PERFECT) {
        notes.push("the curve of the second step ends at a perfect score: the runs show no lower ceiling".to_owned());
    }
    let trained: Vec<&str> = report.of(RunRole::Trained).map(|run| run.run.as_str()).collect();
    let seen = report.checkpoints.iter().filter(|point| trained.contains(&point.run.as_str()));
    let smallest = seen.map(|point| point.loss).fold(f64::INFINITY, f64::min);
    let beyond = |run: &&LadderForecast| run.role != RunRole::Trained && run.loss_forecast < smallest;
    let beyond: Vec<&str> = report.runs.iter().filter(beyond).map(|run| run.run.as_str()).collect();
    if !beyond.is_empty() {
        notes.push(format!(
            "{} {} a loss below all that are trained on: there the curve of the second step is extrapolated, held by the perfect model \
             at loss 0",
            beyond.join(", "),
            if beyond.len() == 1 { "has" } else { "have" }
        ));
    }
    if report.trained < FEW {
        notes.push(format!("with {} runs to train on intervals are too short rather than too long", report.trained));
    }
    let lost = (report.resamples - report.resamples_fitted) as f64 / report.resamples.max(1) as f64;
    if lost > SOME {
        notes.push(format!("{} of the resamples have no law or no curve and are left out", percent(lost)));
    }
    notes
}

/// Whether a straight line of the scores over the losses, of the runs that are trained on at their ends, may be level.
fn shows_no_fall(report: &LossThenScoreReport) -> bool {
    let (loss, score): (Vec<f64>, Vec<f64>) =
        report.of(RunRole::Trained).filter_map(|run| run.loss.zip(run.score)).unzip();
    let line = Linear::new().fit(&loss, &score, &[]).ok();
    let two_sided = line.as_ref().and_then(|line| line.least_squares.p_values()).and_then(|p| p.get(1).copied());
    // Without residuals there is no p-value, and no doubt.
    line.zip(two_sided).is_some_and(|(line, p)| line.slope >= 0.0 || 0.5 * p > CHANCE)
}
