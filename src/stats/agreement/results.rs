//! What an agreement is answered with.

use serde::{Deserialize, Serialize};

use crate::stats::estimate::Estimate;
use crate::stats::pair_matrix::PairMatrix;

/// What is said of a table: of the data as numbers, of a resample, or with intervals.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Summary<T> {
    /// Mean τ-b over all pairs of benchmarks.
    pub mean: T,
    /// Share of the variance that is the first principal component's.
    pub first_share: T,
    /// Mean of the benchmarks' noise ceilings.
    pub ceiling: T,
    /// Mean over pairs of τ-b as a share of its ceiling.
    pub share_of_ceiling: T,
    /// Mean over pairs of the true scores' τ.
    pub disattenuated: T,
}

/// Values without one outer cluster.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The cluster that was left out.
    pub cluster: usize,
    /// What is said without it; `None` where undefined.
    pub summary: Summary<Option<f64>>,
}

/// The agreement of one table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgreementFit {
    /// τ-b of all pairs of benchmarks.
    pub tau: PairMatrix,
    /// Values with intervals; none where undefined in the data, and for what needs ceilings when there are none. No interval
    /// where most resamples are undefined.
    pub summary: Summary<Estimate>,
    /// Without each outer cluster.
    pub left_out: Vec<LeftOut>,
    /// Shares of the variance of the first principal components, the largest first; of models with every score.
    pub shares: Vec<Estimate>,
    /// Mean τ-b of each benchmark with all others.
    pub columns: Vec<Estimate>,
    /// Mean τ-b over the pairs of each set of benchmarks that was asked about.
    pub subsets: Vec<Estimate>,
    /// Intervals of τ-b pair by pair, where they were asked for.
    pub pairs: Option<PairIntervals>,
    /// How many outer clusters of equal size would carry as much.
    pub effective_clusters: f64,
}

/// Intervals of a matrix of correlations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PairIntervals {
    /// Lower ends; none where most resamples are undefined.
    pub low: PairMatrix,
    /// Upper ends.
    pub high: PairMatrix,
    /// Standard deviations of the resamples.
    pub se: PairMatrix,
}

/// Two conditions of the same models and benchmarks, compared in pairs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub(crate) struct AgreementChange {
    /// Before.
    pub before: AgreementFit,
    /// After.
    pub after: AgreementFit,
    /// After minus before, the same models drawn for both.
    pub difference: Summary<Estimate>,
    /// The difference without each outer cluster.
    pub left_out: Vec<LeftOut>,
    /// Share of the pairs of benchmarks whose τ-b is larger after.
    pub pairs_above: Estimate,
    /// Shares of the first principal components, after minus before.
    pub shares: Vec<Estimate>,
    /// Mean τ-b of each benchmark with all others, after minus before.
    pub columns: Vec<Estimate>,
    /// Mean τ-b over the pairs of each set of benchmarks, after minus before.
    pub subsets: Vec<Estimate>,
    /// Intervals of the difference pair by pair, where they were asked for.
    pub pairs: Option<PairIntervals>,
}

impl LeftOut {
    pub(super) fn new(cluster: usize, summary: &Summary<f64>) -> Self {
        let values = summary.values();
        Self { cluster, summary: Summary::from(values.map(|v| (!v.is_nan()).then_some(v))) }
    }
}

impl<T> From<[T; 5]> for Summary<T> {
    fn from([mean, first_share, ceiling, share_of_ceiling, disattenuated]: [T; 5]) -> Self {
        Self { mean, first_share, ceiling, share_of_ceiling, disattenuated }
    }
}

impl Summary<f64> {
    pub(super) fn values(&self) -> [f64; 5] {
        [self.mean, self.first_share, self.ceiling, self.share_of_ceiling, self.disattenuated]
    }

    pub(super) fn minus(&self, other: &Self) -> Self {
        let (here, there) = (self.values(), other.values());
        Self::from(std::array::from_fn(|k| here[k] - there[k]))
    }
}
