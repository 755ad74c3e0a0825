//! Observations as a table, typed: written as CSV, handed on to a fit, or given away as a frame.

use super::observation::Observation;
use crate::registry::table::Sheet;

/// The columns that every table of observations has; the others stand in it where a row has a value.
const ALWAYS: usize = 14;

/// The table of these observations, in their order, under
/// [`OBSERVATION_COLUMNS`](crate::registry::OBSERVATION_COLUMNS): UTF-8, comma-separated, a header first.
pub fn observations_csv(observations: &[Observation]) -> String {
    Sheet::of(observations).csv()
}

impl Sheet {
    /// The observations, in their order, under [`OBSERVATION_COLUMNS`](crate::registry::OBSERVATION_COLUMNS).
    pub(crate) fn of(observations: &[Observation]) -> Self {
        let of = |row: usize| &observations[row];
        let setup = |row: usize| &observations[row].setup;
        Self::rows(observations.len())
            .text("model", |row| Some(of(row).model.clone()))
            .text("benchmark", |row| Some(of(row).benchmark.clone()))
            .text("format", |row| of(row).format.map(|format| format.to_string()))
            .text("metric", |row| Some(of(row).metric.to_string()))
            .number("value", |row| Some(of(row).value))
            .number("stderr", |row| of(row).stderr)
            .whole("items", |row| of(row).items.map(u64::from))
            .whole("shots", |row| setup(row).shots.map(u64::from))
            .text("adjustment", |row| Some(of(row).condition.adjustment.to_string()))
            .text("epochs", |row| of(row).condition.epochs.clone())
            .whole("examples", |row| of(row).condition.examples)
            .text("source", |row| Some(of(row).provenance.source.clone()))
            .text("kind", |row| Some(of(row).kind.to_string()))
            .text("group", |row| of(row).group.clone())
            .text("revision", |row| setup(row).revision.clone())
            .whole("tokens_seen", |row| setup(row).tokens_seen)
            .text("chat_template", |row| setup(row).prompt.chat_template.clone())
            .text("system_prompt", |row| setup(row).prompt.system_prompt.clone())
            .flag("multiturn", |row| setup(row).prompt.multiturn)
            .text("adapter", |row| setup(row).adapter.clone())
            .text("quantisation", |row| setup(row).quantisation.clone())
            .text("dtype", |row| setup(row).dtype.clone())
            .text("settings", |row| setup(row).settings.clone())
            .number("limit", |row| setup(row).limit.map(|limit| limit.get()))
            .text("task_version", |row| setup(row).task_version.clone())
            .text("harness", |row| setup(row).harness.clone())
            .text("harness_version", |row| setup(row).harness_version.clone())
            .text("date", |row| of(row).provenance.date.map(|date| date.to_string()))
            .without_empty(ALWAYS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::OBSERVATION_COLUMNS;
    use crate::registry::table::Sheet;

    #[test]
    fn columns_stand_as_they_are_declared() {
        let none = Sheet::of(&[]).csv();
        let always: Vec<&str> = OBSERVATION_COLUMNS[..ALWAYS].iter().map(|column| column.name).collect();
        assert_eq!(none, format!("{}\n", always.join(",")));
    }
}
