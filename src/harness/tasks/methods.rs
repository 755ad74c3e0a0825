//! Methods of Python's text, lists and dictionaries, for templates. What they walk through and what they make is paid for
//! in the steps of the rendering, before it is made.

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Error, ErrorKind, State};

use super::fuel::{BYTES_PER_STEP, afford};
use super::python::{self, capitalize, is_space, wrong};

type Jinja = minijinja::Value;

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
pub(super) fn method(state: &State<'_, '_>, value: &Jinja, name: &str, arguments: &[Jinja]) -> Result<Jinja, Error> {
    state.consume_fuel((value.as_str().map_or(0, str::len) / BYTES_PER_STEP) as u64)?;
    let arguments = &in_order(name, arguments)?;
    match value.kind() {
        ValueKind::String => text_method(state, value.as_str().unwrap_or_default(), name, arguments),
        ValueKind::Seq | ValueKind::Iterable => list_method(state, value, name, arguments),
        ValueKind::Map => map_method(value, name, arguments),
        _ => Err(ErrorKind::UnknownMethod.into()),
    }
}

/// Arguments with those that are given by name in their places.
fn in_order(name: &str, arguments: &[Jinja]) -> Result<Vec<Jinja>, Error> {
    let Some((named, before)) = arguments.split_last().filter(|(last, _)| last.is_kwargs()) else {
        return Ok(arguments.to_vec());
    };
    let names: &[&str] = match name {
        "split" | "rsplit" => &["sep", "maxsplit"],
        "splitlines" => &["keepends"],
        "replace" => &["", "", "count"],
        _ => &[],
    };
    let (named, mut all) = (Kwargs::try_from(named.clone())?, before.to_vec());
    for (at, argument) in names.iter().enumerate().skip(before.len()) {
        if named.has(argument) {
            all.resize(at, Jinja::from(()));
            all.push(named.get(argument)?);
        }
    }
    named.assert_all_used()?;
    Ok(all)
}

/// The separator of a method that takes text apart, which is not empty.
fn separator<'a>(arguments: &'a [Jinja], name: &str) -> Result<&'a str, Error> {
    match text_argument(arguments, 0, name)? {
        "" => Err(wrong(format!("`{name}`: empty separator"))),
        separator => Ok(separator),
    }
}

fn text_argument<'a>(arguments: &'a [Jinja], at: usize, name: &str) -> Result<&'a str, Error> {
    arguments
        .get(at)
        .and_then(|argument| argument.as_str())
        .ok_or_else(|| wrong(format!("`{name}` needs text as argument {}", at + 1)))
}

fn text_method(state: &State<'_, '_>, text: &str, name: &str, arguments: &[Jinja]) -> Result<Jinja, Error> {
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
            let times = text.matches(old).count().min(count(2).unwrap_or(usize::MAX));
            afford(state, text.len().saturating_add(times.saturating_mul(new.len())))?;
            count(2).map_or_else(|| text.replace(old, new), |most| text.replacen(old, new, most)).into()
        }
        "join" => {
            let items = arguments.first().ok_or_else(|| wrong("`join` needs a list"))?.try_iter()?;
            let mut out = String::new();
            for (at, item) in items.enumerate() {
                out.push_str(if at == 0 { "" } else { text });
                out.push_str(&python::text(&item)?);
                afford(state, out.len())?;
                state.consume_fuel(1)?;
            }
            out.into()
        }
        "splitlines" => {
            let keep = arguments.first().is_some_and(Jinja::is_true);
            python::lines(text, keep).into_iter().map(Jinja::from).collect::<Jinja>()
        }
        "partition" | "rpartition" => {
            let separator = separator(arguments, name)?;
            let parts = python::partition(text, separator, name == "partition");
            python::tuple(parts.into_iter().map(Jinja::from).collect())
        }
        "split" => match arguments.first() {
            Some(first) if !first.is_none() => split(text, Some(separator(arguments, name)?), count(1)),
            _ => split(text, None, count(1)),
        },
        "rsplit" => {
            let separator = separator(arguments, name)?;
            let mut parts: Vec<&str> = match count(1) {
                Some(most) => text.rsplitn(most.saturating_add(1), separator).collect(),
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
        (Some(separator), Some(most)) => text.splitn(most.saturating_add(1), separator).collect(),
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

fn list_method(state: &State<'_, '_>, list: &Jinja, name: &str, arguments: &[Jinja]) -> Result<Jinja, Error> {
    let wanted = arguments.first().ok_or_else(|| wrong(format!("`{name}` needs an argument")))?;
    if !matches!(name, "index" | "count") {
        return Err(ErrorKind::UnknownMethod.into());
    }
    let mut count = 0_usize;
    for (at, item) in list.try_iter()?.enumerate() {
        state.consume_fuel(python::steps(&item)?)?;
        if item == *wanted {
            if name == "index" {
                return Ok(at.into());
            }
            count += 1;
        }
    }
    match name {
        "count" => Ok(count.into()),
        _ => Err(wrong(format!("{} is not in the list", python::text(wanted)?))),
    }
}

pub(super) fn map_method(map: &Jinja, name: &str, arguments: &[Jinja]) -> Result<Jinja, Error> {
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
