//! What is asked of models × benchmarks with a target.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::analysis::TrainingModels;
use crate::registry::modelset::{ClusterBy, GridSettings};
use crate::serial::serde_as_text;
use crate::stats::observational::Observational;
use crate::stats::random::Seed;
use crate::{Error, Result};

/// How a benchmark is forecast from others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ObservationalSettings {
    /// How the tables are read. `scores` are the benchmarks that the components come from, all but the target when empty; what is
    /// marked and whether compute is read follows from `training`.
    pub tables: GridSettings,
    /// The benchmark that is forecast.
    pub target: String,
    /// Which models are trained on.
    pub training: TrainingModels,
    /// How many components.
    pub components: usize,
    /// Whether the floor of the curve is estimated, within 0 and 0.2; it is 0 otherwise.
    pub floor: bool,
    /// The score of a guess, as the tables write scores; that of the benchmark, as far as its name is known, when `None`.
    pub chance: Option<f64>,
    /// The score of a perfect model, as the tables write scores; 1 for shares and 100 for percentages when `None`.
    pub perfect: Option<f64>,
    /// Families that are forecast at so much compute.
    pub predict: Vec<FamilyAtCompute>,
    /// Resamples behind every interval.
    pub bootstrap: usize,
    /// Level of every interval, between 0.5 and 1.
    pub level: f64,
    /// Seed of every draw.
    pub seed: Seed,
}

/// A family at a compute: `FAMILY@FLOPS`.
#[derive(Debug, Clone, PartialEq)]
pub struct FamilyAtCompute {
    /// The family, as the tables write it.
    pub family: String,
    /// Compute, FLOPs.
    pub compute: f64,
}

impl Default for ObservationalSettings {
    fn default() -> Self {
        Self {
            tables: GridSettings::default(),
            target: String::new(),
            training: TrainingModels::default(),
            components: 3,
            floor: false,
            chance: None,
            perfect: None,
            predict: Vec::new(),
            bootstrap: 1_000,
            level: 0.95,
            seed: Seed(0),
        }
    }
}

impl fmt::Display for FamilyAtCompute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{:e}", self.family, self.compute)
    }
}

impl FromStr for FamilyAtCompute {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = |why: &str| Error::Argument(format!("`{text}`: {why}; write FAMILY@FLOPS, such as Llama-2@1e25"));
        let (family, compute) = text.rsplit_once('@').ok_or_else(|| bad("there is no @"))?;
        let compute: f64 = compute.trim().parse().map_err(|_| bad("what stands after @ is no number"))?;
        if family.trim().is_empty() || !(compute > 0.0 && compute.is_finite()) {
            return Err(bad("a family and a compute above 0 are needed"));
        }
        Ok(Self { family: family.trim().to_owned(), compute })
    }
}

serde_as_text!(FamilyAtCompute);

impl ObservationalSettings {
    /// The settings of the fit itself.
    pub(super) fn method(&self) -> Observational {
        Observational::new().components(self.components).floor(self.floor)
    }

    pub(super) fn check(&self) -> Result<()> {
        if !(0.5..1.0).contains(&self.level) {
            return Err(Error::Argument(format!("the level {} is not between 0.5 and 1", self.level)));
        }
        if self.components == 0 {
            return Err(Error::Argument("--components 0: at least one component is needed".into()));
        }
        self.training.check()?;
        if !self.predict.is_empty() && self.tables.tables.cluster == ClusterBy::Model {
            return Err(Error::Argument(
                "--predict goes along the line of a family, and with --cluster model there is none".into(),
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_a_forecast_that_are_read_are_those_that_were_written() {
        let settings = ObservationalSettings {
            target: "bbh".into(),
            training: TrainingModels::Chosen(vec!["kind = base".parse().expect("a selection")]),
            components: 2,
            floor: true,
            chance: Some(0.25),
            perfect: Some(10.0),
            predict: vec!["Llama-2@1e25".parse().expect("a family")],
            bootstrap: 99,
            level: 0.9,
            seed: Seed(7),
            ..ObservationalSettings::default()
        };
        let written = serde_json::to_string(&settings).expect("JSON");
        assert_eq!(serde_json::from_str::<ObservationalSettings>(&written).expect("settings"), settings);
        let empty = serde_json::from_str::<ObservationalSettings>("{}").expect("settings");
        assert_eq!(empty, ObservationalSettings::default());
        assert!(serde_json::from_str::<ObservationalSettings>("{\"score\": 1}").is_err(), "a misspelt setting");
    }

    #[test]
    fn a_family_at_a_compute_is_read_from_its_last_at_sign() {
        let read = |text: &str| text.parse::<FamilyAtCompute>();
        let expected = FamilyAtCompute { family: "a@b".into(), compute: 1e25 };
        assert_eq!(read("a@b @ 1e25").expect("a family"), expected);
        assert_eq!(read(&expected.to_string()).expect("itself"), expected);
        for bad in ["llama", "llama@", "@1e25", "llama@-1", "llama@inf", "llama@big"] {
            assert!(read(bad).expect_err(bad).to_string().contains("FAMILY@FLOPS"), "{bad}");
        }
    }
}
