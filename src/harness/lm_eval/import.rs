//! From files and folders to one sorted list of observations.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::file::{Cell, ResultsFile};
use super::origin;
use super::rows::{self, Origin};
use super::settings::ImportSettings;
use crate::harness::groups::sum_items;
use crate::registry::{Models, Observation, RowKind};
use crate::{Error, Result};

/// Something that was left out, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Warning {
    /// The file or folder; a model's name when all its files were left out.
    pub what: String,
    /// Why.
    pub why: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Imported {
    /// One row for each model, benchmark, metric and condition, sorted by them.
    pub observations: Vec<Observation>,
    /// What was left out, sorted.
    pub warnings: Vec<Warning>,
    /// Number of results files that gave at least one observation.
    pub files: usize,
}

/// Reads results files; a folder stands for all `.json` files in and below it. The order of `paths` does not matter.
///
/// # Errors
/// [`Error::Read`] when one of `paths` cannot be read. What is wrong further down is a warning.
pub fn import(paths: &[PathBuf], settings: &ImportSettings) -> Result<Imported> {
    gather(paths, &|found| read(found, settings))
}

/// [`import`] with any reader of files.
pub(in crate::harness) fn gather(paths: &[PathBuf], reader: &(dyn Fn(&Found) -> Read + Sync)) -> Result<Imported> {
    let mut warnings = Vec::new();
    let mut files = Vec::new();
    for path in paths {
        let metadata = std::fs::metadata(path).map_err(Error::read(path))?;
        if metadata.is_dir() {
            walk(path, path, &mut files, &mut warnings).map_err(Error::read(path))?;
        } else {
            let source = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
            files.push(Found { path: path.clone(), source });
        }
    }
    files.sort();
    files.dedup_by(|a, b| a.path == b.path);
    let read: Vec<Read> = files.par_iter().map(reader).collect();

    let mut unknown: BTreeMap<String, usize> = BTreeMap::new();
    let mut kept: Vec<(Vec<Observation>, f64, bool)> = Vec::with_capacity(read.len());
    for (file, found) in read.into_iter().zip(&files) {
        warnings.extend(file.problems.into_iter().map(|why| Warning { what: found.source.clone(), why }));
        match file.outcome {
            FileOutcome::Rows { rows, date, limited } => kept.push((rows, date, limited)),
            FileOutcome::UnknownModel(name) => *unknown.entry(name).or_default() += 1,
            FileOutcome::Nothing => {}
        }
    }
    for (model, count) in unknown {
        let files = if count == 1 { "1 file" } else { &format!("{count} files") };
        let why = format!("not in the table of models, so its compute is not known; {files} left out");
        warnings.push(Warning { what: model, why });
    }
    let files = kept.iter().filter(|(rows, ..)| !rows.is_empty()).count();
    fill_items(&mut kept);
    let observations = newest(kept, &mut warnings);
    warnings.sort();
    warnings.dedup();
    Ok(Imported { observations, warnings, files })
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
    Rows { rows: Vec<Observation>, date: f64, limited: bool },
    UnknownModel(String),
    Nothing,
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<Found>, warnings: &mut Vec<Warning>) -> std::io::Result<()> {
    let relative = |path: &Path| {
        let below = path.strip_prefix(root).unwrap_or(path);
        below.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
    };
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if let Err(error) = walk(root, &path, files, warnings) {
                warnings.push(Warning { what: relative(&path), why: format!("cannot read the folder: {error}") });
            }
        } else if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
            let source = relative(&path);
            files.push(Found { path, source });
        }
    }
    Ok(())
}

fn read(found: &Found, settings: &ImportSettings) -> Read {
    let failed = |why: String| Read { outcome: FileOutcome::Nothing, problems: vec![why] };
    let bytes = match std::fs::read(&found.path) {
        Ok(bytes) => bytes,
        Err(error) => return failed(format!("cannot read the file: {error}")),
    };
    let parsed = ResultsFile::parse(&bytes, |file| rows_of(file, found, settings));
    match parsed {
        Ok(read) => read,
        Err(error) if error.is_eof() => failed(format!("the JSON ends early: {error}")),
        Err(error) => failed(format!("not a results file: {error}")),
    }
}

