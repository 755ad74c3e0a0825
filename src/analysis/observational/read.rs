//! From a grid to columns: the target, the benchmarks, and which models are trained on.

use super::settings::ObservationalSettings;
use crate::analysis::TrainingModels;
use crate::analysis::fit::FitTables;
use crate::registry::modelset::{GridBenchmark, GridModel, GridSettings, ScoreGrid, ScoreScale};
use crate::registry::table::fold;
use crate::{Error, Result};

/// Fewer training models say nothing about how a benchmark spreads.
const FEWEST: usize = 3;

/// What was read.
pub(super) struct Read {
    pub(super) sources: Vec<String>,
    pub(super) target: String,
    pub(super) chance: f64,
    pub(super) chance_source: String,
    pub(super) perfect: f64,
    /// Names of the benchmarks, and their columns.
    pub(super) names: Vec<String>,
    pub(super) columns: Vec<Vec<f64>>,
    pub(super) models: Vec<GridModel>,
    /// Scores on the target as the tables have them, NaN where there is none.
    pub(super) scores: Vec<f64>,
    pub(super) training: Vec<bool>,
    pub(super) at_most: Option<f64>,
    pub(super) left_out: Vec<String>,
    pub(super) notes: Vec<String>,
}

impl Read {
    /// Scores on the target, 0 for a guess and 1 for a perfect model.
    pub(super) fn shares(&self) -> Vec<f64> {
        self.scores.iter().map(|score| (score - self.chance) / (self.perfect - self.chance)).collect()
    }
}

