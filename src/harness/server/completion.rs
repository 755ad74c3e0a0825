//! What is asked of `completions` and `chat/completions`, and what their answers mean.

use serde_json::{Map, Value, json};

use crate::harness::request::Sampling;

/// Stop sequences the protocol allows; the answer is cut at all of them in any case.
const MOST_STOPS: usize = 4;

/// Log-probabilities are not above 0 but for rounding.
const ROUNDING: f64 = 1e-3;

/// What stands before an answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Prompt<'a> {
    Text(&'a str),
    /// Tokens by their ids, to which a server adds none.
    Ids(&'a [u32]),
    /// The turns of a conversation, as JSON.
    Turns(&'a Value),
}

/// One request.
pub(super) struct Ask<'a> {
    pub(super) model: &'a str,
    pub(super) prompt: Prompt<'a>,
    pub(super) max_tokens: u32,
    /// Whether the probabilities of the tokens are sent back.
    pub(super) probabilities: bool,
    /// Whether the prompt is sent back before the answer.
    pub(super) echo: bool,
    pub(super) stop: &'a [String],
    /// How tokens are drawn; `None` takes the likeliest.
    pub(super) how: Option<&'a Sampling>,
}

impl Ask<'_> {
    pub(super) fn body(&self) -> Value {
        let mut body = json!({
            "model": self.model,
            "max_tokens": self.max_tokens,
            "temperature": 0,
        });
        match self.prompt {
            Prompt::Text(text) => body["prompt"] = text.into(),
            Prompt::Ids(ids) => body["prompt"] = ids.into(),
            Prompt::Turns(turns) => body["messages"] = turns.clone(),
        }
        if let Some(how) = self.how {
            match how.temperature {
                Some(temperature) => body["temperature"] = temperature.into(),
                // The server knows the model's own.
                None => _ = body.as_object_mut().map(|body| body.remove("temperature")),
            }
            // Each answer has a seed of its own.
            body["seed"] = how.seed.wrapping_add(how.number as u64).into();
            if let Some(top_p) = how.top_p {
                body["top_p"] = top_p.into();
            }
            if let Some(top_k) = how.top_k.filter(|k| *k > 0) {
                body["top_k"] = top_k.into();
            }
        }
        if self.echo {
            body["echo"] = true.into();
        }
        if self.probabilities {
            body["logprobs"] = 1.into();
        }
        let stops: Vec<&str> =
            self.stop.iter().map(String::as_str).filter(|s| !s.is_empty()).take(MOST_STOPS).collect();
        if !stops.is_empty() {
            body["stop"] = stops.into();
        }
        body
    }
}

/// The text of the first choice.
pub(super) fn text(answer: &Value) -> Result<&str, String> {
    answer.pointer("/choices/0/text").and_then(Value::as_str).ok_or_else(|| "the answer has no text".into())
}

/// The text of the first choice of a chat. A model that thinks first may have no room left for its answer.
pub(super) fn said(answer: &Value) -> Result<&str, String> {
    let choice = answer.pointer("/choices/0").ok_or("the answer has no text")?;
    match choice.pointer("/message/content") {
        Some(Value::String(text)) => Ok(text),
        Some(Value::Null) if choice.get("finish_reason").and_then(Value::as_str) == Some("length") => Ok(""),
        _ => Err("the answer has no text".into()),
    }
}

/// The tokens that were written after a prompt which was not sent back, with their log-probabilities; none where the
/// answer does not tell them.
pub(super) fn written(answer: &Value) -> Vec<(String, f64)> {
    let list = |name: &str| answer.pointer(&format!("/choices/0/logprobs/{name}")).and_then(Value::as_array);
    let (Some(texts), Some(values)) = (list("tokens"), list("token_logprobs")) else { return Vec::new() };
    let pair = |(text, value): (&Value, &Value)| Some((text.as_str()?.to_owned(), value.as_f64()?));
    texts.iter().zip(values).map_while(pair).collect()
}

/// A prompt as the server sent it back.
#[derive(Debug)]
pub(super) struct Completion {
    tokens: Vec<Token>,
}

