//! The curves of one score, each with its parameters, marks and predictions.

use super::fitted::Fitted;
use super::headline::{self, first};
use super::models::{FitModels, Items};
use super::report::{Analysis, CurveReport, NoiseReport};
use super::settings::{CurveChoice, FitSettings};
use super::{forecast, hinge};
use crate::Result;
use crate::registry::modelset::ModelSet;
use crate::stats::curves::Curve;
use crate::stats::estimate::finite;
use crate::stats::selection::{Candidate, Comparison, Selection};

pub(super) fn analyse(
    settings: &FitSettings,
    set: &ModelSet,
    models: &FitModels<'_>,
    items: Option<&Items>,
) -> Result<Analysis> {
    let wanted: Vec<Curve> = settings
        .curve
        .curves()
        .into_iter()
        .filter(|curve| models.chance.is_some() || curve.frees_chance() || settings.curve != CurveChoice::All)
        .collect();
    let mut selection = match models.chance {
        Some(chance) => Selection::new().chance(chance),
        None => Selection::new().free_chance(),
    };
    selection = selection.curves(&wanted);
    if !settings.leave_out {
        selection = selection.without_prediction_errors();
    }
    let curve = settings.curve.headline();
    // What keeps the main curve from being fitted is the answer; what keeps another one is a line in the report.
    let main = Fitted::new(curve, settings, models)?;
    let bend = models.hinge().fit_sample(&models.sample)?;
    let mut unknown = Vec::new();
    let compared = match selection.compare(&models.sample) {
        Ok(compared) => Some(compared),
        Err(error) => {
            unknown.push(format!("comparison of curves: {error}"));
            None
        }
    };
    let mut fitted: Vec<std::result::Result<Fitted, (Curve, String)>> = vec![Ok(main)];
    for curve in wanted.iter().filter(|other| **other != curve) {
        fitted.push(Fitted::new(*curve, settings, models).map_err(|error| (*curve, error.to_string())));
    }
    let curves = fitted
        .iter()
        .map(|one| match one {
            Ok(one) => report(one, compared.as_ref(), settings, set, models),
            Err((curve, reason)) => failed(*curve, reason),
        })
        .collect();
    let fits: Vec<&Fitted> = fitted.iter().filter_map(|one| one.as_ref().ok()).collect();
    let main = fits[0];
    let head = match curve {
        Curve::Hinge => hinge::headline(settings, set, models, main, &mut unknown)?,
        _ => headline::of_other_curve(set, models, main),
    };
    let noise = items.and_then(|items| noise(models, main, items, &mut unknown));
    unknown.dedup();
    Ok(Analysis {
        curve,
        outcome: Some(bend.outcome),
        verdict: compared.as_ref().map(|c| c.verdict),
        selected: compared.as_ref().map(|c| c.selected),
        steepest_third: compared.as_ref().and_then(|c| c.steepest_third).and_then(finite),
        r_squared: main.fit.r_squared().and_then(finite),
        sse: finite(main.fit.sse()),
        alpha: head.alpha,
        c_log10: head.c_log10,
        c_e: head.c_e,
        theta: first(&head.thetas),
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
        models: forecast::models(models, main, &bend),
        line: fits.iter().flat_map(|one| forecast::line(settings, set, models, one)).collect(),
        curves,
    })
}

fn report(
    one: &Fitted,
    compared: Option<&Comparison>,
    settings: &FitSettings,
    set: &ModelSet,
    models: &FitModels<'_>,
) -> CurveReport {
    let marks: Option<&Candidate> = compared.and_then(|c| c.candidates.iter().find(|mark| mark.curve == one.curve));
    CurveReport {
        curve: one.curve,
        failed: None,
        converged: one.fit.converged(),
        parameters: one.parameters(),
        n_parameters: marks.map(|mark| mark.parameters),
        sse: finite(one.fit.sse()),
        r_squared: one.fit.r_squared().and_then(finite),
        aicc: marks.and_then(|mark| mark.aicc).and_then(finite),
        bic: marks.and_then(|mark| finite(mark.bic)),
        rmse_without_model: marks.and_then(|mark| mark.rmse_without_model).and_then(finite),
        rmse_without_family: marks.and_then(|mark| mark.rmse_without_family).and_then(finite),
        predictions: forecast::predictions(settings, set, models, one),
        holdout: forecast::holdout(settings, models, one),
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

fn noise(models: &FitModels<'_>, main: &Fitted, items: &Items, unknown: &mut Vec<String>) -> Option<NoiseReport> {
    let variance = main.variance()?;
    match items.noise(models, main.fit.fitted(), variance) {
        Ok(noise) => Some(NoiseReport {
            items: items.source.clone(),
            share: noise.share.and_then(finite),
            item_sd: finite(noise.item_variance.sqrt() * models.unit),
            model_sd: finite(noise.model_variance.sqrt() * models.unit),
        }),
        Err(error) => {
            unknown.push(format!("item noise: {error}"));
            None
        }
    }
}
