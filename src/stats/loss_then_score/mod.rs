//! Loss, then score: a score forecast in two steps from runs of a ladder of small models (Bhagia et al. 2024, "Establishing Task
//! Scaling Laws via Compute-Efficient Model Ladders").
//!
//!   1. L(N, D) = E + A/N^α + B/D^β of the task loss at the end of every run ([`LossLaw`](crate::stats::loss_law::LossLaw));
//!   2. y(L) = u - d / (1 + exp(-k (L - L₀))) of the score at the same loss, over all checkpoints of all runs, by least squares, with a
//!      perfect model at loss 0 as one more point; u is at most the score of a perfect model, and d, k and L₀ are not negative.
//!
//! A target of N parameters and D tokens goes through both: y(L(N, D)). It enters neither.
//!
//! **Intervals** come from drawing runs with all their checkpoints and repeating both steps on the same draw, so that the error of the
//! first step is carried through the second. The interval of a model adds how one run stands off both steps at its end: residuals of a
//! run are drawn together, since a run with a low loss for its size is also off its score, each with as many degrees of freedom as its
//! step leaves.
//!
//! ```
//! use onset::stats::loss_then_score::{LadderRun, LossThenScore};
//!
//! let mut runs = Vec::new();
//! for n in [2e8_f64, 4e8, 8e8, 1.3e9] {
//!     for d in [20.0 * n, 100.0 * n, 200.0 * n] {
//!         let tokens: Vec<f64> = (1..=10).map(|k| d * f64::from(k) / 10.0).collect();
//!         let loss: Vec<f64> = tokens.iter().map(|d| 0.4 + 40.0 / n.powf(0.23) + 100.0 / d.powf(0.24)).collect();
//!         let score: Vec<f64> = loss.iter().map(|l| 1.0 - 0.75 / (1.0 + (-12.0 * (l - 0.8)).exp())).collect();
//!         runs.push(LadderRun::of_checkpoints(n, &tokens, &loss, &score, 1, 0.1)?);
//!     }
//! }
//! let fit = LossThenScore::new().fit(&runs)?;
//! let (n, d) = (1.3e10_f64, 5e12_f64);
//! let loss = 0.4 + 40.0 / n.powf(0.23) + 100.0 / d.powf(0.24);
//! assert!((fit.law.loss(n, d) - loss).abs() < 1e-9);
//! assert!((fit.score(n, d) - (1.0 - 0.75 / (1.0 + (-12.0 * (loss - 0.8)).exp()))).abs() < 1e-6);
//! # Ok::<(), onset::Error>(())
//! ```

mod curve;
mod fit;
mod intervals;
mod run;

pub use curve::ScoreOfLoss;
pub use fit::{LossThenScore, LossThenScoreFit};
pub use intervals::{LadderQuestion, LossThenScoreForecast, LossThenScoreIntervals};
pub use run::LadderRun;
