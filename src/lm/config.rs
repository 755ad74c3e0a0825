//! A model's architecture as data.
//!
//! One [`Decoder`](super::Decoder) runs every model; what differs between them is written down here: which norm, how
//! positions enter, in which order a layer adds to the residual stream, how queries, keys and values are packed into one
//! matrix, which activation. `architectures/` fills a [`Config`] from the `config.json` of each known kind of model,
//! `gguf/` from the metadata of a GGUF file.

use std::path::Path;

use super::architecture::Architecture;
use super::names::Names;
use super::ops::Activation;
use super::position::Position;
use crate::error::{Error, Result};

/// Everything about a model but its weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The kind of model.
    pub architecture: Architecture,
    /// Rows of the embedding: token ids are below this.
    pub vocab_size: usize,
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Width of the inner layer of the MLP.
    pub intermediate_size: usize,
    /// Number of layers.
    pub layers: usize,
    /// Number of query heads.
    pub heads: usize,
    /// Number of key and value heads; divides `heads`.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Tokens the model was made for.
    pub context: usize,
    /// What happens between token id and residual stream.
    pub(crate) embedding: Embedding,
    /// How positions enter.
    pub(crate) position: Position,
    /// The norm of every layer and of the output.
    pub(crate) norm: Norm,
    /// The order of norms and additions in a layer.
    pub(crate) residual: Residual,
    /// What attention and MLP give is multiplied by this before it is added (Granite).
    pub(crate) residual_scale: Option<f64>,
    /// Queries, keys, values and scores.
    pub(crate) attention: Attention,
    /// The MLP.
    pub(crate) mlp: Mlp,
    /// The experts that some or all layers have in its place.
    pub(crate) experts: Option<Experts>,
    /// From residual stream to logits.
    pub(crate) head: Head,
    /// Matrices are stored `[in, out]` (GPT-2's `Conv1D`) instead of `[out, in]`.
    pub(crate) stored_transposed: bool,
    /// The dtype the config names, if it does.
    pub stored_dtype: Option<String>,
    /// What the tensors are called.
    pub(crate) names: Names,
}

/// What happens between token id and residual stream.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Embedding {
    /// The rows are multiplied by this (Gemma: √hidden).
    pub scale: Option<f64>,
    /// A norm follows (BLOOM).
    pub norm: bool,
    /// The rows are this wide and projected to the hidden size, and back before the head (OPT-350m).
    pub projected_from: Option<usize>,
}

/// A norm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Norm {
    /// RMS or LayerNorm.
    pub kind: NormKind,
    /// Added to the mean square or the variance.
    pub eps: f64,
    /// Added to the weight (Gemma stores weight − 1).
    pub offset: f64,
    /// Whether there is a weight (OLMo has none).
    pub weight: bool,
    /// Whether there is a bias.
    pub bias: bool,
}

/// Which norm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NormKind {
    /// x / √(mean x² + eps).
    Rms,
    /// (x − mean x) / √(var x + eps).
    Layer,
}

/// The order of norms and additions in a layer; a norm whose name is not in the names table is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Residual {
    /// x += post(attention(pre(x))), then x += post(mlp(pre(x))).
    Sequential,
    /// x += attention(norm₁(x)) + mlp(norm₂(x)); without a second norm the MLP reads norm₁(x).
    Parallel,
    /// x = norm(x + attention(x)), then x = norm(x + mlp(x)) (OPT-350m).
    NormAfterAdding,
    /// n = norm(x), x = n + attention(n), and the same with the MLP (BLOOM's switch).
    FromNormed,
}

/// Queries, keys, values and scores.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Attention {
    /// How the three are stored.
    pub(crate) packing: Packing,
    /// Whether the query, key and value projections have biases.
    pub(crate) input_bias: bool,
    /// Whether the output projection has one.
    pub(crate) output_bias: bool,
    /// Norms of queries and keys.
    pub(crate) qk_norm: QkNorm,
    /// Queries, keys and values are clamped to ± this, after their norms (OLMo, OLMoE).
    pub(crate) clip: Option<f64>,
    /// Scores are multiplied by this, layer by layer.
    pub(crate) scales: Vec<f64>,
    /// cap · tanh(score / cap) (Gemma 2).
    pub(crate) softcap: Option<f64>,
    /// Per layer: how many last positions a query sees, itself included; `None` for all.
    pub windows: Vec<Option<usize>>,
    /// Per layer: whether rotary positions turn its queries and keys (SmolLM 3 leaves out every fourth layer).
    pub(crate) turned: Vec<bool>,
    /// Queries grow with their position.
    pub(crate) growth: Option<Growth>,
}

/// Queries at position p are multiplied by 1 + β·ln(1 + ⌊p / context⌋) (Ministral 3).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Growth {
    /// β.
    pub beta: f64,
    /// Positions below this are left as they are.
    pub context: usize,
}

