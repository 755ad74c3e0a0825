//! Linear least squares, and the straight line of score against log compute.
//!
//!   y = Xβ + ε, β̂ = argmin Σ w (y - Xβ)²; the line: y = β0 + β1 x + Σ θ_k z_k
//!
//! solved by Householder QR of the design with rows multiplied by sqrt w, columns centred when one of them is constant
//! and everything scaled by powers of two, so that a predictor far from zero (a date, 10^8 + x) loses no digits and
//! scores of 10^300 overflow nowhere. Standard errors are classical, σ̂² (X'WX)^-1 with σ̂² = SSE/(n-k), p-values from
//! Student's t with n-k degrees of freedom; [`covariance`](super::covariance) has the robust ones. Source: Golub and Van
//! Loan, *Matrix Computations*, §5.3; every number agrees with R's `lm`.
//!
//! ```
//! use onset::stats::linear::Linear;
//!
//! let log_compute = [21.0, 21.5, 22.0, 22.5, 23.0];
//! let new = vec![0.0, 0.0, 1.0, 0.0, 1.0];
//! let score = [0.25, 0.32, 0.43, 0.46, 0.57];
//! let line = Linear::new().fit(&log_compute, &score, &[new])?;
//! assert!((line.slope - 0.14).abs() < 1e-12);
//! assert!((line.theta[0] - 0.04).abs() < 1e-12);
//! # Ok::<(), onset::Error>(())
//! ```

use serde::{Deserialize, Serialize};

pub(crate) use super::least_squares::LeastSquares;
pub use super::least_squares::LeastSquaresFit;

use super::curve::{Entry, FittedCurve, answer_by_least_squares};
use super::observations::{differences, identified_among, only, shift, spread};
use super::parameter::Parameter;
use super::sample::Sample;
use crate::Result;

/// Its line in the list of curves.
pub(super) const ENTRY: Entry = Entry {
    name: "linear",
    formula: "y = intercept + slope·x",
    frees_chance: true,
    compared: true,
    fit: |_, sample| Ok(Box::new(Linear::new().fit_sample(sample)?)),
};

/// A straight line to be fitted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Linear;

/// A fitted straight line y = β0 + β1 x + Σ θ_k z_k.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LinearFit {
    /// Expected score at x = 0 with every z = 0.
    pub intercept: f64,
    /// Gain per unit of x (decade of compute).
    pub slope: f64,
    /// One difference per group, 0 for one that is not identified.
    pub theta: Vec<f64>,
    /// Whether the data determine each group's difference: not if the group is empty, full, or repeats others.
    pub theta_identified: Vec<bool>,
    /// The regression behind it (columns intercept, slope, identified groups), with standard errors and p-values.
    pub least_squares: LeastSquaresFit,
    names: Vec<Parameter>,
}

impl Linear {
    /// A line.
    pub fn new() -> Self {
        Self
    }

    /// Fits scores `y` at `x` (log10 FLOPs), with one column of n values per group (0 or 1, or any covariate). The
    /// difference of a group that is empty, full, or repeats others is left out and marked
    /// ([`theta_identified`](LinearFit::theta_identified)).
    ///
    /// # Errors
    /// `NotEnoughModels` for fewer observations than coefficients, `Undetermined` for a constant `x`, `Argument` for
    /// lengths that differ or values that are not finite.
    pub fn fit(&self, x: &[f64], y: &[f64], groups: &[Vec<f64>]) -> Result<LinearFit> {
        self.fit_sample(&Sample::new(x, y)?.with_groups(groups)?)
    }

    /// The same of a sample, with its weights.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn fit_sample(&self, sample: &Sample) -> Result<LinearFit> {
        let mut columns = vec![vec![1.0; sample.len()], sample.x().to_vec()];
        let identified = identified_among(&columns, sample.groups(), sample.weights())?;
        columns.extend(only(sample.groups(), &identified));
        let mut names = vec![Parameter::Intercept, Parameter::Slope];
        names.extend(differences(&identified));
        let least_squares = LeastSquares::fit_named(&names, &columns, sample.y(), sample.weights())?;
        let theta = spread(&least_squares.coefficients[2..], &identified);
        let [intercept, slope] = [least_squares.coefficients[0], least_squares.coefficients[1]];
        Ok(LinearFit { intercept, slope, theta, theta_identified: identified, least_squares, names })
    }
}

impl LinearFit {
    /// The line at `x` for a model with group values `z` (missing ones count as 0, further ones are ignored).
    pub(crate) fn predict(&self, x: f64, z: &[f64]) -> f64 {
        self.intercept + self.slope * x + shift(&self.theta, z)
    }

    /// 1 - SSE / Σ w (y - ȳ)²; `None` for constant scores.
    pub(crate) fn r_squared(&self) -> Option<f64> {
        self.least_squares.r_squared()
    }
}

impl FittedCurve for LinearFit {
    answer_by_least_squares!();

    fn free_parameters(&self) -> usize {
        2 + self.theta.len()
    }

    fn predict(&self, x: f64, z: &[f64]) -> f64 {
        LinearFit::predict(self, x, z)
    }

    fn gradient(&self, x: f64, z: &[f64]) -> Vec<f64> {
        let mut row = vec![1.0, x];
        row.extend(
            (0..self.theta.len()).filter(|k| self.theta_identified[*k]).map(|k| z.get(k).copied().unwrap_or(0.0)),
        );
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn least_squares_without_an_intercept_go_through_zero() -> crate::Result<()> {
        let through_zero = LeastSquares::fit(&[vec![1.0, 2.0, 3.0]], &[1.1, 1.9, 3.2], None)?;
        assert!((through_zero.coefficients[0] - 14.5 / 14.0).abs() < 1e-15);
        Ok(())
    }
}
