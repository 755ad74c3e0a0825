//! One server: what it can do, and its answers to single requests.

use std::sync::atomic::AtomicBool;

use serde_json::{Value, json};

use super::completion::{self, Ask, Completion, Prompt};
use super::http::{Client, Place, Trouble};
use super::settings::{ServerApi, ServerSettings};
use crate::error::{Error, Result};
use crate::harness::request::{Request, Response, Sampling};

/// What a server is asked at first: plain words that every tokenizer splits into several tokens.
const PROBE: &str = "The quick brown fox jumps over the lazy dog";

/// Tokens that a server writes to show that it tells their probabilities alike before and after.
const TOLD_TWICE: u32 = 4;

/// Nats by which a token's log-probability may differ between two ways to compute it. Half precision and batches of
/// other sizes make a tenth of it; the probability of another token is nats away.
const SAME: f64 = 0.5;

/// One server that was asked what it can do.
#[derive(Debug)]
pub(super) struct Backend {
    client: Client,
    model: String,
    api: ServerApi,
    /// The probe as it came back, or why there are no probabilities of prompts.
    echo: Result<Completion, String>,
    /// Whether prompts go as token ids.
    pub(super) ids: bool,
}

/// What is written, and until when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Writing<'a> {
    pub(super) until: &'a [String],
    pub(super) max_tokens: usize,
    pub(super) how: Option<&'a Sampling>,
}

impl Backend {
    /// Asks the server at `url` for an answer, and for the probabilities of a prompt.
    pub(super) fn connect(url: &str, model: &str, settings: &ServerSettings) -> Result<Self> {
        let client = Client::new(url, settings)?;
        let echo = Err("a chat tells none".to_owned());
        let mut backend = Self { client, model: model.to_owned(), api: settings.api, echo, ids: false };
        match settings.api {
            ServerApi::Chat => backend.greet()?,
            ServerApi::Completions => backend.echo = backend.probe()?,
        }
        Ok(backend)
    }

    /// The address, without a name and password in it.
    pub(super) fn shown(&self) -> &str {
        self.client.shown()
    }

    /// Whether it can answer such a request.
    pub(super) fn check(&self, request: &Request, tokenised: bool) -> Result<()> {
        let unsupported = |what: &str, supported: &str| {
            let what = format!("{}: {what}", self.shown());
            Err(Error::Unsupported { what, supported: supported.to_owned() })
        };
        let scored = matches!(request, Request::LogLikelihood { .. } | Request::Rolling { .. });
        match (&self.echo, request) {
            (_, Request::LogLikelihood { .. } | Request::Rolling { .. }) if self.api == ServerApi::Chat => unsupported(
                "the log-likelihood of given text in a chat: no answer of `chat/completions` tells it",
                "tasks whose answers are written (`output_type: generate_until`), or `completions` of a server that has \
                 `echo` and `logprobs`",
            ),
            (Err(problem), _) if scored => unsupported(
                &format!("a server that gives no log-probabilities of a prompt ({problem})"),
                "completions with `echo` and `logprobs`, as vLLM and SGLang give them; tasks whose answers are written \
                 (`output_type: generate_until`) need neither",
            ),
            (_, Request::Rolling { .. }) if !tokenised => unsupported(
                "the log-likelihood of a whole text by a server, without the model's tokenizer",
                "--tokenizer with the model's folder, whose tokenizer says where a window ends, and a server that \
                 takes token ids",
            ),
            _ => Ok(()),
        }
    }

    /// Whether two servers answer the probe alike.
    pub(super) fn agrees(&self, other: &Self) -> Result<()> {
        if let (Ok(own), Ok(others)) = (&self.echo, &other.echo)
            && own.apart(others) > SAME
        {
            let (a, b) = (self.shown(), other.shown());
            return Err(Error::Argument(format!(
                "{a} and {b} give the words `{PROBE}` other probabilities: they do not serve the same model"
            )));
        }
        Ok(())
    }

    /// One turn, to see that there are chats.
    fn greet(&self) -> Result<()> {
        let turns = json!([{"role": "user", "content": PROBE}]);
        let asked = self.ask(Prompt::Turns(&turns), 1);
        let answer = self.client.hasty().post(Place::Chat, &asked.body(), &AtomicBool::new(false))?;
        completion::said(&answer).map(drop).map_err(|problem| self.client.broken(problem).into())
    }