/// How queries, keys and values share a matrix; rows are outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// Three matrices.
    Separate,
    /// All queries, then all keys, then all values.
    Concatenated,
    /// For every key head: its queries, its key, its value (with one query per key head: q, k, v of every head in turn).
    Grouped,
    /// Four parts, each with the queries, then the values, then the keys of a quarter of the heads (CodeGen).
    Quarters,
}

/// Norms of queries and keys before positions enter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum QkNorm {
    /// None.
    None,
    /// One weight of head width for all heads.
    Head(Norm),
    /// One weight of head width for each head, a tensor each (StableLM 2 12B).
    EachHead(Norm),
    /// The same in one tensor of shape (heads, width) (Cohere).
    Rows(Norm),
    /// One norm over all heads together (OLMo 2).
    All(Norm),
}

/// The MLP.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Mlp {
    /// The non-linearity.
    pub activation: Activation,
    /// down(act(gate(x)) · up(x)) instead of down(act(up(x))).
    pub gating: Gating,
    /// Whether its matrices have biases.
    pub bias: bool,
}

/// A mixture of experts; each is a gated MLP without biases.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Experts {
    /// Experts of a layer.
    pub count: usize,
    /// Experts that a token goes to.
    pub chosen: usize,
    /// Width of the inner layer of an expert.
    pub width: usize,
    /// What the outputs of the chosen are multiplied by.
    pub weighing: Weighing,
    /// Width of the inner layer of an MLP of all tokens beside them, which has a gate of its own (Qwen 2 MoE).
    pub shared: Option<usize>,
    /// Per layer: whether it has experts.
    pub layers: Vec<bool>,
}

/// The weights of the chosen experts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weighing {
    /// Their shares in the softmax of all router logits; they add up to less than 1.
    AmongAll,
    /// The softmax of their own logits.
    AmongChosen,
}

/// Whether and how the MLP is gated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gating {
    /// Not gated: two matrices.
    None,
    /// Gate and up are two matrices.
    Separate,
    /// One matrix: gate, then up (Phi-3).
    GateThenUp,
    /// One matrix: up, then gate (StableLM-alpha).
    UpThenGate,
}

/// From residual stream to logits.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Head {
    /// The matrix is the embedding.
    pub tied: bool,
    /// Whether there is a bias.
    pub bias: bool,
    /// A norm precedes it; all but a few OPT models have one.
    pub norm: bool,
    /// cap · tanh(logit / cap) (Gemma 2).
    pub softcap: Option<f64>,
    /// Logits are multiplied by this (Cohere; Granite divides).
    pub scale: Option<f64>,
    /// Rows are scaled to length 1 (Baichuan 2).
    pub unit_rows: bool,
}

impl Growth {
    /// What the query at a position is multiplied by.
    pub(super) fn at(self, position: usize) -> f32 {
        let contexts = (position / self.context.max(1)) as f32;
        1.0 + self.beta as f32 * contexts.ln_1p()
    }
}

impl Config {
    /// Query heads that share a key head.
    pub(super) fn group(&self) -> usize {
        self.heads / self.kv_heads
    }

    /// Whether a tensor of the file may have no gradient: one of an expert that no token went to.
    pub(crate) fn may_rest(&self, tensor: &str) -> bool {
        self.experts.is_some() && tensor.contains(".experts.")
    }

    /// What must hold for every source, so that no later arithmetic divides by zero or overflows.
    pub(super) fn check(&self, path: &Path) -> Result<()> {
        let fail = |problem: String| Err(Error::File { path: path.to_owned(), problem });
        let named = [
            (self.vocab_size, "the vocabulary"),
            (self.hidden_size, "the hidden size"),
            (self.intermediate_size, "the intermediate size"),
            (self.layers, "the number of layers"),
            (self.heads, "the number of heads"),
            (self.kv_heads, "the number of key heads"),
            (self.head_dim, "the width of a head"),
            (self.context, "the context"),
        ];
        for (size, what) in named {
            if size == 0 || size > 1 << 31 {
                return fail(format!("{what} is {size}"));
            }
        }
        if !self.heads.is_multiple_of(self.kv_heads) {
            return fail(format!("{} heads cannot share {} key heads evenly", self.heads, self.kv_heads));
        }
        if self.layers > 100_000
            || self.attention.windows.len() != self.layers
            || self.attention.scales.len() != self.layers
            || self.attention.turned.len() != self.layers
        {
            return fail(format!("{} layers, but settings for {} of them", self.layers, self.attention.windows.len()));
        }
        if let Some(experts) = &self.experts {
            let (count, chosen, width) = (experts.count, experts.chosen, experts.width);
            if chosen > count || count > 1 << 16 || width == 0 || width > 1 << 31 || experts.layers.len() != self.layers
            {
                return fail(format!("a token cannot go to {chosen} of {count} experts of width {width}"));
            }
        }
        if self.attention.packing == Packing::Quarters && (!self.heads.is_multiple_of(4) || self.heads != self.kv_heads)
        {
            return fail(format!("{} heads do not lie in four equal parts", self.heads));
        }
        self.position.check(self.head_dim).or_else(fail)
    }
}
