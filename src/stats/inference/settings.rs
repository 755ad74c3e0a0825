//! What of a sample is asked, and how.

use serde::{Deserialize, Serialize};

use crate::stats::bootstrap::Bootstrap;
use crate::stats::covariance::Kind;
use crate::stats::direction::Direction;
use crate::stats::hinge::Hinge;
use crate::stats::random::Seed;

/// Settings of the corrected analysis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inference {
    pub(super) chance: Option<f64>,
    pub(super) direction: Direction,
    pub(super) seed: Seed,
    pub(super) replicates: usize,
    pub(super) level: f64,
    pub(super) kind: Kind,
    pub(super) margin: Option<f64>,
    pub(super) items: Option<Vec<f64>>,
    pub(super) compute_sd: Option<Vec<f64>>,
}

impl Inference {
    /// With chance known. 10,000 replicates, 95 % intervals, seed 0.
    pub fn new(chance: f64) -> Self {
        Self {
            chance: Some(chance),
            direction: Direction::Rising,
            seed: Seed(0),
            replicates: 10_000,
            level: 0.95,
            kind: Kind::Cr2,
            margin: None,
            items: None,
            compute_sd: None,
        }
    }

    /// Estimates chance.
    #[must_use]
    pub(crate) fn free_chance(mut self) -> Self {
        self.chance = None;
        self
    }

    /// Which way scores go: up, unless they are losses.
    #[must_use]
    pub(crate) fn direction(mut self, direction: Direction) -> Self {
        self.direction = direction;
        self
    }

    /// The seed of every draw.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Seed(seed);
        self
    }

    /// Replicates of every bootstrap.
    #[must_use]
    pub fn replicates(mut self, replicates: usize) -> Self {
        self.replicates = replicates;
        self
    }

    /// Confidence level of every interval.
    #[must_use]
    pub fn level(mut self, level: f64) -> Self {
        self.level = level;
        self
    }

    /// The covariance behind α and θ, CR2 unless set.
    #[must_use]
    pub(crate) fn covariance(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// A margin for the equivalence test, in units of the score.
    #[must_use]
    pub fn margin(mut self, margin: f64) -> Self {
        self.margin = Some(margin);
        self
    }

    /// Number of test items behind each score.
    #[must_use]
    pub fn items(mut self, items: &[f64]) -> Self {
        self.items = Some(items.to_vec());
        self
    }

    /// Standard deviation of each model's log10 compute.
    #[must_use]
    pub fn compute_sd(mut self, sd: &[f64]) -> Self {
        self.compute_sd = Some(sd.to_vec());
        self
    }

    pub(super) fn hinge(&self) -> Hinge {
        Hinge::with_chance(self.chance).direction(self.direction)
    }

    pub(super) fn bootstrap(&self) -> Bootstrap {
        Bootstrap::new(self.seed).replicates(self.replicates)
    }
}
