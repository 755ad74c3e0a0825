//! From models to columns of numbers, and from there to the report.

use std::collections::BTreeSet;

use super::layout::ReportLayout;
use super::report::{Analysis, DroppedModel, FitReport, GroupReport, ReasonCount, SettingsReport};
use super::settings::{ChanceLevel, FitSettings, LEVEL};
use super::{curves, hinge};
use crate::registry::Chance;
use crate::registry::modelset::{ModelRow, ModelSet, ScoreScale, WeightBy};
use crate::stats::clusters::Clusters;
use crate::stats::itemnoise::ItemNoise;
use crate::{Error, Result};

/// One score of the models that are fitted, as columns.
#[derive(Debug, Clone)]
pub(super) struct Sample<'a> {
    /// The models, in the order of the columns.
    pub(super) rows: Vec<&'a ModelRow>,
    /// The models that are held out.
    pub(super) held_out: Vec<&'a ModelRow>,
    /// Whether the scores are those after adjustment.
    pub(super) adjusted: bool,
    /// Predictor on the scale of the fit.
    pub(super) x: Vec<f64>,
    /// Scores.
    pub(super) y: Vec<f64>,
    /// Columns of the groups that differ between models.
    pub(super) groups: Vec<Vec<f64>>,
    /// Places of those groups among all groups.
    pub(super) places: Vec<usize>,
    /// Which models are not independent.
    pub(super) clusters: Clusters,
    /// Weights.
    pub(super) weights: Option<Vec<f64>>,
    /// Chance, `None` to estimate it.
    pub(super) chance: Option<f64>,
    /// One unit of the score: 100 for percent.
    pub(super) unit: f64,
}

impl<'a> Sample<'a> {
    fn new(set: &'a ModelSet, adjusted: bool, chance: Option<f64>) -> Self {
        let (held_out, rows): (Vec<&ModelRow>, Vec<&ModelRow>) = set.rows.iter().partition(|row| row.held_out);
        let column = |k: usize| rows.iter().map(|row| row.groups[k]).collect::<Vec<f64>>();
        let differs = |column: &Vec<f64>| column.iter().any(|z| *z != column[0]);
        let (places, groups) =
            (0..set.groups.len()).map(|k| (k, column(k))).filter(|(_, column)| differs(column)).unzip();
        let labels: Vec<&str> = rows.iter().map(|row| row.cluster.as_str()).collect();
        let weights = rows.iter().map(|row| row.weight).collect::<Option<Vec<f64>>>().filter(|w| !w.is_empty());
        Self {
            x: rows.iter().map(|row| row.position).collect(),
            y: rows.iter().map(|row| score(row, adjusted)).collect(),
            clusters: Clusters::new(&labels),
            unit: if set.score.scale == ScoreScale::Percent { 100.0 } else { 1.0 },
            rows,
            held_out,
            adjusted,
            groups,
            places,
            weights,
            chance,
        }
    }

    /// The values of the varying groups of one model.
    pub(super) fn z(&self, row: &ModelRow) -> Vec<f64> {
        self.places.iter().map(|&k| row.groups[k]).collect()
    }

    /// The score of a model.
    pub(super) fn score(&self, row: &ModelRow) -> f64 {
        score(row, self.adjusted)
    }
}

fn score(row: &ModelRow, adjusted: bool) -> f64 {
    // A set has adjusted scores in all rows or in none, and is asked for them only in the first case.
    if adjusted { row.adjusted.unwrap_or(row.score) } else { row.score }
}

pub(super) fn analyse(settings: &FitSettings, set: &ModelSet) -> Result<FitReport> {
    let mut notes = set.notes.clone();
    let (chance, chance_source) = chance(settings, set, &mut notes);
    let sample = Sample::new(set, false, chance);
    if sample.rows.is_empty() {
        return Err(Error::Undetermined(nothing_left(set)));
    }
    let items = items(set, &mut notes);
    let one = |mut sample: Sample<'_>| -> Result<(Analysis, Option<Vec<f64>>)> {
        if settings.tables.weights == Some(WeightBy::Items) {
            sample.weights = Some(item_weights(&sample, items.as_deref())?);
        }
        Ok((curves::analyse(settings, set, &sample, items.as_deref())?, sample.weights))
    };
    let (unadjusted, weights) = one(sample.clone())?;
    let (adjusted, differences) = if set.adjusted.is_some() {
        let after = Sample::new(set, true, chance);
        let changed = hinge::difference(settings, set, &Sample { weights, ..sample.clone() }, &after.y);
        (Some(one(after)?.0), Some(changed))
    } else {
        (None, None)
    };
    let (low, high) = sample.rows.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |r, m| (r.0.min(m.x), r.1.max(m.x)));
    Ok(FitReport {
        layout: ReportLayout,
        onset: env!("CARGO_PKG_VERSION").to_owned(),
        tables: set.sources.clone(),
        score: set.score.name.clone(),
        score_name: set.score.benchmark.map_or_else(|| set.score.name.clone(), |b| b.name.to_string()),
        metric: set.score.metric.clone(),
        score_scale: set.score.scale,
        adjusted_score: set.adjusted.clone(),
        predictor: set.predictor.clone(),
        range: (low, high),
        chance,
        chance_source,
        groups: (0..set.groups.len()).map(|k| group(set, &sample, k)).collect(),
        n_models: sample.rows.len(),
        n_families: distinct(sample.rows.iter().map(|row| row.family.as_str())),
        n_clusters: sample.clusters.count(),
        largest_cluster_share: sample.clusters.largest_share(),
        n_held_out: sample.held_out.len(),
        dropped: set
            .dropped_by_reason()
            .into_iter()
            .map(|(reason, models)| ReasonCount { reason: reason.to_string(), models })
            .collect(),
        dropped_models: set
            .dropped
            .iter()
            .map(|d| DroppedModel { model: d.model.clone(), reason: d.reason.to_string() })
            .collect(),
        settings: described(settings),
        notes,
        unadjusted,
        adjusted,
        differences,
    })
}

