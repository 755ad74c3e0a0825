//! From tables to training runs: loss and score of every checkpoint.

use std::collections::{BTreeMap, BTreeSet};

use super::settings::LossThenScoreSettings;
use crate::analysis::fit::FitTables;
use crate::analysis::{TrainingModels, losses};
use crate::registry::columns::MODEL;
use crate::registry::modelset::{ClusterBy, Cutoff, ModelRow, ModelSet, PredictorKind, ScoreScale, Settings};
use crate::registry::table::Table;
use crate::stats::loss_then_score::LadderRun;
use crate::{Error, Result};

/// The column that tells runs apart where points are no checkpoints of a model's own.
const RUN: &str = "run";

/// A checkpoint.
pub(super) struct Checkpoint {
    /// Its model's name, by which choices of rows find it.
    name: String,
    pub(super) tokens: f64,
    pub(super) loss: f64,
    pub(super) score: f64,
}

/// A training run.
pub(super) struct Run {
    pub(super) name: String,
    pub(super) params: f64,
    /// In the order of training.
    pub(super) checkpoints: Vec<Checkpoint>,
    pub(super) trained: bool,
}

/// What was read.
pub(super) struct Read {
    pub(super) sources: Vec<String>,
    pub(super) loss_name: String,
    pub(super) score_name: String,
    pub(super) perfect: f64,
    /// The score of a guess, where the benchmark is known.
    pub(super) chance: Option<f64>,
    /// In the order of the tables.
    pub(super) runs: Vec<Run>,
    /// The compute up to which runs are trained on, where compute decides.
    pub(super) at_most: Option<f64>,
    /// Points whose tokens follow from compute.
    pub(super) by_compute: usize,
    /// Whether a model has fewer active parameters than parameters.
    pub(super) mixtures: bool,
    pub(super) left_out: Vec<String>,
    pub(super) notes: Vec<String>,
}

impl Run {
    /// Tokens at its end.
    pub(super) fn tokens(&self) -> f64 {
        self.checkpoints.last().map_or(f64::NAN, |last| last.tokens)
    }

    /// 6ND at its end.
    pub(super) fn compute(&self) -> f64 {
        6.0 * self.params * self.tokens()
    }

    /// As both steps see it.
    pub(super) fn ladder(&self, settings: &LossThenScoreSettings) -> Result<LadderRun> {
        let column = |of: fn(&Checkpoint) -> f64| self.checkpoints.iter().map(of).collect::<Vec<f64>>();
        let (tokens, loss, score) = (column(|c| c.tokens), column(|c| c.loss), column(|c| c.score));
        LadderRun::of_checkpoints(self.params, &tokens, &loss, &score, settings.average, settings.skip)
    }
}

/// # Errors
/// Those of [`ModelSet::from_tables`]; [`Error::Argument`] for losses that are not positive, runs of two sizes, and a choice that parts a
/// run; [`Error::NotEnoughModels`] where too few runs are trained on.
pub(super) fn read(settings: &LossThenScoreSettings, tables: &FitTables) -> Result<Read> {
    losses::check(&tables.tables, &settings.loss, settings.tables.any_size)?;
    let of_loss = of_loss(settings, &tables.tables);
    let help = |error| explained(error, &tables.tables, &of_loss);
    let with_loss = tables.models(&of_loss).map_err(help)?;
    let of_score = Settings {
        score: settings.tables.score.clone(),
        metric: settings.tables.metric.clone(),
        score_scale: settings.tables.score_scale,
        ..of_loss.clone()
    };
    let with_score = tables.models(&of_score)?;
    let perfect = perfect(settings, &with_score)?;
    let scores: BTreeMap<&str, f64> = with_score.rows.iter().map(|row| (row.name.as_str(), row.score)).collect();
    let names: BTreeSet<&str> = with_loss.rows.iter().map(|row| row.name.as_str()).collect();
    let mut left_out: Vec<String> = with_loss.dropped.iter().map(ToString::to_string).collect();
    let without_loss = with_score.rows.iter().filter(|row| !names.contains(row.name.as_str()));
    left_out.extend(without_loss.map(|row| format!("{}: no `{}`", row.name, with_loss.score.name)));
    let by_run = matches!(of_loss.cluster, ClusterBy::Column(_));
    let (mut runs, mut places) = (Vec::<Run>::new(), BTreeMap::<String, usize>::new());
    let (mut by_compute, mut mixtures) = (0, false);
    for row in &with_loss.rows {
        let Some((params, tokens)) = losses::sizes(row) else {
            left_out.push(format!("{}: no tokens and no compute", row.name));
            continue;
        };
        let Some(score) = scores.get(row.name.as_str()) else {
            left_out.push(format!("{}: no `{}`", row.name, with_score.score.name));
            continue;
        };
        if row.score.is_nan() || row.score <= 0.0 {
            return Err(Error::Argument(format!("{}: a loss of {} {}", row.name, row.score, losses::NOT_POSITIVE)));
        }
        by_compute += usize::from(row.tokens.is_none());
        mixtures |= row.active_params.is_some_and(|active| active != params);
        let run = if by_run { &row.cluster } else { &row.run };
        let place = *places.entry(run.clone()).or_insert(runs.len());
        if place == runs.len() {
            runs.push(Run { name: run.clone(), params, checkpoints: Vec::new(), trained: true });
        }
        if runs[place].params != params {
            return Err(Error::Argument(format!(
                "the run {run} has {} parameters and, at {}, {params}; a column `{RUN}` tells runs apart",
                runs[place].params, row.name
            )));
        }
        runs[place].checkpoints.push(Checkpoint { name: row.name.clone(), tokens, loss: row.score, score: *score });
    }
    runs.iter_mut().for_each(|run| run.checkpoints.sort_by(|a, b| a.tokens.total_cmp(&b.tokens)));
    let at_most = train(settings, tables, &of_loss, &mut runs)?;
    let chance = with_score.score.benchmark.and_then(|known| known.chance.actual);
    Ok(Read {
        sources: with_loss.sources.clone(),
        loss_name: with_loss.score.name.clone(),
        score_name: with_score.score.name.clone(),
        perfect,
        chance: chance.zip(with_score.score.scale.perfect()).map(|(chance, perfect)| chance * perfect),
        runs,
        at_most,
        by_compute,
        mixtures,
        left_out,
        notes: notes_of(&with_loss, &with_score),
    })
}

