//! From files and folders to one sorted list of observations.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::settings::ImportSettings;
use super::subject::Subject;
use super::{Imported, Warning, choose, names};
use crate::harness::groups::sum_items;
use crate::registry::{Observation, RowKind};
use crate::{Error, Result};

/// Reads results by `reader`; a folder stands for all files in and below it whose names end in one of `endings`.
pub(in crate::harness) fn gather(
    paths: &[PathBuf],
    settings: &ImportSettings,
    endings: &[&str],
    reader: &(dyn Fn(&Found) -> Read + Sync),
) -> Result<Imported> {
    let mut walk = Walk { endings, files: Vec::new(), warnings: Vec::new() };
    for path in paths {
        let metadata = std::fs::metadata(path).map_err(Error::read(path))?;
        if metadata.is_dir() {
            walk.folder(path, path).map_err(Error::read(path))?;
        } else {
            let source = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
            walk.files.push(Found { path: path.clone(), source });
        }
    }
    let Walk { mut files, mut warnings, .. } = walk;
    files.sort();
    files.dedup_by(|a, b| a.path == b.path);
    let read: Vec<Read> = files.par_iter().map(reader).collect();

    let mut evaluated = Vec::with_capacity(read.len());
    for (file, found) in read.into_iter().zip(&files) {
        warnings.extend(file.problems.into_iter().map(|why| Warning { what: found.source.clone(), why }));
        if let FileOutcome::Evaluated(one) = file.outcome {
            evaluated.push(*one);
        }
    }
    fill_items(&mut evaluated);
    let named = names::assign(evaluated, settings, &mut warnings);
    let files = named.evaluated.iter().filter(|file| !file.rows.is_empty()).count();
    let (mut collisions, notes, params) = (named.collisions, named.notes, named.params);
    let rows = named.evaluated.into_iter().flat_map(|file| file.rows).collect();
    let observations = choose::latest(rows, &mut warnings, &mut collisions);
    warnings.sort();
    warnings.dedup();
    Ok(Imported { observations, warnings, collisions, notes, params, files })
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::harness) struct Found {
    pub path: PathBuf,
    /// As written to the table: relative to the folder that was given, with forward slashes.
    pub source: String,
}

/// What a file gave, and what of it could not be used.
pub(in crate::harness) struct Read {
    pub outcome: FileOutcome,
    pub problems: Vec<String>,
}

pub(in crate::harness) enum FileOutcome {
    Evaluated(Box<Evaluated>),
    Nothing,
}

/// What one file says of one model.
pub(in crate::harness) struct Evaluated {
    pub subject: Subject,
    /// The rows; their model has no name until all files are known.
    pub rows: Vec<Observation>,
    /// Whether items may be missing, so that no number of items is to be taken from other files.
    pub partial: bool,
    /// Number of parameters, where the file says it.
    pub params: Option<u64>,
}

impl Read {
    /// Nothing could be used.
    pub fn failed(why: impl Into<String>) -> Self {
        Self { outcome: FileOutcome::Nothing, problems: vec![why.into()] }
    }
}

struct Walk<'a> {
    endings: &'a [&'a str],
    files: Vec<Found>,
    warnings: Vec<Warning>,
}

impl Walk<'_> {
    fn folder(&mut self, root: &Path, folder: &Path) -> std::io::Result<()> {
        let relative = |path: &Path| {
            let below = path.strip_prefix(root).unwrap_or(path);
            below.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
        };
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            let ends = |ending: &&str| path.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending));
            if entry.file_type()?.is_dir() {
                if let Err(error) = self.folder(root, &path) {
                    let why = format!("cannot read the folder: {error}");
                    self.warnings.push(Warning { what: relative(&path), why });
                }
            } else if self.endings.iter().any(ends) {
                let source = relative(&path);
                self.files.push(Found { path, source });
            }
        }
        Ok(())
    }
}

/// Gives rows whose file does not say how many items there were (a score of exactly 0 or 1 in an old file) the number
/// that all other files agree on; then every group the sum of its parts.
fn fill_items(files: &mut [Evaluated]) {
    let mut agreed: HashMap<String, Option<u32>> = HashMap::new();
    for row in files.iter().filter(|file| !file.partial).flat_map(|file| &file.rows) {
        let Some(items) = row.items else { continue };
        match agreed.get_mut(&row.benchmark) {
            Some(known) => *known = known.filter(|known| *known == items),
            None => {
                agreed.insert(row.benchmark.clone(), Some(items));
            }
        }
    }
    for Evaluated { rows, partial, .. } in files {
        for row in rows.iter_mut().filter(|row| row.kind == RowKind::Task && row.items.is_none() && !*partial) {
            row.items = agreed.get(&row.benchmark).copied().flatten();
        }
        sum_items(rows);
    }
}

/// The numbers of parameters of these models; none where files differ.
pub(super) fn params(files: &[Evaluated]) -> BTreeMap<String, u64> {
    let mut known: BTreeMap<&str, Option<u64>> = BTreeMap::new();
    for file in files {
        let (Some(params), Some(row)) = (file.params, file.rows.first()) else { continue };
        let told = known.entry(&row.model).or_insert(Some(params));
        *told = told.filter(|told| *told == params);
    }
    known.into_iter().filter_map(|(model, params)| Some((model.to_owned(), params?))).collect()
}
