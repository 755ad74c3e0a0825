//! GPT-2 and its descendants: LayerNorm, MLPs without gate, and every kind of position.

use super::parts::*;
use super::rope::{self, Defaults};
use crate::error::Result;
use crate::lm::architecture::Architecture;
use crate::lm::config::{Config, Gating, Norm, Packing, QkNorm, Residual};
use crate::lm::keys::Keys;
use crate::lm::names;
use crate::lm::ops::Activation;
use crate::lm::position::{Alibi, Position, Rope, Scaling};

pub(super) fn gpt2(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = base(keys, architecture, &["n_inner"], true)?;
    config.position = Position::Learned { offset: 0 };
    config.stored_transposed = true;
    with_biases(&mut config);
    config.attention.packing = Packing::Concatenated;
    config.names = names::GPT2;
    if !keys.flag_or("scale_attn_weights", true)? {
        config.attention.scales.fill(1.0);
    }
    if keys.flag_or("scale_attn_by_inverse_layer_idx", false)? {
        for (layer, scale) in config.attention.scales.iter_mut().enumerate() {
            *scale /= (layer + 1) as f64;
        }
    }
    // Only the order of rounding: the numbers agree in single precision.
    keys.ignore(&["reorder_and_upcast_attn"]);
    keys.ignore(SUMMARY);
    Ok(config)
}

pub(super) fn gpt_neo(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = base(keys, architecture, &["intermediate_size"], true)?;
    config.position = Position::Learned { offset: 0 };
    with_biases(&mut config);
    config.attention.input_bias = false;
    config.attention.scales.fill(1.0);
    config.names = names::GPT_NEO;
    let window = keys.size_or(&["window_size"], 256)?;
    config.attention.windows = gpt_neo_layers(keys, config.layers)?
        .into_iter()
        .map(|kind| match kind {
            "global" => Ok(None),
            "local" => Ok(Some(window)),
            other => Err(keys.unsupported(&format!("the layer type \"{other}\""), "global, local")),
        })
        .collect::<Result<_>>()?;
    keys.ignore(SUMMARY);
    Ok(config)
}

/// The type of every layer, from `attention_types` or its unrolled form `attention_layers`.
fn gpt_neo_layers<'a>(keys: &Keys<'a>, layers: usize) -> Result<Vec<&'a str>> {
    let wrong = |text: &str| keys.problem(format!("`attention_types` {text}"));
    let unrolled = keys.texts("attention_layers")?;
    let kinds = match keys.array("attention_types")? {
        None => unrolled.unwrap_or_else(|| ["global", "local"].into_iter().cycle().take(layers).collect()),
        Some(groups) => {
            let mut kinds = Vec::new();
            for group in groups {
                let (names, times) = repeated(group).ok_or_else(|| wrong("must be a list of [[types], times]"))?;
                if times.saturating_mul(names.len()) > MOST_LAYERS {
                    return Err(wrong("unrolls to too many layers"));
                }
                kinds.extend(names.iter().copied().cycle().take(times * names.len()));
            }
            kinds
        }
    };
    match kinds.len() == layers {
        true => Ok(kinds),
        false => Err(wrong(&format!("unrolls to {} layers of {layers}", kinds.len()))),
    }
}

/// One norm for attention and MLP, neighbouring dimensions turned as pairs, a bias on the head.
pub(super) fn gptj(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = base(keys, architecture, &["n_inner"], false)?;
    if keys.is_null("rotary_dim") {
        return Err(keys.unsupported("`rotary_dim: null`", "a number of dimensions"));
    }
    keys.only("rotary", true)?;
    keys.only("scale_attn_weights", true)?;
    keys.ignore(SUMMARY);
    let dims = keys.size_or(&["rotary_dim"], 64)?;
    let every = Rope { theta: 10_000.0, dims, interleaved: true, scaling: Scaling::None };
    config.position = Position::Rope { every, windowed: None };
    config.residual = Residual::Parallel;
    config.mlp.bias = true;
    config.head.bias = true;
    config.names = names::GPTJ;
    Ok(config)
}

pub(super) fn gpt_neox(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = base(keys, architecture, &["intermediate_size"], false)?;
    config.position = rope(keys, &config, 0.25)?;
    with_biases(&mut config);
    config.attention.input_bias = keys.flag_or("attention_bias", true)?;
    config.attention.output_bias = config.attention.input_bias;
    config.attention.packing = Packing::Grouped;
    config.names = names::GPT_NEOX;
    if keys.flag_or("use_parallel_residual", true)? {
        config.residual = Residual::Parallel;
    }
    Ok(config)
}

