//! Task files: YAML with the line of every value, `!function` tags and `include`.
//!
//! lm-evaluation-harness reads them with PyYAML, so plain scalars follow YAML 1.1 (`yes` is true, `1e-5` is text,
//! `1_000` a number) although the parser below speaks YAML 1.2. `include` names one file or several; their top-level
//! keys are taken in order, later files over earlier ones and the including file over all.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, YamlData};

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
    pub fn given_by(option: &str, value: &Value) -> Self {
        let bare = Self { file: Arc::new(PathBuf::from(option)), line: 1, content: Content::Scalar(Value::Null) };
        bare.beside(value.clone())
    }

    /// A value at this place.
    pub fn beside(&self, value: Value) -> Self {
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

/// Reads a task file with everything it includes; `read` gives the text of a file.
///
/// # Errors
/// A file that cannot be read, is no YAML mapping (with the line), or includes itself.
pub(super) fn load(path: &Path, read: &dyn Fn(&Path) -> Result<String>) -> Result<Node> {
    load_within(path, read, &mut Vec::new())
}

fn load_within(path: &Path, read: &dyn Fn(&Path) -> Result<String>, open: &mut Vec<PathBuf>) -> Result<Node> {
    // Two spellings of one file are one file; what does not exist is told by `read`.
    let key = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if open.contains(&key) {
        let chain: Vec<String> = open.iter().chain([&key]).map(|path| path.display().to_string()).collect();
        return Err(Error::File { path: path.to_owned(), problem: format!("include cycle: {}", chain.join(" -> ")) });
    }
    let mut node = parse(path, &read(path)?)?;
    let Some(includes) = node.remove("include") else { return Ok(node) };
    open.push(key);
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut merged = Node { content: Content::Map(Vec::new()), ..node.clone() };
    for include in includes.texts()? {
        let included = load_within(&folder.join(&include), read, open).map_err(|error| match error {
            Error::Read { path, source } => includes.wrong(format!("cannot include {}: {source}", path.display())),
            error => error,
        })?;
        for (key, value) in included.entries() {
            // A list of tasks belongs to the file it stands in.
            if key != "task_list" {
                merged.set(key, value.clone());
            }
        }
    }
    open.pop();
    for (key, value) in node.entries() {
        merged.set(key, value.clone());
    }
    Ok(merged)
}

/// Reads one YAML document that is a mapping.
pub(super) fn parse(path: &Path, text: &str) -> Result<Node> {
    let wrong = |problem: String| Error::File { path: path.to_owned(), problem };
    let text = &indented(text);
    let documents = MarkedYaml::load_from_str(text).map_err(|error| {
        wrong(format!("line {}, column {}: {}", error.marker().line(), error.marker().col() + 1, error.info()))
    })?;
    let [document] = documents.as_slice() else {
        return Err(wrong(format!("one YAML document is needed, there are {}", documents.len())));
    };
    let source = Source { file: Arc::new(path.to_owned()), text: text.chars().collect() };
    let node = source.node(document)?;
    match node.content {
        Content::Map(_) => Ok(node),
        _ => Err(node.wrong(format!("a task file is a mapping, this is {}", node.value().kind()))),
    }
}

/// The text with the closing brackets of flow collections indented. PyYAML takes them at the column of their key, which
/// YAML 1.2 does not. Lines stay the same.
fn indented(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // Open collections, and the column of the line on which the outermost began.
    let (mut depth, mut column) = (0_usize, 0);
    // Lines of block text, which are deeper than this, hold no brackets that mean anything.
    let mut block: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_start_matches(' ');
        let indent = line.len() - bare.len();
        if let Some(outside) = block {
            if bare.trim().is_empty() || indent > outside {
                out.push_str(line);
                continue;
            }
            block = None;
        }
        if depth > 0 && indent <= column && bare.starts_with([']', '}']) {
            out.extend(std::iter::repeat_n(' ', column + 1 - indent));
        }
        out.push_str(line);
        if depth == 0 {
            column = indent;
        }
        depth = brackets(bare, depth);
        let end = bare.trim_end();
        let marked =
            |mark: char| end.rsplit_once([' ', ':']).is_some_and(|(_, last)| last.starts_with(mark) && last.len() <= 3);
        if depth == 0 && (marked('|') || marked('>')) {
            block = Some(indent);
        }
    }
    out
}

/// How many flow collections are open after a line. A bracket opens one only where a value begins.
fn brackets(line: &str, mut depth: usize) -> usize {
    let (mut quote, mut before, mut begins) = (None, ' ', true);
    for c in line.trim_end().chars() {
        match (quote, c) {
            (Some(open), _) => quote = Some(open).filter(|open| *open != c || before == '\\'),
            (None, '\'' | '"') if begins || depth > 0 && !before.is_alphanumeric() => quote = Some(c),
            (None, '#') if before == ' ' => break,
            (None, '[' | '{') if begins || depth > 0 => depth += 1,
            (None, ']' | '}') => depth = depth.saturating_sub(1),
            _ => {}
        }
        begins = match c {
            ' ' => begins || matches!(before, ':' | '-' | ','),
            '[' | '{' | ',' => depth > 0,
            '-' => begins,
            _ => false,
        };
        before = c;
    }
    depth
}

