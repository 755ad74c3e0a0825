//! The target of a family at a compute that none of its models has.

use rayon::prelude::*;

use super::fit::{Observational, ObservationalData, ObservationalFit};
use super::forecast::{TrainingFamilies, enough, percentiles};
use super::lines::FamilyLine;
use crate::stats::clusters::Clusters;
use crate::stats::estimate::Interval;
use crate::stats::random::{Seed, Stream};
use crate::{Error, Result};

/// A family, by its number, at so much compute.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FamilyAt {
    /// The family.
    pub family: usize,
    /// log10 FLOPs.
    pub log_compute: f64,
}

/// What is forecast there.
#[derive(Debug, Clone, PartialEq)]
pub struct FamilyForecast {
    /// The line of the family.
    pub line: FamilyLine,
    /// The index on it.
    pub index: f64,
    /// The target by the curve.
    pub target: f64,
    /// Interval of the curve there.
    pub curve: Interval,
    /// Interval of a model there.
    pub model: Interval,
}

/// σ of models around the lines of their families, and its degrees of freedom; `None` where no family has three models.
fn around(lines: &[Option<FamilyLine>]) -> Option<(f64, usize)> {
    let long = || lines.iter().flatten().filter(|line| line.models > 2);
    let free: usize = long().map(|line| line.models - 2).sum();
    let square: f64 = long().map(|line| line.residual).sum();
    (free > 0).then(|| ((square / free as f64).sqrt(), free))
}

/// σ as a draw of what it could be.
fn drawn(sigma: f64, free: usize, stream: &mut Stream) -> f64 {
    let square: f64 = (0..free).map(|_| stream.normal().powi(2)).sum();
    sigma * (free as f64 / square).sqrt()
}

impl Observational {
    /// The target of families at so much compute, through their lines, with intervals as [`intervals`](Self::intervals) has them.
    /// `log_compute` is that of every model, NaN where it is not known; models held out count for the line of their family.
    ///
    /// # Errors
    /// Those of [`intervals`](Self::intervals); `Undetermined` for a family with no two computes, and where no family has three models.
    #[allow(clippy::too_many_arguments)]
    pub fn at_compute(
        &self,
        data: &ObservationalData<'_>,
        fit: &ObservationalFit,
        families: &Clusters,
        log_compute: &[f64],
        asked: &[FamilyAt],
        replicates: usize,
        level: f64,
        seed: Seed,
    ) -> Result<Vec<FamilyForecast>> {
        let training = TrainingFamilies::of(self, data, fit, families)?;
        if log_compute.len() != data.target.len() {
            return Err(Error::Argument(format!("{} computes for {} models", log_compute.len(), data.target.len())));
        }
        let lines = FamilyLine::of_families(&fit.index, log_compute, families);
        let line = |at: &FamilyAt| lines.get(at.family).copied().flatten();
        if asked.iter().any(|at| line(at).is_none()) {
            return Err(Error::Undetermined("a family whose models have no two computes has no line".into()));
        }
        if around(&lines).is_none() {
            return Err(Error::Undetermined(
                "no family has three models with compute, so that nothing says how far models stand off their line"
                    .into(),
            ));
        }
        let draws: Vec<Option<Vec<(f64, f64)>>> = (0..replicates)
            .into_par_iter()
            .map(|b| {
                let mut stream = seed.stream("observational scaling of a family", b as u64);
                let (capability, link) = self.of_rows(data, &training.draw(&mut stream)).ok()?;
                let index: Vec<f64> =
                    (0..data.target.len()).map(|i| link.index(&capability.scores(&data.row(i)))).collect();
                let lines = FamilyLine::of_families(&index, log_compute, families);
                let (sigma, free) = around(&lines)?;
                let sigma = drawn(sigma, free, &mut stream);
                asked
                    .iter()
                    .map(|at| {
                        let line = lines[at.family]?;
                        let middle =
                            line.index(at.log_compute) + sigma * line.leverage(at.log_compute) * stream.normal();
                        let model = link.at(middle + sigma * stream.normal());
                        Some((link.at(middle), training.model(model, &mut stream)))
                    })
                    .collect()
            })
            .collect();
        let found: Vec<Vec<(f64, f64)>> = draws.into_iter().flatten().collect();
        enough(found.len(), replicates)?;
        let interval =
            |k: usize, of: fn(&(f64, f64)) -> f64| percentiles(found.iter().map(|draw| of(&draw[k])).collect(), level);
        let forecast = |(k, at): (usize, &FamilyAt)| {
            let line = line(at)?;
            let index = line.index(at.log_compute);
            let target = fit.at_index(index);
            Some(FamilyForecast {
                line,
                index,
                target,
                curve: interval(k, |draw| draw.0),
                model: interval(k, |draw| draw.1),
            })
        };
        Ok(asked.iter().enumerate().filter_map(forecast).collect())
    }
}
