//! What the functions that are built in make of a document.

use std::sync::LazyLock;

use super::literal;
use super::python::{capitalize, strip};
use super::regex::Pattern;
use super::sampling::Random;
use super::value::Value;

pub(super) fn text<'a>(document: &'a Value, key: &str) -> Result<&'a str, String> {
    match document.get(key) {
        Some(Value::Text(text)) => Ok(text),
        Some(other) => Err(format!("`{key}` is {}, text is needed", other.kind())),
        None => Err(format!("`{key}` is missing")),
    }
}

/// What stands before and after the blank of a Winogrande sentence.
pub(super) fn blank(document: &Value) -> Result<(&str, &str), String> {
    text(document, "sentence")?.split_once('_').ok_or_else(|| "`sentence` has no blank (`_`)".to_owned())
}

/// WikiHow's brackets and double spaces taken out, as the task files of HellaSwag and GPQA do.
fn cleaned(text: &str) -> Result<String, String> {
    static BRACKETS: LazyLock<Result<Pattern, String>> = LazyLock::new(|| Pattern::new(r"\[.*?\]"));
    let text = strip(text).replace(" [title]", ". ");
    Ok(BRACKETS.as_ref()?.replace(&text, "", 0)?.replace("  ", " "))
}

pub(super) fn hellaswag(document: &Value) -> Result<Vec<(&'static str, Value)>, String> {
    let context = format!("{} {}", text(document, "ctx_a")?, capitalize(text(document, "ctx_b")?));
    let query = cleaned(&format!("{}: {context}", text(document, "activity_label")?))?;
    let endings = document.get("endings").and_then(Value::as_list).ok_or("`endings` is no list")?;
    let choices = endings
        .iter()
        .map(|ending| cleaned(ending.as_text().ok_or("an ending is not text")?).map(Value::from))
        .collect::<Result<Vec<_>, String>>()?;
    let label = document.get("label").map(Value::python).unwrap_or_default();
    let gold = label.trim().parse::<i64>().map_err(|_| format!("`label` is `{label}`, not a number"))?;
    Ok(vec![("query", query.into()), ("choices", Value::List(choices)), ("gold", Value::Int(gold))])
}

pub(super) fn gpqa(document: &Value, random: &mut Random) -> Result<Vec<(&'static str, Value)>, String> {
    let choice = |key: &str| match document.get(key) {
        Some(Value::Null) => Ok(" ".to_owned()),
        Some(value) => cleaned(&value.python()),
        None => Err(format!("`{key}` is missing")),
    };
    let right = choice("Correct Answer")?;
    let wrong = ["Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3"];
    let mut choices = wrong.iter().map(|key| choice(key)).collect::<Result<Vec<_>, _>>()?;
    choices.push(right.clone());
    random.shuffle(&mut choices);
    let letter = choices.iter().position(|choice| *choice == right).and_then(|at| "ABCD".get(at..=at));
    let answer = format!("({})", letter.unwrap_or_default());
    let names = ["choice1", "choice2", "choice3", "choice4"];
    let mut added: Vec<_> = names.into_iter().zip(choices.into_iter().map(Value::from)).collect();
    added.push(("answer", answer.into()));
    Ok(added)
}

pub(super) fn musr(document: &Value) -> Result<Value, String> {
    let choices = literal::parse(text(document, "choices")?).map_err(|problem| format!("`choices`: {problem}"))?;
    let choices = choices.as_list().ok_or("`choices` is no list")?;
    let lines: String =
        choices.iter().enumerate().map(|(at, choice)| format!("{} - {}\n", at + 1, choice.python())).collect();
    Ok(format!("{}\n\n{}\n\n{lines}\nAnswer:", text(document, "narrative")?, text(document, "question")?).into())
}

/// `a ) 38 , b ) 27.5 , …` in parts. An answer may hold commas: one ends where a comma and a space come first after it, and
/// whatever stands before the next letter is passed over, as in lm-evaluation-harness.
pub(super) fn mathqa(document: &Value) -> Result<Value, String> {
    static OPTION: LazyLock<Result<Pattern, String>> = LazyLock::new(|| Pattern::new(r"[abcd] \) .*?, |e \) .*?$"));
    let found = OPTION.as_ref()?.find_all(text(document, "options")?)?;
    let answer = |whole: &String| Value::from(whole.chars().skip(4).collect::<String>().trim_end_matches([' ', ',']));
    Ok(Value::List(found.iter().filter_map(|groups| groups.first()).map(answer).collect()))
}
