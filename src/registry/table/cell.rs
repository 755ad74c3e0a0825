//! How the text of a cell is understood, in tables that were made for onset and in others.

use super::decimal::{DecimalMark, Marks};
use super::number::scientific;
use super::unit::{self, Unit};

/// What a cell without a value may hold, case aside.
const MISSING: [&str; 14] =
    ["", "na", "n/a", "#n/a", "#na", "null", "none", "-", "–", "—", "--", "?", "unknown", "<na>"];

/// Whether a cell says that there is no value. `NaN` is not among them: it is the result of a failed computation, and
/// leaving such a model out in silence would hide that.
pub(crate) fn is_missing(text: &str) -> bool {
    MISSING.iter().any(|word| word.eq_ignore_ascii_case(text.trim()))
}

/// A finite number that may end in `%`, with the marks of its column.
///
/// # Errors
/// What is wrong with it.
pub(super) fn number(text: &str, marks: Marks) -> Result<f64, String> {
    let trimmed = text.trim();
    let (digits, percent) = match trimmed.strip_suffix('%') {
        Some(digits) => (digits.trim_end(), true),
        None => (trimmed, false),
    };
    let value = signed(digits, marks)?.ok_or_else(|| no_number(trimmed))?;
    if !value.is_finite() {
        return Err(format!("{trimmed} is not a finite number; leave the cell empty where there is no value"));
    }
    Ok(if percent { value / 100.0 } else { value })
}

fn no_number(text: &str) -> String {
    format!("`{text}` is not a number; write the number alone, and leave the cell empty where there is none")
}

/// The number of these digits, infinite ones included; `None` when it is none.
fn signed(digits: &str, marks: Marks) -> Result<Option<f64>, String> {
    let plain = marks.plain(digits)?;
    Ok(plain.parse().ok().or_else(|| scientific(&plain)))
}

/// A size above zero: a number in the column's unit, or one that ends in its own (`7B`, `1.4 trillion`, `3.8e25 FLOP`).
///
/// # Errors
/// What is wrong with it.
pub(super) fn size(text: &str, marks: Marks, unit: Unit) -> Result<f64, String> {
    let trimmed = text.trim();
    let (digits, own) = split_unit(trimmed);
    let unit = match own {
        "" => unit,
        own => match unit::parse(own) {
            // `3 tokens` in a column of billions says nothing about the unit.
            Some(Unit::ONE) => unit,
            Some(own) => own,
            None => return Err(no_number(trimmed)),
        },
    };
    // Of single things there is a whole number: what a comma stands in before three digits groups them.
    let marks = if unit == Unit::ONE { marks.of_whole_numbers() } else { marks };
    if let Some(grouped) = marks.is_asked_about(digits).filter(|_| unit != Unit::ONE) {
        return Err(grouped);
    }
    let value = signed(digits, marks)?.ok_or_else(|| no_number(trimmed))?;
    if !value.is_finite() {
        return Err(format!("{trimmed} is not a finite number; leave the cell empty where there is no value"));
    }
    in_unit(value, unit, trimmed)
}

/// The size that `value` stands for in `unit`.
///
/// # Errors
/// Unless it is above zero and finite.
pub(super) fn in_unit(value: f64, unit: Unit, text: &str) -> Result<f64, String> {
    if !unit.is_logarithm() {
        positive(value, text)?;
    }
    positive(unit.apply(value), text)
}

/// A number and the unit that is written after it.
fn split_unit(text: &str) -> (&str, &str) {
    let is_exponent = |at: usize| {
        let rest = text[at + 1..].trim_start_matches(['-', '+']);
        at > 0 && rest.starts_with(|c: char| c.is_ascii_digit())
    };
    // `1.2 x 10^24` has no unit, `7 x` would have none that is known.
    let begins = text.char_indices().find(|(at, c)| {
        let multiplies = *c == 'x' && text[at + 1..].trim_start().starts_with("10");
        c.is_alphabetic() && !(matches!(c, 'e' | 'E') && is_exponent(*at)) && !multiplies
    });
    match begins {
        Some((at, _)) if at > 0 => (text[..at].trim_end(), &text[at..]),
        _ => (text, ""),
    }
}

