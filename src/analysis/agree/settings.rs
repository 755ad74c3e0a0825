//! What is asked of a table.

use crate::registry::modelset::GridSettings;
use crate::stats::random::Seed;

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
