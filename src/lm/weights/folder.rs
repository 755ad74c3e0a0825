//! Which files of a folder hold the weights.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::{Error, Result};
use crate::lm::keys::read_object;

/// What is looked for, in this order; an index names the files that belong together.
const INDEXES: &[&str] = &["model.safetensors.index.json", "pytorch_model.bin.index.json"];
const SINGLE: &[&str] = &["model.safetensors", "pytorch_model.bin"];

/// The file with numbers to check a model against: it lies beside the weights and holds no weights itself.
pub(in crate::lm) const REFERENCE: &str = "reference.safetensors";

/// The files that hold a model's weights, and what an index says of them.
#[derive(Default)]
pub(super) struct Place {
    pub files: Vec<PathBuf>,
    /// Tensors and the numbers of the files that the index says they are in; empty where there is none.
    pub indexed: Vec<(String, usize)>,
}

/// The files of a folder, or the file itself; an index counts as its files.
pub(in crate::lm) fn files(path: &Path) -> Result<Vec<PathBuf>> {
    Ok(place(path)?.files)
}

/// The same with what an index says.
pub(super) fn place(path: &Path) -> Result<Place> {
    let of = |files| Place { files, indexed: Vec::new() };
    if !path.exists() {
        return Err(Error::read(path)(std::io::ErrorKind::NotFound.into()));
    }
    if !path.is_dir() {
        let is_index = path.to_string_lossy().ends_with(".index.json");
        return if is_index { indexed(path) } else { Ok(of(vec![path.to_owned()])) };
    }
    let present = |name: &str| path.join(name).is_file();
    // A whole file is preferred to its pieces, safetensors to pickles.
    for (single, index) in SINGLE.iter().zip(INDEXES) {
        if present(single) {
            return Ok(of(vec![path.join(single)]));
        }
        if present(index) {
            return indexed(&path.join(index));
        }
    }
    let entries = std::fs::read_dir(path).map_err(Error::read(path))?;
    let mut others: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    others.retain(|file| file.extension().is_some_and(|kind| kind == "gguf" || kind == "safetensors"));
    others.retain(|file| !file.ends_with(REFERENCE));
    others.sort();
    match others.as_slice() {
        [only] => Ok(of(vec![only.clone()])),
        [] => Err(problem(path, "holds no weights: no model.safetensors, pytorch_model.bin or .gguf".to_owned())),
        several => Err(problem(path, format!("holds {} weights files without an index; name one", several.len()))),
    }
}

fn indexed(path: &Path) -> Result<Place> {
    let index = read_object(path)?;
    let Some(Value::Object(map)) = index.get("weight_map") else {
        return Err(problem(path, "has no `weight_map`".to_owned()));
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut numbers = BTreeMap::new();
    for (tensor, file) in map {
        match file.as_str() {
            Some(name) if Path::new(name).file_name().is_some_and(|file| file == name) => numbers.insert(name, 0),
            _ => return Err(problem(path, format!("tensor `{tensor}` is not in a file of this folder: {file}"))),
        };
    }
    if numbers.is_empty() {
        return Err(problem(path, "names no files".to_owned()));
    }
    for (number, (name, place)) in numbers.iter_mut().enumerate() {
        *place = number;
        if !folder.join(name).is_file() {
            return Err(problem(path, format!("names the file {name}, which is not in its folder")));
        }
    }
    let number = |(tensor, file): (&String, &Value)| Some((tensor.clone(), *numbers.get(file.as_str()?)?));
    Ok(Place {
        files: numbers.keys().map(|name| folder.join(name)).collect(),
        indexed: map.iter().filter_map(number).collect(),
    })
}

fn problem(path: &Path, problem: String) -> Error {
    Error::File { path: path.to_owned(), problem }
}
