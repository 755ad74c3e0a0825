//! A settings file read key by key, so that everything that is wrong with it can be said at once, with its line.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::Error;

/// The problems of one file, in the order of their lines at the end.
pub(super) struct Problems {
    path: PathBuf,
    /// Offset of every line's first byte.
    starts: Vec<usize>,
    found: RefCell<BTreeSet<(usize, String)>>,
}

impl Problems {
    pub(super) fn new(path: &Path, text: &str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { path: path.to_owned(), starts, found: RefCell::default() }
    }

    /// Line of a byte, counted from 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    pub(super) fn add(&self, line: usize, problem: impl Into<String>) {
        self.found.borrow_mut().insert((line, problem.into()));
    }

    /// All problems, and `further` ones, as one error; `None` when there is none.
    pub(super) fn error(&self, more: Vec<String>) -> Option<Error> {
        let found = self.found.borrow();
        let problems = found.iter().map(|(line, problem)| format!("line {line}: {problem}"));
        let problems: Vec<String> = problems.chain(more).collect();
        (!problems.is_empty()).then(|| Error::Settings { path: self.path.clone(), problems })
    }
}

/// The tables of a file; what is no TOML is a problem, and the rest is read all the same.
pub(super) fn parse<'t>(text: &'t str, problems: &Problems) -> Spanned<DeTable<'t>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let line = error.span().map_or(1, |span| problems.line(span.start));
        problems.add(line, error.message().lines().next().unwrap_or("not TOML").to_owned());
    }
    table
}

