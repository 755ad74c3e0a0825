//! Documents of a split, from JSON, JSON lines and CSV files.
//!
//! As the `datasets` library does for lm-evaluation-harness: every document of a split has the same keys, in the order
//! in which they first appear, and `null` where a line lacks one; a column with whole numbers and others is one of
//! floats; cells of a CSV table get the type that all cells of their column share, and empty cells and the usual words
//! for "missing" are `null`.

use std::path::{Path, PathBuf};

use super::layouts;
use super::value::Value;
use super::yaml::{Content, Node};
use crate::error::{Error, Result};

/// Where a task's documents come from, as its file says.
#[derive(Debug, Clone)]
pub(super) struct Dataset {
    /// `dataset_path`: `json`, `csv` or the name of a data set.
    pub path: String,
    /// `dataset_name`: the part of a data set.
    pub name: Option<String>,
    /// Files of each split, from `data_files`.
    files: Vec<(String, Vec<String>)>,
    /// `field` of a JSON file that holds the rows.
    field: Option<String>,
    /// `sep` or `delimiter` of a CSV file.
    separator: u8,
    /// `column_names` of a CSV file without a header.
    columns: Option<Vec<String>>,
    /// Folder of the task file.
    folder: PathBuf,
}

impl Dataset {
    /// Reads `dataset_path`, `dataset_name` and `dataset_kwargs`.
    ///
    /// # Errors
    /// A key that would change what is read and is not known, with its line.
    pub fn new(task: &Node) -> Result<Self> {
        let path = task.get("dataset_path").filter(|node| !node.is_null());
        let path = path.ok_or_else(|| task.wrong("`dataset_path` is missing"))?.text()?.to_owned();
        let name = task.get("dataset_name").filter(|node| !node.is_null()).map(|node| node.value().python());
        let folder = task.file.parent().unwrap_or(Path::new("")).to_owned();
        let mut dataset = Self { path, name, files: Vec::new(), field: None, separator: b',', columns: None, folder };
        let mut data_dir = None;
        for (key, node) in task.get("dataset_kwargs").map(Node::entries).unwrap_or_default() {
            match key.as_str() {
                "data_files" => dataset.files = data_files(node)?,
                "data_dir" => data_dir = Some(node.text()?.to_owned()),
                "field" => dataset.field = Some(node.text()?.to_owned()),
                "sep" | "delimiter" => match node.text()?.as_bytes() {
                    [separator] => dataset.separator = *separator,
                    _ => return Err(node.wrong("the separator of a table is one ASCII character")),
                },
                "column_names" => dataset.columns = Some(node.texts()?),
                // These say where and how to download, not what.
                "trust_remote_code" | "revision" | "cache_dir" | "token" | "download_mode" => {}
                _ => return Err(node.wrong(format!("`{key}` under `dataset_kwargs` is not known"))),
            }
        }
        if let Some(data_dir) = data_dir {
            for file in dataset.files.iter_mut().flat_map(|(_, files)| files) {
                *file = format!("{data_dir}/{file}");
            }
        }
        Ok(dataset)
    }

    /// All documents of a split. `data` is the folder that holds local copies of data sets.
    ///
    /// # Errors
    /// A missing file, with every place that was looked at; a file that cannot be read, with its line.
    pub fn split(&self, split: &str, data: Option<&Path>) -> Result<Vec<Value>> {
        let rows = if self.files.is_empty() {
            self.of_data_set(split, data)?
        } else {
            let known = || self.files.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
            let (_, files) = self.files.iter().find(|(name, _)| name == split).ok_or_else(|| {
                Error::Argument(format!("there is no split `{split}` under `data_files`; there are: {}", known()))
            })?;
            let mut rows = Vec::new();
            for file in files {
                rows.extend(self.read(&self.locate(file, data)?)?);
            }
            rows
        };
        Ok(unify(rows))
    }

    /// A file named in a task file: in the data folder, beside the task file, or where the program runs.
    fn locate(&self, file: &str, data: Option<&Path>) -> Result<PathBuf> {
        let places: Vec<PathBuf> =
            data.into_iter().chain([self.folder.as_path(), Path::new("")]).map(|folder| folder.join(file)).collect();
        places.iter().find(|place| place.is_file()).cloned().ok_or_else(|| missing(&format!("`{file}`"), &places))
    }

