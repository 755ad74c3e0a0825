//! Cells in any queue, by commands of the user's own: one submits, one asks, one cancels.
//!
//! A submission is a folder `command/NNNN` in the study's output. For the cell in place N it has the script `N.sh`, the log
//! `N.log`, the job's name `N.job` once it was submitted, and `N.ended` once the queue no longer knew it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::folders::{self, prefix};
use super::seam::{Queue, Submission, Task};
use crate::bounds::Bound;
use crate::error::{Error, Result};
use crate::registry::write;
use crate::study::cell::Cell;
use crate::study::settings::{CommandSettings, Study};
use crate::study::shell::{is_plain, plain, shell};
use crate::study::store;

/// What it is called.
const NAME: &str = "the queue of [command]";

/// A queue behind the commands of a study's table `[command]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Commanded<'a> {
    study: &'a Study,
}

/// One task that was submitted.
struct Job {
    cell: String,
    name: String,
    job: String,
    /// The file that says so, without its ending.
    file: PathBuf,
}

impl<'a> Commanded<'a> {
    pub(crate) fn of(study: &'a Study) -> Self {
        Self { study }
    }

    fn settings(&self) -> Result<&CommandSettings> {
        self.study.command.as_ref().ok_or_else(|| {
            let file = self.study.file.display();
            Error::Argument(format!("{file} has no table [command], which says how cells are submitted and looked for"))
        })
    }

    fn folder(&self) -> PathBuf {
        self.study.output.join("command")
    }

    /// All jobs that have not ended, as far as is known here.
    fn jobs(&self) -> Result<Vec<Job>> {
        let Ok(entries) = std::fs::read_dir(self.folder()) else { return Ok(Vec::new()) };
        let mut folders: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        folders.sort();
        let prefix = prefix(self.study)?;
        let mut jobs = Vec::new();
        for folder in folders {
            for (place, cell) in text(&folder.join("cells")).lines().enumerate() {
                let file = folder.join(place.to_string());
                let job = text(&file.with_extension("job")).trim().to_owned();
                if !job.is_empty() && !file.with_extension("ended").exists() {
                    jobs.push(Job { cell: cell.to_owned(), name: name_of(&prefix, &folder, place), job, file });
                }
            }
        }
        Ok(jobs)
    }

