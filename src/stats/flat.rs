//! The constant level with which every other curve is compared: y = β0 + Σ θ_k z_k.

use super::curve::{Entry, FittedCurve, answer_by_least_squares};
use super::least_squares::{LeastSquares, LeastSquaresFit};
use super::observations::{differences, identified, only, shift, spread};
use super::parameter::Parameter;
use super::sample::Sample;
use crate::Result;

/// Its line in the list of curves.
pub(super) const ENTRY: Entry = Entry {
    name: "flat",
    formula: "y = level",
    frees_chance: true,
    compared: true,
    fit: |_, sample| Ok(Box::new(Flat::fit_sample(sample)?)),
};

/// A constant level with group differences.
pub(super) struct Flat {
    level: f64,
    theta: Vec<f64>,
    identified: Vec<bool>,
    least_squares: LeastSquaresFit,
    names: Vec<Parameter>,
}

impl Flat {
    pub(super) fn fit_sample(sample: &Sample) -> Result<Self> {
        let mut columns = vec![vec![1.0; sample.len()]];
        let identified = identified(&columns, sample.groups(), sample.weights());
        columns.extend(only(sample.groups(), &identified));
        let mut names = vec![Parameter::Level];
        names.extend(differences(&identified));
        let least_squares = LeastSquares::fit_named(&names, &columns, sample.y(), sample.weights())?;
        let theta = spread(&least_squares.coefficients[1..], &identified);
        Ok(Self { level: least_squares.coefficients[0], theta, identified, least_squares, names })
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
