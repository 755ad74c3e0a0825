//! A value of a task file, with its file and its line.

use std::path::PathBuf;
use std::sync::Arc;

use super::value::Value;
use crate::error::{Error, Result};

/// A value of a task file and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// The file.
    pub file: Arc<PathBuf>,
    /// Line in that file, from 1.
    pub line: usize,
    /// The value.
    pub content: Content,
}

/// What stands in a task file.
#[derive(Debug, Clone)]
pub(super) enum Content {
    /// Text, a number, true, false or nothing.
    Scalar(Value),
    /// `!function NAME`: Python code, which only works where it is known by name.
    Function(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, its keys in order.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// A value that an option of the command line gives.
    pub(crate) fn given_by(option: &str, value: &Value) -> Self {
        let bare = Self { file: Arc::new(PathBuf::from(option)), line: 1, content: Content::Scalar(Value::Null) };
        bare.beside(value.clone())
    }

    /// A value at this place.
    pub(crate) fn beside(&self, value: Value) -> Self {
        let content = match value {
            Value::List(list) => Content::List(list.into_iter().map(|value| self.beside(value)).collect()),
            Value::Map(entries) => {
                Content::Map(entries.into_iter().map(|(key, value)| (key, self.beside(value))).collect())
            }
            value => Content::Scalar(value),
        };
        Self { file: Arc::clone(&self.file), line: self.line, content }
    }

    /// An error at this place.
    pub(crate) fn wrong(&self, problem: impl std::fmt::Display) -> Error {
        Error::File { path: self.file.to_path_buf(), problem: format!("line {}: {problem}", self.line) }
    }

    /// The error of a value of another kind.
    fn needs(&self, what: &str) -> Error {
        match &self.content {
            Content::Function(name) => self
                .wrong(format!("{what} is needed here; `!function {name}` is Python code, which onset does not run")),
            _ => self.wrong(format!("{what} is needed here, this is {}", self.value().kind())),
        }
    }

    /// The value under a key, where this is a mapping that has it.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// What is at a key that is there and not null.
    pub(crate) fn given(&self, key: &str) -> Option<&Node> {
        self.get(key).filter(|node| !node.is_null())
    }

    /// The keys and values of a mapping; none of anything else.
    pub(crate) fn entries(&self) -> &[(String, Node)] {
        match &self.content {
            Content::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The value without places. A function becomes its name.
    pub(crate) fn value(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::Function(name) => Value::Text(format!("!function {name}")),
            Content::List(list) => Value::List(list.iter().map(Node::value).collect()),
            Content::Map(entries) => Value::Map(entries.iter().map(|(k, n)| (k.clone(), n.value())).collect()),
        }
    }

    /// The value, where no part of it is a function.
    pub(crate) fn data(&self) -> Result<Value> {
        match &self.content {
            Content::Scalar(value) => Ok(value.clone()),
            Content::Function(name) => Err(self.wrong(format!("the function `{name}` is Python code, not data"))),
            Content::List(list) => Ok(Value::List(list.iter().map(Node::data).collect::<Result<_>>()?)),
            Content::Map(entries) => {
                Ok(Value::Map(entries.iter().map(|(k, n)| Ok((k.clone(), n.data()?))).collect::<Result<_>>()?))
            }
        }
    }

    /// Whether Python counts a value as true: text is, unless it is empty.
    pub(super) fn is_true(&self) -> bool {
        match self.value() {
            Value::Null => false,
            Value::Bool(flag) => flag,
            Value::Int(number) => number != 0,
            Value::Float(number) => number != 0.0,
            Value::Text(text) => !text.is_empty(),
            Value::List(list) => !list.is_empty(),
            Value::Map(entries) => !entries.is_empty(),
        }
    }

    /// Whether this is `null` or empty.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self.content, Content::Scalar(Value::Null))
    }

    /// The text; anything else is an error.
    pub(crate) fn text(&self) -> Result<&str> {
        match &self.content {
            Content::Scalar(Value::Text(text)) => Ok(text),
            _ => Err(self.needs("text")),
        }
    }

    /// `true` or `false`; anything else is an error.
    pub(crate) fn flag(&self) -> Result<bool> {
        match self.content {
            Content::Scalar(Value::Bool(flag)) => Ok(flag),
            _ => Err(self.needs("true or false")),
        }
    }

    /// A whole number; anything else is an error.
    pub(crate) fn whole(&self) -> Result<i64> {
        match self.content {
            Content::Scalar(Value::Int(number)) => Ok(number),
            _ => Err(self.needs("a whole number")),
        }
    }

    /// The texts of a list, or the one text standing alone.
    pub(crate) fn texts(&self) -> Result<Vec<String>> {
        match &self.content {
            Content::List(list) => list.iter().map(|node| node.text().map(str::to_owned)).collect(),
            _ => Ok(vec![self.text()?.to_owned()]),
        }
    }

    /// Sets a key of a mapping, at its old place or at the end.
    pub(crate) fn set(&mut self, key: &str, node: Node) {
        if let Content::Map(entries) = &mut self.content {
            match entries.iter_mut().find(|(name, _)| name == key) {
                Some((_, old)) => *old = node,
                None => entries.push((key.to_owned(), node)),
            }
        }
    }

    /// Takes a key out of a mapping.
    pub(crate) fn remove(&mut self, key: &str) -> Option<Node> {
        let Content::Map(entries) = &mut self.content else { return None };
        let at = entries.iter().position(|(name, _)| name == key)?;
        Some(entries.remove(at).1)
    }
}

/// What one task file has cost so far, with all that it includes.
#[derive(Default)]
pub(super) struct Spent {
    /// Values, those that are repeated by their anchors each time.
    pub values: usize,
    /// Files.
    pub files: usize,
    /// Files that are being read, each included by the one before.
    pub open: Vec<PathBuf>,
}
