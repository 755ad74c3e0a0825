//! From the settings of a GGUF file to a [`Config`].
//!
//! The settings are renamed to those of `config.json` and read as such; then what conversion to GGUF changes is changed:
//! names of tensors, the order of rotary dimensions (Llama), norm weights stored whole (Gemma).

use std::path::Path;

use serde_json::{Map, Value as Json, json};

use super::header::{Header, MetadataValue};
use crate::error::{Error, Result};
use crate::lm::architecture::Architecture;
use crate::lm::config::Config;
use crate::lm::names;
use crate::lm::position::{Position, Scaling};
use crate::lm::source::Source;

/// Names of GGUF and of `config.json`; the first start with the architecture.
const RENAMED: &[(&str, &str)] = &[
    ("block_count", "num_hidden_layers"),
    ("context_length", "max_position_embeddings"),
    ("embedding_length", "hidden_size"),
    ("feed_forward_length", "intermediate_size"),
    ("attention.head_count", "num_attention_heads"),
    ("attention.head_count_kv", "num_key_value_heads"),
    ("attention.key_length", "head_dim"),
    ("attention.layer_norm_rms_epsilon", "rms_norm_eps"),
    ("final_logit_softcapping", "final_logit_softcapping"),
    ("rope.freq_base", "rope_theta"),
    ("vocab_size", "vocab_size"),
];

/// Settings that say nothing new about the numbers.
const SILENT: &[&str] =
    &["attention.value_length", "rope.scaling.finetuned", "rope.scaling.yarn_log_multiplier", "tensor_data_layout"];

impl Config {
    /// Reads the architecture from the header of a GGUF file; `path` is for messages.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for an architecture or a setting that is not implemented, [`Error::File`] for one that is
    /// malformed.
    pub(crate) fn from_gguf(path: &Path, header: &Header) -> Result<Self> {
        let problem = |problem| Error::File { path: path.to_owned(), problem };
        let kind = header.text("general.architecture").ok_or_else(|| problem("names no architecture".to_owned()))?;
        let class = match kind {
            "llama" => "LlamaForCausalLM",
            "qwen2" => "Qwen2ForCausalLM",
            "qwen3" => "Qwen3ForCausalLM",
            "gemma3" => "Gemma3ForCausalLM",
            "phi3" => "Phi3ForCausalLM",
            other => {
                return Err(Error::Unsupported {
                    what: format!("{}: the GGUF architecture {other}", path.display()),
                    supported: "llama, qwen2, qwen3, gemma3, phi3".to_owned(),
                });
            }
        };
        let mut reading = Reading { path, header, kind, json: Map::new() };
        reading.json.insert("architectures".to_owned(), json!([class]));
        reading.settings()?;
        reading.sizes_of_tensors()?;
        let mut config = Self::from_object(path, &reading.json)?;
        adapt(&mut config, path, header)?;
        Ok(config)
    }
}

struct Reading<'a> {
    path: &'a Path,
    header: &'a Header,
    kind: &'a str,
    json: Map<String, Json>,
}

impl Reading<'_> {
    /// Renames every setting of the architecture; none may be left over.
    fn settings(&mut self) -> Result<()> {
        let start = format!("{}.", self.kind);
        let mut scaling = Map::new();
        for (name, value) in &self.header.settings {
            let Some(name) = name.strip_prefix(&start) else { continue };
            let value = json_of(value);
            let unsupported = |supported: &str| {
                let what = format!("{}: `{start}{name}: {value}`", self.path.display());
                Err(Error::Unsupported { what, supported: supported.to_owned() })
            };
            if let Some((_, renamed)) = RENAMED.iter().find(|(known, _)| *known == name) {
                self.json.insert((*renamed).to_owned(), value);
                continue;
            }
            match name {
                _ if SILENT.contains(&name) => {}
                // Checked against the width of a head once that is known.
                "rope.dimension_count" => {
                    self.json.insert("rotary_dims".to_owned(), value);
                }
                "attention.sliding_window" => {
                    let off = value.as_u64() == Some(0);
                    self.json.insert("sliding_window".to_owned(), if off { Json::Null } else { value });
                }
                "rope.scaling.type" => {
                    scaling.insert("rope_type".to_owned(), if value == "none" { json!("default") } else { value });
                }
                "rope.scaling.factor" => {
                    scaling.insert("factor".to_owned(), value);
                }
                "rope.scaling.attn_factor" => {
                    scaling.insert("attention_factor".to_owned(), value);
                }
                "rope.scaling.original_context_length" => {
                    self.json.insert("original_max_position_embeddings".to_owned(), value);
                }
                "rope.freq_base_swa" => {
                    self.json.insert("rope_local_base_freq".to_owned(), value);
                }
                "expert_count" if value.as_u64() == Some(0) => {}
                "expert_used_count" if value.as_u64() == Some(0) => {}
                _ => return unsupported("the settings of dense models of this architecture"),
            }
        }
        self.scaling(scaling);
        Ok(())
    }

    fn scaling(&mut self, mut scaling: Map<String, Json>) {
        let original = if self.kind == "phi3" { None } else { self.json.remove("original_max_position_embeddings") };
        // Frequencies that are stored as divisors are complete: adapt() puts them in.
        let stored = self.header.tensors.iter().any(|tensor| tensor.name.starts_with("rope_"));
        if stored || scaling.get("rope_type").is_none_or(|kind| kind == "default") {
            return;
        }
        if let (Some(original), true) = (original, scaling["rope_type"] == "yarn") {
            scaling.insert("original_max_position_embeddings".to_owned(), original);
        }
        self.json.insert("rope_scaling".to_owned(), Json::Object(scaling));
    }

    /// Settings that GGUF does not state: they follow from the shapes of tensors.
    fn sizes_of_tensors(&mut self) -> Result<()> {
        let shape = |name: &str| self.header.tensors.iter().find(|t| t.name == name).map(|t| t.shape.as_slice());
        let Some([vocab, _]) = shape("token_embd.weight") else {
            return Err(Error::Tensor {
                path: self.path.to_owned(),
                tensor: "token_embd.weight".to_owned(),
                problem: "is missing or not a matrix".to_owned(),
            });
        };
        let tied = shape("output.weight").is_none();
        let biased = shape("blk.0.attn_q.bias").is_some();
        let vocab = *vocab;
        self.json.insert("vocab_size".to_owned(), json!(vocab));
        self.json.insert("tie_word_embeddings".to_owned(), json!(tied));
        if self.kind == "llama" && biased {
            return Err(Error::Unsupported {
                what: format!("{}: a Llama with biases in GGUF", self.path.display()),
                supported: "Llama without biases".to_owned(),
            });
        }
        let turned = self.json.remove("rotary_dims").and_then(|dims| dims.as_u64());
        let of = |name: &str| self.json.get(name).and_then(Json::as_u64);
        let (layers, hidden, heads) = (of("num_hidden_layers"), of("hidden_size"), of("num_attention_heads"));
        let width = of("head_dim").or_else(|| hidden?.checked_div(heads?));
        if let (Some(width), Some(turned)) = (width, turned)
            && width != turned
            && width > 0
        {
            self.json.insert("partial_rotary_factor".to_owned(), json!(turned as f64 / width as f64));
        }
        if self.kind == "gemma3" {
            // The converter keeps neither; llama.cpp scales by the width of a head, but for the 27B model.
            let scale = match (layers, hidden, heads) {
                (Some(62), Some(hidden), Some(heads)) if heads > 0 => hidden / heads,
                _ => width.unwrap_or(256),
            };
            self.json.insert("query_pre_attn_scalar".to_owned(), json!(scale));
        }
        Ok(())
    }
}

