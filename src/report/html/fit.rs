//! A fit as the page draws it: the report, its models and its curves, from a fit just made or from the files of one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::input::{Kind, kind};
use crate::analysis::Phase;
use crate::analysis::fit::{Analysis, FitReport, GroupReport, item_interval};
use crate::registry::modelset::{Group, ModelRow, ModelSet};
use crate::registry::table::Table;
use crate::registry::{Month, benchmark};
use crate::stats::curves::Curve;
use crate::{Error, Result};

/// Everything the page shows of a fit.
#[derive(Debug, Clone, Serialize)]
pub(super) struct FitData {
    /// The report, as docs/formats.md describes it.
    pub(super) report: FitReport,
    /// What its script prints beside the numbers.
    labels: Labels,
    /// Models and curves of the score as observed.
    unadjusted: Drawn,
    /// Of the score after adjustment.
    adjusted: Option<Drawn>,
}

/// Names that the report's types have for people.
#[derive(Debug, Clone, Serialize)]
struct Labels {
    /// Of the models outside every group, then of each group.
    groups: Vec<String>,
    /// The month that divides the models where nothing else does.
    cutoff: Option<Month>,
    /// Of the predictor's axis.
    predictor: String,
    /// What follows a value of the predictor.
    unit: String,
    /// Of the score's axis.
    score: String,
}

impl Labels {
    fn of(report: &FitReport) -> Self {
        let unit = report.predictor.name.unit();
        Self {
            groups: report.group_names(),
            cutoff: match &report.groups[..] {
                [only] => only.name.month(),
                _ => None,
            },
            predictor: report.predictor.name.label().to_owned(),
            unit: unit.map_or_else(String::new, |unit| format!(" {unit}")),
            score: report.score_label(),
        }
    }
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
    curve: Curve,
    group: usize,
    x: Vec<f64>,
    score: Vec<f64>,
    low: Vec<Option<f64>>,
    high: Vec<Option<f64>>,
}

impl FitData {
    /// A fit just made; `set` knows the releases.
    pub(super) fn of(report: &FitReport, set: &ModelSet) -> Self {
        let rows: BTreeMap<&str, &ModelRow> = set.rows.iter().map(|row| (row.name.as_str(), row)).collect();
        let unit = set.score.scale.perfect();
        let known = set.score.benchmark.filter(|b| b.score.measure.is_binary()).map(|b| f64::from(b.items));
        let drawn = |analysis: &Analysis| {
            Drawn::of(analysis, &report.groups, |name| {
                let row = rows.get(name);
                let items = row.and_then(|row| row.items).or(known);
                (row.and_then(|row| row.release).map(|month| month.to_string()), items.zip(unit))
            })
        };
        Self {
            unadjusted: drawn(&report.unadjusted),
            adjusted: report.adjusted.as_ref().map(drawn),
            ..Self::of_report(report.clone())
        }
    }

    /// A report alone: it holds estimates, not models.
    fn of_report(report: FitReport) -> Self {
        Self { labels: Labels::of(&report), report, unadjusted: Drawn::default(), adjusted: None }
    }

    /// The JSON of a fit.
    pub(super) fn of_json(path: &Path) -> Result<Self> {
        Ok(Self::of_report(read(path)?))
    }

    /// The folder that `onset fit --out` writes.
    pub(super) fn of_folder(folder: &Path) -> Result<Self> {
        let report = read(&folder.join("report.json"))?;
        let known = benchmark(&report.score).filter(|known| {
            let usual = report.metric.as_ref().is_none_or(|metric| *metric == known.score.to_string());
            usual && known.score.measure.is_binary()
        });
        let items = known.map(|known| f64::from(known.items)).zip(report.score_scale.perfect());
        let diagnostics = Table::read(&folder.join("diagnostics.csv"), &[])?;
        // A study keeps no predictions; its fits are shown without their curves.
        let predictions = folder.join("predictions.csv");
        let predictions = predictions.exists().then(|| Table::read(&predictions, &[])).transpose()?;
        let drawn = |phase| Drawn::of_tables(phase, &diagnostics, predictions.as_ref(), &report.groups, items);
        let unadjusted = drawn(Phase::Unadjusted)?;
        let adjusted = report.adjusted.as_ref().map(|_| drawn(Phase::Adjusted)).transpose()?;
        Ok(Self { unadjusted, adjusted, ..Self::of_report(report) })
    }

    /// Whether there are models to draw.
    pub(super) fn has_models(&self) -> bool {
        !self.unadjusted.models.is_empty()
    }
}

