//! Tasks, their answers and scores.

mod journal;
mod layouts;
mod refusals;
mod runner;
mod tasks;
