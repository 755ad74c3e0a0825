//! Tasks, their answers and scores: asked of models, read from results.

#[path = "../support/mod.rs"]
mod support;

mod evaluate;
mod hostile;
mod identity;
mod import;
mod layouts;
mod logs;
mod prompting;
mod refusals;
mod repository;
mod runner;
mod served_model;
mod server;
mod tasks;
