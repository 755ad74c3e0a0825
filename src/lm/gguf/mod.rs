//! GGUF, the format of llama.cpp: a header of settings, a tokenizer and quantised weights in one file.
//!
//! `header` reads the bytes, `config` turns the settings into a [`Config`](super::Config), `tokenizer` the vocabulary into
//! a tokenizer. The weights themselves are read like any others, by name.

mod config;
mod header;
mod tokenizer;

pub(crate) use header::Header;

pub(crate) use header::TensorPlace;
pub(super) use tokenizer::tokenizer;
