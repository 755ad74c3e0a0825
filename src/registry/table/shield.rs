//! Cells that a spreadsheet would execute.
//!
//! A cell that begins with `=`, `+`, `-` or `@`, or with a tab or a line end before one of them, is a formula to a
//! spreadsheet, whoever named the model. Text like this is written with an apostrophe before it, which spreadsheets take as
//! the sign of text, and read without it. Numbers are what they are.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether cells are written as they are.
static RAW: AtomicBool = AtomicBool::new(false);

/// The sign of text.
const SIGN: char = '\'';

/// Has this process write all cells as they are, also those that a spreadsheet takes for formulas.
pub(crate) fn write_raw() {
    RAW.store(true, Ordering::Relaxed);
}

/// Whether a text is a formula to a spreadsheet.
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) && text.parse::<f64>().is_err()
}

/// A cell as it is written. One that begins with apostrophes gets one more where reading would take one away.
pub(super) fn shielded(cell: &str) -> Cow<'_, str> {
    match is_formula(cell.trim_start_matches(SIGN)) && !RAW.load(Ordering::Relaxed) {
        true => Cow::Owned(format!("{SIGN}{cell}")),
        false => Cow::Borrowed(cell),
    }
}

/// A cell as it was before it was written.
pub(super) fn bare(cell: &str) -> &str {
    match cell.strip_prefix(SIGN) {
        Some(rest) if is_formula(rest.trim_start_matches(SIGN)) => rest,
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_written_as_text_and_read_back_as_they_were() {
        for (cell, written) in [
            ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
            ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
            ("-model", "'-model"),
            ("@sum", "'@sum"),
            ("\t=1", "'\t=1"),
            ("'=1", "''=1"),
            ("-", "'-"),
        ] {
            assert_eq!(shielded(cell), written);
            assert_eq!(bare(written), cell);
        }
        for plain in ["-0.5", "+1e-3", "-inf", "a=b", "'quoted'", "", "pythia-70m", "'"] {
            assert_eq!((shielded(plain).as_ref(), bare(plain)), (plain, plain));
        }
    }
}
