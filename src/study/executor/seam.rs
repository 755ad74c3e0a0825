//! What every executor does, and what it tells while it does it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::study::cell::Cell;
use crate::study::lock::Owner;
use crate::study::plan::Plan;
use crate::study::settings::Study;
use crate::study::work::Work;

/// Where cells run.
pub(crate) trait Executor {
    /// Runs what is not done of these cells, and returns when nothing more can be expected: all are done or have failed,
    /// or `stop` was raised.
    ///
    /// # Errors
    /// When the study's folder cannot be read or written, or the executor cannot be used. What is finished stands.
    fn run(&self, cells: &Cells<'_>, stop: &Arc<AtomicBool>, watch: &dyn Watch) -> Result<StudyOutcome>;

    /// The queue behind it, where cells go on without this program; `None` where they end with it.
    fn queue(&self) -> Option<&dyn Queue> {
        None
    }
}

/// A queue that runs cells somewhere else: jobs of a cluster, containers, other machines.
///
/// Whatever it is, one task is `onset study run STUDY --only CELL` with the study's folder in reach, and what is done is
/// read from the cells. A queue only hands tasks over, knows which of them wait or run, and may know how one ended. If a
/// task has the environment variable `ONSET_JOB`, [`Owner::job`] says so of the cell it works on.
pub(crate) trait Queue {
    /// What people call it.
    fn name(&self) -> &'static str;

    /// Whether anything of the study was ever submitted.
    fn is_used(&self) -> bool;

    /// The study's cells that wait or run, by name.
    ///
    /// # Errors
    /// [`Error::Executor`](crate::Error::Executor) when the queue cannot be asked.
    fn in_flight(&self) -> Result<BTreeMap<String, Task>>;

    /// Hands these cells over, in as many submissions as the queue wants.
    ///
    /// # Errors
    /// [`Error::Executor`](crate::Error::Executor) with what the queue said, [`Error::Write`](crate::Error::Write).
    fn submit(&self, cells: &[&Cell]) -> Result<Vec<Submission>>;

    /// How tasks of a submission ended, in the queue's own words, by their places in it; empty where this is not known.
    fn endings(&self, submission: &Submission) -> BTreeMap<usize, String>;

    /// Takes everything of the study out of the queue and kills what runs. Answers the jobs.
    ///
    /// # Errors
    /// [`Error::Executor`](crate::Error::Executor) when the queue cannot be asked, or a job cannot be cancelled.
    fn cancel(&self) -> Result<Vec<String>>;

    /// Time between two looks at it.
    fn poll(&self) -> Duration;

    /// How often what failed is submitted again while the study is followed.
    fn resubmit(&self) -> u64;
}

/// Cells of a study, and what is done in them.
#[derive(Clone, Copy)]
pub(crate) struct Cells<'a> {
    /// The study.
    pub study: &'a Study,
    /// What is done in a cell.
    pub work: &'a dyn Work,
    /// Names of the cells that are meant; all where there are none.
    pub only: &'a [String],
}

impl Cells<'_> {
    /// What is done of them.
    ///
    /// # Errors
    /// Those of [`Plan::of`].
    pub(crate) fn plan(&self) -> Result<Plan> {
        Plan::of(self.study, self.work, self.only)
    }
}

/// A cell that waits or runs in a queue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Task {
    /// The job it belongs to.
    pub job: String,
    /// The queue's word for its state, for people.
    pub state: String,
}

/// Cells that were handed over to a queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    /// The queue's name for the job.
    pub job: String,
    /// A folder with what was submitted and a log `N.log` for the cell in place N.
    pub folder: PathBuf,
    /// Names of the cells, each with a task in its place.
    pub cells: Vec<String>,
}

/// Hears what becomes of the cells. Calls come from several threads.
pub trait Watch: Sync {
    /// A cell begins.
    fn begins(&self, cell: &Cell) {
        let _ = cell;
    }
    /// It is this far, from 0 to 1.
    fn progress(&self, cell: &Cell, share: f64, doing: &str) {
        let _ = (cell, share, doing);
    }
    /// It ended.
    fn ends(&self, cell: &Cell, ended: &Ended) {
        let _ = (cell, ended);
    }
    /// Nothing is left but the work of others.
    fn waits(&self, others: &[(String, Owner)]) {
        let _ = others;
    }
    /// A queue took cells over.
    fn submitted(&self, submission: &Submission) {
        let _ = submission;
    }
    /// So many cells are in each state of the queue.
    fn queued(&self, states: &BTreeMap<String, usize>) {
        let _ = states;
    }
}

/// Watches nothing.
impl Watch for () {}

/// How a cell ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// All its conditions have scores.
    Done,
    /// Somebody else finished it.
    Elsewhere,
    /// It failed.
    Failed(String),
    /// It was stopped, and goes on where it was at the next run.
    Stopped,
}

/// The outcome of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StudyOutcome {
    /// Cells that were finished before.
    pub before: usize,
    /// Cells that this run finished.
    pub done: usize,
    /// Cells that others finished meanwhile.
    pub elsewhere: usize,
    /// Cells that failed, and why.
    pub failed: Vec<(String, String)>,
    /// Cells that others still work on.
    pub others: Vec<(String, Owner)>,
    /// Cells that were stopped or never begun; those that still wait or run in a queue.
    pub left: usize,
}
