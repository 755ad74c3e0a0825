//! Train-before-test: the training split of each task is learned for that task alone, and then the task is tested.
//!
//! The recipe is that of "Train-before-Test Harmonizes Language Model Rankings" (arXiv 2507.05195) but for one thing: which
//! epoch is tested is decided on validation items and never on those that are tested. The best of several epochs on the
//! tested items themselves is a maximum of noisy numbers, too high by what the noise gives.

use std::path::Path;

use super::division::Division;
use super::evaluating::{Real, named};
use super::training::{BESIDE_WEIGHTS, Base, checkpoint, count, train_settings};
use crate::error::{Error, Result};
use crate::harness::evaluation::{Evaluation, Identity};
use crate::harness::runner::{EvaluatedModel, EvaluationSettings, Keep, Loaded, evaluate};
use crate::harness::tasks::{Draw, Task, TaskSelection};
use crate::lm::{Decoder, Placement};
use crate::registry::{Condition, disk};
use crate::study::cell::{digest, folder_name};
use crate::study::epochs::{CellEpochs, TaskEpochs, TestedEpoch, TriedEpoch};
use crate::study::settings::{AdjustmentRecipe, ExampleSource};
use crate::study::work::CellRun;
use crate::train::{Checkpoint, Next, Observer, TrainStep};

/// Learns and tests every task that is not done, and records the scores of all.
pub(super) fn run(
    work: &Real,
    recipe: &AdjustmentRecipe,
    run: &mut CellRun<'_>,
    path: &Path,
    placement: &Placement,
) -> Result<()> {
    let adjusted = |condition: &Condition| *condition != Condition::unadjusted();
    let Some(condition) = run.missing().into_iter().find(adjusted) else { return Ok(()) };
    let TaskSelection { tasks, .. } = work.selection()?;
    let base = Base::read(path, placement)?;
    let mut known = CellEpochs::read(run.cell(), run.key(&condition))?;
    for (at, task) in tasks.iter().enumerate() {
        let of_task = known.tasks.iter().find(|known| known.task == task.name()).cloned();
        if of_task.as_ref().is_some_and(|of_task| of_task.done) {
            continue;
        }
        let place = (at as f64 / tasks.len() as f64, 1.0 / tasks.len() as f64);
        let learning = Learning { work, recipe, path, placement, base: &base, condition: &condition, task, place };
        learning.run(run, &mut known, of_task)?;
    }
    let tested = known.tasks.iter().filter_map(|task| task.tested.as_ref());
    let observations = tested.flat_map(|tested| tested.observations.clone()).collect();
    let observations = named(observations, run, &condition);
    work.keep(run, &condition, &observations)
}

/// One task of a cell.
struct Learning<'a> {
    work: &'a Real,
    recipe: &'a AdjustmentRecipe,
    path: &'a Path,
    placement: &'a Placement,
    base: &'a Base,
    condition: &'a Condition,
    task: &'a Task,
    /// Where the cell is when the task begins, and the task's share of it.
    place: (f64, f64),
}