/// What both readings say, once.
fn notes_of(with_loss: &ModelSet, with_score: &ModelSet) -> Vec<String> {
    let mut notes = with_score.notes.clone();
    notes.extend(with_loss.notes.iter().filter(|note| !with_score.notes.contains(note)).cloned());
    notes
}

/// How the losses are read: parameters are asked for, and losses may have any size.
fn of_loss(settings: &LossThenScoreSettings, tables: &[Table]) -> Settings {
    let is_name = |table: &Table| {
        let name = table.find(&MODEL).map(|(at, _)| table.names()[at].as_str());
        settings.tables.model.as_deref().or(name) == Some(RUN)
    };
    let has_runs = tables.iter().any(|table| table.position(RUN).is_some() && !is_name(table));
    Settings {
        score: Some(settings.loss.clone()),
        metric: settings.loss_metric.clone(),
        x: Some(PredictorKind::Params),
        x_scale: None,
        score_scale: ScoreScale::Any,
        cutoff: Cutoff::None,
        groups: Vec::new(),
        adjusted: None,
        items: None,
        weights: None,
        compute_sd: None,
        holdout: None,
        cluster: if has_runs { ClusterBy::Column(RUN.to_owned()) } else { ClusterBy::Model },
        ..settings.tables.clone()
    }
}

fn perfect(settings: &LossThenScoreSettings, with_score: &ModelSet) -> Result<f64> {
    match (settings.perfect, with_score.score.scale.perfect()) {
        (Some(perfect), _) if perfect > 0.0 && perfect.is_finite() => Ok(perfect),
        (Some(perfect), _) => Err(Error::Argument(format!("--perfect {perfect}: a perfect model scores more than 0"))),
        (None, Some(perfect)) => Ok(perfect),
        (None, None) => Err(Error::Argument(format!(
            "scores on `{}` are no shares or percentages; --perfect LEVEL says what a perfect model scores",
            with_score.score.name
        ))),
    }
}

/// Marks the runs that are trained on; the compute up to which they are, where compute decides.
fn train(
    settings: &LossThenScoreSettings,
    tables: &FitTables,
    of_loss: &Settings,
    runs: &mut [Run],
) -> Result<Option<f64>> {
    let at_most = match &settings.training {
        TrainingModels::All => return Ok(None),
        TrainingModels::Smaller => TrainingModels::three_quarters(runs.iter().map(Run::compute).collect()),
        TrainingModels::AtMost(most) => Some(*most),
        TrainingModels::Chosen(selections) => {
            let only = of_loss.only.iter().chain(selections).cloned().collect();
            let chosen = tables.models(&Settings { only, ..of_loss.clone() })?;
            let names: BTreeSet<&str> = chosen.rows.iter().map(|row: &ModelRow| row.name.as_str()).collect();
            for run in &mut *runs {
                let count = run.checkpoints.iter().filter(|c| names.contains(c.name.as_str())).count();
                if count > 0 && count < run.checkpoints.len() {
                    let error = Error::Argument(format!(
                        "--train chooses {count} of the {} checkpoints of the run {}, and runs are trained on or held out as a whole",
                        run.checkpoints.len(),
                        run.name
                    ));
                    return Err(error.with_help("--where chooses checkpoints"));
                }
                run.trained = count > 0;
            }
            return Ok(None);
        }
    };
    for run in &mut *runs {
        run.trained = at_most.is_some_and(|most| TrainingModels::within(run.compute(), most));
    }
    Ok(at_most)
}

/// What helps where the tables could not be read as checkpoints.
fn explained(error: Error, tables: &[Table], settings: &Settings) -> Error {
    let is_name = |column: &str| {
        let found = |table: &Table| table.find(&MODEL).is_some_and(|(at, _)| table.names()[at] == column);
        settings.model.as_deref() == Some(column) || tables.iter().any(found)
    };
    match &error {
        Error::Cell { column, .. } if is_name(column) => {
            error.with_help("a column `tokens_seen` tells the checkpoints of one run apart")
        }
        Error::Argument(_) => {
            error.with_help("--loss names the column of the losses, or the benchmark of a long table")
        }
        _ => error,
    }
}
