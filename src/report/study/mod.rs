//! A study on the terminal, as CSV and as figures: what is planned, what runs, what came of it.

mod figures;
mod fits;
mod progress;
mod terminal;

pub use figures::{emergence, trajectories};
pub use fits::{FitAt, fits_csv};
pub use progress::Progress;
pub use terminal::{collected, followed, outcome, plan, plan_json, status, trajectory};
