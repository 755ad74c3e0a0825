//! The small world whose truth is known.

#[path = "../support/mod.rs"]
mod support;

mod worlds;
