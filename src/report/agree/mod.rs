//! How far benchmarks agree, for people and as tables.

mod csv;
mod terminal;

pub use csv::{benchmarks, pairs, ranks, summary};
pub use terminal::terminal;
