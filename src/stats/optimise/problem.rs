//! A least-squares problem, as callers state it and as the solver sees it.

use nalgebra::{DMatrix, DVector};

/// Residuals and their derivatives as functions of k parameters.
pub(crate) trait LeastSquaresProblem {
    /// n residuals sqrt(w) (y - f), observed minus fitted. Values that are not finite mark parameters as not allowed.
    fn residuals(&self, parameters: &[f64]) -> Vec<f64>;

    /// k columns of n derivatives of the fitted values, sqrt(w) ∂f/∂β_j (minus the derivatives of the residuals).
    fn jacobian(&self, parameters: &[f64]) -> Vec<Vec<f64>>;
}

/// The problem in units in which its residuals at the start are of order one.
pub(super) struct Scaled<'a, P> {
    pub(super) problem: &'a P,
    pub(super) scale: f64,
}

impl<P> Clone for Scaled<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for Scaled<'_, P> {}

/// Parameters with what belongs to them.
#[derive(Clone)]
pub(super) struct Point {
    pub(super) parameters: Vec<f64>,
    pub(super) residuals: DVector<f64>,
    pub(super) jacobian: DMatrix<f64>,
    pub(super) sse: f64,
}

impl<P: LeastSquaresProblem> Scaled<'_, P> {
    /// `None` where residuals, Jacobian or sum of squares are not finite.
    pub(super) fn point(&self, parameters: &[f64]) -> Option<Point> {
        self.point_below(parameters, f64::INFINITY)
    }

    /// The same, and `None` unless the sum of squares is below `limit`; the Jacobian is then not computed.
    pub(super) fn point_below(&self, parameters: &[f64], limit: f64) -> Option<Point> {
        let residuals = DVector::from_vec(self.problem.residuals(parameters)) / self.scale;
        let sse = residuals.norm_squared();
        if sse.is_nan() || sse >= limit {
            return None;
        }
        let columns = self.problem.jacobian(parameters);
        if columns.iter().any(|c| c.len() != residuals.len()) {
            return None;
        }
        let jacobian = DMatrix::from_fn(residuals.len(), columns.len(), |i, j| columns[j][i] / self.scale);
        jacobian.iter().all(|v| v.is_finite()).then(|| Point {
            parameters: parameters.to_vec(),
            residuals,
            jacobian,
            sse,
        })
    }
}
