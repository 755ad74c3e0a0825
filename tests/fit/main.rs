//! From a table to its fit.

#[path = "../support/mod.rs"]
mod support;

mod agree;
mod broken;
mod claims;
mod command;
mod contradictions;
mod foreign;
mod loss_law;
mod two_places;
