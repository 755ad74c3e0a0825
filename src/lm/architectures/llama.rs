//! Llama and its descendants.

use super::parts::*;
use super::rope::{self, Defaults};
use crate::error::Result;
use crate::lm::architecture::Architecture;
use crate::lm::config::{Config, Gating, Norm, NormKind, Packing, QkNorm, Residual};
use crate::lm::keys::Keys;
use crate::lm::names;
use crate::lm::ops::Activation;
use crate::lm::position::{Alibi, Position, Rope, Scaling};

/// Llama, and Skywork, which renames nothing but its class.
pub(super) fn llama(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = base(keys, architecture)?;
    config.position = rope(keys, &config, 1.0)?;
    config.attention.input_bias = keys.flag_or("attention_bias", false)?;
    config.attention.output_bias = config.attention.input_bias;
    config.mlp.bias = keys.flag_or("mlp_bias", false)?;
    Ok(config)
}

pub(super) fn mistral(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = base(keys, architecture)?;
    config.position = rope(keys, &config, 1.0)?;
    let window = window(keys, "sliding_window", Some(4096))?;
    config.attention.windows = windows(keys, config.layers, window, |_| window.is_some())?;
    Ok(config)
}

/// Qwen 2 has biases on queries, keys and values; Qwen 3 has norms on queries and keys instead.
pub(super) fn qwen(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = base(keys, architecture)?;
    config.position = rope(keys, &config, 1.0)?;
    if architecture == Architecture::Qwen3 {
        config.attention.input_bias = keys.flag_or("attention_bias", false)?;
        config.attention.output_bias = config.attention.input_bias;
        config.attention.qk_norm = QkNorm::Head(config.norm);
    } else {
        config.attention.input_bias = true;
    }
    keys.only("use_mrope", false)?;
    let used = keys.flag_or("use_sliding_window", false)?;
    let window = window(keys, "sliding_window", Some(4096))?.filter(|_| used);
    let first = keys.count_or("max_window_layers", 28)?;
    config.attention.windows = windows(keys, config.layers, window, |layer| window.is_some() && layer >= first)?;
    Ok(config)
}

/// Gemma: weights of norms are stored minus one, embeddings scaled by √hidden. Gemma 2 adds norms after each part, caps
/// and windows, Gemma 3 norms of queries and keys and a second rotary base in windowed layers.
pub(super) fn gemma(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = base(keys, architecture)?;
    keys.only("use_bidirectional_attention", false)?;
    config.norm.offset = 1.0;
    config.embedding.scale = Some((config.hidden_size as f64).sqrt());
    config.head.tied = keys.flag_or("tie_word_embeddings", true)?;
    config.attention.input_bias = keys.flag_or("attention_bias", false)?;
    config.attention.output_bias = config.attention.input_bias;
    // The first releases wrote `"hidden_act": "gelu"` and meant the tanh form; later ones say so in `hidden_activation`.
    config.mlp.activation = match activation(keys, &["hidden_activation", "hidden_act"], Activation::GeluTanh)? {
        Activation::Gelu if architecture == Architecture::Gemma => Activation::GeluTanh,
        other => other,
    };
    if architecture == Architecture::Gemma {
        config.position = rope(keys, &config, 1.0)?;
        return Ok(config);
    }
    config.names = names::GEMMA2;
    let cap = softcap(keys, "attn_logit_softcapping", architecture, 50.0)?;
    // Gemma 3 keeps the key of its predecessor's config, but its scores are not capped whatever it says.
    config.attention.softcap = cap.filter(|_| architecture == Architecture::Gemma2);
    config.head.softcap = softcap(keys, "final_logit_softcapping", architecture, 30.0)?;
    config.attention.scales = vec![keys.number_or(&["query_pre_attn_scalar"], 256.0)?.sqrt().recip(); config.layers];
    let window = window(keys, "sliding_window", Some(4096))?;
    keys.ignore(&["sliding_window_size"]);
    if architecture == Architecture::Gemma2 {
        config.attention.windows = windows(keys, config.layers, window, |layer| layer % 2 == 0)?;
        config.position = rope(keys, &config, 1.0)?;
        return Ok(config);
    }
    let pattern = keys.size_or(&["sliding_window_pattern", "_sliding_window_pattern"], 6)?;
    config.attention.windows = windows(keys, config.layers, window, |layer| (layer + 1) % pattern != 0)?;
    config.attention.qk_norm = QkNorm::Head(config.norm);
    let context = config.context;
    let of = |theta| Defaults { theta, fraction: 1.0, head_dim: config.head_dim, context };
    let every = rope::read(keys, &of(1_000_000.0), Some("full_attention"))?;
    let local = keys.number_or(&["rope_local_base_freq"], 10_000.0)?;
    let nested = match keys.object("rope_parameters")? {
        Some(parameters) if !keys.has("rope_scaling") => parameters.has("sliding_attention"),
        _ => false,
    };
    let windowed = if nested {
        rope::read(keys, &of(local), Some("sliding_attention"))?
    } else {
        Rope { theta: local, dims: config.head_dim, interleaved: false, scaling: Scaling::None }
    };
    config.position = Position::Rope { every, windowed: Some(windowed) };
    Ok(config)
}

