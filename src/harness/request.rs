//! What a task asks of a model, in text, and what a model answers: where tasks and the code that runs models meet.

use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// One question to a model, in text. Requests of one task that begin with the same text are answered fastest together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Request {
    /// How likely the continuation is after the context.
    LogLikelihood {
        /// Everything before the continuation: description, few-shot examples and the question. May be empty.
        context: String,
        /// The text whose log-likelihood is asked for, with the delimiter in front of it. Never empty.
        continuation: String,
    },
    /// How likely a whole text is, read in windows where it is longer than the model's context.
    Rolling {
        /// The text.
        text: String,
    },
    /// What the model writes after the context, always taking the likeliest token.
    Generate {
        /// Everything before the answer.
        context: String,
        /// The answer ends before the first of these; the end-of-sequence token always ends it.
        until: Vec<String>,
        /// The answer has at most so many tokens.
        max_tokens: usize,
    },
    /// What the model writes after the context, with every token drawn.
    Sample {
        /// Everything before the answer.
        context: String,
        /// As for [`Request::Generate`].
        until: Vec<String>,
        /// The answer has at most so many tokens.
        max_tokens: usize,
        /// How tokens are drawn.
        how: Sampling,
    },
}

/// How tokens are drawn. What is `None` is the model's own default, or else that of `transformers`: temperature 1, the 50
/// likeliest tokens, all of their probability.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Sampling {
    /// Divides the logits; 0 takes the likeliest token.
    pub temperature: Option<f64>,
    /// Only so many of the likeliest tokens; 0 for all.
    pub top_k: Option<usize>,
    /// Only the likeliest tokens that make up so much of the probability.
    pub top_p: Option<f64>,
    /// What random numbers begin with.
    pub seed: u64,
    /// Which of several answers to one question this is, from 0.
    pub number: usize,
}

/// Settings are numbers that were written down, never results: those that are the same are written the same.
impl Eq for Sampling {}

impl Hash for Sampling {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Self { temperature, top_k, top_p, seed, number } = self;
        (temperature.map(f64::to_bits), top_k, top_p.map(f64::to_bits), seed, number).hash(state);
    }
}

/// The answer to a [`Request`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Response {
    /// To [`Request::LogLikelihood`].
    LogLikelihood {
        /// Sum of the natural logarithms of the probabilities of the continuation's tokens.
        value: f64,
        /// Whether each token of the continuation was the likeliest in its place.
        greedy: bool,
    },
    /// To [`Request::Rolling`]: the sum of the natural logarithms of the probabilities of all tokens.
    Rolling(f64),
    /// To [`Request::Generate`] and [`Request::Sample`]: the text, without what ended it.
    Generated(String),
}

/// Something that answers requests: a model in this process, a server, a script.
pub trait Respond {
    /// Whether such a request can be answered at all; asked of every request before the first is answered.
    ///
    /// # Errors
    /// [`Error::Unsupported`] with the reason.
    fn check(&self, request: &Request) -> Result<()> {
        let _ = request;
        Ok(())
    }

    /// Answers all requests, in their order, handing each answer to `done` with its index as soon as it is known, so
    /// that an interruption loses little. The order of the calls is up to the implementation.
    ///
    /// # Errors
    /// Any error that stops the model; answers already handed over stand. An error of `done` ends the work too.
    fn respond(&mut self, requests: &[Request], done: &mut dyn FnMut(usize, Response) -> Result<()>) -> Result<()>;

    /// The same for those requests that are not `known`. Implementations that compute requests together override it, so
    /// that an interruption does not change what is computed together.
    ///
    /// # Errors
    /// As for [`Respond::respond`].
    fn resume(
        &mut self,
        requests: &[Request],
        known: &[bool],
        done: &mut dyn FnMut(usize, Response) -> Result<()>,
    ) -> Result<()> {
        let open: Vec<usize> = (0..requests.len()).filter(|i| !known.get(*i).copied().unwrap_or(false)).collect();
        let asked: Vec<Request> = open.iter().map(|i| requests[*i].clone()).collect();
        let outcome = self.respond(&asked, &mut |index, response| done(open[index], response));
        outcome.map_err(|error| match error {
            Error::Request { index, problem, source } => Error::Request { index: open[index], problem, source },
            other => other,
        })
    }
}
