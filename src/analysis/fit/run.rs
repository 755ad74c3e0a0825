//! A fit from its tables to its report.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::input::{FitTables, Inputs};
use super::layout::ReportLayout;
use super::models::{self, FitModels, Items};
use super::report::{DroppedModel, FitReport, GroupReport, ReasonCount, SettingsReport};
use super::settings::{ChanceLevel, FitSettings};
use super::steps::{FitStep, Told};
use super::{caution, chance, curves, evidence, hinge, uncertain};
use crate::registry::modelset::{ModelSet, ScoreScale, WeightBy};
use crate::stats::direction::Direction;
use crate::{Error, Result};

impl FitSettings {
    /// Reads tables or results of lm-evaluation-harness, joined by the models' names, and fits them; scores before and after
    /// adjustment may come from two places. What of the results could not be read stands in the report's notes.
    ///
    /// # Errors
    /// Those of [`ModelSet::from_tables`] and of [`fit`](Self::fit).
    pub fn run(&self, paths: &[PathBuf]) -> Result<FitReport> {
        self.run_on(&Inputs { tables: paths.to_vec(), ..Inputs::default() })
    }

    /// The same with scores before and after adjustment from two places.
    ///
    /// # Errors
    /// As [`run`](Self::run), and those of [`ModelSet::from_before_and_after`].
    pub fn run_on(&self, inputs: &Inputs) -> Result<FitReport> {
        self.fit(&FitTables::read(inputs, &self.tables.reading)?.models(&self.tables)?)
    }

    /// Fits a set of models.
    ///
    /// # Errors
    /// [`Error::NotEnoughModels`] for fewer models than the curve has parameters, [`Error::Undetermined`] for a constant
    /// predictor, [`Error::Argument`] for settings outside what is allowed. What cannot be
    /// estimated is no error: the report holds the reason.
    pub fn fit(&self, set: &ModelSet) -> Result<FitReport> {
        self.fit_and_tell(set, &|_| ())
    }

    /// The same, with `told` of each step before it is taken.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub(crate) fn fit_and_tell(&self, set: &ModelSet, told: &(dyn Fn(FitStep) + Sync)) -> Result<FitReport> {
        if self.bootstrap == 0 {
            return Err(Error::Argument("a bootstrap needs at least one replicate".into()));
        }
        if let Some(ceiling) = self.ceiling.filter(|level| !level.is_finite()) {
            return Err(Error::Argument(format!("a ceiling is a finite number, not {ceiling}")));
        }
        if !(self.level > 0.5 && self.level < 1.0) {
            return Err(Error::Argument(format!(
                "the level of intervals lies between 0.5 and 1 (0.95 for 95 %), not at {}",
                self.level
            )));
        }
        if let Some(margin) = self.margin.filter(|m| !(*m > 0.0 && m.is_finite())) {
            return Err(Error::Argument(format!("an equivalence margin is a positive number, not {margin}")));
        }
        if let Some(bad) = self.predict.iter().find(|x| !set.predictor.scale.apply(**x).is_finite()) {
            let scale = set.predictor.scale;
            return Err(Error::Argument(format!("a score cannot be predicted at {bad} on a {scale} scale")));
        }
        if let Some(problem) =
            self.predict.iter().find_map(|x| set.predictor.unusual(*x)).filter(|_| !self.tables.any_size)
        {
            return Err(Error::Argument(format!(
                "a score cannot be predicted there: {problem}; write the whole size, such as 1e25, or take it as it is by \
                 --any-size"
            )));
        }
        report(self, set, Told(told))
    }
}

