//! What is asked of scores after numbers of task examples.

use serde::{Deserialize, Serialize};

use crate::registry::modelset::Settings;
use crate::stats::emergence_law::{EmergenceShift, GainBy};
use crate::stats::random::Seed;
use crate::{Error, Result};

/// How a law of the point of emergence is fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmergenceLawSettings {
    /// How the tables are read. `adjusted` names the adjustment; what concerns the predictor, groups and weights is not used.
    pub tables: Settings,
    /// The score of a guess; that of the benchmark, as far as its name is known, when `None`.
    pub chance: Option<f64>,
    /// How the point of emergence moves.
    pub form: EmergenceShift,
    /// Whether the gain depends on the number of examples.
    pub gain: GainBy,
    /// For each of these the forecast is repeated with models of at most so many FLOPs; when empty, without the largest quarter
    /// of the models and without the larger half.
    pub at_most: Vec<f64>,
    /// Resamples behind every interval.
    pub bootstrap: usize,
    /// Level of every interval, between 0.5 and 1.
    pub level: f64,
    /// Seed of every draw.
    pub seed: Seed,
}

impl Default for EmergenceLawSettings {
    fn default() -> Self {
        Self {
            tables: Settings::default(),
            chance: None,
            form: EmergenceShift::default(),
            gain: GainBy::default(),
            at_most: Vec::new(),
            bootstrap: 1_000,
            level: 0.95,
            seed: Seed(0),
        }
    }
}

impl EmergenceLawSettings {
    pub(super) fn check(&self) -> Result<()> {
        if !(0.5..1.0).contains(&self.level) {
            return Err(Error::Argument(format!("the level {} is not between 0.5 and 1", self.level)));
        }
        match self.at_most.iter().find(|compute| !(**compute > 0.0 && compute.is_finite())) {
            Some(compute) => Err(Error::Argument(format!(
                "models of at most {compute} FLOPs are none; write compute as --at-most 1e23,1e22"
            ))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_are_read_are_those_that_were_written() {
        let settings = EmergenceLawSettings {
            chance: Some(0.25),
            form: EmergenceShift::Power,
            gain: GainBy::Shared,
            at_most: vec![1e23],
            bootstrap: 99,
            level: 0.9,
            seed: Seed(7),
            ..EmergenceLawSettings::default()
        };
        let written = serde_json::to_string(&settings).expect("JSON");
        assert_eq!(serde_json::from_str::<EmergenceLawSettings>(&written).expect("settings"), settings);
        let empty = serde_json::from_str::<EmergenceLawSettings>("{}").expect("settings");
        assert_eq!(empty, EmergenceLawSettings::default());
        assert!(serde_json::from_str::<EmergenceLawSettings>("{\"shape\": 1}").is_err(), "a misspelt setting");
    }
}
