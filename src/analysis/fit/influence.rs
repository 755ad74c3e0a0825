//! Models on which the result hangs, by name, with the fit without each of them.
//!
//! With residual e, leverage h, p parameters and residual variance s², a model is influential when Cook's distance
//!
//!   D = e² h / (p s² (1 − h)²)
//!
//! exceeds 1 (Cook and Weisberg 1982) and its deleted residual, e over its standard error from the fit without the model,
//! exceeds the quantile of Student's t at 1 %; or when that residual exceeds the quantile at 1 % shared among all models
//! (Bonferroni). A model to which the curve bends so far that its leverage is above one half leaves no residual to judge: it
//! is judged by the hinge, which bends less. The most influential model is taken out, the rest is looked at again, and so on
//! while there are some, four times at most.

use serde::{Deserialize, Serialize};

use crate::stats::covariance::{Covariance, Kind};
use crate::stats::curve::FittedCurve;
use crate::stats::curves::{Curve, Levels};
use crate::stats::distribution::student_quantile;
use crate::stats::estimate::finite;
use crate::stats::hinge::{Hinge, Outcome};
use crate::stats::parameter::Parameter;
use crate::stats::sample::Sample;
use crate::stats::selection::Selection;

/// A model on which the result hangs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Influence {
    /// Its name.
    pub model: String,
    /// Cook's distance.
    pub cooks_distance: Option<f64>,
    /// Its residual over the standard error that the fit without it gives.
    pub deleted_residual: Option<f64>,
    /// What the models without it, and without those named before it, say.
    pub without: Without,
}

/// A fit without influential models.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Without {
    /// The curve that leads then.
    pub curve: Option<Curve>,
    /// The difference of the first group by that curve.
    pub theta: Option<f64>,
    /// The break of the hinge on the scale of the fit, where the hinge has one.
    pub hinge_c: Option<f64>,
    /// Share of the variance that the curve explains.
    pub r_squared: Option<f64>,
}

/// How the curves are compared again.
pub(super) struct Comparing<'a> {
    pub(super) selection: &'a Selection,
    pub(super) curve: Curve,
    /// Whether the curve is chosen again.
    pub(super) choose: bool,
    pub(super) levels: Levels,
    pub(super) hinge: Hinge,
}

/// The influential models of a sample by the curve that leads, the most influential first.
pub(super) fn influential(how: &Comparing<'_>, sample: &Sample, names: &[&str]) -> Vec<Influence> {
    let mut weights: Vec<f64> = (0..sample.len()).map(|i| sample.weight(i)).collect();
    let mut found = Vec::new();
    let (mut rest, mut curve) = (sample.clone(), how.curve);
    while found.len() < MOST {
        let Some(fit) = curve.fit(how.levels, &rest).ok() else { break };
        let bent = || {
            let leverage = leverages(&*fit, &rest)?;
            let hinge = how.hinge.fit_sample(&rest).ok()?;
            worst(&hinge, &rest).filter(|(i, ..)| leverage[*i] > BENT)
        };
        let Some((model, distance, residual)) = worst(&*fit, &rest).or_else(bent) else { break };
        weights[model] = 0.0;
        let Ok(next) = sample.clone().with_weights(&weights) else { break };
        rest = next;
        if how.choose {
            let compared = how.selection.clone().without_prediction_errors().compare(&rest);
            curve = compared.map_or(curve, |compared| compared.selected);
        }
        let without = without(how, curve, &rest);
        found.push(Influence {
            model: names.get(model).map_or_else(String::new, |name| (*name).to_owned()),
            cooks_distance: finite(distance),
            deleted_residual: finite(residual),
            without,
        });
    }
    found
}

fn without(how: &Comparing<'_>, curve: Curve, rest: &Sample) -> Without {
    let fit = curve.fit(how.levels, rest).ok();
    let theta = |fit: &dyn FittedCurve| fit.estimate_of(Parameter::theta(0, rest.groups().len()));
    let hinge = how.hinge.fit_sample(rest).ok();
    Without {
        curve: fit.is_some().then_some(curve),
        theta: fit.as_ref().and_then(|fit| theta(&**fit)).and_then(finite),
        hinge_c: hinge.filter(|hinge| hinge.outcome == Outcome::Break).and_then(|hinge| finite(hinge.c)),
        r_squared: fit.as_ref().and_then(|fit| fit.r_squared()).and_then(finite),
    }
}

