//! The one decoder: tokens to residual stream, layers, norm, logits.
//!
//! It reads like the paper's figure (Vaswani et al. 2017, arXiv 1706.03762, decoder only). Whatever differs between
//! models is in the [`Config`]; whatever differs between devices is in `ops/`. Every step can be differentiated, and
//! nothing derived from a weight is kept, so a decoder built on the variables of a training run follows their changes.
//!
//! ```no_run
//! use std::path::Path;
//!
//! use candle_core::{DType, Device};
//! use onset::lm::{Cache, Config, Decoder, Feed, Weights};
//!
//! # fn main() -> onset::Result<()> {
//! let folder = Path::new("pythia-70m");
//! let weights = Weights::open(folder, &Device::Cpu, DType::F32)?;
//! let decoder = Decoder::new(Config::read(folder)?, &weights)?;
//! // Two sequences; the second continues what its cache holds.
//! let mut cache = Cache::new();
//! decoder.extend(&mut [Feed { tokens: &[12092, 13], cache: Some(&mut cache) }])?;
//! let hidden = decoder.extend(&mut [
//!     Feed { tokens: &[12092, 13, 1533], cache: None },
//!     Feed { tokens: &[1533, 2], cache: Some(&mut cache) },
//! ])?;
//! let logits = decoder.logits(&hidden.narrow(0, 4, 1)?)?; // of the last token only: (1, vocabulary)
//! # Ok(()) }
//! ```

use std::ops::Range;

use candle_core::{DType, Device, Tensor};

use super::attention::Batch;
use super::build::Builder;
use super::cache::Cache;
use super::config::Config;
use super::layer::Layer;
use super::linear::{Linear, Matrix};
use super::normaliser::{Normaliser, normalise};
use super::ops;
use super::position::Position;
use super::weights::Weights;
use crate::error::{Error, Result};

/// A model: its config and its weights.
#[derive(Debug, Clone)]
pub struct Decoder {
    config: Config,
    embed: Linear,
    embed_norm: Option<Normaliser>,
    position: Option<Tensor>,
    project_in: Option<Linear>,
    project_out: Option<Linear>,
    layers: Vec<Layer>,
    norm: Option<Normaliser>,
    /// None where it is the embedding.
    head: Option<Linear>,
    head_bias: Option<Tensor>,
    device: Device,
    dtype: DType,
}

/// The new tokens of one sequence.
#[derive(Debug)]
pub struct Feed<'a> {
    /// Token ids; at least one.
    pub tokens: &'a [u32],
    /// The cache of what came before; it grows by the tokens. Without one, the sequence starts here.
    pub cache: Option<&'a mut Cache>,
}

/// A forward pass on its way through the layers.
#[derive(Debug, Clone)]
pub(crate) struct Pass {
    batch: Batch,
    /// The residual stream: (tokens of all sequences, hidden).
    pub stream: Tensor,
}

impl Decoder {
    /// Takes the weights that `config` describes.
    ///
    /// # Errors
    /// [`Error::Tensor`] for a tensor that is missing, has another shape, holds NaN, or is left over.
    pub fn new(config: Config, weights: &Weights) -> Result<Self> {
        let builder = Builder::new(config, weights)?;
        let names = builder.config.names;
        let (vocab, hidden) = (builder.config.vocab_size, builder.config.hidden_size);
        let width = builder.config.embedding.projected_from.unwrap_or(hidden);
        let embed = Linear { matrix: builder.table(names.embed, vocab, width)?, bias: None };
        let embed_norm = if builder.config.embedding.norm { builder.norm(names.embed_norm)? } else { None };
        let position = match builder.config.position {
            Position::Learned { offset } => {
                let rows = builder.config.context + offset;
                Some(builder.dense(&format!("{}.weight", names.position), &[rows, hidden])?)
            }
            _ => None,
        };
        let projected = width != hidden;
        let project_in = projected.then(|| builder.linear(names.project_in, hidden, width, false)).transpose()?;
        let project_out = projected.then(|| builder.linear(names.project_out, width, hidden, false)).transpose()?;
        let layers = (0..builder.config.layers).map(|layer| builder.layer(layer)).collect::<Result<_>>()?;
        let norm = if builder.config.head.norm { builder.norm(names.norm)? } else { None };
        let head_name = builder.head_name();
        let head = match builder.config.head.tied {
            true => None,
            false => Some(Linear { matrix: builder.table(&head_name, vocab, width)?, bias: None }),
        };
        let biased = builder.config.head.bias;
        let head_bias = biased.then(|| builder.dense(&format!("{head_name}.bias"), &[vocab])).transpose()?;
        weights.expect_all_taken(&builder.may_be_left())?;
        let (device, dtype) = (weights.device().clone(), weights.dtype());
        let config = builder.config;
        Ok(Self {
            config,
            embed,
            embed_norm,
            position,
            project_in,
            project_out,
            layers,
            norm,
            head,
            head_bias,
            device,
            dtype,
        })
    }

