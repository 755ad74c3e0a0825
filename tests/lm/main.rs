//! Language models: configs, files and numbers.

#[path = "../support/mod.rs"]
mod support;

mod corpus;
mod files;
