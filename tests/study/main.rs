//! Studies: models, tasks, checkpoints and seeds from one file.

mod cells;
mod command;
mod scale;
mod slurm;
