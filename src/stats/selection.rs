//! Which curve describes the scores, and how abruptly they rise.
//!
//! Every candidate is judged three ways:
//!
//! - AICc = -2 ln L + 2p + 2p(p+1)/(n-p-1) and BIC = -2 ln L + p ln n, with the Gaussian likelihood and p counting the
//!   error variance (Burnham and Anderson 2002, §2.4);
//! - leave-one-model-out: the root mean squared error of predicting each model from a refit without it;
//! - leave-one-family-out: the same without its whole family, which is what predicting a new model family is.
//!
//! Of more than 250 models or families a tenth is left out at a time. Refits are real refits (breaks and midpoints are
//! found anew). A fold whose held-out models belong to a group that has
//! no other member says nothing about the curves and is left out for all of them.
//!
//! **The verdict** follows one rule.
//!
//! 1. Of the curves within 2 of the lowest AICc take the one with fewest parameters, of equals the one with the lower
//!    AICc. A constant level is always among the candidates.
//! 2. `none` if that curve does not rise from the smallest to the largest x (of falling scores: fall).
//! 3. `abrupt` if at least half of its rise happens within one third of the range of x.
//! 4. `gradual` otherwise.
//!
//! So a straight line is gradual, a hinge is abrupt when its break lies beyond the first third of the range, and a
//! logistic when it is steep: the rule looks at the shape, not at the name of the curve. It is a description; whether
//! a break is more than chance is for a test of it.
//!
//! ```
//! use onset::stats::clusters::Clusters;
//! use onset::stats::curves::Curve;
//! use onset::stats::sample::Sample;
//! use onset::stats::selection::{Selection, Verdict};
//!
//! let x: Vec<f64> = (0..20).map(|i| 20.0 + 0.2 * f64::from(i)).collect();
//! let noise = |i: usize| 0.004 * [1.0, -1.0, 0.5, -0.5][(i * 7) % 4];
//! let y: Vec<f64> = x.iter().enumerate().map(|(i, x)| 0.25 + 0.2 * (x - 22.1_f64).max(0.0) + noise(i)).collect();
//! let families = Clusters::new(&(0..20).map(|i| i / 4).collect::<Vec<u8>>());
//! let found = Selection::new().chance(0.25).compare(&Sample::new(&x, &y)?.with_families(&families)?)?;
//! assert_eq!((found.selected, found.verdict), (Curve::Hinge, Verdict::Abrupt));
//! # Ok::<(), onset::Error>(())
//! ```

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::curve::FittedCurve;
use super::curve::Levels;
use super::curves::Curve;
use super::direction::Direction;
use super::many::{MANY, PARTS, in_parts};
use super::observations::identified;
use super::sample::Sample;
use crate::serial::read_by_name;
use crate::{Error, Result};

/// How scores rise; see the [module](self) for the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Mostly within a third of the range.
    Abrupt,
    /// Spread over the range.
    Gradual,
    /// Not at all.
    None,
}

read_by_name!(Verdict, "verdict", [Verdict::Abrupt, Verdict::Gradual, Verdict::None]);

/// What to compare.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Selection {
    levels: Levels,
    curves: Vec<Curve>,
    predicts: bool,
    direction: Direction,
}

/// One curve's fit and its marks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Candidate {
    /// The curve.
    pub curve: Curve,
    /// Number of parameters, the error variance counted.
    pub parameters: usize,
    /// Weighted sum of squared residuals.
    #[serde(with = "crate::serial::real")]
    pub sse: f64,
    /// Gaussian log-likelihood. A fit that leaves nothing but rounding error is credited with that error and no less.
    #[serde(with = "crate::serial::real")]
    pub log_likelihood: f64,
    /// Small-sample Akaike criterion; `None` when there are fewer than p + 2 observations.
    pub aicc: Option<f64>,
    /// Bayesian criterion.
    #[serde(with = "crate::serial::real")]
    pub bic: f64,
    /// Leave-one-model-out prediction error; `None` where a refit failed or none was asked for.
    pub rmse_without_model: Option<f64>,
    /// Leave-one-family-out prediction error; `None` where a refit failed, there is one family or none was asked for.
    pub rmse_without_family: Option<f64>,
}

