//! The hinge under the wild cluster bootstrap: θ held at a value while c, α and the other groups are estimated anew in
//! every replicate. The formulas are those of [`wild`](super::wild).

use std::sync::OnceLock;

use super::fixed_hinge::{FixedHinge, Hinged, Scratch};
use super::sample::Sample;
use super::wild_draws::Draw;
use super::wild_model::{Buffers, Null, Restricted, cluster_error};
use crate::{Error, Result};

/// The difference of one group of a hinge.
#[derive(Debug)]
pub(crate) struct HingeGroup {
    full: FixedHinge,
    /// Scores above chance, sorted by x as everything here.
    y: Vec<f64>,
    column: Vec<f64>,
    /// The other groups alone.
    without: FixedHinge,
    /// Per number of active x, once a fit has them: what the other derivatives leave of the column, multiplied by the
    /// weights, and its square. Nothing is kept where that would fill the memory.
    beside: Vec<OnceLock<(Vec<f64>, f64)>>,
    cluster: Vec<usize>,
    clusters: usize,
    estimate: f64,
    error: f64,
}

impl HingeGroup {
    pub(crate) fn new(sample: &Sample, tested: usize, chance: Option<f64>) -> Result<Self> {
        let (x, y, groups, clusters) = (sample.x(), sample.y(), sample.groups(), sample.families());
        let others: Vec<Vec<f64>> =
            groups.iter().enumerate().filter(|(k, _)| *k != tested).map(|(_, g)| g.clone()).collect();
        // The tested group comes first among all, where its coefficient is easy to find.
        let mut all = vec![groups[tested].clone()];
        all.extend(others.iter().cloned());
        let full = FixedHinge::new(x, &all, sample.weights(), chance.is_none())?;
        let without = FixedHinge::new(x, &others, sample.weights(), chance.is_none())?;
        let above: Vec<f64> = y.iter().map(|y| y - chance.unwrap_or(0.0)).collect();
        let column = full.sorted(&groups[tested]);
        let places = if full.n().saturating_mul(full.levels()) > MOST_KEPT { 0 } else { full.levels() + 1 };
        let beside = (0..places).map(|_| OnceLock::new()).collect();
        let cluster: Vec<usize> = full.order().iter().map(|&i| clusters.of()[i]).collect();
        let mut model = Self {
            y: full.sorted(&above),
            column,
            without,
            beside,
            cluster,
            clusters: clusters.count(),
            full,
            estimate: 0.0,
            error: 0.0,
        };
        let y = model.y.clone();
        let (estimate, error) = model
            .estimate_and_error(&y, &mut Buffers::default())
            .ok_or_else(|| Error::Undetermined("the group's difference is not determined beside the curve".into()))?;
        (model.estimate, model.error) = (estimate, error);
        let mut scratch = Scratch::default();
        model.full.load(&y, &mut scratch);
        let rest = scratch.total - model.full.best(&scratch).explained;
        if !(rest > PERFECT * model.full.square(&y)) {
            return Err(Error::Undetermined("the fit is perfect: nothing is left to draw from".into()));
        }
        Ok(model)
    }

    fn estimate_and_error(&self, y: &[f64], buffers: &mut Buffers) -> Option<(f64, f64)> {
        self.full.load(y, &mut buffers.hinge);
        let fit = self.full.best(&buffers.hinge);
        let estimate = self.full.first_group(fit, y);
        self.full.residuals(fit, y, &mut buffers.residuals);
        let compute = || {
            let rest = self.without.beside(fit.active, &self.column);
            let weighted: Vec<f64> = rest.iter().zip(self.full.weights()).map(|(r, w)| w * r).collect();
            let square = weighted.iter().zip(&self.column).map(|(r, z)| r * z).sum();
            (weighted, square)
        };
        let fresh;
        let (beside, square) = match self.beside.get(fit.active) {
            Some(kept) => kept.get_or_init(compute),
            None => {
                fresh = compute();
                &fresh
            }
        };
        let error =
            cluster_error(beside, &buffers.residuals, &self.cluster, self.clusters, *square, &mut buffers.scores);
        (estimate.is_finite() && error.is_finite()).then_some((estimate, error))
    }
}

impl Restricted for HingeGroup {
    fn restricted(&self, null: f64) -> Result<Null> {
        let target: Vec<f64> = self.y.iter().zip(&self.column).map(|(y, z)| y - null * z).collect();
        let mut scratch = Scratch::default();
        self.without.load(&target, &mut scratch);
        let fit: Hinged = self.without.best(&scratch);
        let mut residuals = Vec::new();
        self.without.residuals(fit, &target, &mut residuals);
        let fitted = self.y.iter().zip(&residuals).map(|(y, u)| y - u).collect();
        Ok(Null { fitted, residuals, cluster: self.cluster.clone() })
    }

    fn observed(&self, null: f64) -> Option<(f64, f64)> {
        let t = (self.estimate - null) / self.error;
        t.is_finite().then_some((self.estimate, t))
    }

    fn centre(&self) -> f64 {
        self.estimate
    }

    fn standard_error(&self) -> Option<f64> {
        (self.error > 0.0).then_some(self.error)
    }

    fn statistic(&self, null_fit: &Null, draw: Draw<'_>, null: f64, buffers: &mut Buffers) -> Option<f64> {
        let mut y = std::mem::take(&mut buffers.y);
        null_fit.draw(draw, &mut y);
        let found = self.estimate_and_error(&y, buffers);
        buffers.y = y;
        let (estimate, error) = found?;
        let t = (estimate - null) / error;
        t.is_finite().then_some(t)
    }

    fn buffers(&self) -> Buffers {
        Buffers::default()
    }
}

/// A sum of squares below this share of the scores' own cannot be told from rounding error of running sums.
const PERFECT: f64 = 1e-13;
/// Numbers that are kept, at most.
const MOST_KEPT: usize = 1 << 26;
