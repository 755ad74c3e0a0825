//! The work of a cell on real models: `harness` evaluates, `train` fine-tunes.

mod adjust;
mod each_task;
mod problems;
mod remote;
mod training;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::cell::{digest, fingerprint};
use super::finetune::examples_of;
use super::settings::{AdjustmentRecipe, ExampleSource, ModelSource, Study, StudyModel};
use super::work::{CellRun, TokenAmount, Work};
use crate::error::{Error, Result};
use crate::harness::evaluation::{Evaluation, Identity};
use crate::harness::request::Request;
use crate::harness::runner::{EvaluatedModel, EvaluationEvent, EvaluationSettings, Keep, Limits, Loaded, evaluate};
use crate::harness::tasks::{Draw, Library, Task, TaskSelection};
use crate::lm::{Decoder, Placement, locate};
use crate::registry::{Condition, Limit, Observation, disk};
use crate::train::data::{Example, Layout};

/// Memory beside the weights that an evaluation stays within, in bytes. Scores do not depend on it.
const BESIDE_WEIGHTS: usize = 1 << 30;

/// Characters of a token, about, for estimates without a tokenizer.
const CHARACTERS_PER_TOKEN: f64 = 4.0;

/// The work of a cell on real models.
#[derive(Debug)]
pub(crate) struct Real {
    study: Study,
    read: OnceLock<Read>,
}

/// What is known of the tasks once they were read.
#[derive(Debug, Clone)]
struct Read {
    hash: String,
    tokens: f64,
    scores: f64,
}

impl Real {
    /// Of this study. Nothing is read yet.
    pub(crate) fn new(study: &Study) -> Self {
        Self { study: study.clone(), read: OnceLock::new() }
    }

    fn draw(&self) -> Draw {
        let evaluation = &self.study.evaluation;
        let limit = evaluation.limit.and_then(|limit| Limit::new(limit as f64).ok());
        let shots = evaluation.shots.and_then(|shots| usize::try_from(shots).ok());
        Draw { limit, shots, ..Draw::default() }
    }

    fn selection(&self) -> Result<TaskSelection> {
        let evaluation = &self.study.evaluation;
        let mut library = Library::built_in()?;
        for path in &evaluation.include {
            library.add(path)?;
        }
        library.select(&evaluation.tasks, evaluation.data.as_deref())
    }

    fn read(&self) -> Result<&Read> {
        if let Some(read) = self.read.get() {
            return Ok(read);
        }
        let TaskSelection { tasks, groups, .. } = self.selection()?;
        let (mut parts, mut characters, mut scores) = (vec![format!("{}", self.study.evaluation.truncate)], 0, 0);
        let mut unreadable = Vec::new();
        for task in &tasks {
            let items = match task.items(&self.draw()) {
                Ok(items) => items,
                Err(error) => {
                    unreadable.push(error.to_string());
                    continue;
                }
            };
            characters += items.items.iter().flat_map(|item| &item.requests).map(length).sum::<usize>();
            scores += task.higher_is_better().len() * task.filters().len().max(1);
            parts.extend([task.name().to_owned(), items.hash]);
        }
        for group in &groups {
            scores += 1;
            parts.push(format!("{} {} {}", group.name(), group.version(), group.tasks().join(" ")));
        }
        if !unreadable.is_empty() {
            return Err(Error::Settings { path: self.study.file.clone(), problems: unreadable });
        }
        let hash = digest(parts.iter().map(String::as_str));
        let read = Read { hash, tokens: characters as f64 / CHARACTERS_PER_TOKEN, scores: scores as f64 };
        Ok(self.read.get_or_init(|| read))
    }

    fn examples(&self, recipe: &AdjustmentRecipe) -> Result<Vec<Example>> {
        let known: BTreeMap<&str, Layout> = Layout::NAMES.into_iter().collect();
        let ExampleSource::Files { data, layout, .. } = &recipe.source else { return self.splits(recipe) };
        let named = known.get(layout.as_str()).copied();
        let layout = named.ok_or_else(|| Error::Argument(format!("unknown layout `{layout}`")))?;
        let mut examples = Vec::new();
        for path in data {
            examples.extend(layout.read(path)?.examples);
        }
        Ok(examples)
    }

