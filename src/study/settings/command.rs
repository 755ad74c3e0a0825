//! `[command]`: how cells are handed over to a queue by commands of the user's own.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::study::reader::Section;

/// How cells are handed over to any queue. In each command the words in braces are replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CommandSettings {
    /// Submits `{script}` and prints the job's name as its last line.
    pub submit: String,
    /// Prints a word while `{job}` waits or runs; with `{jobs}` instead, a line `JOB STATE` for each that does.
    pub status: String,
    /// Takes `{job}` out of the queue and kills it.
    pub cancel: String,
    /// Lines of shell before the program.
    pub setup: Vec<String>,
    /// How often what failed is submitted again while the study is followed.
    pub resubmit: u64,
    /// The program that tasks run; this one when `None`.
    pub program: Option<PathBuf>,
    /// Time between two looks at the queue.
    pub poll: Duration,
}

impl CommandSettings {
    pub(super) fn read(section: &Section<'_>) -> Option<Self> {
        if !section.exists() {
            section.finish();
            return None;
        }
        let command = Self {
            submit: section.required_text("submit"),
            status: section.required_text("status"),
            cancel: section.required_text("cancel"),
            setup: section.texts("setup").unwrap_or_default(),
            resubmit: section.count("resubmit").unwrap_or(1),
            program: section.text("program").map(PathBuf::from),
            poll: Duration::from_secs_f64(section.positive("poll").unwrap_or(10.0).min(3600.0)),
        };
        let names = |text: &str, words: &[&str]| words.iter().any(|word| text.contains(word));
        for (key, text, words) in [
            ("submit", &command.submit, &["{script}"][..]),
            ("status", &command.status, &["{job}", "{jobs}", "{name}"]),
            ("cancel", &command.cancel, &["{job}", "{name}"]),
        ] {
            if section.has(key) && !names(text, words) {
                section.problem(key, format!("`{key}` must hold {}", words.join(" or ")));
            }
        }
        section.finish();
        Some(command)
    }
}
