//! Words and numbers in the names of checkpoints.

/// A word, and the number behind it; either may be missing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'a> {
    pub word: &'a str,
    pub number: Option<Number>,
    /// What follows the number.
    pub behind: &'a str,
}

impl<'a> Piece<'a> {
    /// Reads a piece; `is_word` says what may follow a number without a sign between.
    pub(super) fn of(text: &'a str, is_word: fn(&str) -> bool) -> Self {
        let (word, rest) = text.split_at(text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len()));
        match Number::read(rest, is_word) {
            // `12345e2` alone may be a commit.
            Some(_) if word.is_empty() && rest.contains('e') && !rest.ends_with(char::is_alphabetic) => {
                Self { word, number: None, behind: rest }
            }
            Some((number, behind)) => Self { word, number: Some(number), behind },
            None => Self { word, number: None, behind: rest },
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    None,
    Thousand,
    Million,
    Billion,
    Trillion,
}

/// A number as a name writes it: `1000`, `10.5k`, `1e3`, `4B`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number {
    digits: f64,
    pub unit: Unit,
}

impl Number {
    /// The number at the beginning of a text, and what follows.
    pub(super) fn read(text: &str, is_word: fn(&str) -> bool) -> Option<(Self, &str)> {
        let digit = |c: char| c.is_ascii_digit();
        let mut end = text.find(|c: char| !digit(c)).unwrap_or(text.len());
        if end == 0 {
            return None;
        }
        let follows = |at: usize, sign: &str| {
            let rest = text[at..].strip_prefix(sign)?;
            let digits = rest.find(|c: char| !digit(c)).unwrap_or(rest.len());
            (digits > 0).then_some(at + sign.len() + digits)
        };
        end = follows(end, ".").unwrap_or(end);
        // `1e3` is a thousand; `6fdf2e60` has other letters before.
        end = follows(end, "e").unwrap_or(end);
        let digits = text[..end].parse().ok()?;
        let rest = &text[end..];
        let unit = match rest.as_bytes().first() {
            Some(b'k') => Unit::Thousand,
            Some(b'm') => Unit::Million,
            Some(b'b') => Unit::Billion,
            Some(b't') => Unit::Trillion,
            _ => Unit::None,
        };
        // `4btokens` and `1000steps` have a word behind; `1000tokens` begins with no unit.
        let behind = if unit == Unit::None { rest } else { &rest[1..] };
        let word = |text: &str| text.is_empty() || is_word(text);
        match (word(behind), is_word(rest)) {
            (_, true) => Some((Self { digits, unit: Unit::None }, rest)),
            (true, false) => Some((Self { digits, unit }, behind)),
            (false, false) => None,
        }
    }

    /// As a whole number; `None` where it is none.
    pub(super) fn value(self) -> Option<u64> {
        let unit = match self.unit {
            Unit::None => 1.0,
            Unit::Thousand => 1e3,
            Unit::Million => 1e6,
            Unit::Billion => 1e9,
            Unit::Trillion => 1e12,
        };
        let value = self.digits * unit;
        ((value - value.round()).abs() < 1e-6 && value < 1e16).then_some(value.round() as u64)
    }
}
