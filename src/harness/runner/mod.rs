//! Asking language models in this process, quickly and without losing answers.
//!
//! Read in this order: [`evaluate`] (models on tasks), `encode.rs` (text to tokens, as lm-evaluation-harness does it),
//! `plan.rs` (what is computed once and what together), [`LocalModel`] (a model that answers requests), `write.rs`
//! (generation), `Journal` (answers that survive an interruption).

mod chat;
mod draw;
mod encode;
mod evaluation;
mod journal;
mod limits;
mod local;
mod plan;
mod prefixes;
mod preview;
mod served;
mod subject;
mod write;

pub use chat::{ChatSettings, TemplateChoice};
pub use draw::SamplingDefaults;
pub use encode::Encoder;
#[cfg(test)]
pub(crate) use encode::Prompt;
#[cfg(test)]
pub(crate) use encode::PromptWork;
pub(crate) use evaluation::evaluate_served;
pub use evaluation::{EvaluationEvent, EvaluationSettings, Keep, evaluate};
#[cfg(any(test, fuzzing))]
pub(crate) use journal::Journal;
#[cfg(test)]
pub(crate) use journal::Key;
pub use limits::Limits;
pub use local::LocalModel;
pub(crate) use preview::{Preview, TaskPreview, preview};
pub use subject::EvaluatedModel;
pub use subject::Loaded;
pub(crate) use subject::ends;
