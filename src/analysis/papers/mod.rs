//! One room for each paper: its data, its constants, its figures as data, and a verdict on the numbers it prints.

pub mod test_task;
pub mod train_before_test;
