//! One training run, as both steps see it.

use crate::{Error, Result};

/// A training run.
#[derive(Debug, Clone, PartialEq)]
pub struct LadderRun {
    /// Parameters.
    pub params: f64,
    /// Tokens at its end.
    pub tokens: f64,
    /// Task loss at its end.
    pub loss: f64,
    /// Task loss and score of its checkpoints, the last one its end.
    pub checkpoints: Vec<(f64, f64)>,
}

impl LadderRun {
    /// Of checkpoints in the order of training. The loss at the end is the mean of the last `average`; for the second step the first share
    /// `skip` is left out, and every checkpoint is the mean of itself and up to `average - 1` before it.
    ///
    /// # Errors
    /// `Argument` for lists of unlike length, none, values that are not finite, `average` 0 and `skip` outside 0 … 1.
    pub fn of_checkpoints(
        params: f64,
        tokens: &[f64],
        loss: &[f64],
        score: &[f64],
        average: usize,
        skip: f64,
    ) -> Result<Self> {
        let n = tokens.len();
        let bad = |problem: String| Err(Error::Argument(problem));
        if n == 0 || loss.len() != n || score.len() != n {
            return bad(format!(
                "a run needs tokens, loss and score of every checkpoint, and has {n}, {} and {}",
                loss.len(),
                score.len()
            ));
        }
        if average == 0 || !(0.0..1.0).contains(&skip) {
            return bad(format!(
                "means of {average} checkpoints after a share of {skip}: at least 1, and 0 or more but below 1"
            ));
        }
        if !tokens.iter().chain(loss).chain(score).all(|value| value.is_finite()) {
            return bad("a checkpoint without tokens, loss or score says nothing".into());
        }
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let first = ((skip * n as f64).ceil() as usize).min(n - 1);
        let checkpoints = (first..n)
            .map(|k| {
                let from = (k + 1).saturating_sub(average).max(first);
                (mean(&loss[from..=k]), mean(&score[from..=k]))
            })
            .collect();
        Ok(Self { params, tokens: tokens[n - 1], loss: mean(&loss[n.saturating_sub(average)..]), checkpoints })
    }

    /// Loss and score at the end, as the second step takes them.
    pub fn end(&self) -> (f64, f64) {
        self.checkpoints.last().copied().unwrap_or((f64::NAN, f64::NAN))
    }
}
