//! What the page asks.

use serde::{Deserialize, Serialize};

use crate::analysis::fit::{ChanceLevel, CurveChoice};
use crate::registry::modelset::Cutoff;
use crate::stats::covariance::Kind;

/// What a reader wants to know: a fit of these tables with some settings changed. In JSON they are written as the flags
/// of `onset fit` are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// How far to go.
    pub stage: Stage,
    /// Column or benchmark of the score.
    pub score: String,
    /// The score after adjustment.
    pub adjusted: Option<String>,
    /// The month from which on models count as new.
    pub cutoff: Cutoff,
    /// Families left out.
    #[serde(default)]
    pub without: Vec<String>,
    /// What a guess scores.
    pub chance: ChanceLevel,
    /// The curve or curves.
    pub curve: CurveChoice,
    /// Kind of the standard errors.
    pub covariance: Kind,
}

/// How far an answer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// `QUICK_REPLICATES` replicates at most, and no fits without a model or family to see how well a curve predicts.
    Quick,
    /// As the settings have it.
    Full,
}
