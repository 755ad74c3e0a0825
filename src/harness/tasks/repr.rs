//! Python's `repr()`: how it prints texts, floats and what holds others. Documents, templates and the scripts of tasks print
//! their values by it.

use std::sync::LazyLock;

use fancy_regex::Regex;

/// What stands around items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Brackets {
    List,
    Tuple,
    Set,
}

/// What is printed of an entry of a dict.
pub(super) enum Part<K, V> {
    Key(K),
    Value(V),
}

/// `True` or `False`.
pub(super) fn flag(flag: bool) -> &'static str {
    if flag { "True" } else { "False" }
}

/// The items of a list, a tuple or a set, each by `write`; a tuple of one ends in a comma.
pub(super) fn items<T, E>(
    out: &mut String,
    brackets: Brackets,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut String, T) -> Result<(), E>,
) -> Result<(), E> {
    let (open, close) = match brackets {
        Brackets::List => ('[', ']'),
        Brackets::Tuple => ('(', ')'),
        Brackets::Set => ('{', '}'),
    };
    out.push(open);
    let mut count = 0_usize;
    for item in items {
        out.push_str(if count == 0 { "" } else { ", " });
        write(out, item)?;
        count += 1;
    }
    out.push_str(if brackets == Brackets::Tuple && count == 1 { "," } else { "" });
    out.push(close);
    Ok(())
}

/// The entries of a dict, key and value each by `write`.
pub(super) fn dict<K, V, E>(
    out: &mut String,
    entries: impl IntoIterator<Item = (K, V)>,
    mut write: impl FnMut(&mut String, Part<K, V>) -> Result<(), E>,
) -> Result<(), E> {
    items(out, Brackets::Set, entries, |out, (key, value)| {
        write(out, Part::Key(key))?;
        out.push_str(": ");
        write(out, Part::Value(value))
    })
}

/// `repr()` of text: single quotes unless only those occur inside, and escapes for what cannot be seen.
pub(super) fn write_text_repr(out: &mut String, text: &str) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_ascii_graphic() || c == ' ' => out.push(c),
            c if c.is_ascii() || !printable(c) => out.push_str(&match u32::from(c) {
                code @ 0..=0xff => format!("\\x{code:02x}"),
                code @ 0x100..=0xffff => format!("\\u{code:04x}"),
                code => format!("\\U{code:08x}"),
            }),
            c => out.push(c),
        }
    }
    out.push(quote);
}

/// Python's `str.isprintable` for one character beyond ASCII: neither a separator nor one of the "other" categories.
fn printable(c: char) -> bool {
    static HIDDEN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[\p{C}\p{Z}]").ok());
    let mut buffer = [0; 4];
    HIDDEN.as_ref().is_none_or(|hidden| !hidden.is_match(c.encode_utf8(&mut buffer)).unwrap_or(false))
}

/// `repr()` of a Python float: the fewest digits that read back as the same number, with an exponent from 1e16 up and
/// below 1e-4.
pub(super) fn python_float(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let shortest = format!("{number:e}");
    let digits = shortest.bytes().take_while(|b| *b != b'e').filter(u8::is_ascii_digit).count();
    // Where the number lies half-way between two shortest texts Python takes the even one.
    let even = format!("{number:.*e}", digits.saturating_sub(1));
    let scientific = if even.parse() == Ok(number) { even } else { shortest };
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let power: i32 = exponent.parse().unwrap_or(0);
    if number == 0.0 || (-4..16).contains(&power) {
        let decimals = (digits as i32 - 1 - power).max(1);
        format!("{number:.*}", decimals as usize)
    } else {
        format!("{mantissa}e{}{:02}", if power < 0 { '-' } else { '+' }, power.abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Each is `repr()` of CPython 3.11.
    #[test]
    fn floats_print_as_in_python() {
        for (number, expected) in [
            (-12.155_410_766_601_562_5, "-12.155410766601562"),
            (1e16, "1e+16"),
            (123_456_789_012_345_680.0, "1.2345678901234568e+17"),
            (0.0001, "0.0001"),
            (0.000_012_5, "1.25e-05"),
            (100.0, "100.0"),
            (-0.0, "-0.0"),
            (5e-324, "5e-324"),
            (0.1 + 0.2, "0.30000000000000004"),
            (9_007_199_254_740_993.0, "9007199254740992.0"),
        ] {
            assert_eq!(python_float(number), expected);
        }
    }
}
