//! onset's errors as Python's exceptions. The classes are Python's own (`onset_curves._errors`), since they have two bases each.

use onset::{Error, ErrorKind};
use pyo3::exceptions::{PyKeyboardInterrupt, PyRuntimeError};
use pyo3::prelude::*;

/// The name of the class for a kind of error.
fn class(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Input => "InputError",
        ErrorKind::NotFound => "NotFoundError",
        ErrorKind::InUse => "InUseError",
        ErrorKind::Io => "IoError",
        ErrorKind::Unsupported => "UnsupportedError",
        ErrorKind::Undetermined => "UndeterminedError",
        ErrorKind::Server => "ServerError",
        ErrorKind::Diverged => "DivergedError",
        ErrorKind::CheckFailed => "CheckFailedError",
        _ => "OnsetError",
    }
}

/// The exception for an error, with the same text.
pub(crate) fn raised(error: Error) -> PyErr {
    Python::attach(|py| match error.kind() {
        ErrorKind::Interrupted => PyKeyboardInterrupt::new_err(error.to_string()),
        kind => of_class(py, class(kind), &error.to_string()),
    })
}

/// The exception for input that Python itself handed over wrongly.
pub(crate) fn input(problem: &str) -> PyErr {
    Python::attach(|py| of_class(py, "InputError", problem))
}

/// Warns through Python's warnings, from any thread.
pub(crate) fn warn(text: &str) {
    Python::attach(|py| {
        let warn = py.import("onset_curves._errors").and_then(|module| module.getattr("warn"));
        // Where warnings are errors the work goes on all the same: there is nobody on this thread to raise them to.
        let _ = warn.and_then(|warn| warn.call1((text,)));
    });
}

fn of_class(py: Python<'_>, class: &str, text: &str) -> PyErr {
    let found = py.import("onset_curves._errors").and_then(|module| module.getattr(class));
    match found.and_then(|class| class.call1((text,))) {
        Ok(exception) => PyErr::from_value(exception),
        Err(_) => PyRuntimeError::new_err(text.to_owned()),
    }
}
