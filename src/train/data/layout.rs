//! From a row to a prompt and a completion.

use serde_json::Value;

use super::example::Example;
use super::rows::Row;
use crate::error::{Error, Result};

const LETTERS: [&str; 4] = ["A", "B", "C", "D"];

/// Four choices and the number or letter of the right one.
pub(super) fn mmlu(row: &Row<'_>) -> Result<Example> {
    // The hub's copy of the set wraps each example into an object called `train`.
    let inner = row.get("train").and_then(Value::as_object);
    let get = |name: &str| inner.map_or_else(|| row.get(name), |inner| inner.get(name));
    let question = match get("question").and_then(Value::as_str) {
        Some(question) if !question.trim().is_empty() => question,
        _ => return Err(row.wrong("question", "is missing or empty".to_owned())),
    };
    let choices = choices(row, &get)?;
    let answer = match get("answer") {
        None => return Err(row.wrong("answer", "is missing: nothing could be learned from this example".to_owned())),
        Some(answer) => letter(answer)
            .ok_or_else(|| row.wrong("answer", format!("is {answer}, which is none of 0 to 3 and A to D")))?,
    };
    let mut prompt = question.trim().to_owned();
    for (letter, choice) in LETTERS.iter().zip(&choices) {
        prompt.push_str(&format!("\n{letter}. {choice}"));
    }
    prompt.push_str("\nAnswer:");
    Ok(Example { prompt, completion: format!(" {answer}") })
}

fn choices<'a>(row: &Row<'_>, get: &impl Fn(&str) -> Option<&'a Value>) -> Result<Vec<String>> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let found: Vec<String> = match get("choices") {
        Some(Value::Array(choices)) => choices.iter().map(text).collect(),
        Some(other) => return Err(row.wrong("choices", format!("is not a list: {other}"))),
        None => LETTERS.iter().filter_map(|letter| get(letter).map(text)).collect(),
    };
    match found.len() {
        4 => Ok(found),
        others => Err(row.wrong("choices", format!("has {others} choices, not 4"))),
    }
}

fn letter(answer: &Value) -> Option<&'static str> {
    let number = match answer {
        Value::Number(number) => usize::try_from(number.as_u64()?).ok()?,
        Value::String(text) => {
            let text = text.trim();
            let letter = LETTERS.iter().position(|letter| letter.eq_ignore_ascii_case(text));
            letter.or_else(|| text.parse().ok())?
        }
        _ => return None,
    };
    LETTERS.get(number).copied()
}

/// A problem and its solution.
pub(super) fn mathematical(row: &Row<'_>, question: &str, answer: &str) -> Result<Example> {
    let (question, answer) = (row.text(question)?, row.text(answer)?);
    Ok(Example { prompt: format!("Question: {question}\nAnswer:"), completion: format!(" {answer}") })
}

/// Two texts, joined as they are.
pub(super) fn prompt(row: &Row<'_>) -> Result<Example> {
    let completion = row.text("completion")?.to_owned();
    let prompt = match row.get("prompt") {
        Some(Value::String(prompt)) => prompt.clone(),
        // A text without prompt is learned from its beginning.
        None if row.get("completion").is_some() => String::new(),
        other => return Err(wrong_prompt(row, other)),
    };
    Ok(Example { prompt, completion })
}

fn wrong_prompt(row: &Row<'_>, found: Option<&Value>) -> Error {
    row.wrong("prompt", format!("is not a text: {}", found.unwrap_or(&Value::Null)))
}
