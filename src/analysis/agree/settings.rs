//! What is asked of a table.

use super::report::AgreeReport;
use crate::analysis::fit::{FitTables, Inputs};
use crate::registry::modelset::{GridSettings, ScoreGrid};
use crate::stats::random::Seed;
use crate::{Error, Result};

/// How agreement is computed.
#[derive(Debug, Clone, PartialEq)]
pub struct AgreeSettings {
    /// How the tables are read.
    pub tables: GridSettings,
    /// Resamples behind every interval.
    pub resamples: usize,
    /// Level of every interval.
    pub level: f64,
    /// Seed of every draw.
    pub seed: Seed,
}

impl Default for AgreeSettings {
    fn default() -> Self {
        Self { tables: GridSettings::default(), resamples: 2_000, level: 0.95, seed: Seed(0) }
    }
}

impl AgreeSettings {
    /// Reads tables or results of lm-evaluation-harness, as a fit does, and compares their benchmarks.
    ///
    /// # Errors
    /// Those of [`ScoreGrid::from_tables`] and of [`of`](Self::of).
    pub fn run_on(&self, inputs: &Inputs) -> Result<AgreeReport> {
        self.of_tables(&FitTables::read(inputs, &self.tables.tables.reading)?)
    }

    /// The same of tables in memory.
    ///
    /// # Errors
    /// As [`run_on`](Self::run_on).
    pub fn of_tables(&self, tables: &FitTables) -> Result<AgreeReport> {
        self.of(&tables.grid(&self.tables)?)
    }

    /// Compares the benchmarks of a grid.
    ///
    /// # Errors
    /// [`Error::NotEnoughModels`] below 8 models; [`Error::Undetermined`] when fewer than two benchmarks tell that many models
    /// apart, or all models are of one family; [`Error::Argument`] for settings outside what is allowed.
    pub fn of(&self, grid: &ScoreGrid) -> Result<AgreeReport> {
        if self.resamples < 100 {
            return Err(Error::Argument(format!("an interval needs at least 100 resamples, not {}", self.resamples)));
        }
        if !(self.level > 0.5 && self.level < 1.0) {
            return Err(Error::Argument(format!(
                "the level of intervals lies between 0.5 and 1, not at {}",
                self.level
            )));
        }
        super::run::run(self, grid)
    }
}
