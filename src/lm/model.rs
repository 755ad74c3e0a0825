//! A model with its tokenizer, found by a path.

use std::path::{Path, PathBuf};

use candle_core::{DType, Device};

use super::adapter::AdapterFolder;
use super::config::Config;
use super::decoder::Decoder;
use super::gguf::Header;
use super::source::Source;
use super::tokenizer::Tokenizer;
use super::weights::{TensorInfo, Weights};
use crate::error::{Error, Result};

/// Where and how a model is to run.
#[derive(Debug, Clone)]
pub struct Placement {
    /// The device; the CPU if nothing is said.
    pub device: Device,
    /// The dtype of weights and activations; single precision if nothing is said.
    pub dtype: DType,
}

impl Default for Placement {
    fn default() -> Self {
        Self { device: Device::Cpu, dtype: DType::F32 }
    }
}

impl Placement {
    /// From names: `cpu`, `cuda`, `cuda:1`, `metal`; `f32`, `bf16`, `f16`.
    ///
    /// # Errors
    /// [`Error::Argument`] for any other name, [`Error::Backend`] for a device that is not there or not compiled in.
    pub(crate) fn named(device: &str, dtype: &str) -> Result<Self> {
        let dtype = match dtype {
            "f32" | "float32" => DType::F32,
            "bf16" | "bfloat16" => DType::BF16,
            "f16" | "float16" => DType::F16,
            other => return Err(Error::Argument(format!("the dtype {other} is none of f32, bf16, f16"))),
        };
        let (kind, number) = device.split_once(':').unwrap_or((device, "0"));
        let number = number.parse().map_err(|_| Error::Argument(format!("`{device}` is not a device")))?;
        let device = match kind {
            "cpu" => Device::Cpu,
            "cuda" => Device::new_cuda(number)?,
            "metal" => Device::new_metal(number)?,
            other => return Err(Error::Argument(format!("the device {other} is none of cpu, cuda, metal"))),
        };
        Ok(Self { device, dtype })
    }
}

/// A model on disk whose weights have not been loaded.
#[derive(Debug)]
pub(crate) struct Found {
    /// The folder or file.
    pub path: PathBuf,
    /// What it is.
    pub config: Config,
    /// Its tensors.
    pub tensors: Vec<TensorInfo>,
    /// Its tokenizer, if it has one.
    pub tokenizer: Option<Tokenizer>,
}

/// A model that can be asked.
#[derive(Debug)]
pub struct LoadedModel {
    /// Its weights and what to do with them.
    pub decoder: Decoder,
    /// Its tokenizer, if it has one.
    pub tokenizer: Option<Tokenizer>,
}

impl LoadedModel {
    /// Loads the model at `path`: a folder as on the hub, a weights file inside one, or a GGUF file.
    ///
    /// # Errors
    /// Those of `Config::read`, [`Weights::open`], [`Decoder::new`] and [`Tokenizer::read`], and [`Error::File`] for a
    /// tokenizer with tokens that the model does not have.
    pub fn load(path: &Path, placement: &Placement) -> Result<Self> {
        Found::at(path)?.load(placement)
    }
}

impl Found {
    /// Reads all but the weights.
    ///
    /// # Errors
    /// As [`LoadedModel::load`].
    pub(crate) fn at(path: &Path) -> Result<Self> {
        let (mut config, tokenizer) = settings(path)?;
        let weights = Weights::open(path, &Device::Cpu, DType::F32)?;
        config.head.tied &= !weights.holds_another_head(&config)?;
        Ok(Self { path: path.to_owned(), config, tensors: weights.infos(), tokenizer })
    }

    /// Reads the weights as well.
    ///
    /// # Errors
    /// As [`LoadedModel::load`].
    pub(crate) fn load(self, placement: &Placement) -> Result<LoadedModel> {
        let weights = Weights::open(&self.path, &placement.device, placement.dtype)?;
        Ok(LoadedModel { decoder: Decoder::new(self.config, &weights)?, tokenizer: self.tokenizer })
    }

    /// Numbers that are learned; a tied head is counted once.
    #[must_use]
    pub(crate) fn parameters(&self) -> usize {
        self.tensors.iter().filter(|tensor| !self.repeats(tensor)).map(count).sum()
    }

    /// The same without token and position embeddings and an untied head.
    #[must_use]
    pub(crate) fn parameters_without_embeddings(&self) -> usize {
        let names = &self.config.names;
        let tables = [names.embed, names.position, names.head, names.head_alias];
        let is_table = |tensor: &TensorInfo| {
            let stem = tensor.name.strip_suffix(".weight").unwrap_or(&tensor.name);
            tables.iter().any(|name| !name.is_empty() && (*name == stem || name.strip_prefix(names.root) == Some(stem)))
        };
        self.tensors.iter().filter(|tensor| !is_table(tensor)).map(count).sum()
    }

    /// Bytes that the weights take in `dtype`; quantised ones keep their size.
    #[must_use]
    pub(crate) fn weight_bytes(&self, dtype: DType) -> usize {
        let of = |t: &TensorInfo| if t.is_quantised() { t.bytes } else { count(t) * dtype.size_in_bytes() };
        self.tensors.iter().filter(|tensor| !self.repeats(tensor)).map(of).sum()
    }

    /// Bytes that keys and values of one token take in `dtype`.
    #[must_use]
    pub(crate) fn cache_bytes_per_token(&self, dtype: DType) -> usize {
        2 * self.config.layers * self.config.kv_heads * self.config.head_dim * dtype.size_in_bytes()
    }

    fn repeats(&self, tensor: &TensorInfo) -> bool {
        let names = &self.config.names;
        let head = |name: &str| !name.is_empty() && tensor.name.strip_suffix(".weight") == Some(name);
        self.config.head.tied && (head(names.head) || head(names.head_alias))
    }
}

fn count(tensor: &TensorInfo) -> usize {
    tensor.shape.iter().product()
}

/// Config and tokenizer of the model at `path`.
pub(super) fn settings(path: &Path) -> Result<(Config, Option<Tokenizer>)> {
    if let Some(adapter) = AdapterFolder::at(path)? {
        let (config, tokenizer) = settings(&adapter.base)?;
        // A tokenizer beside the adapter is the one that it was trained with.
        let own = Tokenizer::beside(path)?;
        if let Some(own) = &own {
            own.check(config.vocab_size)?;
        }
        return Ok((config, own.or(tokenizer)));
    }
    let files = super::weights::files(path)?;
    let gguf = files.into_iter().find(|file| file.extension().is_some_and(|kind| kind.eq_ignore_ascii_case("gguf")));
    let (config, tokenizer) = if let Some(file) = gguf {
        let header = Header::of(&Source::open(&file)?)?;
        let tokenizer = match header.text("tokenizer.ggml.model") {
            None => None,
            Some(_) => Some(Tokenizer::from_gguf(&file, &header)?),
        };
        (Config::from_gguf(&file, &header)?, tokenizer)
    } else {
        let folder = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
        let tokenizer = Tokenizer::beside(folder)?;
        (Config::read(&folder.join("config.json"))?, tokenizer)
    };
    if let Some(tokenizer) = &tokenizer {
        tokenizer.check(config.vocab_size)?;
    }
    Ok((config, tokenizer))
}
