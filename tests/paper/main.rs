//! The paper: its numbers and figures, computed again.

mod numbers;
mod reproduce;
mod train_before_test;