struct Source {
    file: Arc<PathBuf>,
    text: Vec<char>,
}

impl Source {
    fn node(&self, yaml: &MarkedYaml<'_>) -> Result<Node> {
        let at = |content| Node { file: Arc::clone(&self.file), line: yaml.span.start.line(), content };
        Ok(at(match &yaml.data {
            YamlData::Sequence(list) => Content::List(list.iter().map(|item| self.node(item)).collect::<Result<_>>()?),
            YamlData::Mapping(map) => {
                let mut node = at(Content::Map(Vec::new()));
                for (key, value) in map {
                    let name = self.node(key)?.value().python();
                    let value = self.node(value)?;
                    if name == "<<" {
                        for (key, value) in value.entries() {
                            if node.get(key).is_none() {
                                node.set(key, value.clone());
                            }
                        }
                    } else {
                        node.set(&name, value);
                    }
                }
                node.content
            }
            YamlData::Tagged(tag, inner) if tag.handle == "!" && tag.suffix == "function" => {
                Content::Function(self.scalar(inner).python())
            }
            YamlData::Tagged(tag, _) => {
                return Err(at(Content::List(Vec::new())).wrong(format!("unknown tag `{tag}`")));
            }
            YamlData::Value(_) | YamlData::Representation(..) => Content::Scalar(self.scalar(yaml)),
            YamlData::Alias(_) | YamlData::BadValue => {
                return Err(at(Content::List(Vec::new())).wrong("a value that cannot be read"));
            }
        }))
    }

    /// A scalar as PyYAML resolves it. Quoted and block text is text; plain text is looked up in the source, because
    /// the parser has already read it by the rules of YAML 1.2.
    fn scalar(&self, yaml: &MarkedYaml<'_>) -> Value {
        let (start, end) = (yaml.span.start.index(), yaml.span.end.index());
        let raw = self.text.get(start..end).unwrap_or_default();
        match &yaml.data {
            YamlData::Value(Scalar::String(text)) => {
                if matches!(raw.first(), Some('\'' | '"' | '|' | '>')) {
                    text.as_ref().into()
                } else {
                    plain(text)
                }
            }
            YamlData::Value(_) => plain(raw.iter().collect::<String>().trim()),
            YamlData::Representation(text, ..) => text.as_ref().into(),
            _ => Value::Null,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Node> {
        parse(Path::new("task.yaml"), text)
    }

    #[test]
    fn plain_scalars_follow_yaml_1_1_and_quoted_ones_stay_text() {
        let text = "a: yes\nb: 'yes'\nc: 1e-5\nd: 1.0e-5\ne: 010\nf: 1_000\ng: ~\nh: \"1\"\ni: |\n  two\n  lines\n\
                    j: [off, 2.50, -3, +.5, x: 1]\nk:\nl: True # remark\nm: -0\nn: .\n";
        let expected = r#"{"a": true, "b": "yes", "c": "1e-5", "d": 1e-05, "e": 8, "f": 1000, "g": null, "h": "1", "#
            .to_owned()
            + r#""i": "two\nlines\n", "j": [false, 2.5, -3, 0.5, {"x": 1}], "k": null, "l": true, "m": 0, "n": "."}"#;
        assert_eq!(parsed(text).unwrap().value().to_json(), expected);
    }

    #[test]
    fn a_bracket_at_the_column_of_its_key_closes_as_in_pyyaml() {
        let node = parsed("a:\n  b: [\n    {\"q\": \"x\"}\n]\nc: [1,\n 2\n]\nd: 'it]s'\ne: |\n  [x\nf: y\n").unwrap();
        let expected = r#"{"a": {"b": [{"q": "x"}]}, "c": [1, 2], "d": "it]s", "e": "[x\n", "f": "y"}"#;
        assert_eq!(node.value().to_json(), expected);
        assert_eq!(node.get("f").unwrap().line, 11);
    }

    #[test]
    fn values_know_their_line_and_functions_their_name() {
        let node = parsed("# remark\ntask: x\nprocess_docs: !function utils.process_docs\n").unwrap();
        let function = node.get("process_docs").unwrap();
        assert_eq!(function.line, 3);
        assert!(matches!(&function.content, Content::Function(name) if name == "utils.process_docs"));
        assert!(node.get("task").unwrap().flag().unwrap_err().to_string().starts_with("task.yaml: line 2: "));
    }

    #[test]
    fn malformed_text_is_told_with_its_line() {
        for (text, line) in [("a: [1, 2\nb: 3\n", 2), ("a: 1\nb: 'x\n", 2), ("a: 1\na: 2\n", 2)] {
            let error = parsed(text).unwrap_err().to_string();
            assert!(error.contains(&format!("line {line}")), "{text:?}: {error}");
        }
        assert!(parsed("- 1\n").is_err() && parsed("").is_err() && parsed("a: 1\n---\nb: 2\n").is_err());
        assert!(parsed("a: !secret x\n").unwrap_err().to_string().contains("!secret"));
    }
}
