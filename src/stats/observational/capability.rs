//! Steps 1 and 2: missing scores, and the components.

use nalgebra::{DMatrix, SymmetricEigen};

use crate::{Error, Result};

/// Rounds of filling missing scores at most.
const ROUNDS: usize = 1_000;
/// A change of standardised scores that ends the rounds.
const SAME: f64 = 1e-10;

/// What turns scores of benchmarks into components, as the training models have it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Capability {
    mean: Vec<f64>,
    sd: Vec<f64>,
    /// Centre and first component of the standardised scores, by which missing ones are filled.
    filled_centre: Vec<f64>,
    filled_by: Vec<f64>,
    /// Centre and components of the filled scores.
    centre: Vec<f64>,
    pub(super) components: Vec<Vec<f64>>,
    /// Share of the variance per component kept.
    pub(super) shares: Vec<f64>,
}

impl Capability {
    /// Of the rows of training models (benchmarks in the same order, NaN where missing).
    pub(super) fn of(rows: &[Vec<f64>], components: usize) -> Result<Self> {
        let width = rows.first().map_or(0, Vec::len);
        let mut mean = vec![0.0; width];
        let mut sd = vec![0.0; width];
        for k in 0..width {
            let known: Vec<f64> = rows.iter().map(|row| row[k]).filter(|v| v.is_finite()).collect();
            mean[k] = known.iter().sum::<f64>() / known.len() as f64;
            sd[k] = (known.iter().map(|v| (v - mean[k]).powi(2)).sum::<f64>() / known.len() as f64).sqrt();
            if !(sd[k] > 0.0) {
                return Err(Error::Undetermined(format!(
                    "benchmark {} does not differ among the training models, so that it says nothing of them",
                    k + 1
                )));
            }
        }
        let missing: Vec<(usize, usize)> = (0..rows.len())
            .flat_map(|i| (0..width).map(move |k| (i, k)))
            .filter(|&(i, k)| !rows[i][k].is_finite())
            .collect();
        let scaled = |i: usize, k: usize| {
            let z = (rows[i][k] - mean[k]) / sd[k];
            if z.is_finite() { z } else { 0.0 }
        };
        let mut z = DMatrix::from_fn(rows.len(), width, scaled);
        let (mut filled_centre, mut vectors) = principal(&z)?;
        for _ in 0..ROUNDS {
            let first = &vectors[0].1;
            let mut moved = 0.0_f64;
            let scores: Vec<f64> =
                (0..z.nrows()).map(|i| (0..width).map(|k| (z[(i, k)] - filled_centre[k]) * first[k]).sum()).collect();
            for &(i, k) in &missing {
                let value = filled_centre[k] + scores[i] * first[k];
                moved = moved.max((value - z[(i, k)]).abs());
                z[(i, k)] = value;
            }
            if moved <= SAME {
                break;
            }
            (filled_centre, vectors) = principal(&z)?;
        }
        let filled_by = vectors.swap_remove(0).1;
        let filled = DMatrix::from_fn(rows.len(), width, |i, k| (z[(i, k)] * sd[k] + mean[k]).clamp(0.0, 1.0));
        let (centre, all) = principal(&filled)?;
        let total: f64 = all.iter().map(|(value, _)| value.max(0.0)).sum();
        let shares = all.iter().take(components).map(|(value, _)| value.max(0.0) / total).collect();
        let components = all.into_iter().take(components).map(|(_, vector)| vector).collect();
        Ok(Self { mean, sd, filled_centre, filled_by, centre, components, shares })
    }

    /// The components of one model.
    pub(super) fn scores(&self, row: &[f64]) -> Vec<f64> {
        let width = row.len();
        let known: Vec<bool> = row.iter().map(|v| v.is_finite()).collect();
        let mut z: Vec<f64> =
            (0..width).map(|k| if known[k] { (row[k] - self.mean[k]) / self.sd[k] } else { 0.0 }).collect();
        if known.contains(&false) {
            // What the rounds of filling converge to: the score of which the known benchmarks are the best fit.
            let (mut product, mut square) = (0.0, 0.0);
            for k in (0..width).filter(|&k| known[k]) {
                product += (z[k] - self.filled_centre[k]) * self.filled_by[k];
                square += self.filled_by[k].powi(2);
            }
            let score = if square > 0.0 { product / square } else { 0.0 };
            for k in (0..width).filter(|&k| !known[k]) {
                z[k] = self.filled_centre[k] + score * self.filled_by[k];
            }
        }
        let value = |k: usize| (z[k] * self.sd[k] + self.mean[k]).clamp(0.0, 1.0) - self.centre[k];
        self.components.iter().map(|vector| vector.iter().enumerate().map(|(k, v)| v * value(k)).sum()).collect()
    }
}

/// Centre, and variances with their vectors, the largest first; the sum of a vector is not negative.
#[allow(clippy::type_complexity)]
fn principal(z: &DMatrix<f64>) -> Result<(Vec<f64>, Vec<(f64, Vec<f64>)>)> {
    let n = z.nrows() as f64;
    let centre: Vec<f64> = z.column_iter().map(|column| column.sum() / n).collect();
    let covariance = DMatrix::from_fn(z.ncols(), z.ncols(), |a, b| {
        (0..z.nrows()).map(|i| (z[(i, a)] - centre[a]) * (z[(i, b)] - centre[b])).sum::<f64>() / n
    });
    let found = SymmetricEigen::try_new(covariance, f64::EPSILON, 10_000)
        .ok_or_else(|| Error::Undetermined("the benchmarks cannot be taken apart into components".into()))?;
    let mut all: Vec<(f64, Vec<f64>)> = (0..z.ncols())
        .map(|k| {
            let mut vector: Vec<f64> = found.eigenvectors.column(k).iter().copied().collect();
            if vector.iter().sum::<f64>() < 0.0 {
                vector.iter_mut().for_each(|v| *v = -*v);
            }
            (found.eigenvalues[k], vector)
        })
        .collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    Ok((centre, all))
}
