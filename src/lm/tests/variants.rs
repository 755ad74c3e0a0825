//! Switches that the larger fixtures leave alone, and kinds that `transformers` does not have: small models made by
//! `fixtures/variants/make.py`, each with the logits of `transformers`.

use std::path::PathBuf;

use crate::lm::{Architecture, Cache, Config, Decoder, Feed, Weights};
use candle_core::{DType, Device, Tensor};

use crate::support::{Outcome, fixture};

/// Two implementations in single precision, summing in different orders, through a few layers.
const LOGITS: f32 = 2e-4;

fn variants() -> PathBuf {
    fixture("variants")
}

fn decoder(name: &str) -> crate::Result<Decoder> {
    let folder = variants().join(name);
    Decoder::new(Config::read(&folder)?, &Weights::open(&folder, &Device::Cpu, DType::F32)?)
}

fn reference(name: &str) -> Result<(Vec<u32>, Tensor), Box<dyn std::error::Error>> {
    let file = variants().join(name).join("reference.safetensors");
    let tensors = candle_core::safetensors::load(file, &Device::Cpu)?;
    Ok((tensors["input_ids"].to_dtype(DType::U32)?.flatten_all()?.to_vec1()?, tensors["logits"].squeeze(0)?))
}

/// The largest difference of logits, read at once and, with a cache, in two pieces.
fn differences(name: &str) -> Result<(f32, f32), Box<dyn std::error::Error>> {
    let decoder = decoder(name)?;
    let (tokens, expected) = reference(name)?;
    let largest = |logits: Tensor| -> candle_core::Result<f32> {
        (logits - &expected)?.abs()?.flatten_all()?.max(0)?.to_scalar()
    };
    let whole = decoder.logits(&decoder.extend(&mut [Feed { tokens: &tokens, cache: None }])?)?;
    let mut cache = Cache::new();
    let (head, tail) = tokens.split_at(17);
    let mut pieces = Vec::new();
    for piece in [head, tail] {
        pieces.push(decoder.extend(&mut [Feed { tokens: piece, cache: Some(&mut cache) }])?);
    }
    Ok((largest(whole)?, largest(decoder.logits(&Tensor::cat(&pieces, 0)?)?)?))
}

#[test]
fn logits_of_every_variant_are_those_of_transformers() -> Outcome {
    let mut names: Vec<String> = std::fs::read_dir(variants())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap_or_default().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names.len(), 34, "variants are missing");
    let mut failures = Vec::new();
    for name in names {
        match differences(&name) {
            Ok((whole, pieces)) if whole < LOGITS && pieces < LOGITS => {}
            Ok((whole, pieces)) => failures.push(format!("{name}: {whole} at once, {pieces} in pieces")),
            Err(error) => failures.push(format!("{name}: {error}")),
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

#[test]
fn packed_and_renamed_kinds_are_recognised() -> Outcome {
    for (name, kind) in [
        ("baichuan-7b", Architecture::Baichuan),
        ("baichuan-13b", Architecture::Baichuan),
        ("internlm", Architecture::InternLm),
        ("internlm2", Architecture::InternLm2),
        ("stablelm-alpha", Architecture::StableLmAlpha),
    ] {
        assert_eq!(Config::read(&variants().join(name))?.architecture, kind);
    }
    Ok(())
}

#[test]
fn skywork_and_map_neo_are_llama_under_their_own_class() -> Outcome {
    let folder = variants().join("llama-biases");
    let text = std::fs::read_to_string(folder.join("config.json"))?;
    let llama = Config::parse("config.json".as_ref(), text.as_bytes())?;
    let text = text.replace("LlamaForCausalLM", "SkyworkForCausalLM").replace("\"llama\"", "\"skywork\"");
    let mut skywork = Config::parse("config.json".as_ref(), text.as_bytes())?;
    assert_eq!(skywork.architecture, Architecture::Skywork);
    skywork.architecture = Architecture::Llama;
    assert_eq!(skywork, llama);
    // The published config of neo_7b: a Llama with a head width that is not hidden / heads by default.
    let neo =
        br#"{"architectures": ["LlamaForCausalLM"], "attention_bias": false, "bos_token_id": 1, "eos_token_id": 2,
        "hidden_act": "silu", "hidden_size": 3072, "initializer_range": 0.02, "intermediate_size": 24576,
        "max_position_embeddings": 8192, "model_type": "llama", "num_attention_heads": 16, "num_hidden_layers": 28,
        "num_key_value_heads": 16, "pretraining_tp": 1, "rms_norm_eps": 1e-05, "rope_scaling": null,
        "rope_theta": 10000.0, "tie_word_embeddings": false, "torch_dtype": "bfloat16", "use_cache": true,
        "vocab_size": 64256}"#;
    assert_eq!(Config::parse("config.json".as_ref(), neo)?.head_dim, 192);
    Ok(())
}

#[test]
fn baichuan_2_divides_the_rows_of_its_head_by_their_length() -> Outcome {
    let folder = variants().join("baichuan-7b");
    let text = std::fs::read_to_string(folder.join("config.json"))?;
    let two = text.replacen('{', "{\"z_loss_weight\": 0,", 1);
    let weights = Weights::open(&folder, &Device::Cpu, DType::F32)?;
    let one = Decoder::new(Config::read(&folder)?, &weights)?;
    let two = Decoder::new(Config::parse("config.json".as_ref(), two.as_bytes())?, &weights)?;
    let (tokens, _) = reference("baichuan-7b")?;
    let hidden = one.extend(&mut [Feed { tokens: &tokens, cache: None }])?;
    let head = weights.all()?.remove("lm_head.weight").ok_or("no head")?;
    let lengths = head.sqr()?.sum(1)?.sqrt()?;
    let expected = one.logits(&hidden)?.broadcast_div(&lengths)?;
    let difference = (two.logits(&hidden)? - expected)?.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?;
    assert!(difference < LOGITS, "{difference}");
    Ok(())
}

#[test]
fn a_sequence_does_not_grow_across_the_border_of_its_rotary_divisors() -> Outcome {
    let decoder = decoder("llama-longrope")?;
    let (tokens, _) = reference("llama-longrope")?;
    let mut cache = Cache::new();
    decoder.extend(&mut [Feed { tokens: &tokens[..10], cache: Some(&mut cache) }])?;
    let crossing = decoder.extend(&mut [Feed { tokens: &tokens[10..], cache: Some(&mut cache) }]);
    assert!(crossing.is_err_and(|error| error.to_string().contains("rewind")));
    assert_eq!(cache.len(), 10, "a refused step must leave the cache as it was");
    Ok(())
}
