//! The cluster bootstrap, for anything that can be computed from data.
//!
//! **Pairs**: a replicate draws G of the G clusters with replacement and keeps their models whole; the statistic sees how
//! often each model was drawn. **Residuals**: predictors stay, and a replicate's scores are fitted values plus a family
//! part and a model part, drawn apart from each other (the random effect bootstrap of Chambers and Chandra 2013, which
//! allows families of unequal size): family means of the residuals, and deviations from them, each with replacement and
//! each scaled to the variance that [`Components`] estimates.
//!
//! From the sorted replicates θ*, with Φ the normal distribution (Efron 1987; Davison and Hinkley 1997, §5.3):
//!
//!   percentile: [θ*(α/2), θ*(1-α/2)]
//!   BCa:        the same at Φ(z0 + (z0 + z_α)/(1 - a (z0 + z_α))), z0 = Φ⁻¹(share of θ* below θ̂),
//!               a = Σ d³/(6 (Σ d²)^(3/2)), d_g = mean of the delete-one-cluster values minus the value without cluster g
//!
//! A quantity may be ±infinity in a replicate (a break that lies left of all data is one at -infinity): quantiles need
//! order only, and an infinite end of an interval is reported as `None`, "not bounded". A replicate in which a quantity
//! is undefined is left out and counted.
//!
//! ```
//! use onset::stats::bootstrap::Bootstrap;
//! use onset::stats::clusters::Clusters;
//! use onset::stats::random::Seed;
//!
//! let y = [1.0, 2.0, 4.0, 3.0, 6.0, 5.0, 7.0, 9.0];
//! let families = Clusters::new(&[0, 0, 1, 1, 2, 2, 3, 3]);
//! let mean = |_: &mut (), weight: &[f64], out: &mut [f64]| {
//!     out[0] = weight.iter().zip(&y).map(|(w, y)| w * y).sum::<f64>() / weight.iter().sum::<f64>();
//!     true
//! };
//! let drawn = Bootstrap::new(Seed(1)).replicates(999).pairs(&families, 1, || (), mean)?;
//! let interval = drawn.percentile(0, 0.95).unwrap();
//! assert!(interval.low.unwrap() < 4.625 && 4.625 < interval.high.unwrap());
//! # Ok::<(), onset::Error>(())
//! ```

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::clusters::Clusters;
use super::components::Components;
use super::distribution::{normal_lower, normal_quantile, sample_quantile};
use super::estimate::{Interval, finite};
use super::many::{SETS, in_parts};
use super::random::Seed;
use crate::{Error, Result};

/// Settings of a cluster bootstrap.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bootstrap {
    seed: Seed,
    replicates: usize,
    jackknifes: bool,
}

/// The replicates of several quantities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Replicates {
    /// Per quantity its value in the data; NaN where undefined.
    #[serde(with = "crate::serial::real")]
    observed: Vec<f64>,
    /// Per quantity the defined replicates, sorted.
    #[serde(with = "crate::serial::real")]
    sorted: Vec<Vec<f64>>,
    /// Per quantity the delete-one-cluster values (of many clusters, one set of them at a time); empty after a residual bootstrap.
    #[serde(with = "crate::serial::real")]
    jackknife: Vec<Vec<f64>>,
    replicates: usize,
}

impl Bootstrap {
    /// 10,000 replicates.
    pub fn new(seed: Seed) -> Self {
        Self { seed, replicates: 10_000, jackknifes: true }
    }

    /// Number of replicates.
    #[must_use]
    pub fn replicates(mut self, replicates: usize) -> Self {
        self.replicates = replicates;
        self
    }

    /// Leaves the jackknife out: there are percentile intervals then, and no BCa ones.
    #[must_use]
    pub(crate) fn without_jackknife(mut self) -> Self {
        self.jackknifes = false;
        self
    }

