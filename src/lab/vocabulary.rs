//! Words as tokens: the fixed tokenizer of a world, and the files that make its models ordinary model folders.
//!
//! One word is one token, so no fact is easier because of how its words are cut. Frequent entities have small ids.

use std::collections::HashMap;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::documents::{END, LETTERS, WORDS};
use super::shape::ModelShape;
use super::world::World;
use crate::error::{Error, Result};
use crate::lm::Config;
use crate::train::ModelFiles;

/// Longest text that a model of the lab is made for.
const CONTEXT: usize = 64;

/// Base of the rotary positions: texts are short, and a small base tells neighbours apart.
const ROPE_BASE: f64 = 100.0;

/// Stands for words that the world does not have.
const UNKNOWN: &str = "<unknown>";

/// The words of a world and their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Vocabulary {
    words: Vec<String>,
    ids: HashMap<String, u32>,
}

impl Vocabulary {
    /// All words that documents about `world` can have.
    #[must_use]
    pub(crate) fn new(world: &World) -> Self {
        let fixed = WORDS.iter().chain([&UNKNOWN]).chain(&LETTERS).copied();
        let values = world.all_values().iter().flatten().copied();
        let texts = fixed.chain(values).chain(world.attributes().iter().copied()).map(str::to_owned);
        let words: Vec<String> = texts.chain(world.entities().iter().cloned()).collect();
        let ids = words.iter().cloned().zip(0..).collect();
        Self { words, ids }
    }

    /// Number of words.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.words.len()
    }

    /// Ids of the words of a text, separated by single spaces.
    ///
    /// # Errors
    /// [`Error::Argument`] for a word that the world does not have.
    pub(crate) fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let id = |word: &str| self.ids.get(word).copied();
        text.split(' ')
            .map(|word| id(word).ok_or_else(|| Error::Argument(format!("the world has no word `{word}`"))))
            .collect()
    }

    /// The config of a model of this shape.
    ///
    /// # Errors
    /// [`Error::File`] for a shape that no decoder has, such as heads that do not divide its width.
    pub(crate) fn config(&self, shape: &ModelShape) -> Result<Config> {
        let text = Value::Object(self.config_json(shape)).to_string();
        Config::parse("config.json".as_ref(), text.as_bytes())
    }

    fn config_json(&self, shape: &ModelShape) -> Map<String, Value> {
        let config = json!({
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "hidden_act": "silu",
            "hidden_size": shape.width,
            "intermediate_size": shape.inner(),
            "num_hidden_layers": shape.layers,
            "num_attention_heads": shape.heads,
            "num_key_value_heads": shape.heads,
            "vocab_size": self.len(),
            "max_position_embeddings": CONTEXT,
            "rms_norm_eps": 1e-5,
            "rope_theta": ROPE_BASE,
            "attention_bias": false,
            "mlp_bias": false,
            "tie_word_embeddings": true,
            "bos_token_id": 0,
            "eos_token_id": 0,
            "torch_dtype": "float32",
        });
        match config {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }

    /// What a model folder holds beside the weights.
    #[must_use]
    pub(crate) fn files(&self, shape: &ModelShape) -> ModelFiles {
        let special = |id: usize, word: &str| {
            json!({"id": id, "content": word, "single_word": false, "lstrip": false, "rstrip": false,
                "normalized": false, "special": true})
        };
        let vocabulary: Map<String, Value> = self.ids.iter().map(|(word, id)| (word.clone(), json!(id))).collect();
        let tokenizer = json!({
            "version": "1.0",
            "truncation": null,
            "padding": null,
            "added_tokens": [special(0, END)],
            "normalizer": null,
            "pre_tokenizer": {"type": "WhitespaceSplit"},
            "post_processor": null,
            "decoder": null,
            "model": {"type": "WordLevel", "vocab": vocabulary, "unk_token": UNKNOWN},
        });
        let settings = json!({
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": END,
            "eos_token": END,
            "unk_token": UNKNOWN,
            "model_max_length": CONTEXT,
        });
        let file = |name: &str, content: &Value| (name.to_owned(), format!("{content}\n").into_bytes());
        ModelFiles {
            config: self.config_json(shape),
            tokenizer: vec![file("tokenizer.json", &tokenizer), file("tokenizer_config.json", &settings)],
            base: PathBuf::new(),
        }
    }
}
