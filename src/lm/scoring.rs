//! What an evaluation asks of a model: log-probabilities at chosen positions, and caches that can be forked.
//!
//! Only positions that are asked about are projected on the vocabulary, in blocks of bounded size. The probability of
//! token t after a prefix is e^(zₜ) / Σ e^(z); its logarithm is zₜ − max z − ln Σ e^(z − max z), summed in double
//! precision.

use candle_core::{DType, Tensor};
use rayon::prelude::*;

use super::cache::Cache;
use super::decoder::{Decoder, Feed};
use crate::error::{Error, Result};

/// A model as an evaluation sees it; [`Decoder`] is one, [`Scripted`](super::Scripted) a fake for tests.
pub trait LanguageModel {
    /// What the model remembers of one sequence.
    type Cache;

    /// Token ids are below this.
    fn vocab_size(&self) -> usize;

    /// Tokens the model was made for.
    fn context(&self) -> usize;

    /// Remembers nothing.
    fn cache(&self) -> Self::Cache;

    /// A second cache with the same past, at no cost; both can go on.
    fn fork(&self, cache: &Self::Cache) -> Self::Cache;

    /// Tokens a cache remembers.
    fn length(&self, cache: &Self::Cache) -> usize;

    /// Forgets all tokens but the first `length`.
    ///
    /// # Errors
    /// [`Error::Argument`] if fewer are remembered.
    fn rewind(&self, cache: &mut Self::Cache, length: usize) -> Result<()>;

    /// Reads new tokens of several sequences and answers what is asked, in the same order. The answers to one sequence
    /// do not depend on the others.
    ///
    /// # Errors
    /// [`Error::Argument`] for a sequence without tokens, an id beyond the vocabulary or a position that is not there.
    fn read(&self, batch: &mut [Reading<'_, Self::Cache>]) -> Result<Vec<Vec<Answer>>>;
}

/// New tokens of one sequence and what is asked about them.
#[derive(Debug)]
pub struct Reading<'a, C> {
    /// Token ids; at least one.
    pub tokens: &'a [u32],
    /// What came before; it grows by the tokens. Without, the sequence starts here and nothing is kept.
    pub cache: Option<&'a mut C>,
    /// The questions, in any order.
    pub questions: &'a [Question],
}

/// What comes after a token.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Question {
    /// Index into the new tokens: the question is about the token after this one.
    pub after: usize,
    /// The tokens whose log-probabilities are wanted.
    pub tokens: Vec<u32>,
    /// Whether all logits are wanted, for sampling.
    pub logits: bool,
}

/// The distribution of the next token.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answer {
    /// Natural logarithms of the probabilities of the tokens asked about.
    pub log_probabilities: Vec<f32>,
    /// The likeliest token; the first of several.
    pub best: u32,
    /// All logits, where asked for.
    pub logits: Option<Vec<f32>>,
}

impl Answer {
    /// Answers a question from logits.
    pub(super) fn from_logits(logits: &[f32], question: &Question) -> Self {
        let (mut best, mut largest) = (0, f32::NEG_INFINITY);
        for (token, &logit) in logits.iter().enumerate() {
            if logit > largest {
                (best, largest) = (token, logit);
            }
        }
        let sum: f64 = logits.iter().map(|&logit| f64::from((logit - largest).exp())).sum();
        let total = f64::from(largest) + sum.ln();
        let of = |&token: &u32| (f64::from(logits[token as usize]) - total) as f32;
        let log_probabilities = question.tokens.iter().map(of).collect();
        Self { log_probabilities, best: best as u32, logits: question.logits.then(|| logits.to_vec()) }
    }
}

/// Logits held at a time; with the vocabulary this bounds how many positions are projected together.
const LOGITS_AT_A_TIME: usize = 32 << 20;

impl LanguageModel for Decoder {
    type Cache = Cache;

    fn vocab_size(&self) -> usize {
        self.config().vocab_size
    }

    fn context(&self) -> usize {
        self.config().context
    }

    fn cache(&self) -> Cache {
        Cache::new()
    }

    fn fork(&self, cache: &Cache) -> Cache {
        cache.fork()
    }

    fn length(&self, cache: &Cache) -> usize {
        cache.len()
    }

    fn rewind(&self, cache: &mut Cache, length: usize) -> Result<()> {
        cache.rewind(length)
    }

    fn read(&self, batch: &mut [Reading<'_, Cache>]) -> Result<Vec<Vec<Answer>>> {
        check(batch, self.config().vocab_size)?;
        let mut rows = Vec::new();
        let mut questions = Vec::new();
        let mut start = 0;
        for reading in batch.iter() {
            for question in reading.questions {
                rows.push((start + question.after) as u32);
                questions.push(question);
            }
            start += reading.tokens.len();
        }
        let counts: Vec<usize> = batch.iter().map(|reading| reading.questions.len()).collect();
        let mut feeds: Vec<Feed<'_>> = batch
            .iter_mut()
            .map(|reading| Feed { tokens: reading.tokens, cache: reading.cache.as_deref_mut() })
            .collect();
        let hidden = self.extend(&mut feeds)?;
        let mut answers = self.answer(&hidden, &rows, &questions)?.into_iter();
        Ok(counts.into_iter().map(|count| answers.by_ref().take(count).collect()).collect())
    }
}

impl Decoder {
    fn answer(&self, hidden: &Tensor, rows: &[u32], questions: &[&Question]) -> Result<Vec<Answer>> {
        let vocab = self.config().vocab_size;
        let block = (LOGITS_AT_A_TIME / vocab).max(1);
        let mut answers = Vec::with_capacity(rows.len());
        for (rows, questions) in rows.chunks(block).zip(questions.chunks(block)) {
            let ids = Tensor::from_slice(rows, rows.len(), self.device())?;
            let logits = self.logits(&hidden.index_select(&ids, 0)?)?.to_dtype(DType::F32)?;
            let logits = logits.to_device(&candle_core::Device::Cpu)?.contiguous()?;
            let (storage, layout) = logits.storage_and_layout();
            if let (candle_core::Storage::Cpu(storage), Some((from, to))) = (&*storage, layout.contiguous_offsets()) {
                let all = &storage.as_slice::<f32>()?[from..to];
                let of = |(logits, question): (&[f32], &&Question)| Answer::from_logits(logits, question);
                answers.par_extend(all.par_chunks_exact(vocab).zip(questions.par_iter()).map(of));
            }
        }
        Ok(answers)
    }
}

/// Fails on questions that cannot be answered.
pub(super) fn check<C>(batch: &[Reading<'_, C>], vocab: usize) -> Result<()> {
    for reading in batch {
        for question in reading.questions {
            if question.after >= reading.tokens.len() {
                let (after, count) = (question.after, reading.tokens.len());
                return Err(Error::Argument(format!("a question about token {after} of {count} new tokens")));
            }
            if let Some(token) = question.tokens.iter().find(|&&token| token as usize >= vocab) {
                return Err(Error::Argument(format!("token {token} is beyond the vocabulary of {vocab}")));
            }
        }
    }
    Ok(())
}
