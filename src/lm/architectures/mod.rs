//! The kinds of model that are known: one row of names and switches each, read from `config.json`.
//!
//! `llama.rs` holds the descendants of Llama (RMS norm or LayerNorm, rotary positions, gated MLP), `gpt.rs` those of GPT.
//! A new kind is a new variant of [`Architecture`], a reader in one of the two and a table in `names.rs`, with a reference
//! model of random weights to test it against.

mod gpt;
mod llama;
mod rope;

use serde_json::Value;

use super::config::{Attention, Config, Embedding, Gating, Head, Mlp, Norm, NormKind, Packing, QkNorm, Residual};
use super::keys::Keys;
use super::names;
use super::ops::Activation;
use super::position::{Position, Rope, Scaling};
use crate::error::Result;

macro_rules! architectures {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, types: [$($kind:literal),*], classes: [$($class:literal),+], read: $read:path;)+) => {
        /// A kind of model.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Architecture {
            $($(#[$doc])* $variant,)+
        }

        impl Architecture {
            /// Every kind that is supported.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its name, as people write it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The classes that `architectures` of a config may name.
            #[must_use]
            pub fn classes(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($class),+],)+ }
            }

            /// The values of `model_type` of a config.
            #[must_use]
            pub fn model_types(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($kind),*],)+ }
            }

            fn reader(self) -> fn(&Keys<'_>, Self) -> Result<Config> {
                match self { $(Self::$variant => $read,)+ }
            }
        }
    };
}

architectures! {
    /// LLaMA, Llama 2 and 3, OpenLLaMA, Yi, Ziya 2, MAP-Neo.
    Llama = "Llama", types: ["llama", "Yi"], classes: ["LlamaForCausalLM", "LLaMAForCausalLM", "YiForCausalLM"], read: llama::llama;
    /// Mistral.
    Mistral = "Mistral", types: ["mistral"], classes: ["MistralForCausalLM"], read: llama::mistral;
    /// Qwen 1.5, Qwen 2 and 2.5.
    Qwen2 = "Qwen2", types: ["qwen2"], classes: ["Qwen2ForCausalLM"], read: llama::qwen;
    /// Qwen 3.
    Qwen3 = "Qwen3", types: ["qwen3"], classes: ["Qwen3ForCausalLM"], read: llama::qwen;
    /// Gemma.
    Gemma = "Gemma", types: ["gemma"], classes: ["GemmaForCausalLM"], read: llama::gemma;
    /// Gemma 2.
    Gemma2 = "Gemma 2", types: ["gemma2"], classes: ["Gemma2ForCausalLM"], read: llama::gemma;
    /// Gemma 3, text only.
    Gemma3 = "Gemma 3", types: ["gemma3_text"], classes: ["Gemma3ForCausalLM"], read: llama::gemma;
    /// OLMo and OLMo 1.7.
    Olmo = "OLMo", types: ["olmo"], classes: ["OlmoForCausalLM"], read: llama::olmo;
    /// OLMo 2.
    Olmo2 = "OLMo 2", types: ["olmo2"], classes: ["Olmo2ForCausalLM"], read: llama::olmo;
    /// StableLM 3B 4E1T and StableLM 2.
    StableLm = "StableLM", types: ["stablelm", "stablelm_epoch"], classes: ["StableLmForCausalLM", "StableLMEpochForCausalLM"], read: llama::stablelm;
    /// StableLM-alpha v2.
    StableLmAlpha = "StableLM-alpha", types: ["stablelm_alpha"], classes: ["StableLMAlphaForCausalLM"], read: llama::stablelm_alpha;
    /// Phi-3.
    Phi3 = "Phi-3", types: ["phi3"], classes: ["Phi3ForCausalLM"], read: llama::phi3;
    /// Baichuan and Baichuan 2, 7B (rotary) and 13B (ALiBi).
    Baichuan = "Baichuan", types: ["baichuan"], classes: ["BaichuanForCausalLM", "BaiChuanForCausalLM"], read: llama::baichuan;
    /// InternLM.
    InternLm = "InternLM", types: ["internlm"], classes: ["InternLMForCausalLM"], read: llama::internlm;
    /// InternLM 2.
    InternLm2 = "InternLM2", types: ["internlm2"], classes: ["InternLM2ForCausalLM"], read: llama::internlm2;
    /// Skywork.
    Skywork = "Skywork", types: ["skywork"], classes: ["SkyworkForCausalLM"], read: llama::llama;
    /// GPT-2.
    Gpt2 = "GPT-2", types: ["gpt2"], classes: ["GPT2LMHeadModel"], read: gpt::gpt2;
    /// GPT-Neo.
    GptNeo = "GPT-Neo", types: ["gpt_neo"], classes: ["GPTNeoForCausalLM"], read: gpt::gpt_neo;
    /// GPT-J.
    GptJ = "GPT-J", types: ["gptj"], classes: ["GPTJForCausalLM"], read: gpt::gptj;
    /// GPT-NeoX, Pythia, RedPajama-INCITE.
    GptNeoX = "GPT-NeoX", types: ["gpt_neox"], classes: ["GPTNeoXForCausalLM"], read: gpt::gpt_neox;
    /// OPT.
    Opt = "OPT", types: ["opt"], classes: ["OPTForCausalLM"], read: gpt::opt;
    /// Falcon 1B, 7B, 40B and Falcon 2 11B.
    Falcon = "Falcon", types: ["falcon", "RefinedWebModel", "RefinedWeb"], classes: ["FalconForCausalLM", "RWForCausalLM"], read: gpt::falcon;
    /// BLOOM.
    Bloom = "BLOOM", types: ["bloom"], classes: ["BloomForCausalLM"], read: gpt::bloom;
    /// Phi-1, Phi-1.5 and Phi-2.
    Phi = "Phi", types: ["phi"], classes: ["PhiForCausalLM"], read: gpt::phi;
}

