//! A linear regression under the wild cluster bootstrap; the formulas are those of [`wild`](super::wild).

use super::clusters::Clusters;
use super::least_squares::LeastSquares;
use super::observations::{check_weights, used};
use super::wild_draws::Draw;
use super::wild_model::{Buffers, Null, Restricted, cluster_error};
use crate::{Error, Result};

/// One coefficient of a linear regression.
#[derive(Debug)]
pub(crate) struct LinearColumn {
    y: Vec<f64>,
    column: Vec<f64>,
    /// Orthonormal basis of all columns, and of all but the tested one.
    others: Vec<Vec<f64>>,
    beside: Vec<f64>,
    square: f64,
    cluster: Vec<usize>,
    clusters: usize,
}

impl LinearColumn {
    /// With weights the regression is that of sqrt(w) y on sqrt(w) columns, where every observation counts the same.
    pub(crate) fn new(
        columns: &[Vec<f64>],
        y: &[f64],
        weights: Option<&[f64]>,
        tested: usize,
        clusters: &Clusters,
    ) -> Result<Self> {
        check_weights(weights, y.len())?;
        let root = |values: &[f64]| -> Vec<f64> {
            values.iter().enumerate().map(|(i, v)| weights.map_or(1.0, |w| w[i].sqrt()) * v).collect()
        };
        let (columns, y): (Vec<Vec<f64>>, Vec<f64>) = (columns.iter().map(|c| root(c)).collect(), root(y));
        let (columns, y) = (columns.as_slice(), y.as_slice());
        // Fails where the design is collinear, naming the column.
        let fit = LeastSquares::fit(columns, y, None)?;
        let size = |values: &[f64]| values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        if !(size(&fit.residuals) > PERFECT * size(y)) {
            return Err(Error::Undetermined("the fit is perfect: nothing is left to draw from".into()));
        }
        let have = used(y.len(), weights);
        if have <= columns.len() {
            return Err(Error::NotEnoughModels { have, need: columns.len() + 1 });
        }
        let others = orthonormal(columns.iter().enumerate().filter(|(j, _)| *j != tested).map(|(_, c)| c.as_slice()));
        let mut beside = columns[tested].clone();
        remove(&others, &mut beside);
        remove(&others, &mut beside);
        let square = dot(&beside, &beside);
        Ok(Self {
            y: y.to_vec(),
            column: columns[tested].clone(),
            others,
            square,
            beside,
            cluster: clusters.of().to_vec(),
            clusters: clusters.count(),
        })
    }

    fn estimate_and_error(&self, y: &[f64], residuals: &mut Vec<f64>, scores: &mut Vec<f64>) -> (f64, f64) {
        let estimate = dot(&self.beside, y) / self.square;
        residuals.clear();
        residuals.extend_from_slice(y);
        remove(&self.others, residuals);
        residuals.iter_mut().zip(&self.beside).for_each(|(r, z)| *r -= estimate * z);
        (estimate, cluster_error(&self.beside, residuals, &self.cluster, self.clusters, self.square, scores))
    }
}

impl Restricted for LinearColumn {
    fn restricted(&self, null: f64) -> Result<Null> {
        let target: Vec<f64> = self.y.iter().zip(&self.column).map(|(y, z)| y - null * z).collect();
        let mut residuals = target;
        remove(&self.others, &mut residuals);
        let fitted = self.y.iter().zip(&residuals).map(|(y, u)| y - u).collect();
        Ok(Null { fitted, residuals, cluster: self.cluster.clone() })
    }

    fn observed(&self, null: f64) -> Option<(f64, f64)> {
        let estimate = self.centre();
        let t = (estimate - null) / self.standard_error()?;
        t.is_finite().then_some((estimate, t))
    }

    fn centre(&self) -> f64 {
        dot(&self.beside, &self.y) / self.square
    }

    fn standard_error(&self) -> Option<f64> {
        let (_, error) = self.estimate_and_error(&self.y, &mut Vec::new(), &mut Vec::new());
        (error > 0.0).then_some(error)
    }

    fn statistic(&self, null_fit: &Null, draw: Draw<'_>, null: f64, buffers: &mut Buffers) -> Option<f64> {
        null_fit.draw(draw, &mut buffers.y);
        let (estimate, error) = self.estimate_and_error(&buffers.y, &mut buffers.residuals, &mut buffers.scores);
        let t = (estimate - null) / error;
        t.is_finite().then_some(t)
    }

    fn buffers(&self) -> Buffers {
        Buffers::default()
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn remove(basis: &[Vec<f64>], values: &mut [f64]) {
    for direction in basis {
        let share = dot(direction, values);
        values.iter_mut().zip(direction).for_each(|(v, d)| *v -= share * d);
    }
}

/// Gram–Schmidt, twice, which is enough (Kahan; Parlett 1980).
fn orthonormal<'a>(columns: impl Iterator<Item = &'a [f64]>) -> Vec<Vec<f64>> {
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for column in columns {
        let size = column.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        let mut direction: Vec<f64> = column.iter().map(|v| v / size).collect();
        remove(&basis, &mut direction);
        remove(&basis, &mut direction);
        let norm = dot(&direction, &direction).sqrt();
        direction.iter_mut().for_each(|v| *v /= norm);
        basis.push(direction);
    }
    basis
}

/// Residuals below this share of the scores cannot be told from rounding errors.
const PERFECT: f64 = 1e-6;
