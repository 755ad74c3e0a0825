//! The settings, and both steps.

use serde::{Deserialize, Serialize};

use super::curve::ScoreOfLoss;
use super::run::LadderRun;
use crate::stats::loss_law::{LossLaw, LossLawParameters};
use crate::{Error, Result};

/// Parameters of the first step and of the second.
pub(super) const NUMBERS: [usize; 2] = [5, 4];

/// Settings of both steps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LossThenScore {
    perfect: f64,
}

/// Both steps, fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LossThenScoreFit {
    /// Step 1.
    pub law: LossLawParameters,
    /// Whether the search for it ended in a minimum; else it is the best point that was found.
    pub converged: bool,
    /// Step 2.
    pub curve: ScoreOfLoss,
    /// Per run, ln of its loss at the end less that of the law.
    pub loss_residuals: Vec<f64>,
    /// Per run, its score at the end less that of the curve at its loss.
    pub score_residuals: Vec<f64>,
}

impl Default for LossThenScore {
    fn default() -> Self {
        Self { perfect: 1.0 }
    }
}

impl LossThenScore {
    /// A perfect model scores 1.
    pub fn new() -> Self {
        Self::default()
    }

    /// With the score of a perfect model.
    #[must_use]
    pub fn perfect(mut self, perfect: f64) -> Self {
        self.perfect = perfect;
        self
    }

    /// Fits both steps to the runs.
    ///
    /// # Errors
    /// Those of [`LossLaw::fit`]; `Argument` for a perfect score that is not positive; `Undetermined` where the score does not fall with
    /// the loss.
    pub fn fit(&self, runs: &[LadderRun]) -> Result<LossThenScoreFit> {
        if !(self.perfect > 0.0 && self.perfect.is_finite()) {
            return Err(Error::Argument(format!("a perfect model scores more than 0, not {}", self.perfect)));
        }
        if !falls(runs.iter().flat_map(|run| run.checkpoints.iter().copied())) {
            // A curve through the perfect model falls whatever the runs do.
            return Err(Error::Undetermined("the score does not fall with the loss".into()));
        }
        let [params, tokens, loss] = columns(runs);
        let first = LossLaw::new().fit(&params, &tokens, &loss)?;
        let curve = self.curve(runs.iter(), None)?;
        let off = |run: &LadderRun| {
            let (loss, score) = run.end();
            score - curve.score(loss)
        };
        Ok(LossThenScoreFit {
            law: first.law,
            converged: first.converged,
            curve,
            loss_residuals: first.residuals,
            score_residuals: runs.iter().map(off).collect(),
        })
    }

    /// Step 2, from `start` where it is known.
    pub(super) fn curve<'r>(
        &self,
        runs: impl Iterator<Item = &'r LadderRun>,
        start: Option<ScoreOfLoss>,
    ) -> Result<ScoreOfLoss> {
        let mut points: Vec<(f64, f64)> = runs.flat_map(|run| run.checkpoints.iter().copied()).collect();
        points.push((0.0, self.perfect));
        ScoreOfLoss::of(&points, self.perfect, start)
    }
}

/// Whether a straight line of scores over losses falls.
fn falls(points: impl Iterator<Item = (f64, f64)>) -> bool {
    let (loss, score): (Vec<f64>, Vec<f64>) = points.unzip();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (l, s) = (mean(&loss), mean(&score));
    loss.iter().zip(&score).map(|(loss, score)| (loss - l) * (score - s)).sum::<f64>() < 0.0
}

/// Sizes, tokens and losses at the end.
pub(super) fn columns(runs: &[LadderRun]) -> [Vec<f64>; 3] {
    let column = |of: fn(&LadderRun) -> f64| runs.iter().map(of).collect();
    [column(|run| run.params), column(|run| run.tokens), column(|run| run.loss)]
}

impl LossThenScoreFit {
    /// The score of a model of so many parameters and tokens, through both steps.
    pub fn score(&self, params: f64, tokens: f64) -> f64 {
        self.curve.score(self.law.loss(params, tokens))
    }
}
