//! Step 2: the score at a loss.

use serde::{Deserialize, Serialize};

use crate::stats::optimise::{LeastSquaresProblem, NonlinearLeastSquares};
use crate::{Error, Result};

/// Steepnesses that the search starts from, over the spread of the losses.
const STEEP: [f64; 3] = [1.0, 4.0, 16.0];

/// y(L) = u - d / (1 + exp(-k (L - L₀))).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ScoreOfLoss {
    /// u, the score at the smallest losses.
    pub top: f64,
    /// d, how far scores fall below it at large losses.
    pub drop: f64,
    /// L₀, where half of that is lost.
    pub middle: f64,
    /// k.
    pub steepness: f64,
}

/// The residuals as functions of d, L₀, k and, where it is free, u.
struct Problem<'a> {
    points: &'a [(f64, f64)],
    top: Option<f64>,
}

impl ScoreOfLoss {
    /// The score at a loss.
    pub fn score(&self, loss: f64) -> f64 {
        self.top - self.drop * sigmoid(self.steepness * (loss - self.middle))
    }

    /// Least squares over (loss, score), with u at most `most`.
    pub(super) fn of(points: &[(f64, f64)], most: f64, start: Option<Self>) -> Result<Self> {
        let free = best(&Problem { points, top: None }, most, start);
        match free {
            Ok(curve) if curve.top <= most => Ok(curve),
            _ => best(&Problem { points, top: Some(most) }, most, start),
        }
        .and_then(|curve| match curve.drop > 0.0 && curve.steepness > 0.0 {
            true => Ok(curve),
            false => Err(Error::Undetermined("the score does not fall with the loss".into())),
        })
    }
}

/// The best end of all starts; `known` is the only one where there is one.
fn best(problem: &Problem<'_>, most: f64, known: Option<ScoreOfLoss>) -> Result<ScoreOfLoss> {
    let starts: Vec<ScoreOfLoss> = match known {
        Some(curve) => vec![curve],
        None => {
            let n = problem.points.len() as f64;
            let middle = problem.points.iter().map(|point| point.0).sum::<f64>() / n;
            let spread = (problem.points.iter().map(|point| (point.0 - middle).powi(2)).sum::<f64>() / n).sqrt();
            let least = problem.points.iter().map(|point| point.1).fold(f64::INFINITY, f64::min);
            let of = |steep: f64| ScoreOfLoss { top: most, drop: most - least, middle, steepness: steep / spread };
            STEEP.map(of).to_vec()
        }
    };
    let mut found: Option<(ScoreOfLoss, f64)> = None;
    let mut failed = None;
    for start in starts {
        let mut parameters = vec![start.drop, start.middle, start.steepness];
        parameters.extend(problem.top.is_none().then_some(start.top));
        match NonlinearLeastSquares::new().minimise(problem, &parameters) {
            Ok(end) if found.as_ref().is_none_or(|(_, sse)| end.sse < *sse) => {
                let p = &end.parameters;
                let top = problem.top.unwrap_or_else(|| p[3]);
                found = Some((ScoreOfLoss { top, drop: p[0], middle: p[1], steepness: p[2] }, end.sse));
            }
            Ok(_) => {}
            Err(error) => failed = Some(error),
        }
    }
    match found {
        Some((curve, _)) => Ok(curve),
        None => Err(failed.unwrap_or_else(|| Error::Undetermined("no start gives a curve".into()))),
    }
}

fn sigmoid(t: f64) -> f64 {
    1.0 / (1.0 + (-t).exp())
}

impl LeastSquaresProblem for Problem<'_> {
    fn residuals(&self, p: &[f64]) -> Vec<f64> {
        let top = self.top.unwrap_or_else(|| p[3]);
        self.points.iter().map(|(loss, y)| y - top + p[0] * sigmoid(p[2] * (loss - p[1]))).collect()
    }

    fn jacobian(&self, p: &[f64]) -> Vec<Vec<f64>> {
        let shares: Vec<f64> = self.points.iter().map(|(loss, _)| sigmoid(p[2] * (loss - p[1]))).collect();
        let column = |of: &dyn Fn(f64, f64) -> f64| -> Vec<f64> {
            self.points.iter().zip(&shares).map(|((loss, _), share)| of(*loss, *share)).collect()
        };
        let mut columns = vec![
            column(&|_, share| -share),
            column(&|_, share| p[0] * p[2] * share * (1.0 - share)),
            column(&|loss, share| -p[0] * (loss - p[1]) * share * (1.0 - share)),
        ];
        if self.top.is_none() {
            columns.push(vec![1.0; self.points.len()]);
        }
        columns
    }
}
