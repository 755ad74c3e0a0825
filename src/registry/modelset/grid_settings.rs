//! Which benchmarks of the tables are meant, and how they are read.

use serde::{Deserialize, Serialize};

use super::scores::shortened;
use super::selection::Selection;
use super::settings::Settings;
use crate::Error;
use crate::registry::names::did_you_mean;
use crate::registry::table::fold;

/// How tables are read as a grid.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GridSettings {
    /// How the tables are read; their `score` and `metric` and what concerns predictors are not used. `adjusted` is the
    /// condition after, in wide tables the end of the names of its columns.
    pub tables: Settings,
    /// The benchmarks that are meant; all when empty.
    pub scores: Vec<String>,
    /// Metrics of benchmarks that have several: the first that a benchmark has.
    pub metrics: Vec<String>,
    /// Benchmarks or metrics of which less is better, beside those that are known to be so.
    pub falling: Vec<String>,
    /// Benchmarks or metrics of which more is better, whatever their names say.
    pub rising: Vec<String>,
    /// Benchmarks whose scores may be any number, whatever the scale of the others.
    pub any_scale: Vec<String>,
    /// Whether the compute of models is read, where the tables say it.
    pub compute: bool,
    /// Models that all of these choose are marked; without any, every model is.
    pub marked: Vec<Selection>,
}

/// That no table has a benchmark of this name.
pub(super) fn unknown(name: &str, known: &[String]) -> Error {
    let error = Error::Argument(format!("no table has a benchmark `{name}`; there are: {}", shortened(known)));
    match did_you_mean(name, known.iter().map(String::as_str)) {
        Some(question) => error.with_help(question),
        None => error,
    }
}

/// Whether one of these names is this one, case and signs aside.
pub(super) fn is_among(name: &str, names: &[String]) -> bool {
    names.iter().any(|other| fold(other) == fold(name))
}
