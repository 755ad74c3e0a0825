//! Chat templates, rendered as transformers renders them: blocks trimmed, undefined names empty, `tojson` as
//! `json.dumps`, `raise_exception` and `strftime_now` at hand, `break` and `continue` in loops, and `{% generation %}`
//! without effect.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};
use time::OffsetDateTime;

use super::digest::sha256;
use super::turn::{Role, Turn};
use super::value::Value;
use super::{python, template};

/// A compiled chat template with the special tokens it may name.
#[derive(Clone)]
pub struct ChatTemplate {
    environment: Arc<Environment<'static>>,
    source: String,
    given: Vec<(String, Value)>,
}

impl std::fmt::Debug for ChatTemplate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChatTemplate").field("source", &self.source).field("given", &self.given).finish()
    }
}

impl PartialEq for ChatTemplate {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source && self.given == other.given
    }
}

const NAME: &str = "chat";

/// Marks the end of an answer's beginning, to find it again in what a template makes of it.
const END: &str = "CONTINUE_FINAL_MESSAGE_TAG ";

impl ChatTemplate {
    /// Of its source and the names that it finds: the tokenizer's special tokens (`bos_token` and others), and switches
    /// such as `enable_thinking`, which may overrule them.
    ///
    /// # Errors
    /// What is wrong with the template, with its line.
    pub fn new(source: &str, tokens: &[(String, String)], switches: &BTreeMap<String, Value>) -> Result<Self, String> {
        let mut environment = template::python_environment();
        environment.set_undefined_behavior(UndefinedBehavior::Lenient);
        let syntax = SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .build()
            .map_err(|error| template::describe(&error))?;
        environment.set_syntax(syntax);
        environment.add_filter("tojson", python::plain_json);
        environment.add_function("raise_exception", |problem: String| -> Result<String, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, problem))
        });
        environment.add_function("strftime_now", |format: String| now(&format));
        let environment = template::compiled(environment, NAME, &without_generation(source))?;
        let mut given: Vec<(String, Value)> =
            tokens.iter().map(|(name, token)| (name.clone(), token.as_str().into())).collect();
        for (name, value) in switches {
            given.retain(|(other, _)| other != name);
            given.push((name.clone(), value.clone()));
        }
        Ok(Self { environment: Arc::new(environment), source: source.to_owned(), given })
    }

    /// The template as it stands in the model's files.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// SHA-256 of the source, in hexadecimal, as results files have it.
    pub(crate) fn digest(&self) -> String {
        sha256(&self.source)
    }

    /// The names it was given, for keys of answers.
    pub(in crate::harness) fn given(&self) -> &[(String, Value)] {
        &self.given
    }

    /// The prompt of turns, up to the place where the assistant goes on. `fresh` begins a new turn of the assistant;
    /// else the last turn is the assistant's and is continued. A template that refuses a system turn gets none, as in
    /// lm-evaluation-harness; whether that was so.
    pub(super) fn render(&self, turns: &[Turn], fresh: bool) -> Result<(String, bool), String> {
        match self.attempt(turns, fresh) {
            Ok(text) => Ok((text, false)),
            Err(problem) => {
                let rest: Vec<Turn> = turns.iter().filter(|turn| turn.role != Role::System).cloned().collect();
                if rest.len() == turns.len() {
                    return Err(problem);
                }
                self.attempt(&rest, fresh).map(|text| (text, true))
            }
        }
    }

    fn attempt(&self, turns: &[Turn], fresh: bool) -> Result<String, String> {
        let last = turns.len().saturating_sub(1);
        let message = |(at, turn): (usize, &Turn)| {
            let end = if at == last && !fresh { END } else { "" };
            let text = format!("{}{end}", turn.text);
            Value::Map(vec![("role".into(), turn.role.name().into()), ("content".into(), text.into())])
        };
        let mut context = self.given.clone();
        context.extend([
            ("messages".into(), Value::List(turns.iter().enumerate().map(message).collect())),
            ("tools".into(), Value::Null),
            ("documents".into(), Value::Null),
            ("add_generation_prompt".into(), fresh.into()),
        ]);
        let context = python::to_jinja(&Value::Map(context));
        let mut text = template::rendered(&self.environment, NAME, context).map_err(|error| format!("chat {error}"))?;
        if fresh {
            return Ok(text);
        }
        let Some(at) = text.rfind(END.trim_end()) else {
            return Err("the chat template drops the beginning of the answer (`gen_prefix`)".to_owned());
        };
        // A template that trims turns has taken the space of the mark, and that of the text with it.
        let kept = text[at..].starts_with(END);
        text.truncate(at);
        if !kept {
            text.truncate(text.trim_end_matches(python::is_space).len());
        }
        Ok(text)
    }
}

/// `{% generation %}` only marks the assistant's tokens for training.
fn without_generation(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find("{%") {
        let Some(end) = rest[at..].find("%}").map(|end| at + end + 2) else { break };
        let tag = &rest[at..end];
        let inner = tag[2..tag.len() - 2].trim_matches(['-', '+']);
        out.push_str(&rest[..at]);
        match inner.trim() {
            "generation" => out.push_str(&tag.replacen("generation", "if true", 1)),
            "endgeneration" => out.push_str(&tag.replacen("endgeneration", "endif", 1)),
            _ => out.push_str(tag),
        }
        rest = &rest[end..];
    }
    out + rest
}

/// Today as Python's `strftime` writes it. The clock is that of UTC.
fn now(format: &str) -> Result<String, Error> {
    let now = OffsetDateTime::now_utc();
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let month = now.month().to_string();
        let weekday = now.weekday().to_string();
        out.push_str(&match chars.next() {
            Some('Y') => now.year().to_string(),
            Some('y') => format!("{:02}", now.year() % 100),
            Some('m') => format!("{:02}", u8::from(now.month())),
            Some('d') => format!("{:02}", now.day()),
            Some('B') => month,
            Some('b' | 'h') => month[..3].to_owned(),
            Some('A') => weekday,
            Some('a') => weekday[..3].to_owned(),
            Some('j') => format!("{:03}", now.ordinal()),
            Some('H') => format!("{:02}", now.hour()),
            Some('M') => format!("{:02}", now.minute()),
            Some('S') => format!("{:02}", now.second()),
            Some('%') => "%".to_owned(),
            other => {
                let problem = format!("`strftime_now` does not know `%{}`", other.map_or(String::new(), String::from));
                return Err(Error::new(ErrorKind::InvalidOperation, problem));
            }
        });
    }
    Ok(out)
}
