//! Fine-tuning a cell's model, with an evaluation at every checkpoint.

use std::path::Path;

use super::evaluating::Real;
use super::training::{Base, checkpoint, count, train_settings};
use crate::error::{Error, Result};
use crate::harness::evaluation::Identity;
use crate::harness::runner::evaluate;
use crate::lm::Placement;
use crate::registry::Condition;
use crate::study::cell::digest;
use crate::study::settings::{AdjustmentRecipe, ExampleSource};
use crate::study::work::CellRun;
use crate::train::{Checkpoint, Next, Observer, TrainStep};

/// Trains the model at `path` and evaluates every checkpoint that has no scores.
pub(super) fn run(
    work: &Real,
    recipe: &AdjustmentRecipe,
    run: &mut CellRun<'_>,
    path: &Path,
    placement: &Placement,
) -> Result<()> {
    let ExampleSource::Files { checkpoints, .. } = &recipe.source else { return Ok(()) };
    let base = Base::read(path, placement)?;
    let data = base.sequences(recipe, &work.examples(recipe)?)?;
    let all = data.len().saturating_mul(count(recipe.epochs));
    if let Some(beyond) = checkpoints.iter().find(|examples| count(**examples) > all) {
        return Err(Error::Argument(format!("checkpoint {beyond} is never reached: the data give {all} examples")));
    }
    let asked = checkpoints.iter().map(|examples| count(*examples)).collect();
    let settings = train_settings(recipe, run.cell().seed, asked);
    let folder = run.training_folder();
    let mut evaluating = Evaluating { work, run, base: &base };
    base.train(&data, &settings, &folder, &mut evaluating, |evaluating| evaluating.run.missing().is_empty())
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
