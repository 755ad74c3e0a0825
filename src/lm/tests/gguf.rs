//! Models that come as GGUF: their numbers, their tokenizers, and files that are damaged.

use std::collections::HashMap;
use std::path::Path;

use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{DType, Device, Tensor};

use super::files::{LOGITS, TOKENS, difference, fixtures, llama, load, logits, refusal};
use crate::lm::{Config, Decoder, Found, Weights};
use crate::support::Outcome;

/// What GGUF calls the tensors of Llama's descendants.
fn gguf_name(name: &str) -> String {
    let name = name.replace("model.layers.", "blk.").replace("self_attn.", "attn_").replace("mlp.", "ffn_");
    [
        ("model.embed_tokens", "token_embd"),
        ("model.norm", "output_norm"),
        ("lm_head", "output"),
        ("input_layernorm", "attn_norm"),
        ("pre_feedforward_layernorm", "ffn_norm"),
        ("post_feedforward_layernorm", "post_ffw_norm"),
        ("attn_qkv_proj", "attn_qkv"),
        ("attn_o_proj", "attn_output"),
        ("ffn_gate_up_proj", "ffn_up"),
        ("_proj", ""),
    ]
    .iter()
    .fold(name, |name, (from, to)| name.replace(from, to))
}

/// Writes a fixture as GGUF the way llama.cpp's converter would.
fn write_gguf(kind: &str, folder: &Path, path: &Path, dtype: GgmlDType, more: &[(&str, Value)]) -> Outcome {
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.join("config.json"))?)?;
    let number = |name: &str| json[name].as_u64().unwrap_or(0) as u32;
    let (heads, kv) = (number("num_attention_heads"), number("num_key_value_heads"));
    let width = json["head_dim"].as_u64().map_or(number("hidden_size") / heads, |width| width as u32);
    let theta = json["rope_parameters"]["rope_theta"].as_f64().unwrap_or(1e6);
    let mut settings: Vec<(String, Value)> = vec![("general.architecture".to_owned(), Value::String(kind.to_owned()))];
    for (name, value) in [
        ("block_count", number("num_hidden_layers")),
        ("context_length", number("max_position_embeddings")),
        ("embedding_length", number("hidden_size")),
        ("feed_forward_length", number("intermediate_size")),
        ("attention.head_count", heads),
        ("attention.head_count_kv", kv),
        ("attention.key_length", width),
        ("attention.value_length", width),
        ("rope.dimension_count", width),
    ] {
        settings.push((format!("{kind}.{name}"), Value::U32(value)));
    }
    settings.push((format!("{kind}.rope.freq_base"), Value::F32(theta as f32)));
    let eps = json["rms_norm_eps"].as_f64().unwrap_or(1e-6) as f32;
    settings.push((format!("{kind}.attention.layer_norm_rms_epsilon"), Value::F32(eps)));
    settings.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    let mut tensors = Vec::new();
    for (name, tensor) in candle_core::safetensors::load(folder.join("model.safetensors"), &Device::Cpu)? {
        let norm = name.ends_with("norm.weight");
        let turned = kind == "llama" && (name.contains("q_proj") || name.contains("k_proj"));
        let tensor = if kind == "gemma3" && norm {
            (tensor + 1.0)?
        } else if turned {
            let (rows, inputs) = tensor.dims2()?;
            let width = width as usize;
            tensor
                .reshape((rows / width, 2, width / 2, inputs))?
                .transpose(1, 2)?
                .contiguous()?
                .reshape((rows, inputs))?
        } else {
            tensor
        };
        // The four norms of Gemma 3 collide with Llama's two names but for this one.
        let renamed = match kind {
            "gemma3" => gguf_name(&name).replace("post_attention_layernorm", "post_attention_norm"),
            _ => gguf_name(&name).replace("post_attention_layernorm", "ffn_norm"),
        };
        let dtype = if norm || tensor.rank() == 1 { GgmlDType::F32 } else { dtype };
        tensors.push((renamed, QTensor::quantize(&tensor, dtype)?));
    }
    let settings: Vec<(&str, &Value)> = settings.iter().map(|(name, value)| (name.as_str(), value)).collect();
    let tensors: Vec<(&str, &QTensor)> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    Ok(gguf_file::write(&mut std::fs::File::create(path)?, &settings, &tensors)?)
}