    /// The examples that each task's training split gives, all tasks in a row.
    fn splits(&self, recipe: &AdjustmentRecipe) -> Result<Vec<Example>> {
        let ExampleSource::EachTask { validation, most } = recipe.source else { return Ok(Vec::new()) };
        let seed = self.study.seeds.first().copied().unwrap_or_default();
        let of_task = |task: &Task| each_task::Division::of(task, &self.draw(), (validation, most), seed);
        let each = self.selection()?.tasks.iter().map(of_task).collect::<Result<Vec<_>>>()?;
        Ok(each.into_iter().flat_map(|division| division.learned).collect())
    }

    fn settings(&self, run: &CellRun<'_>, condition: &Condition) -> EvaluationSettings {
        let evaluation = &self.study.evaluation;
        let folder = run.folder(condition);
        EvaluationSettings {
            tasks: evaluation.tasks.clone(),
            definitions: evaluation.include.clone(),
            data: evaluation.data.clone(),
            draw: self.draw(),
            truncate: evaluation.truncate,
            strict: true,
            keep: if evaluation.keep { Keep::Everything(folder) } else { Keep::Answers(folder) },
            stop: Some(run.stop()),
            ..EvaluationSettings::default()
        }
    }

    /// Evaluates under a condition and records the scores; `from` and `to` are where the cell is before and after.
    fn evaluate(
        &self,
        run: &mut CellRun<'_>,
        condition: &Condition,
        (from, to): (f64, f64),
        evaluate: impl FnOnce(&EvaluationSettings, &mut dyn FnMut(EvaluationEvent<'_>)) -> Result<Evaluation>,
    ) -> Result<()> {
        let settings = self.settings(run, condition);
        let (mut items, mut done) = (1, 0);
        let what = doing(condition);
        let mut watch = |event: EvaluationEvent<'_>| {
            match event {
                // A study names its tasks; one that is in a broken file is named when it is looked for.
                EvaluationEvent::LeftOut(_)
                | EvaluationEvent::Refused(_)
                | EvaluationEvent::Replaced(_)
                | EvaluationEvent::Damaged(_)
                | EvaluationEvent::FirstPrompt { .. } => {}
                EvaluationEvent::Begin { items: all, .. } => items = all.max(1),
                EvaluationEvent::Task { known, .. } => done += known,
                EvaluationEvent::Item => done += 1,
            }
            // A stop is heard by the evaluation itself.
            let _ = run.progress(from + (to - from) * done as f64 / items as f64, &what);
        };
        let evaluation = evaluate(&settings, &mut watch)?;
        let observations = named(evaluation.observations, run, condition);
        self.keep(run, condition, &observations)
    }

    /// Records scores; the answers they were made of go at once, so that a cell never has those of more than one condition.
    fn keep(&self, run: &mut CellRun<'_>, condition: &Condition, observations: &[Observation]) -> Result<()> {
        run.record(condition, observations)?;
        if !self.study.evaluation.keep {
            // What cannot be removed now goes with the cell's folder for evaluations.
            let _ = disk::remove(&run.folder(condition));
        }
        Ok(())
    }
}

impl Work for Real {
    fn model(&self, model: &StudyModel) -> Result<String> {
        match &model.source {
            ModelSource::Path(path) => {
                let path = locate(path)?;
                fingerprint(&path).map_err(Error::read(&path))
            }
            ModelSource::Server { model, .. } => Ok(digest(["server", model])),
            ModelSource::Imported => Ok(String::new()),
        }
    }

    fn tasks(&self) -> Result<String> {
        Ok(self.read()?.hash.clone())
    }

