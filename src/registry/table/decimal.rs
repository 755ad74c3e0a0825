//! Which sign marks the decimals of a column's numbers: the point of `0.652` or the comma of `0,652`.
//!
//! A cell may show it by itself (`0,652` groups nothing, `1,300,000` has no decimals) or not (`8,030`). A column's numbers
//! have the mark that its cells show, or else the one that all other cells of the file show. Where it stays open, or cells
//! of one column show both, nothing is guessed.

use std::fmt;
use std::str::FromStr;

use crate::serial::serde_as_text;
use crate::{Error, Result};

/// The sign before the decimals of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecimalMark {
    /// `0.652`; commas may group digits.
    Point,
    /// `0,652`; points may group digits.
    Comma,
}

impl DecimalMark {
    fn sign(self) -> char {
        match self {
            Self::Point => '.',
            Self::Comma => ',',
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Point => Self::Comma,
            Self::Comma => Self::Point,
        }
    }

    /// The mark that the digits of a number show by themselves.
    pub(super) fn shown_by(digits: &str) -> Option<Self> {
        let digits = digits.trim_start_matches(['-', '+', '−']);
        let (mantissa, exponent) = split_exponent(digits);
        let signs: Vec<char> = mantissa.chars().filter(|c| matches!(c, '.' | ',')).collect();
        let numeric = mantissa.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ','));
        let (first, last) = (*signs.first()?, *signs.last()?);
        if !numeric || !mantissa.contains(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let mark = |sign: char| if sign == ',' { Self::Comma } else { Self::Point };
        if first != last {
            // Both: the last one marks the decimals, if the first groups.
            let (whole, _) = mantissa.rsplit_once(last)?;
            return is_grouped(whole, first).then(|| mark(last));
        }
        match signs.len() {
            1 => {
                let (whole, decimals) = mantissa.split_once(first)?;
                let may_group = decimals.len() == 3 && (1..=3).contains(&whole.len()) && !whole.starts_with('0');
                (!may_group || exponent.is_some()).then(|| mark(first))
            }
            _ => is_grouped(mantissa, first).then(|| mark(first).other()),
        }
    }
}

/// Digits and the exponent after them.
fn split_exponent(digits: &str) -> (&str, Option<&str>) {
    match digits.split_once(['e', 'E', '×', '·', 'x', '*', '⋅']) {
        Some((mantissa, exponent)) => (mantissa.trim_end(), Some(exponent)),
        None => (digits, None),
    }
}

/// Whether `sign` groups these digits by three.
fn is_grouped(digits: &str, sign: char) -> bool {
    let mut parts = digits.trim_start_matches(['-', '+', '−']).split(sign);
    let first = parts.next().unwrap_or_default();
    let digits_only = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let mut rest = parts.peekable();
    rest.peek().is_some()
        && (1..=3).contains(&first.len())
        && !first.starts_with('0')
        && digits_only(first)
        && rest.all(|part| part.len() == 3 && digits_only(part))
}

impl fmt::Display for DecimalMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Point => "point",
            Self::Comma => "comma",
        })
    }
}

impl FromStr for DecimalMark {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "point" | "." => Ok(Self::Point),
            "comma" | "," => Ok(Self::Comma),
            other => Err(Error::Argument(format!("unknown decimal mark `{other}`: point and comma are known"))),
        }
    }
}

serde_as_text!(DecimalMark);

/// What is known about the marks in one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks {
    /// `None` when no cell of the file shows it.
    mark: Option<DecimalMark>,
    /// Whether a person said so; nothing is asked then.
    given: bool,
    /// Whether cells of the column itself show it, not only others of the file.
    own: bool,
    /// Whether the numbers are whole.
    whole: bool,
}

impl Marks {
    /// A person said so.
    pub(super) fn given(mark: DecimalMark) -> Self {
        Self { mark: Some(mark), given: true, own: true, whole: false }
    }

    /// The column's own cells show this mark.
    pub(super) fn of(mark: DecimalMark) -> Self {
        Self { mark: Some(mark), given: false, own: true, whole: false }
    }

    /// The column's own cells show none, those of the rest of the file this.
    pub(super) fn of_file(mark: Option<DecimalMark>) -> Self {
        Self { mark, given: false, own: false, whole: false }
    }

    pub(super) fn of_whole_numbers(self) -> Self {
        Self { whole: true, ..self }
    }

