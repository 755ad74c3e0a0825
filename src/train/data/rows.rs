//! Rows of a file, whatever its format: named values, and where they stand.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use serde_json::{Map, Value};

use crate::error::{Error, Result};

/// One example as it is stored.
#[derive(Debug)]
pub(super) struct Row<'a> {
    path: &'a Path,
    /// As an editor shows it, or the place in a JSON list, from 1.
    line: usize,
    fields: Map<String, Value>,
}

impl Row<'_> {
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.fields.get(name).filter(|value| !value.is_null())
    }

    /// A text that must be there and say something.
    pub(crate) fn text(&self, name: &str) -> Result<&str> {
        match self.get(name) {
            Some(Value::String(text)) if !text.trim().is_empty() => Ok(text),
            Some(Value::String(_)) => Err(self.wrong(name, "is empty".to_owned())),
            Some(other) => Err(self.wrong(name, format!("is not a text: {other}"))),
            None => {
                let names: Vec<&str> = self.fields.keys().map(String::as_str).collect();
                Err(self.wrong(name, format!("is missing; there are: {}", names.join(", "))))
            }
        }
    }

    pub(crate) fn wrong(&self, name: &str, problem: String) -> Error {
        Error::Cell { path: self.path.to_owned(), row: self.line, column: name.to_owned(), problem }
    }
}

/// Calls `take` for every row of a file. `bare` says what a CSV file without header holds: questions, four choices and the
/// letter of the right one.
pub(super) fn each(path: &Path, bare: bool, take: &mut dyn FnMut(&Row<'_>) -> Result<()>) -> Result<()> {
    let file = File::open(path).map_err(Error::read(path))?;
    let mut reader = BufReader::new(file);
    if path.extension().is_some_and(|kind| kind == "csv") {
        return csv_rows(path, reader, bare, take);
    }
    let start = reader.fill_buf().map_err(Error::read(path))?;
    if start.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        return list(path, reader, take);
    }
    for (number, line) in reader.lines().enumerate() {
        let line = line.map_err(Error::read(path))?;
        if line.trim().is_empty() {
            continue;
        }
        let fields = match serde_json::from_str(&line) {
            Ok(Value::Object(fields)) => fields,
            Ok(_) => return Err(malformed(path, number + 1, "is not a JSON object".to_owned())),
            Err(error) => return Err(Error::malformed(path, format!("line {} is not JSON", number + 1))(error)),
        };
        take(&Row { path, line: number + 1, fields })?;
    }
    Ok(())
}

fn list(path: &Path, mut reader: impl Read, take: &mut dyn FnMut(&Row<'_>) -> Result<()>) -> Result<()> {
    let mut text = Vec::new();
    reader.read_to_end(&mut text).map_err(Error::read(path))?;
    let items: Vec<Value> = serde_json::from_slice(&text).map_err(Error::malformed(path, "is not a JSON list"))?;
    for (number, item) in items.into_iter().enumerate() {
        let Value::Object(fields) = item else {
            return Err(malformed(path, number + 1, "is not a JSON object".to_owned()));
        };
        take(&Row { path, line: number + 1, fields })?;
    }
    Ok(())
}

fn csv_rows(path: &Path, reader: impl Read, bare: bool, take: &mut dyn FnMut(&Row<'_>) -> Result<()>) -> Result<()> {
    const BARE: [&str; 6] = ["question", "A", "B", "C", "D", "answer"];
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(reader);
    let mut names: Option<Vec<String>> = None;
    for record in reader.records() {
        let record = record.map_err(Error::malformed(path, "is not CSV"))?;
        let line = record.position().map_or(0, |position| position.line() as usize);
        let columns = match &names {
            Some(columns) => columns,
            None => {
                let first: Vec<String> = record.iter().map(|cell| cell.trim().to_owned()).collect();
                let headed = !bare || first.iter().any(|cell| cell == "answer");
                names = Some(if headed { first } else { BARE.map(str::to_owned).to_vec() });
                if headed {
                    continue;
                }
                names.as_ref().unwrap_or(const { &Vec::new() })
            }
        };
        if record.len() != columns.len() {
            return Err(malformed(path, line, format!("has {} cells, not {}", record.len(), columns.len())));
        }
        let cells = columns.iter().zip(record.iter());
        let fields = cells.map(|(name, cell)| (name.clone(), Value::String(cell.to_owned()))).collect();
        take(&Row { path, line, fields })?;
    }
    Ok(())
}

fn malformed(path: &Path, line: usize, problem: String) -> Error {
    Error::File { path: path.to_owned(), problem: format!("line {line} {problem}") }
}
