//! What people see: figures, pages, the live page, the terminal.

#[path = "../support/mod.rs"]
mod support;

mod explore;
mod geometry;
mod page;
mod picture;
mod plot;
mod terminal;
