//! Values of templates as Python has them: how `str()` and `json.dumps` print them, and tuples, which minijinja lacks.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Enumerator, Kwargs, Object, ObjectRepr, ValueKind};
use minijinja::{Error, ErrorKind};

use super::fuel::BYTES_PER_STEP;
use super::repr::{self, Brackets, Part, python_float, write_text_repr};
use super::value::{JsonStyle, Value};
use crate::bounds::Bound;

type Jinja = minijinja::Value;

/// A tuple: a list that prints in round brackets, and whose items may have names.
#[derive(Debug)]
struct Tuple {
    items: Vec<Jinja>,
    names: &'static [&'static str],
}

impl Object for Tuple {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        let named = |name: &str| self.names.iter().position(|known| *known == name);
        let at = key.as_str().map_or_else(|| key.as_usize(), named)?;
        self.items.get(at).cloned()
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.items.len())
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result
    where
        Self: Sized + 'static,
    {
        f.write_str(&text(&Jinja::from_dyn_object(Arc::clone(self))).map_err(|_| fmt::Error)?)
    }
}

/// A tuple of these values.
pub(super) fn tuple(items: Vec<Jinja>) -> Jinja {
    Jinja::from_object(Tuple { items, names: &[] })
}

/// The pairs of a list as tuples whose items have these names.
///
/// # Errors
/// When it is no list of lists.
pub(super) fn tuples(list: &Jinja, names: &'static [&'static str]) -> Result<Jinja, Error> {
    let tuple = |pair: Jinja| Ok(Jinja::from_object(Tuple { items: pair.try_iter()?.collect(), names }));
    list.try_iter()?.map(tuple).collect::<Result<Vec<_>, Error>>().map(Jinja::from)
}

/// Levels of a value that are printed, as far as Python's own recursion goes.
const DEEPEST: usize = 200;

/// What may still be made of a value: bytes, and levels below.
#[derive(Clone, Copy)]
struct Room {
    bytes: usize,
    depth: usize,
}

impl Room {
    /// As much as all the steps of a rendering could pay for.
    fn new() -> Self {
        Self { bytes: Bound::TemplateSteps.size().saturating_mul(BYTES_PER_STEP), depth: DEEPEST }
    }

    /// A level below.
    fn below(self) -> Result<Self, Error> {
        let deep = || Error::new(ErrorKind::InvalidOperation, format!("a value has more than {DEEPEST} levels"));
        Ok(Self { depth: self.depth.checked_sub(1).ok_or_else(deep)?, ..self })
    }

    fn take(&mut self, bytes: usize) -> Result<(), Error> {
        self.bytes = self.bytes.checked_sub(bytes).ok_or(ErrorKind::OutOfFuel)?;
        Ok(())
    }
}

/// What Python's `str()` makes of a value.
///
/// # Errors
/// A value that is deeper or longer than what is printed: a few lists, each twice in the next, are longer than memory.
pub(super) fn text(value: &Jinja) -> Result<String, Error> {
    match value.as_str() {
        Some(text) => Ok(text.to_owned()),
        None => {
            let mut out = String::new();
            write_repr(value, &mut out, Room::new())?;
            Ok(out)
        }
    }
}

/// Python's `partition`, or `rpartition`: what is before the separator, the separator, and what is after it.
pub(super) fn partition<'a>(text: &'a str, separator: &'a str, first: bool) -> [&'a str; 3] {
    let found = if first { text.split_once(separator) } else { text.rsplit_once(separator) };
    match found {
        Some((before, after)) => [before, separator, after],
        None if first => [text, "", ""],
        None => ["", "", text],
    }
}

/// Lines as `str.splitlines` takes them.
pub(super) fn lines(text: &str, keep: bool) -> Vec<&str> {
    let ends = |c: char| {
        matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
    };
    let (mut out, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find(ends) {
        let width =
            if rest[at..].starts_with("\r\n") { 2 } else { rest[at..].chars().next().map_or(1, char::len_utf8) };
        out.push(&rest[..if keep { at + width } else { at }]);
        rest = &rest[at + width..];
    }
    if !rest.is_empty() {
        out.push(rest);
    }
    out
}

/// The steps that walking through a value costs.
///
/// # Errors
/// As [`text`].
pub(super) fn steps(value: &Jinja) -> Result<u64, Error> {
    fn walk(value: &Jinja, room: &mut Room) -> Result<(), Error> {
        room.take(BYTES_PER_STEP + value.as_str().map_or(0, str::len))?;
        if matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable | ValueKind::Map) {
            let mut below = room.below()?;
            for item in value.try_iter()? {
                walk(&item, &mut below)?;
                if value.kind() == ValueKind::Map {
                    walk(&value.get_item(&item)?, &mut below)?;
                }
            }
            room.bytes = below.bytes;
        }
        Ok(())
    }
    let (all, mut room) = (Room::new().bytes, Room::new());
    walk(value, &mut room)?;
    Ok(((all - room.bytes) / BYTES_PER_STEP) as u64)
}

