//! Training and fine-tuning.

mod command;
mod data;
mod trainer;
