//! The examples of a task's training split: those that are learned, and those that decide when it is learned well enough.

use super::training::count;
use crate::error::{Error, Result};
use crate::harness::tasks::{Draw, DrawnSplit, Task};
use crate::stats::random::Seed;
use crate::study::epochs::ValidationItems;
use crate::study::finetune::examples_of;
use crate::train::data::Example;

/// The examples of a task's training split, in two parts.
pub(super) struct Division {
    /// Those that are learned.
    pub(super) learned: Vec<Example>,
    /// Where the validation items come from, and what draws them.
    pub(super) validation: ValidationItems,
    pub(super) draw: Draw,
}

impl Division {
    /// Of this task, with a draw that depends on the seed and the task's name.
    ///
    /// # Errors
    /// [`Error::Task`] for a task without training split, or with one too small to divide.
    pub(super) fn of(task: &Task, draw: &Draw, (share, most): (f64, Option<u64>), seed: u64) -> Result<Self> {
        let all = examples_of(task)?;
        let mut places: Vec<usize> = (0..all.len()).collect();
        Seed(seed).stream(&format!("division of the training split of {}", task.name()), 0).shuffle(&mut places);
        let spare = task.spares_validation();
        let held = if spare { 0 } else { (share * all.len() as f64).ceil() as usize };
        let mut learned = places.split_off(held.min(places.len()));
        learned.truncate(most.map_or(usize::MAX, count));
        if learned.is_empty() {
            let problem = format!("its training split has {} examples: too few to learn and to validate", all.len());
            return Err(Error::Task { task: task.name().to_owned(), problem });
        }
        // The order of a split stays: the order of training is drawn by the trainer.
        learned.sort_unstable();
        places.sort_unstable();
        let mut all: Vec<Option<Example>> = all.into_iter().map(Some).collect();
        let learned = learned.into_iter().filter_map(|place| all[place].take()).collect();
        let (validation, draw) = if spare {
            (ValidationItems::ValidationSplit, Draw { split: DrawnSplit::Validation, ..draw.clone() })
        } else {
            // Prompts of held-out items may take examples from the training split, but never the item itself.
            let chosen = [(task.name().to_owned(), places)].into();
            let draw = Draw { split: DrawnSplit::Training, chosen, no_self_shots: true, ..draw.clone() };
            (ValidationItems::HeldOut, draw)
        };
        Ok(Self { learned, validation, draw })
    }
}
