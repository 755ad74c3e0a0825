//! What is printed, and how.

use std::borrow::Cow;
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
    let text = String::from_utf8_lossy(text.as_ref());
    let mut out = std::io::stdout().lock();
    // What ends without a line end would be written when the program ends, where nobody hears of a failure.
    out.write_all(shown(&text).as_bytes()).and_then(|()| out.flush()).map_err(Error::print)
}

/// A text as it may be shown: what files hold can give orders to a terminal by its control characters, which are
/// written out instead.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    let orders = |c: char| c.is_control() && !matches!(c, '\n' | '\t' | '\r');
    if !text.contains(orders) {
        return Cow::Borrowed(text);
    }
    text.chars().map(|c| if orders(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_written_out() {
        assert_eq!(shown("a\u{1b}[31m\tb\n\u{9b}2J"), "a\\u{1b}[31m\tb\n\\u{9b}2J");
        assert!(matches!(shown("plain\n"), Cow::Borrowed(_)));
    }
}
