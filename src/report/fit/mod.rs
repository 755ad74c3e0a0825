//! The report of a fit: as a table for a terminal, as tidy CSV.

mod csv;
mod terminal;

pub use csv::{diagnostics, parameters, predictions};
pub use terminal::terminal;
