//! The constant level with which every other curve is compared: y = β0 + Σ θ_k z_k.

use super::curve::{FittedCurve, answer_by_least_squares};
use super::linear::{LeastSquares, LeastSquaresFit};
use super::observations::{group_names, identified, only, shift, spread};
use crate::Result;

/// A constant level with group differences.
pub(super) struct Flat {
    level: f64,
    theta: Vec<f64>,
    identified: Vec<bool>,
    least_squares: LeastSquaresFit,
}

impl Flat {
    pub(super) fn fit(x: &[f64], y: &[f64], groups: &[Vec<f64>], weights: &[f64]) -> Result<Self> {
        let mut columns = vec![vec![1.0; x.len()]];
        let identified = identified(&columns, groups, Some(weights));
        columns.extend(only(groups, &identified));
        let mut names = vec!["level".to_owned()];
        names.extend(group_names(&identified));
        let least_squares = LeastSquares::fit_named(&names, &columns, y, Some(weights))?;
        let theta = spread(&least_squares.coefficients[1..], &identified);
        Ok(Self { level: least_squares.coefficients[0], theta, identified, least_squares })
    }
}

impl FittedCurve for Flat {
    answer_by_least_squares!();

    fn free_parameters(&self) -> usize {
        1 + self.theta.len()
    }

    fn predict(&self, _x: f64, z: &[f64]) -> f64 {
        self.level + shift(&self.theta, z)
    }

    fn gradient(&self, _x: f64, z: &[f64]) -> Vec<f64> {
        let mut row = vec![1.0];
        let known = |k: &usize| self.identified[*k];
        row.extend((0..self.theta.len()).filter(known).map(|k| z.get(k).copied().unwrap_or(0.0)));
        row
    }
}
