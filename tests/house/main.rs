//! The house itself: the layers of the source, and the texts about it.

mod dependencies;
mod docs;
mod layers;
mod notebooks;
mod words;