pub(super) fn opt(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = base(keys, architecture, &["ffn_dim"], true)?;
    config.position = Position::Learned { offset: 2 };
    config.norm.eps = 1e-5;
    config.norm.weight = keys.flag_or("layer_norm_elementwise_affine", true)?;
    config.norm.bias = config.norm.weight;
    with_biases(&mut config);
    let biased = keys.flag_or("enable_bias", true)?;
    (config.attention.input_bias, config.attention.output_bias, config.mlp.bias) = (biased, biased, biased);
    let before = keys.flag_or("do_layer_norm_before", true)?;
    if !before {
        config.residual = Residual::NormAfterAdding;
    }
    let removed = keys.flag_or("_remove_final_layer_norm", false)?;
    config.head.norm = before && !removed;
    let width = keys.size_or(&["word_embed_proj_dim"], config.hidden_size)?;
    config.embedding.projected_from = (width != config.hidden_size).then_some(width);
    config.names = names::OPT;
    Ok(config)
}

pub(super) fn falcon(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = base(keys, architecture, &["ffn_hidden_size"], true)?;
    let new = keys.flag_or("new_decoder_architecture", false)?;
    let single = keys.flag_or("multi_query", true)?;
    let parallel = keys.flag_or("parallel_attn", true)?;
    let norms = keys.size_or(&["num_ln_in_parallel_attn"], if new { 2 } else { 1 })?;
    keys.ignore(&["ff_factor", "apply_residual_connection_post_layernorm"]);
    keys.only("apply_residual_connection_post_layernorm", false)?;
    (config.attention.packing, config.kv_heads) = match (new, single) {
        (true, _) => (Packing::Grouped, config.kv_heads),
        (false, true) => (Packing::Concatenated, 1),
        (false, false) => (Packing::Grouped, config.heads),
    };
    (config.residual, config.names) = match (new, parallel, norms) {
        (false, false, _) => (Residual::Sequential, names::FALCON),
        (_, true, 1) => (Residual::Parallel, names::FALCON_PARALLEL),
        (true, true, 2) => (Residual::Parallel, names::FALCON_TWO_NORMS),
        _ => {
            let what = format!(
                "`num_ln_in_parallel_attn: {norms}` with `parallel_attn: {parallel}` and `new_decoder_architecture: {new}`"
            );
            return Err(keys.unsupported(&what, "1, and 2 in the new parallel architecture"));
        }
    };
    config.position = match keys.flag_or("alibi", false)? {
        true => {
            keys.ignore(&["rope_parameters", "rope_theta", "rope_scaling"]);
            Position::Alibi(Alibi { falcon: true })
        }
        false => rope(keys, &config, 1.0)?,
    };
    let biased = keys.flag_or("bias", false)?;
    (config.attention.input_bias, config.attention.output_bias, config.mlp.bias) = (biased, biased, biased);
    Ok(config)
}

pub(super) fn bloom(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = base(keys, architecture, &[], true)?;
    config.position = Position::Alibi(Alibi { falcon: false });
    config.mlp.activation = Activation::GeluTanh;
    with_biases(&mut config);
    config.embedding.norm = true;
    config.attention.packing = Packing::Grouped;
    config.names = names::BLOOM;
    if keys.flag_or("apply_residual_connection_post_layernorm", false)? {
        config.residual = Residual::FromNormed;
    }
    // With both, `transformers` adds up the slices of training and leaves out the biases of the outputs.
    if keys.flag_or("slow_but_exact", false)? && keys.size_or(&["pretraining_tp"], 1)? > 1 {
        return Err(keys.unsupported("`slow_but_exact: true` with `pretraining_tp` above 1", "false"));
    }
    // These change only how sums were split in training.
    keys.ignore(&["skip_bias_add", "skip_bias_add_qkv", "offset_alibi", "masked_softmax_fusion"]);
    keys.ignore(&["bias_dropout_fusion", "attention_softmax_in_fp32", "unk_token_id"]);
    Ok(config)
}

pub(super) fn phi(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = base(keys, architecture, &["intermediate_size"], false)?;
    config.position = rope(keys, &config, 0.5)?;
    with_biases(&mut config);
    config.head.bias = true;
    config.residual = Residual::Parallel;
    config.names = names::PHI;
    if keys.flag_or("qk_layernorm", false)? {
        config.attention.qk_norm = QkNorm::Head(config.norm);
    }
    Ok(config)
}

