//! The rows of a design by increasing x, and the groups taken out of them.

use nalgebra::{DMatrix, DVector};

use crate::{Error, Result};

/// Rows by increasing x.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    /// (x - centre) / scale.
    pub(super) x: Vec<f64>,
    pub(super) w: Vec<f64>,
    /// First row of each distinct x, and n.
    pub(super) starts: Vec<usize>,
    /// The groups' columns.
    pub(super) z: Vec<Vec<f64>>,
    /// (Z'WZ)^-1 Z'W as q rows.
    pub(super) project: Vec<Vec<f64>>,
}

impl Rows {
    pub(super) fn new(x: Vec<f64>, w: Vec<f64>, z: Vec<Vec<f64>>) -> Result<Self> {
        let mut starts: Vec<usize> = (0..x.len()).filter(|&i| i == 0 || x[i] > x[i - 1]).collect();
        starts.push(x.len());
        let project = projector(&z, &w)?;
        Ok(Self { x, w, starts, z, project })
    }

    /// Number of distinct x.
    pub(super) fn levels(&self) -> usize {
        self.starts.len() - 1
    }

    /// Takes the groups out of sorted values.
    pub(super) fn partial_out(&self, values: &[f64]) -> Vec<f64> {
        let mut rest = values.to_vec();
        self.partial_out_in_place(values, &mut rest);
        rest
    }

    pub(super) fn partial_out_in_place(&self, values: &[f64], rest: &mut [f64]) {
        for (column, row) in self.z.iter().zip(&self.project) {
            let share: f64 = row.iter().zip(values).map(|(p, v)| p * v).sum();
            for (r, c) in rest.iter_mut().zip(column) {
                *r -= share * c;
            }
        }
    }
}

/// (Z'WZ)^-1 Z'W as q rows of n.
fn projector(z: &[Vec<f64>], w: &[f64]) -> Result<Vec<Vec<f64>>> {
    let (n, q) = (w.len(), z.len());
    if q == 0 {
        return Ok(Vec::new());
    }
    let design = DMatrix::from_fn(n, q, |i, j| z[j][i] * w[i].sqrt());
    let gram = design.tr_mul(&design);
    let norms: DVector<f64> = gram.diagonal();
    let inverse = gram
        .cholesky()
        .filter(|c| (0..q).all(|j| c.l_dirty()[(j, j)].powi(2) > COLLINEAR * norms[j]))
        .map(|c| c.inverse())
        .ok_or_else(|| Error::Undetermined("a group has no members, or repeats other groups".into()))?;
    Ok((0..q)
        .map(|j| (0..n).map(|i| (0..q).map(|k| inverse[(j, k)] * z[k][i]).sum::<f64>() * w[i]).collect())
        .collect())
}

/// Pivots below this share of their column's square are rounding error.
pub(super) const COLLINEAR: f64 = 1e-11;