/// The outcome of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Comparison {
    /// The curves that could be fitted, in the order asked for; a constant level first.
    pub candidates: Vec<Candidate>,
    /// The curves that could not, and why.
    pub failed: Vec<(Curve, String)>,
    /// The curve that step 1 of the rule takes.
    pub selected: Curve,
    /// The verdict on it.
    pub verdict: Verdict,
    /// Largest share of its rise within one third of the range of x; `None` when it does not rise.
    pub steepest_third: Option<f64>,
    /// Models left out of leave-one-model-out, and families out of leave-one-family-out, because they are the only ones
    /// of their group.
    pub folds_left_out: (usize, usize),
}

impl Verdict {
    /// The name as printed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Abrupt => "abrupt",
            Self::Gradual => "gradual",
            Self::None => "none",
        }
    }
}

impl Default for Selection {
    fn default() -> Self {
        let curves = vec![Curve::Linear, Curve::Hinge, Curve::Segmented, Curve::Logistic];
        Self { levels: Some(0.0).into(), curves, predicts: true, direction: Direction::Rising }
    }
}

impl Selection {
    /// A constant level, line, hinge, two segments and logistic, with chance 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// Holds the chance of hinge, logistic and Richards curve at `chance`.
    #[must_use]
    pub fn chance(mut self, chance: f64) -> Self {
        self.levels.chance = Some(chance);
        self
    }

    /// Holds chance and the ceiling of the curves that have one, or estimates them.
    #[must_use]
    pub(crate) fn between(mut self, levels: Levels) -> Self {
        self.levels = levels;
        self
    }

    /// Which way scores are expected to go: up, unless they are losses.
    #[must_use]
    pub(crate) fn direction(mut self, direction: Direction) -> Self {
        self.direction = direction;
        self
    }

    /// The curves to compare beside the constant level.
    #[must_use]
    pub fn curves(mut self, curves: &[Curve]) -> Self {
        self.curves = curves.to_vec();
        self
    }

    /// Leaves the prediction errors out, which take one fit of every curve per model and per family. The verdict does not
    /// need them.
    #[must_use]
    pub(crate) fn without_prediction_errors(mut self) -> Self {
        self.predicts = false;
        self
    }

    /// Fits one of the curves as the comparison does.
    ///
    /// # Errors
    /// Those of the curve.
    pub(crate) fn fit(&self, curve: Curve, sample: &Sample) -> Result<Box<dyn FittedCurve>> {
        curve.fit(self.levels, sample)
    }

    /// Fits and judges the curves on a sample. Prediction errors are weighted as the fits are.
    ///
    /// # Errors
    /// `NotEnoughModels` or `Undetermined` when not even the constant level can be fitted or x is constant. A curve that
    /// alone cannot be fitted is listed in [`Comparison::failed`].
    pub fn compare(&self, sample: &Sample) -> Result<Comparison> {
        Ok(self.compare_and_keep(sample)?.0)
    }

