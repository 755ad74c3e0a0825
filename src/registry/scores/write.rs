//! Observations as CSV, with the columns they are read by. Numbers are written with the fewest digits that read back as
//! the same number.

use super::observation::{OBSERVATION_COLUMNS, Observation};

/// The columns that every table has; the others stand in it where a row has a value.
const ALWAYS: usize = 14;

/// The table of these observations, in their order: UTF-8, comma-separated, a header first.
pub fn observations_csv(observations: &[Observation]) -> String {
    observations_between(&[], observations, &[])
}

/// A further column: its name, and its cell for the observation in this place.
pub(crate) type Further<'a> = (&'a str, &'a dyn Fn(usize) -> String);

/// The same with further columns before and after.
pub(crate) fn observations_between(
    before: &[Further<'_>],
    observations: &[Observation],
    after: &[Further<'_>],
) -> String {
    let mut cells: Vec<_> = observations.iter().map(cells).collect();
    let written: Vec<usize> = (0..OBSERVATION_COLUMNS.len())
        .filter(|&column| column < ALWAYS || cells.iter().any(|row| !row[column].is_empty()))
        .collect();
    let name = |further: &Further<'_>| further.0.to_owned();
    let own = written.iter().map(|&column| OBSERVATION_COLUMNS[column].name.to_owned());
    let header = before.iter().map(name).chain(own).chain(after.iter().map(name));
    let rows = cells.iter_mut().enumerate().map(|(at, row)| {
        let cell = move |further: &Further<'_>| (further.1)(at);
        let own = written.iter().map(|&column| std::mem::take(&mut row[column]));
        before.iter().map(cell).chain(own).chain(after.iter().map(cell))
    });
    csv_text(header, rows)
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
pub(crate) fn csv_text<R: IntoIterator<Item = String>>(
    header: impl IntoIterator<Item = String>,
    rows: impl IntoIterator<Item = R>,
) -> String {
    let mut text = String::new();
    record(&mut text, header);
    for row in rows {
        record(&mut text, row);
    }
    text
}

fn record(text: &mut String, cells: impl IntoIterator<Item = String>) {
    for (at, cell) in cells.into_iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        if cell.contains([',', '"', '\n', '\r', '\t']) {
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(&cell);
        }
    }
    text.push('\n');
}

fn shown<T: std::fmt::Display>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