/// # Errors
/// Those of [`ScoreGrid::from_tables`]; [`Error::Argument`] for a target that is no share; [`Error::Undetermined`] where too little is
/// left.
pub(super) fn read(settings: &ObservationalSettings, tables: &FitTables) -> Result<Read> {
    let grid = tables.grid(&grid_settings(settings))?;
    let place = target(&grid, &settings.target)?;
    let (chance, chance_source, perfect, told) = level(settings, &grid.benchmarks[place])?;
    let scores = grid.before.values[place].clone();
    let (training, at_most) = training(settings, &grid, &scores)?;
    let chosen_by = |name: &str| match &settings.training {
        TrainingModels::Chosen(selections) => selections.iter().any(|one| fold(one.column()) == fold(name)),
        TrainingModels::Smaller | TrainingModels::All | TrainingModels::AtMost(_) => false,
    };
    let (mut names, mut columns, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
    for (k, benchmark) in grid.benchmarks.iter().enumerate().filter(|(k, _)| *k != place) {
        let column = &grid.before.values[k];
        let known: Vec<f64> =
            column.iter().zip(&training).filter(|(y, trained)| **trained && y.is_finite()).map(|(y, _)| *y).collect();
        let reason = match benchmark.scale {
            _ if chosen_by(&benchmark.name) => "it chooses the training models".to_owned(),
            ScoreScale::Any | ScoreScale::Auto => "its scores are no shares or percentages".to_owned(),
            _ if known.len() < FEWEST => format!("{} training models have a score", known.len()),
            _ if known.iter().all(|y| *y == known[0]) => "all training models have the same score".to_owned(),
            ScoreScale::Share | ScoreScale::Percent => {
                names.push(benchmark.name.clone());
                columns.push(column.clone());
                continue;
            }
        };
        left_out.push(format!("benchmark {}: {reason}", benchmark.name));
    }
    if names.len() < settings.components {
        return Err(Error::Undetermined(format!(
            "{} components need as many benchmarks beside `{}`, and there are {}{}",
            settings.components,
            grid.benchmarks[place].name,
            names.len(),
            if left_out.is_empty() { String::new() } else { format!(" ({})", left_out.join("; ")) }
        ))
        .with_help("--components K takes fewer; join a table with more benchmarks"));
    }
    let has_any = |i: &usize| columns.iter().any(|column: &Vec<f64>| column[*i].is_finite());
    let (kept, lost): (Vec<usize>, Vec<usize>) = (0..grid.models.len()).partition(has_any);
    left_out.extend(lost.iter().map(|&i| format!("{}: no score beside the target", grid.models[i].name)));
    let part = |column: &[f64]| kept.iter().map(|&i| column[i]).collect::<Vec<f64>>();
    Ok(Read {
        sources: grid.sources.clone(),
        target: grid.benchmarks[place].name.clone(),
        chance,
        chance_source,
        perfect,
        names,
        columns: columns.iter().map(|column| part(column)).collect(),
        models: kept.iter().map(|&i| grid.models[i].clone()).collect(),
        scores: part(&scores),
        training: kept.iter().map(|&i| training[i]).collect(),
        at_most,
        left_out,
        notes: grid.notes.iter().cloned().chain(told).collect(),
    })
}

fn grid_settings(settings: &ObservationalSettings) -> GridSettings {
    let mut own = settings.tables.clone();
    own.tables.adjusted = None;
    if !own.scores.is_empty() {
        own.scores.push(settings.target.clone());
    }
    own.compute = true;
    if settings.perfect.is_some() {
        own.any_scale.push(settings.target.clone());
    }
    own.marked = match &settings.training {
        TrainingModels::Chosen(selections) => selections.clone(),
        TrainingModels::Smaller | TrainingModels::All | TrainingModels::AtMost(_) => Vec::new(),
    };
    own
}

fn target(grid: &ScoreGrid, name: &str) -> Result<usize> {
    let place = grid.place_of(name)?;
    let benchmark = &grid.benchmarks[place];
    if benchmark.falls {
        return Err(Error::Argument(format!(
            "less is better on `{}`; what is forecast is a share of right answers, or another score that ends at a perfect one \
             (--rising {0}, if more is better)",
            benchmark.name
        )));
    }
    Ok(place)
}

/// The score of a guess, where it comes from, that of a perfect model, and what a reader should know of it.
fn level(settings: &ObservationalSettings, target: &GridBenchmark) -> Result<(f64, String, f64, Option<String>)> {
    // Percentages were made shares; where a perfect score is given, scores are as the tables write them.
    let (unit, perfect) = match (settings.perfect, target.scale) {
        (Some(perfect), _) => (1.0, perfect),
        (None, ScoreScale::Percent) => (100.0, 100.0),
        (None, ScoreScale::Share) => (1.0, 1.0),
        (None, ScoreScale::Any | ScoreScale::Auto) => {
            return Err(Error::Argument(format!(
                "scores on `{}` are no shares or percentages; --perfect LEVEL says what a perfect model scores, and --chance LEVEL a \
                 guess",
                target.name
            )));
        }
    };
    let (chance, source, told) =
        match (settings.chance, target.known.and_then(|known| Some((known, known.chance.actual?)))) {
            (Some(chance), _) => (chance, "given".to_owned(), None),
            (None, Some((known, chance))) => {
                (chance * perfect, format!("{}: {}", known.name, known.chance.source), None)
            }
            (None, _) => {
                let note = format!("chance on `{}` is not known and taken as 0; set it by --chance", target.name);
                (0.0, "taken as 0".to_owned(), Some(note))
            }
        };
    if !(chance.is_finite() && perfect.is_finite() && chance < perfect) {
        return Err(Error::Argument(format!(
            "--chance {chance} is not below {perfect}, the score of a perfect model, as the tables write scores"
        )));
    }
    Ok((chance / unit, source, perfect / unit, told))
}

/// Which models are trained on, and up to which compute where compute decides.
fn training(settings: &ObservationalSettings, grid: &ScoreGrid, scores: &[f64]) -> Result<(Vec<bool>, Option<f64>)> {
    let compute = |i: usize| grid.models[i].compute.map(|compute| compute.0);
    let at_most = match &settings.training {
        TrainingModels::All | TrainingModels::Chosen(_) => None,
        TrainingModels::AtMost(most) => Some(*most),
        TrainingModels::Smaller => {
            let known = (0..scores.len()).filter(|&i| scores[i].is_finite()).filter_map(compute).collect();
            Some(TrainingModels::three_quarters(known).ok_or_else(without_compute)?)
        }
    };
    let chosen = |i: usize| match at_most {
        Some(most) => compute(i).is_some_and(|compute| TrainingModels::within(compute, most)),
        None => grid.models[i].marked,
    };
    let training: Vec<bool> = (0..scores.len()).map(|i| scores[i].is_finite() && chosen(i)).collect();
    let (trained, need) = (training.iter().filter(|trained| **trained).count(), settings.components + 2);
    if trained < need {
        return Err(Error::NotEnoughModels { have: trained, need }.with_help(format!(
            "{} models have a score on the target; --at-most FLOPS, --train 'COLUMN OP VALUE' and --all say which of them are \
             trained on, --components K how many components",
            scores.iter().filter(|score| score.is_finite()).count()
        )));
    }
    Ok((training, at_most))
}

fn without_compute() -> Error {
    Error::Undetermined(
        "no model with a score on the target has compute, by which the largest would be held out".into(),
    )
    .with_help("--train 'COLUMN OP VALUE' chooses the training models by any column, and --all takes every model")
}
