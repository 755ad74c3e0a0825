//! Jinja templates as lm-evaluation-harness sets its environment up: undefined names are errors, the last newline
//! stays, nothing is escaped, values print as Python's `str()` prints them, and methods of Python's text, lists and
//! dictionaries can be called. One filter is added: `regex_replace(pattern, replacement, count)`.

use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};

use super::python;
use super::regex::Pattern;
use super::tuples;
use super::value::Value;

type Jinja = minijinja::Value;

/// A compiled template.
#[derive(Clone)]
pub(super) struct Template {
    environment: Arc<Environment<'static>>,
    source: String,
}

impl std::fmt::Debug for Template {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Template").field(&self.source).finish()
    }
}

/// The one template of each environment; no ending, so nothing is escaped.
const NAME: &str = "field";

/// Steps that one rendering may take: the longest prompts of the published tasks take some thousand.
const MOST_STEPS: u64 = 5_000_000;

/// Macros, includes and the like that may be open in one another.
const MOST_CALLS: usize = 100;

impl Template {
    /// # Errors
    /// What is wrong with the template, with its line.
    pub(crate) fn new(source: &str) -> Result<Self, String> {
        let mut environment = python_environment();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let mut syntax = SyntaxConfig::builder();
        environment.set_syntax(syntax.keep_trailing_newline(true).build().map_err(|error| describe(&error))?);
        environment.add_filter("tojson", python::sorted_json);
        environment.add_filter("regex_replace", regex_replace);
        // Jinja2 reads every kind of line end in a template as \n.
        let text = tuples::as_calls(&source.replace("\r\n", "\n").replace('\r', "\n"));
        environment.add_template_owned(NAME, text).map_err(|error| describe(&error))?;
        Ok(Self { environment: Arc::new(environment), source: source.to_owned() })
    }

    /// The text as it stands in the task file.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// # Errors
    /// What went wrong, with the template's line.
    pub(crate) fn render(&self, document: &Value) -> Result<String, String> {
        let context = python::to_jinja(document);
        let template = self.environment.get_template(NAME).map_err(|error| describe(&error))?;
        template.render(context).map_err(|error| describe(&error))
    }
}

/// What all templates have in common: nothing is escaped, values print as in Python, and its methods can be called.
pub(super) fn python_environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_fuel(Some(MOST_STEPS));
    environment.set_recursion_limit(MOST_CALLS);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.set_formatter(|out, state, value| {
        if value.is_undefined() {
            // An error where that is strict, but for `{{ a if b }}`, which prints nothing.
            return minijinja::escape_formatter(out, state, value);
        }
        out.write_str(&python::text(value)).map_err(Error::from)
    });
    environment.set_unknown_method_callback(|_, value, name, arguments| method(value, name, arguments));
    environment.add_function(tuples::CALL, python::tuple);
    environment.add_filter("string", |value: Jinja| python::text(&value));
    environment.add_filter("items", |value: Jinja| map_method(&value, "items", &[]));
    environment
}

pub(super) fn describe(error: &Error) -> String {
    let mut text = "template".to_owned();
    if let Some(line) = error.line() {
        text += &format!(" line {line}");
    }
    text += &format!(": {}", error.kind());
    if let Some(detail) = error.detail() {
        text += &format!(": {detail}");
    }
    text
}

fn wrong(problem: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, problem.into())
}

fn regex_replace(text: &str, pattern: &str, replacement: &str, count: Option<usize>) -> Result<String, Error> {
    let pattern = Pattern::new(pattern).map_err(wrong)?;
    pattern.replace(text, replacement, count.unwrap_or(0)).map_err(wrong)
}

/// Whether Python's `str.strip()` takes a character away.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

/// Python's `str.strip()`.
pub(super) fn strip(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// Python's `str.capitalize()`.
pub(super) fn capitalize(text: &str) -> String {
    let mut chars = text.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(chars.as_str().to_lowercase().chars()).collect())
}

/// Python's `str.title()`.
fn title(text: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in text.chars() {
        if inside {
            out.extend(c.to_lowercase())
        } else {
            out.extend(c.to_uppercase())
        }
        inside = c.is_alphabetic();
    }
    out
}

/// A method of Python's text, list or dictionary.
fn method(value: &Jinja, name: &str, arguments: &[Jinja]) -> Result<Jinja, Error> {
    match value.kind() {
        ValueKind::String => text_method(value.as_str().unwrap_or_default(), name, arguments),
        ValueKind::Seq | ValueKind::Iterable => list_method(value, name, arguments),
        ValueKind::Map => map_method(value, name, arguments),
        _ => Err(ErrorKind::UnknownMethod.into()),
    }
}

fn text_argument<'a>(arguments: &'a [Jinja], at: usize, name: &str) -> Result<&'a str, Error> {
    arguments
        .get(at)
        .and_then(|argument| argument.as_str())
        .ok_or_else(|| wrong(format!("`{name}` needs text as argument {}", at + 1)))
}

