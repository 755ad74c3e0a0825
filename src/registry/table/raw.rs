//! What every format of table gives: names, columns, and the row of the file that each of its rows stands in.

use std::collections::HashSet;

use super::values::Values;

/// A table as it stands in a file.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) names: Vec<String>,
    pub(super) columns: Vec<Values>,
    /// The row of the file, as an editor counts it, of each row.
    pub(super) lines: Vec<usize>,
}

impl Raw {
    /// Without the columns that have neither a name nor a value, which spreadsheets leave at the right.
    ///
    /// # Errors
    /// When several columns have values and no name, or two have one name.
    pub(super) fn named(self) -> Result<Self, String> {
        let Self { names, columns, lines } = self;
        let rows = 0..lines.len();
        let kept = |name: &String, values: &Values| !name.is_empty() || rows.clone().any(|row| !values.is_missing(row));
        let mut places = Vec::new();
        let (mut kept_names, mut kept_columns) = (Vec::new(), Vec::new());
        for (at, (name, values)) in names.into_iter().zip(columns).enumerate() {
            if kept(&name, &values) {
                places.push(at + 1);
                kept_names.push(name);
                kept_columns.push(values);
            }
        }
        let unnamed: Vec<String> =
            kept_names.iter().zip(&places).filter(|(name, _)| name.is_empty()).map(|(_, at)| at.to_string()).collect();
        // One is the index that pandas writes.
        if unnamed.len() > 1 {
            return Err(format!(
                "columns {} have no name; the first row must hold the names: delete what stands above it, or name them",
                unnamed.join(", ")
            ));
        }
        let mut before = HashSet::new();
        match kept_names.iter().find(|name| !before.insert(name.as_str())) {
            Some(name) => Err(format!("two columns are named `{name}`; rename or delete one of them")),
            None => Ok(Self { names: kept_names, columns: kept_columns, lines }),
        }
    }
}
