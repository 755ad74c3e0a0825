//! What every fitted curve can be asked, so that covariances, bootstraps and profiles are written once.
//!
//! A fitted curve is y = f(x, z; β) with named parameters β, of which only the identified ones are listed: column j of
//! the Jacobian is ∂f/∂β_j at the observations and `gradient` the same row at a new x, so a delta-method variance is
//! `gradient' · covariance · gradient`.
//!
//! ```
//! use onset::stats::curve::FittedCurve;
//! use onset::stats::linear::Linear;
//! use onset::stats::parameter::Parameter;
//!
//! let fit = Linear::new().fit(&[20.0, 21.0, 22.0, 23.0], &[0.25, 0.31, 0.34, 0.41], &[])?;
//! assert_eq!(fit.names(), [Parameter::Intercept, Parameter::Slope]);
//! assert_eq!(fit.jacobian().len(), fit.estimates().len());
//! assert_eq!(fit.gradient(24.0, &[]), [1.0, 24.0]);
//! # Ok::<(), onset::Error>(())
//! ```

use serde::{Deserialize, Serialize};

use super::observations::used;
use super::parameter::Parameter;
use super::sample::Sample;
use crate::Result;

/// A curve after fitting; see the module.
pub trait FittedCurve: Send + Sync {
    /// The identified parameters (k of them).
    fn names(&self) -> Vec<Parameter>;

    /// Their estimates, in the same order.
    fn estimates(&self) -> Vec<f64>;

    /// k columns of n derivatives of the fitted values, in the same order. Full rank unless a column is zero because
    /// the curve is flat there.
    fn jacobian(&self) -> Vec<Vec<f64>>;

    /// Observed minus fitted, in the order of the observations (not multiplied by weights).
    fn residuals(&self) -> &[f64];

    /// Fitted values, in the order of the observations.
    fn fitted(&self) -> &[f64];

    /// The weights of the fit, if any.
    fn weights(&self) -> Option<&[f64]>;

    /// Sum of squared residuals, weighted where the fit was. Infinite when the squares exceed the largest `f64`.
    fn sse(&self) -> f64;

    /// Number of mean parameters of the model as asked for, the error variance not counted: what an information
    /// criterion charges. At least the number of names; larger when the data leave one undetermined.
    fn free_parameters(&self) -> usize;

    /// The curve at `x` for a model with the group values `z` (missing ones count as 0, further ones are ignored).
    fn predict(&self, x: f64, z: &[f64]) -> f64;

    /// Derivatives of [`predict`](Self::predict) by the parameters (k values).
    fn gradient(&self, x: f64, z: &[f64]) -> Vec<f64>;

    /// Whether the optimiser ended in a minimum; `None` for a curve whose optimum is found exactly.
    fn converged(&self) -> Option<bool> {
        None
    }

    /// The place of `parameter` among the identified ones.
    fn place_of(&self, parameter: Parameter) -> Option<usize> {
        self.names().iter().position(|name| *name == parameter)
    }

    /// The estimate of `parameter`, where the data determine it.
    fn estimate_of(&self, parameter: Parameter) -> Option<f64> {
        self.estimates().get(self.place_of(parameter)?).copied()
    }

    /// Number of observations of positive weight.
    fn n(&self) -> usize {
        used(self.residuals().len(), self.weights())
    }

    /// 1 - SSE / Σ w (y - ȳ)², ȳ the weighted mean; `None` for constant scores.
    fn r_squared(&self) -> Option<f64> {
        r_squared(self.fitted(), self.residuals(), self.weights(), None)
    }

    /// Gaussian log-likelihood at the maximum, as R's `logLik` of `lm` and `nls`:
    /// ½ Σ ln w - n/2 (ln 2π + 1 - ln n + ln SSE), observations of weight zero left out. Infinite for a perfect fit.
    fn log_likelihood(&self) -> f64 {
        log_likelihood(self.residuals(), self.weights())
    }
}

/// What a [`FittedCurve`] with the fields `least_squares` and `names` answers by that regression: its coefficients are the
/// parameters of these names.
macro_rules! answer_by_least_squares {
    () => {
        fn names(&self) -> Vec<Parameter> {
            self.names.clone()
        }

        fn estimates(&self) -> Vec<f64> {
            self.least_squares.coefficients.clone()
        }

        fn jacobian(&self) -> Vec<Vec<f64>> {
            self.least_squares.columns.clone()
        }

        fn residuals(&self) -> &[f64] {
            &self.least_squares.residuals
        }

        fn fitted(&self) -> &[f64] {
            &self.least_squares.fitted
        }

        fn weights(&self) -> Option<&[f64]> {
            self.least_squares.weights.as_deref()
        }

        fn sse(&self) -> f64 {
            self.least_squares.sse()
        }
    };
}
pub(super) use answer_by_least_squares;

