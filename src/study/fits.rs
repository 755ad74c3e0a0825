//! The fits of a study: every benchmark as released and after every number of task examples.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Collected, Study};
use crate::analysis::fit::{Analysis, FitReport, FitSettings};
use crate::error::{Error, Result};
use crate::registry::modelset::{self, ModelSet};
use crate::registry::{Condition, Flops, Observation, benchmark};
use crate::stats::multiplicity::{Adjusted, adjusted};

/// The fit of one benchmark under one condition.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct FitAt {
    /// The benchmark.
    pub benchmark: String,
    /// Its metric.
    pub metric: String,
    /// The condition.
    pub condition: Condition,
    /// Models with a score: name, compute in FLOPs, score.
    pub points: Vec<(String, f64, f64)>,
    /// The fit, or why there is none.
    pub fit: Result<Box<FitReport>, String>,
    /// The p-value of the first group's difference among those of all fits of the study: every benchmark at every number
    /// of task examples.
    pub theta: Option<Adjusted>,
    /// Variance between seeds of one model, where models have several, and the number of seeds.
    pub seeds: Option<(f64, f64)>,
}

impl FitAt {
    /// Models, their compute and their scores under this condition. Models without compute are left out.
    pub(crate) fn points_of(
        observations: &[Observation],
        benchmark: &str,
        metric: &str,
        condition: &Condition,
        compute: impl Fn(&str) -> Option<f64>,
    ) -> Vec<(String, f64, f64)> {
        let fits =
            |o: &&Observation| o.benchmark == benchmark && o.condition == *condition && o.metric.to_string() == metric;
        let with_compute = |o: &Observation| Some((o.model.clone(), compute(&o.model)?, o.value));
        observations.iter().filter(fits).filter_map(with_compute).collect()
    }

    /// The analysis of this condition.
    pub(crate) fn analysis(&self) -> Option<&Analysis> {
        let report = self.fit.as_ref().ok()?;
        if self.condition == Condition::unadjusted() { Some(&report.unadjusted) } else { report.adjusted.as_ref() }
    }

    /// The part of the variance around the curve that comes from seeds, where both are known.
    pub(crate) fn seed_share(&self) -> Option<f64> {
        let (variance, seeds) = self.seeds?;
        let analysis = self.analysis()?;
        let freedom = self.points.len().checked_sub(3).filter(|freedom| *freedom > 0)?;
        let around = analysis.sse? / freedom as f64;
        (around > 0.0).then_some(variance / seeds / around)
    }
}

/// Fits every benchmark of a study under every condition.
///
/// # Errors
/// When the study asks for a benchmark or metric that was not evaluated. A fit that the data do not allow is no error: its
/// reason stands in [`FitAt::fit`].
pub(crate) fn fits(study: &Study, collected: &Collected) -> Result<Vec<FitAt>> {
    let tables = collected.tables(study);
    let compute: BTreeMap<&str, f64> = study
        .models
        .iter()
        .map(|model| (model.name.as_str(), Flops::of_training(model.params, model.tokens).0))
        .collect();
    let mut found = Vec::new();
    for (benchmark, metric) in scores(study, collected)? {
        let of_benchmark = |condition: &Condition| {
            collected.observations.iter().any(|o| o.benchmark == benchmark && o.condition == *condition)
        };
        let mut conditions: Vec<Condition> = collected.observations.iter().map(|o| o.condition.clone()).collect();
        conditions.sort_by_key(|condition| (condition.adjustment.clone(), condition.examples));
        conditions.dedup();
        for condition in conditions.into_iter().filter(of_benchmark) {
            let points = FitAt::points_of(&collected.observations, &benchmark, &metric, &condition, |model| {
                compute.get(model).copied()
            });
            if points.is_empty() {
                continue;
            }
            let spread = collected.spread.iter().find(|spread| {
                spread.benchmark == benchmark && spread.metric.to_string() == metric && spread.condition == condition
            });
            let seeds = spread.and_then(|s| Some((s.within?, s.replicates as f64 / s.models as f64)));
            let settings = fit_settings(study, &benchmark, &metric, &condition);
            // Too few models and the like are results of a study too.
            let fit = ModelSet::from_tables(&tables, &settings.tables).and_then(|models| settings.fit(&models));
            let fit = fit.map(Box::new).map_err(|error| error.to_string());
            found.push(FitAt {
                benchmark: benchmark.clone(),
                metric: metric.clone(),
                condition,
                points,
                fit,
                theta: None,
                seeds,
            });
        }
    }
    let p: Vec<Option<f64>> = found.iter().map(|one| one.analysis()?.theta.p_value).collect();
    for (one, test) in found.iter_mut().zip(adjusted(&p)?) {
        one.theta = test;
    }
    Ok(found)
}

