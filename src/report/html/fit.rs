//! A fit as the page draws it: the report, its models and its curves, from a fit just made or from the files of one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::fields::Report;
use super::input::{Kind, kind};
use crate::analysis::fit::{Analysis, FitReport, SCHEMA, SCHEMA_VERSION};
use crate::registry::benchmark;
use crate::registry::modelset::{ModelRow, ModelSet};
use crate::registry::table::Table;
use crate::stats::itemnoise::wilson;
use crate::{Error, Result};

/// Everything the page shows of a fit.
#[derive(Debug, Clone, Serialize)]
pub(super) struct FitData {
    /// The report, as docs/formats.md describes it.
    pub(super) report: Value,
    /// Models and curves of the score as observed.
    unadjusted: Drawn,
    /// Of the score after adjustment.
    adjusted: Option<Drawn>,
}

/// What is drawn of one score.
#[derive(Debug, Clone, Default, Serialize)]
struct Drawn {
    models: Vec<Model>,
    lines: Vec<Line>,
}

/// One model.
#[derive(Debug, Clone, Serialize)]
struct Model {
    model: String,
    family: String,
    cluster: String,
    release: Option<String>,
    x: f64,
    /// 0 for the reference group, k for the k-th group: the last one the model belongs to.
    group: usize,
    score: f64,
    /// Wilson's interval of the score for its number of items, where that is known.
    score_low: Option<f64>,
    score_high: Option<f64>,
    fitted: Option<f64>,
    residual: Option<f64>,
    standardized: Option<f64>,
    leverage: Option<f64>,
    theta_without_cluster: Option<f64>,
    held_out: bool,
    low: Option<f64>,
    high: Option<f64>,
}

/// One curve of one group with its band, column by column.
#[derive(Debug, Clone, Serialize)]
struct Line {
    curve: String,
    group: usize,
    x: Vec<f64>,
    score: Vec<f64>,
    low: Vec<Option<f64>>,
    high: Vec<Option<f64>>,
}

impl FitData {
    /// A fit just made; `set` knows the releases.
    pub(super) fn of(report: &FitReport, set: &ModelSet) -> Result<Self> {
        let value = serde_json::to_value(report)
            .map_err(|e| Error::Undetermined(format!("the report cannot be written as JSON: {e}")))?;
        let names: Vec<&str> = report.groups.iter().map(|group| group.name.as_str()).collect();
        let rows: BTreeMap<&str, &ModelRow> = set.rows.iter().map(|row| (row.name.as_str(), row)).collect();
        let unit = unit(set.score.scale.name());
        let known = set.score.benchmark.filter(|b| b.score.measure.is_binary()).map(|b| f64::from(b.items));
        let drawn = |analysis: &Analysis| {
            Drawn::of(analysis, &names, |name| {
                let row = rows.get(name);
                let items = row.and_then(|row| row.items).or(known);
                (row.and_then(|row| row.release).map(|month| month.to_string()), items.zip(unit))
            })
        };
        Ok(Self { unadjusted: drawn(&report.unadjusted), adjusted: report.adjusted.as_ref().map(drawn), report: value })
    }

    /// The JSON of a fit alone: it holds estimates, not models.
    pub(super) fn of_json(text: &str, path: &Path) -> Result<Self> {
        let bad = |problem: String| Error::File { path: path.to_owned(), problem };
        let report: Value = serde_json::from_str(text).map_err(|e| bad(format!("it is not JSON: {e}")))?;
        let found = report.get("schema").and_then(Value::as_str).unwrap_or_default();
        if found != SCHEMA {
            return Err(bad(format!("it is no report of a fit: its `schema` is not `{SCHEMA}`")));
        }
        let version = report.get("schema_version").and_then(Value::as_u64);
        if version != Some(u64::from(SCHEMA_VERSION)) {
            return Err(bad(format!("its layout is not version {SCHEMA_VERSION}, the one this program reads")));
        }
        let data = Self { report, unadjusted: Drawn::default(), adjusted: None };
        data.fields().map_err(|error| bad(error.to_string()))?;
        Ok(data)
    }

