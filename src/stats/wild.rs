//! The restricted wild cluster bootstrap-t.
//!
//! To test one parameter at a value: fit with the parameter held there (fitted values f, residuals u), draw for each
//! cluster g one v_g with mean 0 and variance 1, refit y* = f + v_g u in full, and compare
//!
//!   t = (θ̂ - θ0) / se,  se² = Σ_g (Σ_{i in g} w_i z̃_i e_i)² / (Σ w_i z̃_i²)²
//!
//! with its bootstrap values t*, where z̃ is what the other derivatives leave of the tested column, e are the residuals and w
//! the weights (1 without). Every refit is weighted as the first.
//! Imposing the null and multiplying whole clusters keeps the test honest with a dozen clusters of unequal size (Cameron,
//! Gelbach and Miller 2008; MacKinnon and Webb 2017). For the hinge the restricted fit and every replicate estimate c
//! anew. v_g is ±1 (Rademacher), or Webb's six points ±sqrt(1/2), ±1, ±sqrt(3/2) where a group has fewer than 12 clusters,
//! because 2^11 sign patterns are few (Webb 2023, "Reworking wild bootstrap-based inference for clustered errors").
//!
//! The confidence interval holds every value that the test does not reject; all values are tested with the same draws.
//!
//! ```
//! use onset::stats::clusters::Clusters;
//! use onset::stats::random::Seed;
//! use onset::stats::sample::Sample;
//! use onset::stats::wild::WildBootstrap;
//!
//! let x = [20.0, 20.5, 21.0, 21.5, 22.0, 22.3, 22.6, 23.0, 23.2, 23.5, 23.8, 24.0];
//! let y = [0.24, 0.26, 0.25, 0.27, 0.31, 0.41, 0.38, 0.42, 0.53, 0.49, 0.61, 0.58];
//! let new: Vec<f64> = (0..12).map(|i| f64::from(i % 3 == 2)).collect();
//! let families = Clusters::new(&[1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]);
//! let bootstrap = WildBootstrap::new(Seed(1)).replicates(999);
//! let sample = Sample::new(&x, &y)?.with_groups(&[new])?.with_families(&families)?;
//! let theta = bootstrap.hinge_group(&sample, 0, Some(0.25))?;
//! let test = theta.test(0.0)?;
//! let interval = theta.interval(0.95)?;
//! assert!(test.p_value > 0.0 && interval.low.unwrap() < interval.high.unwrap());
//! # Ok::<(), onset::Error>(())
//! ```

use serde::{Deserialize, Serialize};

use super::clusters::Clusters;
use super::estimate::Interval;
use super::random::Seed;
use super::sample::Sample;
use super::wild_draws::Draws;
pub use super::wild_draws::WildWeights;
use super::wild_hinge::HingeGroup;
use super::wild_linear::LinearColumn;
use super::wild_model::Restricted;
use crate::{Error, Result};

/// Settings of a restricted wild cluster bootstrap-t.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct WildBootstrap {
    seed: Seed,
    replicates: usize,
    weights: WildWeights,
}

/// A bootstrap bound to data and to the parameter it tests.
#[derive(Debug)]
pub struct WildParameter<'a> {
    model: Box<dyn Restricted + 'a>,
    draws: Draws,
}

/// The outcome of one test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WildTest {
    /// The estimate.
    pub estimate: f64,
    /// The value tested.
    pub null: f64,
    /// (estimate - null) over its cluster-robust standard error.
    #[serde(with = "crate::serial::real")]
    pub statistic: f64,
    /// Two-sided: the share of |t*| at least as large as |t|, the data counted among the replicates.
    pub p_value: f64,
    /// One-sided against larger values: the share of t* at least as large as t.
    pub p_greater: f64,
    /// One-sided against smaller values.
    pub p_less: f64,
    /// Replicates.
    pub replicates: usize,
    /// The law that was drawn from.
    pub weights: WildWeights,
}

impl WildBootstrap {
    /// 9,999 replicates, weights chosen by the number of clusters.
    pub fn new(seed: Seed) -> Self {
        Self { seed, replicates: 9_999, weights: WildWeights::Auto }
    }

    /// Number of replicates. One less than a multiple of 20 or 100 makes 5 % and 1 % exact levels.
    #[must_use]
    pub fn replicates(mut self, replicates: usize) -> Self {
        self.replicates = replicates;
        self
    }

    /// The law of the cluster multipliers.
    #[must_use]
    pub fn weights(mut self, weights: WildWeights) -> Self {
        self.weights = weights;
        self
    }

