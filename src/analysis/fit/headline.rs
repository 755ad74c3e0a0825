//! What stands at the top of the report: the hinge's quantities, or what another curve has to say under their names.

use super::fitted::Fitted;
use super::models::FitModels;
use super::report::{BreakReport, CutoffReport, EquivalenceReport, ErrorReport};
use crate::registry::modelset::{Group, ModelSet, XScale};
use crate::stats::estimate::{Estimate, Named, finite};
use crate::stats::parameter::Parameter;

/// What stands at the top of the report.
pub(super) struct Headline {
    pub(super) alpha: Estimate,
    pub(super) c_log10: Estimate,
    pub(super) c_e: Estimate,
    pub(super) thetas: Vec<Named<Group>>,
    pub(super) break_test: BreakReport,
    pub(super) equivalence: EquivalenceReport,
    pub(super) wild_p: Option<f64>,
    pub(super) permutation_p: Option<f64>,
    pub(super) cutoffs: Option<Vec<CutoffReport>>,
    pub(super) c_set: Option<Vec<(Option<f64>, Option<f64>)>>,
    pub(super) measurement_error: Option<Vec<ErrorReport>>,
}

/// What a curve other than the hinge has to say under the hinge's names.
pub(super) fn of_other_curve(set: &ModelSet, models: &FitModels<'_>, main: &Fitted) -> Headline {
    let name = main.curve.name();
    let c = main.parameter(Parameter::C).unwrap_or_else(|| Estimate::unknown(format!("the {name} curve has no break")));
    let (c_log10, c_e) = break_parameters(c, set.predictor.scale);
    let skipped = format!("computed for the hinge only, not for the {name} curve");
    Headline {
        alpha: Estimate::unknown(format!("the parameters of the {name} curve are under `curves`")),
        c_log10,
        c_e,
        thetas: thetas(set, models, |k| main.parameter(Parameter::theta(k, models.places.len()))),
        break_test: BreakReport { reason: Some(skipped.clone()), ..BreakReport::default() },
        equivalence: EquivalenceReport { reason: Some(skipped), ..EquivalenceReport::default() },
        wild_p: None,
        permutation_p: None,
        cutoffs: None,
        c_set: None,
        measurement_error: None,
    }
}

/// One difference per group, with a reason for those that cannot be estimated.
pub(super) fn thetas(
    set: &ModelSet,
    models: &FitModels<'_>,
    mut estimate: impl FnMut(usize) -> Option<Estimate>,
) -> Vec<Named<Group>> {
    let mut one = |place: usize| match models.places.iter().position(|p| *p == place) {
        Some(k) => estimate(k).unwrap_or_else(|| Estimate::unknown("the data do not determine this difference")),
        None => Estimate::unknown("all models have the same value, so there is nothing to compare"),
    };
    set.groups.iter().enumerate().map(|(k, group)| Named { name: group.clone(), estimate: one(k) }).collect()
}

/// The first group's difference.
pub(super) fn first(thetas: &[Named<Group>]) -> Estimate {
    let none = || Estimate::unknown("the models are not divided into groups");
    thetas.first().map_or_else(none, |named| named.estimate.clone())
}

/// The break on the log10 scale and in the predictor's own unit.
pub(super) fn break_parameters(c: Estimate, scale: XScale) -> (Estimate, Estimate) {
    match scale {
        XScale::Linear => (Estimate::unknown("the predictor is on a linear scale: its break is c_e"), c),
        XScale::Log10 => {
            let power = |v: f64| 10f64.powf(v);
            let mut own = c.clone();
            own.value = c.value.map(power).and_then(finite);
            own.se = c.se.zip(own.value).and_then(|(se, c_e)| finite(se * c_e * std::f64::consts::LN_10));
            own.interval = c.interval.map(power);
            for other in &mut own.others {
                other.interval = other.interval.map(power);
            }
            (c, own)
        }
    }
}
