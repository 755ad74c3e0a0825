//! What a curve says of models it has not seen, of those it has, and between them.
//!
//! The curve at x for group values z has gradient g by the parameters, so with V their covariance the curve's own
//! variance is A = g'Vg and that of a new model's score A + B, with B the residual variance. The interval uses Student's t
//! with Satterthwaite's degrees of freedom
//!
//!   df = (A + B)² / (A²/df_A + B²/df_B)
//!
//! where df_A is the least of those of the parameters that g touches and df_B the number of clusters less one for a
//! clustered covariance, n − k otherwise: a new model of a new family is one draw of families, not of models.

use super::curve_report::{CurvePoint, FittedModel, HoldoutReport, Prediction};
use super::evidence::ceiling_begins;
use super::fitted::Fitted;
use super::influence::leverages;
use super::models::FitModels;
use super::settings::FitSettings;
use crate::registry::modelset::{Group, ModelRow, ModelSet, ScoreScale, XScale};
use crate::stats::bootstrap::{Bootstrap, Replicates};
use crate::stats::curves::Curve;
use crate::stats::distribution::student_quantile;
use crate::stats::estimate::{Interval, finite};
use crate::stats::hinge_bootstrap;
use crate::stats::parameter::Parameter;
use crate::stats::sensitivity;

/// A value of a curve with an interval.
#[derive(Debug, Clone, Copy, Default)]
struct Value {
    at: Option<f64>,
    interval: Interval,
}

impl Value {
    /// Whether it lies outside the scale of the score.
    fn is_outside(self, scale: ScoreScale) -> bool {
        scale.range().zip(self.at).is_some_and(|((low, high), at)| at < low || at > high)
    }

    /// The same with no end outside the scale: no score lies there. A value outside keeps its interval, and is marked.
    fn within(self, scale: ScoreScale) -> Self {
        match scale.range().filter(|_| !self.is_outside(scale)) {
            Some((low, high)) => Self { interval: self.interval.map(|end| end.clamp(low, high)), ..self },
            None => self,
        }
    }
}

/// The curve at `x` (on the scale of the fit), for a new model or for the curve itself.
fn value(models: &FitModels<'_>, one: &Fitted, x: f64, z: &[f64], new_model: bool) -> Value {
    let at = finite(one.fit.predict(x, z));
    let half = half_width(models, one, x, z, new_model);
    let interval = at.zip(half).map(|(at, half)| Interval::between(at - half, at + half)).unwrap_or_default();
    Value { at, interval }
}

fn half_width(models: &FitModels<'_>, one: &Fitted, x: f64, z: &[f64], new_model: bool) -> Option<f64> {
    let covariance = one.covariance.as_ref().ok()?;
    let gradient = one.fit.gradient(x, z);
    if one.is_refused(&gradient) {
        return None;
    }
    let matrix = covariance.matrix();
    let own: f64 = gradient
        .iter()
        .zip(matrix)
        .map(|(g, row)| g * gradient.iter().zip(row).map(|(h, v)| h * v).sum::<f64>())
        .sum::<f64>()
        .max(0.0);
    let touched = gradient.iter().zip(covariance.degrees_of_freedom()).filter(|(g, _)| **g != 0.0);
    let own_df = touched.map(|(_, df)| *df).fold(f64::INFINITY, f64::min);
    let rest = if new_model { one.variance()? } else { 0.0 };
    let rest_df = if covariance.kind().is_clustered() {
        models.sample.families().count() as f64 - 1.0
    } else {
        one.fit.n() as f64 - gradient.len() as f64
    };
    let total = own + rest;
    if total == 0.0 {
        return Some(0.0);
    }
    let df = total * total / (own * own / own_df + rest * rest / rest_df);
    student_quantile(0.5 + 0.5 * models.level, df).map(|t| t * total.sqrt())
}

