//! Files that models come in: whole, in pieces, pickled; and files that are damaged or lie.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::lm::{
    Config, Decoder, Feed, Found, LanguageModel, LoadedModel, Passage, Placement, Query, Tokenizer, Weights,
};
use candle_core::{DType, Device, Tensor};

use crate::support::{Outcome, fixture, repository};

/// Two implementations in single precision.
pub(super) const LOGITS: f32 = 2e-4;

pub(super) fn fixtures() -> PathBuf {
    fixture("")
}

pub(super) fn llama() -> PathBuf {
    fixtures().join("models/llama")
}

pub(super) fn load(path: &Path) -> crate::Result<Decoder> {
    Ok(LoadedModel::load(path, &Placement::default())?.decoder)
}

pub(super) fn logits(decoder: &Decoder, tokens: &[u32]) -> crate::Result<Tensor> {
    decoder.logits(&decoder.extend(&mut [Feed { tokens, cache: None }])?)
}

pub(super) fn difference(a: &Tensor, b: &Tensor) -> candle_core::Result<f32> {
    (a - b)?.abs()?.flatten_all()?.max(0)?.to_scalar()
}

/// The error of loading a model, which there must be.
pub(super) fn refusal(path: &Path) -> String {
    match load(path) {
        Ok(_) => panic!("{} was loaded", path.display()),
        Err(error) => error.to_string(),
    }
}

pub(super) const TOKENS: [u32; 7] = [3, 141, 59, 26, 53, 58, 97];