#[derive(Debug)]
struct Token {
    text: String,
    log_probability: Option<f64>,
    likeliest: bool,
}

impl Completion {
    /// Reads the echo of a prompt; the token that was written after it is dropped.
    pub(super) fn read(answer: &Value) -> Result<Self, String> {
        let log_probabilities = answer.pointer("/choices/0/logprobs").filter(|lists| lists.is_object());
        let log_probabilities = log_probabilities.ok_or("the answer has no `logprobs`")?;
        let list = |name: &str| {
            let list = log_probabilities.get(name).and_then(Value::as_array);
            list.ok_or_else(|| format!("the answer has no `logprobs.{name}`"))
        };
        let (texts, values, tops) = (list("tokens")?, list("token_logprobs")?, list("top_logprobs")?);
        if texts.len() != values.len() || texts.len() != tops.len() {
            return Err("the lists of `logprobs` have different lengths".into());
        }
        let prompt_tokens = answer.pointer("/usage/prompt_tokens").and_then(Value::as_u64);
        let length = match prompt_tokens.and_then(|n| usize::try_from(n).ok()) {
            None => texts.len().saturating_sub(1),
            // One token is written after the prompt, or none where it ends the text at once.
            Some(count) if count == texts.len() || count + 1 == texts.len() => count,
            Some(count) => {
                let sent = texts.len();
                return Err(format!("{sent} tokens came back for a prompt of {count} and one token after it"));
            }
        };
        let tokens = texts.iter().zip(values).zip(tops).take(length).map(|((text, value), top)| {
            let log_probability = value.as_f64().filter(|value| value.is_finite() && *value <= ROUNDING);
            let likeliest = log_probability.is_some_and(|own| best(top.as_object()).is_some_and(|best| own >= best));
            Token { text: text.as_str().unwrap_or_default().to_owned(), log_probability, likeliest }
        });
        Ok(Self { tokens: tokens.collect() })
    }

    /// Reads the echo of a prompt that was sent as so many tokens.
    pub(super) fn of_ids(answer: &Value, count: usize) -> Result<Self, String> {
        let echo = Self::read(answer)?;
        if echo.len() != count {
            return Err(format!("a prompt of {count} tokens came back as {}", echo.len()));
        }
        Ok(echo)
    }

    /// The largest difference, in nats, between the log-probabilities of `written` and those of the last tokens here;
    /// `None` where these are other tokens.
    pub(super) fn difference(&self, written: &[(String, f64)]) -> Option<f64> {
        let from = self.tokens.len().checked_sub(written.len())?;
        let pairs = self.tokens[from..].iter().zip(written);
        let differ = |(token, (text, value)): (&Token, &(String, f64))| {
            (token.text == *text).then(|| token.log_probability.map_or(f64::INFINITY, |own| (own - value).abs()))
        };
        pairs.map(differ).collect::<Option<Vec<f64>>>()?.into_iter().reduce(f64::max)
    }

    /// The largest difference, in nats, between the log-probabilities of two echoes of one prompt.
    pub(super) fn apart(&self, other: &Self) -> f64 {
        if self.len() != other.len() {
            return f64::INFINITY;
        }
        let pairs = self.tokens.iter().zip(&other.tokens);
        pairs.filter_map(|(a, b)| Some((a.log_probability? - b.log_probability?).abs())).fold(0.0, f64::max)
    }

    /// Number of tokens of the prompt.
    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Whether this can be the echo of `prompt`.
    pub(super) fn check(&self, prompt: &str) -> Result<(), String> {
        if self.tokens.len() < 2 {
            return Err(format!("{} tokens came back for a prompt of {} characters", self.tokens.len(), prompt.len()));
        }
        self.is_of(prompt)?;
        match self.tokens[1..].iter().find(|token| token.log_probability.is_none()) {
            Some(token) => Err(format!("the token `{}` of the prompt has no log-probability", token.text)),
            None => Ok(()),
        }
    }

