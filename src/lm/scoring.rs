//! What an evaluation asks of a model: log-probabilities at chosen positions, and caches that can be forked.
//!
//! Only positions that are asked about are projected on the vocabulary, a part of the vocabulary at a time: the logits of
//! a part are still in the processor's cache when they are looked at, and all of them are never held. The probability of
//! token t after a prefix is e^(zₜ) / Σ e^(z); its logarithm is zₜ − max z − ln Σ e^(z − max z). The sum is in single
//! precision within stretches of fixed places and in double precision over them, each relative to its own maximum
//! (Milakov and Gimelshein 2018, arXiv 1805.02867).

use candle_core::{Device, Tensor};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::cache::Cache;
use super::decoder::{Decoder, Feed};
use super::ops::math::exp;
use super::ops::{largest, sum, vectorised, with_numbers};
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
    fn read(&self, batch: &mut [Passage<'_, Self::Cache>]) -> Result<Vec<Vec<QueryAnswer>>>;
}

/// New tokens of one sequence and what is asked about them.
#[derive(Debug)]
pub struct Passage<'a, C> {
    /// Token ids; at least one.
    pub tokens: &'a [u32],
    /// The cache of what came before; it grows by the tokens. Without one, the sequence starts here.
    pub cache: Option<&'a mut C>,
    /// The questions, in any order.
    pub questions: &'a [Query],
}

/// What comes after a token.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// Index into the new tokens: the question is about the token after this one.
    pub after: usize,
    /// The tokens whose log-probabilities are wanted.
    pub tokens: Vec<u32>,
    /// Whether all logits are wanted, for sampling.
    pub logits: bool,
}

/// The distribution of the next token.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct QueryAnswer {
    /// Natural logarithms of the probabilities of the tokens asked about.
    pub log_probabilities: Vec<f32>,
    /// The likeliest token; the first of several.
    pub best: u32,
    /// All logits, where asked for.
    pub logits: Option<Vec<f32>>,
}

impl QueryAnswer {
    /// Answers a question from logits.
    pub(super) fn from_logits(logits: &[f32], question: &Query) -> Self {
        let mut tally = Tally::new(question);
        tally.add(logits);
        tally.answer()
    }
}

/// An answer in the making: the tokens below `next` have been looked at.
struct Tally<'a> {
    question: &'a Query,
    next: usize,
    best: usize,
    /// The largest logit so far, and Σ e^(z − largest).
    largest: f32,
    sum: f64,
    /// Logits of the tokens asked about.
    wanted: Vec<f32>,
    logits: Option<Vec<f32>>,
}

/// Tokens that are summed up in single precision.
const STRETCH: usize = 1024;

impl<'a> Tally<'a> {
    fn new(question: &'a Query) -> Self {
        Self {
            question,
            next: 0,
            best: 0,
            largest: f32::NEG_INFINITY,
            sum: 0.0,
            wanted: vec![f32::NAN; question.tokens.len()],
            logits: question.logits.then(Vec::new),
        }
    }

    /// Looks at the logits of the next tokens: a multiple of [`STRETCH`], or the last of all.
    fn add(&mut self, logits: &[f32]) {
        for (wanted, &token) in self.wanted.iter_mut().zip(&self.question.tokens) {
            if let Some(&logit) = (token as usize).checked_sub(self.next).and_then(|at| logits.get(at)) {
                *wanted = logit;
            }
        }
        if let Some(all) = &mut self.logits {
            all.extend_from_slice(logits);
        }
        for (largest, sum, stretch) in vectorised(Stretches(logits)) {
            if largest > self.largest {
                let place = logits[stretch..].iter().position(|&logit| logit == largest).unwrap_or(0);
                self.best = self.next + stretch + place;
                self.sum *= f64::from(self.largest - largest).exp();
                self.largest = largest;
            }
            self.sum += f64::from(sum) * f64::from(largest - self.largest).exp();
        }
        self.next += logits.len();
    }

    fn answer(self) -> QueryAnswer {
        let total = f64::from(self.largest) + self.sum.ln();
        let log_probabilities = self.wanted.iter().map(|&logit| (f64::from(logit) - total) as f32).collect();
        QueryAnswer { log_probabilities, best: self.best as u32, logits: self.logits }
    }
}

/// For each stretch of logits the largest, Σ e^(z − largest), and where it begins; nothing for a stretch of −∞.
struct Stretches<'a>(&'a [f32]);

impl WithSimd for Stretches<'_> {
    type Output = Vec<(f32, f32, usize)>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        let mut powers = [0f32; STRETCH];
        let mut found = Vec::with_capacity(self.0.len().div_ceil(STRETCH));
        for (at, logits) in self.0.chunks(STRETCH).enumerate() {
            let most = largest(simd, logits);
            if most > f32::NEG_INFINITY || most.is_nan() {
                let powers = &mut powers[..logits.len()];
                for (power, logit) in powers.iter_mut().zip(logits) {
                    *power = exp(logit - most);
                }
                found.push((most, sum(simd, powers), at * STRETCH));
            }
        }
        found
    }
}

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

    fn read(&self, batch: &mut [Passage<'_, Cache>]) -> Result<Vec<Vec<QueryAnswer>>> {
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

/// Logits held at a time: few enough for the processor's cache where the vocabulary is taken in parts; where it is not, with
/// the vocabulary this bounds how many positions are projected together.
const LOGITS_IN_CACHE: usize = 1 << 20;
const LOGITS_AT_A_TIME: usize = 32 << 20;

/// Positions projected together where the vocabulary is taken in parts.
const POSITIONS: usize = 1024;

impl Decoder {
    fn answer(&self, hidden: &Tensor, rows: &[u32], questions: &[&Query]) -> Result<Vec<QueryAnswer>> {
        let vocab = self.config().vocab_size;
        let parted = self.device().is_cpu() && self.head_has_parts();
        let positions = if parted { POSITIONS } else { (LOGITS_AT_A_TIME / vocab).max(1) };
        let mut answers = Vec::with_capacity(rows.len());
        for (rows, questions) in rows.chunks(positions).zip(questions.chunks(positions)) {
            let ids = Tensor::from_slice(rows, rows.len(), self.device())?;
            let hidden = hidden.index_select(&ids, 0)?;
            let mut tallies: Vec<Tally<'_>> = questions.iter().map(|question| Tally::new(question)).collect();
            let part = if parted { (LOGITS_IN_CACHE / rows.len() / STRETCH).max(1) * STRETCH } else { vocab };
            for start in (0..vocab).step_by(part) {
                let tokens = start..(start + part).min(vocab);
                let count = tokens.len();
                let logits = self.logits_of(&hidden, tokens)?.to_device(&Device::Cpu)?;
                with_numbers(&logits, |logits| {
                    let each = tallies.par_iter_mut().zip(logits.par_chunks_exact(count));
                    each.for_each(|(tally, logits)| tally.add(logits));
                    Ok(())
                })?;
            }
            answers.extend(tallies.into_iter().map(Tally::answer));
        }
        Ok(answers)
    }
}

/// Fails on questions that cannot be answered.
pub(super) fn check<C>(batch: &[Passage<'_, C>], vocab: usize) -> Result<()> {
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