/// The most influential model, its distance and its deleted residual, if it is beyond the bounds.
fn worst(fit: &dyn FittedCurve, sample: &Sample) -> Option<(usize, f64, f64)> {
    let (n, p) = (fit.n() as f64, fit.estimates().len() as f64);
    let df = n - p - 1.0;
    let variance = fit.sse() / (n - p);
    if df < 1.0 || p == 0.0 || !(variance > 0.0) || !variance.is_finite() || fit.r_squared() >= Some(PERFECT) {
        return None;
    }
    let (odd, critical) = (student_quantile(0.995, df)?, student_quantile(1.0 - 0.005 / n, df)?);
    let leverage = leverages(fit, sample)?;
    let mark = |i: usize| -> Option<(usize, f64, f64)> {
        let weight = sample.weight(i);
        if weight <= 0.0 {
            return None;
        }
        let (h, e) = (leverage[i].min(1.0), fit.residuals()[i] * weight.sqrt());
        if 1.0 - h < ALONE {
            return None;
        }
        let distance = e * e * h / (p * variance * (1.0 - h).powi(2));
        let left = (variance * (n - p) - e * e / (1.0 - h)).max(0.0) / df;
        let deleted = e / (left * (1.0 - h)).sqrt();
        let far = distance > FAR && deleted.abs() > odd;
        (far || deleted.abs() > critical).then_some((i, distance, deleted))
    };
    let beyond = (0..sample.len()).filter_map(mark);
    beyond.max_by(|a, b| a.1.total_cmp(&b.1).then(a.2.abs().total_cmp(&b.2.abs())))
}

/// h_ii = w g'(J'WJ)⁻¹g, read off the classical covariance σ̂²(J'WJ)⁻¹; `None` where there is none.
pub(super) fn leverages(fit: &dyn FittedCurve, sample: &Sample) -> Option<Vec<f64>> {
    let jacobian = fit.jacobian();
    let covariance = Covariance::new(Kind::Classical).of(fit).ok()?;
    let df = fit.n().checked_sub(jacobian.len()).filter(|df| *df > 0)?;
    let variance = finite(fit.sse() / df as f64).filter(|v| *v > 0.0)?;
    let matrix = covariance.matrix();
    let one = |i: usize| {
        let own: f64 = jacobian
            .iter()
            .zip(matrix)
            .map(|(g, row)| g[i] * jacobian.iter().zip(row).map(|(h, v)| h[i] * v).sum::<f64>())
            .sum();
        own / variance * sample.weight(i)
    };
    Some((0..sample.len()).map(one).collect())
}

/// Influential models named at most.
const MOST: usize = 4;
/// Cook's distance from which a model is influential.
const FAR: f64 = 1.0;
/// Leverage from which a curve bends to one model.
const BENT: f64 = 0.5;
/// A model this close to full leverage determines a parameter alone; it has no residual to judge.
const ALONE: f64 = 1e-9;
/// A fit this good leaves rounding errors, not residuals.
const PERFECT: f64 = 1.0 - 1e-12;

#[cfg(test)]
mod tests {
    use super::*;

    fn comparing(selection: &Selection) -> Comparing<'_> {
        let levels = Levels::from(Some(0.25));
        Comparing { selection, curve: Curve::Hinge, choose: false, levels, hinge: Hinge::new().chance(0.25) }
    }

    /// Thirty models on a hinge with a repeatable wiggle; `at` scores what `score` says.
    fn sample(at: &[usize], score: f64) -> Sample {
        let x: Vec<f64> = (0..30).map(|i| 20.0 + 4.0 * f64::from(i) / 29.0).collect();
        let wiggle = |i: usize| 0.02 * [1.0, -0.7, 0.4, -1.0, 0.3][(i * 3) % 5];
        let curve = |i: usize| 0.25 + 0.2 * (x[i] - 22.0).max(0.0) + wiggle(i);
        let y: Vec<f64> = (0..30).map(|i| if at.contains(&i) { score } else { curve(i) }).collect();
        Sample::new(&x, &y).expect("a sample")
    }

    #[test]
    fn models_far_off_are_named_one_after_the_other_and_nobody_else() {
        let names: Vec<String> = (0..30).map(|i| format!("m{i}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let selection = Selection::new().chance(0.25);
        let named = |at: &[usize]| -> Vec<String> {
            let found = influential(&comparing(&selection), &sample(at, 1.0), &names);
            found.into_iter().map(|one| one.model).collect()
        };
        assert_eq!(named(&[]), Vec::<String>::new());
        assert_eq!(named(&[12]), ["m12"]);
        let mut both = named(&[0, 18]);
        both.sort();
        assert_eq!(both, ["m0", "m18"]);
    }

    #[test]
    fn the_fit_without_them_is_the_fit_of_the_others() {
        let selection = Selection::new().chance(0.25);
        let found = influential(&comparing(&selection), &sample(&[12], 1.0), &["m"; 30]);
        let c = found[0].without.hinge_c.expect("a break");
        assert!((c - 22.0).abs() < 0.1 && found[0].cooks_distance.is_some(), "{found:?}");
    }
}
