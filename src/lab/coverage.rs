//! How often the intervals of repeated experiments hold a difference that is not there, and find one that is.

use std::fmt;
#[cfg(feature = "models")]
use std::path::{Path, PathBuf};

use super::fits::LabReport;
#[cfg(feature = "models")]
use super::suite::Suite;
#[cfg(feature = "models")]
use crate::error::Result;
use crate::registry::Format;
use crate::stats::itemnoise::wilson;
#[cfg(feature = "models")]
use crate::stats::random::Seed;

/// How the kinds of models of a world differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Truth {
    /// As their suite says.
    AsPlanned,
    /// Not at all: all have the share of the reference.
    None,
}

impl fmt::Display for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AsPlanned => "as planned",
            Self::None => "none",
        })
    }
}

/// The differences that were estimated in many worlds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Coverage {
    /// Every estimate, in the order of the worlds.
    pub estimates: Vec<WorldEstimate>,
}

/// A difference from the reference as it was estimated in one world.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WorldEstimate {
    /// Seed of the world.
    pub seed: u64,
    /// How kinds of models differ in it.
    pub truth: Truth,
    /// How the test asks, and the number of task examples seen before.
    pub condition: (Format, usize),
    /// The kind of model.
    pub kind: String,
    /// The estimate, in accuracy.
    pub theta: Option<f64>,
    /// Its 95 % interval.
    pub interval: Option<(f64, f64)>,
}

/// Intervals of one condition over all worlds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Covered {
    /// How kinds of models differ.
    pub truth: Truth,
    /// How the test asks, and the number of task examples seen before.
    pub condition: (Format, usize),
    /// The kind of model.
    pub kind: String,
    /// Number of intervals.
    pub intervals: usize,
    /// Those that lie below 0.
    pub below: usize,
    /// Those that lie above 0.
    pub above: usize,
}

impl Covered {
    /// Number of intervals that hold 0.
    #[must_use]
    pub(crate) fn hold(&self) -> usize {
        self.intervals - self.below - self.above
    }

    /// Share of the intervals that hold 0, with Wilson's interval; `None` where there is no interval.
    #[must_use]
    pub(crate) fn rate(&self) -> Option<(f64, (f64, f64))> {
        let share = self.hold() as f64 / self.intervals as f64;
        (self.intervals > 0).then(|| (share, wilson(share, self.intervals)))
    }
}

impl Coverage {
    /// Adds what was found in the world of a seed.
    pub(crate) fn add(&mut self, seed: u64, truth: Truth, report: &LabReport) {
        for (condition, kind, theta) in report.differences() {
            self.estimates.push(WorldEstimate {
                seed,
                truth,
                condition,
                kind: kind.to_owned(),
                theta: theta.and_then(|theta| theta.value),
                interval: theta.and_then(|theta| theta.interval.ends()),
            });
        }
    }

    /// How many intervals hold 0 and how many lie on either side, for each condition: by truth and kind, in the order in
    /// which they were first met.
    #[must_use]
    pub(crate) fn counts(&self) -> Vec<Covered> {
        let mut counts: Vec<Covered> = Vec::new();
        for WorldEstimate { truth, condition, kind, interval, .. } in &self.estimates {
            let known = counts.iter().position(|c| (&c.truth, &c.kind, &c.condition) == (truth, kind, condition));
            let place = known.unwrap_or_else(|| {
                let (truth, condition, kind) = (*truth, *condition, kind.clone());
                counts.push(Covered { truth, condition, kind, intervals: 0, below: 0, above: 0 });
                counts.len() - 1
            });
            if let Some((low, high)) = *interval {
                let count = &mut counts[place];
                count.intervals += 1;
                count.below += usize::from(high < 0.0);
                count.above += usize::from(low > 0.0);
            }
        }
        counts.sort_by(|a, b| (a.truth, &a.kind).cmp(&(b.truth, &b.kind)));
        counts
    }

    /// Makes two worlds for each seed, one without a difference between the kinds of models and one with the suite's, and
    /// adds what `one` finds in each; `done` is told after every seed, so that what is known can be kept. With
    /// `same_makes` all worlds have the families of the suite, else every world has makes of its own.
    ///
    /// # Errors
    /// Those of `one` and `done`.
    #[cfg(feature = "models")]
    pub(crate) fn of_worlds(
        seeds: impl Iterator<Item = u64>,
        suite: &Suite,
        same_makes: bool,
        mut one: impl FnMut(&Suite, Seed, &Path) -> Result<LabReport>,
        mut done: impl FnMut(&Self) -> Result<()>,
    ) -> Result<Self> {
        let mut coverage = Self::default();
        for seed in seeds {
            let differs = if same_makes { suite.clone() } else { suite.clone().with_drawn_makes(Seed(seed)) };
            for (truth, suite) in [(Truth::None, &differs.clone().without_difference()), (Truth::AsPlanned, &differs)] {
                let folder = PathBuf::from(truth.to_string().replace(' ', "-")).join(format!("seed-{seed}"));
                coverage.add(seed, truth, &one(suite, Seed(seed), &folder)?);
            }
            done(&coverage)?;
        }
        Ok(coverage)
    }
}
