//! Every point of emergence the data cannot tell from the best: a set, not a pair of numbers.
//!
//! With S(c) the least (weighted) sum of squares with the break held at c, n observations and k parameters,
//!
//!   F(c) = (S(c) - min S) / (min S / (n-k)),   set = {c : F(c) is not too large}
//!
//! S is not convex, so the set may be one interval, several, or reach past the data on either side, in which case it is
//! bounded on one side only. Two rules say what is too large:
//!
//! - [`Profile::set`]: the quantile of F(1, n-k) (Beale 1960; Draper and Smith 1998, §24.5). It takes models as
//!   independent. On each interval of x the border solves a quadratic, so the set is exact.
//! - [`Profile::bootstrap_set`]: the test of c = c0 by restricted wild cluster bootstrap, inverted. For every c0 the break
//!   is held at c0, whole families' residuals are multiplied by random numbers, c is estimated anew in each replicate, and
//!   F(c0) is compared with its bootstrap values: the critical value belongs to these families and to that c0.
//!
//! ```
//! use onset::stats::profile::Profile;
//! use onset::stats::sample::Sample;
//! let x = [20.0, 20.5, 21.0, 21.5, 22.0, 22.5, 23.0, 23.5, 24.0];
//! let y = [0.26, 0.24, 0.25, 0.26, 0.25, 0.31, 0.35, 0.41, 0.45];
//! let set = Profile::new(&Sample::new(&x, &y)?, Some(0.25))?.set(0.95)?;
//! assert_eq!(set.pieces.len(), 1);
//! assert!(set.contains(22.0) && !set.contains(21.0));
//! # Ok::<(), onset::Error>(())
//! ```

use serde::{Deserialize, Serialize};

use super::clusters::Clusters;
use super::distribution::fisher_one_quantile;
use super::estimate::Interval;
use super::fixed_hinge::{FixedHinge, Scratch};
use super::random::Seed;
use super::sample::Sample;
use super::wild::WildWeights;
use super::wild_draws::Draws;
use super::wild_model::{Buffers, Null};
use crate::{Error, Result};

/// A hinge whose break is to be bounded.
#[derive(Debug)]
pub struct Profile {
    design: FixedHinge,
    /// Scores above chance, sorted.
    y: Vec<f64>,
    families: Clusters,
    scratch: Scratch,
    explained: f64,
    least: f64,
}

/// The values of c that are not rejected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ProfileSet {
    /// The pieces by increasing c, within the observed range. A lower end that is `None` says that the smallest x is not
    /// rejected, and so no bound exists within the data; likewise the upper end and the largest x. No piece: every c
    /// within the data is rejected.
    pub pieces: Vec<Interval>,
    /// The confidence level.
    pub level: f64,
}

impl ProfileSet {
    /// Whether `c` is in the set.
    pub fn contains(&self, c: f64) -> bool {
        self.pieces.iter().any(|piece| piece.contains(c))
    }

    /// The smallest interval around all pieces; `None` when there is no piece.
    pub(crate) fn hull(&self) -> Option<Interval> {
        Some(Interval { low: self.pieces.first()?.low, high: self.pieces.last()?.high })
    }
}

impl Profile {
    /// Binds a sample and chance (`None`: estimated).
    ///
    /// # Errors
    /// Those of [`Hinge::fit`](super::hinge::Hinge::fit); `Undetermined` when a group is empty or repeats others, or when
    /// the fit is perfect.
    pub fn new(sample: &Sample, chance: Option<f64>) -> Result<Self> {
        let sample = sample.counted();
        let design = FixedHinge::new(sample.x(), sample.groups(), sample.weights(), chance.is_none())?;
        let above: Vec<f64> = sample.y().iter().map(|y| y - chance.unwrap_or(0.0)).collect();
        let y = design.sorted(&above);
        let mut scratch = Scratch::default();
        design.load(&y, &mut scratch);
        let best = design.best(&scratch);
        let least = scratch.total - best.explained;
        let size = design.square(&y);
        if !(least > PERFECT * size) || !size.is_finite() {
            return Err(Error::Undetermined(
                "no profile of the break: nothing is left of the scores after the fit".into(),
            ));
        }
        Ok(Self { design, y, families: sample.families().clone(), scratch, explained: best.explained, least })
    }

