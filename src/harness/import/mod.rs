//! What all imports share: from files and folders of results to one sorted list of observations.
//!
//! Two evaluations are the same only if model, benchmark, metric, condition and setup are. A later one replaces an earlier
//! one by the dates in their files, never by the files' names; where no date tells, both are kept and the collision is
//! listed. Names of models are those of [`subject`], and two models that would share one are kept apart.

mod apart;
mod choose;
mod encoding;
mod file;
mod folders;
mod gather;
mod imported;
mod names;
mod pieces;
mod progress;
mod prompts;
mod rename;
mod settings;
mod states;
mod subject;
mod unsaid;

pub(super) use encoding::utf8;
pub(super) use file::{Evaluated, FileOutcome, Found, Read};
pub(super) use folders::{condition, folders, is_shots, step_folder};
pub(super) use gather::gather;
pub use imported::{Imported, Warning, summary};
pub use rename::Renames;
pub use settings::ImportSettings;
pub(super) use states::{is_general, is_state};
pub(super) use subject::Subject;
pub(super) use unsaid::{after_results, by_itself, in_folder, results_folder};
