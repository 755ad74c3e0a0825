//! Dense kinds since 2024: Llama's parts in other orders, with multipliers, or with layers that no position enters.

use super::gpt;
use super::llama::{base, llama, rope_with};
use super::parts::*;
use super::rope::{self, Defaults};
use crate::error::Result;
use crate::lm::architecture::Architecture;
use crate::lm::config::{Config, Gating, Growth, Norm, QkNorm, Residual};
use crate::lm::keys::Keys;
use crate::lm::names;
use crate::lm::ops::Activation;
use crate::lm::position::Position;

/// SmolLM 3: Llama, with layers that no position enters.
pub(super) fn smollm3(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = llama(keys, architecture)?;
    config.position = rope_with(keys, &config, 2_000_000.0, 1.0)?;
    config.head.tied = keys.flag_or("tie_word_embeddings", true)?;
    let interval = keys.size_or(&["no_rope_layer_interval"], 4)?;
    config.attention.turned = match keys.array("no_rope_layers")? {
        None => (0..config.layers).map(|layer| (layer + 1) % interval != 0).collect(),
        Some(list) if list.len() == config.layers => {
            let turned = |value: &serde_json::Value| match (value.as_bool(), value.as_u64()) {
                (Some(turned), _) => Ok(turned),
                (_, Some(number @ 0..=1)) => Ok(number == 1),
                _ => Err(keys.problem("`no_rope_layers` must be a list of 0 and 1".to_owned())),
            };
            list.iter().map(turned).collect::<Result<_>>()?
        }
        Some(list) => {
            let problem = format!("`no_rope_layers` has {} entries for {} layers", list.len(), config.layers);
            return Err(keys.problem(problem));
        }
    };
    let used = keys.flag_or("use_sliding_window", false)?;
    let window = window(keys, "sliding_window", None)?.filter(|_| used);
    let turned = config.attention.turned.clone();
    config.attention.windows = windows(keys, config.layers, window, |layer| window.is_some() && !turned[layer])?;
    // Of Qwen 2, from which the class was made; SmolLM 3 goes by `layer_types`.
    keys.ignore(&["max_window_layers"]);
    Ok(config)
}

/// Granite: Llama with four multipliers.
pub(super) fn granite(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = llama(keys, architecture)?;
    multipliers(keys, &mut config)?;
    Ok(config)
}

/// The four multipliers of the Granite kinds.
pub(super) fn multipliers(keys: &Keys<'_>, config: &mut Config) -> Result<()> {
    let factor = |factor: f64| (factor != 1.0).then_some(factor);
    config.embedding.scale = factor(keys.number_or(&["embedding_multiplier"], 1.0)?);
    config.residual_scale = factor(keys.number_or(&["residual_multiplier"], 1.0)?);
    config.attention.scales.fill(keys.number_or(&["attention_multiplier"], 1.0)?);
    config.head.scale = factor(keys.number_or(&["logits_scaling"], 1.0)?.recip());
    Ok(())
}

/// OLMo 3: OLMo 2 with windows; only layers without one have their rotations scaled.
pub(super) fn olmo3(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = base(keys, architecture)?;
    config.norm.eps = keys.number_or(&["rms_norm_eps"], 1e-5)?;
    config.attention.input_bias = keys.flag_or("attention_bias", false)?;
    config.attention.output_bias = config.attention.input_bias;
    config.attention.qk_norm = QkNorm::All(config.norm);
    config.names = names::OLMO2;
    let window = window(keys, "sliding_window", Some(4096))?;
    config.attention.windows = windows(keys, config.layers, window, |layer| (layer + 1) % 4 != 0)?;
    let defaults = Defaults { theta: OLMO3_THETA, fraction: 1.0, head_dim: config.head_dim, context: config.context };
    let every = rope::read(keys, &defaults, Some("full_attention"))?;
    let windowed = match keys.object("rope_parameters")? {
        Some(_) if keys.has("rope_scaling") => {
            return Err(keys.unsupported("`rope_scaling` beside `rope_parameters`", "one of the two"));
        }
        Some(parameters) if rope::has_sections(&parameters) => rope::read(keys, &defaults, Some("sliding_attention"))?,
        Some(_) => {
            let what = "`rope_parameters` that are not those of each kind of layer";
            return Err(
                keys.unsupported(what, "`rope_parameters.full_attention` and `rope_parameters.sliding_attention`")
            );
        }
        // What `transformers` gives the layers with a window here depends on its version.
        _ if every.theta != OLMO3_THETA => {
            let what = format!("`rope_theta: {}` without `rope_parameters` for each kind of layer", every.theta);
            return Err(keys.unsupported(&what, "500000, and any base inside `rope_parameters.sliding_attention`"));
        }
        _ => rope::unscaled(&every),
    };
    config.position = Position::Rope { every, windowed: Some(windowed) };
    Ok(config)
}

const OLMO3_THETA: f64 = 500_000.0;