    /// For coefficient `tested` of the least squares regression of `y` on `columns`, with weights or without.
    ///
    /// # Errors
    /// Those of `LeastSquares::fit`; `Undetermined` with fewer than two clusters, `Argument` when `tested` is not a
    /// column or there are no replicates.
    pub fn linear(
        &self,
        columns: &[Vec<f64>],
        y: &[f64],
        weights: Option<&[f64]>,
        tested: usize,
        clusters: &Clusters,
    ) -> Result<WildParameter<'static>> {
        let column = columns.get(tested).ok_or_else(|| no_such("column", tested, columns.len()))?;
        let draws = self.draws(clusters, y.len(), column)?;
        let model = LinearColumn::new(columns, y, weights, tested, clusters)?;
        Ok(WildParameter { model: Box::new(model), draws })
    }

    /// For the difference θ of group `tested` of a sample's hinge with chance held at `chance`, or free.
    ///
    /// # Errors
    /// Those of [`Hinge::fit`](super::hinge::Hinge::fit); `Undetermined` with fewer than two clusters or when the group
    /// is empty or repeats others; `Argument` when `tested` is not a group or there are no replicates.
    pub fn hinge_group(&self, sample: &Sample, tested: usize, chance: Option<f64>) -> Result<WildParameter<'static>> {
        let sample = sample.counted();
        let groups = sample.groups();
        let column = groups.get(tested).ok_or_else(|| no_such("group", tested, groups.len()))?;
        let draws = self.draws(sample.families(), sample.len(), column)?;
        let model = HingeGroup::new(&sample, tested, chance)?;
        Ok(WildParameter { model: Box::new(model), draws })
    }

    fn draws(&self, clusters: &Clusters, n: usize, column: &[f64]) -> Result<Draws> {
        let touching = clusters.touching(column);
        if touching == 1 && clusters.count() > 1 {
            return Err(Error::Undetermined(
                "one family alone makes up the group: its difference cannot be told from the family's own".into(),
            ));
        }
        let smaller = touching.min(clusters.count() - touching.min(clusters.count()));
        // A column without zeros is no group label; then all clusters speak.
        let deciding = if smaller == 0 { clusters.count() } else { smaller };
        Draws::new(self.seed, self.replicates, self.weights, clusters, n, deciding)
    }
}

impl WildParameter<'_> {
    /// Tests the parameter at `null`.
    ///
    /// # Errors
    /// `Undetermined` when the fit is perfect, so that nothing is left to draw from.
    pub fn test(&self, null: f64) -> Result<WildTest> {
        let restricted = self.model.restricted(null)?;
        let (estimate, statistic) = self
            .model
            .observed(null)
            .ok_or_else(|| Error::Undetermined("the parameter has no standard error: the fit is perfect".into()))?;
        let count = |range: std::ops::Range<usize>| -> [usize; 3] {
            let mut buffers = self.model.buffers();
            let mut counts = [0; 3];
            for b in range {
                let drawn = self.model.statistic(&restricted, self.draws.of(b), null, &mut buffers);
                // A replicate without a statistic cannot speak for the null being false.
                let [two, up, down] =
                    drawn.map_or([true; 3], |t| [t.abs() >= statistic.abs(), t >= statistic, t <= statistic]);
                counts[0] += usize::from(two);
                counts[1] += usize::from(up);
                counts[2] += usize::from(down);
            }
            counts
        };
        let [two, up, down] = self.draws.sum(count);
        let share = |count: usize| (count + 1) as f64 / (self.draws.replicates + 1) as f64;
        Ok(WildTest {
            estimate,
            null,
            statistic,
            p_value: share(two),
            p_greater: share(up),
            p_less: share(down),
            replicates: self.draws.replicates,
            weights: self.draws.weights,
        })
    }

    /// The values not rejected at 1 - `level` (two-sided), by bisection from the estimate outward. Ends are found to a
    /// ten-thousandth of the interval's width.
    ///
    /// # Errors
    /// As [`test`](Self::test); `Argument` unless 0 < `level` < 1.
    pub fn interval(&self, level: f64) -> Result<Interval> {
        if !(level > 0.0 && level < 1.0) {
            return Err(Error::Argument(format!("a confidence level lies between 0 and 1, not {level}")));
        }
        let at = self.test(self.model.centre())?;
        let error = self.model.standard_error().unwrap_or(0.0);
        if !(error > 0.0) {
            return Err(Error::Undetermined("the parameter has no standard error: the fit is perfect".into()));
        }
        let rejected = |value: f64| self.rejects(value, 1.0 - level);
        let end = |sign: f64| -> Result<Option<f64>> {
            let (mut inside, mut step) = (at.estimate, 2.0 * error);
            let mut outside = None;
            for _ in 0..DOUBLINGS {
                let value = at.estimate + sign * step;
                if rejected(value)? {
                    outside = Some(value);
                    break;
                }
                inside = value;
                step *= 1.5;
            }
            let Some(mut outside) = outside else { return Ok(None) };
            let tolerance = FINE * error;
            for _ in 0..HALVINGS {
                if (outside - inside).abs() <= tolerance {
                    break;
                }
                let middle = 0.5 * (inside + outside);
                if rejected(middle)? { outside = middle } else { inside = middle }
            }
            Ok(Some(0.5 * (inside + outside)))
        };
        Ok(Interval { low: end(-1.0)?, high: end(1.0)? })
    }
}

impl WildParameter<'_> {
    /// Whether the two-sided test rejects `null` at `size`.
    fn rejects(&self, null: f64, size: f64) -> Result<bool> {
        let restricted = self.model.restricted(null)?;
        let Some((_, statistic)) = self.model.observed(null) else { return Ok(false) };
        let count = self.draws.count_against(size, |range| {
            let mut buffers = self.model.buffers();
            range
                .filter(|&b| {
                    let drawn = self.model.statistic(&restricted, self.draws.of(b), null, &mut buffers);
                    drawn.is_none_or(|t| t.abs() >= statistic.abs())
                })
                .count()
        });
        Ok((count + 1) as f64 <= size * (self.draws.replicates + 1) as f64 + ROUNDING)
    }
}

fn no_such(what: &str, index: usize, have: usize) -> Error {
    Error::Argument(format!("{what} {} was asked for, there are {have}", index + 1))
}

/// Steps outward, each half as long again as the one before: 1.5^24 two-standard-error steps reach 3e4 standard errors.
const DOUBLINGS: usize = 24;
/// Halvings between two steps, more than the precision asked for ever needs.
const HALVINGS: usize = 64;
/// Precision of an interval's ends, in standard errors.
const FINE: f64 = 5e-4;
/// p-values are multiples of 1/(B+1); this keeps 0.05 from being above 0.05.
const ROUNDING: f64 = 1e-9;
