//! The report of a fit: as a table for a terminal, as tidy CSV.

mod beside;
mod csv;
mod terminal;
mod text;

pub use csv::{diagnostics, parameters, predictions};
pub use terminal::terminal;
