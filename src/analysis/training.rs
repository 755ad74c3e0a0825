//! Which models a forecast is made from.

use serde::{Deserialize, Serialize};

use crate::registry::modelset::Selection;
use crate::{Error, Result};

/// Which models, or training runs, are trained on; all of them need a score.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrainingModels {
    /// All but the quarter with the most compute.
    #[default]
    Smaller,
    /// All.
    All,
    /// Those of at most so many FLOPs.
    AtMost(f64),
    /// Those that all of these choose.
    Chosen(Vec<Selection>),
}

/// Of the models with compute, the share with the least that is trained on where nothing else is said.
const SMALLER: f64 = 0.75;
/// An equal compute may differ by so much after units were applied.
const SAME: f64 = 1.0 + 1e-9;

impl TrainingModels {
    /// # Errors
    /// [`Error::Argument`] for a compute that is not positive.
    pub(crate) fn check(&self) -> Result<()> {
        match self {
            Self::AtMost(compute) if !(*compute > 0.0 && compute.is_finite()) => Err(Error::Argument(format!(
                "models of at most {compute} FLOPs are none; write compute as --at-most 1e23"
            ))),
            _ => Ok(()),
        }
    }

    /// The largest compute that is trained on, where compute decides: of three quarters of these. `None` where there is none.
    pub(crate) fn three_quarters(mut compute: Vec<f64>) -> Option<f64> {
        compute.sort_by(f64::total_cmp);
        compute.get(((SMALLER * compute.len() as f64) as usize).max(1) - 1).copied()
    }

    /// Whether a compute is at most that.
    pub(crate) fn within(compute: f64, most: f64) -> bool {
        compute <= most * SAME
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_of_training_models_is_read_as_it_was_written() {
        let chosen = TrainingModels::Chosen(vec!["kind = base".parse().expect("a selection")]);
        for training in [TrainingModels::Smaller, TrainingModels::All, TrainingModels::AtMost(1e23), chosen] {
            let written = serde_json::to_string(&training).expect("JSON");
            assert_eq!(serde_json::from_str::<TrainingModels>(&written).expect("models"), training);
        }
        assert!(TrainingModels::AtMost(-1.0).check().is_err() && TrainingModels::AtMost(f64::NAN).check().is_err());
    }

    #[test]
    fn three_quarters_of_the_models_are_those_with_the_least_compute() {
        assert_eq!(TrainingModels::three_quarters(vec![4e20, 1e20, 3e20, 2e20]), Some(3e20));
        assert_eq!(TrainingModels::three_quarters(vec![1e20]), Some(1e20));
        assert_eq!(TrainingModels::three_quarters(Vec::new()), None);
        assert!(TrainingModels::within(6.0 * 0.1 * 3e20, 1.8e20) && !TrainingModels::within(1.9e20, 1.8e20));
    }
}
