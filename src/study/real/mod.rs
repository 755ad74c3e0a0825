//! The work of a cell on real models: `harness` evaluates, `train` fine-tunes.

mod adjust;
mod division;
mod each_task;
mod evaluating;
mod outside;
mod problems;
mod remote;
mod training;

pub(crate) use evaluating::Real;

use evaluating::{CHARACTERS_PER_TOKEN, Read};
use training::BESIDE_WEIGHTS;

use super::cell::{digest, fingerprint};
use super::finetune::examples_of;
use super::settings::{ExampleSource, ModelSource, StudyModel};
use super::work::{CellRun, TokenAmount, Work};
use crate::error::{Error, Result};
use crate::harness::runner::{Loaded, evaluate};
use crate::lm::{Placement, locate};
use crate::registry::Condition;
use crate::train::data::Example;

impl Work for Real {
    fn model(&self, model: &StudyModel) -> Result<String> {
        match &model.source {
            ModelSource::Path(path) => {
                let path = locate(path)?;
                fingerprint(&path).map_err(Error::read(&path))
            }
            ModelSource::Server(served) => remote::digest_of(served),
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
            ModelSource::Server(served) => return remote::run(self, run, &served.clone()),
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
            Some(recipe) if learns => match (&recipe.source, &recipe.command) {
                (ExampleSource::Files { .. }, Some(command)) => {
                    outside::run(self, recipe, command, run, &path, &placement)
                }
                (ExampleSource::Files { .. }, None) => adjust::run(self, recipe, run, &path, &placement),
                (ExampleSource::EachTask { .. }, _) => each_task::run(self, recipe, run, &path, &placement),
            },
            _ => Ok(()),
        }
    }
}
