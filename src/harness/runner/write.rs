//! Texts written side by side, one token each per forward pass: the likeliest, or one that is drawn.
//!
//! A text ends at an end token, at its longest, or when one of its stop strings is in what its last tokens spell: as many
//! as the stop string itself has, and two more, as lm-evaluation-harness looks for them. What is handed over ends before
//! the first stop string in the whole.

use super::draw::Drawing;
use crate::error::Result;
use crate::lm::{LanguageModel, Passage, Query, QueryAnswer, Tokenizer};

/// What can write text.
pub(super) struct Writing<'a, M: LanguageModel> {
    pub model: &'a M,
    pub tokenizer: &'a Tokenizer,
    /// Tokens that end a text.
    pub ends: &'a [u32],
    /// Sequences in one forward pass, at most.
    pub tokens: usize,
    /// Called before every forward pass; its error ends the work.
    pub check: &'a dyn Fn() -> Result<()>,
}

/// A text that is being written.
pub(super) struct Text<C> {
    pub request: usize,
    cache: C,
    /// The token that comes next.
    next: u32,
    until: Vec<String>,
    most: usize,
    tokens: Vec<u32>,
    /// What draws its tokens; `None` takes the likeliest.
    drawing: Option<Drawing>,
}

impl<C> Text<C> {
    /// A text whose first token follows from `answer`.
    pub(crate) fn new(
        request: usize,
        cache: C,
        answer: &QueryAnswer,
        until: Vec<String>,
        most: usize,
        mut drawing: Option<Drawing>,
    ) -> Self {
        let next = next(answer, drawing.as_mut());
        Self { request, cache, next, until, most, tokens: Vec::new(), drawing }
    }
}

fn next(answer: &QueryAnswer, drawing: Option<&mut Drawing>) -> u32 {
    match (drawing, &answer.logits) {
        (Some(drawing), Some(logits)) => drawing.token(logits),
        _ => answer.best,
    }
}

/// What ends a text besides a token.
struct Stops {
    /// Each with the number of tokens in which it is looked for.
    strings: Vec<(String, usize)>,
}

/// Tokens looked back at beyond those of the stop string itself, which may have been written in other tokens.
const BEYOND: usize = 2;

impl<M: LanguageModel> Writing<'_, M> {
    /// Writes all texts to their ends and hands each to `done`, as soon as it has ended.
    pub(crate) fn write(
        &self,
        texts: Vec<Text<M::Cache>>,
        done: &mut dyn FnMut(usize, String) -> Result<()>,
    ) -> Result<()> {
        let mut open = Vec::with_capacity(texts.len());
        for text in texts {
            let stops = self.stops(&text.until)?;
            if text.most == 0 {
                done(text.request, String::new())?;
            } else {
                open.push((text, stops));
            }
        }
        loop {
            let mut still = Vec::with_capacity(open.len());
            for (mut text, stops) in open {
                text.tokens.push(text.next);
                if self.ended(&text, &stops)? {
                    done(text.request, self.spelled(&text, &stops)?)?;
                } else {
                    still.push((text, stops));
                }
            }
            if still.is_empty() {
                return Ok(());
            }
            for part in still.chunks_mut(self.tokens) {
                self.step(part)?;
            }
            open = still;
        }
    }

    fn step(&self, texts: &mut [(Text<M::Cache>, Stops)]) -> Result<()> {
        (self.check)()?;
        let questions = [false, true].map(|logits| [Query { logits, ..Query::default() }]);
        let mut readings: Vec<_> = texts
            .iter_mut()
            .map(|(text, _)| {
                let tokens = std::slice::from_ref(&text.next);
                let question = &questions[usize::from(text.drawing.is_some())];
                Passage { tokens, cache: Some(&mut text.cache), questions: question }
            })
            .collect();
        let answers = self.model.read(&mut readings)?;
        for ((text, _), answers) in texts.iter_mut().zip(answers) {
            text.next = answers.first().map_or(0, |answer| next(answer, text.drawing.as_mut()));
        }
        Ok(())
    }

    fn stops(&self, until: &[String]) -> Result<Stops> {
        let mut strings = Vec::with_capacity(until.len() + 1);
        let end = self.tokenizer.eos.map(|end| self.tokenizer.decode(&[end], true)).transpose()?;
        let end = end.filter(|end| !until.contains(end));
        // An empty string is in every text; lm-evaluation-harness leaves it out where the text is cut.
        for string in until.iter().chain(&end).filter(|string| !string.is_empty()) {
            strings.push((string.clone(), self.tokenizer.encode(string, false)?.len() + BEYOND));
        }
        Ok(Stops { strings })
    }

    fn ended(&self, text: &Text<M::Cache>, stops: &Stops) -> Result<bool> {
        if text.tokens.len() >= text.most || text.tokens.last().is_some_and(|last| self.ends.contains(last)) {
            return Ok(true);
        }
        for (string, tokens) in &stops.strings {
            let last = &text.tokens[text.tokens.len().saturating_sub(*tokens)..];
            if self.tokenizer.decode(last, true)?.contains(string.as_str()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn spelled(&self, text: &Text<M::Cache>, stops: &Stops) -> Result<String> {
        let mut spelled = self.tokenizer.decode(&text.tokens, false)?;
        for (string, _) in &stops.strings {
            if let Some(at) = spelled.find(string.as_str()) {
                spelled.truncate(at);
            }
        }
        Ok(spelled)
    }
}
