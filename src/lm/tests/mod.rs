//! Language models: checks, configs, files and numbers.

mod check;
mod configs;
mod corpus;
mod decoder;
mod files;
mod gguf;
mod variants;
