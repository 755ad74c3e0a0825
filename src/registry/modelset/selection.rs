//! A choice of models: `COLUMN OP VALUE`.
//!
//! OP is one of `<`, `<=`, `>`, `>=`, `=` (or `==`) and `!=`. VALUE is a number (`1e23`), a month (`2023-11`) or a word;
//! words can only be equal or different, case aside. COLUMN is `compute`, `params`, `active_params`, `tokens`, `release`,
//! `score`, `family` or `model`, whatever their columns are called, or else the name of any column.
//!
//! ```
//! use onset::registry::modelset::Selection;
//! let large: Selection = "compute > 1e23".parse()?;
//! assert_eq!(large.to_string(), "compute > 1e23");
//! assert!("compute above 1e23".parse::<Selection>().is_err());
//! # Ok::<(), onset::Error>(())
//! ```

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::registry::Month;
use crate::registry::table::plain_number;
use crate::serial::serde_as_text;
use crate::{Error, Result};

/// What an empty cell is called.
pub(super) const UNSET: &str = "none";

/// A condition on one column; see the module.
#[derive(Debug, Clone)]
pub struct Selection {
    /// The column's name, as written.
    column: String,
    relation: Relation,
    value: Wanted,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Less,
    AtMost,
    More,
    AtLeast,
    Equal,
    Different,
}

#[derive(Debug, Clone, PartialEq)]
enum Wanted {
    Number(f64),
    Month(Month),
    Word(String),
}

/// Longer signs first, so that `<=` is not read as `<`.
const SIGNS: [(&str, Relation); 7] = [
    ("<=", Relation::AtMost),
    (">=", Relation::AtLeast),
    ("==", Relation::Equal),
    ("!=", Relation::Different),
    ("<", Relation::Less),
    (">", Relation::More),
    ("=", Relation::Equal),
];

impl FromStr for Selection {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = |why: &str| {
            Error::Argument(format!("`{text}` is no selection: {why}; write COLUMN OP VALUE, such as `compute > 1e23`"))
        };
        // The leftmost sign splits; at one place the longer sign wins.
        let (at, sign, relation) = SIGNS
            .iter()
            .filter_map(|(sign, relation)| text.find(sign).map(|at| (at, *sign, *relation)))
            .min_by(|a, b| a.0.cmp(&b.0).then(b.1.len().cmp(&a.1.len())))
            .ok_or_else(|| bad("it has none of the signs < <= > >= = !="))?;
        let (column, value) = (text[..at].trim(), text[at + sign.len()..].trim().trim_matches(['\'', '"']));
        if column.is_empty() {
            return Err(bad("the column is missing"));
        }
        if value.is_empty() {
            return Err(bad("the value is missing"));
        }
        let value = if let Ok(month) = value.parse::<Month>() {
            Wanted::Month(month)
        } else if let Some(number) = plain_number(value) {
            Wanted::Number(number)
        } else if matches!(relation, Relation::Equal | Relation::Different) {
            Wanted::Word(value.to_owned())
        } else {
            return Err(bad(
                "words can only be equal or different; sizes are written out, as 7e9, and dates by their month, as 2024-01",
            ));
        };
        Ok(Self { column: column.to_owned(), relation, value, text: text.trim().to_owned() })
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Selections are the same when they are written the same.
impl PartialEq for Selection {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

serde_as_text!(Selection);

impl Selection {
    /// The column that it compares.
    pub(crate) fn column(&self) -> &str {
        &self.column
    }

    /// The models that have this word in this column.
    pub(crate) fn of_word(column: &str, word: &str) -> Self {
        let text = format!("{column} = {word}");
        Self { column: column.to_owned(), relation: Relation::Equal, value: Wanted::Word(word.to_owned()), text }
    }

    /// The number that it compares with, if it is one above 0.
    pub(super) fn number(&self) -> Option<f64> {
        match self.value {
            Wanted::Number(number) if number > 0.0 => Some(number),
            Wanted::Number(_) | Wanted::Month(_) | Wanted::Word(_) => None,
        }
    }

