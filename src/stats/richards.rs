//! The Richards curve, a logistic with an asymmetric rise.
//!
//!   y = r + (u - r) (1 + exp(b - k x))^(-1/ν) + Σ θ_k z_k + ε
//!
//! with r = 0 unless given, u the level reached in the end, k the steepness, b/k the position and ν > 0 the asymmetry:
//! ν = 1 is the logistic, ν towards 0 the Gompertz curve. Source: Richards (1959), "A flexible growth function for
//! empirical use"; the parameters are those of Ratkowsky (1983) and of NIST's Rat42 (ν = 1) and Rat43. Starts come from a
//! deterministic grid with the linear part solved exactly; `optimise` does the rest. As for the
//! [logistic](super::logistic) curve a minimum need not exist, and [`RichardsFit::converged`] says whether it does.
//!
//! ```
//! use onset::stats::richards::Richards;
//!
//! let x: Vec<f64> = (1..=15).map(f64::from).collect();
//! let y: Vec<f64> = x.iter().map(|x| 700.0 * (1.0 + (5.0 - 0.75 * x).exp()).powf(-1.0 / 1.3)).collect();
//! let fit = Richards::new().fit(&x, &y, &[])?;
//! assert!(fit.converged && (fit.nu - 1.3).abs() < 1e-6 && (fit.upper - 700.0).abs() < 1e-6);
//! # Ok::<(), onset::Error>(())
//! ```

use serde::{Deserialize, Serialize};

use super::curve::{Entry, Levels};
use super::sample::Sample;
use super::sigmoid::{Fitted, Growth, Sigmoid, answer_as_curve};
use crate::{Error, Result};

/// Its line in the list of curves.
pub(super) const ENTRY: Entry = Entry {
    name: "richards",
    formula: "y = chance + (upper − chance)·(1 + exp(b − k·x))^(−1/nu)",
    frees_chance: false,
    compared: true,
    fit: |levels, sample| Ok(Box::new(Richards::between(levels).fit_sample(sample)?)),
};

/// A Richards curve to be fitted. Chance is 0, the upper asymptote and ν free unless set otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Richards {
    sigmoid: Sigmoid,
}

/// A fitted Richards curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RichardsFit {
    /// Lower asymptote.
    pub chance: f64,
    /// Upper asymptote, as given or as estimated.
    pub upper: f64,
    /// Position times steepness.
    pub b: f64,
    /// Steepness, per unit of x.
    pub k: f64,
    /// Asymmetry, as given or as estimated.
    pub nu: f64,
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

impl Default for Richards {
    fn default() -> Self {
        Self { sigmoid: Sigmoid { growth: Growth::Richards(None), chance: Some(0.0), upper: None } }
    }
}

impl Richards {
    /// Four parameters: u, b, k, ν.
    pub fn new() -> Self {
        Self::default()
    }

    fn between(levels: Levels) -> Self {
        let chance = Some(levels.chance.unwrap_or(0.0));
        Self { sigmoid: Sigmoid { growth: Growth::Richards(None), chance, upper: levels.ceiling } }
    }

    /// Holds the lower asymptote at `chance`.
    #[must_use]
    pub fn chance(mut self, chance: f64) -> Self {
        self.sigmoid.chance = Some(chance);
        self
    }

    /// Holds the upper asymptote at `upper`.
    #[must_use]
    pub fn upper(mut self, upper: f64) -> Self {
        self.sigmoid.upper = Some(upper);
        self
    }

    /// Holds ν.
    ///
    /// # Errors
    /// `Argument` unless `nu` is positive and finite.
    pub fn nu(mut self, nu: f64) -> Result<Self> {
        if !(nu > 0.0 && nu.is_finite()) {
            return Err(Error::Argument(format!("ν is {nu}: it must be positive and finite")));
        }
        self.sigmoid.growth = Growth::Richards(Some(nu));
        Ok(self)
    }

    /// Fits scores `y` at `x` (n values each) with one column of n values per group.
    ///
    /// # Errors
    /// `NotEnoughModels` for fewer observations of positive weight than parameters, `Undetermined` for a constant `x`,
    /// `Argument` for lengths that differ and values that are not finite.
    pub fn fit(&self, x: &[f64], y: &[f64], groups: &[Vec<f64>]) -> Result<RichardsFit> {
        self.fit_sample(&Sample::new(x, y)?.with_groups(groups)?)
    }

    /// The same of a sample, with its weights.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub(crate) fn fit_sample(&self, sample: &Sample) -> Result<RichardsFit> {
        self.sigmoid.fit(sample, None).map(RichardsFit::from)
    }

    /// The same from one starting point: the free ones of upper asymptote, b, k, ν and the identified groups, in this
    /// order.
    ///
    /// # Errors
    /// As [`fit`](Self::fit); `Argument` when `start` has not one value per parameter.
    #[cfg(test)]
    pub(crate) fn fit_from(&self, start: &[f64], sample: &Sample) -> Result<RichardsFit> {
        self.sigmoid.fit(sample, Some(start)).map(RichardsFit::from)
    }
}

impl From<Fitted> for RichardsFit {
    fn from(inner: Fitted) -> Self {
        Self {
            chance: inner.chance,
            upper: inner.upper,
            b: inner.shape[0],
            k: inner.shape[1],
            nu: inner.shape[2],
            theta: inner.theta.clone(),
            theta_identified: inner.identified.clone(),
            converged: inner.converged,
            sse: inner.sse,
            n: inner.n,
            inner,
        }
    }
}

answer_as_curve!(RichardsFit);