    /// The same with the fits.
    pub(crate) fn compare_and_keep(&self, sample: &Sample) -> Result<(Comparison, Fits)> {
        let (x, families) = (sample.x(), sample.families());
        let counts = |i: &usize| sample.weight(*i) > 0.0;
        let (low, high) = (0..x.len())
            .filter(counts)
            .fold((f64::INFINITY, f64::NEG_INFINITY), |range, i| (range.0.min(x[i]), range.1.max(x[i])));
        if low == high {
            return Err(Error::Undetermined("the predictor is the same for every model".into()));
        }
        let data = Data { settings: self, sample };
        let mut models: Vec<Vec<usize>> = (0..sample.len()).filter(counts).map(|i| vec![i]).collect();
        if models.len() > MANY {
            // Parts that take every so many-th model by its place cover the whole range.
            models.sort_by(|a, b| x[a[0]].total_cmp(&x[b[0]]));
        }
        let held: Vec<Vec<usize>> = (0..families.count())
            .map(|g| families.members(g).iter().copied().filter(counts).collect::<Vec<usize>>())
            .filter(|rows| !rows.is_empty())
            .collect();
        let (models, without_model) = data.usable(in_parts(models, PARTS));
        let (held, without_family) = if held.len() > 1 { data.usable(in_parts(held, PARTS)) } else { (vec![], 0) };
        let mut fits = Vec::new();
        let mut failed = Vec::new();
        let others = self.curves.iter().copied().filter(|c| *c != Curve::Flat);
        for curve in std::iter::once(Curve::Flat).chain(others) {
            match self.fit(curve, sample) {
                Ok(fit) => {
                    let without = (data.prediction_error(curve, &models), data.prediction_error(curve, &held));
                    fits.push((judge(curve, fit.as_ref(), without), fit));
                }
                Err(error) if curve == Curve::Flat => return Err(error),
                Err(error) => failed.push((curve, error.to_string())),
            }
        }
        let at = select(fits.iter().map(|(candidate, _)| candidate));
        let (chosen, fit) = &fits[at];
        let steepest_third = steepest_third(fit.as_ref(), (low, high), self.direction);
        let verdict = match steepest_third {
            Option::None => Verdict::None,
            Some(share) if share >= HALF => Verdict::Abrupt,
            Some(_) => Verdict::Gradual,
        };
        let selected = chosen.curve;
        let folds_left_out = (without_model, without_family);
        let keep = |(candidate, fit): (Candidate, _)| ((candidate.curve, fit), candidate);
        let (fits, candidates) = fits.into_iter().map(keep).unzip();
        Ok((Comparison { candidates, failed, selected, verdict, steepest_third, folds_left_out }, fits))
    }
}

/// Fitted curves by name.
pub(crate) type Fits = Vec<(Curve, Box<dyn FittedCurve>)>;

/// The data of one comparison.
struct Data<'a> {
    settings: &'a Selection,
    sample: &'a Sample,
}

impl Data<'_> {
    /// The weights with the observations `held` left out.
    fn without(&self, held: &[usize]) -> Vec<f64> {
        let mut weights: Vec<f64> = (0..self.sample.len()).map(|i| self.sample.weight(i)).collect();
        held.iter().for_each(|&i| weights[i] = 0.0);
        weights
    }

    /// The folds that can be predicted, whatever the curve, and the number of the others.
    fn usable(&self, folds: Vec<Vec<usize>>) -> (Vec<Vec<usize>>, usize) {
        let all = folds.len();
        let base = [vec![1.0; self.sample.len()]];
        let groups = self.sample.groups();
        // What no fit on all the data determines is no reason to leave a fold out.
        let on_all = identified(&base, groups, self.sample.weights());
        let keeps = |held: &Vec<usize>| {
            let known = identified(&base, groups, Some(&self.without(held)));
            (0..groups.len()).all(|k| known[k] || !on_all[k] || held.iter().all(|&i| groups[k][i] == 0.0))
        };
        let kept: Vec<Vec<usize>> = folds.into_iter().filter(keeps).collect();
        let left_out = all - kept.len();
        (kept, left_out)
    }

    fn prediction_error(&self, curve: Curve, folds: &[Vec<usize>]) -> Option<f64> {
        if !self.settings.predicts {
            return None;
        }
        let of_fold = |held: &Vec<usize>| -> Option<Vec<(f64, f64)>> {
            let sample = self.sample.clone().with_weights(&self.without(held)).ok()?;
            let fit = self.settings.fit(curve, &sample).ok()?;
            let error = |i: usize| sample.y()[i] - fit.predict(sample.x()[i], &sample.z(i));
            Some(held.iter().map(|&i| (error(i), self.sample.weight(i))).collect())
        };
        let errors: Vec<Vec<(f64, f64)>> = folds.par_iter().map(of_fold).collect::<Option<_>>()?;
        let errors = errors.concat();
        let (mut sum, mut mass) = (0.0, 0.0);
        let scale = errors.iter().map(|(error, _)| error.abs()).fold(0.0, f64::max);
        if scale == 0.0 {
            return (!errors.is_empty()).then_some(0.0);
        }
        for (error, weight) in errors {
            sum += weight * (error / scale).powi(2);
            mass += weight;
        }
        let rmse = (sum / mass).sqrt() * scale;
        rmse.is_finite().then_some(rmse)
    }
}