#[test]
fn pieces_with_an_index_are_one_model() -> Outcome {
    let folder = tempfile::tempdir()?;
    std::fs::copy(llama().join("config.json"), folder.path().join("config.json"))?;
    let tensors = candle_core::safetensors::load(llama().join("model.safetensors"), &Device::Cpu)?;
    let (mut one, mut two) = (HashMap::new(), HashMap::new());
    let mut map = serde_json::Map::new();
    for (index, (name, tensor)) in tensors.into_iter().enumerate() {
        let (piece, file) = if index % 2 == 0 { (&mut one, "a.safetensors") } else { (&mut two, "b.safetensors") };
        map.insert(name.clone(), file.into());
        piece.insert(name, tensor);
    }
    candle_core::safetensors::save(&one, folder.path().join("a.safetensors"))?;
    candle_core::safetensors::save(&two, folder.path().join("b.safetensors"))?;
    let index = folder.path().join("model.safetensors.index.json");
    std::fs::write(&index, serde_json::json!({ "weight_map": map }).to_string())?;
    let whole = logits(&load(&llama())?, &TOKENS)?;
    assert_eq!(difference(&logits(&load(folder.path())?, &TOKENS)?, &whole)?, 0.0);
    assert_eq!(difference(&logits(&load(&llama().join("model.safetensors"))?, &TOKENS)?, &whole)?, 0.0);
    std::fs::write(&index, r#"{"weight_map": {"model.norm.weight": "../elsewhere.safetensors"}}"#)?;
    assert!(refusal(folder.path()).contains("model.norm.weight"));
    Ok(())
}

#[test]
fn an_index_that_lies_is_refused_naming_file_and_tensor() -> Outcome {
    let folder = tempfile::tempdir()?;
    std::fs::copy(llama().join("config.json"), folder.path().join("config.json"))?;
    let mut one = candle_core::safetensors::load(llama().join("model.safetensors"), &Device::Cpu)?;
    let norm = one.remove("model.norm.weight").ok_or("no norm")?;
    let mut two = HashMap::from([("model.norm.weight".to_owned(), norm.clone())]);
    let index = |norm: &str| {
        let of = |name: &String| (name.clone(), serde_json::Value::from("a.safetensors"));
        let mut map: serde_json::Map<_, _> = one.keys().map(of).collect();
        map.insert("model.norm.weight".to_owned(), norm.into());
        serde_json::json!({ "weight_map": map }).to_string()
    };
    let write = |one: &HashMap<String, Tensor>, two: &HashMap<String, Tensor>, text: String| -> Outcome {
        candle_core::safetensors::save(one, folder.path().join("a.safetensors"))?;
        candle_core::safetensors::save(two, folder.path().join("b.safetensors"))?;
        Ok(std::fs::write(folder.path().join("model.safetensors.index.json"), text)?)
    };
    write(&one, &two, index("b.safetensors"))?;
    load(folder.path())?;
    // A file that is not there, and a tensor that is in another file.
    write(&one, &two, index("c.safetensors"))?;
    let error = refusal(folder.path());
    assert!(error.contains("c.safetensors") && error.contains("index.json"), "{error}");
    write(&one, &two, index("a.safetensors"))?;
    let error = refusal(folder.path());
    assert!(error.contains("model.norm.weight") && error.contains("a.safetensors"), "{error}");
    // A tensor in both files.
    let text = index("b.safetensors");
    two.insert("model.layers.0.mlp.up_proj.weight".to_owned(), one["model.layers.0.mlp.up_proj.weight"].clone());
    write(&one, &two, text)?;
    let error = refusal(folder.path());
    assert!(error.contains("layers.0.mlp.up_proj") && error.contains("twice"), "{error}");
    assert!(error.contains("a.safetensors") && error.contains("b.safetensors"), "{error}");
    Ok(())
}

#[test]
fn pickled_weights_are_read() -> Outcome {
    let folder = fixtures().join("pickled");
    let reference = candle_core::safetensors::load(folder.join("reference.safetensors"), &Device::Cpu)?;
    let tokens: Vec<u32> = reference["input_ids"].to_dtype(DType::U32)?.flatten_all()?.to_vec1()?;
    assert!(difference(&logits(&load(&folder)?, &tokens)?, &reference["logits"].squeeze(0)?)? < LOGITS);
    let damaged = tempfile::tempdir()?;
    std::fs::copy(folder.join("config.json"), damaged.path().join("config.json"))?;
    let bytes = std::fs::read(folder.join("pytorch_model.bin"))?;
    std::fs::write(damaged.path().join("pytorch_model.bin"), &bytes[..bytes.len() / 2])?;
    assert!(refusal(damaged.path()).contains("pytorch_model.bin"));
    Ok(())
}

#[test]
fn half_precision_agrees_to_its_own_rounding() -> Outcome {
    let whole = logits(&load(&llama())?, &TOKENS)?;
    let largest = whole.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?;
    // Eight and eleven bits of mantissa, through two layers.
    for (dtype, bits) in [("bf16", 8), ("f16", 11)] {
        let half = LoadedModel::load(&llama(), &Placement::named("cpu", dtype)?)?.decoder;
        let difference = difference(&logits(&half, &TOKENS)?, &whole)?;
        assert!(difference < 8.0 * largest * 0.5f32.powi(bits), "{dtype}: {difference} of {largest}");
    }
    Ok(())
}

/// A folder with the Llama fixture whose weights file is made by `change`.
fn changed(change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Result<tempfile::TempDir, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    std::fs::copy(llama().join("config.json"), folder.path().join("config.json"))?;
    let bytes = change(std::fs::read(llama().join("model.safetensors"))?);
    std::fs::write(folder.path().join("model.safetensors"), bytes)?;
    Ok(folder)
}

/// The same whose header is changed as text; the length before it is kept right.
fn reheaded(change: impl FnOnce(String) -> String) -> Result<tempfile::TempDir, Box<dyn std::error::Error>> {
    changed(|bytes| {
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap_or_default()) as usize;
        let header = change(String::from_utf8_lossy(&bytes[8..8 + length]).into_owned());
        let mut out = (header.len() as u64).to_le_bytes().to_vec();
        out.extend_from_slice(header.as_bytes());
        out.extend_from_slice(&bytes[8 + length..]);
        out
    })
}