fn write_repr(value: &Jinja, out: &mut String, room: Room) -> Result<(), Error> {
    if out.len() > room.bytes {
        return Err(ErrorKind::OutOfFuel.into());
    }
    match value.kind() {
        ValueKind::None | ValueKind::Undefined => out.push_str("None"),
        ValueKind::Bool => out.push_str(repr::flag(value.is_true())),
        ValueKind::Number if value.is_integer() => out.push_str(&value.to_string()),
        ValueKind::Number => {
            out.push_str(&f64::try_from(value.clone()).map_or_else(|_| value.to_string(), python_float))
        }
        ValueKind::String => write_text_repr(out, value.as_str().unwrap_or_default()),
        ValueKind::Seq | ValueKind::Iterable => {
            let tuple = value.downcast_object_ref::<Tuple>().is_some();
            let (brackets, below) = (if tuple { Brackets::Tuple } else { Brackets::List }, room.below()?);
            repr::items(out, brackets, value.try_iter().into_iter().flatten(), |out, item| {
                write_repr(&item, out, below)
            })?;
        }
        ValueKind::Map => {
            let below = room.below()?;
            let entries = value.try_iter().into_iter().flatten().map(|key| {
                let value = value.get_item(&key).unwrap_or_default();
                (key, value)
            });
            repr::dict(out, entries, |out, part| match part {
                Part::Key(value) | Part::Value(value) => write_repr(&value, out, below),
            })?;
        }
        _ => out.push_str(&value.to_string()),
    }
    Ok(())
}

/// A document's value in a template.
pub(super) fn to_jinja(value: &Value) -> Jinja {
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

/// A value of a template as JSON has it: tuples are lists, keys are text. `line` is what a new line begins with at each
/// level, in bytes.
fn from_jinja(value: &Jinja, line: usize, room: &mut Room) -> Result<Value, Error> {
    // What the value takes in memory, its line, and its text where every character is written by its number.
    let lead = line.saturating_mul(DEEPEST - room.depth + 1);
    room.take(
        value.as_str().map_or(0, str::len).saturating_mul(6).saturating_add(lead).saturating_add(BYTES_PER_STEP),
    )?;
    Ok(match value.kind() {
        ValueKind::None | ValueKind::Undefined => Value::Null,
        ValueKind::Bool => Value::Bool(value.is_true()),
        ValueKind::Number if value.is_integer() => {
            value.as_i64().map_or_else(|| Value::Text(value.to_string()), Value::Int)
        }
        ValueKind::Number => f64::try_from(value.clone()).map_or(Value::Null, Value::Float),
        ValueKind::Seq | ValueKind::Iterable => {
            let (mut below, mut list) = (room.below()?, Vec::new());
            for item in value.try_iter()? {
                list.push(from_jinja(&item, line, &mut below)?);
            }
            room.bytes = below.bytes;
            Value::List(list)
        }
        ValueKind::Map => {
            let (mut below, mut entries) = (room.below()?, Vec::new());
            for key in value.try_iter().into_iter().flatten() {
                let item = from_jinja(&value.get_item(&key).unwrap_or_default(), line, &mut below)?;
                entries.push((text(&key)?, item));
                below.take(entries.last().map_or(0, |(key, _)| key.len().saturating_mul(6)))?;
            }
            room.bytes = below.bytes;
            Value::Map(entries)
        }
        _ => Value::Text(value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
    })
}

/// jinja2's `tojson`: keys sorted, everything beyond ASCII and everything that HTML minds escaped.
pub(super) fn sorted_json(value: &Jinja, options: Kwargs) -> Result<Jinja, Error> {
    let style =
        JsonStyle { indent: options.get("indent")?, sorted: true, ascii: true, html: true, ..Default::default() };
    options.assert_all_used()?;
    json(value, &style)
}

/// The `tojson` that transformers gives chat templates: `json.dumps` as it is, with its arguments.
pub(super) fn plain_json(value: &Jinja, options: Kwargs) -> Result<Jinja, Error> {
    let separators: Option<Vec<String>> = options.get("separators")?;
    let separators = match separators.as_deref() {
        None => None,
        Some([item, key]) => Some((item.clone(), key.clone())),
        Some(_) => return Err(Error::new(ErrorKind::InvalidOperation, "`separators` of `tojson` are two texts")),
    };
    let flag = |name| options.get::<Option<bool>>(name).map(|flag| flag.unwrap_or(false));
    let (ascii, sorted) = (flag("ensure_ascii")?, flag("sort_keys")?);
    let style = JsonStyle { indent: options.get("indent")?, separators, sorted, ascii, html: false };
    options.assert_all_used()?;
    json(value, &style)
}

fn json(value: &Jinja, style: &JsonStyle) -> Result<Jinja, Error> {
    if value.is_undefined() {
        return Err(Error::new(ErrorKind::UndefinedError, "`tojson` of a name that has no value"));
    }
    let separators = style.separators.as_ref().map_or(0, |(item, key)| item.len().max(key.len()));
    let line = style.indent.unwrap_or_default().saturating_add(separators);
    Ok(Jinja::from(from_jinja(value, line, &mut Room::new())?.json(style)))
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

pub(super) fn wrong(problem: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, problem.into())
}
