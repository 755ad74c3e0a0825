//! What a cell costs, before it runs.
//!
//! With N parameters, T tokens in one evaluation of all tasks and A tokens of adjustment, reading costs 2·N FLOPs per token
//! and learning from one 6·N (Kaplan et al. 2020, section 2.1), so that k conditions cost 2·N·T·k + 6·N·A. Memory is
//! the weights (b bytes each; b = 4 for `f32`, 2 otherwise), with another b for the gradient and 8 for both moments of
//! AdamW where the model is fine-tuned, 4 for a copy of the weights where b = 2, and a quarter on top for activations.
//! A fine-tuning that can be resumed keeps weights and moments on disk, 12 bytes per parameter.

use serde::{Deserialize, Serialize};

use super::cell::Cell;
use super::settings::{ModelSource, Study};
use super::work::TokenAmount;
use crate::registry::Flops;

/// Memory of a program without a model.
const PROGRAM: f64 = 256e6;

/// Share on top of weights, gradients and moments.
const ACTIVATIONS: f64 = 1.25;

/// Bytes of one score in a cell's results.
const SCORE: f64 = 200.0;

/// What a cell needs for what is left of it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Cost {
    /// Floating-point operations; `None` when the tasks were not read.
    pub flops: Option<f64>,
    /// Memory in bytes while it runs.
    pub memory: u64,
    /// Disk in bytes while it runs; what it needs for a restart goes when it is finished.
    pub disk: f64,
    /// Disk in bytes that its results take for good; `None` when the tasks were not read.
    pub results: Option<f64>,
}

pub(super) fn cost(study: &Study, cell: &Cell, missing: usize, amount: Option<&TokenAmount>) -> Cost {
    let params = cell.model.params;
    let served = matches!(cell.model.source, ModelSource::Server(_));
    let learns = cell.model.adjust;
    let bytes = if study.run.dtype == "f32" { 4.0 } else { 2.0 };
    let per_param = match (learns, bytes) {
        (false, b) => b,
        (true, 4.0) => 4.0 + 4.0 + 8.0,
        (true, b) => b + b + 8.0 + 4.0,
    };
    let memory = if served { PROGRAM } else { PROGRAM + params * per_param * ACTIVATIONS };
    let flops = amount.filter(|_| !served).map(|amount| {
        let learning = if learns && missing > 0 { Flops::of_training(params, amount.adjustment).0 } else { 0.0 };
        2.0 * params * amount.evaluation * missing as f64 + learning
    });
    Cost {
        flops,
        memory: cell.model.memory.unwrap_or(memory as u64),
        disk: if learns && missing > 0 { 12.0 * params } else { 0.0 },
        results: amount.map(|amount| amount.scores * SCORE * cell.conditions.len() as f64),
    }
}
