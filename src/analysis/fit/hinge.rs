//! The emergence curve: what [`Inference`] finds, in the report's own terms.

use super::curves::{self, Fitted, break_parameters, thetas};
use super::data::Sample;
use super::parameter::{Interval, Named, Parameter, finite};
use super::report::{BreakReport, CutoffReport, DifferenceReport, EquivalenceReport, ErrorReport};
use super::settings::{FitSettings, LEVEL};
use crate::registry::Month;
use crate::registry::modelset::{Group, ModelSet};
use crate::stats::hinge::{HingeFit, Outcome};
use crate::stats::inference::{Inference, InferenceReport, Quantity};
use crate::stats::observations::group_of_name;
use crate::stats::selection::Curve;
use crate::stats::sensitivity::{self, Cutoff};
use crate::stats::simex::Corrected;
use crate::{Error, Result};

/// What stands at the top of the report.
pub(super) struct Headline {
    pub(super) alpha: Parameter,
    pub(super) c_log10: Parameter,
    pub(super) c_e: Parameter,
    pub(super) thetas: Vec<Named>,
    pub(super) break_test: BreakReport,
    pub(super) equivalence: EquivalenceReport,
    pub(super) wild_p: Option<f64>,
    pub(super) permutation_p: Option<f64>,
    pub(super) cutoffs: Option<Vec<CutoffReport>>,
    pub(super) c_set: Option<Vec<(Option<f64>, Option<f64>)>>,
    pub(super) measurement_error: Option<Vec<ErrorReport>>,
}

const SIMEX: &str = "simulation–extrapolation";
const WEIGHTED: &str = "computed without weights only";

/// The analysis of this sample's hinge as the settings have it.
fn inference(settings: &FitSettings, sample: &Sample<'_>) -> Inference {
    let inference = Inference::new(sample.chance.unwrap_or(0.0))
        .seed(settings.seed.0)
        .replicates(settings.bootstrap)
        .level(LEVEL)
        .covariance(settings.covariance);
    let inference = if sample.chance.is_none() { inference.free_chance() } else { inference };
    let inference = match settings.margin {
        Some(margin) => inference.margin(margin),
        None => inference,
    };
    match sample.rows.iter().map(|row| row.compute_sd).collect::<Option<Vec<f64>>>() {
        Some(sd) if sd.iter().any(|sd| *sd > 0.0) => inference.compute_sd(&sd),
        _ => inference,
    }
}

/// Everything there is to say of the hinge without weights.
///
/// # Errors
/// Those of [`Inference::run`].
pub(super) fn headline(
    settings: &FitSettings,
    set: &ModelSet,
    sample: &Sample<'_>,
    main: &Fitted,
    unknown: &mut Vec<String>,
) -> Result<Headline> {
    let found = inference(settings, sample).run(&sample.x, &sample.y, &sample.groups, &sample.clusters)?;
    let others = |quantity: &Quantity| {
        let same = found.others.iter().filter(|other| other.parameter == quantity.parameter);
        same.map(Interval::from).collect::<Vec<_>>()
    };
    let parameter = |quantity: &Quantity| Parameter { intervals: others(quantity), ..Parameter::from(quantity) };
    let mut alpha = parameter(&found.alpha);
    let mut c = parameter(&found.c);
    if let Some(own) = main.parameter("c").filter(|_| c.estimate.is_some()) {
        // A set of values has no standard error; the covariance's is the one that goes with those of α and θ.
        (c.se, c.df) = (own.se, own.df);
    }
    let mut all = thetas(set, sample, |k| {
        let mut theta = parameter(found.theta.get(k)?);
        if let Some(Ok(test)) = found.wild.get(k) {
            let wild = theta.intervals.iter_mut().find(|i| i.method.contains("wild"));
            wild.into_iter().for_each(|i| i.p_value = finite(test.p_value));
        }
        Some(theta)
    });
    let errors = corrected(&found, unknown);
    for error in errors.iter().flatten() {
        let place = |name: &str| sample.places.get(group_of_name(name)?);
        match error.name.as_str() {
            "alpha" => correct(&mut alpha, error),
            "c" => correct(&mut c, error),
            name => {
                if let Some(place) = place(name) {
                    correct(&mut all[*place].parameter, error);
                }
            }
        }
    }
    let (c_log10, c_e) = break_parameters(c, set.predictor.scale);
    Ok(Headline {
        equivalence: equivalence(settings, &found),
        wild_p: found.wild.first().and_then(|test| noted("wild cluster bootstrap", test, unknown)).map(|t| t.p_value),
        permutation_p: found
            .permutation
            .first()
            .and_then(|test| noted("permutation of families", test, unknown))
            .map(|t| t.p_value),
        break_test: break_test(&found),
        c_set: found.c_set.as_ref().ok().map(|set| set.pieces.iter().map(|piece| (piece.low, piece.high)).collect()),
        measurement_error: errors,
        cutoffs: cutoffs(set, sample, unknown),
        alpha,
        c_log10,
        c_e,
        thetas: all,
    })
}

