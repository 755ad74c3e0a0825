//! What people see: figures, pages, the live page, the terminal.

mod explore;
mod page;
mod plot;
mod terminal;
