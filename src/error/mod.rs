//! The one public error type.
//!
//! Variants are named after situations and carry the file, row and column they happened at. Each prints as a whole
//! sentence, its cause included; the cause itself is at [`source`](std::error::Error::source). Errors can be cloned:
//! causes are shared. Who only wants to know what to do next asks for the [`ErrorKind`]:
//!
//! ```
//! use onset::registry::table::Table;
//! use onset::ErrorKind;
//!
//! let error = Table::read("no/such/table.csv".as_ref(), &[]).unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::NotFound);
//! assert!(std::error::Error::source(&error).is_some_and(|cause| cause.is::<std::io::Error>()));
//! ```

mod cause;
mod kind;
#[cfg(test)]
mod tests;
mod texts;

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

pub use cause::{Cause, Shared};
pub use kind::ErrorKind;

use texts::{behind, first_line, joined, listed};

/// Everything that can go wrong in onset. The command line prints it and takes its exit code from [`Error::kind`].
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: Shared<std::io::Error>,
    },
    /// A file or folder could not be written; nothing was left half-written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: Shared<std::io::Error>,
    },
    /// A server could not listen at an address: it is in use, belongs to another machine, or is not allowed.
    #[error("cannot listen at {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the operating system said.
        source: Shared<std::io::Error>,
    },
    /// Standard output takes no more.
    #[error("cannot write to standard output: {source}")]
    Print {
        /// What the operating system said.
        source: Shared<std::io::Error>,
    },
    /// The operating system refused something other than reading or writing a file.
    #[error("cannot {what}: {source}")]
    System {
        /// What was tried, to follow "cannot".
        what: &'static str,
        /// What it said.
        source: Cause,
    },
    /// A file is not what it should be as a whole (empty, no header, too large, ...).
    #[error("{}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A file could not be parsed (not JSON, not CSV, not safetensors, ...).
    #[error("{}: {problem}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, as the parser says.
        problem: String,
        /// The parser's error.
        source: Cause,
    },
    /// A file or folder is at none of the places where it may be.
    #[error("{what} was not found; looked for: {}", joined(places))]
    NotFound {
        /// What was looked for.
        what: String,
        /// The places, in the order in which they were looked at.
        places: Vec<PathBuf>,
    },
    /// Another run has a file open that only one may write.
    #[error("{} is in use by another run; wait for it or choose another folder", path.display())]
    InUse {
        /// The file.
        path: PathBuf,
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
    #[error("tensor backend: {}", first_line(source))]
    Backend {
        /// What it said.
        source: Cause,
    },
    /// The data cannot answer the question asked of them (constant predictor, a group with no member, ...).
    #[error("{0}")]
    Undetermined(String),
    /// A figure could not be drawn.
    #[error("cannot draw figure `{figure}`: {source}")]
    Drawing {
        /// The figure's name.
        figure: String,
        /// What is wrong.
        source: Cause,
    },
    /// A result could not be put into a format: HTML, JSON, CSV.
    #[error("{what}: {source}{}", behind(source))]
    Encode {
        /// What cannot be written, and as what.
        what: String,
        /// The error of the template or of the format.
        source: Cause,
    },
    /// A server of models could not be reached, refused, or gave an answer that cannot be used.
    #[error("{url}: {problem}")]
    Server {
        /// Its address.
        url: String,
        /// What went wrong.
        problem: String,
        /// The error of the connection or of the answer's parser, where there is one.
        source: Option<Cause>,
    },
    /// Something could not be fetched from the hub.
    #[error("{what}: {}", first_line(source))]
    Fetch {
        /// What was to be fetched, and what went wrong.
        what: String,
        /// The error of the hub's client.
        source: Cause,
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
        /// The error behind it, where there is one.
        source: Option<Cause>,
    },
    /// A request cannot be put to a model, or got no answer.
    #[error("request {index}: {problem}")]
    Request {
        /// Its place among the requests, from 0.
        index: usize,
        /// What is wrong.
        problem: String,
        /// The error behind it, where there is one.
        source: Option<Cause>,
    },
    /// Work was stopped from outside; what was finished stands.
    #[error("stopped")]
    Interrupted,
    /// A training step gave NaN or infinity; the weights are still those before it.
    #[error("training stopped at step {step}: {what}; {batch}")]
    Diverged {
        /// The step, from 1.
        step: usize,
        /// What was not a number.
        what: String,
        /// What the step was given.
        batch: String,
    },
    /// What runs the cells of a study somewhere else (a cluster's queue) cannot be used, or refused.
    #[error("{name}: {problem}")]
    Executor {
        /// What people call it.
        name: &'static str,
        /// What it said, or what is wrong.
        problem: String,
    },
    /// A check that was asked for ran and found differences; the program exits with code 1, not 2.
    #[error("{0}")]
    CheckFailed(String),
    /// An argument is outside what is allowed.
    #[error("{0}")]
    Argument(String),
    /// An error, and the part of the work it happened in.
    #[error("{part}: {source}")]
    Within {
        /// The part: a figure, a task, a model.
        part: String,
        /// The error.
        source: Shared<Error>,
    },
    /// An error, and what the user can do about it.
    #[error("{source}; {help}")]
    Helped {
        /// The error.
        source: Shared<Error>,
        /// The option or edit that helps, to follow a semicolon.
        help: String,
    },
}

