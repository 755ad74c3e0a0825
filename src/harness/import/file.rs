//! One file of results: where it is, and what it says.

use std::path::PathBuf;

use super::subject::Subject;
use crate::registry::Observation;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::harness) struct Found {
    pub path: PathBuf,
    /// As written to the table: relative to the folder that was given, with forward slashes.
    pub source: String,
}

/// What a file gave, and what of it could not be used.
pub(in crate::harness) struct Read {
    pub outcome: FileOutcome,
    pub problems: Vec<String>,
}

pub(in crate::harness) enum FileOutcome {
    Evaluated(Box<Evaluated>),
    Nothing,
}

/// What one file says of one model.
pub(in crate::harness) struct Evaluated {
    pub subject: Subject,
    /// The rows; their model has no name until all files are known.
    pub rows: Vec<Observation>,
    /// For each row what tells it from others of the same setup, where the tool says more than a setup holds: the digest of
    /// the prompts, the suite of the task.
    pub apart: Vec<Option<String>>,
    /// Whether items may be missing, so that no number of items is to be taken from other files.
    pub partial: bool,
    /// Number of parameters, where the file says it.
    pub params: Option<u64>,
}

impl Read {
    /// Nothing could be used.
    pub(crate) fn failed(why: impl Into<String>) -> Self {
        Self { outcome: FileOutcome::Nothing, problems: vec![why.into()] }
    }
}