/// CodeGen: the same, with queries, values and keys of each quarter of the heads in one matrix.
pub(super) fn codegen(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = gptj(keys, architecture)?;
    config.attention.packing = Packing::Quarters;
    config.names = names::CODEGEN;
    Ok(config)
}

/// MPT: ALiBi, and no biases at all.
pub(super) fn mpt(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let sizes = Sizes::read(keys)?;
    let intermediate = keys.size_or(&["expansion_ratio"], 4)?.saturating_mul(sizes.hidden);
    let norm = Norm { bias: false, ..layer_norm(keys.number_or(&["layer_norm_epsilon"], 1e-5)?) };
    let mut config = sizes.config(architecture, intermediate, norm, Activation::Gelu);
    config.mlp.gating = Gating::None;
    config.head.tied = keys.flag_or("tie_word_embeddings", true)?;
    config.position = Position::Alibi(Alibi { falcon: false });
    config.attention.packing = Packing::Concatenated;
    config.names = names::MPT;
    keys.only("no_bias", true)?;
    if let Some(kind) = keys.text(&["norm_type"])?
        && !matches!(kind, "low_precision_layernorm" | "layernorm")
    {
        return Err(keys.unsupported(&format!("`norm_type: \"{kind}\"`"), "low_precision_layernorm, layernorm"));
    }
    if keys.has("logit_scale") {
        return Err(keys.unsupported("`logit_scale`, which multiplies logits", "null"));
    }
    // Where positions are a bias on scores there is no table, and the fraction changes gradients of training only.
    keys.ignore(&["learned_pos_emb", "embedding_fraction", "init_device", "init_config", "verbose", "fc_type"]);
    keys.ignore(&["emb_pdrop"]);
    if let Some(inner) = keys.object("attn_config")? {
        inner.only("alibi", true)?;
        for name in ["prefix_lm", "qk_ln", "attn_uses_sequence_id", "is_encoder_decoder", "add_cross_attention"] {
            inner.only(name, false)?;
        }
        if inner.number_or(&["alibi_bias_max"], 8.0)? != 8.0 {
            return Err(keys.unsupported("`attn_config.alibi_bias_max` other than 8", "8"));
        }
        if let Some(kind) = inner.text(&["attn_type"])?
            && kind != "multihead_attention"
        {
            return Err(keys.unsupported(&format!("`attn_config.attn_type: \"{kind}\"`"), "multihead_attention"));
        }
        config.attention.clip = inner.optional_number(&["clip_qkv"])?;
        if let Some(scale) = inner.optional_number(&["softmax_scale"])? {
            config.attention.scales.fill(scale);
        }
        // How it was computed, and dropout.
        inner.ignore(&["attn_impl", "attn_pdrop"]);
        inner.finish_part("MPT")?;
    }
    Ok(config)
}

pub(super) fn base<'a>(keys: &Keys<'a>, architecture: Architecture, inner: &[&'a str], tied: bool) -> Result<Config> {
    let sizes = Sizes::read(keys)?;
    let intermediate = keys.size_or(inner, 4 * sizes.hidden)?;
    let norm = layer_norm(keys.number_or(&["layer_norm_eps", "layer_norm_epsilon"], 1e-5)?);
    let default = match architecture {
        Architecture::Opt => Activation::Relu,
        Architecture::GptNeoX | Architecture::Falcon => Activation::Gelu,
        _ => Activation::GeluTanh,
    };
    let activation = activation(keys, &["hidden_act", "activation_function", "activation"], default)?;
    let mut config = sizes.config(architecture, intermediate, norm, activation);
    config.mlp.gating = Gating::None;
    config.head.tied = keys.flag_or("tie_word_embeddings", tied)?;
    Ok(config)
}

fn with_biases(config: &mut Config) {
    (config.attention.input_bias, config.attention.output_bias, config.mlp.bias) = (true, true, true);
}

fn rope(keys: &Keys<'_>, config: &Config, fraction: f64) -> Result<Position> {
    let defaults = Defaults { theta: 10_000.0, fraction, head_dim: config.head_dim, context: config.context };
    Ok(Position::Rope { every: rope::read(keys, &defaults, None)?, windowed: None })
}

/// Of the classification heads that the same config classes serve, and of the first tokenizers.
const SUMMARY: &[&str] = &[
    "n_special",
    "predict_special_tokens",
    "summary_activation",
    "summary_first_dropout",
    "summary_proj_to_labels",
    "summary_type",
    "summary_use_proj",
];
