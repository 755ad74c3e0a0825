//! The loop: models × tasks × numbers of task examples × seeds, from one file, restartable, on one machine or on Slurm.
//!
//! A [`Study`] is read from `study.toml` and checked as a whole. Its [`Cell`]s, one per model and seed, are independent:
//! each evaluates its model, fine-tunes it and evaluates every checkpoint, in a folder of its own. Every score is kept with
//! a digest of all that it depends on, so that a cell with the digests that a [`Plan`] asks for is never run again, and
//! any other goes on from where it was. A file lock keeps two programs out of one cell. An `Executor` runs
//! them, on this machine or behind a `Queue`, and [`collect`](collect()) joins what was found for `fits`.
//!
//! [`finetune`](mod@finetune) is one run for itself: data, training and the evaluation of its checkpoints.
//!
//! What is done in a cell stands behind the trait [`Work`].
//!
//! ```
//! use onset::study::{Cell, Study};
//!
//! let text = r#"
//!     [study]
//!     name = "two-seeds"
//!     seeds = [0, 1]
//!     [[models]]
//!     name = "toy"
//!     params = 1e6
//!     tokens = 1e9
//!     server = "http://localhost:8000"
//!     served_model = "toy"
//!     [evaluation]
//!     tasks = []
//! "#;
//! // Everything that is wrong is said at once.
//! let error = Study::parse(text, "study.toml".as_ref()).unwrap_err();
//! assert_eq!(error.to_string(), "study.toml: line 12: `tasks` must name at least one task");
//!
//! let study = Study::parse(&text.replace("[]", r#"["mmlu"]"#), "study.toml".as_ref())?;
//! // Without an adjustment a second seed has nothing to do.
//! assert_eq!(Cell::all(&study).len(), 1);
//! # Ok::<(), onset::Error>(())
//! ```

mod cell;
mod collect;
mod epochs;
mod estimate;
mod example;
mod executor;
pub(crate) mod figures;
#[cfg(feature = "models")]
pub mod finetune;
mod fits;
mod lock;
mod loss;
mod plan;
mod reader;
#[cfg(feature = "models")]
mod real;
mod results;
mod settings;
mod shell;
mod store;
#[cfg(all(test, feature = "models"))]
mod survival;
#[cfg(test)]
mod tests;
mod work;

pub use cell::Cell;

pub use collect::Collected;
pub use collect::{SeedSpread, collect};
pub use estimate::Cost;
pub(crate) use example::EXAMPLE;
pub(crate) use executor::Cells;
pub use executor::Ended;
pub(crate) use executor::ExecutorKind;
pub use executor::LocalSettings;
pub use executor::StudyOutcome;
pub use executor::Submission;
pub(crate) use executor::Task;
pub use executor::Watch;
#[cfg(test)]
pub(crate) use executor::follow;
pub use executor::run;
pub(crate) use executor::submit;
pub(crate) use fits::FitAt;
pub(crate) use fits::fits;
pub use lock::Owner;
pub(crate) use loss::loss_figure;
pub use plan::{Plan, Planned, State};
#[cfg(feature = "models")]
pub(crate) use real::Real;
#[cfg(test)]
pub(crate) use results::CellResults;
pub use settings::{Study, StudyModel};
pub use store::Failure;
pub use work::{CellRun, TokenAmount, Work};
