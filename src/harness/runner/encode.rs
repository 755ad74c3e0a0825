//! Requests as token ids, exactly as lm-evaluation-harness 0.4.13 hands them to a causal model of transformers.
//!
//! - Whitespace at the end of a context belongs to the continuation. Context and continuation are encoded together, and
//!   the context alone; the continuation's tokens are those beyond the context's number.
//! - Special tokens are added as the tokenizer's own settings ask, unless the text begins with the prefix token already.
//! - The prefix token is the beginning token, or the end token where there is none. It stands for an empty context.
//! - Of a text that is too long the end is kept: the context's last tokens together with all of the continuation.
//! - A text that is scored as a whole is read in windows that share no scored token. The prefix token stands before the
//!   first; each later one has the token before it as context, and the last as many tokens as fit.

use rayon::prelude::*;

use crate::error::{Cause, Error, Result};
use crate::harness::request::Request;
use crate::lm::Tokenizer;

/// Turns requests into prompts.
#[derive(Debug)]
pub struct Encoder<'a> {
    tokenizer: &'a Tokenizer,
    /// Tokens a model reads at most.
    context: usize,
    prefix: u32,
    prefix_text: String,
    bos_text: Option<String>,
    /// Whether special tokens are added; `None` leaves it to the tokenizer.
    special: Option<bool>,
    truncate: bool,
}

/// A request in tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prompt {
    /// The place of its request among all requests.
    pub request: usize,
    /// What the model reads; at least one token. Ends before the last token that is scored.
    pub tokens: Vec<u32>,
    /// What it is read for.
    pub work: PromptWork,
}

/// What a prompt is read for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PromptWork {
    /// The log-probabilities of these tokens; the prompt holds all but the last of them at its end.
    Score(Vec<u32>),
    /// A continuation of at most so many tokens.
    Write(usize),
    /// The same with its tokens drawn.
    Draw(usize),
}

impl<'a> Encoder<'a> {
    /// For a model that reads at most `context` tokens.
    ///
    /// # Errors
    /// [`Error::Argument`] for a tokenizer that has neither a beginning nor an end token.
    pub fn new(tokenizer: &'a Tokenizer, context: usize) -> Result<Self> {
        let prefix = tokenizer.bos.or(tokenizer.eos).ok_or_else(|| {
            Error::Argument(
                "the tokenizer names neither a beginning nor an end token, so nothing can stand for an empty context"
                    .into(),
            )
        })?;
        let prefix_text = tokenizer.decode(&[prefix], true)?;
        let bos_text = tokenizer.bos.map(|bos| tokenizer.decode(&[bos], true)).transpose()?;
        Ok(Self { tokenizer, context, prefix, prefix_text, bos_text, special: None, truncate: false })
    }

    /// Adds special tokens, or not, against the tokenizer's own settings.
    #[must_use]
    pub(crate) fn special(mut self, add: Option<bool>) -> Self {
        self.special = add;
        self
    }

    /// Keeps the end of a prompt that is too long instead of refusing it.
    #[must_use]
    pub(crate) fn truncate(mut self, truncate: bool) -> Self {
        self.truncate = truncate;
        self
    }

    /// The prompts of requests, in their order. A text that is scored as a whole has one for each of its windows, and none
    /// where it has no tokens.
    ///
    /// # Errors
    /// [`Error::Request`] with the index of a request that is too long, or whose continuation has no tokens of its own.
    pub(crate) fn encode(&self, requests: &[Request]) -> Result<Vec<Prompt>> {
        // The choices of an item share their context, which is then encoded once.
        let same = |a: &Request, b: &Request| context(a) == context(b);
        let groups: Vec<&[Request]> = requests.chunk_by(same).collect();
        let starts = groups.iter().scan(0, |start, group| Some(std::mem::replace(start, *start + group.len())));
        let starts: Vec<usize> = starts.collect();
        let encoded: Vec<Result<Vec<Prompt>>> =
            groups.par_iter().zip(&starts).map(|(group, &start)| self.group(group, start)).collect();
        let mut prompts = Vec::with_capacity(requests.len());
        for group in encoded {
            prompts.extend(group?);
        }
        Ok(prompts)
    }

