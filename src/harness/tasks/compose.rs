//! Values of a task file from what the parser of YAML comes upon, one by one.
//!
//! lm-evaluation-harness reads task files with PyYAML, so plain scalars follow YAML 1.1 (`yes` is true, `1e-5` is text,
//! `1_000` a number) although the parser speaks YAML 1.2. Depth and number of values are counted as they come, so that no
//! file is deeper than the stack or repeats itself (by anchors) until memory is full.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use super::node::{Content, Node, Spent};
use super::value::Value;
use crate::bounds::Bound;
use crate::error::{Error, Result};

/// The one document of a file.
pub(super) fn document(path: &Path, text: &str, spent: &mut Spent) -> Result<Node> {
    let mut composer =
        Composer { file: Arc::new(path.to_owned()), open: Vec::new(), anchors: HashMap::new(), documents: Vec::new() };
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error: ScanError| {
            let marker = error.marker();
            let place = format!("line {}, column {}", marker.line(), marker.col() + 1);
            composer.wrong(format!("{place}: {}", error.info()))
        })?;
        composer.take(event, span, spent)?;
    }
    match <[Node; 1]>::try_from(composer.documents) {
        Ok([node]) => Ok(node),
        Err(documents) => Err(Error::File {
            path: path.to_owned(),
            problem: format!("one YAML document is needed, there are {}", documents.len()),
        }),
    }
}

struct Composer {
    file: Arc<PathBuf>,
    open: Vec<Collection>,
    /// By the parser's number: the value, and of how many it is made.
    anchors: HashMap<usize, (Node, usize)>,
    documents: Vec<Node>,
}

/// A list or a mapping that has not ended.
struct Collection {
    line: usize,
    anchor: usize,
    values: usize,
    kind: Kind,
}

enum Kind {
    List(Vec<Node>),
    Map(Mapping),
}

#[derive(Default)]
struct Mapping {
    entries: Vec<(String, Node)>,
    /// Where a key stands, and whether it was written here rather than merged.
    places: HashMap<String, (usize, bool)>,
    key: Option<Node>,
}

impl Composer {
    fn wrong(&self, problem: String) -> Error {
        Error::File { path: self.file.to_path_buf(), problem }
    }

    fn at(&self, line: usize, content: Content) -> Node {
        Node { file: Arc::clone(&self.file), line, content }
    }

    fn take(&mut self, event: Event<'_>, span: Span, spent: &mut Spent) -> Result<()> {
        let line = span.start.line();
        let collection = |anchor, kind| Collection { line, anchor, values: 1, kind };
        match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Ok(())
            }
            Event::SequenceStart(anchor, tag) => self.begin(collection(anchor, Kind::List(Vec::new())), tag.as_deref()),
            Event::MappingStart(anchor, tag) => {
                self.begin(collection(anchor, Kind::Map(Mapping::default())), tag.as_deref())
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(ended) = self.open.pop() else { return Ok(()) };
                let content = match ended.kind {
                    Kind::List(list) => Content::List(list),
                    Kind::Map(map) => Content::Map(map.entries),
                };
                let node = self.at(ended.line, content);
                self.insert(node, ended.anchor, ended.values, 1, spent)
            }
            Event::Scalar(text, style, anchor, tag) => {
                let node = self.scalar(&text, style, tag.as_deref(), line)?;
                self.insert(node, anchor, 1, 1, spent)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some((node, values)) => {
                    let (node, values) = (Node { line, ..node.clone() }, *values);
                    self.insert(node, 0, values, values, spent)
                }
                None => Err(self.at(line, Content::List(Vec::new())).wrong("a value that cannot be read")),
            },
        }
    }

    fn begin(&mut self, collection: Collection, tag: Option<&Tag>) -> Result<()> {
        let place = self.at(collection.line, Content::List(Vec::new()));
        if let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema()) {
            return Err(place.wrong(format!("unknown tag `{tag}`")));
        }
        Bound::YamlDepth.check(self.open.len() + 1).map_err(|problem| place.wrong(format!("the file {problem}")))?;
        self.open.push(collection);
        Ok(())
    }

    /// Puts a value, made of so many of which so many are new, where it belongs: into the innermost collection, or at
    /// the top.
    fn insert(&mut self, node: Node, anchor: usize, values: usize, new: usize, spent: &mut Spent) -> Result<()> {
        // What an anchor keeps is held twice.
        spent.values += if anchor > 0 { new + values } else { new };
        Bound::YamlValues.check(spent.values).map_err(|problem| node.wrong(format!("the file {problem}")))?;
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), values));
        }
        let Some(parent) = self.open.last_mut() else {
            self.documents.push(node);
            return Ok(());
        };
        parent.values += values;
        match &mut parent.kind {
            Kind::List(list) => list.push(node),
            Kind::Map(map) => match map.key.take() {
                None => map.key = Some(node),
                Some(key) => map.insert(&key, node)?,
            },
        }
        Ok(())
    }

    fn scalar(&self, text: &str, style: ScalarStyle, tag: Option<&Tag>, line: usize) -> Result<Node> {
        let place = |value| self.at(line, Content::Scalar(value));
        let value = match style {
            ScalarStyle::Plain => plain(text),
            _ => text.into(),
        };
        let Some(tag) = tag else { return Ok(place(value)) };
        if tag.handle == "!" && tag.suffix == "function" {
            return Ok(self.at(line, Content::Function(value.python())));
        }
        let value = match (tag.is_yaml_core_schema(), tag.suffix.as_str()) {
            (true, "str") => text.into(),
            (true, "int" | "float" | "bool" | "null") => plain(text),
            _ => return Err(place(Value::Null).wrong(format!("unknown tag `{tag}`"))),
        };
        Ok(place(value))
    }
}

