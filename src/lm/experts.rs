//! A mixture of experts instead of an MLP: a router sends every token to a few of many small MLPs.
//!
//! y = Σ wₑ·expertₑ(x) over the k experts with the largest router logits, w their shares in the softmax (Shazeer et al. 2017,
//! arXiv 1701.06538; Mixtral, arXiv 2401.04088). Tokens are sorted by expert: every expert multiplies its tokens
//! at once, and one without tokens does nothing. Which experts are chosen has no gradient; their weights have one.

use candle_core::{D, DType, Tensor};

use super::config::{self, Experts, Gating, Weighing};
use super::linear::{Linear, Matrix};
use super::mlp::Mlp;
use super::ops::{self, Activation};
use crate::error::Result;

/// What follows attention in a layer.
#[derive(Debug, Clone)]
pub(super) enum FeedForward {
    /// One MLP for all tokens.
    Dense(Mlp),
    /// Many, of which each token has a few.
    Mixture(Mixture),
}

/// A router and its experts.
#[derive(Debug, Clone)]
pub(super) struct Mixture {
    pub router: Linear,
    pub bank: Bank,
    pub shared: Option<Shared>,
}

/// The experts, as they are stored.
#[derive(Debug, Clone)]
pub(super) enum Bank {
    /// Three matrices each.
    Single(Vec<Mlp>),
    /// All in two tensors: gate above up, (experts, 2 × width, hidden), and down, (experts, hidden, width).
    Joined { gate_up: Tensor, down: Tensor },
}

/// An MLP of all tokens beside the experts, times a gate of its own (Qwen 2 MoE).
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub mlp: Mlp,
    /// To one number.
    pub gate: Linear,
}

impl FeedForward {
    /// `x` of shape (tokens, hidden) becomes (tokens, hidden).
    pub(crate) fn apply(&self, config: &config::Config, x: &Tensor) -> Result<Tensor> {
        match (self, &config.experts) {
            (Self::Mixture(mixture), Some(experts)) => mixture.apply(experts, config.mlp.activation, x),
            (Self::Dense(mlp), _) => mlp.apply(config.mlp.activation, config.mlp.gating, x),
            (Self::Mixture(_), None) => Err(crate::Error::backend("experts that the config does not have".to_owned())),
        }
    }
}

impl Mixture {
    fn apply(&self, experts: &Experts, activation: Activation, x: &Tensor) -> Result<Tensor> {
        let (tokens, chosen) = (x.dim(0)?, experts.chosen);
        let logits = self.router.apply(x)?.to_dtype(DType::F32)?;
        let choices = choose(&logits, chosen)?;
        let weights = weigh(experts.weighing, &logits, &choices, chosen)?;
        // Places (token, choice), grouped by expert; within an expert in the order of the tokens.
        let mut groups = vec![Vec::new(); experts.count];
        for (place, expert) in choices.iter().enumerate() {
            groups[*expert as usize].push(place as u32);
        }
        let mut outputs = Vec::new();
        for (expert, places) in groups.iter().enumerate().filter(|(_, places)| !places.is_empty()) {
            let rows = places.iter().map(|place| place / chosen as u32).collect();
            let rows = ops::rows(x, &list(rows, x)?)?;
            outputs.push(self.bank.apply(expert, activation, &rows)?);
        }
        let grouped: Vec<u32> = groups.concat();
        let weights = weights.flatten_all()?.index_select(&list(grouped.clone(), x)?, 0)?;
        let weights = weights.to_dtype(x.dtype())?.unsqueeze(1)?;
        let outputs = Tensor::cat(&outputs, 0)?.broadcast_mul(&weights)?;
        let mut back = vec![0u32; grouped.len()];
        for (row, place) in grouped.iter().enumerate() {
            back[*place as usize] = row as u32;
        }
        let sorted = ops::rows(&outputs.contiguous()?, &list(back, x)?)?;
        let sum = sorted.reshape((tokens, chosen, x.dim(1)?))?.sum(1)?;
        match &self.shared {
            None => Ok(sum),
            Some(shared) => {
                let gate = ops::activate(Activation::Sigmoid, &shared.gate.apply(x)?)?;
                let shared = shared.mlp.apply(activation, Gating::Separate, x)?;
                Ok((sum + shared.broadcast_mul(&gate)?)?)
            }
        }
    }
}

impl Bank {
    fn apply(&self, expert: usize, activation: Activation, rows: &Tensor) -> Result<Tensor> {
        match self {
            Self::Single(experts) => experts[expert].apply(activation, Gating::Separate, rows),
            Self::Joined { gate_up, down } => {
                let matrix = |stack| -> Result<Linear> {
                    Ok(Linear { matrix: Matrix::Dense(ops::matrix(stack, expert)?), bias: None })
                };
                let mlp = Mlp { gate: None, up: matrix(gate_up)?, down: matrix(down)? };
                mlp.apply(activation, Gating::GateThenUp, rows)
            }
        }
    }
}

/// The experts with the largest logits of every token, the largest first; of equal ones the first.
fn choose(logits: &Tensor, chosen: usize) -> Result<Vec<u32>> {
    let mut all = Vec::new();
    for row in logits.detach().to_vec2::<f32>()? {
        let mut order: Vec<u32> = (0..row.len() as u32).collect();
        order.sort_by(|a, b| row[*b as usize].total_cmp(&row[*a as usize]));
        all.extend_from_slice(&order[..chosen]);
    }
    Ok(all)
}

/// The weights of the chosen experts: (tokens, chosen).
fn weigh(weighing: Weighing, logits: &Tensor, choices: &[u32], chosen: usize) -> Result<Tensor> {
    let choices = Tensor::from_slice(choices, (logits.dim(0)?, chosen), logits.device())?;
    let powers = logits.broadcast_sub(&logits.detach().max_keepdim(D::Minus1)?)?.exp()?;
    let picked = powers.gather(&choices, 1)?;
    let total = match weighing {
        Weighing::AmongAll => &powers,
        Weighing::AmongChosen => &picked,
    };
    Ok(picked.broadcast_div(&total.sum_keepdim(D::Minus1)?)?)
}

fn list(numbers: Vec<u32>, like: &Tensor) -> Result<Tensor> {
    let count = numbers.len();
    Ok(Tensor::from_vec(numbers, count, like.device())?)
}