/// Seed-OSS: Llama with biases before attention and heads of width 128.
pub(super) fn seed_oss(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = base(keys, architecture)?;
    head_width(keys, &mut config, 128);
    config.position = rope_with(keys, &config, 10_000.0, 1.0)?;
    config.attention.input_bias = keys.flag_or("attention_bias", true)?;
    config.attention.output_bias = keys.flag_or("attention_out_bias", false)?;
    config.mlp.bias = keys.flag_or("mlp_bias", false)?;
    Ok(config)
}

/// Ernie 4.5: Llama whose rotary pairs are neighbours.
pub(super) fn ernie(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = base(keys, architecture)?;
    head_width(keys, &mut config, 128);
    config.norm.eps = keys.number_or(&["rms_norm_eps"], 1e-5)?;
    config.position = interleaved(rope_with(keys, &config, 500_000.0, 1.0)?);
    config.head.tied = keys.flag_or("tie_word_embeddings", true)?;
    let biased = keys.flag_or("use_bias", false)?;
    (config.attention.input_bias, config.attention.output_bias, config.mlp.bias) = (biased, biased, biased);
    keys.only("use_rmsnorm", true)?;
    if keys.number_or(&["compression_ratio"], 1.0)? != 1.0 {
        return Err(keys.unsupported("`compression_ratio` other than 1, which slows the rotations", "1"));
    }
    Ok(config)
}

/// Cohere (Command R): attention and MLP side by side, LayerNorm without bias, neighbours as rotary pairs. Cohere 2 turns
/// only the layers with a window.
pub(super) fn cohere(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = base(keys, architecture)?;
    config.norm = Norm { bias: false, ..layer_norm(keys.number_or(&["layer_norm_eps"], 1e-5)?) };
    config.head.tied = keys.flag_or("tie_word_embeddings", true)?;
    if keys.is_null("logit_scale") {
        return Err(keys.unsupported("`logit_scale: null`", "a number that logits are multiplied by"));
    }
    config.head.scale = Some(keys.number_or(&["logit_scale"], 0.0625)?);
    config.attention.input_bias = keys.flag_or("attention_bias", false)?;
    config.attention.output_bias = config.attention.input_bias;
    config.residual = Residual::Parallel;
    config.names = names::COHERE;
    for name in ["use_parallel_block", "use_gated_activation", "use_embedding_sharing", "use_parallel_embedding"] {
        keys.only(name, true)?;
    }
    if let Some(kind) = keys.text(&["position_embedding_type"])?
        && kind != "rope_gptj"
    {
        return Err(keys.unsupported(&format!("`position_embedding_type: \"{kind}\"`"), "rope_gptj"));
    }
    if architecture == Architecture::Cohere {
        config.position = interleaved(rope_with(keys, &config, 500_000.0, 1.0)?);
        if keys.flag_or("use_qk_norm", false)? {
            config.attention.qk_norm = QkNorm::Rows(config.norm);
        }
        return Ok(config);
    }
    keys.only("use_qk_norm", false)?;
    config.position = interleaved(rope_with(keys, &config, 10_000.0, 1.0)?);
    let pattern = keys.size_or(&["sliding_window_pattern"], 4)?;
    if keys.size_or(&["layer_switch"], pattern)? != pattern {
        return Err(keys.unsupported("`layer_switch` that is not `sliding_window_pattern`", "the same number for both"));
    }
    if let Some(order) = keys.text(&["order_of_interleaved_layers"])?
        && order != "local_attn_first"
    {
        return Err(keys.unsupported(&format!("`order_of_interleaved_layers: \"{order}\"`"), "local_attn_first"));
    }
    let window = window(keys, "sliding_window", Some(4096))?;
    config.attention.windows = windows(keys, config.layers, window, |layer| (layer + 1) % pattern != 0)?;
    config.attention.turned = config.attention.windows.iter().map(Option::is_some).collect();
    Ok(config)
}

/// GLM 4 (9B of 2024) and GLM 4 0414, which has norms after attention and MLP too.
pub(super) fn glm(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = base(keys, architecture)?;
    head_width(keys, &mut config, 128);
    config.norm.eps = keys.number_or(&["rms_norm_eps"], 1.5625e-7)?;
    config.position = interleaved(rope_with(keys, &config, 10_000.0, 0.5)?);
    config.attention.input_bias = keys.flag_or("attention_bias", true)?;
    config.mlp.gating = Gating::GateThenUp;
    config.names = if architecture == Architecture::Glm { names::GLM } else { names::GLM4 };
    Ok(config)
}