#[test]
fn damaged_safetensors_are_refused_naming_file_and_tensor() -> Outcome {
    const NORM: &str = "model.norm.weight";
    let cases: Vec<(tempfile::TempDir, &[&str])> = vec![
        (changed(|_| Vec::new())?, &["not even a safetensors header"]),
        (changed(|b| b[..b.len() - 4].to_vec())?, &["cut short", NORM]),
        (changed(|b| b[..100].to_vec())?, &["claims a header"]),
        (
            changed(|mut b| {
                b[..8].copy_from_slice(&(1u64 << 60).to_le_bytes());
                b
            })?,
            &["claims a header of 1152921504606846976"],
        ),
        (
            changed(|mut b| {
                let end = b.len();
                b[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
                b
            })?,
            &["NaN", NORM],
        ),
        (reheaded(|h| h.replace("[160,32]", "[4294967296,4294967296]"))?, &["more than 2^64"]),
        (reheaded(|h| h.replace("[160,32]", "[161,32]"))?, &["needs 20608 bytes and has 20480"]),
        (reheaded(|h| h.replacen("[160,32]", "[32,160]", 2))?, &["shape [32, 160]", "[160, 32]"]),
        (reheaded(|h| h.replacen("\"F32\"", "\"F8_E5M2\"", 1))?, &["F8_E5M2"]),
        (reheaded(|h| h.replacen("\"F32\"", "\"I32\"", 1))?, &["i32 numbers"]),
        (reheaded(|h| h.replace(NORM, "model.norm.wait"))?, &["is missing", NORM]),
        (
            reheaded(|h| h.replacen('{', "{\"extra\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},", 1))?,
            &["`extra`", "not part of"],
        ),
        (reheaded(|h| h.replacen('{', "[", 1))?, &["not JSON"]),
    ];
    for (folder, expected) in cases {
        let error = refusal(folder.path());
        for part in expected.iter().chain(&["model.safetensors"]) {
            assert!(
                error.contains(part) || (*part == "model.safetensors" && error.contains("is missing")),
                "`{part}` is not in: {error}"
            );
        }
    }
    Ok(())
}

/// The error of a config with `from` replaced by `to`.
fn config_error(from: &str, to: &str) -> String {
    let text = std::fs::read_to_string(llama().join("config.json")).unwrap_or_default();
    assert!(text.contains(from), "{from}");
    match Config::parse("config.json".as_ref(), text.replacen(from, to, 1).as_bytes()) {
        Ok(_) => panic!("accepted with {to}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn configs_that_would_give_other_numbers_are_refused_by_name() {
    for (from, to, expected) in [
        (
            "\"LlamaForCausalLM\"",
            "\"MambaForCausalLM\"",
            "MambaForCausalLM is not supported; supported: Llama, Mistral",
        ),
        ("\"mlp_bias\"", "\"use_mup\": true, \"mlp_bias\"", "`use_mup: true` is not supported"),
        ("\"mlp_bias\"", "\"quantization_config\": {\"bits\": 4}, \"mlp_bias\"", "quantization_config"),
        ("\"silu\"", "\"xielu\"", "the activation \"xielu\" is not supported; supported: gelu"),
        ("\"rope_type\": \"default\"", "\"rope_type\": \"proportional\"", "proportional"),
        (
            "\"rope_type\": \"default\"",
            "\"rope_type\": \"default\", \"mrope_section\": [2]",
            "rope_parameters.mrope_section",
        ),
        ("\"num_attention_heads\": 4", "\"num_attention_heads\": 5", "heads"),
        ("\"num_key_value_heads\": 2", "\"num_key_value_heads\": 3", "4 heads cannot share 3 key heads"),
        ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 2000000000", "layers"),
        ("\"hidden_size\": 32", "\"hidden_size\": -1", "`hidden_size` must be a whole number"),
        ("\"hidden_size\": 32", "\"hidden_size\": 1e30", "`hidden_size` must be a whole number"),
        ("\"vocab_size\": 160", "\"vocab_size\": null", "`vocab_size` is missing"),
        ("\"rms_norm_eps\": 1e-06", "\"rms_norm_eps\": 0", "rms_norm_eps"),
        ("{", "[{", "not JSON"),
    ] {
        let error = config_error(from, to);
        assert!(error.contains(expected) && error.contains("config.json"), "`{expected}` is not in: {error}");
    }
}

#[test]
fn a_tokenizer_beyond_the_vocabulary_is_refused() -> Outcome {
    let folder = tempfile::tempdir()?;
    for name in ["config.json", "model.safetensors"] {
        std::fs::copy(llama().join(name), folder.path().join(name))?;
    }
    let tokenizer = |id: u32| {
        format!(
            r#"{{"version": "1.0", "added_tokens": [], "model": {{"type": "BPE", "vocab": {{"a": 0, "b": {id}}}, "merges": []}}}}"#
        )
    };
    std::fs::write(folder.path().join("tokenizer.json"), tokenizer(159))?;
    let model = LoadedModel::load(folder.path(), &Placement::default())?;
    assert_eq!(model.tokenizer.ok_or("no tokenizer")?.encode("ab", true)?, [0, 159]);
    std::fs::write(folder.path().join("tokenizer.json"), tokenizer(160))?;
    assert!(refusal(folder.path()).contains("the token `b` with id 160"));
    let merged =
        r#"{"version": "1.0", "added_tokens": [], "model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["a a"]}}"#;
    std::fs::write(folder.path().join("tokenizer.json"), merged)?;
    assert!(refusal(folder.path()).contains("tokenizer.json"));
    std::fs::write(folder.path().join("tokenizer.json"), "{}")?;
    assert!(refusal(folder.path()).contains("tokenizer.json"));
    Ok(())
}

#[test]
fn parameters_are_counted_with_and_without_embeddings() -> Outcome {
    let found = Found::at(&fixtures().join("models/gpt2"))?;
    // Two layers of 12·32² + 13·32, a final norm, 160 tokens and 256 positions of width 32.
    let layers = 2 * (12 * 32 * 32 + 13 * 32) + 64;
    assert_eq!((found.parameters_without_embeddings(), found.parameters()), (layers, layers + (160 + 256) * 32));
    assert_eq!(found.weight_bytes(DType::BF16), 2 * found.parameters());
    Ok(())
}

#[test]
fn answers_are_the_logarithms_of_a_softmax_over_all_tokens() -> Outcome {
    let decoder = load(&fixtures().join("models/gemma2"))?;
    let all = logits(&decoder, &TOKENS)?;
    let expected = candle_nn::ops::log_softmax(&all, 1)?.to_vec2::<f32>()?;
    let questions =
        [Query { after: 6, tokens: vec![5, 159], logits: true }, Query { after: 2, tokens: vec![0], logits: false }];
    let mut cache = decoder.cache();
    decoder.read(&mut [Passage { tokens: &TOKENS[..2], cache: Some(&mut cache), questions: &[] }])?;
    let shifted = [Query { after: 0, tokens: vec![0], logits: false }];
    let mut batch = [
        Passage { tokens: &TOKENS, cache: None, questions: &questions },
        Passage { tokens: &TOKENS[2..3], cache: Some(&mut cache), questions: &shifted },
    ];
    let answers = decoder.read(&mut batch)?;
    let close = |found: f32, expected: f32| assert!((found - expected).abs() < 1e-4, "{found} {expected}");
    close(answers[0][0].log_probabilities[0], expected[6][5]);
    close(answers[0][0].log_probabilities[1], expected[6][159]);
    close(answers[0][1].log_probabilities[0], expected[2][0]);
    close(answers[1][0].log_probabilities[0], expected[2][0]);
    let best = (0..160).max_by(|&a, &b| expected[6][a].total_cmp(&expected[6][b])).unwrap_or_default();
    assert_eq!(answers[0][0].best as usize, best);
    assert_eq!(answers[0][0].logits.as_ref().map(Vec::len), Some(160));
    let beyond = [Query { after: 7, tokens: Vec::new(), logits: false }];
    assert!(decoder.read(&mut [Passage { tokens: &TOKENS, cache: None, questions: &beyond }]).is_err());
    assert!(decoder.read(&mut [Passage { tokens: &[160], cache: None, questions: &[] }]).is_err());
    Ok(())
}

#[test]
fn a_trained_head_is_used_although_the_config_ties_it_to_the_embedding() -> Outcome {
    let source = fixtures().join("models/llama3-rope");
    let folder = tempfile::tempdir()?;
    let mut tensors = Weights::open(&source, &Device::Cpu, DType::F32)?.all()?;
    let embedding = tensors["model.embed_tokens.weight"].clone();
    let config = std::fs::read_to_string(source.join("config.json"))?;
    assert!(config.contains("\"tie_word_embeddings\": true"));
    let write = |tensors: &HashMap<String, Tensor>, config: &str| -> Outcome {
        std::fs::write(folder.path().join("config.json"), config)?;
        Ok(candle_core::safetensors::save(tensors, folder.path().join("model.safetensors"))?)
    };
    let tied = logits(&load(&source)?, &[3, 1, 4])?;
    // The same head, stored all the same, changes nothing.
    tensors.insert("lm_head.weight".to_owned(), embedding.clone());
    write(&tensors, &config)?;
    assert_eq!(difference(&logits(&load(folder.path())?, &[3, 1, 4])?, &tied)?, 0.0);
    tensors.insert("lm_head.weight".to_owned(), (embedding * -1.0)?);
    write(&tensors, &config)?;
    let own = logits(&load(folder.path())?, &[3, 1, 4])?;
    assert!(difference(&own, &tied)? > 0.01);
    assert!(!Found::at(folder.path())?.config.head.tied);
    write(&tensors, &config.replace("\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false"))?;
    assert_eq!(difference(&own, &logits(&load(folder.path())?, &[3, 1, 4])?)?, 0.0);
    Ok(())
}

#[test]
fn truncation_and_padding_saved_with_a_tokenizer_are_left_out() -> Outcome {
    let source = repository("tests/fixtures/evaluate/models/gemma-metaspace");
    let folder = tempfile::tempdir()?;
    let text = std::fs::read_to_string(source.join("tokenizer.json"))?;
    let mut saved: serde_json::Value = serde_json::from_str(&text)?;
    saved["truncation"] =
        serde_json::json!({"direction": "Right", "max_length": 3, "strategy": "LongestFirst", "stride": 0});
    saved["padding"] = serde_json::json!({
        "strategy": {"Fixed": 40}, "direction": "Left", "pad_to_multiple_of": null, "pad_id": 0, "pad_type_id": 0, "pad_token": "<pad>"
    });
    std::fs::write(folder.path().join("tokenizer.json"), saved.to_string())?;
    std::fs::copy(source.join("tokenizer_config.json"), folder.path().join("tokenizer_config.json"))?;
    let sentence = "one two three four five six seven";
    let ids = |path: &Path| Tokenizer::read(path)?.encode(sentence, true);
    assert!(ids(&source)?.len() > 3);
    assert_eq!(ids(folder.path())?, ids(&source)?);
    Ok(())
}

#[test]
fn an_adapter_is_evaluated_on_the_model_that_it_names() -> Outcome {
    let folder = tempfile::tempdir()?;
    let base = Weights::open(&llama(), &Device::Cpu, DType::F32)?.all()?;
    let module = "model.layers.1.self_attn.q_proj";
    let weight = &base[&format!("{module}.weight")];
    let (outputs, inputs) = weight.dims2()?;
    let spread = |rows: usize, columns: usize| -> candle_core::Result<Tensor> {
        let values: Vec<f32> = (0..rows * columns).map(|at| ((at * 37 % 19) as f32 - 9.0) / 40.0).collect();
        Tensor::from_vec(values, (rows, columns), &Device::Cpu)
    };
    let (down, up) = (spread(2, inputs)?, spread(outputs, 2)?);
    let mut merged = base.clone();
    merged.insert(format!("{module}.weight"), (weight + (up.matmul(&down)? * 1.5)?)?);
    let wanted = Decoder::new(Config::read(&llama())?, &Weights::from_tensors(&merged, &Device::Cpu, DType::F32))?;
    let named = |name: &str| format!("base_model.model.{module}.{name}.weight");
    let pair = HashMap::from([(named("lora_A"), down), (named("lora_B"), up)]);
    candle_core::safetensors::save(&pair, folder.path().join("adapter_model.safetensors"))?;
    let config = serde_json::json!({
        "peft_type": "LORA", "r": 2, "lora_alpha": 3.0, "bias": "none", "modules_to_save": null, "use_dora": false,
        "base_model_name_or_path": llama().to_str().expect("UTF-8"),
    });
    let write =
        |config: &serde_json::Value| std::fs::write(folder.path().join("adapter_config.json"), config.to_string());
    write(&config)?;
    let found = logits(&load(folder.path())?, &TOKENS)?;
    assert!(difference(&found, &logits(&wanted, &TOKENS)?)? < LOGITS);
    assert!(difference(&found, &logits(&load(&llama())?, &TOKENS)?)? > 100.0 * LOGITS);
    for (key, value, problem) in [
        ("use_dora", serde_json::json!(true), "`use_dora: true`"),
        ("r", serde_json::json!(4), "another rank"),
        ("base_model_name_or_path", serde_json::json!("nowhere/at-all"), "`nowhere/at-all` is not on this machine"),
    ] {
        let mut other = config.clone();
        other[key] = value;
        write(&other)?;
        let said = refusal(folder.path());
        assert!(said.contains(problem), "{said}");
    }
    Ok(())
}

#[test]
fn a_vocabulary_with_merges_is_the_tokenizer_that_transformers_makes_of_it() -> Outcome {
    let source = repository("tests/fixtures/evaluate/models/neox-bytelevel/tokenizer.json");
    let saved: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&source)?)?;
    let folder = tempfile::tempdir()?;
    let merges: Vec<String> = saved["model"]["merges"]
        .as_array()
        .expect("merges")
        .iter()
        .map(|merge| match merge {
            serde_json::Value::Array(pair) => {
                format!("{} {}", pair[0].as_str().unwrap_or(""), pair[1].as_str().unwrap_or(""))
            }
            merge => merge.as_str().unwrap_or("").to_owned(),
        })
        .collect();
    std::fs::write(folder.path().join("vocab.json"), saved["model"]["vocab"].to_string())?;
    std::fs::write(folder.path().join("merges.txt"), format!("#version: 0.2\n{}\n", merges.join("\n")))?;
    let config = |class: &str| {
        let config = serde_json::json!({"tokenizer_class": class});
        std::fs::write(folder.path().join("tokenizer_config.json"), config.to_string())
    };
    config("GPT2Tokenizer")?;
    let whole = Tokenizer::read(source.parent().expect("a folder"))?;
    let pieces = Tokenizer::beside(folder.path())?.expect("a tokenizer");
    for text in ["one two  three", "it's\n\tétrange", "12345 !?", ""] {
        assert_eq!(pieces.encode(text, false)?, whole.encode(text, false)?, "{text:?}");
    }
    config("BartTokenizer")?;
    let said = Tokenizer::beside(folder.path()).map(|_| ()).expect_err("refused").to_string();
    assert!(said.contains("BartTokenizer") && said.contains("save_pretrained"), "{said}");
    Ok(())
}
