//! Language models: files that are damaged or lie.

#[path = "../support/mod.rs"]
mod support;

mod corpus;
