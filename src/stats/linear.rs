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
//! use onset::stats::linear::{LeastSquares, Linear};
//!
//! let log_compute = [21.0, 21.5, 22.0, 22.5, 23.0];
//! let new = vec![0.0, 0.0, 1.0, 0.0, 1.0];
//! let score = [0.25, 0.32, 0.43, 0.46, 0.57];
//! let line = Linear::new().fit(&log_compute, &score, &[new])?;
//! assert!((line.slope - 0.14).abs() < 1e-12);
//! assert!((line.theta[0] - 0.04).abs() < 1e-12);
//!
//! let through_zero = LeastSquares::fit(&[vec![1.0, 2.0, 3.0]], &[1.1, 1.9, 3.2], None)?;
//! assert!((through_zero.coefficients[0] - 14.5 / 14.0).abs() < 1e-15);
//! # Ok::<(), onset::Error>(())
//! ```

use nalgebra::{DMatrix, DVector};

use super::curve::{FittedCurve, answer_by_least_squares, r_squared, sum_of_squares};
use super::curves::Entry;
use super::distribution::student_two_sided;
use super::observations::{
    binary_scale, check, differences, finite_result, identified_among, only, shift, spread, used,
};
use super::parameter::Parameter;
use super::sample::Sample;
use crate::{Error, Result};

/// Least squares on given columns.
#[derive(Debug, Clone, Copy)]
pub struct LeastSquares;

/// Fitted least squares: k coefficients from n observations.
#[derive(Debug, Clone, PartialEq)]
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
    inverse_gram: DMatrix<f64>,
    scales: Vec<f64>,
    /// Square root of the weighted sum of squares.
    root_sse: f64,
}

impl LeastSquares {
    /// Regresses `y` (n values) on `columns` (k of n values each; no intercept is added), with one weight per
    /// observation (inverse variances up to a factor) or none.
    ///
    /// # Errors
    /// `NotEnoughModels` when fewer than k observations have positive weight, `Undetermined` naming the first column
    /// that is a combination of those before it, `Argument` for lengths that differ, values that are not finite and
    /// negative weights.
    pub fn fit(columns: &[Vec<f64>], y: &[f64], weights: Option<&[f64]>) -> Result<LeastSquaresFit> {
        let names: Vec<String> = (1..=columns.len()).map(|j| format!("column {j}")).collect();
        Self::fit_named(&names, columns, y, weights)
    }

    /// The same with names for the columns, which then stand in messages and in the fit.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn fit_named<S: ToString>(
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
    pub fn sse(&self) -> f64 {
        self.root_sse * self.root_sse
    }