    /// Runs a command with its words replaced, and answers what it printed.
    fn run(&self, what: &str, command: &str, words: &[(&str, &str)]) -> Result<String> {
        let mut shell = shell(self.study, command, words)?;
        let output = shell.output().map_err(|error| failed(format!("`sh` cannot be run ({error})")))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let said = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
            return Err(failed(format!("`{what}` failed ({}): {said}", output.status)));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn script(&self, settings: &CommandSettings, cell: &Cell, name: &str, log: &Path) -> Result<String> {
        let program = folders::program(settings.program.as_ref())?;
        let mut script = String::from("#!/bin/sh\n");
        // Writing to a String cannot fail. The lock of a cell says in whose hands it is.
        let _ = writeln!(script, "exec >> {} 2>&1\nset -eu\nexport ONSET_JOB='{name}'", plain(log)?);
        for line in &settings.setup {
            let _ = writeln!(script, "{line}");
        }
        let bounds = Bound::options();
        let _ = writeln!(
            script,
            "exec {} study run {} --only '{}'{bounds}",
            plain(&program)?,
            plain(&self.study.file)?,
            cell.name
        );
        Ok(script)
    }
}

impl Queue for Commanded<'_> {
    fn name(&self) -> &'static str {
        NAME
    }

    fn is_used(&self) -> bool {
        self.folder().exists()
    }

    fn in_flight(&self) -> Result<BTreeMap<String, Task>> {
        let settings = self.settings()?;
        let jobs = self.jobs()?;
        let mut states: BTreeMap<String, String> = BTreeMap::new();
        if settings.status.contains("{jobs}") && !jobs.is_empty() {
            let all = jobs.iter().map(|job| job.job.as_str()).collect::<Vec<_>>().join(" ");
            for line in self.run("status", &settings.status, &[("jobs", &all)])?.lines() {
                let (job, state) = line.trim().split_once(char::is_whitespace).unwrap_or((line.trim(), "in the queue"));
                states.insert(job.to_owned(), state.trim().to_owned());
            }
        } else {
            for job in &jobs {
                let words = [("job", job.job.as_str()), ("name", &job.name), ("cell", &job.cell)];
                let said = self.run("status", &settings.status, &words)?;
                if let Some(state) = said.lines().map(str::trim).find(|line| !line.is_empty()) {
                    states.insert(job.job.clone(), state.to_owned());
                }
            }
        }
        let mut there = BTreeMap::new();
        for job in jobs {
            match states.get(&job.job) {
                Some(state) => {
                    there.insert(job.cell, Task { job: job.job, state: state.clone() });
                }
                // Where this cannot be written, the queue is asked again.
                None => _ = std::fs::write(job.file.with_extension("ended"), ""),
            }
        }
        Ok(there)
    }

    fn submit(&self, cells: &[&Cell]) -> Result<Vec<Submission>> {
        let settings = self.settings()?;
        store::open(self.study)?;
        let prefix = prefix(self.study)?;
        let folder = folders::next(&self.folder())?;
        let names: Vec<String> = cells.iter().map(|cell| cell.name.clone()).collect();
        write::bytes(&folder.join("cells"), format!("{}\n", names.join("\n")).as_bytes())?;
        for (place, cell) in cells.iter().enumerate() {
            let (file, name) = (folder.join(place.to_string()), name_of(&prefix, &folder, place));
            let (script, log) = (file.with_extension("sh"), file.with_extension("log"));
            write::bytes(&script, self.script(settings, cell, &name, &log)?.as_bytes())?;
            let (script, log) = (plain(&script)?, plain(&log)?);
            let words = [("script", script.as_str()), ("log", &log), ("name", &name), ("cell", &cell.name)];
            let said = self.run("submit", &settings.submit, &words)?;
            let job = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
            if job.is_empty() || !job.chars().all(is_plain) {
                let problem =
                    format!("`submit` must print the job's name last, without spaces; it printed `{}`", said.trim());
                return Err(failed(problem));
            }
            write::bytes(&file.with_extension("job"), format!("{job}\n").as_bytes())?;
        }
        let job = format!("{prefix}-{}", folder.file_name().unwrap_or_default().to_string_lossy());
        Ok(vec![Submission { job, folder, cells: names }])
    }

    fn endings(&self, _: &Submission) -> BTreeMap<usize, String> {
        BTreeMap::new()
    }

    fn cancel(&self) -> Result<Vec<String>> {
        let settings = self.settings()?;
        let there = self.in_flight()?;
        let jobs: Vec<Job> = self.jobs()?.into_iter().filter(|job| there.contains_key(&job.cell)).collect();
        for job in &jobs {
            let words = [("job", job.job.as_str()), ("name", &job.name), ("cell", &job.cell)];
            self.run("cancel", &settings.cancel, &words)?;
        }
        Ok(jobs.into_iter().map(|job| job.job).collect())
    }

    fn poll(&self) -> Duration {
        self.study.command.as_ref().map_or(Duration::from_secs(10), |settings| settings.poll)
    }

    fn resubmit(&self) -> u64 {
        self.study.command.as_ref().map_or(0, |settings| settings.resubmit)
    }
}

/// What a task is called: a name that Kubernetes and others take.
fn name_of(prefix: &str, folder: &Path, place: usize) -> String {
    let number = folder.file_name().unwrap_or_default().to_string_lossy();
    format!("{prefix}-{number}-{place}").to_lowercase()
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn failed(problem: String) -> Error {
    Error::Executor { name: NAME, problem }
}
