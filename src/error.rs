//! The one public error type. Variants are named after situations and carry the file, row and column they happened at.

use std::path::{Path, PathBuf};

/// Everything that can go wrong in onset. The command line prints it on one line and exits with code 2.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file or folder could not be written; nothing was left half-written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file is not what it should be as a whole (empty, not CSV, not JSON, ...).
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A required column is not in the table.
    #[error("{}: column `{column}` is missing; the columns are: {found}", path.display())]
    MissingColumn {
        /// The table.
        path: PathBuf,
        /// The column that was looked for.
        column: String,
        /// The columns that are there, joined by commas.
        found: String,
    },
    /// One cell of a table cannot be used.
    #[error("{}, row {row}, column `{column}`: {problem}", path.display())]
    Cell {
        /// The table.
        path: PathBuf,
        /// Line number as an editor shows it: the header is row 1.
        row: usize,
        /// The column's name.
        column: String,
        /// What is wrong with the value.
        problem: String,
    },
    /// Fewer observations than the fit has parameters.
    #[error("not enough models: {have} usable, {need} needed")]
    NotEnoughModels {
        /// Observations at hand.
        have: usize,
        /// Observations needed.
        need: usize,
    },
    /// One tensor of a weights file cannot be used.
    #[error("{}, tensor `{tensor}`: {problem}", path.display())]
    Tensor {
        /// The weights file.
        path: PathBuf,
        /// The tensor's name in that file.
        tensor: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A model, a switch of its config or a format that onset does not know; using it would give wrong numbers.
    #[error("{what} is not supported; supported: {supported}")]
    Unsupported {
        /// What was asked for, with its file.
        what: String,
        /// What there is instead.
        supported: String,
    },
    /// The tensor backend failed (out of memory, no such device, ...).
    #[error("tensor backend: {0}")]
    Backend(String),
    /// The data cannot answer the question asked of them (constant predictor, a group with no member, ...).
    #[error("{0}")]
    Undetermined(String),
    /// A figure could not be drawn.
    #[error("cannot draw figure `{figure}`: {problem}")]
    Drawing {
        /// The figure's name.
        figure: String,
        /// What is wrong.
        problem: String,
    },
    /// A server of models cannot be reached, refused, or answered with something that cannot be used.
    #[error("{url}: {problem}")]
    Server {
        /// Its address.
        url: String,
        /// What went wrong.
        problem: String,
    },
    /// A settings file cannot be used; all that is wrong with it is listed, one problem per line.
    #[error("{}: {}{}", path.display(), if problems.len() == 1 { "" } else { "several problems" }, listed(problems))]
    Settings {
        /// The file.
        path: PathBuf,
        /// What is wrong, with lines.
        problems: Vec<String>,
    },
    /// A task of the evaluation harness cannot be used.
    #[error("task `{task}`: {problem}")]
    Task {
        /// The task's name.
        task: String,
        /// What is wrong, with file and line where there is one.
        problem: String,
    },
    /// One item of a task cannot be used.
    #[error("task `{task}`, item {item}: {problem}")]
    TaskItem {
        /// The task's name.
        task: String,
        /// The item's place in its split, from 0 (the `doc_id` of result files).
        item: usize,
        /// What is wrong.
        problem: String,
    },
    /// A request cannot be put to a model.
    #[error("request {index}: {problem}")]
    Request {
        /// Its place among the requests, from 0.
        index: usize,
        /// What is wrong.
        problem: String,
    },
    /// Work was stopped from outside; what was finished stands.
    #[error("stopped")]
    Interrupted,
    /// A training step gave a number that is none; the weights are still those before it.
    #[error("training stopped at step {step}: {what}; {batch}")]
    Diverged {
        /// The step, from 1.
        step: usize,
        /// What was not a number.
        what: String,
        /// What the step was given.
        batch: String,
    },
    /// A command of the Slurm workload manager failed.
    #[error("Slurm: {0}")]
    Slurm(String),
    /// A check that was asked for ran and found differences; the program exits with code 1, not 2.
    #[error("{0}")]
    CheckFailed(String),
    /// An argument is outside what is allowed.
    #[error("{0}")]
    Argument(String),
}

/// `Result` with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One problem on the line it stands on, several below it.
fn listed(problems: &[String]) -> String {
    match problems {
        [one] => one.clone(),
        several => several.iter().map(|problem| format!("\n  {problem}")).collect(),
    }
}

impl Error {
    /// For `map_err` on a failed read of `path`.
    pub fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Read { path: path.to_owned(), source }
    }

    /// For `map_err` on a failed write of `path`.
    pub fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Write { path: path.to_owned(), source }
    }
}

#[cfg(feature = "models")]
impl From<candle_core::Error> for Error {
    fn from(source: candle_core::Error) -> Self {
        // The backend appends a backtrace, line by line, where RUST_BACKTRACE is set; messages here are one line.
        Self::Backend(source.to_string().lines().next().unwrap_or_default().to_owned())
    }
}