    /// What the model is.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The device it runs on.
    #[must_use]
    pub(crate) fn device(&self) -> &Device {
        &self.device
    }

    /// The dtype of the residual stream.
    #[must_use]
    pub(crate) fn dtype(&self) -> DType {
        self.dtype
    }

    /// The stream after the last norm for every token of every feed, one below the other: (tokens, hidden). What
    /// [`Decoder::logits`] needs. No number depends on the other feeds.
    ///
    /// # Errors
    /// [`Error::Argument`] for an empty feed, a token beyond the vocabulary or a sequence longer than positions reach.
    pub fn extend(&self, feeds: &mut [Feed<'_>]) -> Result<Tensor> {
        // Sequences without a past are multiplied together where there are no caches at all.
        if feeds.iter().all(|feed| feed.cache.is_none()) {
            let tokens: Vec<&[u32]> = feeds.iter().map(|feed| feed.tokens).collect();
            return self.through(self.start(&tokens)?, &[]);
        }
        let mut own: Vec<Cache> = feeds.iter().filter(|feed| feed.cache.is_none()).map(|_| Cache::new()).collect();
        let mut spare = own.iter_mut();
        let mut sequences = Vec::with_capacity(feeds.len());
        let mut caches: Vec<&mut Cache> = Vec::with_capacity(feeds.len());
        for feed in feeds {
            if let Some(cache) = feed.cache.as_deref_mut().or_else(|| spare.next()) {
                sequences.push((cache.len(), feed.tokens));
                caches.push(cache);
            }
        }
        let pass = self.enter(&sequences)?;
        let (kv, width) = (self.config.kv_heads, self.config.head_dim);
        let empty = |capacity| Ok(Tensor::zeros((kv, capacity, width), self.dtype, &self.device)?);
        for (cache, (_, tokens)) in caches.iter_mut().zip(&sequences) {
            cache.reserve(tokens.len(), self.layers.len(), empty)?;
        }
        let result = self.through(pass, &caches);
        if result.is_err() {
            // What was reserved was not written in full.
            for (cache, (past, _)) in caches.iter_mut().zip(&sequences) {
                cache.rewind(*past)?;
            }
        }
        result
    }

    /// Enters sequences without a past, for [`Decoder::layer`] and [`Decoder::finish`]: a training run that computes
    /// layers again on the way back steps through them itself.
    ///
    /// # Errors
    /// As [`Decoder::extend`].
    pub(crate) fn start(&self, sequences: &[&[u32]]) -> Result<Pass> {
        let sequences: Vec<_> = sequences.iter().map(|&tokens| (0, tokens)).collect();
        self.enter(&sequences)
    }

    /// One layer.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such layer; [`Error::Backend`] if the device fails.
    pub(crate) fn layer(&self, layer: usize, pass: Pass) -> Result<Pass> {
        let Some(found) = self.layers.get(layer) else {
            return Err(Error::Argument(format!("layer {layer} of {}", self.layers.len())));
        };
        let stream = found.apply(&self.config, &pass.batch, &pass.stream, &[])?;
        Ok(Pass { stream, ..pass })
    }

    /// The last norm: (tokens, hidden).
    ///
    /// # Errors
    /// [`Error::Backend`] if the device fails.
    pub(crate) fn finish(&self, pass: Pass) -> Result<Tensor> {
        let mut stream = normalise(self.norm.as_ref(), &pass.stream)?;
        if let Some(project) = &self.project_out {
            stream = project.apply(&stream)?;
        }
        Ok(stream)
    }

    /// Logits, in single precision, of rows of what [`Decoder::extend`] returned: (rows, vocabulary).
    ///
    /// # Errors
    /// [`Error::Backend`] if the device fails, for instance out of memory: a row has as many numbers as the
    /// vocabulary tokens.
    pub fn logits(&self, hidden: &Tensor) -> Result<Tensor> {
        self.logits_of(hidden, 0..self.config.vocab_size)
    }

    /// Whether logits of a part of the vocabulary cost a part of all.
    pub(super) fn head_has_parts(&self) -> bool {
        matches!(self.head.as_ref().unwrap_or(&self.embed).matrix, Matrix::Dense(_))
    }

    /// The same of the tokens of a range; all of them where the head does not have parts.
    pub(super) fn logits_of(&self, hidden: &Tensor, tokens: Range<usize>) -> Result<Tensor> {
        let head = self.head.as_ref().unwrap_or(&self.embed);
        let part = |t: &Tensor| t.narrow(0, tokens.start, tokens.len());
        let mut logits = match &head.matrix {
            Matrix::Dense(weight) => {
                let mut weight = part(weight)?;
                if self.config.head.unit_rows {
                    // A row of zeros stays one: torch's normalize divides by at least this.
                    let length = weight.sqr()?.sum_keepdim(1)?.sqrt()?.clamp(1e-12, f64::MAX)?;
                    weight = weight.broadcast_div(&length)?;
                }
                ops::product(hidden, &weight)?
            }
            whole => whole.apply(hidden)?,
        };
        if let Some(bias) = &self.head_bias {
            logits = logits.broadcast_add(&part(bias)?)?;
        }
        let mut logits = logits.to_dtype(DType::F32)?;
        if let Some(scale) = self.config.head.scale {
            logits = (logits * scale)?;
        }
        match self.config.head.softcap {
            Some(cap) => Ok(((logits / cap)?.tanh()? * cap)?),
            None => Ok(logits),
        }
    }

    fn through(&self, mut pass: Pass, caches: &[&mut Cache]) -> Result<Tensor> {
        for layer in &self.layers {
            pass.stream = layer.apply(&self.config, &pass.batch, &pass.stream, caches)?;
        }
        self.finish(pass)
    }

    fn enter(&self, sequences: &[(usize, &[u32])]) -> Result<Pass> {
        for &(past, tokens) in sequences {
            self.check(past, tokens)?;
        }
        let ids: Vec<u32> = sequences.iter().flat_map(|(_, tokens)| tokens.iter().copied()).collect();
        let count = ids.len();
        if count == 0 {
            return Err(Error::Argument("a forward pass needs at least one sequence".to_owned()));
        }
        let ids = Tensor::from_vec(ids, count, &self.device)?;
        let mut stream = self.embed.matrix.rows(&ids, self.dtype)?;
        if let Some(scale) = self.config.embedding.scale {
            stream = (stream * scale)?;
        }
        if let Some(project) = &self.project_in {
            stream = project.apply(&stream)?;
        }
        if let (Some(table), Position::Learned { offset }) = (&self.position, &self.config.position) {
            let places = sequences.iter().flat_map(|(past, tokens)| *past..past + tokens.len());
            let rows: Vec<u32> = places.map(|position| (position + offset) as u32).collect();
            let rows = ops::rows(table, &Tensor::from_vec(rows, count, &self.device)?)?;
            stream = ops::plus(&stream, &rows)?;
        }
        let stream = normalise(self.embed_norm.as_ref(), &stream)?;
        let lengths = sequences.iter().map(|(past, tokens)| (*past, tokens.len()));
        Ok(Pass { batch: Batch::new(&self.config, lengths), stream })
    }

    fn check(&self, past: usize, tokens: &[u32]) -> Result<()> {
        let config = &self.config;
        let total = past + tokens.len();
        if tokens.is_empty() {
            return Err(Error::Argument("a sequence needs at least one new token".to_owned()));
        }
        if let Some(token) = tokens.iter().find(|&&token| token as usize >= config.vocab_size) {
            return Err(Error::Argument(format!("token {token} is beyond the vocabulary of {}", config.vocab_size)));
        }
        let longest = match &config.position {
            Position::Learned { .. } => Some(config.context),
            Position::Rope { every, .. } => every.longest(),
            Position::Alibi(_) => None,
        };
        if let Some(longest) = longest.filter(|&longest| total > longest) {
            return Err(Error::Argument(format!("a sequence of {total} tokens is beyond the context of {longest}")));
        }
        if config.position.crosses(past, total) {
            return Err(Error::Argument(format!(
                "a sequence that grows from {past} to {total} tokens changes its rotary divisors: rewind its cache to 0"
            )));
        }
        Ok(())
    }
}
