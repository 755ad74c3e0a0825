//! Models behind an OpenAI-compatible completions server (vLLM, SGLang and the like), for what does not fit one machine.
//!
//! The log-likelihood of a continuation c after a context x is the sum of ln p(tᵢ | t₁ … tᵢ₋₁) over the tokens of c
//! within x·c. A server tells it when it is asked to complete x·c with `echo` and `logprobs`: it then sends the prompt
//! back, token by token, with the logarithm of each token's probability. [`Server::connect`] asks for that once, with a
//! prompt of its own, and refuses a server that cannot do it. Spaces at the end of a context count to the continuation,
//! as in lm-evaluation-harness (`TemplateLM._encode_pair`).
//!
//! Where c begins among the tokens is found by their texts. Where these do not meet the boundary (a token that covers the
//! end of x and the beginning of c, bytes that are no text), x is sent alone and as many tokens are skipped as it has.
//!
//! Requests that fail for a reason that may pass (no connection, time-out, status 429 or 5xx, an answer that breaks off)
//! are repeated with growing pauses, for three minutes by default, so that a server may be started again meanwhile; any
//! other refusal ends the work with what the server said. The question at the beginning is given up sooner.
//!
//! ```no_run
//! use onset::harness::request::{Request, Respond};
//! use onset::harness::server::{Server, ServerSettings};
//!
//! let mut server = Server::connect("http://localhost:8000", "my-model", &ServerSettings::default())?;
//! let asked = Request::LogLikelihood { context: "The sky is".into(), continuation: " blue".into() };
//! server.respond(&[asked], &mut |index, answer| {
//!     assert_eq!(index, 0);
//!     let _ = answer;
//!     Ok(())
//! })?;
//! # Ok::<(), onset::Error>(())
//! ```

mod completion;
mod http;
mod settings;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

#[cfg(any(test, fuzzing))]
pub(crate) use self::completion::read_any;
use self::completion::{Ask, Completion};
use self::http::Client;
pub(crate) use self::http::address;
pub use self::settings::ServerSettings;
use super::request::{Request, Respond, Response};
use crate::error::{Cause, Error, Result};

/// A server that was found to give what an evaluation needs.
#[derive(Debug)]
pub struct Server {
    client: Client,
    model: String,
    concurrency: usize,
    stop: Option<Arc<AtomicBool>>,
}

/// What the server is asked at first: plain words that every tokenizer splits into several tokens.
const PROBE: &str = "The quick brown fox jumps over the lazy dog";

impl Server {
    /// Speaks to the server at `url` (`http://host:port`, with or without `/v1`) about the model it serves as `model`.
    ///
    /// # Errors
    /// [`Error::Argument`] for an address that is none, [`Error::Server`] when it cannot be reached or refuses,
    /// [`Error::Unsupported`] when it does not give log-probabilities of a prompt, or for `https`.
    pub fn connect(url: &str, model: &str, settings: &ServerSettings) -> Result<Self> {
        let client = Client::new(url, settings)?;
        let server = Self { client, model: model.to_owned(), concurrency: settings.concurrency.max(1), stop: None };
        server.probe()?;
        Ok(server)
    }

    /// Ends the work with [`Error::Interrupted`] once `stop` is true. Requests under way are not waited for longer than
    /// their time-out.
    #[must_use]
    pub fn stop(mut self, stop: &Arc<AtomicBool>) -> Self {
        self.stop = Some(Arc::clone(stop));
        self
    }

    /// The address it was found at.
    #[cfg(feature = "models")]
    pub(crate) fn url(&self) -> &str {
        self.client.shown()
    }

    /// The name the server knows the model by.
    #[cfg(feature = "models")]
    pub(crate) fn model(&self) -> &str {
        &self.model
    }

    fn probe(&self) -> Result<()> {
        let answer = self.client.hasty().post(&self.echo_of(PROBE), &AtomicBool::new(false))?;
        Completion::read(&answer).and_then(|echo| echo.check(PROBE)).map_err(|problem| Error::Unsupported {
            what: format!("{}: a server that gives no log-probabilities of a prompt ({problem})", self.client.shown()),
            supported: "completions with `echo` and `logprobs`, as vLLM and SGLang give them".into(),
        })
    }

