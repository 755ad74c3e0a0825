//! What leaves the program as text: CSV files and terminal tables.

pub mod csv;
pub mod reproduction;
pub mod terminal;
