//! What the wild cluster bootstrap asks of a model: a fit with the tested parameter held, and a statistic.

use super::fixed_hinge::Scratch;
use super::wild_draws::Draw;
use crate::Result;

/// A model that can be refitted with its tested parameter held.
pub(crate) trait Restricted: std::fmt::Debug + Sync {
    /// Fitted values and residuals under the null.
    fn restricted(&self, null: f64) -> Result<Null>;
    /// Estimate and statistic of the data.
    fn observed(&self, null: f64) -> Option<(f64, f64)>;
    /// The estimate.
    fn centre(&self) -> f64;
    /// Its cluster-robust standard error (CR0).
    fn standard_error(&self) -> Option<f64>;
    /// The statistic of one replicate.
    fn statistic(&self, null_fit: &Null, draw: Draw<'_>, null: f64, buffers: &mut Buffers) -> Option<f64>;
    /// Fresh buffers for one thread.
    fn buffers(&self) -> Buffers;
}

/// A restricted fit, with rows in the model's own order.
#[derive(Debug)]
pub(crate) struct Null {
    pub(crate) fitted: Vec<f64>,
    pub(crate) residuals: Vec<f64>,
    /// Cluster of each row.
    pub(crate) cluster: Vec<usize>,
}

impl Null {
    /// y* = f + v_g u.
    pub(crate) fn draw(&self, v: Draw<'_>, into: &mut Vec<f64>) {
        into.clear();
        into.extend(
            self.fitted
                .iter()
                .zip(&self.residuals)
                .zip(&self.cluster)
                .map(|((fitted, residual), &g)| fitted + v.at(g) * residual),
        );
    }
}

/// Buffers of one thread.
#[derive(Debug, Default)]
pub(crate) struct Buffers {
    pub(crate) y: Vec<f64>,
    pub(crate) residuals: Vec<f64>,
    pub(crate) scores: Vec<f64>,
    pub(crate) hinge: Scratch,
}

/// sqrt(Σ_g (Σ z̃ e)²) / Σ z̃², weights included in `beside` and `square` where there are any.
pub(crate) fn cluster_error(
    beside: &[f64],
    residuals: &[f64],
    cluster: &[usize],
    clusters: usize,
    square: f64,
    scores: &mut Vec<f64>,
) -> f64 {
    scores.clear();
    scores.resize(clusters, 0.0);
    for ((z, e), &g) in beside.iter().zip(residuals).zip(cluster) {
        scores[g] += z * e;
    }
    scores.iter().map(|s| s * s).sum::<f64>().sqrt() / square
}
