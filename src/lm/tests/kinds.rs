//! What the fixtures of the kinds of today do not show by themselves: other names of the same tensors, and other spellings
//! of the same config.

use std::collections::HashMap;

use candle_core::{DType, Device, Tensor};
use serde_json::json;

use crate::lm::{Architecture, Config, Decoder, Feed, Weights};
use crate::support::{Outcome, fixture};

type Tensors = HashMap<String, Tensor>;

/// The same numbers in products of another shape.
const ROUNDING: f32 = 1e-5;

fn loaded(name: &str) -> crate::Result<(Config, Tensors)> {
    let folder = fixture("kinds").join(name);
    Ok((Config::read(&folder)?, Weights::open(&folder, &Device::Cpu, DType::F32)?.all()?))
}

fn logits(config: &Config, tensors: &Tensors) -> crate::Result<Tensor> {
    let decoder = Decoder::new(config.clone(), &Weights::from_tensors(tensors, &Device::Cpu, DType::F32))?;
    let tokens: Vec<u32> = (3..21).collect();
    decoder.logits(&decoder.extend(&mut [Feed { tokens: &tokens, cache: None }])?)
}

/// Puts the experts of every layer into two tensors, gate above up.
fn joined(config: &Config, mut tensors: Tensors) -> Result<Tensors, Box<dyn std::error::Error>> {
    let experts = config.experts.clone().ok_or("no experts")?;
    for layer in (0..config.layers).filter(|layer| experts.layers[*layer]) {
        let [gate, up, down] = config.names.experts.single[0].map(|name| name.replace("{}", &layer.to_string()));
        let (mut inner, mut outer) = (Vec::new(), Vec::new());
        for expert in 0..experts.count {
            let mut take = |name: &str| {
                let name = format!("{}.weight", name.replace("{e}", &expert.to_string()));
                tensors.remove(&name).ok_or(name)
            };
            inner.push(Tensor::cat(&[take(&gate)?, take(&up)?], 0)?);
            outer.push(take(&down)?);
        }
        let place = format!("model.layers.{layer}.mlp");
        tensors.insert(format!("{place}.experts.gate_up_proj"), Tensor::stack(&inner, 0)?);
        tensors.insert(format!("{place}.experts.down_proj"), Tensor::stack(&outer, 0)?);
        if let Some(router) = tensors.remove(&format!("model.layers.{layer}.block_sparse_moe.gate.weight")) {
            tensors.insert(format!("{place}.gate.weight"), router);
        }
    }
    Ok(tensors)
}

#[test]
fn experts_in_one_tensor_give_the_numbers_of_experts_apart() -> Outcome {
    for name in ["mixtral", "qwen2_moe", "qwen2_moe-mixed", "qwen3_moe", "olmoe"] {
        let (config, tensors) = loaded(name)?;
        let apart = logits(&config, &tensors)?;
        let together = logits(&config, &joined(&config, tensors)?)?;
        let difference = (apart - together)?.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?;
        assert!(difference < ROUNDING, "{name}: {difference}");
    }
    Ok(())
}

#[test]
fn an_expert_that_is_missing_or_too_many_is_refused_by_name() -> Outcome {
    let (config, tensors) = loaded("qwen3_moe")?;
    let name = "model.layers.1.mlp.experts.3.up_proj.weight";
    let mut fewer = tensors.clone();
    fewer.remove(name);
    assert!(logits(&config, &fewer).is_err_and(|error| error.to_string().contains("experts.3.up_proj")));
    let mut more = tensors.clone();
    more.insert(name.replace(".3.", ".4."), tensors[name].clone());
    assert!(logits(&config, &more).is_err_and(|error| error.to_string().contains("experts.4.up_proj")));
    Ok(())
}

#[test]
fn the_text_part_of_a_model_with_images_is_that_model_alone() -> Outcome {
    let (config, tensors) = loaded("gemma3-images")?;
    assert_eq!(config.architecture, Architecture::Gemma3);
    assert!(tensors.keys().all(|name| name.starts_with("model.") && !name.contains("vision")));
    // The config of the hub leaves out what the class assumes.
    let published = json!({
        "architectures": ["Gemma3ForConditionalGeneration"], "boi_token_index": 255_999, "eoi_token_index": 256_000,
        "eos_token_id": [1, 106], "image_token_index": 262_144, "initializer_range": 0.02, "mm_tokens_per_image": 256,
        "model_type": "gemma3", "torch_dtype": "bfloat16", "transformers_version": "4.50.0.dev0",
        "text_config": {"hidden_size": 2560, "intermediate_size": 10_240, "model_type": "gemma3_text",
            "num_hidden_layers": 34, "rope_scaling": {"factor": 8.0, "rope_type": "linear"}, "sliding_window": 1024},
        "vision_config": {"hidden_size": 1152, "image_size": 896, "intermediate_size": 4304, "model_type":
            "siglip_vision_model", "num_attention_heads": 16, "num_hidden_layers": 27, "patch_size": 14,
            "vision_use_head": false}
    });
    let config = Config::parse("config.json".as_ref(), published.to_string().as_bytes())?;
    assert_eq!((config.vocab_size, config.head_dim, config.kv_heads, config.heads), (262_208, 256, 4, 8));
    assert_eq!((config.attention.windows[0], config.attention.windows[5]), (Some(1024), None));
    assert!(config.head.tied && config.stored_dtype.as_deref() == Some("bfloat16"));
    Ok(())
}