    /// σ̂ = sqrt(SSE/(n-k)); `None` without degrees of freedom.
    pub fn sigma(&self) -> Option<f64> {
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
    pub fn t_values(&self) -> Option<Vec<f64>> {
        let errors = self.standard_errors()?;
        errors.iter().all(|e| *e > 0.0).then(|| self.coefficients.iter().zip(&errors).map(|(b, e)| b / e).collect())
    }

    /// Two-sided p-values of the coefficients being zero; `None` where [`t_values`](Self::t_values) is.
    pub fn p_values(&self) -> Option<Vec<f64>> {
        self.t_values()?.into_iter().map(|t| student_two_sided(t, self.df as f64)).collect()
    }

    /// 1 - SSE / Σ w (y - ȳ)²; `None` for constant scores. What R and statsmodels print for a model with intercept.
    pub fn r_squared(&self) -> Option<f64> {
        r_squared(&self.fitted, &self.residuals, self.weights.as_deref(), None)
    }

    /// 1 - SSE / Σ w y²; `None` when all scores are zero. What R and statsmodels print for a model without intercept.
    pub fn r_squared_uncentered(&self) -> Option<f64> {
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

/// Its line in the list of curves.
pub(super) const ENTRY: Entry = Entry {
    name: "linear",
    formula: "y = intercept + slope·x",
    frees_chance: true,
    fit: |_, sample| Ok(Box::new(Linear::new().fit_sample(sample)?)),
};

/// A straight line to be fitted.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Linear;

/// A fitted straight line y = β0 + β1 x + Σ θ_k z_k.
#[derive(Debug, Clone, PartialEq)]
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

/// The first column that is, but for rounding, a combination of those before it.
pub(crate) fn collinear_column(columns: &[&[f64]], weights: Option<&[f64]>) -> Option<usize> {
    let n = columns.first().map_or(0, |c| c.len());
    let design = Design::new(columns, n, weights);
    solve(design.weighted(), DVector::zeros(n), &design.norms).err()
}

/// A design made safe: columns scaled, and centred where a constant column can take the means up.
struct Design {
    matrix: DMatrix<f64>,
    scales: Vec<f64>,
    constant: Option<usize>,
    /// Means of the scaled columns in units of the constant one; 0 for the constant column itself.
    means: Vec<f64>,
    /// Square roots of the weights over `weight_scale`.
    roots: Vec<f64>,
    weight_scale: f64,
    /// Weighted norms before centring.
    norms: Vec<f64>,
}

impl Design {
    fn new(columns: &[&[f64]], n: usize, weights: Option<&[f64]>) -> Self {
        let weight_scale = weights.map_or(1.0, |w| binary_scale(w.iter().copied()));
        let weight: Vec<f64> = (0..n).map(|i| weights.map_or(1.0, |w| w[i] / weight_scale)).collect();
        let counted: Vec<usize> = (0..n).filter(|i| weight[*i] > 0.0).collect();
        let mass: f64 = weight.iter().sum();
        let scales: Vec<f64> = columns.iter().map(|c| binary_scale(counted.iter().map(|i| c[*i]))).collect();
        let constant = columns.iter().position(|c| {
            counted.first().is_some_and(|&first| c[first] != 0.0 && counted.iter().all(|&i| c[i] == c[first]))
        });
        let mut matrix = DMatrix::from_fn(n, columns.len(), |i, j| columns[j][i] / scales[j]);
        let norm = |j: usize, m: &DMatrix<f64>| (0..n).map(|i| weight[i] * m[(i, j)].powi(2)).sum::<f64>().sqrt();
        let norms = (0..columns.len()).map(|j| norm(j, &matrix)).collect();
        let mut means = vec![0.0; columns.len()];
        if let Some(constant) = constant {
            for j in (0..columns.len()).filter(|j| *j != constant) {
                let mean: f64 = counted.iter().map(|&i| matrix[(i, j)] * weight[i]).sum::<f64>() / mass;
                (0..n).for_each(|i| matrix[(i, j)] -= mean);
                means[j] = mean / matrix[(counted[0], constant)];
            }
        }
        let roots = weight.into_iter().map(f64::sqrt).collect();
        Self { matrix, scales, constant, means, roots, weight_scale, norms }
    }

    fn weighted(&self) -> DMatrix<f64> {
        DMatrix::from_fn(self.matrix.nrows(), self.matrix.ncols(), |i, j| self.matrix[(i, j)] * self.roots[i])
    }

    /// Takes coefficients of the centred columns to those of the columns as they were.
    fn uncentring(&self) -> DMatrix<f64> {
        let mut transform = DMatrix::identity(self.scales.len(), self.scales.len());
        if let Some(constant) = self.constant {
            for (j, mean) in self.means.iter().enumerate().filter(|(j, _)| *j != constant) {
                transform[(constant, j)] = -mean;
            }
        }
        transform
    }
}

/// A solved least-squares problem: its coefficients and the triangle R.
pub(crate) struct Solved {
    pub(crate) coefficients: DVector<f64>,
    pub(crate) r: DMatrix<f64>,
}

/// Householder QR. `Err(j)`: column j is a combination of those before it, its distance from them being rounding error
/// of a column of norm `norms[j]`.
pub(crate) fn solve(design: DMatrix<f64>, mut y: DVector<f64>, norms: &[f64]) -> Result<Solved, usize> {
    let (n, k) = design.shape();
    if n < k {
        return Err(n);
    }
    if k == 0 {
        return Ok(Solved { coefficients: DVector::zeros(0), r: DMatrix::zeros(0, 0) });
    }
    let rounding = f64::EPSILON * (64.0 + (n as f64).sqrt());
    let qr = design.qr();
    qr.q_tr_mul(&mut y);
    let r = qr.unpack_r();
    if let Some(j) = (0..k).find(|&j| r[(j, j)].is_nan() || r[(j, j)].abs() <= rounding * norms[j]) {
        return Err(j);
    }
    match r.solve_upper_triangular(&y.rows(0, k).into_owned()) {
        Some(coefficients) => Ok(Solved { coefficients, r }),
        None => Err(k.saturating_sub(1)),
    }
}

fn sum_of_squares_root(residuals: &[f64], weights: Option<&[f64]>) -> f64 {
    let scale = binary_scale(residuals.iter().copied());
    let scaled: Vec<f64> = residuals.iter().map(|e| e / scale).collect();
    sum_of_squares(&scaled, weights).sqrt() * scale
}
