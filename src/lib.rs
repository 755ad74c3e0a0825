//! A statistical toolkit for emergence curves of language models.
//!
//! onset tabulates benchmark scores against pretraining compute, detects emergence with hinge, sigmoid and linear
//! regressions before and after every model is fine-tuned on the same task data, and draws the result. It implements
//! "Training on the Test Task Confounds Evaluation and Emergence" (Dominguez-Olmedo, Dorner, Hardt; arXiv 2407.07890).
//!
//! The layers, from the ground up: [`registry`] holds models, compute and scores; [`stats`] fits curves to slices of
//! numbers; [`lm`] runs language models; [`harness`] evaluates them and reads evaluation results; [`train`] fine-tunes them;
//! [`analysis`] asks the questions; [`study`] runs models × tasks × checkpoints; [`lab`] makes worlds whose truth is known;
//! [`plot`] and [`report`] show the answers; [`cli`] is the program.
//!
//! ```
//! use onset::stats::hinge::Hinge;
//!
//! // log10 of pretraining compute, and scores that rise above chance (0.25) from 10^22 FLOPs on.
//! let x = [20.0, 21.0, 21.5, 22.0, 22.5, 23.0, 23.5];
//! let y = [0.25, 0.25, 0.25, 0.25, 0.30, 0.35, 0.40];
//! let fit = Hinge::new().chance(0.25).fit(&x, &y, &[])?;
//! assert!((fit.c - 22.0).abs() < 1e-9 && (fit.alpha - 0.1).abs() < 1e-9);
//! # Ok::<(), onset::Error>(())
//! ```

#![warn(missing_docs)]

pub mod analysis;
pub mod cli;
mod error;
pub mod explore;
pub mod harness;
pub mod lab;
#[cfg(feature = "models")]
pub mod lm;
pub mod notebook;
pub mod plot;
pub mod registry;
pub mod report;
mod serial;
pub mod stats;
#[cfg(feature = "models")]
pub mod study;
#[cfg(feature = "models")]
pub mod train;

pub use error::{Cause, Error, ErrorKind, Result, Shared};