/// One row for the reference group and one for each group that varies.
fn group_rows(set: &ModelSet, models: &FitModels<'_>) -> Vec<(Option<Group>, Vec<f64>)> {
    let none = vec![0.0; models.places.len()];
    let each = models.places.iter().enumerate().map(|(k, place)| {
        let mut z = none.clone();
        z[k] = 1.0;
        (Some(set.groups[*place].clone()), z)
    });
    std::iter::once((None, none.clone())).chain(each).collect()
}

/// The scores asked for by `predict`.
pub(super) fn predictions(
    settings: &FitSettings,
    set: &ModelSet,
    models: &FitModels<'_>,
    one: &Fitted,
) -> Vec<Prediction> {
    let (low, high) = range(models.rows.iter().copied());
    let mut found = Vec::new();
    for &x in &settings.predict {
        let position = set.predictor.scale.apply(x);
        for (group, z) in group_rows(set, models) {
            let value = value(models, one, position, &z, true).within(set.score.scale);
            found.push(Prediction {
                x,
                group,
                score: value.at,
                interval: value.interval,
                extrapolated: position < low || position > high,
                outside_scale: value.is_outside(set.score.scale),
            });
        }
    }
    found
}

/// How well the models that were held out are predicted.
pub(super) fn holdout(
    settings: &FitSettings,
    scale: ScoreScale,
    models: &FitModels<'_>,
    one: &Fitted,
) -> Option<HoldoutReport> {
    let selection = settings.tables.holdout.as_ref()?.to_string();
    let n = models.held_out.len();
    let found: Vec<(f64, Value)> = models
        .held_out
        .iter()
        .map(|row| (models.score(row), value(models, one, row.position, &models.z(row), true).within(scale)))
        .collect();
    let errors: Option<Vec<f64>> = found.iter().map(|(score, value)| value.at.map(|at| score - at)).collect();
    let inside: Option<Vec<bool>> =
        found.iter().map(|(score, v)| v.interval.ends().map(|(low, high)| low <= *score && *score <= high)).collect();
    let errors = errors.filter(|errors| !errors.is_empty());
    let mean = |of: &dyn Fn(f64) -> f64| {
        errors.as_ref().and_then(|errors| finite(errors.iter().map(|e| of(*e)).sum::<f64>() / errors.len() as f64))
    };
    Some(HoldoutReport {
        selection,
        n,
        rmse: mean(&|e| e * e).map(f64::sqrt),
        mae: mean(&f64::abs),
        bias: mean(&|e| e),
        coverage: inside
            .filter(|inside| !inside.is_empty())
            .map(|inside| inside.iter().filter(|inside| **inside).count() as f64 / inside.len() as f64),
    })
}

/// The models with their residuals; those held out with their prediction intervals.
pub(super) fn models(
    settings: &FitSettings,
    models: &FitModels<'_>,
    scale: ScoreScale,
    main: &Fitted,
) -> Vec<FittedModel> {
    let sd = main.variance().map(f64::sqrt).filter(|sd| *sd > 0.0);
    let (curve, levels) = (main.curve, models.levels());
    // A fit without each family takes its time for curves that are found by search.
    let quick = settings.leave_out || main.fit.converged().is_none() && main.curve != Curve::Plateau;
    let without = (quick && !models.places.is_empty())
        .then(|| sensitivity::theta_without_each_family(&models.sample, |sample| curve.fit(levels, sample)));
    let leverage = leverages(&*main.fit, &models.sample);
    let fitted = models.rows.iter().enumerate().map(|(i, row)| {
        let residual = main.fit.residuals().get(i).copied().and_then(finite);
        FittedModel {
            fitted: main.fit.fitted().get(i).copied().and_then(finite),
            residual,
            standardized: residual.zip(sd).map(|(residual, sd)| residual / sd),
            leverage: leverage.as_ref().and_then(|all| all.get(i).copied()).and_then(finite),
            theta_without_cluster: without
                .as_ref()
                .and_then(|all| *all.get(*models.sample.families().of().get(i)?)?)
                .and_then(finite),
            weight: models.sample.weights().map(|w| w[i]),
            ..bare(models, row)
        }
    });
    let held_out = models.held_out.iter().map(|row| {
        let value = value(models, main, row.position, &models.z(row), true).within(scale);
        let score = models.score(row);
        FittedModel {
            fitted: value.at,
            residual: value.at.map(|at| score - at),
            interval: value.interval,
            held_out: true,
            ..bare(models, row)
        }
    });
    fitted.chain(held_out).collect()
}

