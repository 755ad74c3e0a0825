//! Language models: checks, configs, files and numbers.

mod check;
mod configs;
mod decoder;
mod files;
mod gguf;
mod kinds;
mod variants;
