//! From a table to its fit.

#[path = "../support/mod.rs"]
mod support;

mod command;
mod foreign;
mod two_places;
