//! A trained model on disk, in the layout every other program reads.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use candle_core::{DType, Tensor};
use serde_json::{Map, Value, json};

use super::tensors::write_tensors;
use crate::error::{Error, Result};
use crate::registry::write;

/// What a model folder holds beside its weights.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ModelFiles {
    /// `config.json`.
    pub config: Map<String, Value>,
    /// Files of the tokenizer: name and content.
    pub tokenizer: Vec<(String, Vec<u8>)>,
    /// Where they came from; adapters name it as their base.
    pub base: PathBuf,
}

/// What a tokenizer may consist of.
const TOKENIZER_FILES: [&str; 9] = [
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "tokenizer.model",
    "chat_template.jinja",
    "generation_config.json",
];

impl ModelFiles {
    /// Reads them from the folder of a model.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a GGUF file, which has no `config.json`; [`Error::Read`] or [`Error::File`] for one that
    /// cannot be read.
    pub fn read(model: &Path) -> Result<Self> {
        if model.extension().is_some_and(|kind| kind.eq_ignore_ascii_case("gguf")) {
            return Err(Error::Unsupported {
                what: format!("training the quantised weights of {}", model.display()),
                supported: "folders with config.json and safetensors or PyTorch weights".to_owned(),
            });
        }
        let folder = if model.is_dir() { model } else { model.parent().unwrap_or(Path::new("")) };
        let path = folder.join("config.json");
        let text = std::fs::read(&path).map_err(Error::read(&path))?;
        let config = match serde_json::from_slice(&text).map_err(Error::malformed(&path, "is not JSON"))? {
            Value::Object(config) => config,
            _ => return Err(Error::File { path, problem: "is not a JSON object".to_owned() }),
        };
        // Only the text part of a model with images is trained, and it is saved as a model of its own.
        let config = crate::lm::text_part_of(&path, &config)?.unwrap_or(config);
        let mut tokenizer = Vec::new();
        for name in TOKENIZER_FILES {
            let path = folder.join(name);
            if path.is_file() {
                tokenizer.push((name.to_owned(), std::fs::read(&path).map_err(Error::read(&path))?));
            }
        }
        Ok(Self { config, tokenizer, base: folder.to_owned() })
    }

    pub(super) fn write_tokenizer(&self, folder: &Path) -> Result<()> {
        self.tokenizer.iter().try_for_each(|(name, content)| write::bytes(&folder.join(name), content))
    }
}

/// Writes a model to a new folder, which appears complete or not at all: `config.json`, `model.safetensors` and the files
/// of the tokenizer.
///
/// # Errors
/// [`Error::Write`]; what was at `folder` before is then still there.
pub(crate) fn save(folder: &Path, files: &ModelFiles, tensors: &BTreeMap<String, Tensor>) -> Result<()> {
    write::folder(folder, |folder| fill(folder, files, tensors))
}

/// The same into a folder that is there.
pub(super) fn fill(folder: &Path, files: &ModelFiles, tensors: &BTreeMap<String, Tensor>) -> Result<()> {
    let mut config = files.config.clone();
    let dtype = match tensors.values().next().map(Tensor::dtype) {
        Some(DType::BF16) => "bfloat16",
        Some(DType::F16) => "float16",
        _ => "float32",
    };
    // Older programs read the second name, newer ones the first; a config keeps the one it has.
    let names: Vec<&str> = ["dtype", "torch_dtype"].into_iter().filter(|name| config.contains_key(*name)).collect();
    for name in if names.is_empty() { vec!["torch_dtype"] } else { names } {
        config.insert(name.to_owned(), json!(dtype));
    }
    // Quantisation of the weights the run began with says nothing about those it ends with.
    config.remove("quantization_config");
    write_tensors(&folder.join("model.safetensors"), tensors)?;
    write_json(&folder.join("config.json"), &config)?;
    files.write_tokenizer(folder)
}

pub(super) fn write_json(path: &Path, object: &Map<String, Value>) -> Result<()> {
    let text = serde_json::to_string_pretty(object).map_err(|error| Error::write(path)(error.into()))?;
    write::bytes(path, format!("{text}\n").as_bytes())
}