const GGUF_KINDS: [(&str, &str); 5] =
    [("llama", "llama"), ("qwen2", "qwen2"), ("qwen3", "qwen3"), ("gemma3", "gemma3"), ("phi3", "phi3")];

#[test]
fn gguf_gives_the_logits_of_the_model_it_was_made_from() -> Outcome {
    let folder = tempfile::tempdir()?;
    for (kind, fixture) in GGUF_KINDS {
        let source = fixtures().join("models").join(fixture);
        let window = [("gemma3.attention.sliding_window", Value::U32(8))];
        let more: &[_] = if kind == "gemma3" { &window } else { &[] };
        let expected = logits(&load(&source)?, &TOKENS)?;
        let largest = expected.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?;
        let path = folder.path().join(format!("{kind}.gguf"));
        // Mantissas of 24, 11 and 8 bits.
        for (dtype, allowed) in [(GgmlDType::F32, LOGITS / largest), (GgmlDType::F16, 2e-3), (GgmlDType::BF16, 2e-2)] {
            write_gguf(kind, &source, &path, dtype, more)?;
            let difference = difference(&logits(&from_gguf(&path, false)?, &TOKENS)?, &expected)? / largest;
            assert!(difference < allowed, "{kind} in {dtype:?}: {difference}");
        }
        for dtype in [GgmlDType::Q8_0, GgmlDType::Q5_0, GgmlDType::Q4_0] {
            write_gguf(kind, &source, &path, dtype, more)?;
            let meant = logits(&from_gguf(&path, true)?, &TOKENS)?;
            let difference = difference(&logits(&from_gguf(&path, false)?, &TOKENS)?, &meant)? / largest;
            assert!(difference < ACTIVATIONS, "{kind} in {dtype:?}: {difference}");
        }
    }
    Ok(())
}

/// Relative to the largest logit: activations are rounded to 8 bits per block before they meet quantised weights.
const ACTIVATIONS: f32 = 5e-2;

/// The model of a GGUF file, with the weights that its blocks stand for if `dense`.
fn from_gguf(path: &Path, dense: bool) -> crate::Result<Decoder> {
    let mut config = Found::at(path)?.config;
    if config.attention.windows.contains(&Some(8)) {
        // The fixture of Gemma 3 has every second layer without a window; GGUF means every sixth.
        config.attention.windows = vec![Some(8), None];
    }
    let stored = Weights::open(path, &Device::Cpu, DType::F32)?;
    if !dense {
        return Decoder::new(config, &stored);
    }
    Decoder::new(config, &Weights::from_tensors(&stored.all()?, &Device::Cpu, DType::F32))
}