/// `value` when it is above zero and finite.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn positive(value: f64, text: &str) -> Result<f64, String> {
    if !value.is_finite() {
        Err(format!("{text} is too large a number"))
    } else if value > 0.0 {
        Ok(value)
    } else {
        Err(format!("{text} is not above 0; leave the cell empty where the number is not known"))
    }
}

/// What the decimal mark of a cell is, if the cell shows it by itself: `1.5`, `0,652`, `1.300,5`.
pub(super) fn shown_mark(text: &str) -> Option<DecimalMark> {
    let digits = split_unit(text.trim().trim_end_matches('%').trim_end()).0;
    DecimalMark::shown_by(digits)
}

#[cfg(test)]
mod tests {
    use super::{DecimalMark, Marks, Unit, is_missing, scientific};

    fn number(text: &str) -> Result<f64, String> {
        super::number(text, Marks::of(DecimalMark::Point))
    }

    fn count(text: &str) -> Result<f64, String> {
        super::size(text, Marks::of(DecimalMark::Point), Unit::ONE)
    }

    #[test]
    fn numbers_may_be_grouped_or_end_in_a_percent_sign() {
        for text in ["1,300,000", "1 300 000", "1\u{202f}300\u{202f}000", "1'300'000", "1_300_000", "+1300000", "1.3e6"]
        {
            assert_eq!(number(text), Ok(1.3e6), "{text}");
        }
        assert_eq!(number(" 45.5 % "), Ok(0.455));
        assert_eq!((number("-2,000.5"), number("−2.5")), (Ok(-2000.5), Ok(-2.5)));
        for text in ["1,30", "seven", "1e999", "0,652", "1,2,3", "1 30", "", "%"] {
            assert!(number(text).is_err(), "{text}");
        }
    }

    #[test]
    fn powers_of_ten_may_be_written_as_in_papers() {
        for text in ["1.2e24", "1.2E+24", "1.2×10^24", "1.2 x 10^24", "1.2·10²⁴", "1.2*10^{24}"] {
            let found = scientific(text);
            assert!(found.is_some_and(|found| (found / 1.2e24 - 1.0).abs() < 1e-12), "{text}: {found:?}");
            assert!(count(text).is_ok_and(|found| (found / 1.2e24 - 1.0).abs() < 1e-12), "{text}");
        }
        assert_eq!((scientific("10^21"), scientific("10²¹"), scientific("10")), (Some(1e21), Some(1e21), Some(10.0)));
    }

    #[test]
    fn sizes_may_end_in_their_own_unit_and_are_above_zero() {
        assert_eq!((count("7B"), count("1.4t"), count("6.9e9")), (Ok(7e9), Ok(1.4e12), Ok(6.9e9)));
        assert_eq!((count("7 billion"), count("15T tokens"), count("3e21 FLOP")), (Ok(7e9), Ok(1.5e13), Ok(3e21)));
        assert!(["0", "B", "1e300T", "8 GB", "seven"].iter().all(|text| count(text).is_err()));
        let billions = |text: &str| super::size(text, Marks::of(DecimalMark::Point), Unit::times(1e9));
        assert_eq!((billions("7"), billions("7B"), billions("350M")), (Ok(7e9), Ok(7e9), Ok(3.5e8)));
        let logarithm = |text: &str| super::size(text, Marks::of(DecimalMark::Point), Unit::logarithm(10.0));
        assert_eq!((logarithm("22"), logarithm("0")), (Ok(1e22), Ok(1.0)));
    }

    #[test]
    fn nan_is_no_missing_value() {
        assert!(is_missing(" N/A ") && is_missing("") && !is_missing("NaN") && !is_missing("0"));
    }
}