impl Learning<'_> {
    fn run(&self, run: &mut CellRun<'_>, known: &mut CellEpochs, of_task: Option<TaskEpochs>) -> Result<()> {
        let ExampleSource::EachTask { validation, most } = self.recipe.source else { return Ok(()) };
        let division = Division::of(self.task, &self.work.draw(), (validation, most), run.cell().seed)?;
        let mut progress = match of_task {
            Some(of_task) => of_task,
            None => {
                let loaded = Loaded::load(self.path, self.placement, Some(&run.cell().model.name), BESIDE_WEIGHTS)?;
                self.begin(run, &division, &loaded)?
            }
        };
        known.put(run.cell(), &progress)?;
        let data = self.base.sequences(self.recipe, &division.learned)?;
        let ends = (1..=self.recipe.epochs).map(|epoch| count(epoch).saturating_mul(data.len())).collect();
        let settings = train_settings(self.recipe, run.cell().seed, ends);
        let folder = run.training_folder().join(folder_name(self.task.name()));
        let (size, epochs) = (data.len(), self.recipe.epochs);
        let mut watching =
            Watching { of: self, run: &mut *run, known: &mut *known, progress, division: &division, size };
        let is_complete = |of: &Watching<'_, '_, '_, '_>| (1..=epochs).all(|epoch| of.progress.has_tried(epoch));
        self.base.train(&data, &settings, &folder, &mut watching, is_complete)?;
        progress = watching.progress;
        if progress.chosen() == Some(0) {
            let loaded = Loaded::load(self.path, self.placement, Some(&run.cell().model.name), BESIDE_WEIGHTS)?;
            let tested = self.ask(run, &loaded.subject(), &self.work.draw(), (0, true))?;
            progress.tested = Some(TestedEpoch { epoch: 0, observations: tested.observations });
        }
        progress.done = true;
        known.put(run.cell(), &progress)?;
        // Left-overs are in nobody's way; they go with the cell's folder for training.
        let _ = disk::remove(&folder);
        Ok(())
    }

    /// Validates the released model.
    fn begin(&self, run: &CellRun<'_>, division: &Division, loaded: &Loaded) -> Result<TaskEpochs> {
        let evaluation = self.ask(run, &loaded.subject(), &division.draw, (0, false))?;
        let (first, items) = self.choosing(&evaluation)?;
        Ok(TaskEpochs {
            task: self.task.name().to_owned(),
            examples: division.learned.len(),
            validation: division.validation,
            items,
            metric: first.0,
            higher_is_better: first.2,
            tried: vec![TriedEpoch { epoch: 0, score: first.1 }],
            tested: None,
            done: false,
        })
    }

    /// The metric that chooses an epoch, its value, whether more is better, and the number of items: the task's first.
    fn choosing(&self, evaluation: &Evaluation) -> Result<((String, f64, bool), usize)> {
        let metric = evaluation.tasks.first().and_then(|task| task.metrics.first());
        let metric = metric.filter(|metric| metric.value.is_finite()).ok_or_else(|| Error::Task {
            task: self.task.name().to_owned(),
            problem: "its validation items give no number to choose an epoch by".into(),
        })?;
        Ok(((metric.name.clone(), metric.value, metric.higher_is_better), metric.n))
    }

    /// Evaluates the task; `epoch` and whether it is the test say what.
    fn ask(
        &self,
        run: &CellRun<'_>,
        subject: &EvaluatedModel<'_, Decoder>,
        draw: &Draw,
        (epoch, is_test): (u64, bool),
    ) -> Result<Evaluation> {
        let evaluation = &self.work.study.evaluation;
        let folder = run.folder(self.condition).join(folder_name(self.task.name()));
        // Tasks are asked for one at a time by their names, so those in files must be known beforehand.
        let files = evaluation.tasks.iter().map(std::path::PathBuf::from).filter(|path| path.is_file());
        let settings = EvaluationSettings {
            tasks: vec![self.task.name().to_owned()],
            definitions: evaluation.include.iter().cloned().chain(files).collect(),
            draw: draw.clone(),
            keep: match is_test && evaluation.keep {
                true => Keep::Everything(folder),
                false => Keep::Answers(folder.join(if is_test { "test" } else { "validation" })),
            },
            ..self.work.settings(run, self.condition)
        };
        let what = match (epoch, is_test) {
            (0, false) => format!("{}: validating the released model", self.task.name()),
            (_, false) => format!("{}: validating epoch {epoch}", self.task.name()),
            (_, true) => format!("{}: testing epoch {epoch}", self.task.name()),
        };
        let (from, share) = self.place;
        let place = from + share * epoch as f64 / (self.recipe.epochs + 1) as f64;
        evaluate(subject, &settings, &mut |_| {
            // A stop is heard by the evaluation itself.
            let _ = run.progress(place, &what);
        })
    }
}

/// Watches the training of one task.
struct Watching<'w, 'a, 'r, 'c> {
    of: &'w Learning<'a>,
    run: &'r mut CellRun<'c>,
    known: &'w mut CellEpochs,
    progress: TaskEpochs,
    division: &'w Division,
    /// Sequences of an epoch.
    size: usize,
}

impl Observer for Watching<'_, '_, '_, '_> {
    fn on_step(&mut self, step: &TrainStep) -> Result<Next> {
        let (from, share) = self.of.place;
        let doing = format!("{}: step {} of {}, loss {:.3}", self.of.task.name(), step.step, step.of, step.loss);
        self.run.progress(from + share * step.step as f64 / step.of.max(1) as f64, &doing)?;
        Ok(Next::Continue)
    }

    fn on_checkpoint(&mut self, reached: &Checkpoint<'_>) -> Result<()> {
        for asked in &reached.asked {
            let epoch = (asked / self.size.max(1)) as u64;
            if !self.progress.has_tried(epoch) {
                self.epoch(reached, epoch)?;
            }
        }
        Ok(())
    }
}

impl Watching<'_, '_, '_, '_> {
    /// Validates an epoch, and tests it if it is the best so far.
    fn epoch(&mut self, reached: &Checkpoint<'_>, epoch: u64) -> Result<()> {
        let of = self.of;
        let folder = self.run.training_folder();
        let identity = Identity {
            name: self.run.cell().model.name.clone(),
            // Answers are kept under this name; it says what weights these are without reading them.
            weights: digest([folder.to_string_lossy().as_ref(), of.task.name(), &epoch.to_string()]),
            tokenizer: "as released".into(),
            dtype: Some(of.base.dtype.clone()),
            device: of.base.device.clone(),
            ..Identity::default()
        };
        let subject = checkpoint(reached.decoder, of.base, identity, &of.base.limits);
        let validated = of.ask(self.run, &subject, &self.division.draw, (epoch, false))?;
        let ((_, score, _), _) = of.choosing(&validated)?;
        let mut progress = self.progress.clone();
        progress.tried.push(TriedEpoch { epoch, score });
        if progress.chosen() == Some(epoch) {
            let tested = of.ask(self.run, &subject, &of.work.draw(), (epoch, true))?;
            progress.tested = Some(TestedEpoch { epoch, observations: tested.observations });
        }
        self.known.put(self.run.cell(), &progress)?;
        self.progress = progress;
        Ok(())
    }
}
