//! Training and fine-tuning.

#[path = "../support/mod.rs"]
mod support;

mod command;
