//! How the index of a family grows with its compute.

use serde::{Deserialize, Serialize};

use crate::stats::clusters::Clusters;

/// The index of the models of one family as a line in log10 compute.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FamilyLine {
    /// w, the index gained per decade.
    pub slope: f64,
    /// b, the index at one FLOP.
    pub intercept: f64,
    /// Models with compute.
    pub models: usize,
    /// Their mean log10 compute.
    pub centre: f64,
    /// Sum of squared distances from it.
    pub spread: f64,
    /// Sum of squared distances of the index from the line.
    pub residual: f64,
    /// Share of the variance of the index that the line takes; none of two models.
    pub r_squared: Option<f64>,
}

impl FamilyLine {
    /// The line of every family; `None` for one whose models have fewer than two different computes. `log_compute` is NaN where
    /// it is not known.
    pub fn of_families(index: &[f64], log_compute: &[f64], families: &Clusters) -> Vec<Option<Self>> {
        (0..families.count()).map(|g| Self::of(index, log_compute, families.members(g))).collect()
    }

    fn of(index: &[f64], log_compute: &[f64], members: &[usize]) -> Option<Self> {
        let known: Vec<usize> =
            members.iter().copied().filter(|&i| log_compute[i].is_finite() && index[i].is_finite()).collect();
        let n = known.len() as f64;
        let mean = |values: &[f64]| known.iter().map(|&i| values[i]).sum::<f64>() / n;
        let (mean_x, mean_y) = (mean(log_compute), mean(index));
        let (mut square, mut product, mut total) = (0.0, 0.0, 0.0);
        for &i in &known {
            let (x, y) = (log_compute[i] - mean_x, index[i] - mean_y);
            square += x * x;
            product += x * y;
            total += y * y;
        }
        // Models of one compute have no line.
        if !(square > 1e-12) {
            return None;
        }
        let slope = product / square;
        let r_squared = (known.len() > 2 && total > 0.0).then(|| slope * product / total);
        let (intercept, residual) = (mean_y - slope * mean_x, (total - slope * product).max(0.0));
        Some(Self { slope, intercept, models: known.len(), centre: mean_x, spread: square, residual, r_squared })
    }

    /// How far the line is unsure at so much compute (log10 FLOPs), in standard deviations of one model around it.
    pub(super) fn leverage(&self, log_compute: f64) -> f64 {
        (1.0 / self.models as f64 + (log_compute - self.centre).powi(2) / self.spread).sqrt()
    }

    /// The index of this family at so much compute (log10 FLOPs).
    pub fn index(&self, log_compute: f64) -> f64 {
        self.intercept + self.slope * log_compute
    }

    /// The compute (log10 FLOPs) at which this family has an index; `None` where its index does not grow.
    pub fn equivalent(&self, index: f64) -> Option<f64> {
        (self.slope > 0.0).then(|| (index - self.intercept) / self.slope)
    }
}