/// Exaone 4: norms after attention and MLP only, norms of each query and key; where some layers have windows, positions
/// enter only those.
pub(super) fn exaone4(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = base(keys, architecture)?;
    config.norm.eps = keys.number_or(&["rms_norm_eps"], 1e-5)?;
    config.position = rope_with(keys, &config, 10_000.0, 1.0)?;
    config.attention.qk_norm = QkNorm::Head(config.norm);
    config.names = names::OLMO2;
    let window = window(keys, "sliding_window", Some(4096))?;
    let listed = keys.has("layer_types");
    let pattern = match keys.text(&["sliding_window_pattern"]) {
        // Only a note where every layer is listed, or none has a window.
        _ if listed || window.is_none() => 4,
        Ok(Some(pattern)) => {
            let what = format!("`sliding_window_pattern: \"{pattern}\"` without `layer_types`");
            return Err(keys.unsupported(&what, "`layer_types`, or a number"));
        }
        Ok(None) | Err(_) => keys.size_or(&["sliding_window_pattern"], 4)?,
    };
    config.attention.windows =
        windows(keys, config.layers, window, |layer| window.is_some() && (layer + 1) % pattern != 0)?;
    if window.is_some() {
        config.attention.turned = config.attention.windows.iter().map(Option::is_some).collect();
    }
    Ok(config)
}

/// Ministral 3: Mistral with YaRN, and queries that grow with their position.
pub(super) fn ministral3(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = base(keys, architecture)?;
    head_width(keys, &mut config, 128);
    config.norm.eps = keys.number_or(&["rms_norm_eps"], 1e-5)?;
    let defaults = Defaults { theta: 10_000.0, fraction: 1.0, head_dim: config.head_dim, context: config.context };
    let others = ["llama_4_scaling_beta", "max_position_embeddings"];
    let every = rope::read_beside(keys, &defaults, None, &others)?;
    config.position = Position::Rope { every, windowed: None };
    let Some(inner) = keys.object(if keys.has("rope_scaling") { "rope_scaling" } else { "rope_parameters" })? else {
        return Err(keys.problem("`rope_parameters` is missing".to_owned()));
    };
    config.attention.growth = Some(Growth {
        beta: inner.number(&["llama_4_scaling_beta"])?,
        context: inner.size(&["original_max_position_embeddings"])?,
    });
    let window = window(keys, "sliding_window", None)?;
    config.attention.windows.fill(window);
    // Ministral 3 has one kind of layer, whatever this says.
    if keys.texts("layer_types")?.is_some_and(|kinds| {
        let kind = if window.is_some() { "sliding_attention" } else { "full_attention" };
        kinds.iter().any(|found| *found != kind)
    }) {
        return Err(keys.unsupported("`layer_types` that are not all of one kind", "one kind for all layers"));
    }
    Ok(config)
}

/// StarCoder 2: LayerNorm and biases, an MLP without gate, rotary positions and windows.
pub(super) fn starcoder2(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = gpt::base(keys, architecture, &["intermediate_size"], true)?;
    config.norm.eps = keys.number_or(&["norm_epsilon"], 1e-5)?;
    config.position = rope_with(keys, &config, 10_000.0, 1.0)?;
    config.names = names::STARCODER2;
    if let (Some(one), Some(other)) = (keys.text(&["hidden_act"])?, keys.text(&["activation_function"])?)
        && one != other
    {
        return Err(keys.unsupported(&format!("`activation_function: \"{other}\"` with `hidden_act: \"{one}\"`"), one));
    }
    for (name, only) in [("mlp_type", "default"), ("norm_type", "layer_norm")] {
        if let Some(kind) = keys.text(&[name])?
            && kind != only
        {
            return Err(keys.unsupported(&format!("`{name}: \"{kind}\"`"), only));
        }
    }
    let biased = keys.flag_or("use_bias", true)?;
    (config.attention.input_bias, config.attention.output_bias, config.mlp.bias) = (biased, biased, biased);
    let window = window(keys, "sliding_window", None)?;
    config.attention.windows.fill(window);
    Ok(config)
}

/// Nemotron: LayerNorm whose weights are stored minus one, squared ReLU without gate, half of each head turned.
pub(super) fn nemotron(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = gpt::base(keys, architecture, &["intermediate_size"], false)?;
    config.norm = Norm { offset: 1.0, ..layer_norm(keys.number_or(&["norm_eps"], 1e-5)?) };
    config.mlp.activation = activation(keys, &["hidden_act"], Activation::SquaredRelu)?;
    config.position = rope_with(keys, &config, 10_000.0, 0.5)?;
    config.attention.input_bias = keys.flag_or("attention_bias", false)?;
    config.attention.output_bias = config.attention.input_bias;
    config.mlp.bias = keys.flag_or("mlp_bias", false)?;
    config.names = names::NEMOTRON;
    Ok(config)
}

/// The width of a head where the config does not say it.
pub(super) fn head_width(keys: &Keys<'_>, config: &mut Config, width: usize) {
    if !keys.declares("head_dim") {
        config.head_dim = width;
        config.attention.scales.fill((width as f64).sqrt().recip());
    }
}

/// Neighbours as rotary pairs.
pub(super) fn interleaved(position: Position) -> Position {
    match position {
        Position::Rope { mut every, windowed } => {
            every.interleaved = true;
            Position::Rope { every, windowed }
        }
        other => other,
    }
}
