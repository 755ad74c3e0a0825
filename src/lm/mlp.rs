//! The MLP of a layer, or of one expert.

use candle_core::Tensor;

use super::config::Gating;
use super::linear::Linear;
use super::ops::{self, Activation};
use crate::error::Result;

/// Its matrices.
#[derive(Debug, Clone)]
pub(super) struct Mlp {
    pub gate: Option<Linear>,
    pub up: Linear,
    pub down: Linear,
}

impl Mlp {
    /// `x` of shape (tokens, hidden) becomes (tokens, hidden).
    pub(crate) fn apply(&self, activation: Activation, gating: Gating, x: &Tensor) -> Result<Tensor> {
        let up = self.up.apply(x)?;
        let inner = match (gating, &self.gate) {
            (Gating::None, _) => ops::activate(activation, &up)?,
            (_, Some(gate)) => ops::gate(activation, &gate.apply(x)?, &up)?,
            (packed, None) => {
                let half = up.dim(1)? / 2;
                let (first, second) = (up.narrow(1, 0, half)?, up.narrow(1, half, half)?);
                let (gate, up) = if packed == Gating::UpThenGate { (second, first) } else { (first, second) };
                ops::gate(activation, &gate, &up)?
            }
        };
        self.down.apply(&inner)
    }
}
