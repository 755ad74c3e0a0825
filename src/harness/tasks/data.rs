//! Documents of a split, from JSON, JSON lines, CSV and Parquet files.
//!
//! As the `datasets` library does for lm-evaluation-harness: every document of a split has the same keys, in the order
//! in which they first appear, and `null` where a line lacks one; a column with whole numbers and others is one of
//! floats; cells of a CSV table get the type that all cells of their column share, and empty cells and the usual words
//! for "missing" are `null`.

use std::path::{Path, PathBuf};

use super::documents::{read_csv, read_json};
use super::hub::Source;
use super::layouts;
use super::node::{Content, Node};
use super::repository::{ENDINGS, Repository, stems};
use super::value::Value;
use crate::error::{Error, Result};
use crate::registry::table::{Cell, parquet_rows};

/// Where a task's documents come from, as its file says.
#[derive(Debug, Clone)]
pub(super) struct Dataset {
    /// `dataset_path`: `json`, `csv`, `parquet` or the name of a data set.
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
    /// `revision` of a data set of the hub.
    revision: Option<String>,
    /// Folder of the task file.
    folder: PathBuf,
}

impl Dataset {
    /// Reads `dataset_path`, `dataset_name` and `dataset_kwargs`.
    ///
    /// # Errors
    /// A key that would change what is read and is not known, with its line.
    pub(crate) fn new(task: &Node) -> Result<Self> {
        let path = task.given("dataset_path");
        let path = path.ok_or_else(|| task.wrong("`dataset_path` is missing"))?.text()?.to_owned();
        let name = task.given("dataset_name").map(|node| node.value().python());
        let folder = task.file.parent().unwrap_or(Path::new("")).to_owned();
        let (files, field, separator, columns, revision) = (Vec::new(), None, b',', None, None);
        let mut dataset = Self { path, name, files, field, separator, columns, revision, folder };
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
                // No header is what names of columns say already.
                "header"
                    if node.is_null()
                        && task.get("dataset_kwargs").is_some_and(|all| all.given("column_names").is_some()) => {}
                "revision" => dataset.revision = Some(node.text()?.to_owned()),
                // These say where and how to download, not what.
                "trust_remote_code" | "cache_dir" | "token" | "download_mode" | "streaming" | "verification_mode" => {}
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
    pub(crate) fn split(&self, split: &str, data: Option<&Path>) -> Result<Vec<Value>> {
        let rows = if self.files.is_empty() {
            self.of_data_set(split, data)?
        } else {
            let known = || self.files.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
            let (_, files) = self.files.iter().find(|(name, _)| name == split).ok_or_else(|| {
                Error::Argument(format!("there is no split `{split}` under `data_files`; there are: {}", known()))
            })?;
            let files = files.iter().map(|file| self.locate(file, data)).collect::<Result<Vec<_>>>()?;
            self.read_all(&files)?
        };
        Ok(unify(rows))
    }

    /// A file named in a task file: in the data folder, beside the task file, or where the program runs.
    fn locate(&self, file: &str, data: Option<&Path>) -> Result<PathBuf> {
        let mut places: Vec<PathBuf> =
            data.into_iter().chain([self.folder.as_path(), Path::new("")]).map(|folder| folder.join(file)).collect();
        places.dedup();
        places
            .iter()
            .find(|place| place.is_file())
            .cloned()
            .ok_or_else(|| Error::NotFound { what: format!("`{file}`"), places })
    }

    fn of_data_set(&self, split: &str, data: Option<&Path>) -> Result<Vec<Value>> {
        if matches!(self.path.as_str(), "json" | "csv" | "parquet") {
            return Err(Error::Argument("`dataset_kwargs` needs `data_files`".to_owned()));
        }
        let (name, itself) = (self.name.as_deref(), Path::new(&self.path));
        let Some(data) = data.or_else(|| Some(itself).filter(|path| path.is_dir())) else {
            let dataset = layouts::current(&self.path).unwrap_or(&self.path);
            let source = Source { dataset, part: name, revision: self.revision.as_deref() };
            return self.read_all(&source.fetch(split)?);
        };
        if let Some(rows) = layouts::original(&self.path, name, split, data) {
            return rows;
        }
        let folders = self.folders(data);
        for folder in folders.iter().filter(|folder| folder.is_dir()) {
            let repository = Repository::at(folder)?;
            let files = repository.split(name, split);
            if !files.is_empty() {
                return self.read_all(&files.iter().map(|file| folder.join(file)).collect::<Vec<_>>());
            }
        }
        let what = match name {
            Some(name) => format!("split `{split}` of `{}` (`{name}`)", self.path),
            None => format!("split `{split}` of `{}`", self.path),
        };
        let endings = format!("{{{}}}", ENDINGS.join(","));
        let places: Vec<PathBuf> = folders
            .iter()
            .flat_map(|folder| stems(name, split).into_iter().map(|stem| folder.join(format!("{stem}.{endings}"))))
            .collect();
        Err(Error::NotFound { what, places })
    }

    /// Where the repository of a data set may stand: under its name with or without its owner's, or in the data folder
    /// itself where that is called so or has a folder of the part's name.
    fn folders(&self, data: &Path) -> Vec<PathBuf> {
        let mut folders = vec![data.join(&self.path)];
        folders.extend(layouts::current(&self.path).map(|name| data.join(name)));
        let short = self.path.rsplit('/').next().unwrap_or(&self.path);
        folders.push(data.join(short));
        let part = self.name.as_ref().is_some_and(|name| data.join(name).is_dir());
        if part || data.file_name().is_some_and(|name| name == short) {
            folders.push(data.to_owned());
        }
        folders.dedup();
        folders
    }

    fn read_all(&self, files: &[PathBuf]) -> Result<Vec<Value>> {
        let mut rows = Vec::new();
        for file in files {
            rows.extend(self.read(file)?);
        }
        Ok(rows)
    }

    fn read(&self, path: &Path) -> Result<Vec<Value>> {
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        match (self.path.as_str(), ending) {
            ("csv", _) | (_, "csv") => read_csv(path, self.separator, self.columns.as_deref()),
            (_, "tsv") => read_csv(path, b'\t', self.columns.as_deref()),
            ("parquet", _) | (_, "parquet") => {
                let row = |row: Vec<(String, Cell)>| Value::from(Cell::Named(row));
                Ok(parquet_rows(path)?.into_iter().map(row).collect())
            }
            _ => read_json(path, self.field.as_deref()),
        }
    }
}

impl From<Cell> for Value {
    fn from(cell: Cell) -> Self {
        match cell {
            Cell::Empty => Self::Null,
            Cell::Flag(flag) => Self::Bool(flag),
            Cell::Whole(number) => Self::Int(number),
            Cell::Number(number) => Self::Float(number),
            Cell::Text(text) => Self::Text(text),
            Cell::List(cells) => Self::List(cells.into_iter().map(Self::from).collect()),
            Cell::Named(cells) => Self::Map(cells.into_iter().map(|(name, cell)| (name, cell.into())).collect()),
        }
    }
}

fn data_files(node: &Node) -> Result<Vec<(String, Vec<String>)>> {
    match &node.content {
        Content::Map(entries) => entries.iter().map(|(split, files)| Ok((split.clone(), files.texts()?))).collect(),
        _ => Ok(vec![("train".to_owned(), node.texts()?)]),
    }
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
pub(super) fn unify(rows: Vec<Value>) -> Vec<Value> {
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
}