/// The hinge with weights, of which only the covariance knows.
pub(super) fn weighted_headline(
    set: &ModelSet,
    sample: &Sample<'_>,
    fit: &HingeFit,
    main: &Fitted,
    unknown: &mut Vec<String>,
) -> Headline {
    unknown.push(format!("bootstraps, tests and the set of breaks: {WEIGHTED}"));
    let c = match fit.outcome {
        Outcome::Break => main
            .parameter("c")
            .unwrap_or_else(|| Parameter::bare(fit.c, "other breaks between the same neighbouring models fit as well")),
        Outcome::NoBreak => Parameter::unknown("no break within the data: every model lies beyond it"),
        Outcome::Flat => Parameter::unknown("no break: nothing rises above chance"),
    };
    let (c_log10, c_e) = break_parameters(c, set.predictor.scale);
    Headline {
        alpha: main.parameter("alpha").unwrap_or_else(|| Parameter::unknown("nothing rises above chance")),
        c_log10,
        c_e,
        thetas: thetas(set, sample, |k| main.theta(k, sample.groups.len())),
        break_test: BreakReport { reason: Some(WEIGHTED.into()), ..BreakReport::default() },
        equivalence: EquivalenceReport { reason: Some(WEIGHTED.into()), ..EquivalenceReport::default() },
        wild_p: None,
        permutation_p: None,
        cutoffs: None,
        c_set: None,
        measurement_error: None,
    }
}

/// The value, or a line in the list of what is not known.
fn noted<'v, T>(what: &str, value: &'v Result<T>, unknown: &mut Vec<String>) -> Option<&'v T> {
    value.as_ref().map_err(|error| unknown.push(format!("{what}: {error}"))).ok()
}

impl From<&Quantity> for Parameter {
    fn from(quantity: &Quantity) -> Self {
        Self {
            estimate: quantity.estimate.and_then(finite),
            se: quantity.standard_error.and_then(finite),
            df: quantity.degrees_of_freedom.and_then(finite),
            low: quantity.low.and_then(finite),
            high: quantity.high.and_then(finite),
            p_value: quantity.p_value.and_then(finite),
            method: Some(quantity.method.to_owned()),
            reason: quantity.note.clone(),
            intervals: Vec::new(),
        }
    }
}

impl From<&Quantity> for Interval {
    fn from(quantity: &Quantity) -> Self {
        Self {
            method: quantity.method.to_owned(),
            se: quantity.standard_error.and_then(finite),
            low: quantity.low.and_then(finite),
            high: quantity.high.and_then(finite),
            p_value: quantity.p_value.and_then(finite),
            reason: quantity.note.clone(),
        }
    }
}

fn break_test(found: &InferenceReport) -> BreakReport {
    match &found.break_test {
        Ok(test) => BreakReport {
            sup_f: finite(test.sup_f),
            p_value: finite(test.p_value),
            davies_p: test.davies.and_then(|davies| finite(davies.p_value)),
            reason: finite(test.sup_f).is_none().then(|| "F exceeds the largest number".into()),
        },
        Err(error) => BreakReport { reason: Some(error.to_string()), ..BreakReport::default() },
    }
}

/// The first group's.
fn equivalence(settings: &FitSettings, found: &InferenceReport) -> EquivalenceReport {
    let smallest = match found.smallest_margin.first() {
        Some(Ok(margin)) => finite(*margin),
        Some(Err(error)) => {
            let reason = Some(error.to_string());
            return EquivalenceReport { margin: settings.margin, reason, ..EquivalenceReport::default() };
        }
        None => {
            let reason = Some("there is no difference between groups to test".into());
            return EquivalenceReport { margin: settings.margin, reason, ..EquivalenceReport::default() };
        }
    };
    let bare = EquivalenceReport { margin: settings.margin, smallest_margin: smallest, ..EquivalenceReport::default() };
    match found.equivalence.as_ref().and_then(|tests| tests.first()) {
        Some(Ok(test)) => {
            EquivalenceReport { p_value: finite(test.p_value), equivalent: Some(test.equivalent), ..bare }
        }
        Some(Err(error)) => EquivalenceReport { reason: Some(error.to_string()), ..bare },
        None => EquivalenceReport { reason: Some("no margin was given".into()), ..bare },
    }
}

