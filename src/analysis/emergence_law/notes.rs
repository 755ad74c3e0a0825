//! What a reader of a forecast of emergence should know.

use super::report::EmergenceLawReport;
use crate::analysis::words::percent;
use crate::stats::emergence_law::{EmergenceShift, LawBound};

/// With fewer clusters intervals are too short.
const FEW: usize = 12;
/// Share of resamples without a law that is worth saying.
const SOME: f64 = 0.02;

pub(super) fn all(report: &EmergenceLawReport) -> Vec<String> {
    let mut notes: Vec<String> = report.bounds.iter().map(|bound| at(*bound, report)).collect();
    let largest = report.points.iter().map(|point| point.compute).fold(0.0, f64::max);
    if report.c0.value.is_some_and(|c| c > largest.log10()) {
        notes.push("c₀ lies beyond the compute of all models: no score confirms it".to_owned());
    }
    if report.error.excludes_zero() == Some(true) {
        notes.push(
            "the forecast and the scores without task examples differ by more than chance: the law is not the one by which \
             these models emerge"
                .to_owned(),
        );
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

fn at(bound: LawBound, report: &EmergenceLawReport) -> String {
    match (bound, report.law.form) {
        (LawBound::Shift, _) if report.law.shift > 0.0 => {
            "the shift is as large as the range of compute allows: c₀ follows from that bound, not from the scores".to_owned()
        }
        (LawBound::Shift, _) => "task examples do not move the point of emergence in this fit".to_owned(),
        (LawBound::Scale, EmergenceShift::Logarithm) => {
            "D₀ ends at a bound: the numbers of examples do not show where the shift begins, and c₀ follows from that bound"
                .to_owned()
        }
        (LawBound::Scale, EmergenceShift::Power) => {
            "the power γ ends at a bound: the numbers of examples do not show it, and c₀ follows from that bound".to_owned()
        }
        (LawBound::Gain, _) => "the gain falls to a quarter, the most that is allowed".to_owned(),
    }
}
