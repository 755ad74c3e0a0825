//! Tables of observations with fast look-ups.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::benchmark::Metric;
use super::model::Models;
use super::observation::{Adjustment, Condition, OBSERVATION_COLUMNS, Observation, RowKind};
use super::table::Table;
use crate::{Error, Result};

/// Observations, each the only one of its model × benchmark × metric × condition.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Observations {
    rows: Vec<Observation>,
    /// Positions in `rows` by benchmark, in the order of the table.
    by_benchmark: HashMap<String, Vec<usize>>,
}

impl Observations {
    /// Reads a CSV or TSV file with the columns [`OBSERVATION_COLUMNS`]; every model must be in `models`.
    ///
    /// # Errors
    /// When the file cannot be read or a row cannot be used: unknown model or metric, a value that is no number or
    /// outside the metric's scale, a second row of the same model, benchmark, metric and condition.
    pub fn read(path: &Path, models: &Models) -> Result<Self> {
        Self::from_table(&Table::read(path, OBSERVATION_COLUMNS)?, models)
    }

    /// The same from text; `name` is what error messages call it.
    ///
    /// # Errors
    /// As [`Observations::read`].
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
            if let Some(first) = first_of.insert((&o.model, &o.benchmark, &o.metric, &o.condition), row) {
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
    let at = |column: &'static str| move |e: Error| table.cell_error(row, column, e.to_string());
    let model = known_model(table, row, models)?;
    let metric: Metric = table.text(row, "metric")?.parse().map_err(at("metric"))?;
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
        kind: table
            .optional_text(row, "kind")
            .map(str::parse)
            .transpose()
            .map_err(at("kind"))?
            .unwrap_or(RowKind::Task),
        group: table.optional_text(row, "group").map(str::to_owned),
        format: table.optional_text(row, "format").map(str::parse).transpose().map_err(at("format"))?,
        metric,
        value,
        stderr,
        items: table.optional_count(row, "items")?,
        shots: table.optional_count(row, "shots")?,
        condition: condition(table, row)?,
        source: table.optional_text(row, "source").unwrap_or_default().to_owned(),
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
    let adjustment = table.optional_text(row, "adjustment").map(str::parse::<Adjustment>).transpose();
    Ok(Condition {
        adjustment: adjustment.map_err(|e| table.cell_error(row, "adjustment", e.to_string()))?.unwrap_or_default(),
        epochs: table.optional_text(row, "epochs").map(str::to_owned),
        examples: table.optional_count(row, "examples")?,
    })
}
