//! What a study on real models reads and records, whichever way its cells go.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::division::Division;
use crate::error::{Error, Result};
use crate::harness::evaluation::Evaluation;
use crate::harness::request::Request;
use crate::harness::runner::{EvaluationEvent, EvaluationSettings, Keep};
use crate::harness::tasks::{Draw, Library, Task, TaskSelection};
use crate::registry::{Condition, Limit, Observation, disk};
use crate::study::cell::digest;
use crate::study::settings::{AdjustmentRecipe, ExampleSource, Study};
use crate::study::work::CellRun;
use crate::train::data::{Example, Layout};

/// Characters of a token, about, for estimates without a tokenizer.
pub(super) const CHARACTERS_PER_TOKEN: f64 = 4.0;

/// The work of a cell on real models.
#[derive(Debug)]
pub(crate) struct Real {
    pub(super) study: Study,
    pub(super) read: OnceLock<Read>,
}

/// What is known of the tasks once they were read.
#[derive(Debug, Clone)]
pub(super) struct Read {
    pub(super) hash: String,
    pub(super) tokens: f64,
    pub(super) scores: f64,
}

impl Real {
    /// Of this study. Nothing is read yet.
    pub(crate) fn new(study: &Study) -> Self {
        Self { study: study.clone(), read: OnceLock::new() }
    }

    pub(super) fn draw(&self) -> Draw {
        let evaluation = &self.study.evaluation;
        let limit = evaluation.limit.and_then(|limit| Limit::new(limit as f64).ok());
        let shots = evaluation.shots.and_then(|shots| usize::try_from(shots).ok());
        Draw { limit, shots, ..Draw::default() }
    }

    pub(super) fn selection(&self) -> Result<TaskSelection> {
        let evaluation = &self.study.evaluation;
        let mut library = Library::built_in()?;
        for path in &evaluation.include {
            library.add(path)?;
        }
        library.select(&evaluation.tasks, evaluation.data.as_deref())
    }

    pub(super) fn read(&self) -> Result<&Read> {
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

    pub(super) fn examples(&self, recipe: &AdjustmentRecipe) -> Result<Vec<Example>> {
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
        let of_task = |task: &Task| Division::of(task, &self.draw(), (validation, most), seed);
        let each = self.selection()?.tasks.iter().map(of_task).collect::<Result<Vec<_>>>()?;
        Ok(each.into_iter().flat_map(|division| division.learned).collect())
    }

    pub(super) fn settings(&self, run: &CellRun<'_>, condition: &Condition) -> EvaluationSettings {
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
    pub(super) fn evaluate(
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
    pub(super) fn keep(
        &self,
        run: &mut CellRun<'_>,
        condition: &Condition,
        observations: &[Observation],
    ) -> Result<()> {
        run.record(condition, observations)?;
        if !self.study.evaluation.keep {
            // What cannot be removed now goes with the cell's folder for evaluations.
            let _ = disk::remove(&run.folder(condition));
        }
        Ok(())
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
pub(super) fn named(observations: Vec<Observation>, run: &CellRun<'_>, condition: &Condition) -> Vec<Observation> {
    let own =
        |observation| Observation { model: run.cell().model.name.clone(), condition: condition.clone(), ..observation };
    observations.into_iter().map(own).collect()
}

fn length(request: &Request) -> usize {
    match request {
        Request::LogLikelihood { context, continuation } => context.len() + continuation.len(),
        Request::Rolling { text } => text.len(),
        Request::Generate { context, max_tokens, .. } | Request::Sample { context, max_tokens, .. } => {
            context.len() + max_tokens * CHARACTERS_PER_TOKEN as usize
        }
    }
}
