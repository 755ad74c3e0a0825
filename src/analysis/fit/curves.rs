//! The curves of one score, each with its parameters, marks and predictions.

use super::data::{Items, Sample, item_noise};
use super::forecast;
use super::hinge::{self, Headline};
use super::parameter::{Named, Parameter, finite};
use super::report::{Analysis, BreakReport, CurveReport, EquivalenceReport, NoiseReport};
use super::settings::{CurveChoice, FitSettings, LEVEL};
use crate::Result;
use crate::registry::modelset::{ModelSet, XScale};
use crate::stats::covariance::{Covariance, CovarianceEstimate};
use crate::stats::curve::FittedCurve;
use crate::stats::hinge::Hinge;
use crate::stats::logistic::Logistic;
use crate::stats::richards::Richards;
use crate::stats::selection::{Candidate, Comparison, Curve, Selection};

/// A fitted curve and what is known of its uncertainty.
pub(super) struct Fitted {
    pub(super) curve: Curve,
    pub(super) fit: Box<dyn FittedCurve>,
    pub(super) covariance: std::result::Result<CovarianceEstimate, String>,
    converged: Option<bool>,
}

impl Fitted {
    /// Residual variance; `None` without degrees of freedom.
    pub(super) fn variance(&self) -> Option<f64> {
        let df = self.fit.n().checked_sub(self.fit.estimates().len()).filter(|df| *df > 0)?;
        finite(self.fit.sse() / df as f64)
    }

    /// All parameters by name.
    fn parameters(&self) -> Vec<Named> {
        let values = self.fit.estimates();
        self.fit
            .names()
            .into_iter()
            .enumerate()
            .map(|(k, name)| Named { name, parameter: self.at(k, values[k]) })
            .collect()
    }

    fn at(&self, k: usize, estimate: f64) -> Parameter {
        match &self.covariance {
            Ok(covariance) => Parameter::student(estimate, k, covariance, LEVEL),
            Err(reason) => Parameter::bare(estimate, reason),
        }
    }

    /// The parameter of this name, if the data determine it.
    pub(super) fn parameter(&self, name: &str) -> Option<Parameter> {
        let k = self.fit.names().iter().position(|n| n == name)?;
        Some(self.at(k, *self.fit.estimates().get(k)?))
    }

    /// Difference of the k-th of the groups that vary.
    pub(super) fn theta(&self, k: usize, groups: usize) -> Option<Parameter> {
        if groups == 1 { self.parameter("theta") } else { self.parameter(&format!("theta_{}", k + 1)) }
    }
}

/// The hinge of this sample.
pub(super) fn hinge(sample: &Sample<'_>) -> Hinge {
    let hinge = match sample.chance {
        Some(chance) => Hinge::new().chance(chance),
        None => Hinge::new().free_chance(),
    };
    match &sample.weights {
        // Weights of a sample are finite and not negative: the table's are checked where they are read.
        Some(weights) => hinge.clone().weights(weights).unwrap_or(hinge),
        None => hinge,
    }
}

