//! What there is to do: every cell, what is done of it, and what the rest will cost.

use std::collections::{HashMap, HashSet};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::cell::{Cell, digest};
use super::estimate::{Cost, cost};
use super::lock::{Lock, Owner};
use super::results::CellResults;
use super::settings::{AdjustmentRecipe, ExampleSource, Study};
use super::store::{self, Failure};
use super::work::{TokenAmount, Work};
use crate::error::{Error, Result};
use crate::registry::Condition;

/// Changes when the same inputs give other scores.
const VERSION: &str = "onset-cell-1";

/// The cells of a study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// All cells, in order.
    pub cells: Vec<Planned>,
    /// How much there is to read in each.
    pub amount: Option<TokenAmount>,
}

/// A cell and its state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    /// The cell.
    pub cell: Cell,
    /// Its conditions, each with the digest of everything its scores depend on.
    pub wanted: Vec<(Condition, String)>,
    /// How many of them are finished.
    pub done: usize,
    /// The state of the rest.
    pub state: State,
    /// What the rest costs.
    pub cost: Cost,
}

/// The state of a cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Nothing is left to do.
    Done,
    /// Nobody works on it.
    Waiting,
    /// Somebody does.
    Running(Owner),
    /// It was tried and failed.
    Failed(Failure),
}

impl Plan {
    /// Finds out what of the study is done. Nothing is written.
    ///
    /// # Errors
    /// Those of `work`, and [`File`](crate::Error::File) for results that cannot be read.
    pub fn new(study: &Study, work: &dyn Work) -> Result<Self> {
        Self::of(study, work, &[])
    }

    /// The same of the cells of these names; of all when there are none. Nothing of the others is looked at: a thousand
    /// tasks of an array that each plan their own cell must not read a million.
    ///
    /// # Errors
    /// As for [`Plan::new`], and [`Argument`](crate::Error::Argument) for a name that no cell has.
    pub fn of(study: &Study, work: &dyn Work, only: &[String]) -> Result<Self> {
        let mut cells = Cell::all(study);
        if !only.is_empty() {
            let known: HashSet<&str> = cells.iter().map(|cell| cell.name.as_str()).collect();
            if let Some(unknown) = only.iter().find(|name| !known.contains(name.as_str())) {
                return Err(Error::Argument(format!("the study has no cell `{unknown}`")));
            }
            let only: HashSet<&str> = only.iter().map(String::as_str).collect();
            cells.retain(|cell| only.contains(cell.name.as_str()));
        }
        let keys = Keys::new(study, work, &cells)?;
        let cells = cells.into_par_iter().map(|cell| planned(cell, &keys, study)).collect::<Result<_>>()?;
        Ok(Self { cells, amount: None })
    }

    /// Adds what the rest will cost; this reads tasks and data.
    ///
    /// # Errors
    /// Those of `work`.
    pub(crate) fn with_costs(mut self, study: &Study, work: &dyn Work) -> Result<Self> {
        let amount = work.amount()?;
        for planned in &mut self.cells {
            planned.cost = cost(study, &planned.cell, planned.missing(), Some(&amount));
        }
        self.amount = Some(amount);
        Ok(self)
    }

    /// Cells with something left to do.
    pub(crate) fn unfinished(&self) -> impl Iterator<Item = &Planned> {
        self.cells.iter().filter(|planned| planned.state != State::Done)
    }
}

impl Planned {
    /// Conditions that are not finished.
    pub(crate) fn missing(&self) -> usize {
        self.wanted.len() - self.done
    }
}

/// The digests of everything that scores depend on.
struct Keys {
    models: HashMap<String, String>,
    tasks: String,
    adjustment: Option<String>,
    dtype: String,
}

impl Keys {
    fn new(study: &Study, work: &dyn Work, cells: &[Cell]) -> Result<Self> {
        let of_cells: HashSet<&str> = cells.iter().map(|cell| cell.model.name.as_str()).collect();
        let models = study.models.par_iter().filter(|model| of_cells.contains(model.name.as_str()));
        let models = models.map(|model| Ok((model.name.clone(), work.model(model)?)));
        let recipe = study.adjustment.as_ref().filter(|_| study.models.iter().any(|model| model.adjust));
        let adjustment = recipe.map(|recipe| Ok::<_, Error>(of_recipe(recipe, &work.adjustment()?))).transpose()?;
        let models = models.collect::<Result<_>>()?;
        Ok(Self { models, tasks: work.tasks()?, adjustment, dtype: study.run.dtype.clone() })
    }

    fn of(&self, cell: &Cell, condition: &Condition) -> String {
        let model = self.models.get(&cell.model.name).map(String::as_str).unwrap_or_default();
        let evaluated = [VERSION, model, &self.tasks, &self.dtype];
        match &self.adjustment {
            Some(adjustment) if *condition != Condition::unadjusted() => {
                let examples = condition.examples.map(|examples| examples.to_string()).unwrap_or_default();
                let seed = cell.seed.to_string();
                digest(evaluated.into_iter().chain([adjustment.as_str(), &seed, &examples]))
            }
            _ => digest(evaluated),
        }
    }
}

/// Everything of a recipe but its checkpoints, which change nothing of each other.
fn of_recipe(recipe: &AdjustmentRecipe, data: &str) -> String {
    let source = match &recipe.source {
        ExampleSource::Files { layout, .. } => layout.clone(),
        ExampleSource::EachTask { validation, most } => format!("each task, {validation:e}, {most:?}"),
    };
    let numbers = format!(
        "{source} {} {} {:e} {:e} {:e} {:e} {} {}",
        recipe.epochs,
        recipe.batch,
        recipe.learning_rate,
        recipe.floor,
        recipe.warmup,
        recipe.weight_decay,
        recipe.block,
        recipe.end_token
    );
    let name = recipe.name.to_string();
    // Another trainer's rate falls until its end, which is the last checkpoint.
    let last = recipe.conditions().last().and_then(|condition| condition.examples).unwrap_or_default().to_string();
    let outside = recipe.command.as_deref().map(|command| [command, &last]);
    digest([name.as_str(), data, &numbers].into_iter().chain(outside.into_iter().flatten()))
}

fn planned(cell: Cell, keys: &Keys, study: &Study) -> Result<Planned> {
    let wanted: Vec<(Condition, String)> =
        cell.conditions.iter().map(|condition| (condition.clone(), keys.of(&cell, condition))).collect();
    let results = CellResults::read(&cell)?;
    let done = wanted.iter().filter(|(condition, key)| results.has(condition, key)).count();
    let state = if done == wanted.len() {
        State::Done
    } else if let Some(owner) = Lock::holder(&cell.lock()) {
        State::Running(owner)
    } else {
        store::failure(&cell).map_or(State::Waiting, State::Failed)
    };
    let cost = cost(study, &cell, wanted.len() - done, None);
    Ok(Planned { cell, wanted, done, state, cost })
}
