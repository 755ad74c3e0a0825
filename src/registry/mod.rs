//! What is known of models and benchmarks, and the scores that were observed.
//!
//! - [`Model`], [`Models`]: size, data and release date of every model; pretraining compute is 6·N·D ([`Flops`]).
//! - [`Benchmark`]: format, score and chance level of every benchmark.
//! - [`Observation`], [`Scores`]: one score of one model on one benchmark under one [`Condition`] in one [`Setup`].
//! - [`SubjectScores`]: MMLU by subject, from which both of its means are computed.
//! - [`known_models`]: the 53 models of arXiv 2407.07890, which travel inside the program.
//! - [`modelset`]: anybody's tables as models with a predictor and a score.
//! - [`table`]: how tables are read; [`write`](mod@write): how files are written.

mod benchmark;
pub(crate) mod columns;
mod model;
pub mod modelset;
mod scores;
mod subjects;
pub mod table;
pub mod write;

pub use benchmark::{BENCHMARKS, Benchmark, Chance, Format, Measure, Metric, benchmark};

pub use benchmark::Part;
pub use columns::{MODEL_COLUMNS, OBSERVATION_COLUMNS};
pub use model::Flops;
pub(crate) use model::KNOWN_MODELS;
pub use model::Month;
pub(crate) use model::known_models;
pub use model::{Model, Models};
pub use scores::ScoreMatrix;
pub use scores::{Adjustment, Condition, Observation, Provenance, RowKind, Scores, Setup, observations_csv};
pub use scores::{Limit, PromptFormat, Timestamp};
pub use subjects::Subject;
pub use subjects::SubjectScores;
pub(crate) use subjects::{SUBJECT_COLUMNS, WIDE_COLUMNS};