    fn echo_of(&self, prompt: &str) -> serde_json::Value {
        // Some servers refuse to write nothing; the one token is dropped from the answer.
        Ask { model: &self.model, prompt, max_tokens: 1, echo: true, stop: &[], how: None }.body()
    }

    fn echo(&self, prompt: &str, stop: &AtomicBool) -> Result<Completion> {
        let answer = self.client.post(&self.echo_of(prompt), stop)?;
        let echo = Completion::read(&answer).map_err(|problem| self.client.broken(problem))?;
        echo.is_of(prompt).map_err(|problem| self.client.broken(problem))?;
        Ok(echo)
    }

    fn answer(&self, request: &Request, stop: &AtomicBool) -> Result<Response> {
        match request {
            Request::LogLikelihood { context, continuation } => {
                let kept = context.trim_end().len();
                let (context, spaces) = context.split_at(kept);
                self.log_likelihood(context, &format!("{spaces}{continuation}"), stop)
            }
            Request::Rolling { .. } => Err(Error::Unsupported {
                what: format!("{}: the log-likelihood of a whole text by a server", self.client.shown()),
                supported: "models in a folder, whose tokenizer says where a window ends".into(),
            }),
            Request::Generate { context, until, max_tokens } | Request::Sample { context, until, max_tokens, .. } => {
                let max_tokens = u32::try_from(*max_tokens).unwrap_or(u32::MAX);
                let how = match request {
                    Request::Sample { how, .. } => Some(how),
                    _ => None,
                };
                let ask = Ask { model: &self.model, prompt: context, max_tokens, echo: false, stop: until, how };
                let answer = self.client.post(&ask.body(), stop)?;
                let text = completion::text(&answer).map_err(|problem| self.client.broken(problem))?;
                if self.client.holds_secret(text) {
                    return Err(self.client.broken("the text it wrote holds the key or the password".into()));
                }
                let end = until.iter().filter(|u| !u.is_empty()).filter_map(|u| text.find(u.as_str())).min();
                Ok(Response::Generated(text[..end.unwrap_or(text.len())].to_owned()))
            }
        }
    }

    fn log_likelihood(&self, context: &str, continuation: &str, stop: &AtomicBool) -> Result<Response> {
        let echo = self.echo(&format!("{context}{continuation}"), stop)?;
        let start = match echo.boundary(continuation) {
            Some(start) => start,
            None if context.is_empty() => 0,
            None => self.echo(context, stop)?.len(),
        };
        let (value, greedy) = echo.log_likelihood(start).map_err(|problem| self.client.broken(problem))?;
        Ok(Response::LogLikelihood { value, greedy })
    }
}

/// How often to check whether the work is to stop.
const LOOK: Duration = Duration::from_millis(50);

/// Adds which request it was, so that the caller can name the item.
fn of_request(index: usize, error: Error) -> Error {
    match error {
        Error::Server { .. } => Error::Request { index, problem: error.to_string(), source: Some(Cause::of(error)) },
        other => other,
    }
}

impl Respond for Server {
    fn respond(&mut self, requests: &[Request], done: &mut dyn FnMut(usize, Response) -> Result<()>) -> Result<()> {
        let (next, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
        let (sender, receiver) = mpsc::channel();
        let server = &*self;
        std::thread::scope(|scope| {
            for _ in 0..self.concurrency.min(requests.len()) {
                let (sender, next, stop) = (sender.clone(), &next, &stop);
                scope.spawn(move || {
                    while !stop.load(Ordering::Relaxed) {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(request) = requests.get(index) else { break };
                        // The receiver goes only when the work has ended, and then nobody waits for the answer.
                        let _ = sender.send((index, server.answer(request, stop)));
                    }
                });
            }
            drop(sender);
            let mut outcome = Ok(());
            loop {
                match receiver.recv_timeout(LOOK) {
                    Ok((index, answer)) if outcome.is_ok() => {
                        outcome =
                            answer.map_err(|error| of_request(index, error)).and_then(|answer| done(index, answer));
                    }
                    // Answers that were under way when another failed are not lost; the first error is the one told.
                    Ok((index, Ok(answer))) => drop(done(index, answer)),
                    Ok((_, Err(_))) | Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break outcome,
                }
                if self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed)) {
                    outcome = outcome.and(Err(Error::Interrupted));
                }
                if outcome.is_err() {
                    stop.store(true, Ordering::Relaxed);
                }
            }
        })
    }
}