impl Mapping {
    fn insert(&mut self, key: &Node, value: Node) -> Result<()> {
        let name = key.value().python();
        if name != "<<" {
            return match self.places.get(&name) {
                Some((_, true)) => Err(key.wrong(format!("the key `{name}` is there twice"))),
                Some(&(at, false)) => {
                    self.entries[at].1 = value;
                    self.places.insert(name, (at, true));
                    Ok(())
                }
                None => {
                    self.push(name, value, true);
                    Ok(())
                }
            };
        }
        let merged = match &value.content {
            Content::List(list) => list.as_slice(),
            _ => std::slice::from_ref(&value),
        };
        for (name, value) in merged.iter().flat_map(Node::entries) {
            if !self.places.contains_key(name) {
                self.push(name.clone(), value.clone(), false);
            }
        }
        Ok(())
    }

    fn push(&mut self, name: String, value: Node, written: bool) {
        self.places.insert(name.clone(), (self.entries.len(), written));
        self.entries.push((name, value));
    }
}

/// A plain scalar by the rules of YAML 1.1.
fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Value::Bool(true),
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => return Value::Bool(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Value::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Value::Float(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => return Value::Float(f64::NAN),
        _ => {}
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return text.into();
    }
    let bare: String = digits.chars().filter(|c| *c != '_').collect();
    let whole = |digits: &str, radix| i64::from_str_radix(digits, radix).ok().map(|number| Value::Int(sign * number));
    let number = if let Some(binary) = bare.strip_prefix("0b") {
        whole(binary, 2)
    } else if let Some(hex) = bare.strip_prefix("0x") {
        whole(hex, 16)
    } else if bare.len() > 1 && bare.starts_with('0') && bare.bytes().all(|b| b.is_ascii_digit()) {
        whole(&bare, 8)
    } else if bare.bytes().all(|b| b.is_ascii_digit()) {
        whole(&bare, 10)
    } else {
        let (mantissa, exponent) = bare.split_once(['e', 'E']).map_or((bare.as_str(), None), |(m, e)| (m, Some(e)));
        let signed = exponent.is_none_or(|e| e.starts_with(['+', '-']));
        let pointed = mantissa.contains('.') && mantissa.len() > 1;
        if signed && pointed { bare.parse::<f64>().ok().map(|x| Value::Float(sign as f64 * x)) } else { None }
    };
    number.unwrap_or_else(|| text.into())
}