fn fit_settings(study: &Study, score: &str, metric: &str, condition: &Condition) -> FitSettings {
    let settings = &study.fit;
    FitSettings {
        tables: modelset::Settings {
            score: Some(score.to_owned()),
            metric: Some(metric.to_owned()),
            adjusted: (*condition != Condition::unadjusted()).then(|| match condition.examples {
                Some(examples) => format!("{}@{examples}", condition.adjustment),
                None => condition.adjustment.to_string(),
            }),
            cutoff: settings.cutoff,
            // A study may be of models that are smaller than any in use.
            any_size: true,
            ..modelset::Settings::default()
        },
        curve: settings.curve,
        chance: settings.chance,
        bootstrap: settings.bootstrap,
        seed: settings.seed,
        ..FitSettings::default()
    }
}

/// Benchmarks to fit, each with its metric: the study's, the benchmark's own, or the first.
fn scores(study: &Study, collected: &Collected) -> Result<Vec<(String, String)>> {
    let mut metrics: Vec<(String, Vec<String>)> = Vec::new();
    for observation in &collected.observations {
        let metric = observation.metric.to_string();
        match metrics.iter_mut().find(|(name, _)| *name == observation.benchmark) {
            Some((_, known)) if known.contains(&metric) => {}
            Some((_, known)) => known.push(metric),
            None => metrics.push((observation.benchmark.clone(), vec![metric])),
        }
    }
    if let Some(absent) = study.fit.benchmarks.iter().find(|name| !metrics.iter().any(|(known, _)| known == *name)) {
        let known: Vec<&str> = metrics.iter().map(|(name, _)| name.as_str()).collect();
        return Err(Error::Argument(format!("`{absent}` was not evaluated; there are {}", known.join(", "))));
    }
    for (name, metric) in &study.fit.metrics {
        let known =
            metrics.iter().find(|(known, _)| known == name).map(|(_, known)| known.as_slice()).unwrap_or_default();
        if !known.iter().any(|known| is_metric(known, metric)) {
            let there = if known.is_empty() { "nothing".into() } else { known.join("; ") };
            return Err(Error::Argument(format!("`{name}` has no metric `{metric}`; there is {there}")));
        }
    }
    let asked_for = |name: &String| study.fit.benchmarks.is_empty() || study.fit.benchmarks.contains(name);
    let choose = |(name, known): (String, Vec<String>)| {
        let usual = benchmark(&name).map(|benchmark| benchmark.score.to_string());
        let wanted = study.fit.metrics.get(&name).cloned().or(usual);
        let same = |metric: &&String| wanted.as_ref().is_some_and(|wanted| is_metric(metric, wanted));
        let metric = known.iter().find(same).or(known.first()).cloned()?;
        Some((name, metric))
    };
    Ok(metrics.into_iter().filter(|(name, _)| asked_for(name)).filter_map(choose).collect())
}

/// Whether this is the metric, with its filter or without.
fn is_metric(metric: &str, wanted: &str) -> bool {
    metric == wanted || metric.split(',').next() == Some(wanted)
}
