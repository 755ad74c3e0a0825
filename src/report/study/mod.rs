//! A study on the terminal, as CSV and as figures: what is planned, what runs, what was found.

mod fits;
mod terminal;

pub(crate) use fits::fits_csv;
pub(crate) use terminal::collected;
pub(crate) use terminal::outcome;
pub(crate) use terminal::plan;
pub(crate) use terminal::status;
pub(crate) use terminal::{plan_json, trajectory};
