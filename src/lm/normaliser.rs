//! A norm with its weights.

use candle_core::Tensor;

use super::config::{Norm, NormKind};
use super::ops::{self, NormShape};
use crate::error::Result;

/// A norm with its weights; without, they are ones and zeros.
#[derive(Debug, Clone)]
pub(super) struct Normaliser {
    shape: NormShape,
    /// One tensor, or one per head.
    weights: Vec<Tensor>,
    bias: Tensor,
}

impl Normaliser {
    pub(crate) fn new(norm: Norm, weights: Vec<Tensor>, bias: Tensor) -> Self {
        let offset = if norm.weight { norm.offset as f32 } else { 0.0 };
        let shape = NormShape { centred: norm.kind == NormKind::Layer, eps: norm.eps as f32, offset };
        Self { shape, weights, bias }
    }

    /// Normalises the last dimension.
    pub(crate) fn apply(&self, x: &Tensor) -> Result<Tensor> {
        match self.weights.as_slice() {
            [weight] => Ok(ops::norm(self.shape, x, weight, &self.bias)?),
            // Joined anew each time: the tensors may be variables that a training step changes.
            heads => Ok(ops::norm(self.shape, x, &Tensor::cat(heads, 0)?, &self.bias)?),
        }
    }
}

/// The norm where there is one, else `x` as it is.
pub(super) fn normalise(norm: Option<&Normaliser>, x: &Tensor) -> Result<Tensor> {
    norm.map_or_else(|| Ok(x.clone()), |norm| norm.apply(x))
}