/// OLMo has LayerNorm without weights and clamps queries, keys and values; OLMo 2 has RMS norms after each part and over
/// all queries and all keys.
pub(super) fn olmo(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = base(keys, architecture)?;
    config.position = rope(keys, &config, 1.0)?;
    config.attention.input_bias = keys.flag_or("attention_bias", false)?;
    config.attention.output_bias = config.attention.input_bias;
    if architecture == Architecture::Olmo {
        config.norm = Norm { kind: NormKind::Layer, eps: 1e-5, offset: 0.0, weight: false, bias: false };
        config.attention.clip = keys.optional_number(&["clip_qkv"])?;
    } else {
        config.norm.eps = keys.number_or(&["rms_norm_eps"], 1e-5)?;
        config.attention.qk_norm = QkNorm::All(config.norm);
        config.names = names::OLMO2;
    }
    Ok(config)
}

pub(super) fn stablelm(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = base(keys, architecture)?;
    config.position = rope(keys, &config, 0.25)?;
    config.norm = layer_norm(keys.number_or(&["layer_norm_eps", "norm_eps"], 1e-5)?);
    config.names = names::STABLELM;
    config.attention.input_bias = keys.flag_or("use_qkv_bias", false)?;
    if keys.flag_or("qk_layernorm", false)? {
        config.attention.qk_norm = QkNorm::EachHead(Norm { bias: false, ..config.norm });
    }
    if keys.flag_or("use_parallel_residual", false)? {
        config.residual = Residual::Parallel;
        config.names = names::STABLELM_PARALLEL;
    }
    Ok(config)
}

/// The second version: a parallel residual with one norm, q, k and v of each head in turn, up before gate.
pub(super) fn stablelm_alpha(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let sizes = Sizes::read(keys)?;
    // The config does not say; the original rounds 8/3 of the hidden size up to a multiple of 256.
    let implied = (8 * sizes.hidden / 3).next_multiple_of(256);
    let intermediate = keys.size_or(&["intermediate_size"], implied)?;
    let norm = layer_norm(keys.number_or(&["norm_eps", "layer_norm_eps"], 1e-5)?);
    let activation = activation(keys, &["hidden_act"], Activation::Silu)?;
    let mut config = sizes.config(architecture, intermediate, norm, activation);
    config.position = rope(keys, &config, 0.25)?;
    config.head.tied = keys.flag_or("tie_word_embeddings", false)?;
    config.residual = Residual::Parallel;
    config.attention.packing = Packing::Grouped;
    config.mlp.gating = Gating::UpThenGate;
    config.names = names::STABLELM_ALPHA;
    Ok(config)
}

pub(super) fn phi3(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = base(keys, architecture)?;
    config.norm.eps = keys.number_or(&["rms_norm_eps"], 1e-5)?;
    config.position = rope(keys, &config, 1.0)?;
    keys.ignore(&["original_max_position_embeddings"]);
    keys.only("attention_bias", false)?;
    keys.only("mlp_bias", false)?;
    // Phi-4-mini writes these, always in these positions.
    keys.only("lm_head_bias", false)?;
    for name in ["full_attn_mod", "interpolate_factor"] {
        if keys.size_or(&[name], 1)? != 1 {
            return Err(keys.unsupported(&format!("`{name}` other than 1"), "1"));
        }
    }
    let window = window(keys, "sliding_window", None)?;
    config.attention.windows = windows(keys, config.layers, window, |_| window.is_some())?;
    config.attention.packing = Packing::Concatenated;
    config.mlp.gating = Gating::GateThenUp;
    config.names = names::PHI3;
    Ok(config)
}

