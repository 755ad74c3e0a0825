//! What an import gives: observations, and what was left out or could not be told apart.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::registry::Observation;
use crate::registry::table::{DataFrame, Sheet};

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
    /// One row for each model, benchmark, metric, condition and setup, sorted by them; two where there is a collision.
    pub observations: Vec<Observation>,
    /// What was left out, sorted.
    pub warnings: Vec<Warning>,
    /// What could not be told apart: models of one name, and scores of one evaluation. One sentence each.
    pub collisions: Vec<String>,
    /// What a reader should know of what is there: models that go by another name in the table of models and were taken
    /// for those all the same, checkpoints whose training tokens are not known. One sentence each.
    pub notes: Vec<String>,
    /// Number of parameters, of the models whose files say it.
    pub params: BTreeMap<String, u64>,
    /// Number of results files that gave at least one observation.
    pub files: usize,
}

impl Imported {
    /// The observations as a table, with the column `params` where files say it.
    pub(crate) fn sheet(&self) -> Sheet {
        let sheet = Sheet::of(&self.observations);
        if self.params.is_empty() {
            return sheet;
        }
        sheet.whole("params", |row| self.params.get(&self.observations[row].model).copied())
    }

    /// The same as a frame.
    ///
    /// # Errors
    /// None: the columns have different names.
    pub fn to_frame(&self) -> Result<DataFrame> {
        self.sheet().frame()
    }

    /// The same as CSV.
    #[must_use]
    pub fn csv(&self) -> String {
        self.sheet().csv()
    }
}

/// Sentences for at most `most` lines: what is the same of several files is said once, and what does not fit is counted.
#[must_use]
pub fn summary(warnings: &[Warning], most: usize) -> Vec<String> {
    let mut files: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for warning in warnings {
        files.entry(&warning.why).or_default().push(&warning.what);
    }
    // What concerns most files first.
    let mut alike: Vec<(&str, Vec<&str>)> = files.into_iter().collect();
    alike.sort_by(|(why, a), (other, b)| b.len().cmp(&a.len()).then_with(|| (a, why).cmp(&(b, other))));
    let mut lines: Vec<String> = alike
        .iter()
        .map(|(why, what)| match what.as_slice() {
            [one] => format!("{one}: {why}"),
            [first, others @ ..] => format!("{first} and {} more: {why}", others.len()),
            [] => String::new(),
        })
        .collect();
    if lines.len() > most {
        let shown = most.saturating_sub(1);
        let rest: usize = alike[shown..].iter().map(|(_, what)| what.len()).sum();
        lines.truncate(shown);
        lines.push(format!("and {rest} more"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_warnings_are_few_lines_and_none_is_lost() {
        let warning = |what: usize, why: usize| Warning { what: format!("{what}.json"), why: format!("reason {why}") };
        let mut many: Vec<Warning> = (0..1000).map(|k| warning(k, 0)).collect();
        many.extend((0..30).map(|k| warning(k, 1 + k)));
        let lines = summary(&many, 10);
        assert_eq!(lines.len(), 10);
        assert_eq!(lines[0], "0.json and 999 more: reason 0");
        assert_eq!(lines[9], "and 22 more", "eight of thirty are shown");
        assert_eq!(summary(&many[..2], 10), ["0.json and 1 more: reason 0"]);
        assert_eq!(summary(&[], 10), Vec::<String>::new());
    }
}
