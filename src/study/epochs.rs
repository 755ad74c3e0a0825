//! What train-before-test finds in a cell: one small file, rewritten as a whole after every epoch. It stays with the cell, so
//! that everyone can see which epoch was tested and why.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::cell::Cell;
use super::plan::Planned;
use crate::error::{Error, Result};
use crate::registry::{Condition, Observation, disk, write};

/// Name and version of the file's layout.
const SCHEMA: &str = "onset.epochs/1";

/// The tasks of a cell, in the order they are learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CellEpochs {
    schema: String,
    /// Digest of everything the scores depend on.
    key: String,
    pub(crate) tasks: Vec<TaskEpochs>,
}

/// The epochs of one task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TaskEpochs {
    pub(crate) task: String,
    /// Training examples of an epoch.
    pub(crate) examples: usize,
    /// Where the validation items come from.
    pub(crate) validation: ValidationItems,
    /// Their number.
    pub(crate) items: usize,
    /// The metric that chooses, and whether more of it is better.
    pub(crate) metric: String,
    pub(crate) higher_is_better: bool,
    /// What was tried so far, in order; epoch 0 is the released model.
    pub(crate) tried: Vec<TriedEpoch>,
    /// The scores on the tested split of the best epoch so far.
    pub(crate) tested: Option<TestedEpoch>,
    /// Whether nothing is left to do.
    pub(crate) done: bool,
}

/// Where validation items come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ValidationItems {
    /// The task's validation split.
    ValidationSplit,
    /// A part of the training split that is not learned.
    HeldOut,
}

impl fmt::Display for ValidationItems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ValidationSplit => "validation split",
            Self::HeldOut => "held out of training split",
        })
    }
}

/// The score of one epoch on the validation items.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct TriedEpoch {
    pub(crate) epoch: u64,
    pub(crate) score: f64,
}

/// The scores of one epoch on the tested split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TestedEpoch {
    pub(crate) epoch: u64,
    pub(crate) observations: Vec<Observation>,
}

impl TaskEpochs {
    /// The epoch that validation chooses among those tried: the best one; of equally good ones the first, and a trained one
    /// before the released model. `None` where nothing was tried.
    pub(crate) fn chosen(&self) -> Option<u64> {
        let worth = |tried: &TriedEpoch| if self.higher_is_better { tried.score } else { -tried.score };
        let first_best = |best: Option<TriedEpoch>, tried: &TriedEpoch| match best {
            Some(best) if worth(&best) >= worth(tried) => Some(best),
            _ => Some(*tried),
        };
        let trained = self.tried.iter().filter(|tried| tried.epoch > 0);
        let released = self.tried.iter().filter(|tried| tried.epoch == 0);
        trained.chain(released).fold(None, first_best).map(|tried| tried.epoch)
    }

    pub(crate) fn has_tried(&self, epoch: u64) -> bool {
        self.tried.iter().any(|tried| tried.epoch == epoch)
    }
}

impl CellEpochs {
    fn path(cell: &Cell) -> PathBuf {
        cell.folder.join("epochs.json")
    }

    /// What the cell has found under one of these keys.
    ///
    /// # Errors
    /// As for [`CellEpochs::read`].
    pub(crate) fn of(planned: &Planned) -> Result<Vec<TaskEpochs>> {
        let adjusted = planned.wanted.iter().find(|(condition, _)| *condition != Condition::unadjusted());
        let Some((_, key)) = adjusted else { return Ok(Vec::new()) };
        Ok(Self::read(&planned.cell, key)?.tasks)
    }

    /// The cell's result under this key; none where it has another key.
    ///
    /// # Errors
    /// [`Error::Read`], or [`Error::File`] for a file that holds something else.
    pub(crate) fn read(cell: &Cell, key: &str) -> Result<Self> {
        let none = Self { schema: SCHEMA.into(), key: key.to_owned(), tasks: Vec::new() };
        let path = Self::path(cell);
        let bytes = match disk::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(none),
            Err(error) => return Err(Error::read(&path)(error)),
        };
        let found: Self = serde_json::from_slice(&bytes).map_err(|error| Error::File {
            path: path.clone(),
            problem: format!("not the epochs of a cell ({error}); delete it to have the cell run again"),
        })?;
        Ok(if found.schema == SCHEMA && found.key == key { found } else { none })
    }

    /// Puts a task in the place of what was known of it, and writes everything.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub(crate) fn put(&mut self, cell: &Cell, task: &TaskEpochs) -> Result<()> {
        match self.tasks.iter_mut().find(|known| known.task == task.task) {
            Some(known) => known.clone_from(task),
            None => self.tasks.push(task.clone()),
        }
        let path = Self::path(cell);
        let mut json = serde_json::to_vec(self).map_err(|error| Error::write(&path)(error.into()))?;
        json.push(b'\n');
        write::bytes_into_existing(&path, &json)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(higher_is_better: bool, scores: &[f64]) -> Option<u64> {
        let tried = scores.iter().zip(0..).map(|(&score, epoch)| TriedEpoch { epoch, score });
        TaskEpochs {
            task: "t".into(),
            examples: 8,
            validation: ValidationItems::HeldOut,
            items: 2,
            metric: "acc".into(),
            higher_is_better,
            tried: tried.collect(),
            tested: None,
            done: false,
        }
        .chosen()
    }

    #[test]
    fn the_best_epoch_on_validation_is_chosen_and_a_trained_one_where_the_released_model_is_as_good() {
        assert_eq!(of(true, &[0.2, 0.5, 0.7, 0.7]), Some(2));
        assert_eq!(of(true, &[0.7, 0.5, 0.7]), Some(2));
        assert_eq!(of(true, &[0.8, 0.5, 0.7]), Some(0));
        assert_eq!(of(false, &[2.0, 1.5, 1.7]), Some(1));
        assert_eq!(of(true, &[]), None);
    }
}
