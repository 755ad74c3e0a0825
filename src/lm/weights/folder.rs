//! Which files of a folder hold the weights.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::{Error, Result};
use crate::lm::keys::read_object;

/// What is looked for, in this order; an index names the files that belong together.
const INDEXES: &[&str] = &["model.safetensors.index.json", "pytorch_model.bin.index.json"];
const SINGLE: &[&str] = &["model.safetensors", "pytorch_model.bin"];

/// The files of a folder, or the file itself; an index counts as its files.
pub(in crate::lm) fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.exists() {
        return Err(Error::read(path)(std::io::ErrorKind::NotFound.into()));
    }
    if !path.is_dir() {
        return if path.to_string_lossy().ends_with(".index.json") { indexed(path) } else { Ok(vec![path.to_owned()]) };
    }
    let present = |name: &str| path.join(name).is_file();
    // A whole file is preferred to its pieces, safetensors to pickles.
    for (single, index) in SINGLE.iter().zip(INDEXES) {
        if present(single) {
            return Ok(vec![path.join(single)]);
        }
        if present(index) {
            return indexed(&path.join(index));
        }
    }
    let entries = std::fs::read_dir(path).map_err(Error::read(path))?;
    let mut others: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    others.retain(|file| file.extension().is_some_and(|kind| kind == "gguf" || kind == "safetensors"));
    others.sort();
    match others.as_slice() {
        [only] => Ok(vec![only.clone()]),
        [] => Err(problem(path, "holds no weights: no model.safetensors, pytorch_model.bin or .gguf".to_owned())),
        several => Err(problem(path, format!("holds {} weights files without an index; name one", several.len()))),
    }
}

fn indexed(path: &Path) -> Result<Vec<PathBuf>> {
    let index = read_object(path)?;
    let Some(Value::Object(map)) = index.get("weight_map") else {
        return Err(problem(path, "has no `weight_map`".to_owned()));
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut files = BTreeSet::new();
    for (tensor, file) in map {
        match file.as_str() {
            Some(name) if Path::new(name).file_name().is_some_and(|file| file == name) => {
                files.insert(folder.join(name))
            }
            _ => return Err(problem(path, format!("tensor `{tensor}` is not in a file of this folder: {file}"))),
        };
    }
    if files.is_empty() {
        return Err(problem(path, "names no files".to_owned()));
    }
    Ok(files.into_iter().collect())
}

fn problem(path: &Path, problem: String) -> Error {
    Error::File { path: path.to_owned(), problem }
}
