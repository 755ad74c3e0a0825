//! The house itself: the layers of the source, and the texts about it.

#[path = "../support/mod.rs"]
mod support;

mod circles;
mod dependencies;
mod docs;
mod layers;
mod notebooks;
mod python;
mod tests;
mod words;
