//! Intervals, by drawing families of training models.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::fit::{Observational, ObservationalData, ObservationalFit};
use crate::stats::clusters::Clusters;
use crate::stats::distribution::sample_quantile;
use crate::stats::estimate::Interval;
use crate::stats::random::{Seed, Stream};
use crate::{Error, Result};

/// A share nearer to 0 or 1 than this scatters as one this near.
const NEAR_END: f64 = 0.01;

/// Intervals of every model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ObservationalIntervals {
    /// Of the curve at each model.
    pub curve: Vec<Interval>,
    /// Of a model there.
    pub model: Vec<Interval>,
    /// Resamples with a curve; the others are left out.
    pub resamples: usize,
}

/// How much a share scatters.
fn spread(share: f64) -> f64 {
    let share = share.clamp(NEAR_END, 1.0 - NEAR_END);
    (share * (1.0 - share)).sqrt()
}

/// The families that are drawn, and how models scatter around the curve.
pub(super) struct TrainingFamilies {
    members: Vec<Vec<usize>>,
    scatter: Vec<f64>,
}

impl TrainingFamilies {
    /// # Errors
    /// `Argument` for a wrong number of labels; `Undetermined` when fewer than two families are trained on.
    pub(super) fn of(
        settings: &Observational,
        data: &ObservationalData<'_>,
        fit: &ObservationalFit,
        families: &Clusters,
    ) -> Result<Self> {
        let n = data.target.len();
        if families.len() != n {
            return Err(Error::Argument(format!("{} labels of families for {n} models", families.len())));
        }
        let members: Vec<Vec<usize>> = (0..families.count())
            .map(|g| families.members(g).iter().copied().filter(|&i| data.training[i]).collect::<Vec<usize>>())
            .filter(|members| !members.is_empty())
            .collect();
        if members.len() < 2 {
            return Err(Error::Undetermined("all training models are of one family".into()));
        }
        let rows: Vec<usize> = members.iter().flatten().copied().collect();
        let free = (rows.len() as f64 / (rows.len() - settings.parameters()) as f64).sqrt();
        let scatter =
            rows.iter().map(|&i| free * (data.target[i] - fit.predicted[i]) / spread(fit.predicted[i])).collect();
        Ok(Self { members, scatter })
    }

    /// As many families as there are, with replacement: their models.
    pub(super) fn draw(&self, stream: &mut Stream) -> Vec<usize> {
        (0..self.members.len()).flat_map(|_| self.members[stream.below(self.members.len())].clone()).collect()
    }

    /// A model where the curve has this value.
    pub(super) fn model(&self, curve: f64, stream: &mut Stream) -> f64 {
        curve + self.scatter[stream.below(self.scatter.len())] * spread(curve)
    }
}

/// That more than half of the resamples have a curve.
pub(super) fn enough(found: usize, replicates: usize) -> Result<()> {
    if 2 * found <= replicates {
        return Err(Error::Undetermined("most resamples of families have no curve".into()));
    }
    Ok(())
}

/// The middle `level` of the values.
pub(super) fn percentiles(mut values: Vec<f64>, level: f64) -> Interval {
    values.sort_by(f64::total_cmp);
    let tail = 0.5 * (1.0 - level);
    let end = |p: f64| sample_quantile(&values, p);
    Interval { low: end(tail), high: end(1.0 - tail) }
}

impl Observational {
    /// Draws `replicates` times as many families of training models as there are, with replacement, and repeats every step.
    /// `families` has a label for every model.
    ///
    /// # Errors
    /// `Argument` for a wrong number of labels; `Undetermined` when fewer than two families are trained on, or half of the
    /// resamples have no curve.
    pub fn intervals(
        &self,
        data: &ObservationalData<'_>,
        fit: &ObservationalFit,
        families: &Clusters,
        replicates: usize,
        level: f64,
        seed: Seed,
    ) -> Result<ObservationalIntervals> {
        let n = data.target.len();
        let families = TrainingFamilies::of(self, data, fit, families)?;
        let draws: Vec<Option<Vec<(f64, f64)>>> = (0..replicates)
            .into_par_iter()
            .map(|b| {
                let mut stream = seed.stream("observational scaling", b as u64);
                let (capability, link) = self.of_rows(data, &families.draw(&mut stream)).ok()?;
                Some(
                    (0..n)
                        .map(|i| {
                            let curve = link.at(link.index(&capability.scores(&data.row(i))));
                            (curve, families.model(curve, &mut stream))
                        })
                        .collect(),
                )
            })
            .collect();
        let found: Vec<Vec<(f64, f64)>> = draws.into_iter().flatten().collect();
        enough(found.len(), replicates)?;
        let interval =
            |i: usize, of: fn(&(f64, f64)) -> f64| percentiles(found.iter().map(|draw| of(&draw[i])).collect(), level);
        Ok(ObservationalIntervals {
            curve: (0..n).map(|i| interval(i, |draw| draw.0)).collect(),
            model: (0..n).map(|i| interval(i, |draw| draw.1)).collect(),
            resamples: found.len(),
        })
    }
}
