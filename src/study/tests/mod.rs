//! Studies: cells, their results and where they run.

mod cells;
mod command;
#[allow(unreachable_pub)]
#[path = "../../../tests/support/idle_study.rs"]
mod idle;
mod round_trips;
mod scale;
mod settings;
mod slurm;
