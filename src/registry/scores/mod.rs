//! The one store of scores: models × benchmarks × metrics × conditions × setups, with fast look-ups.

mod matrix;
mod observation;
mod setup;
mod write;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::str::FromStr;

pub use matrix::ScoreMatrix;
pub use observation::{Adjustment, Condition, OBSERVATION_COLUMNS, Observation, RowKind};
pub use setup::{Limit, PromptFormat, Provenance, Setup, Timestamp};
pub use write::observations_csv;
pub(crate) use write::{Sheet, csv_text};

use super::benchmark::Metric;
use super::model::Models;
use super::table::Table;
use crate::{Error, Result};

/// Observations, each the only one of its model × benchmark × metric × condition × setup.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scores {
    rows: Vec<Observation>,
    /// Positions in `rows` by benchmark, in the order of the table.
    by_benchmark: HashMap<String, Vec<usize>>,
}

impl Scores {
    /// Reads a CSV or TSV file with the columns [`OBSERVATION_COLUMNS`]; every model must be in `models`.
    ///
    /// # Errors
    /// When the file cannot be read or a row cannot be used: unknown model or metric, a value that is no number or
    /// outside the metric's scale, a second row of the same model, benchmark, metric, condition and setup.
    pub fn read(path: &Path, models: &Models) -> Result<Self> {
        Self::from_table(&Table::read(path, OBSERVATION_COLUMNS)?, models)
    }

    /// The same from text; `name` is what error messages call it.
    ///
    /// # Errors
    /// As [`Scores::read`].
    pub fn parse(text: &str, name: &str, models: &Models) -> Result<Self> {
        Self::from_table(&Table::parse(text.as_bytes(), Path::new(name), OBSERVATION_COLUMNS)?, models)
    }

    pub(crate) fn from_table(table: &Table, models: &Models) -> Result<Self> {
        let mut rows = Vec::with_capacity(table.rows());
        for row in 0..table.rows() {
            rows.push(observation(table, row, models)?);
        }
        let mut first_of = HashMap::with_capacity(rows.len());
        for (row, o) in rows.iter().enumerate() {
            if let Some(first) = first_of.insert(o.identity(), row) {
                let problem = format!(
                    "{} of {} under {} is already in row {}",
                    o.metric,
                    o.benchmark,
                    o.condition,
                    table.line(first)
                );
                return Err(table.cell_error(row, "model", problem));
            }
        }
        drop(first_of);
        Ok(Self::index(rows))
    }

    fn index(rows: Vec<Observation>) -> Self {
        let mut by_benchmark: HashMap<String, Vec<usize>> = HashMap::new();
        for (row, observation) in rows.iter().enumerate() {
            match by_benchmark.get_mut(&observation.benchmark) {
                Some(positions) => positions.push(row),
                None => {
                    by_benchmark.insert(observation.benchmark.clone(), vec![row]);
                }
            }
        }
        Self { rows, by_benchmark }
    }

    /// All rows in the order of the table.
    pub fn rows(&self) -> &[Observation] {
        &self.rows
    }

    /// The rows of one benchmark in the order of the table.
    pub fn of(&self, benchmark: &str) -> impl Iterator<Item = &Observation> {
        self.by_benchmark.get(benchmark).into_iter().flatten().map(|&row| &self.rows[row])
    }

    /// The one observation of this model, benchmark, metric and condition.
    pub fn get(&self, model: &str, benchmark: &str, metric: &Metric, condition: &Condition) -> Option<&Observation> {
        self.of(benchmark).find(|o| o.model == model && o.metric == *metric && o.condition == *condition)
    }

    /// Scores of all models on this benchmark, metric and condition, in alphabetical order of their names.
    pub fn by_model(&self, benchmark: &str, metric: &Metric, condition: &Condition) -> BTreeMap<String, f64> {
        self.of(benchmark)
            .filter(|o| o.metric == *metric && o.condition == *condition)
            .map(|o| (o.model.clone(), o.value))
            .collect()
    }

    /// The conditions under which this benchmark was evaluated, in order.
    pub fn conditions(&self, benchmark: &str) -> Vec<Condition> {
        let mut conditions: Vec<Condition> = self.of(benchmark).map(|o| o.condition.clone()).collect();
        conditions.sort();
        conditions.dedup();
        conditions
    }
}

fn observation(table: &Table, row: usize, models: &Models) -> Result<Observation> {
    let model = known_model(table, row, models)?;
    let metric = table.text(row, "metric")?;
    let metric: Metric = metric.parse().map_err(|e: Error| table.cell_error(row, "metric", e.to_string()))?;
    let value = table.number(row, "value")?;
    let (low, high) = metric.measure.range();
    if !(low..=high).contains(&value) {
        return Err(table.cell_error(
            row,
            "value",
            format!("{value} is outside the scale of {metric}, {low} to {high}"),
        ));
    }
    let stderr = table.optional_number(row, "stderr")?;
    if stderr.is_some_and(|s| s < 0.0) {
        return Err(table.cell_error(row, "stderr", "a standard error is not negative".into()));
    }
    Ok(Observation {
        model,
        benchmark: table.text(row, "benchmark")?.to_owned(),
        kind: parsed(table, row, "kind")?.unwrap_or_default(),
        group: table.optional_text(row, "group").map(str::to_owned),
        format: parsed(table, row, "format")?,
        metric,
        value,
        stderr,
        items: table.optional_count(row, "items")?,
        condition: condition(table, row)?,
        setup: setup(table, row)?,
        provenance: Provenance {
            date: parsed(table, row, "date")?,
            source: table.optional_text(row, "source").unwrap_or_default().to_owned(),
        },
    })
}

fn setup(table: &Table, row: usize) -> Result<Setup> {
    let text = |column: &str| table.optional_text(row, column).map(str::to_owned);
    Ok(Setup {
        shots: table.optional_count(row, "shots")?,
        revision: text("revision"),
        prompt: PromptFormat {
            chat_template: text("chat_template"),
            system_prompt: text("system_prompt"),
            multiturn: table.optional_flag(row, "multiturn")?,
        },
        adapter: text("adapter"),
        quantisation: text("quantisation"),
        dtype: text("dtype"),
        limit: parsed(table, row, "limit")?,
        harness: text("harness"),
        harness_version: text("harness_version"),
    })
}

/// The value of a cell that may be empty.
fn parsed<T: FromStr<Err = Error>>(table: &Table, row: usize, column: &str) -> Result<Option<T>> {
    let text = table.optional_text(row, column);
    text.map(str::parse).transpose().map_err(|e: Error| table.cell_error(row, column, e.to_string()))
}

/// The cell `model`, which must name a model of the registry.
pub(super) fn known_model(table: &Table, row: usize, models: &Models) -> Result<String> {
    let model = table.text(row, "model")?;
    if models.get(model).is_some() {
        return Ok(model.to_owned());
    }
    let hint = models.similar(model).map_or(Cow::Borrowed(""), |known| format!("; it may be `{known}`").into());
    Err(table.cell_error(row, "model", format!("unknown model `{model}`: the table of models has no such row{hint}")))
}

/// The cells `adjustment`, `epochs` and `examples`.
pub(super) fn condition(table: &Table, row: usize) -> Result<Condition> {
    Ok(Condition {
        adjustment: parsed(table, row, "adjustment")?.unwrap_or_default(),
        epochs: table.optional_text(row, "epochs").map(str::to_owned),
        examples: table.optional_count(row, "examples")?,
    })
}
