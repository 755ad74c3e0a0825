//! What is known of models and benchmarks, and the scores that were observed.
//!
//! - [`Model`], [`Models`]: size, data and release date of every model; pretraining compute is 6·N·D ([`Flops`]).
//! - [`Benchmark`]: format, score and chance level of every benchmark.
//! - [`Observation`], [`Observations`]: one score of one model on one benchmark under one [`Condition`].
//! - [`SubjectScores`]: MMLU by subject, from which both of its means are computed.
//! - [`published`]: all of the above for the 53 models of arXiv 2407.07890.
//! - [`modelset`]: anybody's tables as models with a predictor and a score.
//! - [`table`]: how tables are read; [`write`](mod@write): how files are written.

mod benchmark;
mod export;
mod json_lines;
mod model;
pub mod modelset;
mod observation;
mod published;
mod scores;
mod subjects;
pub mod table;
pub mod write;

pub use benchmark::{BENCHMARKS, Benchmark, Chance, Format, Measure, Metric, Part, benchmark};
pub use export::observations_csv;
pub(crate) use export::observations_with;
pub use model::{Flops, MODEL_COLUMNS, Model, Models, Month};
pub use observation::{Adjustment, Condition, OBSERVATION_COLUMNS, Observation, RowKind};
pub use published::{MmluMean, Published, published, published_from};
pub use scores::Observations;
pub use subjects::{Subject, SubjectScores};
