//! Training sets in their public layouts, with the prompts and filters of the published runs.
//!
//! | set | fields | prompt | completion |
//! | --- | --- | --- | --- |
//! | MMLU auxiliary train | `question`, `choices` (or `A` to `D`), `answer` | question, `A. …` to `D. …` on lines of their own, `Answer:` | ` B` |
//! | MetaMathQA | `query`, `response` | `Question: …`, `Answer:` on a line of its own | ` ` and the solution |
//! | Orca-Math | `question`, `answer` | the same | the same |
//! | your own | `prompt`, `completion` | as it is | as it is |
//!
//! Mathematical examples above 1,700 characters, prompt and solution together, are left out. Files are JSON lines, one
//! JSON list, or CSV with a header; a folder counts as its files in the order of their names.

mod example;
mod layout;
mod rows;

use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
pub(crate) use example::Example;
use rows::Row;

/// A layout of training data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// The auxiliary training set of MMLU.
    MmluAuxiliary,
    /// MetaMathQA.
    MetaMath,
    /// Orca-Math word problems.
    OrcaMath,
    /// Fields `prompt` and `completion`.
    Prompts,
}

/// Examples of a file and what was left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Examples {
    /// In the order of the file.
    pub examples: Vec<Example>,
    /// Examples above the layout's number of characters.
    pub too_long: usize,
}

/// Characters of a mathematical example beyond which the published runs left it out.
pub(crate) const LONGEST_MATHEMATICAL: usize = 1_700;

impl Layout {
    /// All layouts and what the command line calls them.
    pub(crate) const NAMES: [(&'static str, Self); 4] = [
        ("mmlu-aux", Self::MmluAuxiliary),
        ("metamath", Self::MetaMath),
        ("orca-math", Self::OrcaMath),
        ("prompts", Self::Prompts),
    ];

    /// Reads a file, or all files of a folder.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::File`] for something else than the layout, and [`Error::Cell`] with the line for an
    /// example without answer or one that makes no sense.
    pub(crate) fn read(self, path: &Path) -> Result<Examples> {
        let mut found = Examples::default();
        for file in files(path)? {
            rows::each(&file, self == Self::MmluAuxiliary, &mut |row| {
                let example = self.example(row)?;
                let characters = example.prompt.chars().count() + example.completion.chars().count();
                if matches!(self, Self::MetaMath | Self::OrcaMath) && characters > LONGEST_MATHEMATICAL {
                    found.too_long += 1;
                } else {
                    found.examples.push(example);
                }
                Ok(())
            })?;
        }
        if found.examples.is_empty() {
            let problem = match found.too_long {
                0 => "holds no examples".to_owned(),
                all => format!("all {all} examples are longer than {LONGEST_MATHEMATICAL} characters"),
            };
            return Err(Error::File { path: path.to_owned(), problem });
        }
        Ok(found)
    }

    fn example(self, row: &Row<'_>) -> Result<Example> {
        match self {
            Self::MmluAuxiliary => layout::mmlu(row),
            Self::MetaMath => layout::mathematical(row, "query", "response"),
            Self::OrcaMath => layout::mathematical(row, "question", "answer"),
            Self::Prompts => layout::prompt(row),
        }
    }
}

/// The data files of a folder, sorted; or the file.
fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path).map_err(Error::read(path))?;
    let known = |path: &PathBuf| {
        path.extension().and_then(|kind| kind.to_str()).is_some_and(|kind| matches!(kind, "jsonl" | "json" | "csv"))
    };
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(known).collect();
    files.sort();
    if files.is_empty() {
        let problem = "holds no .jsonl, .json or .csv file".to_owned();
        return Err(Error::File { path: path.to_owned(), problem });
    }
    Ok(files)
}
