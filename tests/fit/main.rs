//! From a table to its fit.

#[path = "../support/mod.rs"]
mod support;

mod agree;
mod asked_about;
mod asked_more;
mod broken;
mod claims;
mod command;
mod contradictions;
mod counts;
mod emergence_law;
mod foreign;
mod loss_law;
mod loss_then_score;
mod observational;
mod outputs;
mod two_places;
