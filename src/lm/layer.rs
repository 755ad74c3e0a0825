//! One layer of a decoder: attention, MLP and the norms around them, in the order that the config says.

use candle_core::Tensor;

use super::attention::{Attention, Batch};
use super::cache::Cache;
use super::config::{Config, Gating, Mlp, Residual};
use super::linear::Linear;
use super::normaliser::{Normaliser, normalise};
use super::ops;
use crate::error::Result;

/// Attention, MLP and the norms around them.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub attention_norm: Option<Normaliser>,
    pub attention: Attention,
    pub attention_post_norm: Option<Normaliser>,
    pub mlp_norm: Option<Normaliser>,
    pub gate: Option<Linear>,
    pub up: Linear,
    pub down: Linear,
    pub mlp_post_norm: Option<Normaliser>,
}

impl Layer {
    /// Adds the layer to the residual stream `x`: (tokens of all sequences, hidden).
    pub(crate) fn apply(&self, config: &Config, batch: &Batch, x: &Tensor, caches: &[&mut Cache]) -> Result<Tensor> {
        let attention = |x: &Tensor| {
            let y = self.attention.apply(config, batch, x, caches)?;
            normalise(self.attention_post_norm.as_ref(), &y)
        };
        let mlp = |x: &Tensor| normalise(self.mlp_post_norm.as_ref(), &self.mlp(&config.mlp, x)?);
        match config.residual {
            Residual::Sequential => {
                let x = ops::plus(x, &attention(&normalise(self.attention_norm.as_ref(), x)?)?)?;
                Ok(ops::plus(&x, &mlp(&normalise(self.mlp_norm.as_ref(), &x)?)?)?)
            }
            Residual::Parallel => {
                let first = normalise(self.attention_norm.as_ref(), x)?;
                let second = match &self.mlp_norm {
                    Some(norm) => norm.apply(x)?,
                    None => first.clone(),
                };
                Ok(ops::plus(&ops::plus(x, &attention(&first)?)?, &mlp(&second)?)?)
            }
            Residual::NormAfterAdding => {
                let x = normalise(self.attention_norm.as_ref(), &ops::plus(x, &attention(x)?)?)?;
                normalise(self.mlp_norm.as_ref(), &ops::plus(&x, &mlp(&x)?)?)
            }
            Residual::FromNormed => {
                let x = normalise(self.attention_norm.as_ref(), x)?;
                let x = ops::plus(&x, &attention(&x)?)?;
                let x = normalise(self.mlp_norm.as_ref(), &x)?;
                Ok(ops::plus(&x, &mlp(&x)?)?)
            }
        }
    }

    fn mlp(&self, mlp: &Mlp, x: &Tensor) -> Result<Tensor> {
        let up = self.up.apply(x)?;
        let inner = match (mlp.gating, &self.gate) {
            (Gating::None, _) => ops::activate(mlp.activation, &up)?,
            (_, Some(gate)) => ops::gate(mlp.activation, &gate.apply(x)?, &up)?,
            (packed, None) => {
                let half = up.dim(1)? / 2;
                let (first, second) = (up.narrow(1, 0, half)?, up.narrow(1, half, half)?);
                let (gate, up) = if packed == Gating::UpThenGate { (second, first) } else { (first, second) };
                ops::gate(mlp.activation, &gate, &up)?
            }
        };
        self.down.apply(&inner)
    }
}
