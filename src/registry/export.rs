//! Observations as CSV, with the columns they are read by. Numbers are written with the fewest digits that read back as
//! the same number.

use super::observation::{OBSERVATION_COLUMNS, Observation};

/// The table of these observations, in their order: UTF-8, comma-separated, a header first.
pub fn observations_csv(observations: &[Observation]) -> String {
    csv_text(names(), observations.iter().map(cells))
}

/// The same with further columns: the name of each, and its cell for the observation in this place.
pub(crate) fn observations_with<F: Fn(usize) -> String>(observations: &[Observation], more: &[(&str, F)]) -> String {
    let header = names().chain(more.iter().map(|(name, _)| (*name).to_owned()));
    let rows = observations.iter().enumerate();
    csv_text(header, rows.map(|(at, o)| cells(o).into_iter().chain(more.iter().map(move |(_, cell)| cell(at)))))
}

fn names() -> impl Iterator<Item = String> {
    OBSERVATION_COLUMNS.iter().map(|column| column.name.to_owned())
}

fn cells(o: &Observation) -> [String; OBSERVATION_COLUMNS.len()] {
    [
        o.model.clone(),
        o.benchmark.clone(),
        shown(o.format),
        o.metric.to_string(),
        o.value.to_string(),
        shown(o.stderr),
        shown(o.items),
        shown(o.shots),
        o.condition.adjustment.to_string(),
        shown(o.condition.epochs.as_ref()),
        shown(o.condition.examples),
        o.source.clone(),
        o.kind.to_string(),
        o.group.clone().unwrap_or_default(),
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
