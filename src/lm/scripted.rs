//! A model that gives prepared answers, for tests of code that asks models.
//!
//! ```
//! use onset::lm::{LanguageModel, Query, Passage, Scripted};
//!
//! // After the tokens 1, 2 comes 7, for certain; after anything else every token is equally likely.
//! let model = Scripted::new(10, 64).after(&[1, 2], &[(7, 20.0)]);
//! let question = [Query { after: 1, tokens: vec![7, 3], logits: false }];
//! let mut batch = [Passage { tokens: &[1, 2], cache: None, questions: &question }];
//! let answer = &model.read(&mut batch)?[0][0];
//! assert_eq!(answer.best, 7);
//! assert!(answer.log_probabilities[0] > -1e-6 && answer.log_probabilities[1] < -19.0);
//! # Ok::<(), onset::Error>(())
//! ```

use std::cell::Cell;

use super::scoring::{LanguageModel, Passage, QueryAnswer, check};
use crate::error::{Error, Result};

type Logits = Vec<(u32, f32)>;

/// A model whose next token depends on how the sequence ends.
#[derive(Debug)]
pub struct Scripted {
    vocab: usize,
    context: usize,
    /// Endings of sequences and the logits after them.
    rules: Vec<(Vec<u32>, Logits)>,
    read: Cell<usize>,
}

impl Scripted {
    /// A model for which every token is always equally likely.
    #[must_use]
    pub fn new(vocab: usize, context: usize) -> Self {
        Self { vocab, context, rules: Vec::new(), read: Cell::new(0) }
    }

    /// After a sequence that ends in `ending`, `tokens` have these logits and all others 0. Of several endings that fit,
    /// the longest counts, and of equally long ones the last.
    #[must_use]
    pub fn after(mut self, ending: &[u32], tokens: &[(u32, f32)]) -> Self {
        self.rules.push((ending.to_vec(), tokens.to_vec()));
        self
    }

    /// Tokens read so far, those remembered by a cache not counted again: what an evaluation has cost.
    #[must_use]
    #[cfg(test)]
    pub(crate) fn tokens_read(&self) -> usize {
        self.read.get()
    }

    fn logits(&self, past: &[u32]) -> Vec<f32> {
        let mut logits = vec![0.0; self.vocab];
        let fits = self.rules.iter().filter(|(ending, _)| past.ends_with(ending));
        if let Some((_, tokens)) = fits.max_by_key(|(ending, _)| ending.len()) {
            for &(token, logit) in tokens {
                if let Some(place) = logits.get_mut(token as usize) {
                    *place = logit;
                }
            }
        }
        logits
    }
}

impl LanguageModel for Scripted {
    type Cache = Vec<u32>;

    fn vocab_size(&self) -> usize {
        self.vocab
    }

    fn context(&self) -> usize {
        self.context
    }

    fn cache(&self) -> Vec<u32> {
        Vec::new()
    }

    fn fork(&self, cache: &Vec<u32>) -> Vec<u32> {
        cache.clone()
    }

    fn length(&self, cache: &Vec<u32>) -> usize {
        cache.len()
    }

    fn rewind(&self, cache: &mut Vec<u32>, length: usize) -> Result<()> {
        if length > cache.len() {
            return Err(Error::Argument(format!("a cache of {} tokens cannot be rewound to {length}", cache.len())));
        }
        cache.truncate(length);
        Ok(())
    }

    fn read(&self, batch: &mut [Passage<'_, Vec<u32>>]) -> Result<Vec<Vec<QueryAnswer>>> {
        check(batch, self.vocab)?;
        let mut answers = Vec::with_capacity(batch.len());
        for reading in batch {
            let bad = reading.tokens.iter().find(|&&token| token as usize >= self.vocab);
            if reading.tokens.is_empty() || bad.is_some() {
                return Err(Error::Argument(format!("a sequence without tokens or with token {bad:?}")));
            }
            self.read.set(self.read.get() + reading.tokens.len());
            let mut all = reading.cache.as_deref().cloned().unwrap_or_default();
            let past = all.len();
            all.extend_from_slice(reading.tokens);
            let of = |question: &super::Query| {
                QueryAnswer::from_logits(&self.logits(&all[..=past + question.after]), question)
            };
            answers.push(reading.questions.iter().map(of).collect());
            if let Some(cache) = reading.cache.as_deref_mut() {
                *cache = all;
            }
        }
        Ok(answers)
    }
}
