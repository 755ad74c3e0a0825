//! Linear least squares on given columns; see [`linear`](super::linear) for the method.

use nalgebra::{DMatrix, DVector};
use serde::{Deserialize, Serialize};

use super::curve::{r_squared, sum_of_squares};
use super::design::{Design, solve};
use super::distribution::student_two_sided;
use super::observations::{check, finite_result, used};
use super::scaling::binary_scale;
use crate::{Error, Result};

/// Least squares on given columns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LeastSquares;

/// Fitted least squares: k coefficients from n observations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LeastSquaresFit {
    /// Names of the columns.
    pub names: Vec<String>,
    /// The design: k columns of n values.
    pub columns: Vec<Vec<f64>>,
    /// The weights, if any.
    pub weights: Option<Vec<f64>>,
    /// One coefficient per column.
    pub coefficients: Vec<f64>,
    /// Fitted values.
    pub fitted: Vec<f64>,
    /// Observed minus fitted, not multiplied by weights.
    pub residuals: Vec<f64>,
    /// Observations of positive weight minus coefficients.
    pub df: usize,
    /// (X'WX)^-1 of the scaled columns; entry (i, j) is divided by `scales[i] * scales[j]`.
    #[serde(with = "rows")]
    inverse_gram: DMatrix<f64>,
    scales: Vec<f64>,
    /// Square root of the weighted sum of squares.
    #[serde(with = "crate::serial::real")]
    root_sse: f64,
}

/// A matrix, written as its rows.
mod rows {
    use nalgebra::DMatrix;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(matrix: &DMatrix<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        let rows: Vec<Vec<f64>> = matrix.row_iter().map(|row| row.iter().copied().collect()).collect();
        rows.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DMatrix<f64>, D::Error> {
        let rows = Vec::<Vec<f64>>::deserialize(deserializer)?;
        let columns = rows.first().map_or(0, Vec::len);
        if rows.iter().any(|row| row.len() != columns) {
            return Err(D::Error::custom("the rows of a matrix differ in length"));
        }
        Ok(DMatrix::from_row_iterator(rows.len(), columns, rows.into_iter().flatten()))
    }
}

impl LeastSquares {
    /// Regresses `y` (n values) on `columns` (k of n values each; no intercept is added), with one weight per
    /// observation (inverse variances up to a factor) or none.
    ///
    /// # Errors
    /// `NotEnoughModels` when fewer than k observations have positive weight, `Undetermined` naming the first column
    /// that is a combination of those before it, `Argument` for lengths that differ, values that are not finite and
    /// negative weights.
    pub(crate) fn fit(columns: &[Vec<f64>], y: &[f64], weights: Option<&[f64]>) -> Result<LeastSquaresFit> {
        let names: Vec<String> = (1..=columns.len()).map(|j| format!("column {j}")).collect();
        Self::fit_named(&names, columns, y, weights)
    }

    /// The same with names for the columns, which then stand in messages and in the fit.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub(crate) fn fit_named<S: ToString>(
        names: &[S],
        columns: &[Vec<f64>],
        y: &[f64],
        weights: Option<&[f64]>,
    ) -> Result<LeastSquaresFit> {
        let (n, k) = (y.len(), columns.len());
        if names.len() != k {
            return Err(Error::Argument(format!("{} names for {k} columns", names.len())));
        }
        check(y, y, columns, weights)?;
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let have = used(n, weights);
        if have < k || have == 0 {
            return Err(Error::NotEnoughModels { have, need: k.max(1) });
        }
        let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let design = Design::new(&slices, n, weights);
        let y_scale = binary_scale(y.iter().copied());
        let scaled_y = DVector::from_fn(n, |i, _| y[i] / y_scale);
        let weighted_y = DVector::from_fn(n, |i, _| scaled_y[i] * design.roots[i]);
        let solved = solve(design.weighted(), weighted_y, &design.norms)
            .map_err(|j| Error::Undetermined(format!("`{}` is a combination of the columns before it", names[j])))?;
        // Fitted values come from the centred columns: adding the intercept back first would cost digits.
        let fitted = &design.matrix * &solved.coefficients;
        let residuals: Vec<f64> = (0..n).map(|i| (scaled_y[i] - fitted[i]) * y_scale).collect();
        let uncentre = design.uncentring();
        let coefficients = &uncentre * &solved.coefficients;
        let inverse = solved.r.solve_upper_triangular(&DMatrix::identity(k, k)).unwrap_or_else(|| DMatrix::zeros(k, k));
        let root = uncentre * inverse;
        let weight_scale = design.weight_scale;
        let coefficients: Vec<f64> = (0..k).map(|j| coefficients[j] * (y_scale / design.scales[j])).collect();
        finite_result(residuals.iter().chain(&coefficients))?;
        Ok(LeastSquaresFit {
            columns: columns.to_vec(),
            weights: weights.map(<[f64]>::to_vec),
            coefficients,
            fitted: (0..n).map(|i| fitted[i] * y_scale).collect(),
            root_sse: sum_of_squares_root(&residuals, weights),
            residuals,
            inverse_gram: &root * root.transpose() / weight_scale,
            scales: design.scales,
            df: have - k,
            names,
        })
    }
}

