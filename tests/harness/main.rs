//! Tasks, their answers and scores: asked of models, read from results.

#[path = "../support/mod.rs"]
mod support;

mod evaluate;
mod hostile;
mod identity;
mod import;
mod logs;
mod models;
mod prompting;
mod repository;
mod served_model;
mod server;
mod servers;
