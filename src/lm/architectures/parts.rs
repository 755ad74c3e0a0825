//! What the readers of several kinds share: sizes, norms, activations and windows.

use serde_json::Value;

use crate::error::Result;
use crate::lm::architecture::Architecture;
use crate::lm::config::{Attention, Config, Embedding, Gating, Head, Mlp, Norm, NormKind, Packing, QkNorm, Residual};
use crate::lm::keys::Keys;
use crate::lm::names;
use crate::lm::ops::Activation;
use crate::lm::position::{Position, Rope, Scaling};

/// The sizes that every config has, under all the names they go by.
pub(super) struct Sizes {
    pub vocab: usize,
    pub hidden: usize,
    pub layers: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub head_dim: usize,
    pub context: usize,
}

/// No published model has more. Keeps lists with one entry per layer small, even if a config claims more layers.
pub(super) const MOST_LAYERS: usize = 10_000;

impl Sizes {
    pub(crate) fn read(keys: &Keys<'_>) -> Result<Self> {
        let hidden = keys.size(&["hidden_size", "n_embd", "n_embed", "d_model"])?;
        let heads = keys.size(&["num_attention_heads", "n_head", "num_heads", "n_heads"])?;
        let layers = keys.size(&["num_hidden_layers", "n_layer", "num_layers", "n_layers"])?;
        if layers > MOST_LAYERS {
            return Err(keys.problem(format!("{layers} layers are more than {MOST_LAYERS}")));
        }
        let kv_heads = keys.size_or(&["num_key_value_heads", "num_kv_heads", "n_head_kv"], heads)?;
        let head_dim = match keys.optional_size(&["head_dim"])? {
            Some(width) => width,
            None if hidden.is_multiple_of(heads) => hidden / heads,
            None => return Err(keys.problem(format!("a hidden size of {hidden} does not divide into {heads} heads"))),
        };
        let names = &[
            "max_position_embeddings",
            "n_positions",
            "n_ctx",
            "max_sequence_length",
            "model_max_length",
            "seq_length",
            "max_seq_len",
        ];
        let context = keys.size_or(names, 2048)?;
        Ok(Self { vocab: keys.size(&["vocab_size"])?, hidden, layers, heads, kv_heads, head_dim, context })
    }

    /// Llama's switches; what differs is changed afterwards.
    pub(crate) fn config(
        self,
        architecture: Architecture,
        intermediate: usize,
        norm: Norm,
        activation: Activation,
    ) -> Config {
        Config {
            architecture,
            vocab_size: self.vocab,
            hidden_size: self.hidden,
            intermediate_size: intermediate,
            layers: self.layers,
            heads: self.heads,
            kv_heads: self.kv_heads,
            head_dim: self.head_dim,
            context: self.context,
            embedding: Embedding::default(),
            position: Position::Rope {
                every: Rope { theta: 10_000.0, dims: self.head_dim, interleaved: false, scaling: Scaling::None },
                windowed: None,
            },
            norm,
            residual: Residual::Sequential,
            residual_scale: None,
            attention: Attention {
                packing: Packing::Separate,
                input_bias: false,
                output_bias: false,
                qk_norm: QkNorm::None,
                clip: None,
                scales: vec![(self.head_dim as f64).sqrt().recip(); self.layers],
                softcap: None,
                windows: vec![None; self.layers],
                turned: vec![true; self.layers],
                growth: None,
            },
            mlp: Mlp { activation, gating: Gating::Separate, bias: false },
            experts: None,
            head: Head { tied: false, bias: false, norm: true, softcap: None, scale: None, unit_rows: false },
            stored_transposed: false,
            stored_dtype: None,
            names: names::LLAMA,
        }
    }
}

pub(super) fn rms(eps: f64) -> Norm {
    Norm { kind: NormKind::Rms, eps, offset: 0.0, weight: true, bias: false }
}

pub(super) fn layer_norm(eps: f64) -> Norm {
    Norm { kind: NormKind::Layer, eps, offset: 0.0, weight: true, bias: true }
}

pub(super) fn activation<'a>(keys: &Keys<'a>, names: &[&'a str], default: Activation) -> Result<Activation> {
    match keys.text(names)? {
        None => Ok(default),
        Some(name) => Activation::named(name)
            .ok_or_else(|| keys.unsupported(&format!("the activation \"{name}\""), &Activation::names())),
    }
}

/// The window of each layer from `layer_types`, or from `pattern` where the config has none.
pub(super) fn windows<'a>(
    keys: &Keys<'a>,
    layers: usize,
    window: Option<usize>,
    pattern: impl Fn(usize) -> bool,
) -> Result<Vec<Option<usize>>> {
    let windowed = |name: &str| match name {
        "sliding_attention" => Ok(true),
        "full_attention" => Ok(false),
        other => Err(keys.unsupported(&format!("the layer type \"{other}\""), "sliding_attention, full_attention")),
    };
    let chosen: Vec<bool> = match keys.texts("layer_types")? {
        None => (0..layers).map(pattern).collect(),
        Some(names) if names.len() == layers => names.into_iter().map(windowed).collect::<Result<_>>()?,
        Some(names) => {
            return Err(keys.problem(format!("`layer_types` has {} entries for {layers} layers", names.len())));
        }
    };
    match window {
        None if chosen.contains(&true) => Err(keys.problem("`sliding_window` is missing".to_owned())),
        _ => Ok(chosen.into_iter().map(|chosen| window.filter(|_| chosen)).collect()),
    }
}

/// A key that may be `null` to switch the window off, and has `default` where it is missing.
pub(super) fn window<'a>(keys: &Keys<'a>, name: &'a str, default: Option<usize>) -> Result<Option<usize>> {
    if keys.is_null(name) {
        keys.ignore(&[name]);
        return Ok(None);
    }
    Ok(keys.optional_size(&[name])?.or(default))
}

/// GPT-Neo writes `[[["global", "local"], 12]]`.
pub(super) fn repeated(value: &Value) -> Option<(Vec<&str>, usize)> {
    let [kinds, times] = value.as_array()?.as_slice() else { return None };
    let kinds = kinds.as_array()?.iter().map(Value::as_str).collect::<Option<Vec<_>>>()?;
    Some((kinds, usize::try_from(times.as_u64()?).ok()?))
}
