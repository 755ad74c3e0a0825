//! Intervals, by drawing runs through both steps.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::fit::{LossThenScore, LossThenScoreFit, NUMBERS, columns};
use super::run::LadderRun;
use crate::stats::clusters::Clusters;
use crate::stats::distribution::sample_quantile;
use crate::stats::estimate::Interval;
use crate::stats::loss_law::LossLaw;
use crate::stats::random::Seed;
use crate::{Error, Result};

/// A target, through both steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LossThenScoreForecast {
    /// Its loss by the law.
    pub loss: f64,
    /// Interval of the loss of a run there.
    pub loss_interval: Interval,
    /// Its score by both steps.
    pub score: f64,
    /// Interval of both steps there.
    pub curve_interval: Interval,
    /// Interval of the score of a run there.
    pub score_interval: Interval,
    /// Resamples with both steps; the others are left out.
    pub resamples: usize,
}

impl LossThenScore {
    /// Draws clusters of runs with replacement, repeats both steps on the same draw, and takes `targets` (parameters, tokens) through
    /// them.
    ///
    /// # Errors
    /// `Argument` for a wrong number of labels and targets that are not positive; `Undetermined` for one cluster, no more runs than the
    /// first step has parameters, and where half of the resamples lack a step.
    #[allow(clippy::too_many_arguments)]
    pub fn forecast(
        &self,
        fit: &LossThenScoreFit,
        runs: &[LadderRun],
        clusters: &Clusters,
        targets: &[(f64, f64)],
        replicates: usize,
        level: f64,
        seed: Seed,
    ) -> Result<Vec<LossThenScoreForecast>> {
        let n = runs.len();
        if clusters.len() != n {
            return Err(Error::Argument(format!("{} labels of clusters for {n} runs", clusters.len())));
        }
        if targets.iter().any(|(params, tokens)| !(*params > 0.0 && *tokens > 0.0)) {
            return Err(Error::Argument("a target has a positive number of parameters and of tokens".into()));
        }
        if clusters.count() < 2 || n <= NUMBERS[0] {
            return Err(Error::Undetermined(format!(
                "{n} runs of {} clusters say nothing about how sure two steps are",
                clusters.count()
            )));
        }
        let free = NUMBERS.map(|numbers| (n as f64 / (n - numbers) as f64).sqrt());
        let draws: Vec<Option<Vec<[f64; 3]>>> = (0..replicates)
            .into_par_iter()
            .map(|b| {
                let mut stream = seed.stream("loss, then score", b as u64);
                let drawn: Vec<LadderRun> = (0..clusters.count())
                    .flat_map(|_| clusters.members(stream.below(clusters.count())))
                    .map(|&i| runs[i].clone())
                    .collect();
                let law = LossLaw::new().refit(&fit.law, columns(&drawn))?;
                let curve = self.curve(drawn.iter(), Some(fit.curve)).ok()?;
                let of = |&(params, tokens): &(f64, f64)| {
                    let loss = law.loss(params, tokens);
                    let run = stream.below(n);
                    let off = loss * (free[0] * fit.loss_residuals[run]).exp();
                    [off, curve.score(loss), curve.score(off) + free[1] * fit.score_residuals[run]]
                };
                let found: Vec<[f64; 3]> = targets.iter().map(of).collect();
                found.iter().flatten().all(|value| value.is_finite()).then_some(found)
            })
            .collect();
        let found: Vec<Vec<[f64; 3]>> = draws.into_iter().flatten().collect();
        if 2 * found.len() <= replicates {
            return Err(Error::Undetermined(
                "most resamples of runs have no law of loss, or no curve of the score".into(),
            ));
        }
        let interval = |target: usize, of: usize| {
            let mut values: Vec<f64> = found.iter().map(|draw| draw[target][of]).collect();
            values.sort_by(f64::total_cmp);
            let tail = 0.5 * (1.0 - level);
            Interval { low: sample_quantile(&values, tail), high: sample_quantile(&values, 1.0 - tail) }
        };
        let forecast = |(at, &(params, tokens)): (usize, &(f64, f64))| LossThenScoreForecast {
            loss: fit.law.loss(params, tokens),
            loss_interval: interval(at, 0),
            score: fit.score(params, tokens),
            curve_interval: interval(at, 1),
            score_interval: interval(at, 2),
            resamples: found.len(),
        };
        Ok(targets.iter().enumerate().map(forecast).collect())
    }
}
