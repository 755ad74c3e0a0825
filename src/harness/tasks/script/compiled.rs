//! Regular expressions that were compiled, and their flags.

use std::cell::OnceCell;

use super::super::regex::Pattern;
use super::tree::Name;

/// A pattern with its flags.
pub(super) struct Compiled {
    pub source: Name,
    pub flags: i64,
    pub anywhere: Pattern,
    pub at_start: OnceCell<Pattern>,
    pub whole: OnceCell<Pattern>,
}

/// Flags of `re` and the letter of each.
pub(super) const FLAGS: [(i64, &[&str], char); 4] = [
    (2, &["I", "IGNORECASE"], 'i'),
    (8, &["M", "MULTILINE"], 'm'),
    (16, &["S", "DOTALL"], 's'),
    (32, &["U", "UNICODE"], 'u'),
];