/// One table of the file, from which keys are taken; keys that nobody took are unknown.
pub(super) struct Section<'a> {
    problems: &'a Problems,
    /// Its name in messages, such as `[run]`; empty for the file itself.
    name: String,
    line: usize,
    table: Option<&'a DeTable<'a>>,
    taken: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Section<'a> {
    pub(super) fn new(problems: &'a Problems, name: &str, table: Option<&'a Spanned<DeTable<'a>>>) -> Self {
        let line = table.map_or(1, |table| problems.line(table.span().start));
        Self { problems, name: name.to_owned(), line, table: table.map(Spanned::get_ref), taken: RefCell::default() }
    }

    /// The table of this name; all its keys are absent if it is absent.
    pub(super) fn section(&self, key: &'static str) -> Section<'a> {
        let found = self.value(key);
        let table = found.and_then(|value| match value.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => self.wrong(key, "a table").unwrap_or(None),
        });
        let line = found.map_or(1, |value| self.problems.line(value.span().start));
        Section { problems: self.problems, name: format!("[{key}]"), line, table, taken: RefCell::default() }
    }

    /// The tables of this name (`[[key]]`).
    pub(super) fn sections(&self, key: &'static str) -> Vec<Section<'a>> {
        let Some(found) = self.value(key) else { return Vec::new() };
        let DeValue::Array(array) = found.get_ref() else {
            self.wrong::<()>(key, &format!("a list of tables, written [[{key}]]"));
            return Vec::new();
        };
        let mut sections = Vec::new();
        for value in array.iter() {
            let line = self.problems.line(value.span().start);
            match value.get_ref() {
                DeValue::Table(table) => sections.push(Section {
                    problems: self.problems,
                    name: format!("[[{key}]]"),
                    line,
                    table: Some(table),
                    taken: RefCell::default(),
                }),
                _ => self.problems.add(line, format!("`{key}` is a list of tables, written [[{key}]]")),
            }
        }
        sections
    }

    pub(super) fn exists(&self) -> bool {
        self.table.is_some()
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    /// The line of the key, or of the section.
    pub(super) fn line_of(&self, key: &str) -> usize {
        self.find(key).map_or(self.line, |(key, _)| self.problems.line(key.span().start))
    }

    /// Says what is wrong with the value of a key.
    pub(super) fn problem(&self, key: &str, problem: impl Into<String>) {
        self.problems.add(self.line_of(key), problem);
    }

    pub(super) fn text(&self, key: &'static str) -> Option<String> {
        let text = match self.value(key)?.get_ref() {
            DeValue::String(text) => text.trim().to_owned(),
            _ => return self.wrong(key, "text in quotation marks"),
        };
        if text.is_empty() {
            return self.wrong(key, "text, and it is empty");
        }
        Some(text)
    }

    pub(super) fn required_text(&self, key: &'static str) -> String {
        let text = self.text(key);
        if text.is_none() && !self.has(key) {
            self.missing(key);
        }
        text.unwrap_or_default()
    }

    /// Complains about a key that has no meaning beside others.
    pub(super) fn refuse(&self, key: &'static str, why: &str) {
        if self.value(key).is_some() {
            self.problem(key, format!("`{key}` {why}"));
        }
    }

    pub(super) fn missing(&self, key: &str) {
        let place = if self.name.is_empty() { String::new() } else { format!("{} ", self.name) };
        self.problems.add(self.line, format!("{place}`{key}` is missing"));
    }

    /// What the text of a key is parsed to; the parser's error is the problem.
    pub(super) fn parsed<T: FromStr<Err = Error>>(&self, key: &'static str) -> Option<T> {
        self.read(key, &self.text(key)?)
    }

    /// What this text of a key is parsed to; the parser's error is the problem.
    pub(super) fn read<T: FromStr<Err = Error>>(&self, key: &'static str, text: &str) -> Option<T> {
        text.parse().map_err(|error| self.problem(key, format!("`{key}`: {error}"))).ok()
    }

    pub(super) fn flag(&self, key: &'static str) -> Option<bool> {
        match self.value(key)?.get_ref() {
            DeValue::Boolean(flag) => Some(*flag),
            _ => self.wrong(key, "true or false"),
        }
    }

    /// A number, whole or not.
    pub(super) fn number(&self, key: &'static str) -> Option<f64> {
        match number(self.value(key)?.get_ref()) {
            Some(number) => Some(number),
            None => self.wrong(key, "a number"),
        }
    }

    /// A number or a text, as text.
    pub(super) fn number_or_text(&self, key: &'static str) -> Option<String> {
        match self.value(key)?.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            value => match number(value) {
                Some(number) => Some(number.to_string()),
                None => self.wrong(key, "a number or a text in quotation marks"),
            },
        }
    }

    /// A number above 0.
    pub(super) fn positive(&self, key: &'static str) -> Option<f64> {
        let number = self.number(key)?;
        if number > 0.0 { Some(number) } else { self.wrong(key, "a number above 0") }
    }

    pub(super) fn count(&self, key: &'static str) -> Option<u64> {
        match whole(self.value(key)?.get_ref()) {
            Some(count) => Some(count),
            None => self.wrong(key, "a whole number"),
        }
    }

    /// A whole number of at least 1.
    pub(super) fn at_least_one(&self, key: &'static str) -> Option<u64> {
        match self.count(key)? {
            0 => self.wrong(key, "a whole number of at least 1"),
            count => Some(count),
        }
    }

    pub(super) fn counts(&self, key: &'static str) -> Option<Vec<u64>> {
        self.list(key, "a list of whole numbers", whole)
    }

    pub(super) fn texts(&self, key: &'static str) -> Option<Vec<String>> {
        self.list(key, "a list of texts", |value| {
            value.as_str().map(str::to_owned).filter(|text| !text.trim().is_empty())
        })
    }

    /// An amount of memory or disk such as `"12 GB"`, in bytes.
    pub(super) fn bytes(&self, key: &'static str) -> Option<u64> {
        let text = self.text(key)?;
        match parse_bytes(&text) {
            Some(bytes) => Some(bytes),
            None => self.wrong(key, "an amount such as \"512 MB\" or \"80 GB\""),
        }
    }

    /// Complains about every key that was never asked for.
    pub(super) fn finish(&self) {
        let Some(table) = self.table else { return };
        let taken = self.taken.borrow();
        for key in table.keys().filter(|key| !taken.contains(key.get_ref().as_ref())) {
            let known: Vec<&str> = taken.iter().copied().collect();
            let place = if self.name.is_empty() { "here".to_owned() } else { format!("in {}", self.name) };
            let line = self.problems.line(key.span().start);
            self.problems.add(line, format!("unknown key `{}` {place}; known: {}", key.get_ref(), known.join(", ")));
        }
    }

    fn find(&self, key: &str) -> Option<(&'a Spanned<std::borrow::Cow<'a, str>>, &'a Spanned<DeValue<'a>>)> {
        self.table?.iter().find(|(name, _)| name.get_ref() == key)
    }

    fn value(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.taken.borrow_mut().insert(key);
        self.find(key).map(|(_, value)| value)
    }

    fn wrong<T>(&self, key: &str, expected: &str) -> Option<T> {
        self.problem(key, format!("`{key}` must be {expected}"));
        None
    }

    fn list<T>(&self, key: &'static str, expected: &str, read: impl Fn(&DeValue<'_>) -> Option<T>) -> Option<Vec<T>> {
        let found = self.value(key)?;
        let DeValue::Array(array) = found.get_ref() else { return self.wrong(key, expected) };
        let values: Option<Vec<T>> = array.iter().map(|value| read(value.get_ref())).collect();
        values.or_else(|| self.wrong(key, expected))
    }
}

fn number(value: &DeValue<'_>) -> Option<f64> {
    let number: f64 = match value {
        DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().parse().ok()?,
        DeValue::Float(float) => float.as_str().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

fn whole(value: &DeValue<'_>) -> Option<u64> {
    match value {
        DeValue::Integer(integer) => u64::from_str_radix(integer.as_str(), integer.radix()).ok(),
        _ => None,
    }
}

fn parse_bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == ' ');
    let unit = text.get(digits.len()..)?.trim().to_ascii_uppercase();
    let power = match unit.trim_end_matches("IB").trim_end_matches('B') {
        "" if unit == "B" => 0,
        "K" => 1,
        "M" => 2,
        "G" => 3,
        "T" => 4,
        _ => return None,
    };
    let base: f64 = if unit.ends_with("IB") { 1024.0 } else { 1000.0 };
    let bytes = digits.parse::<f64>().ok()? * base.powi(power);
    (1.0..9e18).contains(&bytes).then_some(bytes as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_in_decimal_and_binary_units() {
        let read = ["512 MB", "1.5GiB", "7 B", "80 G", "80", "many GB", "0 GB", "GB"].map(parse_bytes);
        let gib = 1_610_612_736;
        assert_eq!(read, [Some(512_000_000), Some(gib), Some(7), Some(80_000_000_000), None, None, None, None]);
    }
}
