//! What the user calls models that their evaluations call otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::file::Evaluated;
use crate::Result;
use crate::registry::table::{Column, Kind, Table};

/// The columns of a table of names.
const COLUMNS: &[Column] = &[
    Column::required("old", Kind::Text, "name or path, as the evaluations have it"),
    Column::required("new", Kind::Text, "name to take"),
];

/// New names for old ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Renames(BTreeMap<String, String>);

impl Renames {
    /// Reads a table with the columns `old` and `new`.
    ///
    /// # Errors
    /// When the file cannot be read, a cell is empty, or an old name has two new ones.
    pub fn read(path: &Path) -> Result<Self> {
        Self::of(&Table::read(path, COLUMNS)?)
    }

    fn of(table: &Table) -> Result<Self> {
        let mut names = BTreeMap::new();
        for row in 0..table.rows() {
            let (old, new) = (table.text(row, "old")?, table.text(row, "new")?);
            if let Some(other) = names.insert(old.to_owned(), new.to_owned())
                && other != new
            {
                return Err(table.cell_error(row, "old", format!("`{old}` is `{other}` in a row before")));
            }
        }
        Ok(Self(names))
    }

    /// The new name of a model that goes by any of these, and the one it was found by.
    pub(super) fn find<'s>(&'s self, names: &[&str]) -> Option<(&'s str, &'s str)> {
        let found = names.iter().find_map(|name| self.0.get_key_value(*name));
        found.map(|(old, new)| (old.as_str(), new.as_str()))
    }

    /// The old names.
    pub(super) fn old(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

/// Gives models their own names back that became one by a new name and have different scores of one thing: they are several
/// models, or several states of one. `before` holds the name each file's model had. A sentence for each new name.
pub(super) fn keep_apart(files: &mut [Evaluated], before: &[String]) -> Vec<String> {
    let mut first = BTreeMap::new();
    let mut clashes: BTreeMap<String, String> = BTreeMap::new();
    for (file, old) in files.iter().zip(before) {
        for row in &file.rows {
            let what = (&row.benchmark, &row.metric, &row.condition, &row.setup);
            let key = (file.subject.name.as_str(), file.subject.revision.as_deref(), what);
            let (other, value, items) = *first.entry(key).or_insert((old, row.value, row.items));
            if other != old && (value, items) != (row.value, row.items) {
                clashes.entry(file.subject.name.clone()).or_insert_with(|| row.benchmark.clone());
            }
        }
    }
    let mut olds: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (file, old) in files.iter_mut().zip(before) {
        if let Some((new, _)) = clashes.get_key_value(&file.subject.name) {
            olds.entry(new).or_default().insert(old);
            old.clone_into(&mut file.subject.name);
        }
    }
    let sentence = |(new, benchmark): (&String, &String)| {
        let names = olds[new.as_str()].iter().copied().collect::<Vec<_>>().join("`, `");
        format!(
            "`{names}` would all be `{new}` by --rename, and their scores differ, as on {benchmark}; each keeps its own name; \
             give them names of their own"
        )
    };
    clashes.iter().map(sentence).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Renames> {
        Renames::of(&Table::parse(text.as_bytes(), Path::new("names.csv"), COLUMNS)?)
    }

    #[test]
    fn an_old_name_has_one_new_name() {
        let names = read("old,new\n/a/run,one\nrun,two\nrun,two\n").expect("a table");
        assert_eq!(names.find(&["x", "/a/run"]), Some(("/a/run", "one")));
        let error = read("old,new\nrun,one\nrun,two\n").expect_err("two names").to_string();
        assert_eq!(error, "names.csv, row 3, column `old`: `run` is `one` in a row before");
    }
}
