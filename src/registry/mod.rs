//! What is known of models and benchmarks, and the scores that were observed.
//!
//! - [`Model`], [`Models`]: size, data and release date of every model; pretraining compute is 6·N·D ([`Flops`]).
//! - [`Benchmark`]: format, score and chance level of every benchmark.
//! - [`Observation`], [`Scores`]: one score of one model on one benchmark under one [`Condition`] in one [`Setup`].
//! - [`SubjectScores`]: MMLU by subject, from which both of its means are computed.
//! - `known_models`: the 53 models of arXiv 2407.07890, which travel inside the program.
//! - [`modelset`]: anybody's tables as models with a predictor and a score.
//! - [`table`]: how tables are read; [`write`](mod@write): how files are written.

mod benchmark;
mod chance;
pub(crate) mod columns;
pub(crate) mod destination;
pub(crate) mod disk;
mod model;
pub mod modelset;
mod month;
pub(crate) mod names;
mod scores;
#[cfg(feature = "models")]
pub(crate) mod seal;
mod subjects;
mod suites;
pub mod table;
pub mod write;

pub use benchmark::{BENCHMARKS, Benchmark, Chance, Format, Measure, Metric, Part, benchmark};
pub use chance::benchmark_named;
pub(crate) use chance::{guesses_alike, meant_by};
pub use columns::{MODEL_COLUMNS, OBSERVATION_COLUMNS};
pub(crate) use model::known_models;
pub use model::{Flops, Model, Models};
pub(crate) use model::{KNOWN_MODELS, Known};
pub use month::{DateOrder, Month};
pub use scores::{
    Adjustment, Condition, Limit, Observation, PromptFormat, Provenance, RowKind, ScoreMatrix, Scores, Setup,
    Timestamp, observations_csv,
};
pub(crate) use subjects::{SUBJECT_COLUMNS, WIDE_COLUMNS};
pub use subjects::{Subject, SubjectScores};
pub(crate) use suites::tokens_per_step;
