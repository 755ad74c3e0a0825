//! Whether a printed number holds: the number as printed against the same number computed again.
//!
//! A number printed with d decimals stands for every value that rounds to it, so it is *reproduced* when the recomputed
//! value rounds to the same decimals; `1.3e22` is read the same way in its mantissa.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use super::exhibit::Exhibit;
use super::item::Item;
use super::quantity::PaperQuantity;
use crate::error::{Error, Result};
use crate::registry::table::{Column, Kind, Table};

/// The printed numbers, as a table: figure, item, quantity, published, note.
const PRINTED: &str = include_str!("../../../../data/published_numbers.csv");

const COLUMNS: &[Column] = &[
    Column::required("figure", Kind::Text, "figure or table of the paper"),
    Column::required("item", Kind::Text, "panel or row"),
    Column::required("quantity", Kind::Text, "what is printed"),
    Column::required("published", Kind::Text, "the number as printed"),
    Column::optional("note", Kind::Text, "what is known about how it was printed"),
];

/// How the note of a number that is printed bold begins.
const BOLD: &str = "bold";

/// A number the paper prints.
#[derive(Debug, Clone, PartialEq)]
pub struct Printed {
    /// Figure or table.
    pub figure: Exhibit,
    /// Panel or row within it.
    pub item: Item,
    /// What it is.
    pub quantity: PaperQuantity,
    /// The number, digit for digit.
    pub text: String,
    /// Whether it is printed bold, which marks p < 0.05.
    pub bold: bool,
    /// Where it came from, or how it was printed.
    pub note: Option<String>,
}

/// Whether a printed number comes out again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Agreement {
    /// To every printed digit.
    Reproduced,
    /// Not to every one.
    Differs,
}

impl Agreement {
    /// By whether every printed digit comes out.
    #[must_use]
    pub(crate) fn of(reproduced: bool) -> Self {
        if reproduced { Self::Reproduced } else { Self::Differs }
    }
}

impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reproduced => "reproduced",
            Self::Differs => "differs",
        })
    }
}

impl FromStr for Agreement {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "reproduced" => Ok(Self::Reproduced),
            "differs" => Ok(Self::Differs),
            other => Err(Error::Argument(format!("`{other}` is neither reproduced nor differs"))),
        }
    }
}

/// Every number printed in the paper's figures and tables, in the paper's order.
///
/// # Errors
/// [`Error::Cell`] when a row of the embedded table cannot be used.
pub(crate) fn printed() -> Result<Vec<Printed>> {
    let path = Path::new("published_numbers.csv");
    let table = Table::parse(PRINTED.as_bytes(), path, COLUMNS)?;
    (0..table.rows())
        .map(|row| {
            let note = table.optional_text(row, "note");
            let printed = Printed {
                figure: table.parsed(row, "figure")?,
                item: table.parsed(row, "item")?,
                quantity: table.parsed(row, "quantity")?,
                text: table.text(row, "published")?.to_owned(),
                bold: note.and_then(|note| note.split(':').next()) == Some(BOLD),
                note: note.map(str::to_owned),
            };
            if half_unit(&printed.text).is_none() {
                return Err(Error::Cell {
                    path: path.to_owned(),
                    row: row + 2,
                    column: "published".into(),
                    problem: format!("`{}` is not a number", printed.text),
                });
            }
            Ok(printed)
        })
        .collect()
}

/// The value of a printed number and half a unit of its last digit; `None` when it is not a number.
fn half_unit(text: &str) -> Option<(f64, f64)> {
    let value: f64 = text.parse().ok().filter(|v: &f64| v.is_finite())?;
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let decimals = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let last_digit = exponent.parse::<i32>().ok()? - i32::try_from(decimals).ok()?;
    Some((value, 0.5 * 10f64.powi(last_digit)))
}

/// Whether `value` rounds to the printed digits. A value on the edge between two roundings counts for both.
#[must_use]
pub(crate) fn agrees(printed: &str, value: f64) -> bool {
    // A relative slack of 1e-9 absorbs the binary representation of the printed decimal, nothing more.
    half_unit(printed).is_some_and(|(p, half)| (value - p).abs() <= half + 1e-9 * p.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_rounds_to_the_printed_digits_is_reproduced() {
        for (printed, value) in [("0.068", 0.0681573), ("-0.000", -0.00031), ("1.3e22", 1.3189e22), ("64.6", 64.55)] {
            assert!(agrees(printed, value), "{printed} {value}");
        }
    }

    #[test]
    fn a_value_that_rounds_elsewhere_differs() {
        for (printed, value) in [("0.024", 0.0227), ("0.068", 0.0686), ("1.3e22", 1.36e22), ("0.12", f64::NAN)] {
            assert!(!agrees(printed, value), "{printed} {value}");
        }
    }

    #[test]
    fn every_printed_number_is_read() {
        let all = printed().expect("the embedded table is sound");
        assert!(all.len() >= 70, "{}", all.len());
        assert!(all.iter().any(|p| p.figure == Exhibit::Main && p.bold && p.text == "0.068"));
    }
}