    /// The probe as it comes back, or why it cannot be used.
    fn probe(&self) -> Result<Result<Completion, String>> {
        let (client, stop) = (self.client.hasty(), AtomicBool::new(false));
        let plain = Ask { probabilities: true, ..self.ask(Prompt::Text(PROBE), TOLD_TWICE) };
        let read = |prompt: &str| {
            let echo = match client.post(Place::Completions, &self.echo_of(Prompt::Text(prompt)).body(), &stop) {
                Ok(answer) => Completion::read(&answer).and_then(|echo| echo.check(prompt).map(|()| echo)),
                Err(Trouble::Away(error)) => return Err(error),
                // Some servers refuse what they cannot do.
                Err(Trouble::Refused(error)) => Err(error.to_string()),
            };
            Ok(echo)
        };
        let echo = read(PROBE)?;
        let answer = match client.post(Place::Completions, &plain.body(), &stop) {
            Ok(answer) => answer,
            // What was not meant by the echo may be meant by the probabilities.
            Err(Trouble::Refused(_)) => {
                client.post(Place::Completions, &self.ask(Prompt::Text(PROBE), 1).body(), &stop)?
            }
            Err(away) => return Err(away.into()),
        };
        let text = completion::text(&answer).map_err(|problem| Error::from(self.client.broken(problem)))?;
        let written = completion::written(&answer);
        if echo.is_err() || written.is_empty() {
            return Ok(echo);
        }
        // llama-cpp-python tells of each token how likely the next one would have been, where a model has no beginning
        // token.
        let told = read(&format!("{PROBE}{text}"))?;
        match told.ok().and_then(|told| told.difference(&written)) {
            Some(difference) if difference > SAME => Ok(Err(format!(
                "the tokens it wrote have other log-probabilities when it reads them, by {difference:.2} nats"
            ))),
            _ => Ok(echo),
        }
    }

    /// Finds out whether prompts can go as token ids, and whether these mean the same there. `encode` gives the ids of a
    /// text without special tokens.
    ///
    /// # Errors
    /// [`Error::Argument`] where the server's tokenizer is another.
    #[cfg(feature = "models")]
    pub(super) fn tokenizer(&mut self, encode: &dyn Fn(&str) -> Result<Vec<u32>>) -> Result<()> {
        /// Letters of many scripts, spaces and digits: tokenizers that agree on it are hardly two.
        const TEXT: &str = "The quick brown fox, 3.14159 + 2718;  naïve café — Größe, 東京 Привет\n\tfn main() {}";
        let other = |how: String| {
            Err(Error::Argument(format!("{}: its tokenizer is not that of --tokenizer: {how}", self.client.shown())))
        };
        let ids = encode(TEXT)?;
        let theirs = self.their_ids(TEXT);
        if let Some(theirs) = &theirs
            && *theirs != ids
        {
            let at = theirs.iter().zip(&ids).take_while(|(a, b)| a == b).count();
            return other(format!("the ids of `{}` differ from place {at} on", TEXT.escape_debug()));
        }
        if self.api == ServerApi::Chat {
            return Ok(());
        }
        let (client, stop) = (self.client.hasty(), AtomicBool::new(false));
        let plain = encode(PROBE)?;
        let prompt = Prompt::Ids(&plain);
        let asked = if self.echo.is_ok() { self.echo_of(prompt) } else { self.ask(prompt, 1) };
        let answer = match client.post(Place::Completions, &asked.body(), &stop) {
            Ok(answer) => answer,
            Err(Trouble::Refused(_)) => return Ok(()),
            Err(away) => return Err(away.into()),
        };
        let counted = answer.pointer("/usage/prompt_tokens").and_then(Value::as_u64);
        if counted.is_some_and(|count| count != plain.len() as u64) {
            return Ok(());
        }
        self.ids = match &self.echo {
            Ok(_) => match Completion::of_ids(&answer, plain.len()) {
                Ok(echo) => match echo.is_of(PROBE) {
                    Ok(()) => true,
                    Err(_) => return other(format!("the ids of `{PROBE}` are other words there")),
                },
                Err(_) => false,
            },
            // Nothing shows what the ids mean but its own ids.
            Err(_) => theirs.is_some(),
        };
        Ok(())
    }

    /// The ids that the server itself gives a text, in the words of vLLM and SGLang, then of llama.cpp.
    #[cfg(feature = "models")]
    fn their_ids(&self, text: &str) -> Option<Vec<u32>> {
        let asked = json!({
            "model": self.model, "prompt": text, "add_special_tokens": false, "content": text, "add_special": false,
        });
        let answer = self.client.perhaps(Place::Tokenize, Some(&asked))?;
        let tokens = answer.get("tokens")?.as_array()?;
        tokens.iter().map(|id| id.as_u64().and_then(|id| u32::try_from(id).ok())).collect()
    }

    /// Tokens of the longest prompt with its answer, where the server says.
    #[cfg(feature = "models")]
    pub(super) fn context(&self) -> Option<usize> {
        let models = self.client.perhaps(Place::Models, None)?;
        let named = |model: &&Value| model.get("id").and_then(Value::as_str) == Some(&self.model);
        let model = models.get("data")?.as_array()?.iter().find(named)?;
        let context = ["/max_model_len", "/meta/n_ctx"].iter().find_map(|place| model.pointer(place)?.as_u64());
        context.and_then(|context| usize::try_from(context).ok()).filter(|context| *context > 0)
    }

