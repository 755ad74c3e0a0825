//! What a page shows, and where it came from.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::fit::FitData;
use super::input::{self, Kind};
use super::overview::Overview;
use super::paper::PaperData;
use super::policy;
use crate::analysis::fit::{self, FitReport, FitSettings};
use crate::registry::modelset::ModelSet;
use crate::{Error, Result};

/// A report to be shown as one HTML file.
#[derive(Debug, Clone)]
pub struct Document {
    pub(super) content: Content,
    /// The files behind it.
    pub(super) sources: Vec<Source>,
}

/// What a page is about.
#[derive(Debug, Clone)]
pub(super) enum Content {
    Fit(Box<FitData>),
    Paper(Box<PaperData>),
    Overview(Box<Overview>),
}

/// One file that was read.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Source {
    name: String,
    /// `None` for a folder of results.
    bytes: Option<usize>,
    sha256: Option<String>,
}

impl Document {
    /// Reads what `onset` wrote (the folder of `onset fit --out`, `onset reproduce`, `onset study` or `onset lab`, the JSON
    /// of `onset fit --format json`), or else takes the paths for tables and fits them by `settings`.
    ///
    /// # Errors
    /// When a path cannot be read, is neither a result of onset nor a table, or cannot be fitted.
    pub fn open(paths: &[PathBuf], settings: &FitSettings) -> Result<Self> {
        // Of no path at all there is nothing to show.
        let Some(first) = paths.first() else {
            return Err(Error::Argument("a report needs something to show: a table, or a result of onset".into()));
        };
        let content = match input::kind(paths)? {
            Kind::Reproduction => Content::Paper(Box::new(PaperData::of_folder(first)?)),
            Kind::Study => Content::Overview(Box::new(Overview::of_study(first)?)),
            Kind::Lab => Content::Overview(Box::new(Overview::of_lab(first)?)),
            Kind::FitFolder => Content::Fit(Box::new(FitData::of_folder(first)?)),
            Kind::FitJson => Content::Fit(Box::new(FitData::of_json(first)?)),
            Kind::Tables => {
                let (tables, warnings) = fit::tables(paths)?;
                let mut set = ModelSet::from_tables(&tables, &settings.tables)?;
                set.notes.extend(warnings);
                Content::Fit(Box::new(FitData::of(&settings.fit(&set)?, &set)))
            }
        };
        Ok(Self { content, sources: sources(paths)? })
    }

    /// A fit just made of `set`.
    pub fn of_fit(report: &FitReport, set: &ModelSet) -> Self {
        Self { content: Content::Fit(Box::new(FitData::of(report, set))), sources: Vec::new() }
    }
}

/// The files behind the paths, those of a folder of onset one by one.
fn sources(paths: &[PathBuf]) -> Result<Vec<Source>> {
    let mut found = Vec::new();
    for path in paths {
        if !path.is_dir() {
            found.push(Source::of(path)?);
            continue;
        }
        let mut inside: Vec<PathBuf> = FOLDERS
            .iter()
            .flat_map(|folder| ["json", "csv"].map(|ending| written_by_onset(path, folder, ending)))
            .flatten()
            .collect();
        inside.sort();
        if inside.is_empty() {
            found.push(Source { name: path.display().to_string(), bytes: None, sha256: None });
        }
        for file in inside {
            found.push(Source::of(&file)?);
        }
    }
    Ok(found)
}

/// Where results lie in a folder of onset: in it, or in these below it.
const FOLDERS: [&str; 3] = ["", "tables", "report"];

/// The files with this ending directly in a folder of onset, or in one below; none for other folders, whose files may be
/// thousands.
fn written_by_onset(folder: &Path, below: &str, ending: &str) -> Vec<PathBuf> {
    if matches!(input::kind(&[folder.to_owned()]), Ok(Kind::Tables) | Err(_)) {
        return Vec::new();
    }
    let entries = std::fs::read_dir(folder.join(below)).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == ending)).collect()
}

impl Source {
    fn of(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(Error::read(path))?;
        let sha256 = Some(policy::fingerprint(&bytes));
        Ok(Self { name: path.display().to_string(), bytes: Some(bytes.len()), sha256 })
    }
}