fn described(settings: &FitSettings) -> SettingsReport {
    SettingsReport {
        curve: settings.curve,
        covariance: settings.covariance,
        cluster: settings.tables.cluster.clone(),
        bootstrap: settings.bootstrap,
        level: LEVEL,
        margin: settings.margin,
        weights: settings.tables.weights.clone(),
        seed: settings.seed,
    }
}

/// Why no model can be fitted.
fn nothing_left(set: &ModelSet) -> String {
    let counts: Vec<String> =
        set.dropped_by_reason().into_iter().map(|(reason, count)| format!("{count} with {reason}")).collect();
    let held_out = set.rows.len();
    match (counts.is_empty(), held_out) {
        (true, 0) => "the tables have no model".into(),
        (true, _) => format!("all {held_out} models are held out: none is left to fit"),
        (false, _) => format!("no model can be fitted: {}", counts.join(", ")),
    }
}

fn group(set: &ModelSet, sample: &Sample<'_>, k: usize) -> GroupReport {
    let members = || sample.rows.iter().filter(|row| row.groups[k] != 0.0);
    GroupReport {
        name: set.groups[k].clone(),
        n_models: members().count(),
        n_families: distinct(members().map(|row| row.family.as_str())),
    }
}

fn distinct<'s>(names: impl Iterator<Item = &'s str>) -> usize {
    names.collect::<BTreeSet<_>>().len()
}

/// The level of chance and where it comes from.
fn chance(settings: &FitSettings, set: &ModelSet, notes: &mut Vec<String>) -> (Option<f64>, String) {
    let known = set.score.benchmark.filter(|_| matches!(set.score.scale, ScoreScale::Share | ScoreScale::Percent));
    match (settings.chance, known) {
        (ChanceLevel::Given(level), _) => (Some(level), "given".into()),
        (ChanceLevel::Free, _) => (None, "estimated".into()),
        (ChanceLevel::Known, Some(benchmark)) => {
            let Chance { source, actual, .. } = &benchmark.chance;
            let unit = if set.score.scale == ScoreScale::Percent { 100.0 } else { 1.0 };
            let source = if actual.is_some() { source } else { "as published, guessing has no fixed level" };
            (Some(benchmark.chance.corrected() * unit), format!("{}: {source}", benchmark.name))
        }
        (ChanceLevel::Known, None) => {
            notes.push(format!("chance on `{}` is not known and taken as 0; set it by --chance", set.score.name));
            (Some(0.0), "taken as 0".into())
        }
    }
}

/// Numbers of items of the models, and where they come from.
pub(super) struct Items {
    pub(super) source: String,
    of: Option<f64>,
}

impl Items {
    /// The number of items of a model.
    pub(super) fn of(&self, row: &ModelRow) -> f64 {
        self.of.or(row.items).unwrap_or(0.0)
    }
}

fn items(set: &ModelSet, notes: &mut Vec<String>) -> Option<Box<Items>> {
    if !matches!(set.score.scale, ScoreScale::Share | ScoreScale::Percent) || set.rows.is_empty() {
        return None;
    }
    if set.rows.iter().all(|row| row.items.is_some_and(|n| n > 0.0)) {
        return Some(Box::new(Items { source: "the table".into(), of: None }));
    }
    let benchmark = set.score.benchmark.filter(|b| b.score.measure.is_binary())?;
    notes.push(format!("numbers of items: {} of the benchmark {}", benchmark.items, benchmark.name));
    Some(Box::new(Items { source: benchmark.name.to_string(), of: Some(f64::from(benchmark.items)) }))
}

/// Item noise of these fitted values around a curve with this residual variance, in units of a share.
pub(super) fn item_noise(
    sample: &Sample<'_>,
    fitted: &[f64],
    residual_variance: f64,
    items: &Items,
) -> Result<ItemNoise> {
    let shares: Vec<f64> = fitted.iter().map(|y| y / sample.unit).collect();
    let counts: Vec<f64> = sample.rows.iter().map(|row| items.of(row)).collect();
    ItemNoise::of(&shares, &counts, residual_variance / (sample.unit * sample.unit))
}

/// Weights that the items imply around the unweighted hinge.
fn item_weights(sample: &Sample<'_>, items: Option<&Items>) -> Result<Vec<f64>> {
    let items = items.ok_or_else(|| {
        Error::Argument("weights by items need the number of items of every model, and scores that are shares".into())
    })?;
    let fit = curves::hinge(sample).fit(&sample.x, &sample.y, &sample.groups)?;
    let df = sample.y.len().saturating_sub(2 + sample.groups.len()).max(1);
    Ok(item_noise(sample, &fit.fitted, fit.sse / df as f64, items)?.weights)
}
