//! Fine-tuning a cell's model, with an evaluation at every checkpoint.

use std::path::Path;

use super::{Real, checkpoint, each_task};
use crate::error::{Error, Result};
use crate::harness::evaluation::Identity;
use crate::harness::runner::{Limits, ends, evaluate};
use crate::lm::{Config, Found, Placement, Tokenizer, Weights};
use crate::registry::{Condition, disk};
use crate::study::cell::digest;
use crate::study::settings::{AdjustmentRecipe, ExampleSource};
use crate::study::work::CellRun;
use crate::train::{
    AdamW, Checkpoint, Encoding, Length, ModelFiles, Next, Observer, RunFolder, Schedule, TrainSettings, TrainStep,
    Trainer, Warmup,
};

/// Optimiser steps between two states from which a run can go on.
pub(super) const STATE_EVERY: usize = 200;

/// What stays the same of a model while its weights change.
pub(super) struct Base {
    pub(super) tokenizer: Tokenizer,
    pub(super) ends: Vec<u32>,
    pub(super) config: Config,
    pub(super) limits: Limits,
    pub(super) dtype: String,
    pub(super) device: String,
}

impl Base {
    /// Of the model at `path`.
    ///
    /// # Errors
    /// Those of [`Found::at`] and [`ends`]; [`Error::File`] for a model without tokenizer.
    pub(super) fn read(path: &Path, placement: &Placement) -> Result<Self> {
        let found = Found::at(path)?;
        let limits = Limits::within(super::BESIDE_WEIGHTS, &found, placement);
        let Found { config, tokenizer, .. } = found;
        let tokenizer = tokenizer.ok_or_else(|| Error::File {
            path: path.to_owned(),
            problem: "has no tokenizer beside its weights".into(),
        })?;
        Ok(Self {
            tokenizer,
            ends: ends(path)?,
            config,
            limits,
            dtype: placement.dtype.as_str().to_owned(),
            device: format!("{:?}", placement.device.location()).to_lowercase(),
        })
    }
}

/// A number of a study file as a length.
pub(super) fn count(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// The recipe as the trainer takes it.
pub(super) fn train_settings(recipe: &AdjustmentRecipe, seed: u64, checkpoints: Vec<usize>) -> TrainSettings {
    TrainSettings {
        batch: count(recipe.batch),
        length: Length::Epochs(count(recipe.epochs)),
        schedule: Schedule {
            peak: recipe.learning_rate,
            floor: recipe.floor,
            warmup: Warmup::Share(recipe.warmup),
            ..Schedule::default()
        },
        optimiser: AdamW { decay: recipe.weight_decay, ..AdamW::default() },
        seed,
        checkpoints,
        ..TrainSettings::default()
    }
}

/// Trains the model at `path` and evaluates every checkpoint that has no scores.
pub(super) fn run(
    work: &Real,
    recipe: &AdjustmentRecipe,
    run: &mut CellRun<'_>,
    path: &Path,
    placement: &Placement,
) -> Result<()> {
    let ExampleSource::Files { checkpoints, .. } = &recipe.source else {
        return each_task::run(work, recipe, run, path, placement);
    };
    let base = Base::read(path, placement)?;
    let encoding = Encoding { block: count(recipe.block), end: recipe.end_token, ..Encoding::default() };
    let data = encoding.encode(&base.tokenizer, &work.examples(recipe)?)?.sequences;
    let all = data.len().saturating_mul(count(recipe.epochs));
    if let Some(beyond) = checkpoints.iter().find(|examples| count(**examples) > all) {
        return Err(Error::Argument(format!("checkpoint {beyond} is never reached: the data give {all} examples")));
    }
    let asked = checkpoints.iter().map(|examples| count(*examples)).collect();
    let settings = train_settings(recipe, run.cell().seed, asked);
    let folder = run.training_folder();
    // A run that ended in this folder has passed its checkpoints. Where one of them has no scores all the same, the run
    // begins again, once.
    for again in [false, true] {
        if again {
            disk::remove(&folder).map_err(Error::write(&folder))?;
        }
        let tensors = Weights::open(path, &placement.device, placement.dtype)?.all()?;
        let mut trainer = Trainer::new(base.config.clone(), &tensors, settings.clone())?;
        drop(tensors);
        let files = ModelFiles::read(path)?;
        let on_disk = RunFolder { keep: Some(1), state_every: STATE_EVERY, ..RunFolder::new(&folder, files) };
        let mut evaluating = Evaluating { work, run: &mut *run, base: &base };
        trainer.run(&data, Some(&on_disk), &mut evaluating)?;
        if run.missing().is_empty() {
            break;
        }
    }
    Ok(())
}

struct Evaluating<'w, 'r, 'c> {
    work: &'w Real,
    run: &'r mut CellRun<'c>,
    base: &'w Base,
}

impl Evaluating<'_, '_, '_> {
    /// How far the cell is with this many of its conditions finished and the next one reached to `share`.
    fn place(&self, done: usize, share: f64) -> f64 {
        (done as f64 + share) / self.run.cell().conditions.len().max(1) as f64
    }
}

impl Observer for Evaluating<'_, '_, '_> {
    fn on_step(&mut self, step: &TrainStep) -> Result<Next> {
        let done = self.run.cell().conditions.len() - self.run.missing().len();
        let doing = format!("step {} of {}, loss {:.3}", step.step, step.of, step.loss);
        self.run.progress(self.place(done, 0.0), &doing)?;
        Ok(Next::Continue)
    }

    fn on_checkpoint(&mut self, reached: &Checkpoint<'_>) -> Result<()> {
        // A step ends where it ends: one checkpoint may stand for several numbers of examples that were asked for.
        let is_it = |condition: &Condition| {
            condition.examples.is_some_and(|n| reached.asked.iter().any(|&asked| asked as u64 == n))
        };
        for condition in self.run.missing().into_iter().filter(is_it).collect::<Vec<_>>() {
            self.evaluate_at(reached, &condition)?;
        }
        Ok(())
    }
}

impl Evaluating<'_, '_, '_> {
    fn evaluate_at(&mut self, reached: &Checkpoint<'_>, condition: &Condition) -> Result<()> {
        let done = self.run.cell().conditions.len() - self.run.missing().len();
        let name = self.run.cell().model.name.clone();
        // Answers are kept under this name; it says what weights these are without reading them.
        let weights = digest([self.run.training_folder().to_string_lossy().as_ref(), &reached.examples.to_string()]);
        let identity = Identity {
            name,
            weights,
            tokenizer: "as released".into(),
            dtype: Some(self.base.dtype.clone()),
            device: self.base.device.clone(),
            ..Identity::default()
        };
        let subject = checkpoint(reached.decoder, self.base, identity, &self.base.limits);
        let (from, to) = (self.place(done, 0.0), self.place(done, 1.0));
        self.work.evaluate(self.run, condition, (from, to), |settings, watch| evaluate(&subject, settings, watch))
    }
}
