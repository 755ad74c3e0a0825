//! `metrics.jsonl`: one line per optimiser step, written as it ends.
//!
//! The one kind of file that grows in place: a line is lost at most when a run dies while writing it, and a run that
//! resumes rewrites the lines it still stands by.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use super::trainer::TrainStep;
use crate::error::{Error, Result};
use crate::registry::seal::{sealed, unsealed};
use crate::registry::{disk, write};

#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Opens the journal of a run that continues after `done` steps; returns what it says of those.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Write`], and what `damaged` returns, which is told of lines that are lost.
    pub(crate) fn open(
        folder: &Path,
        done: usize,
        damaged: &mut dyn FnMut(&Error) -> Result<()>,
    ) -> Result<(Self, Vec<TrainStep>)> {
        let path = folder.join("metrics.jsonl");
        let mut steps: Vec<TrainStep> = Vec::new();
        if done > 0 && path.exists() {
            let text = disk::read(&path).map_err(Error::read(&path))?;
            let lines = text.split(|&byte| byte == b'\n').filter_map(unsealed);
            steps = lines.filter_map(|line| serde_json::from_slice(&line).ok()).collect();
            steps.retain(|step| (1..=done).contains(&step.step));
            if steps.len() < done {
                let lost = done - steps.len();
                let problem = format!("{lost} of the lines of its first {done} steps are damaged and left out");
                damaged(&Error::File { path: path.clone(), problem })?;
            }
        }
        let mut lines = String::new();
        for step in &steps {
            lines.push_str(&line(&path, step)?);
        }
        write::bytes(&path, lines.as_bytes())?;
        let file = OpenOptions::new().append(true).open(&path).map_err(Error::write(&path))?;
        Ok((Self { path, file }, steps))
    }

    pub(crate) fn add(&mut self, step: &TrainStep) -> Result<()> {
        let line = line(&self.path, step)?;
        disk::append(&mut self.file, &self.path, line.as_bytes()).map_err(Error::write(&self.path))
    }
}

impl Journal {
    /// Puts the lines on the disk.
    pub(crate) fn sync(&mut self) -> Result<()> {
        disk::sync(&self.file, &self.path).map_err(Error::write(&self.path))
    }
}

fn line(path: &Path, step: &TrainStep) -> Result<String> {
    let text = serde_json::to_string(step).map_err(|error| Error::write(path)(error.into()))?;
    Ok(sealed(&text))
}
