//! How a lab asks.

/// Options of every question.
pub(crate) const OPTIONS: usize = 4;

/// Score of a guess: the right answers are dealt evenly over the options.
pub(crate) const CHANCE: f64 = 1.0 / OPTIONS as f64;
