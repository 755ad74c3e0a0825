//! The report of a fit: as a table for a terminal, as tidy CSV.

mod beside;
mod counts;
mod csv;
mod several;
mod terminal;

pub use csv::{diagnostics, parameters, predictions};
pub use several::{several_csv, several_terminal};
pub use terminal::terminal;
