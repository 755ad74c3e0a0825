//! Mixtures of experts: the attention of a dense kind, and experts in some or all layers.

use super::llama::{base, llama, rope_with};
use super::parts::*;
use super::recent::multipliers;
use crate::error::Result;
use crate::lm::architecture::Architecture;
use crate::lm::config::{Config, Experts, QkNorm, Weighing};
use crate::lm::keys::Keys;
use crate::lm::names;

pub(super) fn mixtral(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = base(keys, architecture)?;
    config.norm.eps = keys.number_or(&["rms_norm_eps"], 1e-5)?;
    config.position = rope_with(keys, &config, 1_000_000.0, 1.0)?;
    let window = window(keys, "sliding_window", None)?;
    config.attention.windows.fill(window);
    let count = keys.size_or(&["num_local_experts"], 8)?;
    let chosen = keys.size_or(&["num_experts_per_tok"], 2)?;
    config.experts = Some(everywhere(&config, count, chosen, Weighing::AmongChosen));
    config.names = names::MIXTRAL;
    training_only(keys);
    Ok(config)
}

/// Qwen 2 MoE has an MLP of all tokens beside the experts, Qwen 3 MoE has norms on queries and keys.
pub(super) fn qwen_moe(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = base(keys, architecture)?;
    config.position = rope_with(keys, &config, 10_000.0, 1.0)?;
    keys.only("use_sliding_window", false)?;
    // Without the switch these say nothing, and a listed layer with a window is refused.
    keys.ignore(&["sliding_window", "max_window_layers"]);
    config.attention.windows = windows(keys, config.layers, None, |_| false)?;
    let second = architecture == Architecture::Qwen2Moe;
    let (count, chosen, width) = if second { (60, 4, 1408) } else { (128, 8, 768) };
    let shared = if second { Some(keys.size_or(&["shared_expert_intermediate_size"], 5632)?) } else { None };
    let step = keys.size_or(&["decoder_sparse_step"], 1)?;
    let mut dense = Vec::new();
    for value in keys.array("mlp_only_layers")?.unwrap_or_default() {
        let Some(layer) = value.as_u64() else {
            return Err(keys.problem("`mlp_only_layers` must be a list of layers".to_owned()));
        };
        dense.push(layer as usize);
    }
    config.experts = Some(Experts {
        count: keys.size_or(&["num_experts", "num_local_experts"], count)?,
        chosen: keys.size_or(&["num_experts_per_tok"], chosen)?,
        width: keys.size_or(&["moe_intermediate_size"], width)?,
        weighing: weighing(keys)?,
        shared,
        layers: (0..config.layers).map(|layer| (layer + 1) % step == 0 && !dense.contains(&layer)).collect(),
    });
    if second {
        config.attention.input_bias = keys.flag_or("qkv_bias", true)?;
    } else {
        config.attention.input_bias = keys.flag_or("attention_bias", false)?;
        config.attention.output_bias = config.attention.input_bias;
        config.attention.qk_norm = QkNorm::Head(config.norm);
    }
    config.names = names::MIXTURE;
    training_only(keys);
    Ok(config)
}

/// OLMoE: norms over all queries and all keys, which are clamped after them.
pub(super) fn olmoe(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = base(keys, architecture)?;
    config.norm.eps = keys.number_or(&["rms_norm_eps"], 1e-5)?;
    config.position = rope_with(keys, &config, 10_000.0, 1.0)?;
    config.attention.input_bias = keys.flag_or("attention_bias", false)?;
    config.attention.output_bias = config.attention.input_bias;
    config.attention.qk_norm = QkNorm::All(config.norm);
    config.attention.clip = keys.optional_number(&["clip_qkv"])?;
    let count = keys.size_or(&["num_experts", "num_local_experts"], 64)?;
    let chosen = keys.size_or(&["num_experts_per_tok"], 8)?;
    config.experts = Some(everywhere(&config, count, chosen, weighing(keys)?));
    config.names = names::MIXTURE;
    training_only(keys);
    Ok(config)
}

/// Granite MoE: Granite with all experts of a layer in two tensors.
pub(super) fn granite_moe(keys: &Keys<'_>, architecture: Architecture) -> Result<Config> {
    let mut config = llama(keys, architecture)?;
    keys.only("mlp_bias", false)?;
    multipliers(keys, &mut config)?;
    let count = keys.size_or(&["num_local_experts"], 8)?;
    let chosen = keys.size_or(&["num_experts_per_tok"], 2)?;
    config.experts = Some(everywhere(&config, count, chosen, Weighing::AmongChosen));
    config.names = names::GRANITE_MOE;
    training_only(keys);
    Ok(config)
}

/// Experts in every layer, as wide as the config says of an MLP.
fn everywhere(config: &Config, count: usize, chosen: usize, weighing: Weighing) -> Experts {
    let (width, layers) = (config.intermediate_size, vec![true; config.layers]);
    Experts { count, chosen, width, weighing, shared: None, layers }
}

fn weighing(keys: &Keys<'_>) -> Result<Weighing> {
    Ok(if keys.flag_or("norm_topk_prob", false)? { Weighing::AmongChosen } else { Weighing::AmongAll })
}

/// A second loss that keeps experts evenly busy, and noise: nothing that changes a logit.
fn training_only(keys: &Keys<'_>) {
    keys.ignore(&["output_router_logits", "router_aux_loss_coef", "router_jitter_noise"]);
}
