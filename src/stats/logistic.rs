//! The logistic curve of score against log compute: a gradual rise between two levels.
//!
//!   y = r + (u - r) σ(k (x - m)) + Σ θ_k z_k + ε,  σ(t) = 1 / (1 + e^-t)
//!
//! with r chance, u the level reached in the end, m the midpoint and k the steepness (the slope at m is k (u - r) / 4).
//! With r given it has three parameters, with r free four; u may be given too. Starts come from a deterministic grid with
//! the linear part solved exactly; `optimise` does the rest. With both asymptotes free the curve is
//! written so that k > 0; a fall then has u < r.
//!
//! A least-squares logistic need not exist: the data may ask for a step (k to infinity) or for an endless exponential
//! rise (u to infinity). [`LogisticFit::converged`] is then false; the curve is as good as the search found and predicts
//! inside the data, but only its determined parameters are listed.
//!
//! ```
//! use onset::stats::logistic::Logistic;
//!
//! let x = [20.0, 20.5, 21.0, 21.5, 22.0, 22.5, 23.0, 23.5];
//! let y: Vec<f64> = x.iter().map(|x: &f64| 0.25 + 0.5 / (1.0 + (-3.0 * (x - 22.0)).exp())).collect();
//! let fit = Logistic::new().chance(0.25).fit(&x, &y, &[])?;
//! assert!(fit.converged && (fit.m - 22.0).abs() < 1e-8 && (fit.upper - 0.75).abs() < 1e-8);
//! # Ok::<(), onset::Error>(())
//! ```

use serde::{Deserialize, Serialize};

use super::curve::{Entry, Levels};
use super::sample::Sample;
use super::sigmoid::{Fitted, Growth, Sigmoid, answer_as_curve};
use crate::Result;

/// Its line in the list of curves.
pub(super) const ENTRY: Entry = Entry {
    name: "logistic",
    formula: "y = chance + (upper − chance) / (1 + exp(−k·(x − m)))",
    frees_chance: true,
    compared: true,
    fit: |levels, sample| Ok(Box::new(Logistic::between(levels).fit_sample(sample)?)),
};

/// A logistic curve to be fitted. Chance is 0 and the upper asymptote free unless set otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Logistic {
    sigmoid: Sigmoid,
}

/// A fitted logistic curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LogisticFit {
    /// Lower asymptote, as given or as estimated.
    pub chance: f64,
    /// Upper asymptote, as given or as estimated.
    pub upper: f64,
    /// Steepness, per unit of x.
    pub k: f64,
    /// Midpoint, where half the way from `chance` to `upper` is gone.
    pub m: f64,
    /// One difference per group, 0 for one that is not identified.
    pub theta: Vec<f64>,
    /// Whether the data determine each group's difference.
    pub theta_identified: Vec<bool>,
    /// Whether the optimiser ended in a minimum.
    pub converged: bool,
    /// Weighted sum of squared residuals; infinite when it exceeds the largest `f64`.
    #[serde(with = "crate::serial::real")]
    pub sse: f64,
    /// Number of observations of positive weight.
    pub n: usize,
    inner: Fitted,
}

impl Default for Logistic {
    fn default() -> Self {
        Self { sigmoid: Sigmoid { growth: Growth::Logistic, chance: Some(0.0), upper: None } }
    }
}

impl Logistic {
    /// Three parameters: from 0 to a free upper asymptote.
    pub fn new() -> Self {
        Self::default()
    }

    fn between(Levels { chance, ceiling }: Levels) -> Self {
        Self { sigmoid: Sigmoid { growth: Growth::Logistic, chance, upper: ceiling } }
    }

    /// Holds the lower asymptote at `chance`.
    #[must_use]
    pub fn chance(mut self, chance: f64) -> Self {
        self.sigmoid.chance = Some(chance);
        self
    }

    /// Estimates the lower asymptote.
    #[must_use]
    pub fn free_chance(mut self) -> Self {
        self.sigmoid.chance = None;
        self
    }

    /// Holds the upper asymptote at `upper`.
    #[must_use]
    pub fn upper(mut self, upper: f64) -> Self {
        self.sigmoid.upper = Some(upper);
        self
    }

    /// Fits scores `y` at `x` (log10 FLOPs; n values each) with one column of n values per group.
    ///
    /// # Errors
    /// `NotEnoughModels` for fewer observations of positive weight than parameters, `Undetermined` for a constant `x`,
    /// `Argument` for lengths that differ and values that are not finite.
    pub fn fit(&self, x: &[f64], y: &[f64], groups: &[Vec<f64>]) -> Result<LogisticFit> {
        self.fit_sample(&Sample::new(x, y)?.with_groups(groups)?)
    }

    /// The same of a sample, with its weights.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn fit_sample(&self, sample: &Sample) -> Result<LogisticFit> {
        self.sigmoid.fit(sample, None).map(LogisticFit::from)
    }

    /// The same from one starting point: the free ones of chance, upper asymptote, k, m and the identified groups, in
    /// this order.
    ///
    /// # Errors
    /// As [`fit`](Self::fit); `Argument` when `start` has not one finite value per parameter.
    #[cfg(test)]
    pub(crate) fn fit_from(&self, start: &[f64], sample: &Sample) -> Result<LogisticFit> {
        self.sigmoid.fit(sample, Some(start)).map(LogisticFit::from)
    }
}

impl From<Fitted> for LogisticFit {
    fn from(inner: Fitted) -> Self {
        Self {
            chance: inner.chance,
            upper: inner.upper,
            k: inner.shape[0],
            m: inner.shape[1],
            theta: inner.theta.clone(),
            theta_identified: inner.identified.clone(),
            converged: inner.converged,
            sse: inner.sse,
            n: inner.n,
            inner,
        }
    }
}

answer_as_curve!(LogisticFit);