pub(super) fn analyse(
    settings: &FitSettings,
    set: &ModelSet,
    sample: &Sample<'_>,
    items: Option<&Items>,
) -> Result<Analysis> {
    let wanted: Vec<Curve> = settings
        .curve
        .curves()
        .into_iter()
        .filter(|curve| sample.chance.is_some() || *curve != Curve::Richards || settings.curve != CurveChoice::All)
        .collect();
    let mut selection = selection(sample, &wanted)?;
    if !settings.leave_out {
        selection = selection.without_prediction_errors();
    }
    let headline = settings.curve.headline();
    // What keeps the main curve from being fitted is the answer; what keeps another one is a line in the report.
    let main = fit(&selection, headline, settings, sample)?;
    let bend = hinge(sample).fit(&sample.x, &sample.y, &sample.groups)?;
    let mut unknown = Vec::new();
    let compared = match selection.compare(&sample.x, &sample.y, &sample.groups, &sample.clusters) {
        Ok(compared) => Some(compared),
        Err(error) => {
            unknown.push(format!("comparison of curves: {error}"));
            None
        }
    };
    let mut fitted: Vec<std::result::Result<Fitted, (Curve, String)>> = vec![Ok(main)];
    for curve in wanted.iter().filter(|curve| **curve != headline) {
        fitted.push(fit(&selection, *curve, settings, sample).map_err(|error| (*curve, error.to_string())));
    }
    let curves = fitted
        .iter()
        .map(|one| match one {
            Ok(one) => report(one, compared.as_ref(), settings, set, sample),
            Err((curve, reason)) => failed(*curve, reason),
        })
        .collect();
    let fits: Vec<&Fitted> = fitted.iter().filter_map(|one| one.as_ref().ok()).collect();
    let main = fits[0];
    let head = if headline == Curve::Hinge {
        match sample.weights {
            None => hinge::headline(settings, set, sample, main, &mut unknown)?,
            Some(_) => hinge::weighted_headline(set, sample, &bend, main, &mut unknown),
        }
    } else {
        other_headline(set, sample, main)
    };
    let noise = items.and_then(|items| noise(sample, main, items, &mut unknown));
    unknown.dedup();
    Ok(Analysis {
        curve: headline,
        outcome: Some(bend.outcome),
        verdict: compared.as_ref().map(|c| c.verdict),
        selected: compared.as_ref().map(|c| c.selected),
        steepest_third: compared.as_ref().and_then(|c| c.steepest_third).and_then(finite),
        r_squared: main.fit.r_squared().and_then(finite),
        sse: finite(main.fit.sse()),
        alpha: head.alpha,
        c_log10: head.c_log10,
        c_e: head.c_e,
        theta: hinge::first(&head.thetas),
        thetas: head.thetas,
        break_test: head.break_test,
        equivalence: head.equivalence,
        wild_p: head.wild_p,
        permutation_p: head.permutation_p,
        cutoffs: head.cutoffs,
        c_set: head.c_set,
        measurement_error: head.measurement_error,
        item_noise: noise,
        unknown,
        models: forecast::models(sample, main, &bend),
        line: fits.iter().flat_map(|one| forecast::line(settings, set, sample, one)).collect(),
        curves,
    })
}

fn selection(sample: &Sample<'_>, curves: &[Curve]) -> Result<Selection> {
    let selection = match sample.chance {
        Some(chance) => Selection::new().chance(chance),
        None => Selection::new().free_chance(),
    };
    let selection = selection.curves(curves);
    match &sample.weights {
        Some(weights) => selection.weights(weights),
        None => Ok(selection),
    }
}

fn fit(selection: &Selection, curve: Curve, settings: &FitSettings, sample: &Sample<'_>) -> Result<Fitted> {
    let (x, y, groups) = (&sample.x, &sample.y, &sample.groups);
    let ones = vec![1.0; y.len()];
    let weights = sample.weights.as_deref().unwrap_or(&ones);
    let (fit, converged): (Box<dyn FittedCurve>, Option<bool>) = match curve {
        Curve::Logistic => {
            let logistic = match sample.chance {
                Some(chance) => Logistic::new().chance(chance),
                None => Logistic::new().free_chance(),
            };
            let fit = logistic.weights(weights)?.fit(x, y, groups)?;
            let converged = fit.converged;
            (Box::new(fit), Some(converged))
        }
        Curve::Richards => {
            let fit = Richards::new().chance(sample.chance.unwrap_or(0.0)).weights(weights)?.fit(x, y, groups)?;
            let converged = fit.converged;
            (Box::new(fit), Some(converged))
        }
        exact => (selection.fit(exact, x, y, groups)?, None),
    };
    let estimate = |kind| {
        let covariance = Covariance::new(kind).clusters(&sample.clusters);
        let covariance = match &sample.weights {
            Some(weights) => covariance.weights(weights),
            None => covariance,
        };
        covariance.estimate(&fit.jacobian(), fit.residuals())
    };
    let covariance = estimate(settings.covariance).map_err(|e| format!("no standard error: {e}"));
    Ok(Fitted { curve, fit, covariance, converged })
}

