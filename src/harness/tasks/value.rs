//! Values of documents and task files, with the order of their keys and Python's difference between `1` and `1.0`.
//!
//! lm-evaluation-harness hashes a document as `sha256(json.dumps(doc, indent=2, ensure_ascii=False))`, pastes values
//! into prompts with `str()` and reads lists back with `ast.literal_eval`. Key order, number types and Python's way of
//! writing them therefore reach prompts and hashes, and have to survive.
//!
//! ```
//! use onset::harness::tasks::Value;
//! let doc: Value = serde_json::from_str(r#"{"b": [1, 1.0, "it's"], "a": null}"#).unwrap();
//! assert_eq!(doc.to_json(), r#"{"b": [1, 1.0, "it's"], "a": null}"#);
//! assert_eq!(doc.python(), r#"{'b': [1, 1.0, "it's"], 'a': None}"#);
//! ```

use std::convert::Infallible;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::repr::{self, Brackets, Part, python_float, write_text_repr};

/// A JSON value whose objects keep the order of their keys.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// `null`, Python's `None`.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number written without a point.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// An object, its keys in the order of the source.
    Map(Vec<(String, Value)>),
}

/// Arguments of Python's `json.dumps`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct JsonStyle {
    /// Spaces for each level; one line where `None`.
    pub indent: Option<usize>,
    /// Between items, and after a key; Python's own where `None`.
    pub separators: Option<(String, String)>,
    /// Whether keys are sorted.
    pub sorted: bool,
    /// Whether what is not ASCII is escaped.
    pub ascii: bool,
    /// Whether `<`, `>`, `&` and `'` are escaped too, as jinja2's `tojson` does.
    pub html: bool,
}

impl Value {
    /// The value under a key, where this is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Self::Map(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The text, where this is text.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The list, where this is a list.
    pub(crate) fn as_list(&self) -> Option<&[Value]> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }

    /// The whole number, where this is one; as in Python, `true` is 1.
    pub(super) fn as_index(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Bool(flag) => Some(i64::from(*flag)),
            _ => None,
        }
    }

    /// Sets a key of an object, at its old place or at the end. Other kinds become an object with this one key.
    pub(super) fn set(&mut self, key: &str, value: Value) {
        if !matches!(self, Self::Map(_)) {
            *self = Self::Map(Vec::new());
        }
        if let Self::Map(entries) = self {
            match entries.iter_mut().find(|(name, _)| name == key) {
                Some((_, old)) => *old = value,
                None => entries.push((key.to_owned(), value)),
            }
        }
    }

    /// Python's name of the kind, for messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true or false",
            Self::Int(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Text(_) => "text",
            Self::List(_) => "a list",
            Self::Map(_) => "a mapping",
        }
    }

    /// One line of JSON, as Python's `json.dumps(value, ensure_ascii=False)` writes it.
    pub fn to_json(&self) -> String {
        self.json(&JsonStyle::default())
    }

    /// JSON over several lines, as Python's `json.dumps(value, indent=2, ensure_ascii=False)` writes it.
    pub(crate) fn to_json_indented(&self) -> String {
        self.json(&JsonStyle { indent: Some(2), ..JsonStyle::default() })
    }

    /// JSON as Python's `json.dumps` writes it with these arguments.
    pub(super) fn json(&self, style: &JsonStyle) -> String {
        let mut out = String::new();
        self.write_json(&mut out, style, 0);
        out
    }

    fn write_json(&self, out: &mut String, style: &JsonStyle, depth: usize) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
            Self::Int(number) => out.push_str(&number.to_string()),
            Self::Float(number) if number.is_nan() => out.push_str("NaN"),
            Self::Float(number) if number.is_infinite() => {
                out.push_str(if *number > 0.0 { "Infinity" } else { "-Infinity" });
            }
            Self::Float(number) => out.push_str(&python_float(*number)),
            Self::Text(text) => write_json_text(out, text, style),
            Self::List(list) => {
                let list: Vec<&Value> = list.iter().collect();
                write_json_items(out, style, depth, ('[', ']'), &list, |out, item| {
                    item.write_json(out, style, depth + 1)
                });
            }
            Self::Map(entries) => {
                let mut entries: Vec<&(String, Value)> = entries.iter().collect();
                if style.sorted {
                    entries.sort_by(|a, b| a.0.cmp(&b.0));
                }
                write_json_items(out, style, depth, ('{', '}'), &entries, |out, (key, value)| {
                    write_json_text(out, key, style);
                    out.push_str(style.separators.as_ref().map_or(": ", |(_, key)| key));
                    value.write_json(out, style, depth + 1);
                });
            }
        }
    }

    /// What Python's `str()` makes of the value: text as it is, everything else as `repr()` writes it.
    pub fn python(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            other => {
                let mut out = String::new();
                other.write_repr(&mut out);
                out
            }
        }
    }

    fn write_repr(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("None"),
            Self::Bool(flag) => out.push_str(repr::flag(*flag)),
            Self::Int(number) => out.push_str(&number.to_string()),
            Self::Float(number) => out.push_str(&python_float(*number)),
            Self::Text(text) => write_text_repr(out, text),
            Self::List(list) => {
                let Ok(()) = repr::items(out, Brackets::List, list, |out, item| {
                    item.write_repr(out);
                    Ok::<_, Infallible>(())
                });
            }
            Self::Map(entries) => {
                let Ok(()) = repr::dict(out, entries.iter().map(|(key, value)| (key, value)), |out, part| {
                    match part {
                        Part::Key(key) => write_text_repr(out, key),
                        Part::Value(value) => value.write_repr(out),
                    }
                    Ok::<_, Infallible>(())
                });
            }
        }
    }
}

fn write_json_items<T>(
    out: &mut String,
    style: &JsonStyle,
    depth: usize,
    brackets: (char, char),
    items: &[T],
    write: impl Fn(&mut String, &T),
) {
    out.push(brackets.0);
    let break_line = |out: &mut String, depth: usize| {
        if let Some(indent) = style.indent {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent * depth));
        }
    };
    let plain = if style.indent.is_some() { "," } else { ", " };
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push_str(style.separators.as_ref().map_or(plain, |(item, _)| item));
        }
        break_line(out, depth + 1);
        write(out, item);
    }
    if !items.is_empty() {
        break_line(out, depth);
    }
    out.push(brackets.1);
}

fn write_json_text(out: &mut String, text: &str, style: &JsonStyle) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\'' if style.html => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c if style.ascii && !c.is_ascii() => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(list: Vec<T>) -> Self {
        Self::List(list.into_iter().map(Into::into).collect())
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(flag) => serializer.serialize_bool(*flag),
            Self::Int(number) => serializer.serialize_i64(*number),
            Self::Float(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(list) => list.serialize(serializer),
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Value, E> {
        Ok(Value::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Int(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(i64::try_from(number).map_or(Value::Float(number as f64), Value::Int))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Float(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = seq.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut value = Value::Map(Vec::new());
        while let Some((key, item)) = map.next_entry::<String, Value>()? {
            // The last of equal keys counts, as in Python.
            value.set(&key, item);
        }
        Ok(value)
    }
}