fn corrected(found: &InferenceReport, unknown: &mut Vec<String>) -> Option<Vec<ErrorReport>> {
    let corrected = noted("error in compute", found.uncertain_compute.as_ref()?, unknown)?;
    Some(corrected.iter().map(ErrorReport::from).collect())
}

impl From<&Corrected> for ErrorReport {
    fn from(one: &Corrected) -> Self {
        let (low, high) = one.interval.unzip();
        Self {
            name: one.name.clone(),
            plain: finite(one.plain),
            corrected: one.corrected.and_then(finite),
            attenuation: one.attenuation.and_then(finite),
            se: one.standard_error.and_then(finite),
            low: low.and_then(finite),
            high: high.and_then(finite),
        }
    }
}

/// The first group's difference for every other month that the cut-off could have been, where it is the only group and one
/// by release.
fn cutoffs(set: &ModelSet, sample: &Sample<'_>, unknown: &mut Vec<String>) -> Option<Vec<CutoffReport>> {
    let by_release = matches!(set.groups[..], [Group::Release(_)]) && sample.places.len() == 1;
    let months: Vec<i64> = sample.rows.iter().map(|row| row.release.map(Month::count)).collect::<Option<_>>()?;
    let swept = || sensitivity::cutoffs(&curves::hinge(sample), &sample.x, &sample.y, &months, &sample.clusters);
    let swept = by_release.then(swept)?;
    let swept = noted("other cut-offs", &swept, unknown)?;
    swept.iter().map(CutoffReport::of).collect()
}

impl CutoffReport {
    /// Of a cut-off counted in months; `None` for one that no calendar has, which those between models' months are not.
    fn of(one: &Cutoff) -> Option<Self> {
        let (low, high) = one.interval.unzip();
        Some(Self {
            cutoff: Month::of_count(one.cutoff)?,
            n_models: one.members,
            theta: one.theta.and_then(finite),
            se: one.standard_error.and_then(finite),
            low: low.and_then(finite),
            high: high.and_then(finite),
            p_value: one.p_value.and_then(finite),
            c_position: one.emergence.and_then(finite),
        })
    }
}

/// Puts the corrected estimate in the place of the plain one, which stays among the intervals.
fn correct(parameter: &mut Parameter, error: &ErrorReport) {
    let Some(estimate) = error.corrected.filter(|_| parameter.estimate.is_some()) else { return };
    let plain = std::mem::take(parameter);
    let reason = error.se.is_none().then(|| "no standard error: the extrapolated variance is not positive".into());
    *parameter = Parameter {
        estimate: Some(estimate),
        se: error.se,
        low: error.low,
        high: error.high,
        method: Some(SIMEX.into()),
        reason,
        intervals: std::iter::once(plain.own_interval()).chain(plain.intervals.iter().cloned()).collect(),
        ..Parameter::default()
    };
}

/// What adjustment changed: the hinge's quantities for the scores of `sample` minus those for `after`, the same models'.
pub(super) fn difference(
    settings: &FitSettings,
    set: &ModelSet,
    sample: &Sample<'_>,
    after: &[f64],
) -> DifferenceReport {
    let found = if settings.curve.headline() != Curve::Hinge {
        Err(Error::Undetermined("computed for the hinge only".into()))
    } else if sample.weights.is_some() {
        Err(Error::Undetermined(WEIGHTED.into()))
    } else {
        inference(settings, sample).difference(&sample.x, &sample.y, after, &sample.groups, &sample.clusters)
    };
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            let none = || Parameter::unknown(error.to_string());
            let thetas = thetas(set, sample, |_| Some(none()));
            return DifferenceReport { theta: none(), thetas, c: none(), alpha: none(), r_squared: none() };
        }
    };
    let parameter = |quantity: &Quantity| {
        let same = found.others.iter().filter(|other| other.parameter == quantity.parameter);
        Parameter { intervals: same.map(Interval::from).collect(), ..Parameter::from(quantity) }
    };
    let thetas = thetas(set, sample, |k| found.theta.get(k).map(parameter));
    DifferenceReport {
        theta: first(&thetas),
        thetas,
        c: parameter(&found.c),
        alpha: parameter(&found.alpha),
        r_squared: parameter(&found.r_squared),
    }
}

/// The first group's difference.
pub(super) fn first(thetas: &[Named]) -> Parameter {
    let none = || Parameter::unknown("the models are not divided into groups");
    thetas.first().map_or_else(none, |named| named.parameter.clone())
}