/// What conversion to GGUF changes.
fn adapt(config: &mut Config, path: &Path, header: &Header) -> Result<()> {
    config.names = match config.architecture {
        Architecture::Gemma3 => names::GGUF_GEMMA3,
        Architecture::Phi3 => names::GGUF_PHI3,
        _ => names::GGUF,
    };
    config.norm.offset = 0.0;
    if config.architecture == Architecture::Gemma3 {
        config.attention.qk_norm = crate::lm::config::QkNorm::Head(config.norm);
    }
    let context = config.context;
    let Position::Rope { every, .. } = &mut config.position else { return Ok(()) };
    every.interleaved = config.architecture == Architecture::Llama;
    if let Some(divisors) = single(path, header, "rope_freqs.weight")? {
        every.scaling = Scaling::Divisors(divisors);
    }
    let short = single(path, header, "rope_factors_short.weight")?;
    let long = single(path, header, "rope_factors_long.weight")?;
    if let (Some(short), Some(long)) = (short, long) {
        let first = header.whole("phi3.rope.scaling.original_context_length").map_or(context, |first| first as usize);
        let growth = context as f64 / first.max(1) as f64;
        let implied = if growth <= 1.0 { 1.0 } else { (1.0 + growth.ln() / (first as f64).ln()).sqrt() };
        let magnitude = match header.settings.get("phi3.rope.scaling.attn_factor") {
            Some(MetadataValue::Number(factor)) if factor.is_finite() && *factor > 0.0 => *factor,
            _ => implied,
        };
        every.scaling = Scaling::Long { short, long, context: first, magnitude };
    }
    config.check(path)
}

/// A list of single-precision numbers stored as a tensor.
fn single(path: &Path, header: &Header, name: &str) -> Result<Option<Vec<f32>>> {
    let Some(tensor) = header.tensors.iter().find(|tensor| tensor.name == name) else { return Ok(None) };
    let wrong =
        |problem: &str| Error::Tensor { path: path.to_owned(), tensor: name.to_owned(), problem: problem.to_owned() };
    if tensor.dtype != candle_core::quantized::GgmlDType::F32 || tensor.bytes.len() > 1 << 20 {
        return Err(wrong("is not a list of single-precision numbers"));
    }
    let bytes = Source::open(path)?.bytes(&tensor.bytes)?;
    let numbers: Vec<f32> = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    match numbers.iter().all(|number| number.is_finite() && *number > 0.0) {
        true => Ok(Some(numbers)),
        false => Err(wrong("holds divisors that are not above zero")),
    }
}

fn json_of(value: &MetadataValue) -> Json {
    match value {
        MetadataValue::Whole(number) => json!(number),
        // Single precision was stored: 1e-5 should be read as such, not as 9.99999974e-6. The difference is below rounding.
        MetadataValue::Number(number) => json!(number),
        MetadataValue::Flag(flag) => json!(flag),
        MetadataValue::Text(text) => json!(text),
        MetadataValue::Numbers(numbers) => json!(numbers),
        MetadataValue::Texts(texts) => json!(texts.len()),
    }
}
