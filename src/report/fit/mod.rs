//! The report of a fit: as a table for a terminal, as JSON, as tidy CSV.

mod csv;
mod terminal;

pub use csv::{diagnostics, parameters, predictions};
pub use terminal::terminal;

use crate::analysis::fit::FitReport;
use crate::error::Result;
use crate::report::json;

/// The report as JSON, indented, with a line end; docs/formats.md describes the fields. Values that do not exist are
/// `null`, never NaN.
///
/// # Errors
/// [`Error::Undetermined`](crate::Error::Undetermined) when it cannot be written as JSON, which no report that a fit
/// returns brings about.
pub fn json(report: &FitReport) -> Result<String> {
    json::text(report)
}
