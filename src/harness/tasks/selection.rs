//! What is chosen from a library, and how.

use std::path::{Path, PathBuf};

use super::group::TaskGroup;
use super::task::Task;
use super::value::Value;

/// Tasks to run, and the groups they were named by.
#[derive(Debug, Clone, Default)]
pub struct TaskSelection {
    /// Each task once, in the order in which they were first named.
    pub tasks: Vec<Task>,
    /// Each group once, inner groups before those they are in.
    pub(crate) groups: Vec<TaskGroup>,
    /// Files of the library's folders that could not be read as tasks, each with what is wrong with it and where: a
    /// pattern may have meant them.
    pub left_out: Vec<String>,
    /// Members of groups that cannot be run, each with the reason and its place. A group with such members has no score.
    pub refused: Vec<String>,
    /// Tasks and groups among these that come with onset, but that a file defines anew, with the file.
    pub replaced: Vec<(String, PathBuf)>,
}

/// What tasks are chosen with, beside their names.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Choice<'a> {
    /// The folder with local copies of data sets.
    pub data: Option<&'a Path>,
    /// Keys that replace those of `generation_kwargs`.
    pub generation: &'a [(String, Value)],
    /// Whether a member of a group that cannot be run is an error; else it is left out.
    pub strict: bool,
}
