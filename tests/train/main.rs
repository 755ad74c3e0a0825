//! Training and fine-tuning.

#[path = "../support/mod.rs"]
mod support;

mod command;
mod data;
mod trainer;