    /// F(c), with 1 and n-k degrees of freedom.
    pub fn f(&self, c: f64) -> f64 {
        let held = self.design.held(self.design.scaled(c), &self.scratch).map_or(0.0, |fit| fit.explained);
        (self.explained - held).max(0.0) / (self.least / self.design.df() as f64)
    }

    /// Residual degrees of freedom n-k.
    pub fn df(&self) -> usize {
        self.design.df()
    }

    /// The set by the quantile of F.
    ///
    /// # Errors
    /// `Argument` unless 0 < `level` < 1.
    pub fn set(&self, level: f64) -> Result<ProfileSet> {
        let critical = fisher_one_quantile(level, self.design.df() as f64).ok_or_else(|| bad_level(level))?;
        // In the set are the c whose explained sum of squares is at least this.
        let needed = self.explained - critical * self.least / self.design.df() as f64;
        let levels = self.design.levels();
        let mut spans: Vec<(f64, f64)> = Vec::new();
        for active in 1..levels {
            let (low, high) = (self.design.knot(active - 1), self.design.knot(active));
            if needed <= 0.0 {
                spans.push((low, high));
                continue;
            }
            let Some([p, q, r]) = self.design.excess_quadratic(active, needed, &self.scratch) else { continue };
            let mut cuts = vec![low];
            // Where one x alone lies beyond, every break before it fits as well: F is constant.
            if self.design.tells_apart(active) {
                cuts.extend(roots(p, q, r).into_iter().filter(|c| *c > low && *c < high));
            }
            cuts.push(high);
            for pair in cuts.windows(2) {
                let middle = 0.5 * (pair[0] + pair[1]);
                if (p * middle + q) * middle + r <= 0.0 {
                    spans.push((pair[0], pair[1]));
                }
            }
        }
        Ok(self.joined(&spans, self.design.knot(levels - 1), level))
    }

    /// The set by inverting the wild cluster bootstrap test, on `replicates` draws used for every c0. The range of x is
    /// searched in 80 steps and each border then found by bisection. Only breaks beyond which at least two families lie
    /// are looked at: one family cannot say whether the rise is its own. A set that reaches the last of those is not
    /// bounded above.
    ///
    /// # Errors
    /// `Undetermined` with fewer than two clusters, `Argument` for no replicates or a level outside (0, 1).
    pub fn bootstrap_set(&self, level: f64, seed: Seed, replicates: usize) -> Result<ProfileSet> {
        if !(level > 0.0 && level < 1.0) {
            return Err(bad_level(level));
        }
        let draws = self.draws(seed, replicates)?;
        let (low, high) = (self.design.knot(0), self.last_border());
        let kept = |c: f64| self.exceeding(c, &draws, 1.0 - level) > rank(1.0 - level, replicates);
        let at = |step: usize| low + (high - low) * step as f64 / STEPS as f64;
        // The last step stays left of the last border, where one family fewer lies beyond the break.
        let at = |step: usize| if step == STEPS { at(STEPS) - LAST * (high - low) } else { at(step) };
        let mut spans: Vec<(f64, f64)> = Vec::new();
        let mut was = kept(at(0));
        let mut open = was.then_some(low);
        // The best c is never rejected; the search must not step over it.
        let mut steps: Vec<f64> =
            (1..=STEPS).map(at).chain([self.best_break()]).filter(|c| *c > low && *c < high).collect();
        steps.sort_by(f64::total_cmp);
        let mut previous = low;
        for c in steps {
            let is = kept(c);
            if is != was {
                let border = bisect(previous, c, |middle| kept(middle) == was);
                match open.take() {
                    Some(start) => spans.push((start, border)),
                    None => open = Some(border),
                }
            }
            (was, previous) = (is, c);
        }
        if let Some(start) = open {
            spans.push((start, high));
        }
        Ok(self.joined(&spans, high, level))
    }

    /// The largest x beyond or at which models of two families lie.
    fn last_border(&self) -> f64 {
        let clusters = &self.families;
        let order = self.design.order();
        let top = clusters.of()[order[order.len() - 1]];
        let last = order.iter().rposition(|&i| clusters.of()[i] != top);
        self.design.knot(0).max(last.map_or(f64::NEG_INFINITY, |row| self.design.at(row)))
    }

    /// The p-value of the break lying at `c`, by restricted wild cluster bootstrap.
    ///
    /// # Errors
    /// As [`bootstrap_set`](Self::bootstrap_set).
    pub fn bootstrap_p(&self, c: f64, seed: Seed, replicates: usize) -> Result<f64> {
        let draws = self.draws(seed, replicates)?;
        let count = self.exceeding(self.design.scaled(c), &draws, 0.0);
        Ok((count + 1) as f64 / (replicates + 1) as f64)
    }

