//! The parts of messages that are lists, or what others said.

use std::fmt;
use std::path::PathBuf;

use super::cause::Cause;

/// One problem on the line it stands on, several below it.
pub(super) fn listed(problems: &[String]) -> String {
    match problems {
        [one] => one.clone(),
        several => several.iter().map(|problem| format!("\n  {problem}")).collect(),
    }
}

pub(super) fn joined(places: &[PathBuf]) -> String {
    places.iter().map(|place| place.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// What an error was caused by in turn, for libraries whose messages leave it out.
pub(super) fn behind(cause: &Cause) -> String {
    cause.source().map_or_else(String::new, |source| format!(": {source}"))
}

/// Some libraries print pages or append a backtrace; messages here are one line.
pub(super) fn first_line(error: &impl fmt::Display) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
