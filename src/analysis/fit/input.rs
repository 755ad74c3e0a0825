//! Paths to tables: files are tables, except results of lm-evaluation-harness, which become a table of observations.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::harness::lm_eval;
use crate::registry::modelset::{GridSettings, ModelSet, ScoreGrid, Settings};
use crate::registry::table::{Reading, Table};
use crate::{Error, Result};

/// Sentences about what of a folder of results was left out.
const LINES: usize = 10;

/// Where the tables of a fit are: files, folders of results, or `-` for standard input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inputs {
    /// Tables that hold everything, or what the others do not say of the models.
    pub tables: Vec<PathBuf>,
    /// Scores before adjustment, where those after it are somewhere else.
    pub before: Vec<PathBuf>,
    /// Scores after adjustment.
    pub after: Vec<PathBuf>,
}

/// The tables of a fit, in memory.
#[derive(Debug, Clone, Default)]
pub struct FitTables {
    /// Tables that hold everything, or what the others do not say of the models.
    pub tables: Vec<Table>,
    /// Scores before adjustment, where those after it are somewhere else.
    pub before: Vec<Table>,
    /// Scores after adjustment.
    pub after: Vec<Table>,
    /// Sentences about what could not be read. They become notes of the report.
    pub warnings: Vec<String>,
}

impl FitTables {
    /// Reads all tables.
    ///
    /// # Errors
    /// As [`tables`]; [`Error::Argument`] when standard input is named twice.
    pub(crate) fn read(inputs: &Inputs, reading: &Reading) -> Result<Self> {
        let Inputs { tables: paths, before, after } = inputs;
        let all = [&paths[..], before, after].concat();
        if all.iter().filter(|path| is_standard_input(path)).count() > 1 {
            return Err(Error::Argument("standard input (`-`) can be read only once".into()));
        }
        let mut warnings = Vec::new();
        let mut read = |paths: &[PathBuf]| -> Result<Vec<Table>> {
            let (tables, more) = tables(paths, reading)?;
            warnings.extend(more);
            Ok(tables)
        };
        let (before, after, tables) = (read(before)?, read(after)?, read(paths)?);
        Ok(Self { tables, before, after, warnings })
    }

    /// The models of the tables.
    ///
    /// # Errors
    /// Those of [`ModelSet::from_tables`] and [`ModelSet::from_before_and_after`]; [`Error::Argument`] when only one of before
    /// and after is given, or there is no table.
    pub fn models(&self, settings: &Settings) -> Result<ModelSet> {
        self.check()?;
        let mut set = if self.after.is_empty() {
            ModelSet::from_tables(&self.tables, settings)?
        } else {
            ModelSet::from_before_and_after(&self.before, &self.after, &self.tables, settings)?
        };
        set.notes.extend(self.warnings.iter().cloned());
        Ok(set)
    }

    /// The models × benchmarks of the tables.
    ///
    /// # Errors
    /// Those of [`ScoreGrid::from_tables`] and [`ScoreGrid::from_before_and_after`]; [`Error::Argument`] as in
    /// [`models`](Self::models).
    pub(crate) fn grid(&self, settings: &GridSettings) -> Result<ScoreGrid> {
        self.check()?;
        let mut grid = if self.after.is_empty() {
            ScoreGrid::from_tables(&self.tables, settings)?
        } else {
            ScoreGrid::from_before_and_after(&self.before, &self.after, &self.tables, settings)?
        };
        grid.notes.extend(self.warnings.iter().cloned());
        Ok(grid)
    }

    fn check(&self) -> Result<()> {
        if self.before.is_empty() != self.after.is_empty() {
            return Err(Error::Argument(
                "scores before adjustment (--before) and after it (--after) belong together".into(),
            ));
        }
        if self.tables.is_empty() && self.before.is_empty() {
            return Err(Error::Argument("there is no table to read; give one, or `-` for standard input".into()));
        }
        Ok(())
    }
}

/// The tables, in the order of the paths, and a sentence for whatever of the results could not be read.
///
/// # Errors
/// When a path cannot be read, is no table, or when nothing of the results can be read.
pub fn tables(paths: &[PathBuf], reading: &Reading) -> Result<(Vec<Table>, Vec<String>)> {
    let (mut tables, mut warnings) = (Vec::new(), Vec::new());
    for path in paths {
        if is_standard_input(path) {
            tables.push(standard_input(reading)?);
            continue;
        }
        let metadata = std::fs::metadata(path).map_err(Error::read(path))?;
        if !metadata.is_dir() {
            let bytes = std::fs::read(path).map_err(Error::read(path))?;
            match Table::parse_with(&bytes, path, &[], reading) {
                Ok(table) => {
                    tables.push(table);
                    continue;
                }
                Err(error) if !is_json(path) => return Err(error),
                // It may be a results file; if it is not, what was wrong with the table is said.
                Err(error) => match results(path) {
                    Ok(Some((table, warned))) => {
                        tables.push(table);
                        warnings.extend(warned);
                        continue;
                    }
                    Ok(None) | Err(_) => return Err(error),
                },
            }
        }
        let Some((table, warned)) = results(path)? else {
            let problem = "it holds no results of lm-evaluation-harness; tables are given one by one, and results of other \
                           tools are read by `onset import`";
            return Err(Error::File { path: path.clone(), problem: problem.to_owned() });
        };
        tables.push(table);
        warnings.extend(warned);
    }
    Ok((tables, warnings))
}

/// The results of lm-evaluation-harness at a path as a table, and what could not be read; `None` where there is none.
fn results(path: &Path) -> Result<Option<(Table, Vec<String>)>> {
    let imported = lm_eval::import(&[path.to_owned()], &lm_eval::ImportSettings::default())?;
    let skipped = lm_eval::summary(&imported.warnings, LINES);
    let warned = skipped
        .iter()
        .map(|line| format!("skipped {line}"))
        .chain(imported.notes.iter().cloned())
        .chain(imported.collisions.iter().cloned());
    Ok((imported.files > 0).then(|| (imported.sheet().table(path), warned.collect())))
}

fn standard_input(reading: &Reading) -> Result<Table> {
    let name = Path::new("standard input");
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).map_err(Error::read(name))?;
    Table::parse_with(&bytes, name, &[], reading)
}

fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn is_json(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"))
}
