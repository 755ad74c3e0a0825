//! The paper: its numbers and figures, computed again.

#[path = "../support/mod.rs"]
mod support;

mod harmony;
mod reproduce;
