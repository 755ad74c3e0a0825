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

/// What is asked of both steps.
#[derive(Debug, Clone, Copy, Default)]
pub struct LadderQuestion<'a> {
    /// Parameters and tokens of targets.
    pub targets: &'a [(f64, f64)],
    /// Losses at which the curve of the second step is wanted.
    pub losses: &'a [f64],
}

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
}

/// Intervals of everything that both steps say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LossThenScoreIntervals {
    /// Of the targets.
    pub targets: Vec<LossThenScoreForecast>,
    /// Of the curve at the losses that were asked for.
    pub curve: Vec<Interval>,
    /// Of E, A, B, α and β.
    pub law: [Interval; 5],
    /// Of u, d, L₀ and k.
    pub parameters: [Interval; 4],
    /// Resamples with both steps; the others are left out.
    pub resamples: usize,
}

/// Numbers of a resample before those of targets: E, A, B, α, β, u, d, L₀, k.
const OF_STEPS: usize = 9;
/// Numbers per target: loss of a run, score by both steps, score of a run.
const OF_TARGET: usize = 3;

impl LossThenScore {
    /// Draws clusters of runs with replacement, repeats both steps on the same draw, and takes targets (parameters, tokens) through
    /// them.
    ///
    /// # Errors
    /// `Argument` for a wrong number of labels, targets that are not positive and losses that are no numbers; `Undetermined` for one
    /// cluster, no more runs than the first step has parameters, and where half of the resamples lack a step.
    #[allow(clippy::too_many_arguments)]
    pub fn intervals(
        &self,
        fit: &LossThenScoreFit,
        runs: &[LadderRun],
        clusters: &Clusters,
        question: LadderQuestion<'_>,
        replicates: usize,
        level: f64,
        seed: Seed,
    ) -> Result<LossThenScoreIntervals> {
        let n = runs.len();
        let LadderQuestion { targets, losses } = question;
        if clusters.len() != n {
            return Err(Error::Argument(format!("{} labels of clusters for {n} runs", clusters.len())));
        }
        if targets.iter().any(|(params, tokens)| !(*params > 0.0 && *tokens > 0.0)) {
            return Err(Error::Argument("a target has a positive number of parameters and of tokens".into()));
        }
        if losses.iter().any(|loss| !loss.is_finite()) {
            return Err(Error::Argument("a loss at which the curve is wanted is no number".into()));
        }
        if clusters.count() < 2 || n <= NUMBERS[0] {
            return Err(Error::Undetermined(format!(
                "{n} runs of {} clusters say nothing about how sure two steps are",
                clusters.count()
            )));
        }
        let free = NUMBERS.map(|numbers| (n as f64 / (n - numbers) as f64).sqrt());
        let draws: Vec<Option<Vec<f64>>> = (0..replicates)
            .into_par_iter()
            .map(|b| {
                let mut stream = seed.stream("loss, then score", b as u64);
                let drawn: Vec<LadderRun> = (0..clusters.count())
                    .flat_map(|_| clusters.members(stream.below(clusters.count())))
                    .map(|&i| runs[i].clone())
                    .collect();
                let law = LossLaw::new().refit(&fit.law, columns(&drawn))?;
                let curve = self.curve(drawn.iter(), Some(fit.curve)).ok()?;
                let mut found = vec![law.e, law.a, law.b, law.alpha, law.beta];
                found.extend([curve.top, curve.drop, curve.middle, curve.steepness]);
                for &(params, tokens) in targets {
                    let loss = law.loss(params, tokens);
                    let run = stream.below(n);
                    let off = loss * (free[0] * fit.loss_residuals[run]).exp();
                    found.extend([off, curve.score(loss), curve.score(off) + free[1] * fit.score_residuals[run]]);
                }
                found.extend(losses.iter().map(|loss| curve.score(*loss)));
                found.iter().all(|value| value.is_finite()).then_some(found)
            })
            .collect();
        let found: Vec<Vec<f64>> = draws.into_iter().flatten().collect();
        if 2 * found.len() <= replicates {
            return Err(Error::Undetermined(
                "most resamples of runs have no law of loss, or no curve of the score".into(),
            ));
        }
        let interval = |place: usize| {
            let mut values: Vec<f64> = found.iter().map(|draw| draw[place]).collect();
            values.sort_by(f64::total_cmp);
            let tail = 0.5 * (1.0 - level);
            Interval { low: sample_quantile(&values, tail), high: sample_quantile(&values, 1.0 - tail) }
        };
        let forecast = |(at, &(params, tokens)): (usize, &(f64, f64))| {
            let first = OF_STEPS + OF_TARGET * at;
            LossThenScoreForecast {
                loss: fit.law.loss(params, tokens),
                loss_interval: interval(first),
                score: fit.score(params, tokens),
                curve_interval: interval(first + 1),
                score_interval: interval(first + 2),
            }
        };
        let of_losses = OF_STEPS + OF_TARGET * targets.len();
        Ok(LossThenScoreIntervals {
            targets: targets.iter().enumerate().map(forecast).collect(),
            curve: (0..losses.len()).map(|k| interval(of_losses + k)).collect(),
            law: std::array::from_fn(interval),
            parameters: std::array::from_fn(|k| interval(NUMBERS[0] + k)),
            resamples: found.len(),
        })
    }
}