    /// The folder that `onset fit --out` writes.
    pub(super) fn of_folder(folder: &Path) -> Result<Self> {
        let path = folder.join("report.json");
        let mut data = Self::of_json(&std::fs::read_to_string(&path).map_err(Error::read(&path))?, &path)?;
        let fields = data.fields()?;
        let names: Vec<&str> = fields.groups.iter().map(|group| group.name.as_str()).collect();
        let known = benchmark(&fields.score).filter(|known| {
            let usual = fields.metric.as_ref().is_none_or(|metric| *metric == known.score.to_string());
            usual && known.score.measure.is_binary()
        });
        let items = known.map(|known| f64::from(known.items)).zip(unit(&fields.score_scale));
        let diagnostics = Table::read(&folder.join("diagnostics.csv"), &[])?;
        // A study keeps no predictions; its fits are shown without their curves.
        let predictions = folder.join("predictions.csv");
        let predictions = predictions.exists().then(|| Table::read(&predictions, &[])).transpose()?;
        let drawn = |condition: &str| Drawn::of_tables(condition, &diagnostics, predictions.as_ref(), &names, items);
        data.unadjusted = drawn("unadjusted")?;
        data.adjusted = match data.report.get("adjusted") {
            None | Some(Value::Null) => None,
            Some(_) => Some(drawn("adjusted")?),
        };
        Ok(data)
    }

    /// The report's fields that words need.
    pub(super) fn fields(&self) -> Result<Report> {
        serde_json::from_value(self.report.clone())
            .map_err(|e| Error::Undetermined(format!("the report of the fit lacks a field: {e}")))
    }

    /// Whether there are models to draw.
    pub(super) fn has_models(&self) -> bool {
        !self.unadjusted.models.is_empty()
    }
}

impl Drawn {
    /// `known` tells a model's release, and the number of items behind its score with the score of a perfect model.
    fn of(analysis: &Analysis, names: &[&str], known: impl Fn(&str) -> (Option<String>, Option<(f64, f64)>)) -> Self {
        let models = analysis.models.iter().map(|m| {
            let (release, items) = known(&m.model);
            let (score_low, score_high) = items.and_then(|(n, unit)| interval(m.score, n, unit)).unzip();
            Model {
                model: m.model.clone(),
                family: m.family.clone(),
                cluster: m.cluster.clone(),
                release,
                x: m.x,
                group: last_group(&m.groups),
                score: m.score,
                score_low,
                score_high,
                fitted: m.fitted,
                residual: m.residual,
                standardized: m.standardized,
                leverage: m.leverage,
                theta_without_cluster: m.theta_without_cluster,
                held_out: m.held_out,
                low: m.low,
                high: m.high,
            }
        });
        let mut lines = Lines::default();
        for p in &analysis.line {
            let group = p.group.as_ref().and_then(|name| names.iter().position(|n| n == name)).map_or(0, |k| k + 1);
            lines.push(p.curve, group, [Some(p.x), Some(p.score), p.low, p.high]);
        }
        Self { models: models.collect(), lines: lines.0 }
    }

    fn of_tables(
        condition: &str,
        diagnostics: &Table,
        predictions: Option<&Table>,
        names: &[&str],
        items: Option<(f64, f64)>,
    ) -> Result<Self> {
        let of_condition = |row: &usize| diagnostics.optional_text(*row, "condition") == Some(condition);
        let mut models = Vec::new();
        for row in (0..diagnostics.rows()).filter(of_condition) {
            let text = |column: &str| diagnostics.text(row, column).map(str::to_owned);
            let number = |column: &str| diagnostics.optional_number(row, column);
            let groups = names.iter().map(|name| Ok(number(name)?.unwrap_or(0.0))).collect::<Result<Vec<f64>>>()?;
            let score = diagnostics.number(row, "score")?;
            let (score_low, score_high) = items.and_then(|(n, unit)| interval(score, n, unit)).unzip();
            models.push(Model {
                model: text("model")?,
                family: text("family")?,
                cluster: text("cluster")?,
                release: diagnostics.optional_text(row, "release").map(str::to_owned),
                x: diagnostics.number(row, "x")?,
                group: last_group(&groups),
                score,
                score_low,
                score_high,
                fitted: number("fitted")?,
                residual: number("residual")?,
                standardized: number("standardized")?,
                leverage: number("leverage")?,
                theta_without_cluster: number("theta_without_cluster")?,
                held_out: diagnostics.optional_text(row, "status") == Some("held_out"),
                low: number("low")?,
                high: number("high")?,
            });
        }
        let lines = predictions.map_or_else(|| Ok(Vec::new()), |table| lines(condition, table, names))?;
        Ok(Self { models, lines })
    }
}

