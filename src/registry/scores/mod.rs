//! The one store of scores: models × benchmarks × metrics × conditions × setups, with fast look-ups.

mod matrix;
mod observation;
mod setup;
mod write;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

pub use matrix::ScoreMatrix;
pub use observation::{Adjustment, Condition, Observation, RowKind};
pub use setup::{Limit, PromptFormat, Timestamp};
pub use setup::{Provenance, Setup};
pub use write::observations_csv;

use super::benchmark::Metric;
use super::columns::OBSERVATION_COLUMNS;
use super::model::Models;
use super::table::{DataFrame, Sheet, Table};
use crate::{Error, Result};

/// Observations, each the only one of its model × benchmark × metric × condition × setup.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Scores {
    rows: Vec<Observation>,
    /// Positions in `rows` by benchmark, in the order of the table.
    by_benchmark: HashMap<String, Vec<usize>>,
}

impl Scores {
    /// These observations.
    ///
    /// # Errors
    /// [`Error::Undetermined`] when two of them have the same model, benchmark, metric, condition and setup.
    pub fn new(rows: Vec<Observation>) -> Result<Self> {
        match twice(&rows) {
            Some((_, row)) => Err(Error::Undetermined(format!("{} has two scores: {}", rows[row].model, rows[row]))),
            None => Ok(Self::index(rows)),
        }
    }

    /// Reads a file with the columns [`OBSERVATION_COLUMNS`]. With `known`, every model must be in it.
    ///
    /// # Errors
    /// When the file cannot be read or a row cannot be used: unknown model or metric, a value that is no number or
    /// outside the metric's scale, a second row of the same model, benchmark, metric, condition and setup.
    pub fn read(path: &Path, known: Option<&Models>) -> Result<Self> {
        Self::from_table(&Table::read(path, OBSERVATION_COLUMNS)?, known)
    }

    /// The same from text; `name` is what error messages call it.
    ///
    /// # Errors
    /// As [`Scores::read`].
    pub fn parse(text: &str, name: &str, known: Option<&Models>) -> Result<Self> {
        Self::from_table(&Table::parse(text.as_bytes(), Path::new(name), OBSERVATION_COLUMNS)?, known)
    }

    /// The same from a frame; rows are counted from 1 in messages.
    ///
    /// # Errors
    /// As [`Scores::read`].
    pub fn from_frame(frame: &DataFrame, known: Option<&Models>) -> Result<Self> {
        Self::from_table(&Table::from_frame(frame, Path::new("the frame of scores"), OBSERVATION_COLUMNS)?, known)
    }

    /// As a frame with the columns [`OBSERVATION_COLUMNS`]: a row an observation, texts, numbers and truth values as such.
    /// As in a written table, a column that no row has a value in may be absent.
    ///
    /// # Errors
    /// None: the columns have different names.
    pub fn to_frame(&self) -> Result<DataFrame> {
        Sheet::of(&self.rows).frame()
    }

    /// As a table that messages call `name`.
    pub(crate) fn table(&self, name: &str) -> Table {
        Sheet::of(&self.rows).table(Path::new(name))
    }

    pub(crate) fn from_table(table: &Table, known: Option<&Models>) -> Result<Self> {
        let rows = (0..table.rows()).map(|row| observation(table, row, known)).collect::<Result<Vec<_>>>()?;
        match twice(&rows) {
            Some((first, row)) => {
                let problem = format!("{} is already in row {}", rows[row], table.line(first));
                Err(table.cell_error(row, "model", problem))
            }
            None => Ok(Self::index(rows)),
        }
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

/// The places of the first two rows of one evaluation.
fn twice(rows: &[Observation]) -> Option<(usize, usize)> {
    let mut first_of = HashMap::with_capacity(rows.len());
    rows.iter().enumerate().find_map(|(row, o)| first_of.insert(o.identity(), row).map(|first| (first, row)))
}

fn observation(table: &Table, row: usize, known: Option<&Models>) -> Result<Observation> {
    let model = match known {
        Some(models) => known_model(table, row, models)?,
        None => table.text(row, "model")?.to_owned(),
    };
    let metric: Metric = table.parsed(row, "metric")?;
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
        kind: table.optional_parsed(row, "kind")?.unwrap_or_default(),
        group: table.optional_text(row, "group").map(str::to_owned),
        format: table.optional_parsed(row, "format")?,
        metric,
        value,
        stderr,
        items: table.optional_count(row, "items")?,
        condition: condition(table, row)?,
        setup: setup(table, row)?,
        provenance: Provenance {
            date: table.optional_parsed(row, "date")?,
            source: table.optional_text(row, "source").unwrap_or_default().to_owned(),
        },
    })
}

fn setup(table: &Table, row: usize) -> Result<Setup> {
    let text = |column: &str| table.optional_text(row, column).map(str::to_owned);
    Ok(Setup {
        shots: table.optional_count(row, "shots")?,
        revision: text("revision"),
        tokens_seen: table.optional_count(row, "tokens_seen")?,
        prompt: PromptFormat {
            chat_template: text("chat_template"),
            system_prompt: text("system_prompt"),
            multiturn: table.optional_flag(row, "multiturn")?,
        },
        adapter: text("adapter"),
        quantisation: text("quantisation"),
        dtype: text("dtype"),
        settings: text("settings"),
        limit: table.optional_parsed(row, "limit")?,
        task_version: text("task_version"),
        harness: text("harness"),
        harness_version: text("harness_version"),
    })
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
        adjustment: table.optional_parsed(row, "adjustment")?.unwrap_or_default(),
        epochs: table.optional_text(row, "epochs").map(str::to_owned),
        examples: table.optional_count(row, "examples")?,
    })
}
