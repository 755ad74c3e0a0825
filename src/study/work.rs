//! What is done in a cell, behind a trait: a real model, or a fake one that tests everything around it in milliseconds.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use super::cell::{Cell, EVALUATIONS, TRAINING, digest};
use super::lock::Lock;
use super::results::CellResults;
use super::settings::StudyModel;
use super::store;
use crate::error::{Error, Result};
use crate::registry::{Condition, Observation};

/// What is done in a cell.
pub trait Work: Sync {
    /// Fingerprint of a model's content: another one makes its cells run again.
    ///
    /// # Errors
    /// When the model cannot be read.
    fn model(&self, model: &StudyModel) -> Result<String>;

    /// Fingerprint of all tasks: definitions, data, number of items and of examples in the prompt.
    ///
    /// # Errors
    /// When a task is not known or cannot be read.
    fn tasks(&self) -> Result<String>;

    /// Fingerprint of the data of the adjustment.
    ///
    /// # Errors
    /// When they cannot be read.
    fn adjustment(&self) -> Result<String>;

    /// How much there is to read, for estimates.
    ///
    /// # Errors
    /// When tasks or data cannot be read.
    fn amount(&self) -> Result<TokenAmount>;

    /// Reaches every condition of [`CellRun::missing`] in order and hands its scores to [`CellRun::record`].
    ///
    /// # Errors
    /// Whatever stops it. What was recorded stands, and the next run goes on from there.
    fn run(&self, run: &mut CellRun<'_>) -> Result<()>;
}

/// How much there is to read, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct TokenAmount {
    /// Of one evaluation of all tasks.
    pub evaluation: f64,
    /// Of the adjustment from beginning to end.
    pub adjustment: f64,
    /// Scores that one evaluation gives.
    pub scores: f64,
}

/// A cell at work: what is still to be done, and where results go.
pub struct CellRun<'a> {
    cell: &'a Cell,
    wanted: &'a [(Condition, String)],
    results: CellResults,
    lock: &'a Lock,
    stop: &'a Arc<AtomicBool>,
    watch: &'a (dyn Fn(f64, &str) + Sync),
}

impl<'a> CellRun<'a> {
    pub(super) fn new(
        cell: &'a Cell,
        wanted: &'a [(Condition, String)],
        lock: &'a Lock,
        stop: &'a Arc<AtomicBool>,
        watch: &'a (dyn Fn(f64, &str) + Sync),
    ) -> Result<Self> {
        Ok(Self { cell, wanted, results: CellResults::read(cell)?, lock, stop, watch })
    }

    /// The cell.
    pub fn cell(&self) -> &'a Cell {
        self.cell
    }

    /// The conditions without scores, in the order they are reached.
    pub fn missing(&self) -> Vec<Condition> {
        let missing = self.wanted.iter().filter(|(condition, key)| !self.results.has(condition, key));
        missing.map(|(condition, _)| condition.clone()).collect()
    }

    /// A folder of the cell's own for whatever helps a restart of this condition. Its name changes with everything the
    /// condition's scores depend on.
    pub(crate) fn folder(&self, condition: &Condition) -> PathBuf {
        let key: String = self.key(condition).chars().take(12).collect();
        let name = match condition.examples {
            Some(examples) => format!("examples-{examples}-{key}"),
            None if *condition == Condition::unadjusted() => format!("examples-0-{key}"),
            None => format!("adjusted-{key}"),
        };
        self.cell.folder.join(EVALUATIONS).join(name)
    }

    /// Digest of everything the condition's scores depend on; empty for a condition that is none of the cell's.
    pub(crate) fn key(&self, condition: &Condition) -> &str {
        self.wanted.iter().find(|(wanted, _)| wanted == condition).map(|(_, key)| key.as_str()).unwrap_or_default()
    }

    /// A folder of the cell's own for whatever helps a restart of its fine-tuning. Its name changes with everything that
    /// goes into that.
    pub(crate) fn training_folder(&self) -> PathBuf {
        let key: String = digest(self.wanted.iter().map(|(_, key)| key.as_str())).chars().take(12).collect();
        self.cell.folder.join(TRAINING).join(key)
    }

    /// Raised when the study is being stopped, for work that cannot call [`CellRun::progress`] often.
    pub(crate) fn stop(&self) -> Arc<AtomicBool> {
        self.stop.clone()
    }

    /// Keeps the scores of a condition; they are on disk when this returns.
    ///
    /// # Errors
    /// [`Error::Write`]; [`Error::Argument`] for a condition that is none of the cell's.
    pub fn record(&mut self, condition: &Condition, observations: &[Observation]) -> Result<()> {
        let Some((_, key)) = self.wanted.iter().find(|(wanted, _)| wanted == condition) else {
            return Err(Error::Argument(format!("{} has no condition `{condition}`", self.cell.name)));
        };
        store::still_there(self.cell)?;
        self.results.put(self.wanted, condition, key, observations);
        self.results.write(self.cell)
    }

    /// Says how far the cell is, `share` from 0 to 1.
    ///
    /// # Errors
    /// [`Error::Interrupted`] when the study is being stopped, [`Error::Write`] when its folder has gone.
    pub(crate) fn progress(&self, share: f64, doing: &str) -> Result<()> {
        (self.watch)(share, doing);
        // Whatever runs must not go on to write below a mount point whose file system has gone.
        store::still_there(self.cell).inspect_err(|_| self.stop.store(true, Ordering::Relaxed))?;
        self.lock.beat(Some(doing))?;
        if self.stop.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }

    pub(super) fn is_complete(&self) -> bool {
        self.wanted.iter().all(|(condition, key)| self.results.has(condition, key))
    }
}
