//! Studies: models, tasks, checkpoints and seeds from one file.

#[path = "../support/mod.rs"]
mod support;

mod command;
mod outside;
mod own_split;
