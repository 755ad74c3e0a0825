//! One layer of a decoder: attention, MLP and the norms around them, in the order that the config says.

use candle_core::Tensor;

use super::attention::{Attention, Batch};
use super::cache::Cache;
use super::config::{Config, Residual};
use super::experts::FeedForward;
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
    pub feed_forward: FeedForward,
    pub mlp_post_norm: Option<Normaliser>,
}

impl Layer {
    /// Adds the layer to the residual stream `x`: (tokens of all sequences, hidden).
    pub(crate) fn apply(&self, config: &Config, batch: &Batch, x: &Tensor, caches: &[&mut Cache]) -> Result<Tensor> {
        let attention = |x: &Tensor| {
            let y = self.attention.apply(config, batch, x, caches)?;
            scaled(config, normalise(self.attention_post_norm.as_ref(), &y)?)
        };
        let mlp = |x: &Tensor| {
            let y = self.feed_forward.apply(config, x)?;
            scaled(config, normalise(self.mlp_post_norm.as_ref(), &y)?)
        };
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
}

fn scaled(config: &Config, y: Tensor) -> Result<Tensor> {
    match config.residual_scale {
        Some(scale) => Ok((y * scale)?),
        None => Ok(y),
    }
}