    fn of_data_set(&self, split: &str, data: Option<&Path>) -> Result<Vec<Value>> {
        if matches!(self.path.as_str(), "json" | "csv") {
            return Err(Error::Argument("`dataset_kwargs` needs `data_files`".to_owned()));
        }
        let Some(data) =
            data.map(Path::to_owned).or_else(|| Some(self.path.clone().into()).filter(|p: &PathBuf| p.is_dir()))
        else {
            return Err(Error::Argument(format!(
                "the data set `{}` is not on this machine; name the folder that holds it (docs/tasks.md has the layouts)",
                self.path
            )));
        };
        if let Some(rows) = layouts::original(&self.path, self.name.as_deref(), split, &data) {
            return rows;
        }
        let places = self.exports(split, &data);
        let found = places.iter().find(|place| place.is_file());
        let what = match &self.name {
            Some(name) => format!("split `{split}` of `{}` (`{name}`)", self.path),
            None => format!("split `{split}` of `{}`", self.path),
        };
        self.read(found.ok_or_else(|| missing(&what, &places))?)
    }

    /// Where a split of a data set may stand that was written out with its own columns.
    fn exports(&self, split: &str, data: &Path) -> Vec<PathBuf> {
        let short = self.path.rsplit('/').next().unwrap_or(&self.path);
        let mut places = Vec::new();
        let mut folders = vec![data.join(&self.path)];
        if short != self.path {
            folders.push(data.join(short));
        }
        if data.file_name().is_some_and(|name| name == short) {
            folders.push(data.to_owned());
        }
        for folder in folders {
            let stems = match &self.name {
                Some(name) => vec![format!("{name}/{split}"), format!("{name}-{split}"), format!("{split}/{name}")],
                None => vec![split.to_owned()],
            };
            for stem in stems {
                places.extend(["jsonl", "json", "csv"].map(|ending| folder.join(format!("{stem}.{ending}"))));
            }
        }
        places
    }

    fn read(&self, path: &Path) -> Result<Vec<Value>> {
        if self.path == "csv" || path.extension().is_some_and(|ending| ending == "csv" || ending == "tsv") {
            read_csv(path, self.separator, self.columns.as_deref())
        } else {
            read_json(path, self.field.as_deref())
        }
    }
}

fn missing(what: &str, places: &[PathBuf]) -> Error {
    let places: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
    Error::Argument(format!("{what} was not found; looked for: {}", places.join(", ")))
}

fn data_files(node: &Node) -> Result<Vec<(String, Vec<String>)>> {
    match &node.content {
        Content::Map(entries) => entries.iter().map(|(split, files)| Ok((split.clone(), files.texts()?))).collect(),
        _ => Ok(vec![("train".to_owned(), node.texts()?)]),
    }
}

/// The rows of a JSON file: one object per line, a list of objects, or such a list under `field`.
pub(super) fn read_json(path: &Path, field: Option<&str>) -> Result<Vec<Value>> {
    let wrong = |problem: String| Error::File { path: path.to_owned(), problem };
    let text = std::fs::read_to_string(path).map_err(Error::read(path))?;
    let text = text.trim_start_matches('\u{feff}');
    if let Some(field) = field {
        let whole: Value = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        let rows = whole.get(field).and_then(Value::as_list);
        return Ok(rows.ok_or_else(|| wrong(format!("there is no list under `{field}`")))?.to_vec());
    }
    let rows = if text.trim_start().starts_with('[') {
        match serde_json::from_str(text).map_err(|error| wrong(error.to_string()))? {
            Value::List(rows) => rows,
            other => vec![other],
        }
    } else {
        let mut rows = Vec::new();
        for (number, line) in text.split('\n').enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            rows.push(serde_json::from_str(line).map_err(|error| {
                let place = format!("line {}, column {}", number + 1, error.column());
                wrong(format!("{place}: {}", error.to_string().split(" at line ").next().unwrap_or_default()))
            })?);
        }
        rows
    };
    match rows.iter().position(|row| !matches!(row, Value::Map(_))) {
        Some(at) => Err(wrong(format!("document {} is {}, not a mapping", at + 1, rows[at].kind()))),
        None => Ok(rows),
    }
}

/// The rows of a CSV file as they stand, without types or a header.
pub(super) fn read_cells(path: &Path, separator: u8) -> Result<Vec<Vec<String>>> {
    let bytes = std::fs::read(path).map_err(Error::read(path))?;
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(bytes.as_slice());
    let rows = reader.records().map(|record| {
        let record = record.map_err(|error| Error::File { path: path.to_owned(), problem: error.to_string() })?;
        Ok(record.iter().map(str::to_owned).collect())
    });
    rows.collect()
}

/// Words that pandas takes for an empty cell.
const MISSING: [&str; 18] = [
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None", "nan", "null",
];

