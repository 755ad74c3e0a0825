//! What the user calls models that their evaluations call otherwise.

use std::collections::BTreeMap;
use std::path::Path;

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