/// `Result` with [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// For `map_err` on a failed read of `path`.
    pub(crate) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Read { path: path.to_owned(), source: source.into() }
    }

    /// For `map_err` on a failed write of `path`.
    pub(crate) fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Write { path: path.to_owned(), source: source.into() }
    }

    /// For `map_err` on a failed write to standard output.
    pub(crate) fn print(source: std::io::Error) -> Self {
        Self::Print { source: source.into() }
    }

    /// For `map_err` on `path` that could not be parsed; `what` is wrong with it, such as "is not JSON".
    pub(crate) fn malformed<E>(path: &Path, what: impl fmt::Display) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        move |error| {
            let source = Cause::of(error);
            Self::Malformed { path: path.to_owned(), problem: format!("{what}: {}", first_line(&source)), source }
        }
    }

    /// For `map_err` on a result that could not be put into a format.
    pub(crate) fn encode<E>(what: impl Into<String>) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        move |error| Self::Encode { what: what.into(), source: Cause::of(error) }
    }

    /// A backend's refusal that is not an error of candle's own.
    #[cfg(feature = "models")]
    pub(crate) fn backend(problem: String) -> Self {
        Self::Backend { source: Cause::of(problem) }
    }

    /// The same error, with the part of the work it happened in.
    #[must_use]
    pub(crate) fn within(self, part: impl fmt::Display) -> Self {
        Self::Within { part: part.to_string(), source: self.into() }
    }

    /// The same error, with the option or edit that helps.
    #[must_use]
    pub(crate) fn with_help(self, help: impl Into<String>) -> Self {
        Self::Helped { source: self.into(), help: help.into() }
    }

    /// Of a request's error, the error of the item that the request belongs to; any other error as it is.
    #[cfg(any(feature = "models", test))]
    pub(crate) fn of_item(self, task: &str, item: impl FnOnce(usize) -> usize) -> Self {
        match self {
            Self::Request { index, problem, source } => {
                Self::TaskItem { task: task.to_owned(), item: item(index), problem, source }
            }
            other => other,
        }
    }

    /// The option or edit that helps, where one is known.
    #[must_use]
    pub fn help(&self) -> Option<&str> {
        match self {
            Self::Helped { help, .. } => Some(help),
            Self::Within { source, .. } => source.help(),
            _ => None,
        }
    }

    /// What sort of thing went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Read { source, .. } if source.kind() == std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::InUse { .. } => ErrorKind::InUse,
            Self::Read { .. } | Self::Write { .. } | Self::Listen { .. } | Self::Print { .. } | Self::System { .. } => {
                ErrorKind::Io
            }
            Self::File { .. }
            | Self::Malformed { .. }
            | Self::MissingColumn { .. }
            | Self::Cell { .. }
            | Self::Tensor { .. }
            | Self::Settings { .. }
            | Self::Task { .. }
            | Self::Argument(_) => ErrorKind::Input,
            Self::TaskItem { source, .. } | Self::Request { source, .. } => {
                let behind = source.as_ref().and_then(|cause| cause.downcast_ref::<Self>());
                behind.map_or(ErrorKind::Input, Self::kind)
            }
            Self::NotEnoughModels { .. } | Self::Undetermined(_) => ErrorKind::Undetermined,
            Self::Unsupported { .. } => ErrorKind::Unsupported,
            Self::Backend { .. } => ErrorKind::Backend,
            Self::Drawing { .. } | Self::Encode { .. } => ErrorKind::Output,
            Self::Server { .. } | Self::Fetch { .. } => ErrorKind::Server,
            Self::Interrupted => ErrorKind::Interrupted,
            Self::Diverged { .. } => ErrorKind::Diverged,
            Self::Executor { .. } => ErrorKind::Executor,
            Self::CheckFailed(_) => ErrorKind::CheckFailed,
            Self::Within { source, .. } | Self::Helped { source, .. } => source.kind(),
        }
    }
}

#[cfg(feature = "models")]
impl From<candle_core::Error> for Error {
    fn from(source: candle_core::Error) -> Self {
        Self::Backend { source: Cause::of(source) }
    }
}