impl Drawn {
    /// `known` tells a model's release, and the number of items behind its score with the score of a perfect model.
    fn of(
        analysis: &Analysis,
        groups: &[GroupReport],
        known: impl Fn(&str) -> (Option<String>, Option<(f64, f64)>),
    ) -> Self {
        let models = analysis.models.iter().map(|m| {
            let (release, items) = known(&m.model);
            let (score_low, score_high) = items.and_then(|(n, unit)| item_interval(m.score, n, unit)).unzip();
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
                low: m.interval.low,
                high: m.interval.high,
            }
        });
        let mut lines = Lines::default();
        for p in &analysis.line {
            let group = p.group.as_ref().and_then(|group| groups.iter().position(|g| g.name == *group));
            lines.push(
                p.curve,
                group.map_or(0, |k| k + 1),
                [Some(p.x), Some(p.score), p.interval.low, p.interval.high],
            );
        }
        Self { models: models.collect(), lines: lines.0 }
    }

    fn of_tables(
        phase: Phase,
        diagnostics: &Table,
        predictions: Option<&Table>,
        groups: &[GroupReport],
        items: Option<(f64, f64)>,
    ) -> Result<Self> {
        let names: Vec<String> = groups.iter().map(|group| group.name.to_string()).collect();
        let of_phase = |row: &usize| is_of(diagnostics, *row, phase);
        let mut models = Vec::new();
        for row in (0..diagnostics.rows()).filter(of_phase) {
            let text = |column: &str| diagnostics.text(row, column).map(str::to_owned);
            let number = |column: &str| diagnostics.optional_number(row, column);
            let groups = names.iter().map(|name| Ok(number(name)?.unwrap_or(0.0))).collect::<Result<Vec<f64>>>()?;
            let score = diagnostics.number(row, "score")?;
            let (score_low, score_high) = items.and_then(|(n, unit)| item_interval(score, n, unit)).unzip();
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
        let lines = predictions.map_or_else(|| Ok(Vec::new()), |table| lines(phase, table, groups))?;
        Ok(Self { models, lines })
    }
}

/// Whether a row is about scores as released, or those after adjustment.
fn is_of(table: &Table, row: usize, phase: Phase) -> bool {
    table.optional_text(row, "condition").and_then(|text| text.parse().ok()) == Some(phase)
}

/// The curves of one score.
fn lines(phase: Phase, predictions: &Table, groups: &[GroupReport]) -> Result<Vec<Line>> {
    let mut lines = Lines::default();
    let text = |row: usize, column: &str| predictions.optional_text(row, column);
    let drawn = |row: &usize| is_of(predictions, *row, phase) && text(*row, "kind") == Some("curve");
    for row in (0..predictions.rows()).filter(drawn) {
        let group: Option<Group> = text(row, "group").map(str::parse).transpose()?;
        let group = group.and_then(|group| groups.iter().position(|g| g.name == group));
        let number = |column: &str| predictions.optional_number(row, column);
        let numbers = [number("x")?, number("score")?, number("low")?, number("high")?];
        lines.push(predictions.text(row, "curve")?.parse()?, group.map_or(0, |k| k + 1), numbers);
    }
    Ok(lines.0)
}

/// What the report of a fit says of the tables it was made from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Behind {
    /// The tables that hold everything, or what the others do not say.
    pub(crate) tables: Vec<PathBuf>,
    /// Those with scores before adjustment, where those after it stand somewhere else.
    pub(crate) before: Vec<PathBuf>,
    /// Those with scores after it.
    pub(crate) after: Vec<PathBuf>,
    /// The report.
    pub(crate) report: FitReport,
}

/// The tables behind a folder or a JSON file of `onset fit`.
pub(crate) fn behind(paths: &[PathBuf]) -> Result<Behind> {
    let Some(path) = paths.first() else { return Err(Error::Argument("there is no fit to look into".into())) };
    let path = if kind(paths)? == Kind::FitFolder { path.join("report.json") } else { path.clone() };
    let report = read(&path)?;
    let paths = |names: &[String]| names.iter().map(PathBuf::from).collect::<Vec<PathBuf>>();
    let others = report.before_tables.len() + report.after_tables.len();
    Ok(Behind {
        tables: paths(report.tables.get(others..).unwrap_or_default()),
        before: paths(&report.before_tables),
        after: paths(&report.after_tables),
        report,
    })
}

/// The report in a file.
fn read(path: &Path) -> Result<FitReport> {
    let text = std::fs::read_to_string(path).map_err(Error::read(path))?;
    FitReport::from_json(&text).map_err(|error| error.within(path.display()))
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
    fn push(&mut self, curve: Curve, group: usize, [x, score, low, high]: [Option<f64>; 4]) {
        let (Some(x), Some(score)) = (x, score) else { return };
        let place = self.0.iter().position(|line| line.curve == curve && line.group == group).unwrap_or_else(|| {
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
