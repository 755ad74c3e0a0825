//! Language models: configs, files and numbers.

#[path = "../support/mod.rs"]
mod support;

mod check;
mod configs;
mod corpus;
mod decoder;
mod files;
mod variants;
