//! What kind of thing an input is.

use std::path::{Path, PathBuf};

use super::paper::REPORTS;
use crate::analysis::fit::SCHEMA;
use crate::registry::write;
use crate::{Error, Result};

/// A kind of input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A folder that `onset reproduce` wrote.
    Reproduction,
    /// The folder that `onset reproduce` wrote of the second paper.
    SecondPaper,
    /// A folder that `onset agree --out` wrote.
    Agreement,
    /// A folder that `onset fit --out` wrote.
    FitFolder,
    /// The folder of a study that was reported on.
    Study,
    /// A folder that `onset lab` wrote.
    Lab,
    /// The JSON of `onset fit --format json`.
    FitJson,
    /// Tables, or results of an evaluation tool.
    Tables,
}

/// Looks at the paths: one folder or JSON file may be a result of onset, all else are tables.
///
/// # Errors
/// [`Error::Read`] when a path is not there, [`Error::File`] for a result of onset whose files may be of two runs.
pub(crate) fn kind(paths: &[PathBuf]) -> Result<Kind> {
    for path in paths {
        std::fs::metadata(path).map_err(Error::read(path))?;
    }
    let [path] = paths else { return Ok(Kind::Tables) };
    let has = |name: &str| path.join(name).is_file();
    let kind = if has("reproduction.csv") && has("findings.csv") {
        Kind::SecondPaper
    } else if has("report.json") && has("pairs.csv") {
        Kind::Agreement
    } else if REPORTS.iter().any(|name| has(name)) {
        Kind::Reproduction
    } else if has("report.json") && has("diagnostics.csv") {
        Kind::FitFolder
    } else if has("report/fits.csv") && has("tables/models.csv") {
        Kind::Study
    } else if has("observations.csv") && has("summary.csv") {
        Kind::Lab
    } else if is_fit_json(path) {
        Kind::FitJson
    } else {
        Kind::Tables
    };
    if !matches!(kind, Kind::FitJson | Kind::Tables) {
        [path, &path.join("report")].into_iter().try_for_each(|folder| write::finished(folder))?;
    }
    Ok(kind)
}

/// Whether a file is JSON whose `schema` is that of a fit. JSON lines and results of other tools are none.
fn is_fit_json(path: &Path) -> bool {
    let Ok(text) = std::fs::read_to_string(path) else { return false };
    let schema = |value: &serde_json::Value| value.get("schema").and_then(|s| s.as_str()) == Some(SCHEMA);
    text.trim_start().starts_with('{') && serde_json::from_str(&text).is_ok_and(|value| schema(&value))
}