    /// Whether it leaves out one value that is meant to be there; empty cells may be there or not.
    pub(super) fn excludes_a_value(&self) -> bool {
        let empty = matches!(&self.value, Wanted::Word(word) if word.eq_ignore_ascii_case(UNSET));
        self.relation == Relation::Different && !empty
    }

    /// Whether an empty cell is chosen: it is `none`, which differs from every number and month.
    pub(super) fn holds_of_empty(&self) -> bool {
        match &self.value {
            Wanted::Word(word) => word.eq_ignore_ascii_case(UNSET) == (self.relation == Relation::Equal),
            Wanted::Number(_) | Wanted::Month(_) => self.relation == Relation::Different,
        }
    }

    /// Why a text cannot be compared with a number: a year among dates is a number where a month is meant.
    fn no_number(&self, text: &str, wanted: f64) -> String {
        let year = wanted.fract() == 0.0 && (1000.0..10_000.0).contains(&wanted);
        if year && Month::of_date(text).is_ok() {
            let month = self.text.replace(&format!("{wanted}"), &format!("{wanted}-01"));
            return format!("`{text}` is a date and {wanted} is none; write a month, such as `{month}`");
        }
        format!("`{text}` is not a number, which `{}` compares", self.text)
    }

    /// Whether a cell with this text is chosen; numbers are in the column's own unit unless `number` gives the value, and
    /// dates are read as such unless `month` does.
    ///
    /// # Errors
    /// Why the text cannot be compared.
    pub(super) fn holds(&self, text: &str, number: Option<f64>, month: Option<Month>) -> Result<bool, String> {
        let ordering = match &self.value {
            Wanted::Number(wanted) => {
                number.or_else(|| plain_number(text)).ok_or_else(|| self.no_number(text, *wanted))?.partial_cmp(wanted)
            }
            Wanted::Month(wanted) => Some(
                month
                    .or_else(|| Month::of_date(text).ok())
                    .ok_or_else(|| format!("`{text}` is not a month, which `{}` compares", self.text))?
                    .cmp(wanted),
            ),
            Wanted::Word(wanted) => {
                Some(if text.eq_ignore_ascii_case(wanted) { Ordering::Equal } else { Ordering::Less })
            }
        };
        Ok(match self.relation {
            Relation::Less => ordering == Some(Ordering::Less),
            Relation::AtMost => matches!(ordering, Some(Ordering::Less | Ordering::Equal)),
            Relation::More => ordering == Some(Ordering::Greater),
            Relation::AtLeast => matches!(ordering, Some(Ordering::Greater | Ordering::Equal)),
            Relation::Equal => ordering == Some(Ordering::Equal),
            Relation::Different => ordering != Some(Ordering::Equal),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Selection;

    fn chosen(selection: &str, cell: &str) -> bool {
        selection.parse::<Selection>().expect("a selection").holds(cell, None, None).expect("comparable")
    }

    #[test]
    fn every_sign_means_what_it_says() {
        let table = [("<", [true, false, false]), ("<=", [true, true, false]), (">", [false, false, true])];
        let more = [(">=", [false, true, true]), ("=", [false, true, false]), ("!=", [true, false, true])];
        for (sign, expected) in table.into_iter().chain(more) {
            let found = ["1e22", "1e23", "1e24"].map(|cell| chosen(&format!("compute{sign}1e23"), cell));
            assert_eq!(found, expected, "{sign}");
        }
    }

    #[test]
    fn months_and_words_compare_as_such() {
        assert!(chosen("release >= 2023-11", "2023-11-05") && !chosen("release >= 2023-11", "2023-10"));
        assert!(chosen("family = LLaMA", "llama") && chosen("family != 'pythia'", "llama"));
        assert!("family > llama".parse::<Selection>().is_err() && "> 3".parse::<Selection>().is_err());
        let compared = "compute > 1e23".parse::<Selection>().expect("a selection").holds("many", None, None);
        assert!(compared.expect_err("no number").contains("`many` is not a number"));
    }
}