    /// Draws clusters. `statistic` is given a workspace of its thread, the multiplicity of every observation (n values)
    /// and `quantities` places to fill; it returns `false` when the replicate cannot be computed, and leaves NaN where a
    /// single quantity is undefined.
    ///
    /// # Errors
    /// `Undetermined` with fewer than two clusters, or when the data themselves cannot be computed; `Argument` without
    /// replicates.
    pub fn pairs<W>(
        &self,
        clusters: &Clusters,
        quantities: usize,
        workspace: impl Fn() -> W + Sync + Send,
        statistic: impl Fn(&mut W, &[f64], &mut [f64]) -> bool + Sync + Send,
    ) -> Result<Replicates> {
        self.check(clusters)?;
        let n = clusters.len();
        let evaluate = |space: &mut W, multiplicity: &[f64]| -> Vec<f64> {
            let mut values = vec![f64::NAN; quantities];
            if !statistic(space, multiplicity, &mut values) {
                values.fill(f64::NAN);
            }
            values
        };
        let observed = evaluate(&mut workspace(), &vec![1.0; n]);
        if observed.iter().all(|v| v.is_nan()) {
            return Err(Error::Undetermined("the statistic to be bootstrapped is undefined on the data".into()));
        }
        let left_out = if self.jackknifes { clusters.count() } else { 0 };
        let sets = in_parts((0..left_out).map(|g| vec![g]).collect(), SETS);
        let jackknife: Vec<Vec<f64>> = sets
            .into_par_iter()
            .map_init(&workspace, |space, set| {
                let mut keep = vec![1.0; n];
                set.iter().flat_map(|&g| clusters.members(g)).for_each(|&i| keep[i] = 0.0);
                evaluate(space, &keep)
            })
            .collect();
        let draws: Vec<Vec<f64>> = (0..self.replicates)
            .into_par_iter()
            .with_min_len(BLOCK)
            .map_init(
                || (workspace(), vec![0.0; n]),
                |(space, multiplicity), b| {
                    let mut stream = self.seed.stream("pairs cluster bootstrap", b as u64);
                    multiplicity.fill(0.0);
                    for _ in 0..clusters.count() {
                        for &i in clusters.members(stream.below(clusters.count())) {
                            multiplicity[i] += 1.0;
                        }
                    }
                    evaluate(space, multiplicity)
                },
            )
            .collect();
        Ok(Replicates::new(observed, &draws, by_quantity(&jackknife, quantities)))
    }

    /// Draws residuals around `fitted`. `statistic` is given the workspace, a replicate's scores (n values) and the places
    /// to fill, as in [`pairs`](Self::pairs).
    ///
    /// # Errors
    /// As [`pairs`](Self::pairs), and `Undetermined` when no family has two models.
    pub fn residuals<W>(
        &self,
        fitted: &[f64],
        residuals: &[f64],
        clusters: &Clusters,
        quantities: usize,
        workspace: impl Fn() -> W + Sync + Send,
        statistic: impl Fn(&mut W, &[f64], &mut [f64]) -> bool + Sync + Send,
    ) -> Result<Replicates> {
        self.check(clusters)?;
        if fitted.len() != residuals.len() {
            return Err(Error::Argument("fitted values and residuals differ in number".into()));
        }
        let components = Components::of(residuals, clusters)?;
        let means: Vec<f64> = (0..clusters.count())
            .map(|g| {
                let rows = clusters.members(g);
                rows.iter().map(|&i| residuals[i]).sum::<f64>() / rows.len() as f64
            })
            .collect();
        let deviations: Vec<f64> = residuals.iter().zip(clusters.of()).map(|(e, &g)| e - means[g]).collect();
        let means = scaled_to(&means, components.between);
        let deviations = scaled_to(&deviations, components.within);
        let y: Vec<f64> = fitted.iter().zip(residuals).map(|(f, e)| f + e).collect();
        let mut observed = vec![f64::NAN; quantities];
        if !statistic(&mut workspace(), &y, &mut observed) {
            return Err(Error::Undetermined("the statistic to be bootstrapped is undefined on the data".into()));
        }
        let draws: Vec<Vec<f64>> = (0..self.replicates)
            .into_par_iter()
            .with_min_len(BLOCK)
            .map_init(&workspace, |space, b| {
                let mut stream = self.seed.stream("residual cluster bootstrap", b as u64);
                let mut scores = fitted.to_vec();
                for g in 0..clusters.count() {
                    let family = means[stream.below(means.len())];
                    for &i in clusters.members(g) {
                        scores[i] += family + deviations[stream.below(deviations.len())];
                    }
                }
                let mut values = vec![f64::NAN; quantities];
                if !statistic(space, &scores, &mut values) {
                    values.fill(f64::NAN);
                }
                values
            })
            .collect();
        Ok(Replicates::new(observed, &draws, vec![Vec::new(); quantities]))
    }

    fn check(&self, clusters: &Clusters) -> Result<()> {
        if clusters.count() < 2 {
            return Err(Error::Undetermined("a cluster bootstrap needs at least two clusters".into()));
        }
        if self.replicates == 0 {
            return Err(Error::Argument("a bootstrap needs at least one replicate".into()));
        }
        Ok(())
    }
}

