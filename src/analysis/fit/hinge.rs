//! The emergence curve: what [`Inference`] finds, in the report's own terms.

use super::curve_report::HingeReport;
use super::evidence::Shown;
use super::fitted::{Fitted, share};
use super::headline::{Headline, break_parameters, cutoffs, equivalence, first, thetas, within_data};
use super::models::FitModels;
use super::report::DifferenceReport;
use super::settings::FitSettings;
use super::uncertain::{self, EXACT};
use crate::registry::modelset::{Group, ModelSet};
use crate::stats::breaktest::BreakFound;
use crate::stats::curves::Curve;
use crate::stats::estimate::{Estimate, Named};
use crate::stats::hinge::Outcome;
use crate::stats::inference::Inference;
use crate::stats::parameter::Parameter;
use crate::{Error, Result};

/// The analysis of these models' hinge as the settings have it.
fn inference(settings: &FitSettings, models: &FitModels<'_>) -> Inference {
    let inference = Inference::new(models.chance.unwrap_or(0.0))
        .seed(settings.seed.0)
        .replicates(settings.bootstrap)
        .level(settings.level)
        .direction(models.direction)
        .covariance(models.covariance);
    if models.chance.is_none() { inference.free_chance() } else { inference }
}

/// Everything there is to say of the hinge.
pub(super) struct HingeHead {
    pub(super) head: Headline,
    pub(super) outcome: Outcome,
    pub(super) break_test: Result<BreakFound>,
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
) -> Result<HingeHead> {
    let found = inference(settings, models).run(&models.sample)?;
    let (mut alpha, mut c) = (found.alpha.clone(), found.c.clone());
    if let Some(own) = main.parameter(Parameter::C).filter(|_| c.value.is_some()) {
        if models.careful {
            c = within_data(own, models);
        } else {
            // A set of values has no standard error; the covariance's is the one that goes with those of α and θ.
            (c.se, c.df) = (own.se, own.df);
        }
    }
    let mut all = thetas(set, models, |k| found.theta.get(k).cloned());
    if models.careful {
        [&mut alpha, &mut c].into_iter().for_each(|estimate| estimate.others.clear());
        all.iter_mut().for_each(|theta| theta.estimate.others.clear());
    }
    let errors = uncertain::corrected(settings, models, Curve::Hinge, unknown);
    uncertain::correct_all(errors.as_deref(), models, &mut alpha, &mut c, &mut all);
    let (c_log10, c_e) = break_parameters(c, set.predictor.scale);
    // What would take compute as exact, or would not hold, or belongs to a difference without interval, is not given.
    let exact = errors.is_none();
    let plain = exact && !models.careful && models.refusal(0).is_none();
    if !exact {
        unknown.push(
            "p-values of theta by bootstrap and permutation, and the set of c: they would take compute as exact".into(),
        );
    }
    let wild = found.wild.first().filter(|_| plain);
    let permutation = found.permutation.first().filter(|_| plain);
    let c_set = found.c_set.as_ref().ok().filter(|_| exact && !models.careful);
    Ok(HingeHead {
        outcome: found.fit.outcome,
        head: Headline {
            equivalence: equivalence(settings, &first(&all)),
            wild_p: wild.and_then(|test| noted("wild cluster bootstrap", test, unknown)).map(|t| t.p_value),
            permutation_p: permutation
                .and_then(|test| noted("permutation of families", test, unknown))
                .map(|t| t.p_value),
            c_set: c_set.map(|set| set.pieces.iter().map(|piece| (piece.low, piece.high)).collect()),
            measurement_error: errors,
            cutoffs: cutoffs(set, models, Curve::Hinge, unknown),
            alpha,
            c_log10,
            c_e,
            thetas: all,
        },
        break_test: found.break_test,
    })
}

impl HingeHead {
    /// The hinge beside another curve that leads.
    pub(super) fn beside(self, main: &Fitted, aicc: Option<f64>) -> HingeReport {
        let Headline { alpha, c_log10, c_e, thetas, c_set, .. } = self.head;
        HingeReport {
            outcome: self.outcome,
            alpha,
            c_log10,
            c_e,
            theta: first(&thetas),
            thetas,
            c_set,
            r_squared: share(main),
            aicc,
        }
    }
}

/// The value, or a line in the list of what is not known.
fn noted<'v, T>(what: &str, value: &'v Result<T>, unknown: &mut Vec<String>) -> Option<&'v T> {
    value.as_ref().map_err(|error| unknown.push(format!("{what}: {error}"))).ok()
}

/// What adjustment changed: the hinge's quantities for the scores before it minus those after it, of the same models.
pub(super) fn difference(
    settings: &FitSettings,
    set: &ModelSet,
    before: &FitModels<'_>,
    after: &FitModels<'_>,
) -> DifferenceReport {
    let found = match settings.curve.one() {
        None | Some(Curve::Hinge) => inference(settings, before).difference(&before.sample, &after.sample),
        Some(_) => Err(Error::Undetermined("computed for the hinge only".into())),
    };
    let found = match found {
        Ok(found) => found,
        Err(error) => {
            let none = || Estimate::unknown(error.to_string());
            let thetas = thetas(set, before, |_| Some(none()));
            return DifferenceReport { theta: none(), thetas, c: none(), alpha: none(), r_squared: none() };
        }
    };
    let exact = before.compute_sd().is_none();
    let kept = |mut estimate: Estimate| {
        if before.careful {
            estimate.others.clear();
        }
        if exact || estimate.value.is_none() { estimate } else { bare(&estimate).because(EXACT) }
    };
    let mut thetas: Vec<Named<Group>> = thetas(set, before, |k| found.theta.get(k).cloned());
    thetas.iter_mut().for_each(|theta| theta.estimate = kept(std::mem::take(&mut theta.estimate)));
    let r_squared = match before.careful {
        true => bare(&found.r_squared).because("no interval: clusters are too few or too unequal for the bootstrap"),
        false => kept(found.r_squared),
    };
    DifferenceReport { theta: first(&thetas), thetas, c: kept(found.c), alpha: kept(found.alpha), r_squared }
}

impl DifferenceReport {
    /// Takes the moved break back where no test shows both points of emergence. Of a hinge that was asked for it stays, with
    /// the reason.
    pub(super) fn take_back(&mut self, asked: bool, shown: [Shown; 2]) {
        if self.c.value.is_none() || shown == [Shown::Emergence; 2] {
            return;
        }
        let found = std::mem::take(&mut self.c);
        let kept = if asked && !shown.contains(&Shown::Nothing) { found } else { Estimate::default() };
        self.c = kept.because("no test shows both points of emergence");
    }
}

/// The value alone.
fn bare(estimate: &Estimate) -> Estimate {
    Estimate { value: estimate.value, ..Estimate::default() }
}