    fn adjustment(&self) -> Result<String> {
        let Some(recipe) = &self.study.adjustment else { return Ok(digest([])) };
        let parts = match &recipe.source {
            ExampleSource::Files { data, .. } => {
                data.iter().map(|path| fingerprint(path).map_err(Error::read(path))).collect::<Result<Vec<_>>>()?
            }
            ExampleSource::EachTask { .. } => {
                let tasks = self.selection()?.tasks;
                let examples = tasks.iter().map(examples_of).collect::<Result<Vec<_>>>()?;
                examples.into_iter().flatten().flat_map(|example| [example.prompt, example.completion]).collect()
            }
        };
        Ok(digest(parts.iter().map(String::as_str)))
    }

    fn amount(&self) -> Result<TokenAmount> {
        let Read { tokens, scores, .. } = *self.read()?;
        let mut adjustment = 0.0;
        if let Some(recipe) = &self.study.adjustment {
            let of =
                |example: &Example| (example.prompt.len() + example.completion.len()) as f64 / CHARACTERS_PER_TOKEN;
            let examples = self.examples(recipe)?;
            adjustment = examples.iter().map(of).sum::<f64>() * recipe.epochs as f64;
        }
        Ok(TokenAmount { evaluation: tokens, adjustment, scores })
    }

    fn run(&self, run: &mut CellRun<'_>) -> Result<()> {
        let path = match &run.cell().model.source {
            ModelSource::Path(path) => locate(path)?,
            ModelSource::Server { url, model, concurrency } => return remote::run(self, run, url, model, *concurrency),
            ModelSource::Imported => return Ok(()),
        };
        let placement = Placement::named(&self.study.run.device, &self.study.run.dtype)?;
        let released = Condition::unadjusted();
        let learns = run.missing().iter().any(|condition| *condition != released);
        if run.missing().contains(&released) {
            run.progress(0.0, "loading")?;
            let loaded = Loaded::load(&path, &placement, Some(&run.cell().model.name), BESIDE_WEIGHTS)?;
            let share = if learns { 1.0 / run.cell().conditions.len() as f64 } else { 1.0 };
            let subject = loaded.subject();
            self.evaluate(run, &released, (0.0, share), |settings, watch| evaluate(&subject, settings, watch))?;
        }
        match &self.study.adjustment {
            Some(recipe) if learns => match recipe.source {
                ExampleSource::Files { .. } => adjust::run(self, recipe, run, &path, &placement),
                ExampleSource::EachTask { .. } => each_task::run(self, recipe, run, &path, &placement),
            },
            _ => Ok(()),
        }
    }
}

/// What a person reads while the condition is evaluated.
fn doing(condition: &Condition) -> String {
    match condition.examples {
        Some(examples) => format!("evaluating after {examples} examples"),
        None if *condition == Condition::unadjusted() => "evaluating as released".into(),
        None => format!("evaluating after {}", condition.adjustment),
    }
}

/// The rows under the cell's own names.
fn named(observations: Vec<Observation>, run: &CellRun<'_>, condition: &Condition) -> Vec<Observation> {
    let own =
        |observation| Observation { model: run.cell().model.name.clone(), condition: condition.clone(), ..observation };
    observations.into_iter().map(own).collect()
}

fn length(request: &Request) -> usize {
    match request {
        Request::LogLikelihood { context, continuation } => context.len() + continuation.len(),
        Request::Generate { context, max_tokens, .. } => context.len() + max_tokens * CHARACTERS_PER_TOKEN as usize,
    }
}

/// A checkpoint that is still being trained, as an evaluation sees it.
fn checkpoint<'a>(
    decoder: &'a Decoder,
    loaded: &'a training::Base,
    identity: Identity,
    limits: &Limits,
) -> EvaluatedModel<'a, Decoder> {
    EvaluatedModel {
        model: decoder,
        tokenizer: &loaded.tokenizer,
        ends: loaded.ends.clone(),
        identity,
        limits: limits.clone(),
    }
}