impl Architecture {
    /// The names of all kinds, joined by commas, for messages.
    pub(super) fn all_names() -> String {
        Self::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
    }
}

/// Finds out the kind from `architectures`, or from `model_type` where that is missing, and reads the rest.
pub(super) fn read(keys: &Keys<'_>) -> Result<Config> {
    let classes = keys.texts("architectures")?.unwrap_or_default();
    let kind = keys.text(&["model_type"])?;
    let by_class = |class: &&str| Architecture::ALL.iter().find(|kind| kind.classes().contains(class));
    let found = match classes.first() {
        Some(class) => by_class(class),
        None => Architecture::ALL.iter().find(|known| kind.is_some_and(|kind| known.model_types().contains(&kind))),
    };
    let Some(&architecture) = found else {
        let what = match (classes.first(), kind) {
            (Some(class), _) => format!("the architecture {class}"),
            (None, Some(kind)) => format!("`model_type: \"{kind}\"`"),
            (None, None) => return Err(keys.problem("`architectures` and `model_type` are missing".to_owned())),
        };
        return Err(keys.unsupported(&what, &Architecture::all_names()));
    };
    if let (Some(class), Some(kind)) = (classes.first(), kind)
        && !architecture.model_types().contains(&kind)
    {
        // `transformers` goes by the type; whoever wrote another beside this class means other tensors.
        let what = format!("`model_type: \"{kind}\"` with the architecture {class}");
        return Err(keys.unsupported(&what, &architecture.model_types().join(", ")));
    }
    keys.only("is_encoder_decoder", false)?;
    keys.only("add_cross_attention", false)?;
    let mut config = (architecture.reader())(keys, architecture)?;
    config.stored_dtype =
        keys.text(&["dtype", "torch_dtype"])?.map(|name| name.trim_start_matches("torch.").to_owned());
    Ok(config)
}

/// The sizes that every config has, under all the names they go by.
struct Sizes {
    vocab: usize,
    hidden: usize,
    layers: usize,
    heads: usize,
    kv_heads: usize,
    head_dim: usize,
    context: usize,
}

/// No published model has more; keeps a list per layer small whatever a config claims.
const MOST_LAYERS: usize = 10_000;

impl Sizes {
    fn read(keys: &Keys<'_>) -> Result<Self> {
        let hidden = keys.size(&["hidden_size", "n_embd", "n_embed"])?;
        let heads = keys.size(&["num_attention_heads", "n_head", "num_heads"])?;
        let layers = keys.size(&["num_hidden_layers", "n_layer", "num_layers"])?;
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
        ];
        let context = keys.size_or(names, 2048)?;
        Ok(Self { vocab: keys.size(&["vocab_size"])?, hidden, layers, heads, kv_heads, head_dim, context })
    }

    /// Llama's switches; what differs is changed afterwards.
    fn config(self, architecture: Architecture, intermediate: usize, norm: Norm, activation: Activation) -> Config {
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
            attention: Attention {
                packing: Packing::Separate,
                input_bias: false,
                output_bias: false,
                qk_norm: QkNorm::None,
                clip: None,
                scales: vec![(self.head_dim as f64).sqrt().recip(); self.layers],
                softcap: None,
                windows: vec![None; self.layers],
            },
            mlp: Mlp { activation, gating: Gating::Separate, bias: false },
            head: Head { tied: false, bias: false, norm: true, softcap: None, unit_rows: false },
            stored_transposed: false,
            stored_dtype: None,
            names: names::LLAMA,
        }
    }
}

fn rms(eps: f64) -> Norm {
    Norm { kind: NormKind::Rms, eps, offset: 0.0, weight: true, bias: false }
}

fn layer_norm(eps: f64) -> Norm {
    Norm { kind: NormKind::Layer, eps, offset: 0.0, weight: true, bias: true }
}

fn activation<'a>(keys: &Keys<'a>, names: &[&'a str], default: Activation) -> Result<Activation> {
    match keys.text(names)? {
        None => Ok(default),
        Some(name) => Activation::named(name)
            .ok_or_else(|| keys.unsupported(&format!("the activation \"{name}\""), &Activation::names())),
    }
}

/// The window of each layer from `layer_types`, or from `pattern` where the config has none.
fn windows<'a>(
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
fn window<'a>(keys: &Keys<'a>, name: &'a str, default: Option<usize>) -> Result<Option<usize>> {
    if keys.is_null(name) {
        keys.ignore(&[name]);
        return Ok(None);
    }
    Ok(keys.optional_size(&[name])?.or(default))
}

/// GPT-Neo writes `[[["global", "local"], 12]]`.
fn repeated(value: &Value) -> Option<(Vec<&str>, usize)> {
    let [kinds, times] = value.as_array()?.as_slice() else { return None };
    let kinds = kinds.as_array()?.iter().map(Value::as_str).collect::<Option<Vec<_>>>()?;
    Some((kinds, usize::try_from(times.as_u64()?).ok()?))
}
