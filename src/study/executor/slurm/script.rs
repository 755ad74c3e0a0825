//! The scripts that are submitted.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::commands::Commands;
use crate::bounds::Bound;
use crate::error::{Error, Result};
use crate::registry::write;
use crate::study::cell::Cell;
use crate::study::executor::folders::{self, prefix};
use crate::study::executor::seam::Submission;
use crate::study::settings::{SlurmSettings, Study};
use crate::study::store;

/// Submits these cells, in several arrays if the cluster allows no array so long, and one job after them that collects.
pub(super) fn submit(study: &Study, commands: &Commands, cells: &[&Cell]) -> Result<Vec<Submission>> {
    store::open(study)?;
    let places = Places::new(study)?;
    let mut submissions = Vec::new();
    for part in cells.chunks(commands.longest_array().max(1)) {
        let folder = folders::next(&folder(study))?;
        let names: Vec<String> = part.iter().map(|cell| cell.name.clone()).collect();
        write::bytes(&folder.join("cells"), format!("{}\n", names.join("\n")).as_bytes())?;
        let script = folder.join("array.sh");
        write::bytes(&script, array(study, &places, &folder, part.len())?.as_bytes())?;
        let job = commands.sbatch(&script, None)?;
        write::bytes(&folder.join("job"), format!("{job}\n").as_bytes())?;
        submissions.push(Submission { job, folder, cells: names });
    }
    if let Some(last) = submissions.last() {
        let script = last.folder.join("collect.sh");
        write::bytes(&script, collect(study, &places, &last.folder)?.as_bytes())?;
        let jobs: Vec<&str> = submissions.iter().map(|submission| submission.job.as_str()).collect();
        // After any end: what is finished is collected, and what is not is named.
        commands.sbatch(&script, Some(&format!("afterany:{}", jobs.join(":"))))?;
    }
    Ok(submissions)
}

/// Where submissions are kept.
pub(super) fn folder(study: &Study) -> PathBuf {
    study.output.join("slurm")
}

struct Places {
    program: PathBuf,
    study: PathBuf,
    prefix: String,
}

impl Places {
    fn new(study: &Study) -> Result<Self> {
        let program = folders::program(study.slurm.program.as_ref())?;
        let whole = |path: &Path| std::path::absolute(path).map_err(Error::read(path));
        Ok(Self { program, study: whole(&study.file)?, prefix: prefix(study)? })
    }
}

fn array(study: &Study, places: &Places, folder: &Path, tasks: usize) -> Result<String> {
    let number = folder.file_name().unwrap_or_default().to_string_lossy();
    let at_once = study.slurm.at_once.map(|n| format!("%{n}")).unwrap_or_default();
    let mut options = vec![
        format!("--job-name={}-{number}", places.prefix),
        format!("--array=0-{}{at_once}", tasks.saturating_sub(1)),
        format!("--output={}", quoted(&folder.join("%a.log"))?),
    ];
    options.extend(study.slurm.gpus.map(|gpus| format!("--gpus={gpus}")));
    options.extend(study.slurm.cpus.map(|cpus| format!("--cpus-per-task={cpus}")));
    options.extend(study.slurm.memory.as_ref().map(|memory| format!("--mem={memory}")));
    options.extend(study.slurm.time.as_ref().map(|time| format!("--time={time}")));
    let cells = quoted(&folder.join("cells"))?;
    let commands = [
        // The lock of a cell says in whose hands it is.
        "export ONSET_JOB=\"${SLURM_ARRAY_JOB_ID:-}_$SLURM_ARRAY_TASK_ID\"".to_owned(),
        format!("cell=$(sed -n \"$((SLURM_ARRAY_TASK_ID + 1))p\" {cells})"),
        format!(
            "exec {} study run {} --only \"$cell\"{}",
            quoted(&places.program)?,
            quoted(&places.study)?,
            Bound::options()
        ),
    ];
    Ok(script(&study.slurm, &options, &commands))
}

fn collect(study: &Study, places: &Places, folder: &Path) -> Result<String> {
    let options =
        [format!("--job-name={}-collect", places.prefix), format!("--output={}", quoted(&folder.join("collect.log"))?)];
    let (program, file) = (quoted(&places.program)?, quoted(&places.study)?);
    let commands = [format!("{program} study collect {file}"), format!("{program} study report {file}")];
    Ok(script(&study.slurm, &options, &commands))
}

fn script(slurm: &SlurmSettings, options: &[String], commands: &[String]) -> String {
    let mut text = String::from("#!/bin/bash\n");
    // Writing to a String cannot fail.
    for option in options {
        let _ = writeln!(text, "#SBATCH {option}");
    }
    for (option, value) in [("partition", &slurm.partition), ("account", &slurm.account)] {
        if let Some(value) = value {
            let _ = writeln!(text, "#SBATCH --{option}={value}");
        }
    }
    for line in &slurm.extra {
        let _ = writeln!(text, "{line}");
    }
    text.push_str("set -eu\n");
    for line in slurm.setup.iter().chain(commands) {
        let _ = writeln!(text, "{line}");
    }
    text
}

/// A path in single quotes, as both the shell and `sbatch` read it.
fn quoted(path: &Path) -> Result<String> {
    match path.to_str() {
        Some(text) if !text.contains(['\'', '\n']) => Ok(format!("'{text}'")),
        _ => {
            let problem = "a path with a quotation mark or a line break, or not UTF-8, cannot go into a Slurm script";
            Err(Error::File { path: path.to_owned(), problem: problem.into() })
        }
    }
}