fn report(asked: &FitSettings, set: &ModelSet, told: Told<'_>) -> Result<FitReport> {
    chance::check_levels(asked, set)?;
    let mut notes = set.notes.clone();
    let models = FitModels::new(set, false, None, told)?;
    if models.rows.is_empty() {
        return Err(Error::Undetermined(nothing_left(set)));
    }
    let settings = &asked.for_size(&models, &mut notes);
    if 1.0 / (settings.bootstrap as f64 + 1.0) > evidence::SIZE {
        notes.push(format!(
            "with {} replicates no bootstrap p-value is below {:.2}, so that no test can show anything; --bootstrap 999 does",
            settings.bootstrap,
            1.0 / (settings.bootstrap as f64 + 1.0)
        ));
    }
    told.of(FitStep::Rise);
    let direction = direction(settings, set, &models, &mut notes);
    let (chance, chance_source) = match (direction, settings.chance) {
        (Direction::Falling, ChanceLevel::Known) => {
            (None, "estimated: scores fall, and no level of chance is known".into())
        }
        _ => chance::chance(settings, set, &mut notes)?,
    };
    let before = FitModels::new(set, false, chance, told)?;
    if before.compute_sd().is_some() {
        before.check_compute_sd()?;
        notes.push(uncertain::SHORT.to_owned());
    }
    let items = models::items(set, chance, &mut notes);
    let before = weighted(settings, before, items.as_deref())?.under(settings, direction);
    let unadjusted = curves::analyse(settings, set, &before, items.as_deref())?;
    let (adjusted, differences) = if set.adjusted.is_some() {
        let after =
            weighted(settings, FitModels::new(set, true, chance, told)?, items.as_deref())?.under(settings, direction);
        let mut changed = hinge::difference(settings, set, &before, &after);
        let adjusted = curves::analyse(settings, set, &after, items.as_deref())?;
        changed.take_back(!settings.curve.is_open(), [unadjusted.shown, adjusted.shown]);
        (Some(adjusted), Some(changed))
    } else {
        (None, None)
    };
    let clusters = before.sample.families();
    let (n_before, n_after) = set.two_places.unwrap_or_default();
    let sources = |from: usize, count: usize| set.sources.iter().skip(from).take(count).cloned().collect();
    let (low, high) = before.rows.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |r, m| (r.0.min(m.x), r.1.max(m.x)));
    Ok(FitReport {
        layout: ReportLayout,
        onset: env!("CARGO_PKG_VERSION").to_owned(),
        tables: set.sources.clone(),
        before_tables: sources(0, n_before),
        after_tables: sources(n_before, n_after),
        score: set.score.name.clone(),
        score_name: set.score.benchmark.map_or_else(|| set.score.name.clone(), |b| b.name.to_string()),
        metric: set.score.metric.clone(),
        score_scale: set.score.scale,
        adjusted_score: set.adjusted.clone(),
        predictor: set.predictor.clone(),
        range: (low, high),
        chance,
        chance_source,
        groups: (0..set.groups.len()).map(|k| group(set, &before, k)).collect(),
        base_group: set.base.clone(),
        n_models: before.rows.len(),
        n_families: distinct(before.rows.iter().map(|row| row.family.as_str())),
        n_clusters: clusters.count(),
        largest_cluster_share: clusters.largest_share(),
        n_held_out: before.held_out.len(),
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

/// Which way the scores go. They fall where a test shows it and no level of chance says that they should rise: of shares and
/// percentages with such a level, given or known, a fall is said and not fitted as one.
fn direction(settings: &FitSettings, set: &ModelSet, models: &FitModels<'_>, notes: &mut Vec<String>) -> Direction {
    let test = evidence::rise(settings, &models.sample, caution::is_careful(models));
    let falls = match test.p_value {
        Some(p) => p <= evidence::SIZE && test.direction == Some(Direction::Falling),
        None => !test.level && evidence::leans(&models.sample) == Some(Direction::Falling),
    };
    let unbounded = set.score.scale == ScoreScale::Any;
    let rises_from_a_level = match settings.chance {
        ChanceLevel::Free => false,
        ChanceLevel::Given(_) => !unbounded,
        ChanceLevel::Known => !unbounded && set.score.benchmark.is_some(),
    };
    if !falls || rises_from_a_level {
        if falls && test.p_value.is_some() {
            notes.push("scores fall with the predictor; `--chance free` fits them as falling scores".into());
        }
        return Direction::Rising;
    }
    Direction::Falling
}

/// The models with the weights asked for; those of a column they have from their table.
fn weighted<'a>(settings: &FitSettings, models: FitModels<'a>, items: Option<&Items>) -> Result<FitModels<'a>> {
    match settings.tables.weights {
        Some(WeightBy::Items) => models.weighted_by_items(items),
        Some(WeightBy::Column(_)) | None => Ok(models),
    }
}

fn described(settings: &FitSettings) -> SettingsReport {
    SettingsReport {
        curve: settings.curve,
        ceiling: settings.ceiling,
        covariance: settings.covariance,
        cluster: settings.tables.cluster.clone(),
        bootstrap: settings.bootstrap,
        level: settings.level,
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

fn group(set: &ModelSet, models: &FitModels<'_>, k: usize) -> GroupReport {
    let members = || models.rows.iter().filter(|row| row.groups[k] != 0.0);
    GroupReport {
        name: set.groups[k].clone(),
        n_models: members().count(),
        n_families: distinct(members().map(|row| row.family.as_str())),
    }
}

fn distinct<'s>(names: impl Iterator<Item = &'s str>) -> usize {
    names.collect::<BTreeSet<_>>().len()
}
