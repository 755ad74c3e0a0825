//! `metrics.jsonl`: one line per optimiser step, written as it ends.
//!
//! The one kind of file that grows in place: a line is lost at most when a run dies while writing it, and a run that
//! resumes rewrites the lines it still stands by.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::trainer::TrainStep;
use crate::error::{Error, Result};
use crate::registry::write;

#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Opens the journal of a run that continues after `done` steps; returns what it says of those.
    pub(crate) fn open(folder: &Path, done: usize) -> Result<(Self, Vec<TrainStep>)> {
        let path = folder.join("metrics.jsonl");
        let mut steps: Vec<TrainStep> = Vec::new();
        if done > 0 && path.exists() {
            let text = std::fs::read_to_string(&path).map_err(Error::read(&path))?;
            steps = text.lines().map_while(|line| serde_json::from_str(line).ok()).collect();
            steps.retain(|step| step.step <= done);
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
        self.file.write_all(line.as_bytes()).map_err(Error::write(&self.path))
    }
}

impl Journal {
    /// Puts the lines on the disk.
    pub(crate) fn sync(&mut self) -> Result<()> {
        write::sync(&self.file).map_err(Error::write(&self.path))
    }
}

fn line(path: &Path, step: &TrainStep) -> Result<String> {
    let text = serde_json::to_string(step).map_err(|error| Error::write(path)(error.into()))?;
    Ok(format!("{text}\n"))
}
