//! Models behind OpenAI-compatible servers (vLLM, SGLang, llama.cpp and the like), for what does not fit one machine.
//!
//! The log-likelihood of a continuation c after a context x is the sum of ln p(tᵢ | t₁ … tᵢ₋₁) over the tokens of c
//! within x·c. A server tells it when it is asked to complete x·c with `echo` and `logprobs`: it then sends the prompt
//! back, token by token, with the logarithm of each token's probability. [`Server::connect`] asks for that once, with a
//! prompt of its own; of a server that cannot do it only answers that are written can be had. Spaces at the end of a context count to the continuation,
//! as in lm-evaluation-harness (`TemplateLM._encode_pair`).
//!
//! Where c begins among the tokens is found by their texts. Where these do not meet the boundary (a token that covers the
//! end of x and the beginning of c, bytes that are no text), x is sent alone and as many tokens are skipped as it has.
//!
//! Several servers of one model share the requests. Where one goes away, the others answer for it.
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

mod address;
mod backend;
mod completion;
mod connection;
mod http;
mod settings;
#[cfg(all(test, feature = "https"))]
mod tls;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub(crate) use self::address::address;
use self::backend::Backend;
#[cfg(feature = "models")]
use self::backend::Writing;
#[cfg(feature = "models")]
use self::completion::Prompt;
#[cfg(any(test, fuzzing))]
pub(crate) use self::completion::read_any;
use self::http::Trouble;
pub use self::settings::{ServerApi, ServerSettings};
use super::request::{Request, Respond, Response};
use crate::error::{Cause, Error, Result};

/// A server, or several of one model, that were asked what they can do.
#[derive(Debug)]
pub struct Server {
    backends: Vec<Backend>,
    model: String,
    api: ServerApi,
    concurrency: usize,
    stop: Option<Arc<AtomicBool>>,
}

impl Server {
    /// Speaks to the server at `url` (`http://host:port`, with or without `/v1`) about the model it serves as `model`.
    ///
    /// # Errors
    /// [`Error::Argument`] for an address that is none, [`Error::Server`] when it cannot be reached or refuses,
    /// [`Error::Unsupported`] for `https` in a program built without it.
    pub fn connect(url: &str, model: &str, settings: &ServerSettings) -> Result<Self> {
        Self::connect_all(&[url], model, settings)
    }

    /// The same with several servers of one model, each with so many requests at one time as the settings say.
    ///
    /// # Errors
    /// As for [`Server::connect`], and [`Error::Argument`] for servers that give the same words other probabilities, or for
    /// no address.
    pub fn connect_all(urls: &[&str], model: &str, settings: &ServerSettings) -> Result<Self> {
        let connect = |url: &&str| Backend::connect(url, model, settings);
        let backends = urls.iter().map(connect).collect::<Result<Vec<_>>>()?;
        let first = backends.first().ok_or_else(|| Error::Argument("no address of a server".into()))?;
        backends[1..].iter().try_for_each(|other| first.agrees(other))?;
        let concurrency = settings.concurrency.max(1);
        Ok(Self { backends, model: model.to_owned(), api: settings.api, concurrency, stop: None })
    }

    /// Ends the work with [`Error::Interrupted`] once `stop` is true. Requests under way are not waited for longer than
    /// their time-out.
    #[must_use]
    pub fn stop(mut self, stop: &Arc<AtomicBool>) -> Self {
        self.stop = Some(Arc::clone(stop));
        self
    }

    /// The addresses it was found at.
    #[cfg(feature = "models")]
    pub(crate) fn url(&self) -> String {
        self.backends.iter().map(Backend::shown).collect::<Vec<_>>().join(", ")
    }

    /// The name the server knows the model by.
    #[cfg(feature = "models")]
    pub(crate) fn model(&self) -> &str {
        &self.model
    }

    /// Which of its ways it is asked in.
    #[cfg(feature = "models")]
    pub(crate) fn api(&self) -> ServerApi {
        self.api
    }

    /// Compares a tokenizer with the servers' own, and answers whether prompts can go as its ids. `encode` gives the ids
    /// of a text without special tokens.
    ///
    /// # Errors
    /// [`Error::Argument`] where a server's tokenizer is another.
    #[cfg(feature = "models")]
    pub(crate) fn tokenizer(&mut self, encode: &dyn Fn(&str) -> Result<Vec<u32>>) -> Result<bool> {
        self.backends.iter_mut().try_for_each(|backend| backend.tokenizer(encode))?;
        Ok(self.backends.iter().all(|backend| backend.ids))
    }

    /// Tokens of the longest prompt with its answer, where all servers say; the least of them.
    #[cfg(feature = "models")]
    pub(crate) fn context(&self) -> Option<usize> {
        self.backends.iter().map(Backend::context).collect::<Option<Vec<_>>>()?.into_iter().min()
    }

