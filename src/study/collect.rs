//! All cells, and what was imported, as the tables a fit reads.

use std::collections::{BTreeMap, HashSet};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::epochs::{CellEpochs, TaskEpochs};
use super::plan::{Plan, State};
use super::results::CellResults;
use super::settings::{Study, StudyModel};
use super::store;
use crate::error::{Error, Result};
use crate::harness::lm_eval;
use crate::registry::table::{Sheet, Table};
use crate::registry::{Condition, Metric, Observation, Provenance, write};
use crate::stats::clusters::Clusters;
use crate::stats::components::Components;

/// What a study found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Collected {
    /// One row per model, benchmark, metric and condition: the mean over seeds.
    pub observations: Vec<Observation>,
    /// The rows of single seeds; imported rows have none.
    pub replicates: Vec<(Option<u64>, Observation)>,
    /// How far seeds are apart.
    pub spread: Vec<SeedSpread>,
    /// Cells that are not finished; what they have so far is in the tables.
    pub unfinished: Vec<String>,
    /// What could not be used, in sentences.
    pub warnings: Vec<String>,
    /// Which epochs were tried and tested, by model and seed, where each task was learned for itself.
    epochs: Vec<(String, u64, TaskEpochs)>,
}

/// The variance between seeds of one benchmark under one condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeedSpread {
    /// The benchmark.
    pub benchmark: String,
    /// The metric.
    pub metric: Metric,
    /// The condition.
    pub condition: Condition,
    /// Models with scores.
    pub models: usize,
    /// Scores of all seeds.
    pub replicates: usize,
    /// Variance between models, of their compute and all else.
    pub between: Option<f64>,
    /// Variance between seeds of one model; `None` where no model has two seeds.
    pub within: Option<f64>,
}

/// Joins all cells with the imported results.
///
/// # Errors
/// [`Error::File`] for results that cannot be read, [`Error::Undetermined`] when there are none.
pub fn collect(study: &Study, plan: &Plan) -> Result<Collected> {
    let of_cells: Vec<Vec<Observation>> = plan
        .cells
        .par_iter()
        .map(|planned| Ok(CellResults::read(&planned.cell)?.observations(&planned.cell, &planned.wanted)))
        .collect::<Result<_>>()?;
    let mut replicates: Vec<(Option<u64>, Observation)> = Vec::new();
    for (planned, observations) in plan.cells.iter().zip(of_cells) {
        replicates.extend(observations.into_iter().map(|observation| (Some(planned.cell.seed), observation)));
    }
    let mut epochs = Vec::new();
    for planned in &plan.cells {
        let of_cell = CellEpochs::of(planned)?;
        epochs.extend(of_cell.into_iter().map(|task| (planned.cell.model.name.clone(), planned.cell.seed, task)));
    }
    let mut warnings = Vec::new();
    imported(study, &mut replicates, &mut warnings)?;
    if replicates.is_empty() {
        return Err(Error::Undetermined("nothing is finished yet: `onset study run` comes first".into()));
    }
    let unfinished = plan.cells.iter().filter(|p| p.state != State::Done).map(|p| p.cell.name.clone()).collect();
    let groups = grouped(&replicates);
    let observations = groups.iter().map(|rows| mean(rows)).collect();
    let spread = spread(&groups);
    Ok(Collected { observations, replicates, spread, unfinished, warnings, epochs })
}

/// Where the tables of a study are, in its output.
pub(super) const EVALUATIONS: &str = "tables/evaluations.csv";
pub(super) const MODELS: &str = "tables/models.csv";

impl Collected {
    /// Writes `tables/` in the study's output: `evaluations.csv` (means over seeds), `replicates.csv` (every seed),
    /// `models.csv` and `seeds.csv`; `epochs.csv` where each task was learned for itself.
    ///
    /// # Errors
    /// [`Error::Write`]; [`Error::File`] when another study is in the folder.
    pub fn write(&self, study: &Study) -> Result<()> {
        store::open(study)?;
        let save = |name: &str, sheet: &Sheet| write::bytes(&study.output.join(name), sheet.csv().as_bytes());
        save(EVALUATIONS, &Sheet::of(&self.observations))?;
        save("tables/replicates.csv", &replicates(&self.replicates))?;
        save(MODELS, &models(study))?;
        save("tables/seeds.csv", &seeds(&self.spread))?;
        if self.epochs.is_empty() { Ok(()) } else { save("tables/epochs.csv", &epochs(&self.epochs)) }
    }

    /// What a fit reads, with nothing read from disk: the observations and the models.
    pub(super) fn tables(&self, study: &Study) -> [Table; 2] {
        [Sheet::of(&self.observations).table(EVALUATIONS.as_ref()), models(study).table(MODELS.as_ref())]
    }
}

/// Adds what other tools found, where the cells have nothing of their own.
fn imported(study: &Study, replicates: &mut Vec<(Option<u64>, Observation)>, warnings: &mut Vec<String>) -> Result<()> {
    if study.imports.is_empty() {
        return Ok(());
    }
    let found = lm_eval::import(&study.imports, &lm_eval::ImportSettings::default())?;
    warnings.extend(found.warnings.iter().map(|warning| format!("skipped {warning}")));
    let own: HashSet<_> = replicates.iter().map(|(_, o)| key(o)).collect();
    let known: HashSet<&str> = study.models.iter().map(|model| model.name.as_str()).collect();
    let (mut twice, mut unknown) = (0, BTreeMap::new());
    let mut kept = Vec::new();
    for observation in found.observations {
        if !known.contains(observation.model.as_str()) {
            *unknown.entry(observation.model).or_insert(0) += 1;
        } else if own.contains(&key(&observation)) {
            twice += 1;
        } else {
            kept.push((None, observation));
        }
    }
    drop(own);
    replicates.extend(kept);
    if twice > 0 {
        warnings.push(format!("{twice} imported scores are left out: the study has its own"));
    }
    warnings.extend(unknown.into_iter().map(|(model, rows)| {
        format!("{rows} imported scores of `{model}` are left out: add it to the models with `imported = true`")
    }));
    Ok(())
}

