//! The points of a fit, checked once.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Fewer numbers of examples leave nothing over to judge how the point of emergence moves.
const FEWEST_NUMBERS: usize = 3;
/// Fewer points leave nothing over to judge five parameters by.
const FEWEST_POINTS: usize = 10;

/// Models after numbers of task examples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EmergencePoints {
    pub(super) x: Vec<f64>,
    pub(super) y: Vec<f64>,
    /// The place of each point's number of examples among `numbers`.
    pub(super) level: Vec<usize>,
    /// The different numbers of examples, the least first.
    pub(super) numbers: Vec<f64>,
}

impl EmergencePoints {
    /// n points: log10 of compute, numbers of task examples and scores.
    ///
    /// # Errors
    /// `NotEnoughModels` below 10 points; `Argument` for lists of unlike length, values that are not finite and numbers of
    /// examples that are not positive; `Undetermined` with fewer than three numbers of examples or a single compute.
    pub fn new(x: &[f64], examples: &[f64], y: &[f64]) -> Result<Self> {
        if x.len() != examples.len() || x.len() != y.len() {
            return Err(Error::Argument(format!(
                "{} computes, {} numbers of examples and {} scores: every point needs all three",
                x.len(),
                examples.len(),
                y.len()
            )));
        }
        if let Some(i) = (0..x.len()).find(|&i| !(x[i].is_finite() && y[i].is_finite() && examples[i].is_finite())) {
            return Err(Error::Argument(format!("point {} has a value that is not finite", i + 1)));
        }
        if let Some(number) = examples.iter().find(|number| **number <= 0.0) {
            return Err(Error::Argument(format!(
                "a number of task examples is {number}: the law is fitted to models that saw some, and forecasts what they \
                 would have scored without any"
            )));
        }
        if x.len() < FEWEST_POINTS {
            return Err(Error::NotEnoughModels { have: x.len(), need: FEWEST_POINTS });
        }
        let mut numbers = examples.to_vec();
        numbers.sort_by(f64::total_cmp);
        numbers.dedup();
        if numbers.len() < FEWEST_NUMBERS {
            return Err(Error::Undetermined(format!(
                "{} different numbers of task examples: how the point of emergence moves with them needs {FEWEST_NUMBERS}",
                numbers.len()
            )));
        }
        if x.iter().all(|one| *one == x[0]) {
            return Err(Error::Undetermined("all points have the same compute, so nothing can emerge with it".into()));
        }
        let level = examples.iter().map(|d| numbers.partition_point(|number| number < d)).collect();
        Ok(Self { x: x.to_vec(), y: y.to_vec(), level, numbers })
    }

    /// The different numbers of task examples, the least first.
    pub fn numbers(&self) -> &[f64] {
        &self.numbers
    }

    /// Smallest and largest x.
    pub(super) fn range(&self) -> (f64, f64) {
        self.x.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(*x), high.max(*x)))
    }

    /// Least and most examples.
    pub(super) fn ends(&self) -> (f64, f64) {
        (self.numbers[0], self.numbers[self.numbers.len() - 1])
    }

    /// The places of the points with this number of examples.
    pub(super) fn members(&self, level: usize) -> Vec<usize> {
        (0..self.level.len()).filter(|&i| self.level[i] == level).collect()
    }
}
