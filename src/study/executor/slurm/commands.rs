//! `sbatch`, `squeue`, `sacct` and `scancel`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result};

/// What it is called.
pub(super) const SLURM: &str = "Slurm";

/// Longest array where Slurm does not say: its default.
const LONGEST_ARRAY: usize = 1000;

/// A row of the queue.
pub(super) struct Row {
    pub job: String,
    pub index: String,
    pub state: String,
    pub name: String,
}

pub(super) struct Commands {
    bin: Option<PathBuf>,
}

impl Commands {
    /// Those in this folder; those on the path where there is none.
    pub(super) fn in_folder(bin: Option<PathBuf>) -> Self {
        Self { bin }
    }

    /// Submits a script and answers its job number.
    pub(super) fn sbatch(&self, script: &Path, dependency: Option<&str>) -> Result<String> {
        let dependency = dependency.map(|dependency| format!("--dependency={dependency}"));
        let script = script.to_string_lossy();
        let arguments: Vec<&str> =
            std::iter::once("--parsable").chain(dependency.as_deref()).chain([script.as_ref()]).collect();
        let said = self.run("sbatch", &arguments)?;
        // `--parsable` writes the number, and the cluster's name after a semicolon where there are several.
        let job = said.lines().last().unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if job.is_empty() || !job.bytes().all(|b| b.is_ascii_digit()) {
            return Err(failed(format!("sbatch answered `{}` and no job number", said.trim())));
        }
        Ok(job.to_owned())
    }

    pub(super) fn queue(&self, names: &[String]) -> Result<Vec<Row>> {
        let filter = format!("--name={}", names.join(","));
        let said = self.run("squeue", &["--noheader", "--array", &filter, "--format=%F|%K|%T|%j"])?;
        let row = |line: &str| {
            let mut cells = line.trim().split('|').map(str::to_owned);
            let (job, index, state, name) = (cells.next()?, cells.next()?, cells.next()?, cells.next()?);
            names.contains(&name).then_some(Row { job, index, state, name })
        };
        Ok(said.lines().filter_map(row).collect())
    }

    /// How the tasks of an array ended, by index. Where there is no accounting the queue remembers it for some minutes;
    /// empty where neither knows.
    pub(super) fn endings(&self, job: &str) -> BTreeMap<usize, String> {
        let accounted = ["--noheader", "--parsable2", "--allocations", "--format=JobID,State", "--jobs", job];
        let remembered = ["--noheader", "--array", "--states=all", "--format=%F_%K|%T", "--jobs", job];
        let ask =
            |command, arguments: &[&str]| self.run(command, arguments).ok().filter(|said| !said.trim().is_empty());
        let said = ask("sacct", &accounted).or_else(|| ask("squeue", &remembered)).unwrap_or_default();
        let ending = |line: &str| {
            let (id, state) = line.trim().split_once('|')?;
            Some((id.split_once('_')?.1.parse().ok()?, state.to_lowercase()))
        };
        said.lines().filter_map(ending).collect()
    }

    /// Tasks that one array may have.
    pub(super) fn longest_array(&self) -> usize {
        let said = self.run("scontrol", &["show", "config"]).unwrap_or_default();
        let limit = said.lines().find_map(|line| {
            let (name, value) = line.split_once('=')?;
            if name.trim() == "MaxArraySize" { value.trim().parse::<usize>().ok() } else { None }
        });
        // The limit is one above the largest index.
        limit.map_or(LONGEST_ARRAY, |limit| limit.saturating_sub(1))
    }

    pub(super) fn run(&self, command: &str, arguments: &[&str]) -> Result<String> {
        let path = self.bin.as_ref().map_or_else(|| PathBuf::from(command), |bin| bin.join(command));
        let output = Command::new(&path).args(arguments).output().map_err(|error| {
            let path = path.display();
            failed(format!("{path} cannot be run ({error}); is this machine part of a Slurm cluster?"))
        })?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
            return Err(failed(format!("{command} failed: {said}")));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

fn failed(problem: String) -> Error {
    Error::Executor { name: SLURM, problem }
}
