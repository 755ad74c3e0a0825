//! What a page shows, and where it came from.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::fit::FitData;
use super::input::{self, Kind};
use super::overview::Overview;
use super::paper::PaperData;
use super::policy;
use crate::analysis::fit::FitReport;
use crate::lab::LabReport;
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
    /// A fit just made of `set`.
    pub fn of_fit(report: &FitReport, set: &ModelSet) -> Self {
        Self::of(Content::Fit(Box::new(FitData::of(report, set))))
    }

    /// The folder that `onset fit --out` wrote.
    pub(crate) fn of_fit_folder(folder: &Path) -> Result<Self> {
        Ok(Self::of(Content::Fit(Box::new(FitData::of_folder(folder)?))))
    }

    /// The JSON of `onset fit --format json`.
    pub(crate) fn of_fit_json(path: &Path) -> Result<Self> {
        Ok(Self::of(Content::Fit(Box::new(FitData::of_json(path)?))))
    }

    /// The folder that `onset reproduce` wrote.
    pub(crate) fn of_reproduction(folder: &Path) -> Result<Self> {
        Ok(Self::of(Content::Paper(Box::new(PaperData::of_folder(folder)?))))
    }

    /// The folder that `onset reproduce` wrote of the second paper.
    pub(crate) fn of_second_paper(folder: &Path) -> Result<Self> {
        Ok(Self::of(Content::Overview(Box::new(Overview::of_second_paper(folder)?))))
    }

    /// The folder that `onset agree --out` wrote.
    pub(crate) fn of_agreement(folder: &Path) -> Result<Self> {
        Ok(Self::of(Content::Overview(Box::new(Overview::of_agreement(folder)?))))
    }

    /// The folder of a study that was reported on.
    pub(crate) fn of_study(folder: &Path) -> Result<Self> {
        Ok(Self::of(Content::Overview(Box::new(Overview::of_study(folder)?))))
    }

    /// The folder that `onset lab` wrote, with the fits of its scores.
    pub(crate) fn of_lab(folder: &Path, report: &LabReport) -> Result<Self> {
        Ok(Self::of(Content::Overview(Box::new(Overview::of_lab(folder, report)?))))
    }

    fn of(content: Content) -> Self {
        Self { content, sources: Vec::new() }
    }

    /// The same, with the files at `paths` named as those behind it.
    pub(crate) fn with_sources(self, paths: &[PathBuf]) -> Result<Self> {
        Ok(Self { sources: sources(paths)?, ..self })
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