fn bare(models: &FitModels<'_>, row: &ModelRow) -> FittedModel {
    FittedModel {
        model: row.name.clone(),
        family: row.family.clone(),
        cluster: row.cluster.clone(),
        x: row.x,
        groups: row.groups.clone(),
        score: models.score(row),
        fitted: None,
        residual: None,
        standardized: None,
        leverage: None,
        theta_without_cluster: None,
        weight: None,
        held_out: false,
        interval: Interval::default(),
    }
}

/// Smallest and largest place of the models on the scale of the fit.
fn range<'r>(rows: impl Iterator<Item = &'r ModelRow>) -> (f64, f64) {
    rows.fold((f64::INFINITY, f64::NEG_INFINITY), |r, row| (r.0.min(row.position), r.1.max(row.position)))
}

/// Points of a drawn curve.
const POINTS: usize = 81;
/// Replicates behind the hinge's band.
const BAND_REPLICATES: usize = 1_999;

/// The curve of every group with its confidence band, from the smallest to the largest predictor of the models, the ones
/// held out and the ones asked for. The hinge's band is the percentile interval of the pairs cluster bootstrap, because the
/// delta method's has a jump at the break; the other curves' is Student's.
pub(super) fn line(settings: &FitSettings, set: &ModelSet, models: &FitModels<'_>, one: &Fitted) -> Vec<CurvePoint> {
    let scale: XScale = set.predictor.scale;
    let (mut low, mut high) = range(models.rows.iter().chain(&models.held_out).copied());
    for x in &settings.predict {
        (low, high) = (low.min(scale.apply(*x)), high.max(scale.apply(*x)));
    }
    let mut positions: Vec<f64> = (0..POINTS).map(|k| low + (high - low) * k as f64 / (POINTS - 1) as f64).collect();
    // A bend between two points would be cut off.
    let bends = [one.fit.estimate_of(Parameter::C), ceiling_begins(&*one.fit, models.levels())];
    positions.extend(bends.into_iter().flatten().filter(|c| low < *c && *c < high));
    positions.sort_by(f64::total_cmp);
    let groups = group_rows(set, models);
    let resampled = one.curve == Curve::Hinge && !models.careful;
    let drawn = if resampled { hinge_band(settings, models, &groups, &positions) } else { None };
    let mut points = Vec::with_capacity(positions.len() * groups.len());
    for (g, (group, z)) in groups.iter().enumerate() {
        for (k, position) in positions.iter().enumerate() {
            let own = value(models, one, *position, z, false);
            let band = match &drawn {
                Some(_) if one.is_refused(&one.fit.gradient(*position, z)) => None,
                Some(drawn) => drawn.percentile(g * positions.len() + k, settings.level),
                None => Some(own.interval),
            };
            let interval = band.unwrap_or_default();
            if let (Some(x), Some(score)) = (finite(scale.invert(*position)), own.at) {
                points.push(CurvePoint { curve: one.curve, group: group.clone(), x, score, interval });
            }
        }
    }
    points
}

/// The hinge's values at `positions` for every group, redrawn by clusters.
fn hinge_band(
    settings: &FitSettings,
    models: &FitModels<'_>,
    groups: &[(Option<Group>, Vec<f64>)],
    positions: &[f64],
) -> Option<Replicates> {
    let bootstrap =
        Bootstrap::new(settings.seed).replicates(settings.bootstrap.min(BAND_REPLICATES)).without_jackknife();
    let groups: Vec<&[f64]> = groups.iter().map(|(_, z)| z.as_slice()).collect();
    hinge_bootstrap::values(&bootstrap, &models.hinge(), &models.sample, &groups, positions).ok()
}