#[test]
fn k_quants_multiply_as_the_weights_they_stand_for() -> Outcome {
    let folder = tempfile::tempdir()?;
    let json = serde_json::json!({"architectures": ["Qwen3ForCausalLM"], "hidden_size": 256, "intermediate_size": 512,
        "num_hidden_layers": 1, "num_attention_heads": 4, "num_key_value_heads": 4, "head_dim": 64, "vocab_size": 300,
        "max_position_embeddings": 64, "rope_theta": 1e6, "rms_norm_eps": 1e-6});
    std::fs::write(folder.path().join("config.json"), json.to_string())?;
    let mut tensors = HashMap::new();
    let mut seed = 1u32;
    let mut add = |name: &str, shape: &[usize]| -> Outcome {
        let count: usize = shape.iter().product();
        let numbers: Vec<f32> = (0..count)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 8) as f32 / (1 << 23) as f32 - 1.0
            })
            .map(|number| if shape.len() == 1 { 1.0 } else { 0.1 * number })
            .collect();
        tensors.insert(format!("model.{name}.weight"), Tensor::from_vec(numbers, shape, &Device::Cpu)?);
        Ok(())
    };
    add("embed_tokens", &[300, 256])?;
    add("norm", &[256])?;
    for (name, shape) in [
        ("input_layernorm", vec![256]),
        ("post_attention_layernorm", vec![256]),
        ("self_attn.q_proj", vec![256, 256]),
        ("self_attn.k_proj", vec![256, 256]),
        ("self_attn.v_proj", vec![256, 256]),
        ("self_attn.o_proj", vec![256, 256]),
        ("self_attn.q_norm", vec![64]),
        ("self_attn.k_norm", vec![64]),
        ("mlp.gate_proj", vec![512, 256]),
        ("mlp.up_proj", vec![512, 256]),
        ("mlp.down_proj", vec![256, 512]),
    ] {
        add(&format!("layers.0.{name}"), &shape)?;
    }
    candle_core::safetensors::save(&tensors, folder.path().join("model.safetensors"))?;
    for dtype in [GgmlDType::Q4K, GgmlDType::Q5K, GgmlDType::Q6K] {
        let path = folder.path().join("k.gguf");
        write_gguf("qwen3", folder.path(), &path, dtype, &[])?;
        let quantised = Weights::open(&path, &Device::Cpu, DType::F32)?;
        let config = Found::at(&path)?.config;
        let dense = Weights::from_tensors(&quantised.all()?, &Device::Cpu, DType::F32);
        let expected = logits(&Decoder::new(config.clone(), &dense)?, &TOKENS)?;
        let largest = expected.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?;
        let found = logits(&Decoder::new(config, &quantised)?, &TOKENS)?;
        let together = difference(&found, &expected)? / largest;
        let again = Decoder::new(Found::at(&path)?.config, &quantised)?;
        let alone = difference(&logits(&again, &TOKENS[..1])?, &expected.narrow(0, 0, 1)?)? / largest;
        assert!(together < ACTIVATIONS && alone < ACTIVATIONS, "{dtype:?}: {together} {alone}");
    }
    Ok(())
}

fn texts(texts: &[&str]) -> Value {
    Value::Array(texts.iter().map(|text| Value::String((*text).to_owned())).collect())
}

fn numbers(numbers: &[i32]) -> Value {
    Value::Array(numbers.iter().map(|&number| Value::I32(number)).collect())
}

