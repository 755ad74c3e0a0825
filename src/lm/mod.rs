//! Language models on candle: one decoder for every model of the paper and today's.
//!
//! Read in this order: [`Config`] (what a model is, as data), [`Decoder`] (what it does), `attention.rs`, [`Cache`]. Then
//! `architectures/` (one reader of `config.json` per kind), `names.rs` (what each kind calls its tensors), [`Weights`]
//! (tensors by name, from any file), `ops/` (the operations between matrix products, fused and plain), `kernels/` (what
//! generating text spends its time in).

mod adapter;
mod architecture;
mod architectures;
mod attention;
mod build;
mod cache;
mod chat;
mod check;
mod config;
mod decoder;
mod experts;
pub(crate) mod gguf;
mod kernels;
mod keys;
mod layer;
mod linear;
mod locate;
mod loss;
mod mlp;
mod model;
mod names;
mod normaliser;
mod ops;
mod pieces;
mod position;
mod sampling;
mod scoring;
mod scripted;
pub(crate) mod source;
mod suspicion;
#[cfg(test)]
mod tests;
mod tokenizer;
mod vocabulary;
mod weights;

pub(crate) use adapter::AdapterFolder;
pub use architecture::Architecture;
pub(crate) use architectures::text_part_of;
pub use cache::Cache;
pub(crate) use chat::ChatTemplates;
pub(crate) use check::Check;
pub(crate) use check::Finding;
pub use config::Config;
pub(crate) use decoder::Pass;
pub use decoder::{Decoder, Feed};
pub(crate) use linear::Adapter;
pub use locate::locate;
pub(crate) use model::Found;
pub use model::LoadedModel;
pub use model::Placement;
pub(crate) use ops::Sum;
pub(crate) use ops::Sums;
pub(crate) use ops::Tape;
#[cfg(test)]
pub(crate) use position::Rope;
#[cfg(test)]
pub(crate) use position::Scaling;
pub use sampling::{Sampler, Sampling};
pub use scoring::{LanguageModel, Passage, Query, QueryAnswer};
pub use scripted::Scripted;
pub use tokenizer::Tokenizer;
#[cfg(any(test, fuzzing))]
pub(crate) use weights::TensorInfo;
pub use weights::Weights;