fn judge(curve: Curve, fit: &dyn FittedCurve, without: (Option<f64>, Option<f64>)) -> Candidate {
    let n = fit.n() as f64;
    let parameters = fit.free_parameters() + 1;
    let p = parameters as f64;
    let size = fit.fitted().iter().zip(fit.residuals()).map(|(f, e)| (f + e).abs()).fold(0.0, f64::max);
    let floor = size.max(f64::MIN_POSITIVE / ROUNDING) * ROUNDING;
    let log_likelihood = fit.log_likelihood().min(perfect(fit, floor));
    let spare = n - p - 1.0;
    Candidate {
        curve,
        parameters,
        sse: fit.sse(),
        log_likelihood,
        aicc: (spare > 0.0).then(|| -2.0 * log_likelihood + 2.0 * p + 2.0 * p * (p + 1.0) / spare),
        bic: -2.0 * log_likelihood + p * n.ln(),
        rmse_without_model: without.0,
        rmse_without_family: without.1,
    }
}

/// The log-likelihood if every residual were `floor`.
fn perfect(fit: &dyn FittedCurve, floor: f64) -> f64 {
    super::curve::log_likelihood(&vec![floor; fit.residuals().len()], fit.weights())
}

/// Step 1 of the rule; the position of the chosen candidate. Without any AICc the first, a constant level.
fn select<'a>(candidates: impl Iterator<Item = &'a Candidate> + Clone) -> usize {
    let lowest = candidates.clone().filter_map(|c| c.aicc).fold(f64::INFINITY, f64::min);
    candidates
        .enumerate()
        .filter_map(|(at, c)| Some((at, c.parameters, c.aicc.filter(|a| *a <= lowest + AS_GOOD)?)))
        .min_by(|a, b| a.1.cmp(&b.1).then(a.2.total_cmp(&b.2)))
        .map_or(0, |(at, ..)| at)
}

/// The largest share of the rise (or fall) from `low` to `high` that happens in a third of the range.
fn steepest_third(fit: &dyn FittedCurve, (low, high): (f64, f64), direction: Direction) -> Option<f64> {
    let value = |step: usize| fit.predict(low + (high - low) * step as f64 / STEPS as f64, &[]);
    let values: Vec<f64> = (0..=STEPS).map(value).collect();
    let rise = values[STEPS] - values[0];
    let size = values.iter().map(|v| v.abs()).fold(0.0, f64::max);
    if rise.is_nan() || direction.along(rise) <= ROUNDING * size {
        return None;
    }
    let share = (STEPS / 3..=STEPS).map(|end| (values[end] - values[end - STEPS / 3]) / rise);
    Some(share.fold(f64::NEG_INFINITY, f64::max))
}

/// AICc difference up to which a curve counts as good as the best (Burnham and Anderson 2002, §2.6).
const AS_GOOD: f64 = 2.0;
/// Share of the rise within a third of the range from which it is abrupt.
const HALF: f64 = 0.5;
/// Points at which the selected curve is looked at; a multiple of three.
const STEPS: usize = 300;
/// Residuals below this share of the scores are rounding error.
const ROUNDING: f64 = 1e-12;