#[test]
fn tokenizers_of_gguf_split_and_join_text() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("model.gguf");
    let scores = |scores: &[f32]| Value::Array(scores.iter().map(|&score| Value::F32(score)).collect());
    // SentencePiece: ab is the best merge, then ▁ab.
    let tokens = ["<unk>", "<s>", "</s>", "<0xC3>", "<0xA9>", "▁", "a", "b", "c", "ab", "▁ab", "bc"];
    let piece: Vec<(&str, Value)> = vec![
        ("tokenizer.ggml.model", Value::String("llama".to_owned())),
        ("tokenizer.ggml.tokens", texts(&tokens)),
        ("tokenizer.ggml.scores", scores(&[0., 0., 0., 0., 0., -9., -9., -9., -9., -1., -3., -2.])),
        ("tokenizer.ggml.token_type", numbers(&[2, 3, 3, 6, 6, 1, 1, 1, 1, 1, 1, 1])),
        ("tokenizer.ggml.bos_token_id", Value::U32(1)),
        ("tokenizer.ggml.eos_token_id", Value::U32(2)),
        ("tokenizer.ggml.unknown_token_id", Value::U32(0)),
        ("tokenizer.ggml.add_space_prefix", Value::Bool(false)),
    ];
    write_gguf("llama", &llama(), &path, GgmlDType::F32, &piece)?;
    let tokenizer = Found::at(&path)?.tokenizer.ok_or("no tokenizer")?;
    assert_eq!((tokenizer.bos, tokenizer.eos), (Some(1), Some(2)));
    assert_eq!(tokenizer.encode("abc ab", true)?, [1, 9, 8, 10]);
    assert_eq!(tokenizer.encode("é", false)?, [3, 4]);
    assert_eq!(tokenizer.decode(&[9, 8, 10, 3, 4], true)?, "abc abé");
    assert_eq!(tokenizer.encode("a</s>", false)?, [6, 2]);
    // Byte-level BPE: digits one by one for Qwen, in threes for Llama 3.
    let tokens = ["1", "2", "3", "12", "123", "Ġ", "a", "Ġa", "<|end|>"];
    for (pre, expected) in [("qwen2", vec![0, 1, 2, 7]), ("llama-bpe", vec![4, 7])] {
        let byte: Vec<(&str, Value)> = vec![
            ("tokenizer.ggml.model", Value::String("gpt2".to_owned())),
            ("tokenizer.ggml.pre", Value::String(pre.to_owned())),
            ("tokenizer.ggml.tokens", texts(&tokens)),
            ("tokenizer.ggml.merges", texts(&["1 2", "12 3", "Ġ a"])),
            ("tokenizer.ggml.token_type", numbers(&[1, 1, 1, 1, 1, 1, 1, 1, 3])),
        ];
        write_gguf("llama", &llama(), &path, GgmlDType::F32, &byte)?;
        let tokenizer = Found::at(&path)?.tokenizer.ok_or("no tokenizer")?;
        assert_eq!(tokenizer.encode("123 a", true)?, expected, "{pre}");
        assert_eq!(tokenizer.decode(&expected, true)?, "123 a");
        assert_eq!(tokenizer.encode("a<|end|>", false)?, [6, 8]);
    }
    Ok(())
}

#[test]
fn damaged_gguf_is_refused() -> Outcome {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("model.gguf");
    write_gguf("qwen2", &fixtures().join("models/qwen2"), &path, GgmlDType::Q8_0, &[])?;
    let whole = std::fs::read(&path)?;
    let with = |at: usize, bytes: &[u8]| {
        let mut changed = whole.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        changed
    };
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (whole[..whole.len() - 64].to_vec(), "cut short"),
        (whole[..200].to_vec(), "model.gguf"),
        (with(0, b"GGML"), "does not start with GGUF"),
        (with(4, &9u32.to_le_bytes()), "version 9"),
        (with(8, &(1u64 << 60).to_le_bytes()), "claims 1152921504606846976 tensors"),
        (with(16, &u64::MAX.to_le_bytes()), "settings"),
        (with(24, &(1u64 << 60).to_le_bytes()), "bytes of text"),
    ];
    for (bytes, expected) in cases {
        std::fs::write(&path, bytes)?;
        let error = refusal(&path);
        assert!(error.contains(expected), "`{expected}` is not in: {error}");
    }
    // Any single byte of the header may be anything: an error or a model, never a panic.
    let header = whole.len().min(1500);
    for at in 0..header {
        for value in [0u8, 0xff, whole[at] ^ 1] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            let _ = crate::lm::gguf::Header::parse(&path, &bytes).and_then(|header| Config::from_gguf(&path, &header));
        }
    }
    let alignment = [("general.alignment", Value::U32(0))];
    write_gguf("qwen2", &fixtures().join("models/qwen2"), &path, GgmlDType::F32, &alignment)?;
    assert!(refusal(&path).contains("`general.alignment` is 0; it is"));
    let unknown = [("qwen2.attention.temperature_scale", Value::F32(2.0))];
    write_gguf("qwen2", &fixtures().join("models/qwen2"), &path, GgmlDType::F32, &unknown)?;
    assert!(refusal(&path).contains("temperature_scale"));
    Ok(())
}
