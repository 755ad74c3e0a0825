//! The model that is evaluated, and what tells it from every other.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::draw::SamplingDefaults;
use super::limits::Limits;
use crate::bounds::Bound;
use crate::error::{Error, Result};
use crate::harness::evaluation::Identity;
use crate::lm::source;
use crate::lm::{AdapterFolder, Decoder, Found, LanguageModel, LoadedModel, Placement, Tokenizer};

/// A model that can be evaluated.
#[derive(Debug)]
pub struct EvaluatedModel<'a, M: LanguageModel> {
    /// What is asked.
    pub model: &'a M,
    /// Its tokenizer.
    pub tokenizer: &'a Tokenizer,
    /// Tokens beside the tokenizer's end token that end a text.
    pub ends: Vec<u32>,
    /// How tokens are drawn where a task says nothing.
    pub sampling: SamplingDefaults,
    /// What it is.
    pub identity: Identity,
    /// How much is done at a time.
    pub limits: Limits,
}

/// A model from disk.
#[derive(Debug)]
pub struct Loaded {
    decoder: Decoder,
    tokenizer: Tokenizer,
    ends: Vec<u32>,
    sampling: SamplingDefaults,
    identity: Identity,
    limits: Limits,
}

impl Loaded {
    /// Loads the model at `path` and hashes its files. `name` is what it is called, the folder's or file's name if
    /// nothing is said; `memory` is the number of bytes to stay within beside its weights.
    ///
    /// # Errors
    /// Those of [`LoadedModel::load`]; [`Error::File`] for a model without tokenizer, [`Error::Read`].
    pub fn load(path: &Path, placement: &Placement, name: Option<&str>, memory: usize) -> Result<Self> {
        let found = find(path)?;
        let limits = Limits::within(memory, &found, placement);
        let parameters = u64::try_from(found.parameters()).ok();
        let quantisation = quantisation(&found);
        // Hashing is the work of one core.
        let (model, hashes) = rayon::join(|| found.load(placement), || hashes(path));
        let LoadedModel { decoder, tokenizer } = model?;
        let tokenizer = tokenizer.ok_or_else(|| no_tokenizer(path))?;
        let (weights, of_tokenizer) = hashes?;
        let adapter = AdapterFolder::at(path)?;
        let model = adapter.as_ref().map_or(path, |adapter| adapter.base.as_path());
        let identity = Identity {
            name: name.map_or_else(|| name_of(model), str::to_owned),
            adapter: adapter.as_ref().map(|_| name_of(path)),
            weights,
            tokenizer: of_tokenizer,
            dtype: Some(placement.dtype.as_str().to_owned()),
            quantisation,
            revision: revision(model),
            device: format!("{:?}", placement.device.location()).to_lowercase(),
            parameters,
        };
        let (ends, sampling) = (ends(path)?, sampling(model)?);
        Ok(Self { decoder, tokenizer, ends, sampling, identity, limits })
    }

    /// The model as an evaluation sees it.
    #[must_use]
    pub fn subject(&self) -> EvaluatedModel<'_, Decoder> {
        EvaluatedModel {
            model: &self.decoder,
            tokenizer: &self.tokenizer,
            ends: self.ends.clone(),
            sampling: self.sampling,
            identity: self.identity.clone(),
            limits: self.limits.clone(),
        }
    }
}

/// What is at a path, if there is anything.
pub(super) fn find(path: &Path) -> Result<Found> {
    std::fs::metadata(path).map_err(Error::read(path))?;
    Found::at(path)
}

