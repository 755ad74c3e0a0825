//! What the models are compared at: pretraining compute, or any other quantity of theirs.

use std::fmt;
use std::str::FromStr;

use super::records::{Cell, Named, Record, Records};
use super::sizes::Sizes;
use super::{Predictor, Settings, XScale};
use crate::registry::Month;
use crate::registry::columns::{ACTIVE_PARAMS, COMPUTE, PARAMS, RELEASE, TOKENS};
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

serde_as_text!(PredictorKind);

/// The same with its column found.
pub(super) enum Quantity {
    Compute,
    Params,
    ActiveParams,
    Tokens,
    Release,
    Other(Named),
}

impl Quantity {
    /// The quantity of this name.
    ///
    /// # Errors
    /// [`MissingColumn`](crate::Error::MissingColumn).
    pub(super) fn named(name: &str, records: &Records<'_>) -> Result<Self> {
        Self::of(&name.parse()?, records)
    }

    /// This quantity.
    ///
    /// # Errors
    /// [`MissingColumn`](crate::Error::MissingColumn).
    pub(super) fn of(kind: &PredictorKind, records: &Records<'_>) -> Result<Self> {
        Ok(match kind {
            PredictorKind::Compute => Self::Compute,
            PredictorKind::Params => Self::Params,
            PredictorKind::ActiveParams => Self::ActiveParams,
            PredictorKind::Tokens => Self::Tokens,
            PredictorKind::Release => Self::Release,
            PredictorKind::Column(name) => Self::Other(records.named(name)?),
        })
    }

    /// Its value for one model; a release month counts in years.
    ///
    /// # Errors
    /// A cell that is no number.
    pub(super) fn value(&self, records: &Records<'_>, record: &Record, sizes: &Sizes) -> Result<Option<f64>> {
        match self {
            Self::Compute => Ok(sizes.compute.map(|c| c.0)),
            Self::Params => Ok(sizes.params),
            Self::ActiveParams => Ok(sizes.active_params),
            Self::Tokens => Ok(sizes.tokens),
            Self::Release => Ok(release(records, record)?.map(Month::years)),
            Self::Other(named) => records.cell_of(record, named).map(|cell| cell.number()).transpose(),
        }
    }

    /// The cell it stands in, where it stands in one.
    pub(super) fn cell<'t>(&self, records: &Records<'t>, record: &Record) -> Option<Cell<'t>> {
        match self {
            Self::Compute => records.cell(record, &COMPUTE).or_else(|| records.cell(record, &PARAMS)),
            Self::Params => records.cell(record, &PARAMS),
            Self::ActiveParams => records.cell(record, &ACTIVE_PARAMS),
            Self::Tokens => records.cell(record, &TOKENS),
            Self::Release => records.cell(record, &RELEASE),
            Self::Other(named) => records.cell_of(record, named),
        }
    }
}

/// The month of release.
///
/// # Errors
/// A cell that is no month.
pub(super) fn release(records: &Records<'_>, record: &Record) -> Result<Option<Month>> {
    let Some(cell) = records.cell(record, &RELEASE) else { return Ok(None) };
    cell.month().map(Some)
}

/// What the predictor is and on which scale it enters.
pub(super) fn describe(settings: &Settings) -> Predictor {
    let name = settings.x.clone().unwrap_or_default();
    Predictor { scale: settings.x_scale.unwrap_or_else(|| name.usual_scale()), name }
}