    fn ask<'a>(&'a self, prompt: Prompt<'a>, max_tokens: u32) -> Ask<'a> {
        Ask { model: &self.model, prompt, max_tokens, probabilities: false, echo: false, stop: &[], how: None }
    }

    fn echo_of<'a>(&'a self, prompt: Prompt<'a>) -> Ask<'a> {
        // Some servers refuse to write nothing; the one token is dropped from the answer.
        Ask { probabilities: true, echo: true, ..self.ask(prompt, 1) }
    }

    fn echo(&self, prompt: &str, stop: &AtomicBool) -> Result<Completion, Trouble> {
        let asked = self.echo_of(Prompt::Text(prompt)).body();
        let answer = self.client.post(Place::Completions, &asked, stop)?;
        let echo = Completion::read(&answer).map_err(|problem| self.client.broken(problem))?;
        echo.is_of(prompt).map_err(|problem| self.client.broken(problem))?;
        Ok(echo)
    }

    /// The answer to a request in text.
    pub(super) fn answer(&self, request: &Request, stop: &AtomicBool) -> Result<Response, Trouble> {
        self.check(request, false).map_err(Trouble::Refused)?;
        match request {
            Request::LogLikelihood { context, continuation } => {
                let kept = context.trim_end().len();
                let (context, spaces) = context.split_at(kept);
                self.log_likelihood(context, &format!("{spaces}{continuation}"), stop)
            }
            Request::Rolling { .. } => Err(self.client.broken("no text is scored as a whole here".into())),
            Request::Generate { context, .. } | Request::Sample { context, .. } => {
                let Some(writing) = Writing::of(request) else {
                    return Err(self.client.broken("nothing is to be written".into()));
                };
                match self.api {
                    ServerApi::Completions => self.write(Prompt::Text(context), &writing, stop),
                    // Without a template of turns a prompt is one turn.
                    ServerApi::Chat => {
                        let turns = serde_json::from_str(context).ok().filter(Value::is_array);
                        let turns = turns.unwrap_or_else(|| json!([{"role": "user", "content": context}]));
                        self.write(Prompt::Turns(&turns), &writing, stop)
                    }
                }
            }
        }
    }

    /// What is written after a prompt.
    pub(super) fn write(
        &self,
        prompt: Prompt<'_>,
        writing: &Writing<'_>,
        stop: &AtomicBool,
    ) -> Result<Response, Trouble> {
        let Writing { until, max_tokens, how } = *writing;
        let max_tokens = u32::try_from(max_tokens).unwrap_or(u32::MAX);
        let asked = Ask { stop: until, how, ..self.ask(prompt, max_tokens) };
        let text = match self.api {
            ServerApi::Completions => {
                let answer = self.client.post(Place::Completions, &asked.body(), stop)?;
                completion::text(&answer).map(str::to_owned)
            }
            ServerApi::Chat => {
                let answer = self.client.post(Place::Chat, &asked.body(), stop)?;
                completion::said(&answer).map(str::to_owned)
            }
        };
        let text = text.map_err(|problem| self.client.broken(problem))?;
        if self.client.holds_secret(&text) {
            return Err(self.client.broken("the text it wrote holds the key or the password".into()));
        }
        let end = until.iter().filter(|u| !u.is_empty()).filter_map(|u| text.find(u.as_str())).min();
        Ok(Response::Generated(text[..end.unwrap_or(text.len())].to_owned()))
    }

    /// Sum of the log-probabilities of the tokens from place `start` on, and whether each was the likeliest.
    #[cfg(feature = "models")]
    pub(super) fn score(&self, ids: &[u32], start: usize, stop: &AtomicBool) -> Result<(f64, bool), Trouble> {
        let answer = self.client.post(Place::Completions, &self.echo_of(Prompt::Ids(ids)).body(), stop)?;
        let echo = Completion::of_ids(&answer, ids.len());
        echo.and_then(|echo| echo.log_likelihood(start)).map_err(|problem| self.client.broken(problem))
    }

    fn log_likelihood(&self, context: &str, continuation: &str, stop: &AtomicBool) -> Result<Response, Trouble> {
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

impl<'a> Writing<'a> {
    /// What of a request is written; `None` where nothing is.
    pub(super) fn of(request: &'a Request) -> Option<Self> {
        match request {
            Request::Generate { until, max_tokens, .. } => Some(Self { until, max_tokens: *max_tokens, how: None }),
            Request::Sample { until, max_tokens, how, .. } => {
                Some(Self { until, max_tokens: *max_tokens, how: Some(how) })
            }
            Request::LogLikelihood { .. } | Request::Rolling { .. } => None,
        }
    }
}
