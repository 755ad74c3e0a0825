//! Language models: checks, configs and numbers.

mod check;
mod configs;
mod decoder;
mod variants;
