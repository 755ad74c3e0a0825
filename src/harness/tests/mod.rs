//! Tasks, their answers and scores.

mod layouts;
mod refusals;
mod runner;
mod tasks;
