//! How the text of a cell is understood, in tables that were made for onset and in others.

/// What a cell without a value may hold, case aside.
const MISSING: [&str; 10] = ["", "na", "n/a", "null", "none", "-", "–", "—", "?", "unknown"];

/// Whether a cell says that there is no value. `NaN` is not among them: it is the result of a failed computation, and
/// leaving such a model out in silence would hide that.
pub(crate) fn is_missing(text: &str) -> bool {
    MISSING.iter().any(|word| word.eq_ignore_ascii_case(text.trim()))
}

/// A finite number.
pub(crate) fn plain_number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|value: &f64| value.is_finite())
}

/// A finite number that may end in `%` or be grouped by commas (`1,300,000,000`).
///
/// # Errors
/// What is wrong with it.
pub(super) fn number(text: &str) -> Result<f64, String> {
    let trimmed = text.trim();
    let (digits, percent) = match trimmed.strip_suffix('%') {
        Some(digits) => (digits.trim_end(), true),
        None => (trimmed, false),
    };
    let ungrouped;
    let digits = if is_grouped(digits) {
        ungrouped = digits.replace(',', "");
        &ungrouped
    } else {
        digits
    };
    let value: f64 = digits.parse().map_err(|_| format!("`{trimmed}` is not a number"))?;
    if !value.is_finite() {
        return Err(format!("{trimmed} is not a finite number; leave the cell empty where there is no value"));
    }
    Ok(if percent { value / 100.0 } else { value })
}

/// A finite number above zero, which for counts of parameters and tokens may end in K, M, B or T.
///
/// # Errors
/// What is wrong with it.
pub(super) fn count(text: &str) -> Result<f64, String> {
    let trimmed = text.trim();
    let suffix = trimmed.chars().last().and_then(|last| {
        let factor = match last.to_ascii_uppercase() {
            'K' => 1e3,
            'M' => 1e6,
            'B' => 1e9,
            'T' => 1e12,
            _ => return None,
        };
        // The suffix is one ASCII character.
        Some((&trimmed[..trimmed.len() - 1], factor))
    });
    let value = match suffix {
        Some((digits, factor)) => number(digits).map_err(|_| format!("`{trimmed}` is not a number"))? * factor,
        None => number(trimmed)?,
    };
    positive(value, trimmed)
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
        Err(format!("{text} is not above 0"))
    }
}

fn is_grouped(digits: &str) -> bool {
    let whole = digits.split('.').next().unwrap_or_default().trim_start_matches(['-', '+']);
    let mut parts = whole.split(',');
    let first = parts.next().unwrap_or_default();
    let digits_only = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let mut rest = parts.peekable();
    rest.peek().is_some()
        && (1..=3).contains(&first.len())
        && digits_only(first)
        && rest.all(|part| part.len() == 3 && digits_only(part))
}

#[cfg(test)]
mod tests {
    use super::{count, is_missing, number};

    #[test]
    fn numbers_may_be_grouped_by_commas_or_end_in_a_percent_sign() {
        assert_eq!(number("1,300,000"), Ok(1.3e6));
        assert_eq!(number(" 45.5 % "), Ok(0.455));
        assert_eq!(number("-2,000.5"), Ok(-2000.5));
        assert!(number("1,30").is_err() && number("seven").is_err() && number("1e999").is_err());
    }

    #[test]
    fn counts_may_end_in_a_letter_and_are_above_zero() {
        assert_eq!((count("7B"), count("1.4t"), count("6.9e9")), (Ok(7e9), Ok(1.4e12), Ok(6.9e9)));
        assert!(count("0").is_err() && count("B").is_err() && count("1e300T").is_err());
    }

    #[test]
    fn nan_is_no_missing_value() {
        assert!(is_missing(" N/A ") && is_missing("") && !is_missing("NaN") && !is_missing("0"));
    }
}
