//! One score of one model on one benchmark under one condition.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::setup::{Provenance, Setup};
use crate::registry::benchmark::{Format, Metric};
use crate::serial::serde_as_text;
use crate::{Error, Result};

/// The task-specific data every model was fine-tuned on before it was evaluated.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Adjustment {
    /// The model as released.
    #[default]
    None,
    /// The auxiliary training set of MMLU.
    MmluAux,
    /// Mathematical word problems collected for GSM8K.
    Gsm8kAux,
    /// Any other, by its name.
    Other(String),
}

impl fmt::Display for Adjustment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::MmluAux => "mmlu-aux",
            Self::Gsm8kAux => "gsm8k-aux",
            Self::Other(name) => name,
        })
    }
}

impl FromStr for Adjustment {
    type Err = Error;

    /// Reads `none`, `mmlu-aux`, `gsm8k-aux` or any other non-empty name.
    fn from_str(text: &str) -> Result<Self> {
        match text {
            "" => Err(Error::Argument("the name of an adjustment is empty".into())),
            "none" => Ok(Self::None),
            "mmlu-aux" => Ok(Self::MmluAux),
            "gsm8k-aux" => Ok(Self::Gsm8kAux),
            other => Ok(Self::Other(other.to_owned())),
        }
    }
}

/// Under what condition a model was evaluated: on what it was fine-tuned, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Condition {
    /// The data.
    pub adjustment: Adjustment,
    /// Passes over the data, as the source writes it (`3`; `1+2` for one pass, then two more with a fresh schedule);
    /// `None` when the source does not say.
    pub epochs: Option<String>,
    /// Task examples seen, for a checkpoint within a run.
    pub examples: Option<u64>,
}

impl Condition {
    /// The model as released.
    pub fn unadjusted() -> Self {
        Self::default()
    }

    /// Fine-tuned, for how long is not said (the published leaderboard-v2 files).
    pub fn adjusted(adjustment: Adjustment) -> Self {
        Self { adjustment, ..Self::default() }
    }

    /// Fine-tuned for this many epochs, e.g. `"3"` or `"1+2"`.
    pub fn epochs(adjustment: Adjustment, epochs: &str) -> Self {
        Self { adjustment, epochs: Some(epochs.to_owned()), examples: None }
    }

    /// A checkpoint after this many task examples.
    pub fn examples(adjustment: Adjustment, examples: u64) -> Self {
        Self { adjustment, epochs: None, examples: Some(examples) }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "adjustment {}", self.adjustment)?;
        if let Some(epochs) = &self.epochs {
            write!(f, ", epochs {epochs}")?;
        }
        if let Some(examples) = self.examples {
            write!(f, ", {examples} examples")?;
        }
        Ok(())
    }
}

/// Whether a score belongs to one task or summarises several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum RowKind {
    /// One task.
    #[default]
    Task,
    /// A group of tasks: its score is a mean over theirs.
    Group,
}

impl fmt::Display for RowKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Task => "task",
            Self::Group => "group",
        })
    }
}

impl FromStr for RowKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "task" => Ok(Self::Task),
            "group" => Ok(Self::Group),
            other => Err(Error::Argument(format!("`{other}` is neither `task` nor `group`"))),
        }
    }
}

serde_as_text!(Adjustment, RowKind);

/// One score.
///
/// Two observations are of the same evaluation if model, benchmark, metric, condition and setup are the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// Name of the model.
    pub model: String,
    /// Name of the benchmark: a task or a group of tasks.
    pub benchmark: String,
    /// Task or group.
    pub kind: RowKind,
    /// The group this row is a part of, if any; a score and its parts are never to be averaged together.
    pub group: Option<String>,
    /// How the question is put; `None` when the source does not say.
    pub format: Option<Format>,
    /// What was measured.
    pub metric: Metric,
    /// The score, on the metric's own scale.
    pub value: f64,
    /// Its standard error over items.
    pub stderr: Option<f64>,
    /// Number of items.
    pub items: Option<u32>,
    /// Fine-tuning before the evaluation.
    #[serde(default)]
    pub condition: Condition,
    /// How the score was obtained.
    #[serde(default)]
    pub setup: Setup,
    /// Where it is known from.
    #[serde(default)]
    pub provenance: Provenance,
}

impl fmt::Display for Observation {
    /// What was measured: metric, benchmark and condition, not the model.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} under {}", self.metric, self.benchmark, self.condition)
    }
}

/// What makes two observations those of one evaluation.
pub(crate) type Identity<'a> = (&'a str, &'a str, &'a Metric, &'a Condition, &'a Setup);

impl Observation {
    /// What makes two observations those of one evaluation: model, benchmark, metric, condition, setup.
    pub(crate) fn identity(&self) -> Identity<'_> {
        (&self.model, &self.benchmark, &self.metric, &self.condition, &self.setup)
    }
}
