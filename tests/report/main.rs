//! What people see: figures, pages, the live page, the terminal.

#[path = "../support/mod.rs"]
mod support;

mod explore;
mod page;
mod plot;
mod terminal;