    /// The digits of a number as Rust reads them.
    ///
    /// # Errors
    /// A question, when the digits can be understood in two ways.
    pub(super) fn plain(self, digits: &str) -> Result<String, String> {
        let digits = ungrouped_by_spaces(digits);
        let is_open = || DecimalMark::shown_by(&digits).is_none() && is_grouped(&digits, ',');
        let mark = match self.mark {
            Some(mark) => mark,
            None if !self.whole && is_open() => return Err(question(&digits)),
            None => DecimalMark::Point,
        };
        let groups = mark.other().sign();
        let mantissa = split_exponent(&digits).0;
        let rest = &digits[mantissa.len()..];
        if !mantissa.contains(groups) {
            return Ok(digits.replace(',', "."));
        }
        let whole = mantissa.split(mark.sign()).next().unwrap_or_default();
        if !is_grouped(whole, groups) || mantissa[whole.len()..].contains(groups) {
            return Err(format!("`{digits}` is not a number"));
        }
        let alone = mantissa == whole && mantissa.matches(groups).count() == 1;
        if mark == DecimalMark::Comma && alone && !self.own && !self.whole {
            return Err(question(&digits));
        }
        Ok(mantissa.replace(groups, "").replace(',', ".") + rest)
    }

    /// The question about digits beside a unit, `8,030` beside billions, where nobody said what the sign in them is.
    pub(super) fn is_asked_about(self, digits: &str) -> Option<String> {
        let digits = ungrouped_by_spaces(digits);
        let open = |sign: char| digits.matches(sign).count() == 1 && is_grouped(&digits, sign);
        let grouping = self.mark.map_or(',', |mark| mark.other().sign());
        (!self.given && open(grouping)).then(|| question(&digits))
    }
}

fn question(digits: &str) -> String {
    let joined = digits.replace([',', '.'], "");
    let decimals = digits.replace(',', ".");
    format!(
        "`{digits}` may be {joined} or {decimals}: say which by `--decimal point` or `--decimal comma`, or write it without \
         the sign"
    )
}

/// Digits without the spaces, apostrophes or underscores that group them by three.
fn ungrouped_by_spaces(digits: &str) -> String {
    for sign in [' ', '\u{a0}', '\u{202f}', '\u{2009}', '\'', '’', '_'] {
        let whole = digits.split(['.', ',']).next().unwrap_or_default();
        if whole.contains(sign) && is_grouped(whole, sign) {
            return digits.replace(sign, "");
        }
    }
    digits.to_owned()
}

#[cfg(test)]
mod tests {
    use super::{DecimalMark, Marks};

    #[test]
    fn cells_show_their_decimal_mark_or_do_not() {
        let (point, comma) = (Some(DecimalMark::Point), Some(DecimalMark::Comma));
        for (text, wanted) in [
            ("0.652", point),
            ("8.5", point),
            ("1,300,000", point),
            ("1,300.5", point),
            ("12.3456", point),
            ("1.2e21", point),
            ("0,652", comma),
            ("70,6", comma),
            ("1.300.000", comma),
            ("1.300,5", comma),
            ("-0,25", comma),
            ("1,2e21", comma),
            ("8,030", None),
            ("8.030", None),
            ("7", None),
            ("2024-04", None),
            ("v1.5", None),
            ("1.2.3", None),
        ] {
            assert_eq!(DecimalMark::shown_by(text), wanted, "{text}");
        }
    }

    #[test]
    fn numbers_are_read_by_the_mark_of_their_column() {
        let comma = Marks::of(DecimalMark::Comma);
        let read = |marks: Marks, text: &str| marks.plain(text).ok().and_then(|text| text.parse::<f64>().ok());
        assert_eq!(read(comma, "0,652"), Some(0.652));
        assert_eq!(read(comma, "8,030"), Some(8.03));
        assert_eq!(read(comma, "1.300,5"), Some(1300.5));
        assert_eq!(read(comma, "1,2e21"), Some(1.2e21));
        assert_eq!(read(comma, "1.5"), None, "a point where points group digits");
        let open = Marks::of_file(None);
        assert_eq!((read(open, "8,030"), read(open, "8.030")), (None, Some(8.03)));
        assert_eq!(read(open.of_whole_numbers(), "8,030"), Some(8030.0));
        assert_eq!(read(Marks::of_file(Some(DecimalMark::Point)), "8,030"), Some(8030.0));
        assert_eq!(read(Marks::of_file(Some(DecimalMark::Comma)), "8.030"), None);
        assert_eq!(read(Marks::given(DecimalMark::Comma), "8.030"), Some(8030.0));
    }
}
