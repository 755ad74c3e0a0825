//! Models that are left out, and why.

use std::fmt;

/// A model that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// Its name.
    pub model: String,
    /// Why.
    pub reason: Reason,
}

/// Why a model was left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// No row of it is chosen by `--where`.
    NotChosen,
    /// The score is missing.
    NoScore,
    /// The score after adjustment is missing.
    NoAdjusted,
    /// The predictor of this name is missing; compute when neither it nor both parameters and tokens are there.
    NoPredictor(String),
    /// The release month is missing, and the models are grouped by it.
    NoRelease,
    /// The column of this name is missing, and the fit needs it.
    NoValue(String),
    /// The same row stands in the table before.
    Repeated,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotChosen => f.write_str("not chosen by --where"),
            Self::NoScore => f.write_str("no score"),
            Self::NoAdjusted => f.write_str("no adjusted score"),
            Self::NoRelease => f.write_str("no release month"),
            Self::NoPredictor(name) | Self::NoValue(name) => write!(f, "no {name}"),
            Self::Repeated => f.write_str("the row is there twice"),
        }
    }
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.model, self.reason)
    }
}
