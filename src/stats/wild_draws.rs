//! The random multipliers of [`wild`](super::wild) and the counting of replicates, in parallel and in a fixed order.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::clusters::Clusters;
use super::random::Seed;
use crate::{Error, Result};

/// The cluster multipliers of every replicate.
#[derive(Debug)]
pub(crate) struct Draws {
    /// Places among `points`.
    values: Vec<u8>,
    points: &'static [f64],
    clusters: usize,
    pub(crate) replicates: usize,
    pub(crate) weights: WildWeights,
}

/// The multipliers of one replicate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draw<'a> {
    values: &'a [u8],
    points: &'static [f64],
}

impl Draw<'_> {
    /// What multiplies cluster `g`.
    pub(crate) fn at(&self, g: usize) -> f64 {
        self.points[usize::from(self.values[g])]
    }
}

impl Draws {
    pub(crate) fn new(
        seed: Seed,
        replicates: usize,
        weights: WildWeights,
        clusters: &Clusters,
        n: usize,
        deciding: usize,
    ) -> Result<Self> {
        if clusters.len() != n {
            return Err(Error::Argument(format!("{} cluster labels for {n} scores", clusters.len())));
        }
        if clusters.count() < 2 {
            return Err(Error::Undetermined("a cluster bootstrap needs at least two clusters".into()));
        }
        if replicates == 0 {
            return Err(Error::Argument("a bootstrap needs at least one replicate".into()));
        }
        let weights = match weights {
            WildWeights::Auto if deciding < FEW => WildWeights::Webb,
            WildWeights::Auto => WildWeights::Rademacher,
            given => given,
        };
        let count = clusters.count();
        let points: &[f64] = if weights == WildWeights::Webb { &WEBB } else { &[-1.0, 1.0] };
        let mut values = Vec::new();
        let size = replicates.saturating_mul(count);
        if values.try_reserve_exact(size).is_err() {
            let problem = format!("{replicates} replicates of {count} clusters do not fit into memory");
            return Err(Error::Undetermined(problem));
        }
        values.resize(size, 0_u8);
        values.par_chunks_mut(count).enumerate().for_each(|(b, row)| {
            let mut stream = seed.stream("wild cluster bootstrap", b as u64);
            row.iter_mut().for_each(|v| *v = stream.below(points.len()) as u8);
        });
        Ok(Self { values, points, clusters: count, replicates, weights })
    }

    /// What multiplies each cluster in replicate `b`.
    pub(crate) fn of(&self, b: usize) -> Draw<'_> {
        Draw { values: &self.values[b * self.clusters..(b + 1) * self.clusters], points: self.points }
    }

    /// Adds up counts over blocks of replicates, in parallel.
    pub(crate) fn sum<const K: usize>(
        &self,
        count: impl Fn(std::ops::Range<usize>) -> [usize; K] + Sync,
    ) -> [usize; K] {
        (0..self.replicates.div_ceil(BLOCK))
            .into_par_iter()
            .map(|block| count(block * BLOCK..((block + 1) * BLOCK).min(self.replicates)))
            .reduce(|| [0; K], |a, b| std::array::from_fn(|k| a[k] + b[k]))
    }
}

impl Draws {
    /// The number of replicates that `count` finds, at most `replicates`. Replicates are read in parts; once the parts
    /// read leave no doubt on which side of `threshold` the share will lie, the count so far is scaled up. The order is
    /// fixed, so the answer does not depend on threads.
    pub(crate) fn count_against(
        &self,
        threshold: f64,
        count: impl Fn(std::ops::Range<usize>) -> usize + Sync,
    ) -> usize {
        let (mut found, mut read) = (0, 0);
        while read < self.replicates {
            let until = (read + PART).min(self.replicates);
            let blocks = (until - read).div_ceil(BLOCK);
            found += (0..blocks)
                .into_par_iter()
                .map(|block| count(read + block * BLOCK..(read + (block + 1) * BLOCK).min(until)))
                .sum::<usize>();
            read = until;
            let doubt = DOUBT * (threshold * (1.0 - threshold) / read as f64).sqrt();
            if threshold > 0.0 && (found as f64 / read as f64 - threshold).abs() > doubt {
                break;
            }
        }
        if read == self.replicates { found } else { found * self.replicates / read }
    }
}

/// Below this many clusters on either side of a group, signs alone give too few patterns.
const FEW: usize = 12;
/// Replicates that one task works through.
const BLOCK: usize = 512;
/// Replicates read before asking whether more are needed.
const PART: usize = 1_024;
/// Binomial standard errors beyond which more replicates would not change a decision: one in 500,000.
const DOUBT: f64 = 5.0;
/// Webb's six points.
const WEBB: [f64; 6] = [
    -1.224_744_871_391_589,
    -1.0,
    -std::f64::consts::FRAC_1_SQRT_2,
    std::f64::consts::FRAC_1_SQRT_2,
    1.0,
    1.224_744_871_391_589,
];

/// The law of the numbers that multiply whole clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WildWeights {
    /// Webb's six points when the tested group touches, or leaves out, fewer than 12 clusters; signs otherwise.
    #[default]
    Auto,
    /// ±1.
    Rademacher,
    /// ±sqrt(1/2), ±1, ±sqrt(3/2).
    Webb,
}