impl LeastSquaresFit {
    /// Weighted sum of squared residuals; infinite when it exceeds the largest `f64`.
    pub(crate) fn sse(&self) -> f64 {
        self.root_sse * self.root_sse
    }

    /// σ̂ = sqrt(SSE/(n-k)); `None` without degrees of freedom.
    pub(crate) fn sigma(&self) -> Option<f64> {
        (self.df > 0).then(|| self.root_sse / (self.df as f64).sqrt())
    }

    /// σ̂² (X'WX)^-1, k by k; `None` without degrees of freedom or when it overflows.
    pub fn covariance(&self) -> Option<Vec<Vec<f64>>> {
        let sigma = self.sigma()?;
        let unit: Vec<f64> = self.scales.iter().map(|s| sigma / s).collect();
        let k = unit.len();
        let matrix: Vec<Vec<f64>> =
            (0..k).map(|i| (0..k).map(|j| unit[i] * self.inverse_gram[(i, j)] * unit[j]).collect()).collect();
        matrix.iter().flatten().all(|v| v.is_finite()).then_some(matrix)
    }

    /// Classical standard errors; `None` without degrees of freedom.
    pub fn standard_errors(&self) -> Option<Vec<f64>> {
        let sigma = self.sigma()?;
        Some(self.scales.iter().enumerate().map(|(j, s)| sigma / s * self.inverse_gram[(j, j)].sqrt()).collect())
    }

    /// Coefficients over standard errors; `None` without degrees of freedom or when the fit is perfect.
    pub(crate) fn t_values(&self) -> Option<Vec<f64>> {
        let errors = self.standard_errors()?;
        errors.iter().all(|e| *e > 0.0).then(|| self.coefficients.iter().zip(&errors).map(|(b, e)| b / e).collect())
    }

    /// Two-sided p-values of the coefficients being zero; `None` where [`t_values`](Self::t_values) is.
    pub(crate) fn p_values(&self) -> Option<Vec<f64>> {
        self.t_values()?.into_iter().map(|t| student_two_sided(t, self.df as f64)).collect()
    }

    /// 1 - SSE / Σ w (y - ȳ)²; `None` for constant scores. What R and statsmodels print for a model with intercept.
    pub(crate) fn r_squared(&self) -> Option<f64> {
        r_squared(&self.fitted, &self.residuals, self.weights.as_deref(), None)
    }

    /// 1 - SSE / Σ w y²; `None` when all scores are zero. What R and statsmodels print for a model without intercept.
    pub(crate) fn r_squared_uncentered(&self) -> Option<f64> {
        r_squared(&self.fitted, &self.residuals, self.weights.as_deref(), Some(0.0))
    }

    /// 1 - (1 - R²)(n-1)/(n-k); `None` without degrees of freedom or for constant scores.
    pub fn adjusted_r_squared(&self) -> Option<f64> {
        let n = self.df + self.coefficients.len();
        (self.df > 0).then_some(())?;
        Some(1.0 - (1.0 - self.r_squared()?) * (n as f64 - 1.0) / self.df as f64)
    }

    /// Gaussian log-likelihood, as R's `logLik(lm)`.
    pub fn log_likelihood(&self) -> f64 {
        super::curve::log_likelihood(&self.residuals, self.weights.as_deref())
    }
}

fn sum_of_squares_root(residuals: &[f64], weights: Option<&[f64]>) -> f64 {
    let scale = binary_scale(residuals.iter().copied());
    let scaled: Vec<f64> = residuals.iter().map(|e| e / scale).collect();
    sum_of_squares(&scaled, weights).sqrt() * scale
}