/// The name of a model at a path, where none is given.
fn name_of(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let name = if whole.is_dir() { whole.file_name() } else { whole.file_stem() };
    name.map_or_else(|| "model".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// The kind of quantised numbers that most of the weights' bytes are in, such as `q4_k`; `None` where nothing is quantised.
fn quantisation(found: &Found) -> Option<String> {
    let mut bytes: BTreeMap<&str, usize> = BTreeMap::new();
    for tensor in found.tensors.iter().filter(|tensor| tensor.is_quantised()) {
        *bytes.entry(&tensor.dtype).or_default() += tensor.bytes;
    }
    bytes.into_iter().max_by_key(|(_, bytes)| *bytes).map(|(kind, _)| kind.to_owned())
}

/// The commit of a model that lies where the hub's client keeps it.
fn revision(path: &Path) -> Option<String> {
    let whole = path.canonicalize().ok()?;
    let mut above = whole.ancestors().zip(whole.ancestors().skip(1));
    let (commit, _) = above.find(|(_, folder)| folder.ends_with("snapshots"))?;
    Some(commit.file_name()?.to_string_lossy().into_owned())
}

/// What is missing, what is there, and what is read.
pub(super) fn no_tokenizer(path: &Path) -> Error {
    let folder = folder(path);
    let there = |name: &&str| folder.join(name).is_file();
    let found: Vec<&str> = TOKENIZERS.into_iter().filter(there).collect();
    let found =
        if found.is_empty() { "there is none of them".to_owned() } else { format!("there is {}", found.join(", ")) };
    let problem = format!(
        "has no tokenizer beside its weights: tokenizer.json is read, tokenizer.model of Llama, vocab.json with \
         merges.txt of GPT-2 and Qwen 2, and what a GGUF file carries; {found}. transformers writes tokenizer.json: \
         AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)"
    );
    Error::File { path: path.to_owned(), problem }
}

/// Files that tokenizers come in.
const TOKENIZERS: [&str; 9] = [
    "tokenizer.json",
    "tokenizer.model",
    "vocab.json",
    "merges.txt",
    "tokenizer_config.json",
    "vocab.txt",
    "spiece.model",
    "tekken.json",
    "qwen.tiktoken",
];

/// Tokens that the files beside the weights at `path` say end a text.
///
/// # Errors
/// [`Error::Read`], and [`Error::File`] for a file that is not JSON.
pub(crate) fn ends(path: &Path) -> Result<Vec<u32>> {
    if let Some(adapter) = AdapterFolder::at(path)? {
        return ends(&adapter.base);
    }
    let folder = folder(path);
    let mut ends = Vec::new();
    for name in ["generation_config.json", "config.json"] {
        let path = folder.join(name);
        if !path.is_file() {
            continue;
        }
        let bytes = source::read(&path, Bound::ConfigBytes)?;
        let json: Value = serde_json::from_slice(&bytes).map_err(Error::malformed(&path, "is not JSON"))?;
        let ids = match json.get("eos_token_id") {
            Some(Value::Array(ids)) => ids.clone(),
            Some(id) => vec![id.clone()],
            None => Vec::new(),
        };
        ends.extend(ids.iter().filter_map(Value::as_u64).filter_map(|id| u32::try_from(id).ok()));
    }
    ends.sort_unstable();
    ends.dedup();
    Ok(ends)
}

/// How the files beside the weights at `path` say that tokens are drawn.
fn sampling(path: &Path) -> Result<SamplingDefaults> {
    let path = folder(path).join("generation_config.json");
    if !path.is_file() {
        return Ok(SamplingDefaults::default());
    }
    let bytes = source::read(&path, Bound::ConfigBytes)?;
    let json: Value = serde_json::from_slice(&bytes).map_err(Error::malformed(&path, "is not JSON"))?;
    let number = |name: &str| json.get(name).and_then(Value::as_f64).filter(|number| *number >= 0.0);
    let top_k = json.get("top_k").and_then(Value::as_u64).and_then(|k| usize::try_from(k).ok());
    Ok(SamplingDefaults { temperature: number("temperature"), top_k, top_p: number("top_p") })
}

fn folder(path: &Path) -> &Path {
    if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) }
}

/// Files that say how text is read and written.
const BESIDE: [&str; 7] = [
    "tokenizer.json",
    "tokenizer_config.json",
    "generation_config.json",
    "chat_template.jinja",
    "tokenizer.model",
    "vocab.json",
    "merges.txt",
];

/// SHA-256 of the weights with their config, and of the tokenizer.
fn hashes(path: &Path) -> Result<(String, String)> {
    if let Some(adapter) = AdapterFolder::at(path)? {
        let (weights, tokenizer) = hashes(&adapter.base)?;
        let own = hash(&[adapter.config(), adapter.tensors()?])?;
        let beside = hash(&BESIDE.map(|name| path.join(name)))?;
        return Ok((format!("{weights}+{own}"), format!("{tokenizer}+{beside}")));
    }
    let folder = folder(path);
    let mut weights = Vec::new();
    if path.is_dir() {
        for entry in std::fs::read_dir(path).map_err(Error::read(path))? {
            let file = entry.map_err(Error::read(path))?.path();
            let kind = file.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
            if matches!(kind, "safetensors" | "bin" | "pt" | "pth" | "gguf") {
                weights.push(file);
            }
        }
        weights.sort();
    } else {
        weights.push(path.to_owned());
    }
    weights.push(folder.join("config.json"));
    let beside = BESIDE.map(|name| folder.join(name));
    let weights = hash(&weights)?;
    // A GGUF file holds its tokenizer itself.
    let gguf = path.extension().is_some_and(|kind| kind == "gguf");
    let tokenizer = if gguf { weights.clone() } else { hash(&beside)? };
    Ok((weights, tokenizer))
}

/// SHA-256 of the names and contents of those files that exist.
fn hash(files: &[PathBuf]) -> Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    for path in files.iter().filter(|path| path.is_file()) {
        let mut file = File::open(path).map_err(Error::read(path))?;
        let length = file.metadata().map_err(Error::read(path))?.len();
        hash.update(path.file_name().unwrap_or_default().as_encoded_bytes());
        hash.update(length.to_le_bytes());
        loop {
            let read = file.read(&mut buffer).map_err(Error::read(path))?;
            if read == 0 {
                break;
            }
            hash.update(&buffer[..read]);
        }
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