fn report(
    one: &Fitted,
    compared: Option<&Comparison>,
    settings: &FitSettings,
    set: &ModelSet,
    sample: &Sample<'_>,
) -> CurveReport {
    let marks: Option<&Candidate> = compared.and_then(|c| c.candidates.iter().find(|mark| mark.curve == one.curve));
    CurveReport {
        curve: one.curve,
        failed: None,
        converged: one.converged,
        parameters: one.parameters(),
        n_parameters: marks.map(|mark| mark.parameters),
        sse: finite(one.fit.sse()),
        r_squared: one.fit.r_squared().and_then(finite),
        aicc: marks.and_then(|mark| mark.aicc).and_then(finite),
        bic: marks.and_then(|mark| finite(mark.bic)),
        rmse_without_model: marks.and_then(|mark| mark.rmse_without_model).and_then(finite),
        rmse_without_family: marks.and_then(|mark| mark.rmse_without_family).and_then(finite),
        predictions: forecast::predictions(settings, set, sample, one),
        holdout: forecast::holdout(settings, sample, one),
    }
}

fn failed(curve: Curve, reason: &str) -> CurveReport {
    CurveReport {
        curve,
        failed: Some(reason.to_owned()),
        converged: None,
        parameters: Vec::new(),
        n_parameters: None,
        sse: None,
        r_squared: None,
        aicc: None,
        bic: None,
        rmse_without_model: None,
        rmse_without_family: None,
        predictions: Vec::new(),
        holdout: None,
    }
}

/// What a curve other than the hinge has to say under the hinge's names.
fn other_headline(set: &ModelSet, sample: &Sample<'_>, main: &Fitted) -> Headline {
    let name = main.curve.name();
    let c = main.parameter("c").unwrap_or_else(|| Parameter::unknown(format!("the {name} curve has no break")));
    let (c_log10, c_e) = break_parameters(c, set.predictor.scale);
    let skipped = format!("computed for the hinge only, not for the {name} curve");
    Headline {
        alpha: Parameter::unknown(format!("the parameters of the {name} curve are under `curves`")),
        c_log10,
        c_e,
        thetas: thetas(set, sample, |k| main.theta(k, sample.groups.len())),
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
    sample: &Sample<'_>,
    mut estimate: impl FnMut(usize) -> Option<Parameter>,
) -> Vec<Named> {
    let mut one = |place: usize| match sample.places.iter().position(|p| *p == place) {
        Some(k) => estimate(k).unwrap_or_else(|| Parameter::unknown("the data do not determine this difference")),
        None => Parameter::unknown("all models have the same value, so there is nothing to compare"),
    };
    set.groups.iter().enumerate().map(|(k, group)| Named { name: group.to_string(), parameter: one(k) }).collect()
}

/// The break on the log10 scale and in the predictor's own unit.
pub(super) fn break_parameters(c: Parameter, scale: XScale) -> (Parameter, Parameter) {
    match scale {
        XScale::Linear => (Parameter::unknown("the predictor is on a linear scale: its break is c_e"), c),
        XScale::Log10 => {
            let power = |value: Option<f64>| value.map(|v| 10f64.powf(v)).and_then(finite);
            let mut own = c.clone();
            own.estimate = power(c.estimate);
            own.se = c.se.zip(own.estimate).and_then(|(se, c_e)| finite(se * c_e * std::f64::consts::LN_10));
            (own.low, own.high) = (power(c.low), power(c.high));
            for interval in &mut own.intervals {
                (interval.low, interval.high) = (power(interval.low), power(interval.high));
            }
            (c, own)
        }
    }
}

fn noise(sample: &Sample<'_>, main: &Fitted, items: &Items, unknown: &mut Vec<String>) -> Option<NoiseReport> {
    let variance = main.variance()?;
    match item_noise(sample, main.fit.fitted(), variance, items) {
        Ok(noise) => Some(NoiseReport {
            items: items.source.clone(),
            share: noise.share.and_then(finite),
            item_sd: finite(noise.item_variance.sqrt() * sample.unit),
            model_sd: finite(noise.model_variance.sqrt() * sample.unit),
        }),
        Err(error) => {
            unknown.push(format!("item noise: {error}"));
            None
        }
    }
}
