//! Training: the same decoder, its weights as variables, one optimiser step after the other.
//!
//! Read in this order: [`TrainSettings`] (the recipe as data), [`Sequence`] (tokens and where the loss begins), [`Trainer`] (one
//! step on a list of sequences), [`Trainer::run`] (a whole run: order, checkpoints, resuming). `data` reads the public
//! training sets; [`Lora`] trains small matrices beside the large ones; [`random_weights`] begins a new model.
//!
//! ```
//! use candle_core::{DType, Device};
//! use onset::lm::Config;
//! use onset::train::{Length, Schedule, Sequence, TrainSettings, Trainer, random_weights};
//!
//! let json = br#"{"architectures": ["LlamaForCausalLM"], "hidden_size": 16, "intermediate_size": 32,
//!     "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 8, "max_position_embeddings": 16}"#;
//! let config = Config::parse("config.json".as_ref(), json)?;
//! let weights = random_weights(&config, 0.1, 7)?;
//! let settings = TrainSettings {
//!     batch: 2,
//!     length: Length::Steps(30),
//!     schedule: Schedule { peak: 0.02, ..Schedule::default() },
//!     ..TrainSettings::default()
//! };
//! let mut trainer = Trainer::new(config, &weights, settings)?;
//! let data = [Sequence::packed(vec![1, 2, 3, 4, 5]), Sequence::packed(vec![1, 2, 6, 4, 7])];
//! let outcome = trainer.run(&data, None, &mut ())?;
//! assert!(outcome.steps[0].loss > 1.5 && outcome.steps[29].loss < 0.7);
//! # Ok::<(), onset::Error>(())
//! ```

mod adamw;
mod checkpoint;
pub(crate) mod data;
mod gradient;
mod initial;
mod journal;
mod lora;
mod memory;
mod order;
mod run;
mod schedule;
mod sequence;
mod settings;
mod state;
mod tensors;
#[cfg(test)]
mod tests;
mod trainer;
mod trajectory;

pub use adamw::AdamW;
pub use checkpoint::ModelFiles;
pub(crate) use checkpoint::save;
pub use initial::random_weights;
pub use lora::Lora;
#[cfg(test)]
pub(crate) use lora::merge;
pub use memory::keep_freed_memory;
pub use run::TrainOutcome;
pub use run::{Checkpoint, Ending, Next, Observer, RunFolder};
pub use schedule::ScheduleShape;
pub use schedule::{Schedule, Warmup};
pub(crate) use sequence::Encoded;
pub(crate) use sequence::Encoding;
pub(crate) use sequence::Overlong;
pub use sequence::Sequence;
pub(crate) use settings::PAPER_CHECKPOINTS;
pub use settings::{Length, TrainSettings};
#[cfg(any(test, fuzzing))]
pub(crate) use state::read_any as read_any_state;
pub use trainer::{TrainStep, Trainer};
pub(crate) use trajectory::check_training;
