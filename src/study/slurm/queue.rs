//! `sbatch`, `squeue`, `sacct` and `scancel`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Error, Result};
use crate::study::cell::digest;
use crate::study::settings::Study;

/// Longest array where Slurm does not say: its default.
const LONGEST_ARRAY: usize = 1000;

/// A task of an array that waits or runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Task {
    /// The array's job number.
    pub job: String,
    /// Slurm's word for its state (`PENDING`, `RUNNING`, ...).
    pub state: String,
}

/// What all jobs of a study are called at the beginning: the study's name and a digest of its folder.
pub(super) fn prefix(study: &Study) -> Result<String> {
    let output = std::path::absolute(&study.output).map_err(Error::read(&study.output))?;
    let folder: String = digest([output.to_string_lossy().as_ref()]).chars().take(10).collect();
    let name: String = study.name.chars().filter(|c| c.is_ascii_alphanumeric()).take(20).collect();
    Ok(format!("onset-{name}-{folder}"))
}

/// The cells of the study that wait or run, by name.
///
/// # Errors
/// [`Error::Slurm`] when the queue cannot be asked.
pub fn in_flight(study: &Study) -> Result<BTreeMap<String, Task>> {
    let (mut cells, mut read) = (BTreeMap::new(), BTreeMap::<PathBuf, Vec<String>>::new());
    for row in Commands::of(study).queue(&names(study)?)? {
        let Some(number) = row.name.rsplit('-').next() else { continue };
        let Ok(index) = row.index.parse::<usize>() else { continue };
        let file = study.output.join("slurm").join(number).join("cells");
        let names = read.entry(file).or_insert_with_key(|file| lines(file));
        if let Some(name) = names.get(index) {
            cells.insert(name.clone(), Task { job: row.job, state: row.state });
        }
    }
    Ok(cells)
}

/// Takes all jobs of the study out of the queue and kills those that run. Answers their numbers.
///
/// # Errors
/// [`Error::Slurm`] when the queue cannot be asked, or a job cannot be cancelled.
pub fn cancel(study: &Study) -> Result<Vec<String>> {
    let commands = Commands::of(study);
    let jobs: BTreeSet<String> = commands.queue(&names(study)?)?.into_iter().map(|row| row.job).collect();
    let jobs: Vec<String> = jobs.into_iter().collect();
    if !jobs.is_empty() {
        commands.run("scancel", &jobs.iter().map(String::as_str).collect::<Vec<_>>())?;
    }
    Ok(jobs)
}

/// The names of all jobs of the study, submitted ever.
fn names(study: &Study) -> Result<Vec<String>> {
    let prefix = prefix(study)?;
    let mut names = vec![format!("{prefix}-collect")];
    let folder = study.output.join("slurm");
    let Ok(entries) = std::fs::read_dir(&folder) else { return Ok(names) };
    names.extend(entries.filter_map(|entry| Some(format!("{prefix}-{}", entry.ok()?.file_name().to_str()?))));
    Ok(names)
}

fn lines(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path).unwrap_or_default().lines().map(str::to_owned).collect()
}

/// A row of the queue.
pub(super) struct Row {
    job: String,
    index: String,
    state: String,
    name: String,
}

pub(super) struct Commands {
    bin: Option<PathBuf>,
}

impl Commands {
    pub(super) fn of(study: &Study) -> Self {
        Self { bin: study.slurm.bin.clone() }
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
            return Err(Error::Slurm(format!("sbatch answered `{}` and no job number", said.trim())));
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
            Error::Slurm(format!("{path} cannot be run ({error}); is this machine part of a Slurm cluster?"))
        })?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
            return Err(Error::Slurm(format!("{command} failed: {said}")));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