fn text_method(text: &str, name: &str, arguments: &[Jinja]) -> Result<Jinja, Error> {
    let count = |at: usize| arguments.get(at).and_then(|n| n.as_i64()).and_then(|n| usize::try_from(n).ok());
    let stripped = |c: char| match arguments.first().and_then(|set| set.as_str()) {
        Some(set) => set.contains(c),
        None => is_space(c),
    };
    let all = |test: fn(char) -> bool| Jinja::from(!text.is_empty() && text.chars().all(test));
    let position = |byte: Option<usize>| byte.map(|byte| text[..byte].chars().count() as i64);
    Ok(match name {
        "strip" => text.trim_matches(stripped).into(),
        "lstrip" => text.trim_start_matches(stripped).into(),
        "rstrip" => text.trim_end_matches(stripped).into(),
        "lower" | "casefold" => text.to_lowercase().into(),
        "upper" => text.to_uppercase().into(),
        "capitalize" => capitalize(text).into(),
        "title" => title(text).into(),
        "isdigit" | "isnumeric" | "isdecimal" => all(char::is_numeric),
        "isalpha" => all(char::is_alphabetic),
        "isalnum" => all(char::is_alphanumeric),
        "isspace" => all(is_space),
        "isupper" => (text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase)).into(),
        "islower" => (text.chars().any(char::is_lowercase) && !text.chars().any(char::is_uppercase)).into(),
        "startswith" => text.starts_with(text_argument(arguments, 0, name)?).into(),
        "endswith" => text.ends_with(text_argument(arguments, 0, name)?).into(),
        "removeprefix" => text.strip_prefix(text_argument(arguments, 0, name)?).unwrap_or(text).into(),
        "removesuffix" => text.strip_suffix(text_argument(arguments, 0, name)?).unwrap_or(text).into(),
        "find" => position(text.find(text_argument(arguments, 0, name)?)).unwrap_or(-1).into(),
        "rfind" => position(text.rfind(text_argument(arguments, 0, name)?)).unwrap_or(-1).into(),
        "index" => {
            position(text.find(text_argument(arguments, 0, name)?)).ok_or_else(|| wrong("substring not found"))?.into()
        }
        "count" => text.matches(text_argument(arguments, 0, name)?).count().into(),
        "replace" => {
            let (old, new) = (text_argument(arguments, 0, name)?, text_argument(arguments, 1, name)?);
            count(2).map_or_else(|| text.replace(old, new), |most| text.replacen(old, new, most)).into()
        }
        "join" => {
            let items = arguments.first().ok_or_else(|| wrong("`join` needs a list"))?.try_iter()?;
            items.map(|item| python::text(&item)).collect::<Vec<_>>().join(text).into()
        }
        "splitlines" => text.lines().map(Jinja::from).collect::<Jinja>(),
        "partition" | "rpartition" => {
            let separator = text_argument(arguments, 0, name)?;
            let first = name == "partition";
            let found = if first { text.split_once(separator) } else { text.rsplit_once(separator) };
            let parts = match found {
                Some((before, after)) => [before, separator, after],
                None if first => [text, "", ""],
                None => ["", "", text],
            };
            python::tuple(parts.into_iter().map(Jinja::from).collect())
        }
        "split" => split(text, arguments.first().and_then(|sep| sep.as_str()), count(1)),
        "rsplit" => {
            let separator = text_argument(arguments, 0, name)?;
            let mut parts: Vec<&str> = match count(1) {
                Some(most) => text.rsplitn(most + 1, separator).collect(),
                None => text.rsplit(separator).collect(),
            };
            parts.reverse();
            parts.into_iter().map(Jinja::from).collect()
        }
        _ => return Err(ErrorKind::UnknownMethod.into()),
    })
}

/// Python's `str.split`: without a separator, any run of white space separates, and the ends are trimmed.
fn split(text: &str, separator: Option<&str>, most: Option<usize>) -> Jinja {
    let parts: Vec<&str> = match (separator, most) {
        (Some(separator), Some(most)) => text.splitn(most + 1, separator).collect(),
        (Some(separator), None) => text.split(separator).collect(),
        (None, None) => text.split(is_space).filter(|part| !part.is_empty()).collect(),
        (None, Some(most)) => {
            let (mut parts, mut rest) = (Vec::new(), text.trim_start_matches(is_space));
            while !rest.is_empty() {
                let end = if parts.len() < most { rest.find(is_space).unwrap_or(rest.len()) } else { rest.len() };
                parts.push(&rest[..end]);
                rest = rest[end..].trim_start_matches(is_space);
            }
            parts
        }
    };
    parts.into_iter().map(Jinja::from).collect()
}

fn list_method(list: &Jinja, name: &str, arguments: &[Jinja]) -> Result<Jinja, Error> {
    let wanted = arguments.first().ok_or_else(|| wrong(format!("`{name}` needs an argument")))?;
    match name {
        "index" => list
            .try_iter()?
            .position(|item| item == *wanted)
            .map(Jinja::from)
            .ok_or_else(|| wrong(format!("{} is not in the list", python::text(wanted)))),
        "count" => Ok(list.try_iter()?.filter(|item| item == wanted).count().into()),
        _ => Err(ErrorKind::UnknownMethod.into()),
    }
}

fn map_method(map: &Jinja, name: &str, arguments: &[Jinja]) -> Result<Jinja, Error> {
    match name {
        "keys" => Ok(map.try_iter()?.collect()),
        "values" => map.try_iter()?.map(|key| map.get_item(&key)).collect::<Result<Jinja, _>>(),
        "items" => {
            let pair = |key: Jinja| map.get_item(&key).map(|item| python::tuple(vec![key, item]));
            map.try_iter()?.map(pair).collect::<Result<Jinja, _>>()
        }
        "get" => {
            let key = arguments.first().ok_or_else(|| wrong("`get` needs a key"))?;
            let found = map.get_item(key)?;
            let absent = || arguments.get(1).cloned().unwrap_or_else(|| Jinja::from(()));
            Ok(if found.is_undefined() { absent() } else { found })
        }
        _ => Err(ErrorKind::UnknownMethod.into()),
    }
}