/// The curves of one condition.
fn lines(condition: &str, predictions: &Table, names: &[&str]) -> Result<Vec<Line>> {
    let mut lines = Lines::default();
    let text = |row: usize, column: &str| predictions.optional_text(row, column);
    let drawn = |row: &usize| text(*row, "condition") == Some(condition) && text(*row, "kind") == Some("curve");
    for row in (0..predictions.rows()).filter(drawn) {
        let group = text(row, "group").and_then(|name| names.iter().position(|n| *n == name));
        let number = |column: &str| predictions.optional_number(row, column);
        let numbers = [number("x")?, number("score")?, number("low")?, number("high")?];
        lines.push(predictions.text(row, "curve")?, group.map_or(0, |k| k + 1), numbers);
    }
    Ok(lines.0)
}

/// The score of a perfect model, where a score is a share of items.
fn unit(scale: &str) -> Option<f64> {
    match scale {
        "share" => Some(1.0),
        "percent" => Some(100.0),
        _ => None,
    }
}

/// Wilson's interval of a score of `n` items, in units of which a perfect model has `unit`.
fn interval(score: f64, n: f64, unit: f64) -> Option<(f64, f64)> {
    let share = score / unit;
    (n >= 1.0 && (0.0..=1.0).contains(&share)).then(|| {
        let (low, high) = wilson(share, n as usize);
        (low * unit, high * unit)
    })
}

/// What the report of a fit says of the tables it was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::report) struct Behind {
    /// The tables.
    pub(in crate::report) tables: Vec<PathBuf>,
    /// The score.
    pub(in crate::report) score: String,
    /// Its metric.
    pub(in crate::report) metric: Option<String>,
    /// The score after adjustment.
    pub(in crate::report) adjusted: Option<String>,
}

/// The tables behind a folder or a JSON file of `onset fit`.
pub(in crate::report) fn behind(paths: &[PathBuf]) -> Result<Behind> {
    let Some(path) = paths.first() else { return Err(Error::Argument("there is no fit to look into".into())) };
    let path = if kind(paths)? == Kind::FitFolder { path.join("report.json") } else { path.clone() };
    let data = FitData::of_json(&std::fs::read_to_string(&path).map_err(Error::read(&path))?, &path)?;
    let fields = data.fields()?;
    Ok(Behind {
        tables: fields.tables.iter().map(PathBuf::from).collect(),
        score: fields.score,
        metric: fields.metric,
        adjusted: fields.adjusted_score,
    })
}

/// The last group that a model belongs to, counted from 1; 0 for none.
fn last_group(groups: &[f64]) -> usize {
    groups.iter().rposition(|z| *z != 0.0).map_or(0, |k| k + 1)
}

/// Points gathered into curves.
#[derive(Default)]
struct Lines(Vec<Line>);

impl Lines {
    /// Adds a point `[x, score, low, high]`.
    fn push(&mut self, curve: &str, group: usize, [x, score, low, high]: [Option<f64>; 4]) {
        let (Some(x), Some(score)) = (x, score) else { return };
        let place = self.0.iter().position(|line| line.curve == curve && line.group == group).unwrap_or_else(|| {
            let curve = curve.to_owned();
            self.0.push(Line { curve, group, x: vec![], score: vec![], low: vec![], high: vec![] });
            self.0.len() - 1
        });
        let line = &mut self.0[place];
        line.x.push(x);
        line.score.push(score);
        line.low.push(low);
        line.high.push(high);
    }
}

#[cfg(test)]
mod tests {
    use super::interval;

    #[test]
    fn the_interval_of_a_score_is_wilsons() {
        // Newcombe (1998), table I, method 3: 81 of 263 gives 0.2553 to 0.3662.
        let (low, high) = interval(81.0 / 263.0, 263.0, 1.0).expect("a share");
        assert!((low - 0.2553).abs() < 5e-5 && (high - 0.3662).abs() < 5e-5, "{low} to {high}");
        let percent = interval(8100.0 / 263.0, 263.0, 100.0).expect("a percentage");
        assert!((percent.0 - 100.0 * low).abs() < 1e-9);
        assert_eq!(interval(1.5, 100.0, 1.0), None);
    }
}
