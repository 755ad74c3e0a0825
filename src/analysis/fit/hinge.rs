//! The emergence curve: what [`Inference`] finds, in the report's own terms.

use super::fitted::Fitted;
use super::headline::{Headline, break_parameters, first, thetas};
use super::models::FitModels;
use super::report::{BreakReport, CutoffReport, DifferenceReport, EquivalenceReport, ErrorReport};
use super::settings::{FitSettings, LEVEL};
use crate::registry::Month;
use crate::registry::modelset::{Group, ModelSet};
use crate::stats::curves::Curve;
use crate::stats::estimate::{Estimate, Method, finite};
use crate::stats::inference::{Inference, InferenceReport};
use crate::stats::parameter::Parameter;
use crate::stats::sensitivity::{self, Cutoff};
use crate::stats::simex::Corrected;
use crate::{Error, Result};

/// The analysis of these models' hinge as the settings have it.
fn inference(settings: &FitSettings, models: &FitModels<'_>) -> Inference {
    let inference = Inference::new(models.chance.unwrap_or(0.0))
        .seed(settings.seed.0)
        .replicates(settings.bootstrap)
        .level(LEVEL)
        .covariance(settings.covariance);
    let inference = if models.chance.is_none() { inference.free_chance() } else { inference };
    let inference = match settings.margin {
        Some(margin) => inference.margin(margin),
        None => inference,
    };
    match models.rows.iter().map(|row| row.compute_sd).collect::<Option<Vec<f64>>>() {
        Some(sd) if sd.iter().any(|sd| *sd > 0.0) => inference.compute_sd(&sd),
        _ => inference,
    }
}

/// Everything there is to say of the hinge.
///
/// # Errors
/// Those of [`Inference::run`].
pub(super) fn headline(
    settings: &FitSettings,
    set: &ModelSet,
    models: &FitModels<'_>,
    main: &Fitted,
    unknown: &mut Vec<String>,
) -> Result<Headline> {
    let found = inference(settings, models).run(&models.sample)?;
    let (mut alpha, mut c) = (found.alpha.clone(), found.c.clone());
    if let Some(own) = main.parameter(Parameter::C).filter(|_| c.value.is_some()) {
        // A set of values has no standard error; the covariance's is the one that goes with those of α and θ.
        (c.se, c.df) = (own.se, own.df);
    }
    let mut all = thetas(set, models, |k| found.theta.get(k).cloned());
    let errors = corrected(&found, unknown);
    for error in errors.iter().flatten() {
        match (error.name, error.name.group().and_then(|k| models.places.get(k))) {
            (Parameter::Alpha, _) => correct(&mut alpha, error),
            (Parameter::C, _) => correct(&mut c, error),
            (_, Some(place)) => correct(&mut all[*place].estimate, error),
            (_, None) => {}
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
        cutoffs: cutoffs(set, models, unknown),
        alpha,
        c_log10,
        c_e,
        thetas: all,
    })
}

/// The value, or a line in the list of what is not known.
fn noted<'v, T>(what: &str, value: &'v Result<T>, unknown: &mut Vec<String>) -> Option<&'v T> {
    value.as_ref().map_err(|error| unknown.push(format!("{what}: {error}"))).ok()
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
        Self {
            name: one.name,
            plain: finite(one.plain),
            corrected: one.corrected.and_then(finite),
            attenuation: one.attenuation.and_then(finite),
            se: one.standard_error.and_then(finite),
            interval: one.interval,
        }
    }
}

/// The first group's difference for every other month that the cut-off could have been, where it is the only group and one
/// by release.
fn cutoffs(set: &ModelSet, models: &FitModels<'_>, unknown: &mut Vec<String>) -> Option<Vec<CutoffReport>> {
    let by_release = matches!(set.groups[..], [Group::Release(_)]) && models.places.len() == 1;
    let months: Vec<i64> = models.rows.iter().map(|row| row.release.map(Month::count)).collect::<Option<_>>()?;
    let swept = || sensitivity::cutoffs(&models.hinge(), &models.sample, &months);
    let swept = by_release.then(swept)?;
    let swept = noted("other cut-offs", &swept, unknown)?;
    swept.iter().map(CutoffReport::of).collect()
}

impl CutoffReport {
    /// Of a cut-off counted in months; `None` for one that no calendar has, which those between models' months are not.
    fn of(one: &Cutoff) -> Option<Self> {
        Some(Self {
            cutoff: Month::of_count(one.cutoff)?,
            n_models: one.members,
            theta: one.theta.and_then(finite),
            se: one.standard_error.and_then(finite),
            interval: one.interval,
            p_value: one.p_value.and_then(finite),
            c_position: one.emergence.and_then(finite),
        })
    }
}

/// Puts the corrected estimate in the place of the plain one, which stays among the intervals.
fn correct(estimate: &mut Estimate, error: &ErrorReport) {
    let Some(value) = error.corrected.filter(|_| estimate.value.is_some()) else { return };
    let plain = std::mem::take(estimate);
    let corrected = Estimate {
        se: error.se,
        interval: error.interval,
        others: plain.as_other().into_iter().chain(plain.others).collect(),
        ..Estimate::of(value).by(Method::Simex)
    };
    *estimate = match error.se {
        Some(_) => corrected,
        None => corrected.because("no standard error: the extrapolated variance is not positive"),
    };
}

/// What adjustment changed: the hinge's quantities for the scores before it minus those after it, of the same models.
pub(super) fn difference(
    settings: &FitSettings,
    set: &ModelSet,
    before: &FitModels<'_>,
    after: &FitModels<'_>,
) -> DifferenceReport {
    let found = match settings.curve.headline() {
        Curve::Hinge => inference(settings, before).difference(&before.sample, &after.sample),
        _ => Err(Error::Undetermined("computed for the hinge only".into())),
    };
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            let none = || Estimate::unknown(error.to_string());
            let thetas = thetas(set, before, |_| Some(none()));
            return DifferenceReport { theta: none(), thetas, c: none(), alpha: none(), r_squared: none() };
        }
    };
    let thetas = thetas(set, before, |k| found.theta.get(k).cloned());
    DifferenceReport { theta: first(&thetas), thetas, c: found.c, alpha: found.alpha, r_squared: found.r_squared }
}
