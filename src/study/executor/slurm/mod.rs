//! Cells on a cluster: one job array, one task per cell, and a job after it that collects.
//!
//! Slurm schedules, restarts and kills; what is done is known from the cells' own files alone. A submission is a folder
//! `slurm/NNNN` in the study's output with the names of its cells, one a line, the script that was submitted and one log
//! per task. Its number is part of the job's name, by which it is found again in the queue.

mod commands;
mod script;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use self::commands::Commands;
use self::script::folder;
use super::folders::prefix;
use super::seam::{Queue, Submission, Task};
use crate::error::Result;
use crate::study::cell::Cell;
use crate::study::settings::Study;

/// A study's part of a Slurm cluster.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slurm<'a> {
    study: &'a Study,
}

impl<'a> Slurm<'a> {
    /// The cluster as the study's table `[slurm]` describes it.
    pub(crate) fn of(study: &'a Study) -> Self {
        Self { study }
    }

    fn commands(&self) -> Commands {
        Commands::in_folder(self.study.slurm.bin.clone())
    }

    /// The names of all jobs of the study, submitted ever.
    fn names(&self) -> Result<Vec<String>> {
        let prefix = prefix(self.study)?;
        let mut names = vec![format!("{prefix}-collect")];
        let Ok(entries) = std::fs::read_dir(folder(self.study)) else { return Ok(names) };
        names.extend(entries.filter_map(|entry| Some(format!("{prefix}-{}", entry.ok()?.file_name().to_str()?))));
        Ok(names)
    }
}

impl Queue for Slurm<'_> {
    fn name(&self) -> &'static str {
        commands::SLURM
    }

    fn is_used(&self) -> bool {
        folder(self.study).exists()
    }

    fn in_flight(&self) -> Result<BTreeMap<String, Task>> {
        let (mut cells, mut read) = (BTreeMap::new(), BTreeMap::<PathBuf, Vec<String>>::new());
        for row in self.commands().queue(&self.names()?)? {
            let Some(number) = row.name.rsplit('-').next() else { continue };
            let Ok(index) = row.index.parse::<usize>() else { continue };
            let file = folder(self.study).join(number).join("cells");
            let names = read.entry(file).or_insert_with_key(|file| lines(file));
            if let Some(name) = names.get(index) {
                cells.insert(name.clone(), Task { job: row.job, state: row.state });
            }
        }
        Ok(cells)
    }

    fn submit(&self, cells: &[&Cell]) -> Result<Vec<Submission>> {
        script::submit(self.study, &self.commands(), cells)
    }

    fn endings(&self, submission: &Submission) -> BTreeMap<usize, String> {
        self.commands().endings(&submission.job)
    }

    fn cancel(&self) -> Result<Vec<String>> {
        let commands = self.commands();
        let jobs: BTreeSet<String> = commands.queue(&self.names()?)?.into_iter().map(|row| row.job).collect();
        let jobs: Vec<String> = jobs.into_iter().collect();
        if !jobs.is_empty() {
            commands.run("scancel", &jobs.iter().map(String::as_str).collect::<Vec<_>>())?;
        }
        Ok(jobs)
    }

    fn poll(&self) -> Duration {
        self.study.slurm.poll
    }

    fn resubmit(&self) -> u64 {
        self.study.slurm.resubmit
    }
}

fn lines(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect()
}
