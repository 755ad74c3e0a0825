//! Studies: cells, their results and where they run.

mod cells;
mod scale;
mod slurm;
