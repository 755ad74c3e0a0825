//! What would stop a study after it has begun, found before: tasks without definition or data, examples that do not reach
//! the last checkpoint, models that cannot be read.

use std::path::Path;

use rayon::prelude::*;

use super::evaluating::Real;
use crate::error::{Error, Result};
use crate::harness::tasks::Library;
use crate::lm::{Config, Found, Placement, Weights};
use crate::study::cell::Cell;
use crate::study::settings::{ExampleSource, LAYOUTS, ModelSource, StudyModel};

impl Real {
    /// Everything that is wrong with what the study names, each in a sentence; of models only those of the cells `only`
    /// where there are any. No weights are loaded, and models of the hub and behind a server are not asked for.
    pub(crate) fn problems(&self, only: &[String]) -> Vec<String> {
        let mut problems = self.of_tasks();
        problems.extend(self.of_examples());
        let cells = Cell::all(&self.study);
        let needed = |model: &&StudyModel| {
            only.is_empty() || cells.iter().any(|cell| cell.model.name == model.name && only.contains(&cell.name))
        };
        let models: Vec<&StudyModel> = self.study.models.iter().filter(needed).collect();
        problems.par_extend(models.into_par_iter().filter_map(of_model));
        problems
    }

    fn of_tasks(&self) -> Vec<String> {
        let evaluation = &self.study.evaluation;
        let mut library = match Library::built_in() {
            Ok(library) => library,
            Err(error) => return vec![error.to_string()],
        };
        let there = evaluation.include.iter().filter(|path| path.exists());
        let mut problems: Vec<String> =
            there.filter_map(|path| library.add(path).err()).map(|error| format!("`include`: {error}")).collect();
        let each = evaluation
            .tasks
            .iter()
            .filter_map(|task| library.select(std::slice::from_ref(task), evaluation.data.as_deref()).err());
        problems.extend(each.map(|error| format!("`tasks`: {error}")));
        if problems.is_empty() && !evaluation.tasks.is_empty() {
            match self.read() {
                Ok(_) => {}
                Err(Error::Settings { problems: found, .. }) => problems.extend(found),
                Err(error) => problems.push(error.to_string()),
            }
        }
        problems
    }

    fn of_examples(&self) -> Option<String> {
        let recipe = self.study.adjustment.as_ref()?;
        let ExampleSource::Files { data, layout, checkpoints } = &recipe.source else {
            return self.examples(recipe).err().map(|error| format!("`each_task`: {error}"));
        };
        // What is wrong with these is said already.
        if !data.iter().all(|path| path.exists()) || !LAYOUTS.contains(&layout.as_str()) {
            return None;
        }
        let examples = match self.examples(recipe) {
            Ok(examples) => examples.len() as u64,
            Err(error) => return Some(format!("`data`: {error}")),
        };
        let all = examples.saturating_mul(recipe.epochs);
        let beyond = checkpoints.iter().find(|checkpoint| **checkpoint > all)?;
        Some(format!(
            "`checkpoints`: {beyond} is never reached: the data give {all} examples in {} epochs",
            recipe.epochs
        ))
    }
}

fn of_model(model: &StudyModel) -> Option<String> {
    let ModelSource::Path(path) = &model.source else { return None };
    let on_hub = path.to_str().is_some_and(|text| text.starts_with("hf:"));
    if on_hub || !path.exists() {
        return None;
    }
    readable(path).err().map(|error| format!("model `{}`: {error}", model.name))
}

/// Reads what says what the model is. A tokenizer of a folder can be tens of megabytes and is not read.
fn readable(path: &Path) -> Result<()> {
    let no_tokenizer = || Error::File { path: path.to_owned(), problem: "has no tokenizer beside its weights".into() };
    if !path.is_dir() {
        return Found::at(path)?.tokenizer.map(drop).ok_or_else(no_tokenizer);
    }
    if !path.join("config.json").exists() {
        // A folder around a GGUF file.
        return Found::at(path).map(drop);
    }
    Config::read(path)?;
    let placement = Placement::default();
    Weights::open(path, &placement.device, placement.dtype)?;
    if path.join("tokenizer.json").exists() { Ok(()) } else { Err(no_tokenizer()) }
}