/// The gradients at the observations, as columns.
pub(crate) fn jacobian(curve: &impl FittedCurve, sample: &Sample) -> Vec<Vec<f64>> {
    let rows: Vec<Vec<f64>> = (0..sample.len()).map(|i| curve.gradient(sample.x()[i], &sample.z(i))).collect();
    let k = rows.first().map_or(0, Vec::len);
    (0..k).map(|j| rows.iter().map(|row| row[j]).collect()).collect()
}

/// 1 - SSE / Σ w (y - level)² with the weighted mean as the level where none is given, in units in which nothing
/// overflows.
pub(crate) fn r_squared(fitted: &[f64], residuals: &[f64], weights: Option<&[f64]>, level: Option<f64>) -> Option<f64> {
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    let y = |i: usize| fitted[i] + residuals[i];
    let n = fitted.len();
    let mass: f64 = (0..n).map(weight).sum();
    let level = level.unwrap_or_else(|| (0..n).map(|i| y(i) * (weight(i) / mass)).sum());
    let scale = (0..n).filter(|i| weight(*i) > 0.0).map(|i| (y(i) - level).abs()).fold(0.0, f64::max);
    let size = (0..n).filter(|i| weight(*i) > 0.0).map(|i| y(i).abs()).fold(0.0, f64::max);
    if !scale.is_finite() || scale <= CONSTANT * size {
        return None;
    }
    let total: f64 = (0..n).map(|i| weight(i) * ((y(i) - level) / scale).powi(2)).sum();
    let rest: f64 = (0..n).map(|i| weight(i) * (residuals[i] / scale).powi(2)).sum();
    Some(1.0 - rest / total)
}

pub(crate) fn log_likelihood(residuals: &[f64], weights: Option<&[f64]>) -> f64 {
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    let used: Vec<usize> = (0..residuals.len()).filter(|i| weight(*i) > 0.0).collect();
    let scale = used.iter().map(|&i| residuals[i].abs()).fold(0.0, f64::max);
    if scale == 0.0 {
        return f64::INFINITY;
    }
    let n = used.len() as f64;
    let sse: f64 = used.iter().map(|&i| weight(i) * (residuals[i] / scale).powi(2)).sum();
    let log_weights: f64 = used.iter().map(|&i| weight(i).ln()).sum();
    0.5 * log_weights - 0.5 * n * ((2.0 * std::f64::consts::PI).ln() + 1.0 - n.ln() + sse.ln() + 2.0 * scale.ln())
}

/// The weighted sum of squared residuals without overflow on the way.
pub(crate) fn sum_of_squares(residuals: &[f64], weights: Option<&[f64]>) -> f64 {
    let scale = residuals.iter().map(|e| e.abs()).fold(0.0, f64::max);
    if scale == 0.0 {
        return 0.0;
    }
    let scaled: f64 =
        residuals.iter().enumerate().map(|(i, e)| weights.map_or(1.0, |w| w[i]) * (e / scale).powi(2)).sum();
    (scaled.sqrt() * scale).powi(2)
}

/// Scores that vary by less than this share of their size are constant but for rounding.
const CONSTANT: f64 = 1e-14;

/// What the list knows of a curve.
pub(crate) struct Entry {
    /// Its name on the command line and in files.
    pub(crate) name: &'static str,
    /// Its formula, groups aside.
    pub(crate) formula: &'static str,
    /// Whether it can estimate chance.
    pub(crate) frees_chance: bool,
    /// Whether it is among the curves that are compared where none is named.
    pub(crate) compared: bool,
    /// Fits it with levels held, or estimated where they can be.
    pub(crate) fit: fn(Levels, &Sample) -> Result<Box<dyn FittedCurve>>,
}

/// The levels between which scores move. A curve without one of them takes no notice of it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Levels {
    /// The level before scores move, held here or estimated (`None`).
    pub chance: Option<f64>,
    /// The level they move to, held here or estimated (`None`).
    pub ceiling: Option<f64>,
}

impl From<Option<f64>> for Levels {
    /// Chance, with a free ceiling.
    fn from(chance: Option<f64>) -> Self {
        Self { chance, ceiling: None }
    }
}