fn rows_of(file: &ResultsFile<'_>, found: &Found, settings: &ImportSettings) -> Read {
    let failed = |why: &str| Read { outcome: FileOutcome::Nothing, problems: vec![why.to_owned()] };
    let name = origin::model(file, &found.path, settings);
    let condition = match origin::condition(&found.path, settings) {
        Ok(condition) => condition,
        Err(why) => return failed(&why),
    };
    let model = match &settings.models {
        None => name,
        Some(models) => match registered(models, &name) {
            Some(registered) => registered,
            None if file.results.is_some() => {
                return Read { outcome: FileOutcome::UnknownModel(name), problems: Vec::new() };
            }
            None => name,
        },
    };
    let origin = Origin { model, condition, source: &found.source };
    let Some((rows, mut problems)) = rows::observations(file, &origin) else {
        return failed("no results in it");
    };
    if rows.is_empty() && problems.is_empty() {
        problems.push("no metric in its results".into());
    }
    let date = file.date.as_ref().and_then(Cell::number).unwrap_or(f64::NEG_INFINITY);
    let limited = file.config.as_ref().and_then(|config| config.limit.as_ref()).is_some_and(|l| l.number().is_some());
    Read { outcome: FileOutcome::Rows { rows, date, limited }, problems }
}

/// The registry's name for the model that is known as `name`.
pub(in crate::harness) fn registered(models: &Models, name: &str) -> Option<String> {
    models.known_as(name).map(|model| model.name.clone())
}

/// Gives rows whose file does not say how many items there were (a score of exactly 0 or 1 in an old file) the number
/// that all other files agree on; then every group the sum of its parts.
fn fill_items(files: &mut [(Vec<Observation>, f64, bool)]) {
    let mut agreed: HashMap<String, Option<u32>> = HashMap::new();
    for row in files.iter().filter(|(_, _, limited)| !limited).flat_map(|(rows, ..)| rows) {
        let Some(items) = row.items else { continue };
        match agreed.get_mut(&row.benchmark) {
            Some(known) => *known = known.filter(|known| *known == items),
            None => {
                agreed.insert(row.benchmark.clone(), Some(items));
            }
        }
    }
    for (rows, _, limited) in files {
        for row in rows.iter_mut().filter(|row| row.kind == RowKind::Task && row.items.is_none() && !*limited) {
            row.items = agreed.get(&row.benchmark).copied().flatten();
        }
        sum_items(rows);
    }
}

/// One row for each model, benchmark, metric and condition: the newest, by the date in its file, then by its name.
fn newest(files: Vec<(Vec<Observation>, f64, bool)>, warnings: &mut Vec<Warning>) -> Vec<Observation> {
    let mut rows: Vec<(Observation, f64)> =
        files.into_iter().flat_map(|(rows, date, _)| rows.into_iter().map(move |row| (row, date))).collect();
    let key = |row: &Observation, other: &Observation| {
        (&row.model, &row.benchmark, &row.metric, &row.condition).cmp(&(
            &other.model,
            &other.benchmark,
            &other.metric,
            &other.condition,
        ))
    };
    rows.par_sort_by(|(a, a_date), (b, b_date)| {
        key(a, b).then_with(|| b_date.total_cmp(a_date)).then_with(|| b.provenance.source.cmp(&a.provenance.source))
    });
    let mut kept: Vec<Observation> = Vec::with_capacity(rows.len());
    for (row, _) in rows {
        match kept.last() {
            Some(last) if key(last, &row).is_eq() => {
                let why = format!(
                    "a newer evaluation of {} on {} is in {}",
                    row.model, row.benchmark, last.provenance.source
                );
                warnings.push(Warning { what: row.provenance.source, why });
            }
            _ => kept.push(row),
        }
    }
    kept
}
