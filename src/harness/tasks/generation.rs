//! `generation_kwargs`: how answers are written, and where they end.

use std::collections::BTreeMap;

use super::node::Node;
use super::output::Output;
use super::value::Value;
use crate::error::Result;

/// `generation_kwargs`.
#[derive(Debug, Clone)]
pub(super) struct Generation {
    /// As results files record it.
    pub(super) arguments: Value,
    pub(super) until: Vec<String>,
    pub(super) max_tokens: usize,
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
        return Ok(Generation { arguments, until: vec![delimiter.to_owned()], max_tokens: ANSWER_TOKENS });
    };
    let mut arguments = node.data()?;
    // `do_sample: false` overrules a temperature, as in lm-evaluation-harness.
    let greedy = node.given("do_sample");
    let (mut until, mut most) = (vec![delimiter.to_owned()], BTreeMap::new());
    for (key, node) in node.entries() {
        match key.as_str() {
            "until" => until = node.texts()?,
            "do_sample" if node.flag()? => {
                return Err(node.wrong("sampled answers are not supported (`do_sample: true`)"));
            }
            // Without sampling these change nothing.
            "do_sample" | "top_p" | "top_k" => {}
            "num_beams" if matches!(node.whole(), Ok(1)) => {}
            "temperature" => {
                let temperature = number(node)?;
                if temperature != 0.0 && greedy.is_none() {
                    return Err(node.wrong("sampled answers are not supported (`temperature` above 0)"));
                }
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
    Ok(Generation { arguments, until, max_tokens })
}

/// A number, or text that is one (YAML 1.1 reads `1e-5` as text).
fn number(node: &Node) -> Result<f64> {
    match node.value() {
        Value::Int(number) => Ok(number as f64),
        Value::Float(number) => Ok(number),
        other => other.python().parse().map_err(|_| node.wrong("a number is needed here")),
    }
}
