//! What is printed, and how.

use std::io::Write as _;

use clap::ValueEnum;

use crate::error::{Error, Result};

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Format {
    /// For people, at most 80 columns wide.
    #[default]
    Table,
    /// One value, for programs.
    Json,
}

/// Writes to standard output.
pub(super) fn print(text: impl AsRef<[u8]>) -> Result<()> {
    std::io::stdout().write_all(text.as_ref()).map_err(Error::print)
}
