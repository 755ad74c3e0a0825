//! A statistical toolkit for emergence curves of language models.
//!
//! onset tabulates benchmark scores against pretraining compute, detects emergence with hinge, sigmoid and linear
//! regressions before and after every model is fine-tuned on the same task data, and draws the result. It implements
//! "Training on the Test Task Confounds Evaluation and Emergence" (Dominguez-Olmedo, Dorner, Hardt; arXiv 2407.07890).
//!
//! What is public, from the ground up:
//!
//! | module | what it is for | look first at |
//! |---|---|---|
//! | [`registry`] | models, compute, benchmarks, scores and the tables that hold them | [`Scores`](registry::Scores) |
//! | [`stats`] | curves, covariances and tests on slices of numbers | [`Hinge`](stats::hinge::Hinge) |
//! | `lm` | language models: reading, running, checking | `LoadedModel` |
//! | [`harness`] | tasks, evaluations, result files of other tools | [`Library`](harness::tasks::Library) |
//! | `train` | fine-tuning with checkpoints | `Trainer` |
//! | [`analysis`] | a whole question at once: fits, agreement, the paper | [`FitSettings`](analysis::fit::FitSettings) |
//! | `study` | models × tasks × checkpoints, here or by Slurm | `Plan` |
//! | [`lab`] | worlds whose truth is known | [`LabReport`](lab::LabReport) |
//! | [`explore`] | the page with live fits | [`Explorer`](explore::Explorer) |
//! | [`report`], [`plot`] | results as CSV, JSON, HTML and drawings | [`Figure`](analysis::figure::Figure) |
//! | [`notebook`] | all that a notebook needs under one name | [`FitReport`](analysis::fit::FitReport) |
//!
//! `lm`, `train` and `study` need the feature `models`, which is on by default. [`prelude`] has the types that most
//! programs use.
//!
//! ```
//! use onset::prelude::*;
//!
//! // log10 of pretraining compute, and scores that rise above chance (0.25) from 10^22 FLOPs on.
//! let x = [20.0, 21.0, 21.5, 22.0, 22.5, 23.0, 23.5];
//! let y = [0.25, 0.25, 0.25, 0.25, 0.30, 0.35, 0.40];
//! let fit = Hinge::new().chance(0.25).fit(&x, &y, &[])?;
//! assert!((fit.c - 22.0).abs() < 1e-9 && (fit.alpha - 0.1).abs() < 1e-9);
//! # Ok::<(), Error>(())
//! ```

#![warn(missing_docs, unreachable_pub)]
// What only evaluations and trainings call is not taken out function by function where there are no models.
#![cfg_attr(not(feature = "models"), allow(dead_code, unused_imports))]

pub mod analysis;
mod bounds;
pub mod cli;
mod encoding;
mod error;
pub mod explore;
#[cfg(fuzzing)]
pub mod fuzzing;
// Some doors are tried in the rooms behind them.
#[cfg(all(test, feature = "models"))]
#[allow(dead_code, unreachable_pub)]
mod fuzzing;
pub mod harness;
pub mod lab;
#[cfg(feature = "models")]
pub mod lm;
pub mod notebook;
pub mod plot;
pub mod prelude;
pub mod registry;
pub mod report;
mod serial;
pub mod stats;
#[cfg(feature = "models")]
pub mod study;
#[cfg(feature = "models")]
pub mod train;

#[cfg(test)]
#[allow(unreachable_pub)]
#[path = "../tests/support/places.rs"]
mod support;
// What tests of the library share with benchmarks is written as if from outside.
#[cfg(test)]
extern crate self as onset;

pub use bounds::Bound;
pub use error::{Cause, Error, ErrorKind, Result, Shared};
