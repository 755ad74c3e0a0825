//! A study on the terminal, as CSV and as figures: what is planned, what runs, what was found.

mod fits;
mod terminal;

pub use fits::fits_csv;
pub use terminal::{collected, outcome, plan, plan_json, status, trajectory};
