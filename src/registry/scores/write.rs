//! Values as cells of text, to be written as CSV or handed on as a [`Table`] without being written. Numbers have the fewest
//! digits that read back as the same number.

use std::path::Path;

use super::observation::{OBSERVATION_COLUMNS, Observation};
use crate::registry::table::Table;

/// The columns that every table of observations has; the others stand in it where a row has a value.
const ALWAYS: usize = 14;

/// The table of these observations, in their order: UTF-8, comma-separated, a header first.
pub fn observations_csv(observations: &[Observation]) -> String {
    Sheet::of(observations).csv()
}

/// Named columns of cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sheet {
    names: Vec<String>,
    /// Each as long as `names`.
    rows: Vec<Vec<String>>,
}

impl Sheet {
    /// With these columns; rows have a cell for each.
    pub(crate) fn new<const COLUMNS: usize>(
        names: [&str; COLUMNS],
        rows: impl IntoIterator<Item = [String; COLUMNS]>,
    ) -> Self {
        Self { names: names.map(str::to_owned).into(), rows: rows.into_iter().map(Vec::from).collect() }
    }

    /// The observations, in their order, under [`OBSERVATION_COLUMNS`].
    pub(crate) fn of(observations: &[Observation]) -> Self {
        let mut cells: Vec<_> = observations.iter().map(cells).collect();
        let written: Vec<usize> = (0..OBSERVATION_COLUMNS.len())
            .filter(|&column| column < ALWAYS || cells.iter().any(|row| !row[column].is_empty()))
            .collect();
        let taken = |row: &mut [String]| written.iter().map(|&column| std::mem::take(&mut row[column])).collect();
        Self {
            names: written.iter().map(|&column| OBSERVATION_COLUMNS[column].name.to_owned()).collect(),
            rows: cells.iter_mut().map(|row| taken(row)).collect(),
        }
    }

    /// A further column before all others, with its cell for the row in each place.
    pub(crate) fn first(mut self, name: &str, cell: impl Fn(usize) -> String) -> Self {
        self.names.insert(0, name.to_owned());
        self.rows.iter_mut().enumerate().for_each(|(at, row)| row.insert(0, cell(at)));
        self
    }

    /// The same after all others.
    #[cfg(feature = "models")]
    pub(crate) fn last(mut self, name: &str, cell: impl Fn(usize) -> String) -> Self {
        self.names.push(name.to_owned());
        self.rows.iter_mut().enumerate().for_each(|(at, row)| row.push(cell(at)));
        self
    }

    /// As CSV: UTF-8, comma-separated, a header first; cells are quoted where they must be.
    pub(crate) fn csv(&self) -> String {
        csv_text(self.names.iter(), self.rows.iter().map(|row| row.iter()))
    }

    /// As a table that messages call `path`.
    pub(crate) fn table(&self, path: &Path) -> Table {
        Table::of_cells(path, &self.names, &self.rows)
    }
}

/// The cells of [`OBSERVATION_COLUMNS`].
fn cells(o: &Observation) -> [String; OBSERVATION_COLUMNS.len()] {
    let (setup, prompt) = (&o.setup, &o.setup.prompt);
    [
        o.model.clone(),
        o.benchmark.clone(),
        shown(o.format),
        o.metric.to_string(),
        o.value.to_string(),
        shown(o.stderr),
        shown(o.items),
        shown(setup.shots),
        o.condition.adjustment.to_string(),
        shown(o.condition.epochs.as_ref()),
        shown(o.condition.examples),
        o.provenance.source.clone(),
        o.kind.to_string(),
        shown(o.group.as_ref()),
        shown(setup.revision.as_ref()),
        shown(prompt.chat_template.as_ref()),
        shown(prompt.system_prompt.as_ref()),
        shown(prompt.multiturn),
        shown(setup.adapter.as_ref()),
        shown(setup.quantisation.as_ref()),
        shown(setup.dtype.as_ref()),
        shown(setup.limit),
        shown(setup.harness.as_ref()),
        shown(setup.harness_version.as_ref()),
        shown(o.provenance.date),
    ]
}

/// A header and rows as CSV; cells are quoted where they must be.
pub(crate) fn csv_text<C: AsRef<str>, R: IntoIterator<Item = C>>(
    header: impl IntoIterator<Item = C>,
    rows: impl IntoIterator<Item = R>,
) -> String {
    let mut text = String::new();
    record(&mut text, header);
    for row in rows {
        record(&mut text, row);
    }
    text
}

fn record<C: AsRef<str>>(text: &mut String, cells: impl IntoIterator<Item = C>) {
    for (at, cell) in cells.into_iter().enumerate() {
        let cell = cell.as_ref();
        if at > 0 {
            text.push(',');
        }
        if cell.contains([',', '"', '\n', '\r', '\t']) {
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(cell);
        }
    }
    text.push('\n');
}

fn shown<T: std::fmt::Display>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
