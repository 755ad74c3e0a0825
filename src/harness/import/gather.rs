//! From files and folders to one sorted list of observations.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::file::{Evaluated, FileOutcome, Found, Read};
use super::imported::{Imported, Warning};
use super::settings::ImportSettings;
use super::{choose, names, prompts};
use crate::harness::groups::sum_items;
use crate::registry::RowKind;
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
    let mut named = names::assign(evaluated, settings, &mut warnings);
    prompts::tell_apart(&mut named.evaluated);
    let files = named.evaluated.iter().filter(|file| !file.rows.is_empty()).count();
    let (mut collisions, notes, params) = (named.collisions, named.notes, named.params);
    let rows = named.evaluated.into_iter().flat_map(|file| file.rows).collect();
    let observations = choose::latest(rows, &mut warnings, &mut collisions);
    warnings.sort();
    warnings.dedup();
    Ok(Imported { observations, warnings, collisions, notes, params, files })
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
