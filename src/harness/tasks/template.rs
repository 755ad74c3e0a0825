//! Jinja templates as lm-evaluation-harness sets its environment up: undefined names are errors, the last newline
//! stays, nothing is escaped, values print as Python's `str()` prints them, and methods of Python's text, lists and
//! dictionaries can be called. One filter is added: `regex_replace(pattern, replacement, count)`.

use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::ValueKind;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};

use super::regex::Pattern;
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

impl Template {
    /// # Errors
    /// What is wrong with the template, with its line.
    pub(crate) fn new(source: &str) -> Result<Self, String> {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        let mut syntax = SyntaxConfig::builder();
        environment.set_syntax(syntax.keep_trailing_newline(true).build().map_err(|error| describe(&error))?);
        environment.set_formatter(|out, _, value| {
            if value.is_undefined() {
                return Err(Error::new(ErrorKind::UndefinedError, "a name has no value"));
            }
            out.write_str(&from_jinja(value).python()).map_err(Error::from)
        });
        environment.set_unknown_method_callback(|_, value, name, arguments| method(value, name, arguments));
        environment.add_filter("regex_replace", regex_replace);
        // Jinja2 reads every kind of line end in a template as \n.
        let text = source.replace("\r\n", "\n").replace('\r', "\n");
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
        let context = to_jinja(document);
        let template = self.environment.get_template(NAME).map_err(|error| describe(&error))?;
        template.render(context).map_err(|error| describe(&error))
    }
}

fn describe(error: &Error) -> String {
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

fn to_jinja(value: &Value) -> Jinja {
    match value {
        Value::Null => Jinja::from(()),
        Value::Bool(flag) => (*flag).into(),
        Value::Int(number) => (*number).into(),
        Value::Float(number) => (*number).into(),
        Value::Text(text) => text.into(),
        Value::List(list) => list.iter().map(to_jinja).collect(),
        Value::Map(entries) => Jinja::from_pairs(entries.iter().map(|(key, value)| (key, to_jinja(value)))),
    }
}

/// A value of a template as one of ours, to be printed the way Python prints it.
fn from_jinja(value: &Jinja) -> Value {
    match value.kind() {
        ValueKind::None | ValueKind::Undefined => Value::Null,
        ValueKind::Bool => Value::Bool(value.is_true()),
        ValueKind::Number if value.is_integer() => {
            value.as_i64().map_or_else(|| Value::Text(value.to_string()), Value::Int)
        }
        ValueKind::Number => f64::try_from(value.clone()).map_or(Value::Null, Value::Float),
        ValueKind::Seq | ValueKind::Iterable => match value.try_iter() {
            Ok(items) => Value::List(items.map(|item| from_jinja(&item)).collect()),
            Err(_) => Value::Text(value.to_string()),
        },
        ValueKind::Map => {
            let mut map = Value::Map(Vec::new());
            for key in value.try_iter().into_iter().flatten() {
                let item = value.get_item(&key).map_or(Value::Null, |item| from_jinja(&item));
                map.set(&from_jinja(&key).python(), item);
            }
            map
        }
        _ => Value::Text(value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
    }
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
            items.map(|item| from_jinja(&item).python()).collect::<Vec<_>>().join(text).into()
        }
        "splitlines" => text.lines().map(Jinja::from).collect::<Jinja>(),
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
            .ok_or_else(|| wrong(format!("{} is not in the list", from_jinja(wanted).python()))),
        "count" => Ok(list.try_iter()?.filter(|item| item == wanted).count().into()),
        _ => Err(ErrorKind::UnknownMethod.into()),
    }
}

fn map_method(map: &Jinja, name: &str, arguments: &[Jinja]) -> Result<Jinja, Error> {
    match name {
        "keys" => Ok(map.try_iter()?.collect()),
        "values" => map.try_iter()?.map(|key| map.get_item(&key)).collect::<Result<Jinja, _>>(),
        "items" => {
            let pair = |key: Jinja| map.get_item(&key).map(|item| Jinja::from(vec![key, item]));
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