type Key<'a> = (&'a str, &'a str, &'a Metric, &'a Condition);

fn key(observation: &Observation) -> Key<'_> {
    (&observation.model, &observation.benchmark, &observation.metric, &observation.condition)
}

/// The rows of each model, benchmark, metric and condition, in the order in which these come first.
fn grouped(replicates: &[(Option<u64>, Observation)]) -> Vec<Vec<&Observation>> {
    let mut places = std::collections::HashMap::new();
    let mut groups: Vec<Vec<&Observation>> = Vec::new();
    for (_, observation) in replicates {
        let place = *places.entry(key(observation)).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(observation),
            None => groups.push(vec![observation]),
        }
    }
    groups
}

/// The mean over seeds. Seeds share their items, so that the standard error over items is no smaller for the mean: it is
/// the root of the mean of their squares.
fn mean(rows: &[&Observation]) -> Observation {
    let n = rows.len() as f64;
    let squares: Option<Vec<f64>> = rows.iter().map(|row| row.stderr.map(|se| se * se)).collect();
    let first = rows[0];
    match rows.len() {
        1 => first.clone(),
        _ => Observation {
            value: rows.iter().map(|row| row.value).sum::<f64>() / n,
            stderr: squares.map(|squares| (squares.iter().sum::<f64>() / n).sqrt()),
            provenance: Provenance::file("mean over seeds"),
            ..first.clone()
        },
    }
}

fn spread(groups: &[Vec<&Observation>]) -> Vec<SeedSpread> {
    let mut by: BTreeMap<(&str, String, &Condition), Vec<&Observation>> = BTreeMap::new();
    for group in groups {
        let first = group[0];
        by.entry((&first.benchmark, first.metric.to_string(), &first.condition)).or_default().extend(group);
    }
    by.into_values()
        .map(|rows| {
            let names: Vec<&str> = rows.iter().map(|row| row.model.as_str()).collect();
            let values: Vec<f64> = rows.iter().map(|row| row.value).collect();
            let clusters = Clusters::new(&names);
            // Without a second seed, or a second model, there is nothing to tell apart.
            let components = Components::of(&values, &clusters).ok();
            SeedSpread {
                benchmark: rows[0].benchmark.clone(),
                metric: rows[0].metric.clone(),
                condition: rows[0].condition.clone(),
                models: clusters.count(),
                replicates: rows.len(),
                between: components.map(|components| components.between),
                within: components.map(|components| components.within),
            }
        })
        .collect()
}

fn seeds(spread: &[SeedSpread]) -> Sheet {
    let shown = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let row = |spread: &SeedSpread| {
        let share = spread.within.zip(spread.between).map(|(w, b)| w / (w + b)).filter(|share| share.is_finite());
        [
            spread.benchmark.clone(),
            spread.metric.to_string(),
            spread.condition.adjustment.to_string(),
            spread.condition.examples.map(|examples| examples.to_string()).unwrap_or_default(),
            spread.models.to_string(),
            spread.replicates.to_string(),
            shown(spread.within.map(f64::sqrt)),
            shown(spread.between.map(f64::sqrt)),
            shown(share),
        ]
    };
    let names =
        ["benchmark", "metric", "adjustment", "examples", "models", "replicates", "seed_sd", "model_sd", "seed_share"];
    Sheet::new(names, spread.iter().map(row))
}

/// One row for every epoch that was tried.
fn epochs(found: &[(String, u64, TaskEpochs)]) -> Sheet {
    let rows = found.iter().flat_map(|(model, seed, task)| {
        let tested = task.tested.as_ref().map(|tested| tested.epoch);
        task.tried.iter().map(move |tried| {
            [
                model.clone(),
                seed.to_string(),
                task.task.clone(),
                tried.epoch.to_string(),
                task.examples.to_string(),
                task.validation.to_string(),
                task.items.to_string(),
                task.metric.clone(),
                tried.score.to_string(),
                (tested == Some(tried.epoch)).to_string(),
            ]
        })
    });
    let names = [
        "model",
        "seed",
        "benchmark",
        "epoch",
        "examples",
        "validation",
        "validation_items",
        "metric",
        "validation_score",
        "tested",
    ];
    Sheet::new(names, rows)
}

fn replicates(replicates: &[(Option<u64>, Observation)]) -> Sheet {
    let observations: Vec<Observation> = replicates.iter().map(|(_, observation)| observation.clone()).collect();
    let seed = |at: usize| replicates[at].0.map(|seed| seed.to_string()).unwrap_or_default();
    Sheet::of(&observations).first("seed", seed)
}

fn models(study: &Study) -> Sheet {
    let row = |model: &StudyModel| {
        let release = model.release.map(|month| month.to_string()).unwrap_or_default();
        let [params, tokens] = [model.params, model.tokens].map(|number| format!("{number:e}"));
        [model.name.clone(), model.family.clone(), params, tokens, release]
    };
    Sheet::new(["model", "family", "params", "tokens", "release"], study.models.iter().map(row))
}
