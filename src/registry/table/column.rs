//! What a column holds, and how the columns of a file are told by their names.
//!
//! Names are compared without case, spaces and punctuation, and without a unit in parentheses at the end, which is read:
//! `Model Size (B)` is params in units of 10⁹, `FLOPs (1E21)` compute in units of 10²¹.

use super::cell::plain_number;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// Any finite number.
    Number,
    /// A finite number above zero.
    Positive,
    /// A number above zero that may end in K, M, B or T, in the unit that the column's name ends in.
    Size,
    /// A finite number from 0 to 1.
    Share,
    /// A whole number, 0 or more.
    Count,
    /// A month such as `2023-11`.
    Month,
    /// A date such as `2024-04-18` or `2024-04-18T09:30:00Z`.
    Date,
    /// `true` or `false`.
    Flag,
}

/// The declaration of one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Name in the header.
    pub name: &'static str,
    /// The names that other collections give it, in lower case and without punctuation; the first that a table has is
    /// taken.
    pub synonyms: &'static [&'static str],
    /// What it holds.
    pub kind: Kind,
    /// Unit or meaning, for documentation.
    pub unit: &'static str,
    /// Whether the table must have it, with a value in every row.
    pub required: bool,
}

impl Column {
    /// A column that every table must have, with a value in every row.
    pub const fn required(name: &'static str, kind: Kind, unit: &'static str) -> Self {
        Self { name, synonyms: &[], kind, unit, required: true }
    }

    /// A column that may be absent or have empty cells.
    pub(crate) const fn optional(name: &'static str, kind: Kind, unit: &'static str) -> Self {
        Self { name, synonyms: &[], kind, unit, required: false }
    }

    /// The same column, which other collections call by these names.
    pub(crate) const fn also(self, synonyms: &'static [&'static str]) -> Self {
        Self { synonyms, ..self }
    }

    /// The same column in a table where it means this.
    pub(crate) const fn meaning(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }

    /// Its place among these names: as it is called here, or else as others call it.
    pub(super) fn position(&self, names: &[String]) -> Option<usize> {
        let called = |wanted: &str| names.iter().position(|name| fold(split_unit(name).0) == wanted);
        names
            .iter()
            .position(|name| name == self.name)
            .or_else(|| called(&fold(self.name)))
            .or_else(|| self.synonyms.iter().find_map(|synonym| called(synonym)))
    }
}

/// The place of a name that a person gave: as written, or else without case, spaces and punctuation, or else without its
/// unit.
pub(super) fn position(names: &[String], name: &str) -> Option<usize> {
    let wanted = fold(name);
    names
        .iter()
        .position(|n| n == name)
        .or_else(|| names.iter().position(|n| fold(n) == wanted))
        .or_else(|| names.iter().position(|n| fold(split_unit(n).0) == wanted))
}

/// Letters and digits only, lower case: what two spellings of one name have in common.
pub(crate) fn fold(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A name and the unit in parentheses at its end.
fn split_unit(name: &str) -> (&str, Option<&str>) {
    let name = name.trim();
    match name.strip_suffix(')').and_then(|inner| inner.rsplit_once('(')) {
        Some((base, unit)) => (base.trim_end(), Some(unit.trim())),
        None => (name, None),
    }
}

/// What one unit of a size is in the column of this name; `None` when its unit is not known.
pub(super) fn unit_of(name: &str) -> Option<f64> {
    split_unit(name).1.map_or(Some(1.0), parse_unit)
}

/// Words in parentheses that say what is counted, not in which unit.
const NEUTRAL: [&str; 11] =
    ["flop", "flops", "fp", "total", "datapoints", "gradients", "tokens", "parameters", "params", "count", "n"];

/// What one unit is: a number (`1E21`), a power of a thousand (`B`, `trillions`), FLOPs with or without a prefix, or
/// days at 10¹⁵ FLOPs per second.
pub(crate) fn parse_unit(text: &str) -> Option<f64> {
    let folded = text.trim().to_lowercase();
    let first = folded.split_whitespace().next().unwrap_or_default();
    if let Some(number) = plain_number(first).filter(|n| *n > 0.0) {
        return Some(number);
    }
    if NEUTRAL.contains(&first) {
        return Some(1.0);
    }
    match first {
        "k" | "thousand" | "thousands" => Some(1e3),
        "m" | "million" | "millions" => Some(1e6),
        "b" | "bn" | "billion" | "billions" => Some(1e9),
        "t" | "tn" | "trillion" | "trillions" => Some(1e12),
        "gflop" | "gflops" => Some(1e9),
        "tflop" | "tflops" => Some(1e12),
        "pflop" | "pflops" => Some(1e15),
        "eflop" | "eflops" => Some(1e18),
        "zflop" | "zflops" => Some(1e21),
        "yflop" | "yflops" => Some(1e24),
        "pf-days" | "pf-day" | "pfs-days" | "pfs-day" => Some(8.64e19),
        _ => None,
    }
}
