//! A quantity of the models whose column is found: the value that each of them has.

use super::predictor::{Predictor, PredictorKind};
use super::records::{Cell, Named, Record, Records};
use super::settings::Settings;
use super::sizes::Sizes;
use crate::Result;
use crate::registry::Month;
use crate::registry::columns::{ACTIVE_PARAMS, COMPUTE, PARAMS, RELEASE, TOKENS};

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