    fn group(&self, group: &[Request], start: usize) -> Result<Vec<Prompt>> {
        let mut context = None;
        let mut prompts = Vec::with_capacity(group.len());
        for (offset, request) in group.iter().enumerate() {
            let at_request = start + offset;
            let prompt = match request {
                Request::Rolling { text } => {
                    prompts.extend(self.windows(text, at_request).map_err(|error| at(at_request, error))?);
                    continue;
                }
                Request::LogLikelihood { context: text, continuation } => {
                    let (bare, spaces) = text.split_at(end_of_text(text));
                    if context.is_none() {
                        context = Some(self.text(bare, &self.prefix_text)?);
                    }
                    let context = context.as_deref().unwrap_or_default();
                    self.pair(bare, spaces, context, continuation)
                }
                Request::Generate { context, max_tokens, .. } => self.prompt(context, *max_tokens),
                Request::Sample { context, max_tokens, .. } => {
                    self.prompt(context, *max_tokens).map(|(tokens, _)| (tokens, PromptWork::Draw(*max_tokens)))
                }
            };
            let (tokens, work) = prompt.map_err(|error| at(at_request, error))?;
            prompts.push(Prompt { request: at_request, tokens, work });
        }
        Ok(prompts)
    }

    /// Context (without the whitespace at its end) and continuation.
    fn pair(&self, bare: &str, spaces: &str, context: &[u32], continuation: &str) -> Result<(Vec<u32>, PromptWork)> {
        let (mut tokens, scored) = if bare.is_empty() {
            let scored = self.tokenizer.encode(&format!("{spaces}{continuation}"), false)?;
            match scored.first() {
                Some(&first) if first == self.prefix => (vec![first], scored[1..].to_vec()),
                _ => (vec![self.prefix], scored),
            }
        } else {
            let whole = self.text(&format!("{bare}{spaces}{continuation}"), &self.prefix_text)?;
            // Where the two join into fewer tokens than the context has alone, nothing is left to score.
            let scored = whole.get(context.len()..).unwrap_or_default().to_vec();
            (if context.is_empty() { vec![self.prefix] } else { context.to_vec() }, scored)
        };
        if scored.is_empty() {
            return Err(Error::Argument(format!("the continuation {continuation:?} has no tokens of its own")));
        }
        let count = tokens.len() + scored.len() - 1;
        if scored.len() > self.context || (count > self.context && !self.truncate) {
            return Err(self.too_long(count, ""));
        }
        tokens.extend_from_slice(&scored[..scored.len() - 1]);
        tokens.drain(..count.saturating_sub(self.context));
        Ok((tokens, PromptWork::Score(scored)))
    }

    /// The windows of a text that is scored as a whole.
    fn windows(&self, text: &str, request: usize) -> Result<Vec<Prompt>> {
        let tokens = self.text(text, &self.prefix_text)?;
        let (mut windows, mut scored) = (Vec::new(), 0);
        while scored < tokens.len() {
            let end = tokens.len().min(scored + self.context);
            let read = match end.checked_sub(self.context + 1) {
                Some(begin) => tokens[begin..end - 1].to_vec(),
                None => [&[self.prefix], &tokens[..end - 1]].concat(),
            };
            let work = PromptWork::Score(tokens[scored..end].to_vec());
            windows.push(Prompt { request, tokens: read, work });
            scored = end;
        }
        Ok(windows)
    }

    /// A context that is to be continued.
    fn prompt(&self, context: &str, most: usize) -> Result<(Vec<u32>, PromptWork)> {
        let mut tokens = self.text(context, self.bos_text.as_deref().unwrap_or_default())?;
        if tokens.is_empty() {
            tokens.push(self.prefix);
        }
        if most >= self.context || (tokens.len() + most > self.context && !self.truncate) {
            return Err(self.too_long(tokens.len(), &format!(" and up to {most} are to be written")));
        }
        tokens.drain(..(tokens.len() + most).saturating_sub(self.context));
        Ok((tokens, PromptWork::Write(most)))
    }

    fn text(&self, text: &str, begins: &str) -> Result<Vec<u32>> {
        let begun = !begins.is_empty() && text.starts_with(begins);
        let mut tokens = self.tokenizer.encode(text, !begun && self.special.unwrap_or(true))?;
        // A tokenizer whose own settings add no beginning token is asked for one.
        if let (Some(true), false, Some(bos)) = (self.special, begun, self.tokenizer.bos)
            && tokens.first() != Some(&bos)
        {
            tokens.insert(0, bos);
        }
        Ok(tokens)
    }

    fn too_long(&self, tokens: usize, and: &str) -> Error {
        Error::Argument(format!("the prompt has {tokens} tokens{and}, the model's context is {}", self.context))
    }
}

/// What requests share that are encoded together.
fn context(request: &Request) -> (&str, std::mem::Discriminant<Request>) {
    let text = match request {
        Request::LogLikelihood { context, .. }
        | Request::Generate { context, .. }
        | Request::Sample { context, .. } => context,
        Request::Rolling { text } => text,
    };
    (text, std::mem::discriminant(request))
}

/// Where the whitespace at the end of a text begins, as Python's `rstrip` sees it.
fn end_of_text(text: &str) -> usize {
    text.trim_end_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)).len()
}

fn at(index: usize, error: Error) -> Error {
    Error::Request { index, problem: error.to_string(), source: Some(Cause::of(error)) }
}