    /// Whether every server can answer such a request.
    #[cfg(feature = "models")]
    pub(crate) fn check_ids(&self, request: &Request) -> Result<()> {
        self.backends.iter().try_for_each(|backend| backend.check(request, true))
    }

    /// Answers requests that are token ids already: each is what it asks for, and what is sent for it.
    #[cfg(feature = "models")]
    pub(crate) fn respond_to_ids(
        &self,
        requests: &[(&Request, Vec<Ids>)],
        done: &mut dyn FnMut(usize, Response) -> Result<()>,
    ) -> Result<()> {
        let answer = |backend: &Backend, index: usize, stop: &AtomicBool| {
            let (request, parts) = &requests[index];
            if let (Some(writing), Some(part)) = (Writing::of(request), parts.first()) {
                return backend.write(Prompt::Ids(&part.tokens), &writing, stop);
            }
            let (mut sum, mut all_greedy) = (0.0, true);
            for part in parts {
                let (value, greedy) = backend.score(&part.tokens, part.scored_from, stop)?;
                sum += value;
                all_greedy &= greedy;
            }
            Ok(match request {
                Request::Rolling { .. } => Response::Rolling(sum),
                _ => Response::LogLikelihood { value: sum, greedy: all_greedy },
            })
        };
        self.each(requests.len(), &answer, done)
    }

    /// Answers so many requests, side by side on all servers.
    fn each(
        &self,
        count: usize,
        answer: &Answering<'_>,
        done: &mut dyn FnMut(usize, Response) -> Result<()>,
    ) -> Result<()> {
        let stop = AtomicBool::new(false);
        let queue = Mutex::new(Queue { waiting: (0..count).collect(), open: count, there: self.backends.len() });
        let alone = self.backends.len() == 1;
        let (sender, receiver) = mpsc::channel();
        std::thread::scope(|scope| {
            for backend in &self.backends {
                let gone = Arc::new(AtomicBool::new(false));
                for _ in 0..self.concurrency.min(count) {
                    let (sender, queue, stop, gone) = (sender.clone(), &queue, &stop, Arc::clone(&gone));
                    scope.spawn(move || work(backend, answer, queue, stop, &gone, alone, &sender));
                }
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

/// Token ids of one question to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg(feature = "models")]
pub(crate) struct Ids {
    /// All of them.
    pub(crate) tokens: Vec<u32>,
    /// The place of the first whose probability is asked for.
    pub(crate) scored_from: usize,
}

type Answering<'a> = dyn Fn(&Backend, usize, &AtomicBool) -> Result<Response, Trouble> + Sync + 'a;

/// Requests that nobody has taken, the number of those without an answer, and of the servers that are there.
struct Queue {
    waiting: VecDeque<usize>,
    open: usize,
    there: usize,
}

/// Takes requests and answers them until none is open, its server is gone, or the work is to stop.
fn work(
    backend: &Backend,
    answer: &Answering<'_>,
    queue: &Mutex<Queue>,
    stop: &AtomicBool,
    gone: &AtomicBool,
    alone: bool,
    sender: &mpsc::Sender<(usize, Result<Response>)>,
) {
    let locked = || -> MutexGuard<'_, Queue> { queue.lock().unwrap_or_else(PoisonError::into_inner) };
    while !stop.load(Ordering::Relaxed) && !gone.load(Ordering::Relaxed) {
        let taken = {
            let mut queue = locked();
            match queue.waiting.pop_front() {
                None if alone || queue.open == 0 => break,
                taken => taken,
            }
        };
        // Another server may go and leave its requests.
        let Some(index) = taken else {
            std::thread::sleep(LOOK);
            continue;
        };
        let answer = answer(backend, index, stop);
        let mut queue = locked();
        if matches!(answer, Err(Trouble::Away(_))) && !stop.load(Ordering::Relaxed) {
            if !gone.load(Ordering::Relaxed) && queue.there > 1 {
                gone.store(true, Ordering::Relaxed);
                queue.there -= 1;
            }
            if gone.load(Ordering::Relaxed) {
                queue.waiting.push_front(index);
                continue;
            }
        }
        queue.open -= 1;
        // The receiver goes only when the work has ended, and then nobody waits for the answer.
        let _ = sender.send((index, answer.map_err(Error::from)));
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
    fn check(&self, request: &Request) -> Result<()> {
        self.backends.iter().try_for_each(|backend| backend.check(request, false))
    }

    fn respond(&mut self, requests: &[Request], done: &mut dyn FnMut(usize, Response) -> Result<()>) -> Result<()> {
        requests.iter().try_for_each(|request| self.check(request))?;
        let answer = |backend: &Backend, index: usize, stop: &AtomicBool| backend.answer(&requests[index], stop);
        self.each(requests.len(), &answer, done)
    }
}
