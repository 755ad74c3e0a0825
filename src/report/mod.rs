//! What leaves the program as text: CSV files and terminal tables.

pub mod csv;
pub mod fit;
pub mod reproduction;
pub mod terminal;
