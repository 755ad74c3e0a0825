//! Models, benchmarks and scores, and the tables that hold them.

#[path = "../support/mod.rs"]
mod support;

mod tables;
