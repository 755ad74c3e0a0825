//! The best of many starts: each is followed for some steps, and those that come furthest to their ends.

use super::optimise::{LeastSquaresProblem, Minimum, NonlinearLeastSquares};
use crate::{Error, Result};

/// How far starts are followed.
pub(super) struct Multistart {
    /// Iterations from every start.
    pub(super) scouting: u64,
    /// How many of them are followed to their ends.
    pub(super) finished: usize,
    /// Iterations to an end.
    pub(super) finishing: u64,
}

impl Multistart {
    /// The end with the least sum of squares.
    ///
    /// # Errors
    /// `Undetermined` when no start has a finite value.
    pub(super) fn best(&self, problem: &impl LeastSquaresProblem, starts: &[Vec<f64>]) -> Result<Minimum> {
        let scout = NonlinearLeastSquares::new().max_iterations(self.scouting);
        let mut ends: Vec<Minimum> =
            starts.iter().filter_map(|start| scout.minimise_once(problem, start).ok()).collect();
        ends.sort_by(|a, b| a.sse.total_cmp(&b.sse));
        let finisher = NonlinearLeastSquares::new().max_iterations(self.finishing);
        let finish = |end: Minimum| {
            if end.converged { Some(end) } else { finisher.minimise_once(problem, &end.parameters).ok() }
        };
        ends.into_iter()
            .take(self.finished)
            .filter_map(finish)
            .min_by(|a, b| a.sse.total_cmp(&b.sse))
            .ok_or_else(|| Error::Undetermined("no starting value gives a finite curve".into()))
    }
}
