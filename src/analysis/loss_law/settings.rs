//! What is asked of a table of losses.

use serde::{Deserialize, Serialize};

use crate::registry::modelset::Settings;
use crate::stats::loss_law::Robust;
use crate::stats::random::Seed;

/// How a law of loss is fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LossLawSettings {
    /// How the tables are read. Their `score` is the loss, the column or benchmark `loss` where none is named; what concerns
    /// the predictor, groups and scores after adjustment is not used.
    pub tables: Settings,
    /// How residuals of ln L count.
    pub robust: Robust,
    /// Budgets in FLOPs; when empty three powers of ten from the compute of the largest point on.
    pub compute: Vec<f64>,
    /// Resamples behind every interval.
    pub bootstrap: usize,
    /// Level of every interval, between 0.5 and 1.
    pub level: f64,
    /// Seed of every draw.
    pub seed: Seed,
}

impl Default for LossLawSettings {
    fn default() -> Self {
        Self {
            tables: Settings::default(),
            robust: Robust::Huber(1e-3),
            compute: Vec::new(),
            bootstrap: 2_000,
            level: 0.95,
            seed: Seed(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_a_law_that_are_read_are_those_that_were_written() {
        let settings = LossLawSettings {
            tables: Settings { score: Some("bits".into()), ..Settings::default() },
            robust: Robust::LeastAbsolute,
            compute: vec![1e24],
            bootstrap: 99,
            level: 0.9,
            seed: Seed(7),
        };
        let written = serde_json::to_string(&settings).expect("JSON");
        assert_eq!(serde_json::from_str::<LossLawSettings>(&written).expect("settings"), settings);
        assert_eq!(serde_json::from_str::<LossLawSettings>("{}").expect("settings"), LossLawSettings::default());
        assert!(serde_json::from_str::<LossLawSettings>("{\"budget\": []}").is_err(), "a misspelt setting");
    }
}
