//! Where the cells of a study run: on this machine, or somewhere else behind a queue.
//!
//! Another executor is a file with a [`Queue`] (or an [`Executor`] of its own) and a line in [`ExecutorKind`].

mod command;
mod folders;
mod follow;
mod local;
mod seam;
mod slurm;

use std::fmt;
use std::str::FromStr;

pub(crate) use command::Commanded;
#[cfg(test)]
pub(crate) use follow::follow;
pub(crate) use follow::submit;

pub(crate) use follow::Queued;
pub use local::{LocalSettings, run};
pub use seam::Ended;
pub use seam::StudyOutcome;
pub use seam::Submission;
pub(crate) use seam::Task;
pub use seam::Watch;
pub(crate) use seam::{Cells, Executor, Queue};
pub(crate) use slurm::Slurm;

use super::settings::Study;
use crate::error::{Error, Result};

/// The executors there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum ExecutorKind {
    /// This machine.
    #[default]
    LocalSettings,
    /// A Slurm cluster.
    Slurm,
    /// Any queue that the study's own commands hand cells over to.
    Command,
}

impl ExecutorKind {
    const ALL: [Self; 3] = [Self::LocalSettings, Self::Slurm, Self::Command];

    /// The executor, as the study sets it up.
    pub(crate) fn executor(self, study: &Study) -> Box<dyn Executor + '_> {
        match self {
            Self::LocalSettings => Box::new(LocalSettings::of(study)),
            Self::Slurm => Box::new(Queued(Slurm::of(study))),
            Self::Command => Box::new(Queued(Commanded::of(study))),
        }
    }

    /// The executors behind whose queues something of the study may wait or run.
    pub(crate) fn used(study: &Study) -> Vec<Box<dyn Executor + '_>> {
        let all = Self::ALL.map(|kind| kind.executor(study)).into_iter();
        all.filter(|executor| executor.queue().is_some_and(Queue::is_used)).collect()
    }
}

impl fmt::Display for ExecutorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LocalSettings => "local",
            Self::Slurm => "slurm",
            Self::Command => "command",
        })
    }
}

impl FromStr for ExecutorKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kind| kind.to_string() == text).ok_or_else(|| {
            let known = Self::ALL.map(|kind| kind.to_string()).join(", ");
            Error::Argument(format!("`{text}` is no executor; there are {known}"))
        })
    }
}
