//! What is asked of a table.

use serde::{Deserialize, Serialize};

use crate::registry::modelset::GridSettings;
use crate::stats::random::Seed;

/// How agreement is computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::modelset::{ClusterBy, Settings};

    #[test]
    fn settings_that_are_read_are_those_that_were_written() {
        let settings = AgreeSettings {
            tables: GridSettings {
                tables: Settings { cluster: ClusterBy::Column("maker".into()), ..Settings::default() },
                scores: vec!["mmlu".into(), "arc".into()],
                metrics: vec!["acc_norm".into()],
                falling: vec!["loss".into()],
                rising: vec!["elo".into()],
                any_scale: vec!["elo".into()],
                compute: true,
                marked: vec!["kind = base".parse().expect("a selection")],
            },
            resamples: 500,
            level: 0.9,
            seed: Seed(7),
        };
        let written = serde_json::to_string(&settings).expect("JSON");
        let read: AgreeSettings = serde_json::from_str(&written).expect("settings");
        assert_eq!(read, settings);
        assert_eq!(serde_json::to_string(&read).expect("JSON"), written);
        let few: AgreeSettings = serde_json::from_str("{\"resamples\": 500}").expect("settings");
        assert_eq!(few, AgreeSettings { resamples: 500, ..AgreeSettings::default() });
        assert!(serde_json::from_str::<AgreeSettings>("{\"resample\": 500}").is_err(), "a misspelt setting");
        assert!(serde_json::from_str::<AgreeSettings>("{\"tables\": {\"score\": []}}").is_err(), "another one");
    }
}