/// The 7B models are rotary and say `max_position_embeddings`; the 13B models use ALiBi and say only
/// `model_max_length`. Baichuan 2 scales the rows of its head to length 1; its configs have `z_loss_weight`, and its
/// vocabulary has 125,696 tokens.
pub(super) fn baichuan(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = base(keys, architecture)?;
    let alibi = match keys.text(&["position_embedding"])? {
        Some(kind) if kind.eq_ignore_ascii_case("alibi") => true,
        Some(kind) if kind.eq_ignore_ascii_case("rope") => false,
        Some(kind) => return Err(keys.unsupported(&format!("`position_embedding: \"{kind}\"`"), "ROPE, ALIBI")),
        None => !keys.has("max_position_embeddings"),
    };
    config.position = if alibi { Position::Alibi(Alibi { falcon: false }) } else { rope(keys, &config, 1.0)? };
    keys.ignore(&["z_loss_weight"]);
    config.head.unit_rows = keys.declares("z_loss_weight") || config.vocab_size == 125_696;
    config.attention.packing = Packing::Concatenated;
    config.names = names::BAICHUAN;
    Ok(config)
}

pub(super) fn internlm(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = base(keys, architecture)?;
    config.position = match keys.object("rotary")? {
        None => rope(keys, &config, 1.0)?,
        Some(rotary) => {
            let theta = rotary.number_or(&["base"], 10_000.0)?;
            let scaling = match rotary.text(&["type"])?.unwrap_or("dynamic") {
                "origin" => Scaling::None,
                "dynamic" => Scaling::Dynamic { context: config.context },
                other => return Err(keys.unsupported(&format!("`rotary.type: \"{other}\"`"), "origin, dynamic")),
            };
            rotary.ignore(&["scaling_factor"]);
            rotary.finish("rotary settings")?;
            let every = Rope { theta, dims: config.head_dim, interleaved: false, scaling };
            Position::Rope { every, windowed: None }
        }
    };
    config.attention.input_bias = keys.flag_or("bias", true)?;
    config.attention.output_bias = config.attention.input_bias;
    Ok(config)
}

pub(super) fn internlm2(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = base(keys, architecture)?;
    config.position = rope(keys, &config, 1.0)?;
    config.attention.input_bias = keys.flag_or("bias", true)?;
    config.attention.output_bias = config.attention.input_bias;
    config.attention.packing = Packing::Grouped;
    config.names = names::INTERNLM2;
    Ok(config)
}

pub(super) fn base(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let sizes = Sizes::read(keys)?;
    let intermediate = keys.size(&["intermediate_size"])?;
    let norm = rms(keys.number_or(&["rms_norm_eps"], 1e-6)?);
    let activation = activation(keys, &["hidden_act"], Activation::Silu)?;
    let mut config = sizes.config(architecture, intermediate, norm, activation);
    config.head.tied = keys.flag_or("tie_word_embeddings", false)?;
    Ok(config)
}

fn rope(keys: &Keys<'_>, config: &Config, fraction: f64) -> Result<Position> {
    rope_with(keys, config, 10_000.0, fraction)
}

pub(super) fn rope_with(keys: &Keys<'_>, config: &Config, theta: f64, fraction: f64) -> Result<Position> {
    let defaults = Defaults { theta, fraction, head_dim: config.head_dim, context: config.context };
    Ok(Position::Rope { every: rope::read(keys, &defaults, None)?, windowed: None })
}

/// Gemma 2 has a default for its caps, Gemma 3 has none; `null` switches them off in both.
fn softcap<'a>(keys: &Keys<'a>, name: &'a str, architecture: Architecture, default: f64) -> Result<Option<f64>> {
    let implied = (architecture == Architecture::Gemma2 && !keys.is_null(name)).then_some(default);
    Ok(keys.optional_number(&[name])?.or(implied))
}