    /// Whether these are the tokens of `prompt`: their texts are its text, with one token before it at most. Where a token
    /// is bytes that are no text, the texts of the others must follow one another in the prompt.
    pub(super) fn is_of(&self, prompt: &str) -> Result<(), String> {
        let other = || "the tokens that came back are not those of the prompt".to_owned();
        let is_bytes = |text: &str| text.contains('\u{fffd}') || text.starts_with("bytes:") || text.starts_with("<0x");
        if !self.tokens.iter().any(|token| is_bytes(&token.text)) {
            let echoed: String = self.tokens.iter().map(|token| token.text.as_str()).collect();
            // Tokenizers of pieces put a space before a text, or take one away.
            let before = echoed.strip_suffix(prompt).or_else(|| echoed.strip_suffix(prompt.trim_start()));
            let first = self.tokens.first().map_or(0, |token| token.text.len());
            return if before.is_some_and(|before| before.len() <= first) { Ok(()) } else { Err(other()) };
        }
        let mut rest = prompt;
        for (at, token) in self.tokens.iter().enumerate().filter(|(_, token)| !is_bytes(&token.text)) {
            match rest.find(token.text.as_str()) {
                Some(place) => rest = &rest[place + token.text.len()..],
                None if at == 0 => {}
                None => return Err(other()),
            }
        }
        Ok(())
    }

    /// The token that `continuation` begins with, if its tokens' texts are exactly its text.
    pub(super) fn boundary(&self, continuation: &str) -> Option<usize> {
        let mut rest = continuation;
        for (index, token) in self.tokens.iter().enumerate().rev() {
            if rest.is_empty() {
                return Some(index + 1);
            }
            rest = rest.strip_suffix(token.text.as_str())?;
        }
        rest.is_empty().then_some(0)
    }

    /// Sum of the logarithms from token `start` on, and whether each was the likeliest.
    pub(super) fn log_likelihood(&self, start: usize) -> Result<(f64, bool), String> {
        let tokens = self.tokens.get(start..).filter(|tokens| !tokens.is_empty());
        let tokens = tokens.ok_or("the continuation adds no token to its context")?;
        let (mut sum, mut greedy) = (0.0, true);
        for token in tokens {
            sum += token.log_probability.ok_or_else(|| match start {
                0 => "the first token of a text with nothing before it has no probability on this server".to_owned(),
                _ => format!("the token `{}` has no log-probability", token.text),
            })?;
            greedy &= token.likeliest;
        }
        Ok((sum, greedy))
    }
}

fn best(top: Option<&Map<String, Value>>) -> Option<f64> {
    top?.values()
        .filter_map(Value::as_f64)
        .fold(None, |best: Option<f64>, value| Some(best.map_or(value, |b| b.max(value))))
}

/// Reads any bytes.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_any(bytes: &[u8]) {
    let Ok(answer) = serde_json::from_slice(bytes) else { return };
    let _ = (text(&answer), said(&answer));
    let written = written(&answer);
    for prompt in ["a b", "a \u{e9}", ""] {
        let Ok(echo) = Completion::read(&answer) else { return };
        let _ = (echo.difference(&written), echo.apart(&echo), Completion::of_ids(&answer, 2));
        if echo.check(prompt).is_ok() {
            let start = echo.boundary("b").unwrap_or(1);
            if let Ok((sum, _)) = echo.log_likelihood(start) {
                assert!(sum <= ROUNDING * echo.len() as f64, "{sum}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_answer_is_an_echo_or_a_problem() {
        let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/server");
        let mut count = 0;
        for entry in std::fs::read_dir(corpus).expect("a folder") {
            let whole = std::fs::read(entry.expect("an entry").path()).expect("there");
            for at in 0..whole.len() {
                read_any(&whole[..at]);
                for value in [0, 0xff, whole[at] ^ 1, b'9', b'-', b'\"'] {
                    let mut changed = whole.clone();
                    changed[at] = value;
                    read_any(&changed);
                }
            }
            count += 1;
        }
        assert!(count >= 3, "{count} files");
    }
}
