//! What a reader of a forecast from benchmarks should know.

use super::report::{ModelRole, ObservationalReport};
use crate::analysis::TrainingModels;
use crate::analysis::words::percent;

/// With fewer clusters intervals are too short.
const FEW: usize = 12;
/// Share of resamples without a curve that is worth saying.
const SOME: f64 = 0.02;
/// Decades beyond the models of a family that are worth saying.
const FAR: f64 = 1.0;

pub(super) fn all(report: &ObservationalReport) -> Vec<String> {
    let mut notes = Vec::new();
    let without = report.models.iter().filter(|model| model.compute.is_none() && model.role != ModelRole::Trained);
    let without = without.count();
    if report.at_most.is_some() && without > 0 {
        notes.push(format!("{without} models without compute are not trained on"));
    }
    if report.training == TrainingModels::All && report.held_out == 0 {
        notes.push("no model is held out, so that nothing says how far forecasts are off".to_owned());
    }
    let missing: usize = report
        .models
        .iter()
        .filter(|model| model.role == ModelRole::Trained)
        .map(|model| report.benchmarks.len() - model.benchmarks)
        .sum();
    if missing > 0 {
        let are = if missing == 1 { "score of training models is" } else { "scores of training models are" };
        notes.push(format!("{missing} {are} missing and filled by one component of the others"));
    }
    let highest = |role: ModelRole| {
        report.models.iter().filter(|model| model.role == role).map(|model| model.index).reduce(f64::max)
    };
    if let Some(trained) = highest(ModelRole::Trained) {
        let beyond =
            report.models.iter().filter(|model| model.role != ModelRole::Trained && model.index > trained).count();
        if beyond > 0 {
            notes.push(format!(
                "{beyond} models have a higher index than every training model: there the curve is extrapolated"
            ));
        }
    }
    for ahead in report.predicted.iter().filter(|ahead| ahead.decades_outside > FAR) {
        notes.push(format!(
            "{} at {:e} FLOPs lies {:.1} decades outside the compute of its models",
            ahead.family, ahead.compute, ahead.decades_outside
        ));
    }
    if report.clusters < FEW {
        notes.push(format!(
            "with {} {} to train on intervals are too short rather than too long",
            report.clusters,
            report.clustered_by.plural()
        ));
    }
    let lost = (report.resamples - report.resamples_fitted) as f64 / report.resamples.max(1) as f64;
    if lost > SOME {
        notes.push(format!("{} of the resamples have no curve and are left out", percent(lost)));
    }
    notes
}
