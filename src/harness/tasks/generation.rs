//! `generation_kwargs`: how answers are written, and where they end.

use std::collections::BTreeMap;

use super::node::Node;
use super::output::Output;
use super::value::Value;
use crate::error::Result;
use crate::harness::request::Sampling;

/// `generation_kwargs`.
#[derive(Debug, Clone)]
pub(super) struct Generation {
    /// As results files record it.
    pub(super) arguments: Value,
    pub(super) until: Vec<String>,
    pub(super) max_tokens: usize,
    /// How tokens are drawn; `None` takes the likeliest.
    pub(super) sampling: Option<Sampling>,
}

/// Tokens of an answer where a task file does not say how many.
const ANSWER_TOKENS: usize = 256;

/// What a task file says, with answers that end at `delimiter` where it says nothing.
pub(super) fn generation(task: &Node, output: Output, delimiter: &str) -> Result<Generation> {
    let stop = || Value::List(vec![delimiter.into()]);
    let Some(node) = task.given("generation_kwargs") else {
        let arguments = Value::Map(vec![
            ("temperature".to_owned(), Value::Float(0.0)),
            ("do_sample".to_owned(), Value::Bool(false)),
            ("max_gen_toks".to_owned(), Value::Int(ANSWER_TOKENS as i64)),
            ("until".to_owned(), stop()),
        ]);
        let until = vec![delimiter.to_owned()];
        return Ok(Generation { arguments, until, max_tokens: ANSWER_TOKENS, sampling: None });
    };
    let mut arguments = node.data()?;
    // `do_sample: false` overrules a temperature, and a temperature of 0 means the same, as in lm-evaluation-harness.
    let asked = node.given("do_sample").map(Node::flag).transpose()?;
    let mut sampling = Sampling::default();
    let (mut until, mut most) = (vec![delimiter.to_owned()], BTreeMap::new());
    for (key, node) in node.entries() {
        match key.as_str() {
            "until" => until = node.texts()?,
            "do_sample" => {}
            "top_p" => {
                let top_p = number(node)?;
                sampling.top_p = Some(top_p).filter(|p| (0.0..=1.0).contains(p));
                if sampling.top_p.is_none() {
                    return Err(node.wrong("`top_p` lies between 0 and 1"));
                }
            }
            "top_k" => {
                let top_k = usize::try_from(node.whole()?);
                sampling.top_k = Some(top_k.map_err(|_| node.wrong("`top_k` is a number of tokens, or 0 for all"))?);
            }
            "num_beams" if matches!(node.whole(), Ok(1)) => {}
            "temperature" => {
                let temperature = number(node)?;
                if !(temperature >= 0.0 && temperature.is_finite()) {
                    return Err(node.wrong("a temperature is not below 0"));
                }
                sampling.temperature = Some(temperature);
                arguments.set("temperature", Value::Float(temperature));
            }
            "max_gen_toks" | "max_new_tokens" | "max_tokens" | "max_completion_tokens" => {
                let tokens = usize::try_from(node.whole()?).ok().filter(|tokens| *tokens > 0);
                let rank = ["max_gen_toks", "max_new_tokens", "max_tokens"].iter().position(|name| name == key);
                most.insert(rank.unwrap_or(3), tokens.ok_or_else(|| node.wrong("at least one token is needed"))?);
            }
            _ => {
                let problem = format!("`{key}` under `generation_kwargs` is not known, and it could change the scores");
                return Err(node.wrong(problem));
            }
        }
    }
    if output == Output::GenerateUntil && node.get("until").is_none() {
        arguments.set("until", stop());
    }
    let max_tokens = most.first_key_value().map_or(ANSWER_TOKENS, |(_, tokens)| *tokens);
    let drawn = match (asked, sampling.temperature) {
        (_, Some(0.0)) | (Some(false), _) | (None, None) => None,
        (Some(true), _) | (None, Some(_)) => Some(sampling),
    };
    Ok(Generation { arguments, until, max_tokens, sampling: drawn })
}

/// A number, or text that is one (YAML 1.1 reads `1e-5` as text).
fn number(node: &Node) -> Result<f64> {
    match node.value() {
        Value::Int(number) => Ok(number as f64),
        Value::Float(number) => Ok(number),
        other => other.python().parse().map_err(|_| node.wrong("a number is needed here")),
    }
}
