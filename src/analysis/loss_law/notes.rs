//! What a reader of a law of loss should know.

use super::report::{LossLawReport, LossPoint};
use crate::analysis::words::percent;
use crate::registry::modelset::ModelRow;

/// With fewer clusters intervals are too short.
const FEW: usize = 12;
/// Share of the smallest loss below which E is nothing.
const NOTHING: f64 = 0.01;
/// Share of resamples without a law that is worth saying.
const SOME: f64 = 0.02;
/// Names of points that are listed.
const LISTED: usize = 4;

pub(super) fn all(report: &LossLawReport, found: &[(&ModelRow, f64, f64)]) -> Vec<String> {
    let mut notes = Vec::new();
    let by_compute = found.iter().filter(|(row, ..)| row.tokens.is_none()).count();
    if by_compute > 0 {
        notes.push(format!("the tokens of {by_compute} points are compute / (6 × params)"));
    }
    if found.iter().any(|(row, params, _)| row.active_params.is_some_and(|active| active != *params)) {
        notes.push(
            "some models have fewer active parameters than parameters; N counts all of them here; --params names the column \
             that counts"
                .to_owned(),
        );
    }
    if !report.converged {
        notes.push(
            "the search found no minimum: the best point that it saw is given, and other points may fit as well"
                .to_owned(),
        );
    }
    let smallest = report.points.iter().map(|point| point.loss).fold(f64::INFINITY, f64::min);
    if report.e.value.is_none_or(|e| e < NOTHING * smallest) {
        notes.push(
            "E cannot be told from 0: the points do not come near a loss that stays; larger models or more tokens would show it"
                .to_owned(),
        );
    }
    let below: Vec<&LossPoint> =
        report.points.iter().filter(|point| report.e.value.is_some_and(|e| point.loss <= e)).collect();
    if !below.is_empty() {
        let names: Vec<&str> = below.iter().take(LISTED).map(|point| point.model.as_str()).collect();
        notes.push(format!(
            "{} points have a loss below the estimate of E, which no size and no data give by this law: {}{}; are all losses of \
             one tokenizer and one test text?",
            below.len(),
            names.join(", "),
            if below.len() > LISTED { ", …" } else { "" }
        ));
    }
    if report.clusters < FEW {
        notes.push(format!(
            "with {} {} intervals are too short rather than too long",
            report.clusters,
            report.clustered_by.plural()
        ));
    }
    let lost = (report.resamples - report.resamples_fitted) as f64 / report.resamples.max(1) as f64;
    if lost > SOME {
        notes.push(format!("{} of the resamples have no law of this form and are left out", percent(lost)));
    }
    notes
}