impl Replicates {
    fn new(observed: Vec<f64>, draws: &[Vec<f64>], jackknife: Vec<Vec<f64>>) -> Self {
        let mut sorted = by_quantity(draws, observed.len());
        sorted.iter_mut().for_each(|values| {
            values.retain(|v| !v.is_nan());
            values.sort_by(f64::total_cmp);
        });
        Self { observed, sorted, jackknife, replicates: draws.len() }
    }

    /// Quantity `k` in the data; `None` where it is undefined or infinite there.
    pub fn observed(&self, k: usize) -> Option<f64> {
        self.observed.get(k).copied().filter(|v| v.is_finite())
    }

    /// How many replicates of quantity `k` are defined.
    pub(crate) fn defined(&self, k: usize) -> usize {
        self.sorted.get(k).map_or(0, Vec::len)
    }

    /// Standard deviation of the replicates; `None` when some are infinite or fewer than two are defined.
    pub(crate) fn standard_error(&self, k: usize) -> Option<f64> {
        let values = self.usable(k)?;
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let square = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64;
        square.sqrt().is_finite().then(|| square.sqrt())
    }

    /// The percentile interval of quantity `k`; `None` when more than half of its replicates are undefined.
    pub fn percentile(&self, k: usize, level: f64) -> Option<Interval> {
        let tail = 0.5 * (1.0 - level);
        self.between(k, tail, 1.0 - tail)
    }

    /// The BCa interval of quantity `k`; `None` where the percentile one is, where the data's value is undefined or
    /// outside all replicates, and where the jackknife is not finite.
    pub fn bca(&self, k: usize, level: f64) -> Option<Interval> {
        let values = self.usable(k)?;
        let observed = self.observed(k)?;
        let below = values.partition_point(|v| *v < observed);
        let ties = values.partition_point(|v| *v <= observed) - below;
        let z0 = normal_quantile((below as f64 + 0.5 * ties as f64) / values.len() as f64)?;
        let a = acceleration(self.jackknife.get(k)?)?;
        let tail = 0.5 * (1.0 - level);
        let shifted = |p: f64| -> Option<f64> {
            let z = z0 + normal_quantile(p)?;
            // Beyond its pole the correction has no meaning.
            (a * z < 1.0).then(|| normal_lower(z0 + z / (1.0 - a * z))).flatten()
        };
        self.between(k, shifted(tail)?, shifted(1.0 - tail)?)
    }

    /// Two-sided p-value of quantity `k` being `null`: twice the smaller share of replicates on either side, ties on both,
    /// the data counted among them.
    pub(crate) fn p_value(&self, k: usize, null: f64) -> Option<f64> {
        let values = self.usable(k)?;
        let below = values.partition_point(|v| *v <= null);
        let above = values.len() - values.partition_point(|v| *v < null);
        Some((2.0 * (below.min(above) + 1) as f64 / (values.len() + 1) as f64).min(1.0))
    }

    fn usable(&self, k: usize) -> Option<&[f64]> {
        let values = self.sorted.get(k)?;
        (values.len() >= 2 && 2 * values.len() > self.replicates).then_some(values.as_slice())
    }

    fn between(&self, k: usize, low: f64, high: f64) -> Option<Interval> {
        let values = self.usable(k)?;
        let end = |p: f64| sample_quantile(values, p).and_then(finite);
        Some(Interval { low: end(low), high: end(high) })
    }
}

fn acceleration(jackknife: &[f64]) -> Option<f64> {
    let values: Vec<f64> = jackknife.iter().copied().filter(|v| !v.is_nan()).collect();
    if values.len() < 2 || values.iter().any(|v| v.is_infinite()) {
        return None;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let (squares, cubes) = values.iter().map(|v| mean - v).fold((0.0, 0.0), |(s, c), d| (s + d * d, c + d * d * d));
    // A statistic that no cluster moves is not skewed.
    if squares == 0.0 { Some(0.0) } else { Some(cubes / (6.0 * squares.powf(1.5))) }
}

fn by_quantity(draws: &[Vec<f64>], quantities: usize) -> Vec<Vec<f64>> {
    (0..quantities).map(|k| draws.iter().map(|values| values[k]).collect()).collect()
}

/// Centred, and of this variance.
fn scaled_to(values: &[f64], variance: f64) -> Vec<f64> {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let own = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
    let factor = if own > 0.0 { (variance / own).sqrt() } else { 0.0 };
    values.iter().map(|v| (v - mean) * factor).collect()
}

/// Replicates that one task takes at least.
const BLOCK: usize = 64;