/// The rows of a CSV file with the types pandas gives its columns; `columns` where there is no header.
pub(super) fn read_csv(path: &Path, separator: u8, columns: Option<&[String]>) -> Result<Vec<Value>> {
    let mut cells = read_cells(path, separator)?;
    let header = match columns {
        Some(columns) => columns.to_vec(),
        None if cells.is_empty() => return Ok(Vec::new()),
        None => cells.remove(0),
    };
    if let Some(at) = cells.iter().position(|row| row.len() != header.len()) {
        let problem = format!("row {} has {} cells, the header has {}", at + 1, cells[at].len(), header.len());
        return Err(Error::File { path: path.to_owned(), problem });
    }
    let empty = |cell: &str| MISSING.contains(&cell) || cell == "n/a";
    let mut rows: Vec<Vec<(String, Value)>> = vec![Vec::new(); cells.len()];
    for (at, name) in header.iter().enumerate() {
        let filled = || cells.iter().map(|row| row[at].as_str()).filter(|cell| !empty(cell));
        let full = filled().count() == cells.len();
        let whole = full && filled().all(|cell| cell.trim().parse::<i64>().is_ok());
        let number = filled().all(|cell| cell.trim().parse::<f64>().is_ok());
        let flag = filled().all(|cell| matches!(cell, "True" | "TRUE" | "true" | "False" | "FALSE" | "false"));
        for (row, cells) in rows.iter_mut().zip(&cells) {
            let cell = cells[at].as_str();
            row.push((
                name.clone(),
                match cell {
                    _ if empty(cell) => Value::Null,
                    _ if whole => cell.trim().parse().map_or(Value::Null, Value::Int),
                    _ if number => cell.trim().parse().map_or(Value::Null, Value::Float),
                    _ if flag => Value::Bool(cell.eq_ignore_ascii_case("true")),
                    _ => cell.into(),
                },
            ));
        }
    }
    Ok(rows.into_iter().map(Value::Map).collect())
}

/// What all values at one place have in common.
#[derive(Default)]
struct Shape {
    floats: bool,
    items: Option<Box<Shape>>,
    keys: Vec<(String, Shape)>,
}

impl Shape {
    fn take(&mut self, value: &Value) {
        match value {
            Value::Float(_) => self.floats = true,
            Value::List(list) => {
                let items = self.items.get_or_insert_default();
                list.iter().for_each(|item| items.take(item));
            }
            Value::Map(entries) => {
                for (key, value) in entries {
                    let at = self.keys.iter().position(|(name, _)| name == key).unwrap_or_else(|| {
                        self.keys.push((key.clone(), Self::default()));
                        self.keys.len() - 1
                    });
                    self.keys[at].1.take(value);
                }
            }
            _ => {}
        }
    }

    fn give(&self, value: Value) -> Value {
        match (value, &self.items) {
            (Value::Int(number), _) if self.floats => Value::Float(number as f64),
            (Value::List(list), Some(items)) => Value::List(list.into_iter().map(|item| items.give(item)).collect()),
            (Value::Map(mut entries), _) => Value::Map(
                self.keys
                    .iter()
                    .map(|(key, shape)| {
                        let found = entries.iter_mut().find(|(name, _)| name == key);
                        (key.clone(), shape.give(found.map(|(_, value)| std::mem::take(value)).unwrap_or_default()))
                    })
                    .collect(),
            ),
            (value, _) => value,
        }
    }
}

/// Gives all documents of a split the same keys and number types.
fn unify(rows: Vec<Value>) -> Vec<Value> {
    let mut shape = Shape::default();
    rows.iter().for_each(|row| shape.take(row));
    rows.into_iter().map(|row| shape.give(row)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_of_a_split_get_the_same_keys_and_number_types() {
        let rows = [r#"{"a": 1, "b": {"x": [1]}}"#, r#"{"c": "t", "b": {"y": 2, "x": [0.5]}, "a": 2.5}"#];
        let rows = unify(rows.iter().map(|row| serde_json::from_str(row).unwrap()).collect());
        assert_eq!(rows[0].to_json(), r#"{"a": 1.0, "b": {"x": [1.0], "y": null}, "c": null}"#);
        assert_eq!(rows[1].to_json(), r#"{"a": 2.5, "b": {"x": [0.5], "y": 2}, "c": "t"}"#);
    }

    #[test]
    fn cells_of_a_table_get_the_type_of_their_column() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, "i,f,g,b,t\n1,1.5,2,True,x\n-2,3,,False,\"1, \"\"q\"\"\nend\"\n").unwrap();
        let rows = read_csv(&path, b',', None).unwrap();
        assert_eq!(rows[0].to_json(), r#"{"i": 1, "f": 1.5, "g": 2.0, "b": true, "t": "x"}"#);
        assert_eq!(
            rows[1].to_json(),
            "{\"i\": -2, \"f\": 3.0, \"g\": null, \"b\": false, \"t\": \"1, \\\"q\\\"\\nend\"}"
        );
    }

    #[test]
    fn a_broken_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.jsonl");
        std::fs::write(&path, "{\"a\": 1}\n\n{\"a\": \n").unwrap();
        let error = read_json(&path, None).unwrap_err().to_string();
        assert!(error.contains("line 3"), "{error}");
        std::fs::write(&path, "[1]").unwrap();
        assert!(read_json(&path, None).unwrap_err().to_string().contains("not a mapping"));
    }
}
