//! From a table to its fit.

mod command;