    fn draws(&self, seed: Seed, replicates: usize) -> Result<Draws> {
        let families = &self.families;
        Draws::new(seed, replicates, WildWeights::Auto, families, self.y.len(), families.count())
    }

    fn best_break(&self) -> f64 {
        self.design.best_break(self.design.best(&self.scratch))
    }

    /// How many replicates have an F at scaled `c` at least as large as the data's. Where a first part of the replicates
    /// leaves no doubt about the share being above or below `threshold`, their count scaled up.
    fn exceeding(&self, c: f64, draws: &Draws, threshold: f64) -> usize {
        let Some(held) = self.design.held(c, &self.scratch) else { return draws.replicates };
        let ratio = (self.explained - held.explained).max(0.0) / self.least;
        let mut residuals = Vec::new();
        self.design.residuals(held, &self.y, &mut residuals);
        let null = Null {
            fitted: self.y.iter().zip(&residuals).map(|(y, u)| y - u).collect(),
            residuals,
            cluster: self.design.order().iter().map(|&i| self.families.of()[i]).collect(),
        };
        draws.count_against(threshold, |range| {
            let mut buffers = Buffers::default();
            let mut count = 0;
            for b in range {
                null.draw(draws.of(b), &mut buffers.y);
                self.design.load(&buffers.y, &mut buffers.hinge);
                let best = self.design.best(&buffers.hinge).explained;
                let held = self.design.held(c, &buffers.hinge).map_or(0.0, |fit| fit.explained);
                let least = buffers.hinge.total - best;
                count += usize::from(best - held >= ratio * least);
            }
            count
        })
    }

    /// The pieces of adjoining `spans`; those that reach `top` are open there.
    fn joined(&self, spans: &[(f64, f64)], top: f64, level: f64) -> ProfileSet {
        let bottom = self.design.knot(0);
        let mut merged: Vec<(f64, f64)> = Vec::new();
        for &(low, high) in spans {
            match merged.last_mut() {
                Some(last) if low <= last.1 + ROUNDING => last.1 = high,
                _ => merged.push((low, high)),
            }
        }
        let pieces = merged
            .into_iter()
            .map(|(low, high)| Interval {
                low: (low > bottom).then(|| self.design.unscaled(low)),
                high: (high < top).then(|| self.design.unscaled(high)),
            })
            .collect();
        ProfileSet { pieces, level }
    }
}

/// Real roots of p c² + q c + r by increasing size.
fn roots(p: f64, q: f64, r: f64) -> Vec<f64> {
    let discriminant = q * q - 4.0 * p * r;
    if discriminant < 0.0 || (p == 0.0 && q == 0.0) {
        return Vec::new();
    }
    // The larger root first: the other from their product, so that nothing cancels.
    let t = -0.5 * (q + discriminant.sqrt().copysign(q));
    let mut found: Vec<f64> = [t / p, r / t].into_iter().filter(|c| c.is_finite()).collect();
    found.sort_by(f64::total_cmp);
    found
}

/// Where `holds`, true at `from` and false at `to`, changes.
fn bisect(from: f64, to: f64, holds: impl Fn(f64) -> bool) -> f64 {
    let (mut yes, mut no) = (from, to);
    while (no - yes).abs() > FINE {
        let middle = 0.5 * (yes + no);
        if holds(middle) { yes = middle } else { no = middle }
    }
    0.5 * (yes + no)
}

/// The largest count of exceeding replicates that still rejects: (count + 1)/(B + 1) <= share.
fn rank(share: f64, replicates: usize) -> usize {
    ((share * (replicates + 1) as f64 + 1e-9).floor() as usize).saturating_sub(1)
}

fn bad_level(level: f64) -> Error {
    Error::Argument(format!("a confidence level lies between 0 and 1, not {level}"))
}

/// Steps of the search over the range of x.
const STEPS: usize = 80;
/// Distance of the last step from the largest x, as a share of the range.
const LAST: f64 = 1e-6;
/// Precision of a border, as a share of the range of x.
const FINE: f64 = 2e-4;
/// Borders closer than this share of the range are one.
const ROUNDING: f64 = 1e-12;
/// A sum of squares below this share of the scores' own cannot be told from rounding error of running sums.
const PERFECT: f64 = 1e-13;
