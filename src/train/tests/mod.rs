//! Training examples and the trainer.

mod data;
mod trainer;
