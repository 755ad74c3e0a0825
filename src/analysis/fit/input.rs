//! Paths to tables: files are tables, except results of lm-evaluation-harness, which become a table of observations.

use std::path::{Path, PathBuf};

use crate::harness::lm_eval;
use crate::registry::table::Table;
use crate::{Error, Result};

/// Sentences about what of a folder of results was left out.
const LINES: usize = 10;

/// The tables, in the order of the paths, and a sentence for whatever of the results could not be read.
///
/// # Errors
/// When a path cannot be read, is no table, or when nothing of the results can be read.
pub fn tables(paths: &[PathBuf]) -> Result<(Vec<Table>, Vec<String>)> {
    let (mut tables, mut warnings) = (Vec::new(), Vec::new());
    for path in paths {
        if is_results(path)? {
            let imported = lm_eval::import(std::slice::from_ref(path), &lm_eval::ImportSettings::default())?;
            if imported.files == 0 {
                let problem = "it holds no results of lm-evaluation-harness".to_owned();
                return Err(Error::File { path: path.clone(), problem });
            }
            let skipped = lm_eval::summary(&imported.warnings, LINES);
            warnings.extend(skipped.iter().map(|line| format!("skipped {line}")));
            warnings.extend(imported.notes.iter().chain(&imported.collisions).cloned());
            tables.push(imported.sheet().table(path));
        } else {
            tables.push(Table::read(path, &[])?);
        }
    }
    Ok((tables, warnings))
}

/// Folders and files called `.json` are results.
fn is_results(path: &Path) -> Result<bool> {
    let metadata = std::fs::metadata(path).map_err(Error::read(path))?;
    Ok(metadata.is_dir() || path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json")))
}
