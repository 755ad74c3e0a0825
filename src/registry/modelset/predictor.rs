//! What the models are compared at: pretraining compute, or any other quantity of theirs.

use super::columns::Role;
use super::records::{Cell, Named, Record, Records};
use super::{Predictor, Settings, XScale, cells};
use crate::Result;
use crate::registry::{Flops, Month};

/// The sizes of one model.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Sizes {
    pub(super) params: Option<f64>,
    pub(super) active_params: Option<f64>,
    pub(super) tokens: Option<f64>,
    pub(super) compute: Option<Flops>,
}

impl Sizes {
    /// Reads the sizes; compute is the table's own figure, or 6·N·D with the active parameters as N where given.
    ///
    /// # Errors
    /// A cell that is no number above zero.
    pub(super) fn of(records: &Records<'_>, record: &Record) -> Result<Self> {
        let count = |role| records.cell(record, role).map(|cell: Cell<'_>| cell.count()).transpose();
        let (params, active_params, tokens) = (count(Role::Params)?, count(Role::ActiveParams)?, count(Role::Tokens)?);
        let compute = match count(Role::Compute)? {
            Some(compute) => Some(compute),
            None => match (active_params.or(params), tokens, records.cell(record, Role::Tokens)) {
                (Some(n), Some(d), Some(cell)) => {
                    Some(cells::positive(6.0 * n * d, "6·N·D").map_err(|problem| cell.error(problem))?)
                }
                _ => None,
            },
        };
        Ok(Self { params, active_params, tokens, compute: compute.map(Flops) })
    }
}

/// A quantity of a model that has a name whatever its column is called, or any column.
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
        Ok(match name {
            "compute" => Self::Compute,
            "params" => Self::Params,
            "active_params" => Self::ActiveParams,
            "tokens" => Self::Tokens,
            "release" => Self::Release,
            other => Self::Other(records.named(other)?),
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
            Self::Release => Ok(release(records, record)?.map(|m| f64::from(m.year) + f64::from(m.month - 1) / 12.0)),
            Self::Other(named) => records.cell_of(record, named).map(|cell| cell.number()).transpose(),
        }
    }

    /// The cell it stands in, where it stands in one.
    pub(super) fn cell<'t>(&self, records: &Records<'t>, record: &Record) -> Option<Cell<'t>> {
        match self {
            Self::Compute => records.cell(record, Role::Compute).or_else(|| records.cell(record, Role::Params)),
            Self::Params => records.cell(record, Role::Params),
            Self::ActiveParams => records.cell(record, Role::ActiveParams),
            Self::Tokens => records.cell(record, Role::Tokens),
            Self::Release => records.cell(record, Role::Release),
            Self::Other(named) => records.cell_of(record, named),
        }
    }
}

/// The month of release.
///
/// # Errors
/// A cell that is no month.
pub(super) fn release(records: &Records<'_>, record: &Record) -> Result<Option<Month>> {
    let Some(cell) = records.cell(record, Role::Release) else { return Ok(None) };
    let problem = || cell.error(format!("`{}` is not a month; write it as 2023-11 or 2023-11-05", cell.text));
    cells::month(cell.text).map(Some).ok_or_else(problem)
}

/// What the predictor is called and on which scale it enters.
pub(super) fn describe(settings: &Settings) -> Predictor {
    let name = settings.x.clone().unwrap_or_else(|| "compute".into());
    let (label, usual) = match name.as_str() {
        "compute" => ("Pretraining compute (FLOPs)", XScale::Log10),
        "params" => ("Parameters", XScale::Log10),
        "active_params" => ("Active parameters", XScale::Log10),
        "tokens" => ("Training tokens", XScale::Log10),
        "release" => ("Release (year)", XScale::Linear),
        other => (other, XScale::Linear),
    };
    Predictor { label: label.to_owned(), scale: settings.x_scale.unwrap_or(usual), name }
}
