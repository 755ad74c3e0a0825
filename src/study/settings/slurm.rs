//! `[slurm]`: how cells run on a cluster.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::study::reader::Section;

/// How cells run on a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SlurmSettings {
    /// `--partition`.
    pub partition: Option<String>,
    /// `--account`.
    pub account: Option<String>,
    /// `--gpus`, per cell.
    pub gpus: Option<u64>,
    /// `--cpus-per-task`.
    pub cpus: Option<u64>,
    /// `--mem`, such as `64G`.
    pub memory: Option<String>,
    /// `--time`, such as `12:00:00`.
    pub time: Option<String>,
    /// Cells that may run at one time.
    pub at_once: Option<u64>,
    /// Further lines, each beginning with `#SBATCH`.
    pub extra: Vec<String>,
    /// Lines of shell before the program (`module load cuda`).
    pub setup: Vec<String>,
    /// How often what failed is submitted again while the study is followed.
    pub resubmit: u64,
    /// Folder of `sbatch`, `squeue` and the others; those on the path when `None`.
    pub bin: Option<PathBuf>,
    /// The program that tasks run; this one when `None`.
    pub program: Option<PathBuf>,
    /// Seconds between two looks at the queue.
    pub poll: Duration,
}

impl SlurmSettings {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let slurm = Self {
            partition: section.text("partition"),
            account: section.text("account"),
            gpus: section.count("gpus"),
            cpus: section.at_least_one("cpus"),
            memory: section.text("memory"),
            time: section.text("time"),
            at_once: section.at_least_one("at_once"),
            extra: section.texts("extra").unwrap_or_default(),
            setup: section.texts("setup").unwrap_or_default(),
            resubmit: section.count("resubmit").unwrap_or(1),
            bin: section.text("bin").map(PathBuf::from),
            program: section.text("program").map(PathBuf::from),
            poll: Duration::from_secs_f64(section.positive("poll").unwrap_or(10.0).min(3600.0)),
        };
        for (key, value) in [
            ("partition", &slurm.partition),
            ("account", &slurm.account),
            ("memory", &slurm.memory),
            ("time", &slurm.time),
        ] {
            if value.as_ref().is_some_and(|value| value.contains(char::is_whitespace)) {
                section.problem(key, format!("`{key}` must not contain spaces"));
            }
        }
        // Minutes, or hours, minutes and seconds, with days before a hyphen.
        let time = |c: char| c.is_ascii_digit() || matches!(c, ':' | '-');
        if slurm.time.as_ref().is_some_and(|text| !text.contains(time) || !text.chars().all(time)) {
            section.problem("time", "`time` must be written as Slurm reads it, such as \"12:00:00\" or \"2-00:00:00\"");
        }
        if slurm.extra.iter().any(|line| !line.starts_with("#SBATCH ") || line.contains('\n')) {
            section.problem("extra", "every line of `extra` must begin with `#SBATCH `");
        }
        section.finish();
        slurm
    }
}
