//! What the models are compared at: pretraining compute, or any other quantity of theirs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::serial::serde_as_text;
use crate::{Error, Result};

/// What a predictor or a condition is about: a quantity of a model that has a name whatever its column is called, or any
/// column.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PredictorKind {
    /// Pretraining compute in FLOPs.
    #[default]
    Compute,
    /// Number of parameters.
    Params,
    /// Number of parameters active per token.
    ActiveParams,
    /// Number of training tokens.
    Tokens,
    /// Month of release, in years.
    Release,
    /// The column of this name.
    Column(String),
}

impl PredictorKind {
    /// Name and unit for an axis.
    pub(crate) fn label(&self) -> &str {
        match self {
            Self::Compute => "Pretraining compute (FLOPs)",
            Self::Params => "Parameters",
            Self::ActiveParams => "Active parameters",
            Self::Tokens => "Training tokens",
            Self::Release => "Release (year)",
            Self::Column(name) => name,
        }
    }

    /// The unit after a number, where it has a name.
    pub(crate) fn unit(&self) -> Option<&'static str> {
        (*self == Self::Compute).then_some("FLOPs")
    }

    /// The scale on which it enters a fit where nothing else is said.
    pub(crate) fn usual_scale(&self) -> XScale {
        match self {
            Self::Compute | Self::Params | Self::ActiveParams | Self::Tokens => XScale::Log10,
            Self::Release | Self::Column(_) => XScale::Linear,
        }
    }
}

impl fmt::Display for PredictorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Compute => "compute",
            Self::Params => "params",
            Self::ActiveParams => "active_params",
            Self::Tokens => "tokens",
            Self::Release => "release",
            Self::Column(name) => name,
        })
    }
}

impl FromStr for PredictorKind {
    type Err = Error;

    /// Reads `compute`, `params`, `active_params`, `tokens`, `release` or the name of a column.
    fn from_str(text: &str) -> Result<Self> {
        Ok(match text {
            "compute" => Self::Compute,
            "params" => Self::Params,
            "active_params" => Self::ActiveParams,
            "tokens" => Self::Tokens,
            "release" => Self::Release,
            column => Self::Column(column.to_owned()),
        })
    }
}

serde_as_text!(PredictorKind, XScale);

/// Scale of the predictor in the fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum XScale {
    /// As it is.
    Linear,
    /// Its decimal logarithm.
    Log10,
}

impl fmt::Display for XScale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Linear => "linear",
            Self::Log10 => "log10",
        })
    }
}

impl FromStr for XScale {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "linear" => Ok(Self::Linear),
            "log10" => Ok(Self::Log10),
            other => Err(Error::Argument(format!("unknown scale `{other}`: linear and log10 are known"))),
        }
    }
}

impl XScale {
    /// `value` on this scale.
    pub(crate) fn apply(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Log10 => value.log10(),
        }
    }

    /// The value whose place on this scale is `position`.
    pub(crate) fn invert(self, position: f64) -> f64 {
        match self {
            Self::Linear => position,
            Self::Log10 => 10f64.powf(position),
        }
    }
}

/// What the predictor is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Predictor {
    /// Compute, another quantity of the models, or a column.
    pub name: PredictorKind,
    /// Its scale in the fit.
    pub scale: XScale,
}
