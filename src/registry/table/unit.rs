//! What one in a column stands for: `B` is 10⁹, `PF-days` are 8.64·10¹⁹ FLOPs, `log10` means that the column holds
//! logarithms.

use std::fmt;
use std::str::FromStr;

use super::number::scientific;
use crate::serial::serde_as_text;
use crate::{Error, Result};

/// The unit of a column of sizes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    factor: f64,
    /// The base of the logarithm that the column holds; `None` when it holds the sizes themselves.
    base: Option<f64>,
}

/// Seconds of a day.
const DAY: f64 = 86_400.0;

impl Unit {
    /// The numbers are the sizes.
    pub(crate) const ONE: Self = Self { factor: 1.0, base: None };

    /// One in the column stands for this much.
    pub(crate) const fn times(factor: f64) -> Self {
        Self { factor, base: None }
    }

    /// The column holds logarithms to this base.
    pub(crate) const fn logarithm(base: f64) -> Self {
        Self { factor: 1.0, base: Some(base) }
    }

    /// Whether the column holds logarithms, which may be zero or below.
    pub(crate) fn is_logarithm(self) -> bool {
        self.base.is_some()
    }

    /// The size that a number of the column stands for.
    pub(crate) fn apply(self, number: f64) -> f64 {
        self.factor * self.base.map_or(number, |base| base.powf(number))
    }

    /// Both, one after the other.
    pub(super) fn and(self, other: Self) -> Self {
        Self { factor: self.factor * other.factor, base: self.base.or(other.base) }
    }
}

impl fmt::Display for Unit {
    /// As `--compute-unit` takes it: `1`, `1e21`, `log10`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.base {
            Some(base) if base == std::f64::consts::E => f.write_str("ln"),
            Some(base) => write!(f, "log{base}"),
            None if self.factor >= 1e4 => write!(f, "{:e}", self.factor),
            None => write!(f, "{}", self.factor),
        }
    }
}

impl FromStr for Unit {
    type Err = Error;

    /// Reads `B`, `millions`, `1e21`, `10^21 FLOPs`, `ZFLOPs`, `PF-days`, `log10`.
    fn from_str(text: &str) -> Result<Self> {
        parse(text).ok_or_else(|| {
            Error::Argument(format!(
                "unknown unit `{text}`; write what one stands for, such as 1e21, B, T, PF-days or log10"
            ))
        })
    }
}

serde_as_text!(Unit);

/// Words that say what is counted, not in which unit.
const NEUTRAL: [&str; 17] = [
    "flop",
    "flops",
    "fp",
    "total",
    "datapoints",
    "gradients",
    "tokens",
    "token",
    "parameters",
    "parameter",
    "params",
    "count",
    "n",
    "of",
    "in",
    "#",
    "raw",
];

/// Prefixes of FLOPs.
const PREFIXES: [(&str, &str, f64); 8] = [
    ("k", "kilo", 1e3),
    ("m", "mega", 1e6),
    ("g", "giga", 1e9),
    ("t", "tera", 1e12),
    ("p", "peta", 1e15),
    ("e", "exa", 1e18),
    ("z", "zetta", 1e21),
    ("y", "yotta", 1e24),
];

/// The unit that all words of a text make; `None` when one of them is not known.
pub(super) fn parse(text: &str) -> Option<Unit> {
    let text = text.trim().to_lowercase();
    if let Some(number) = scientific(&text).filter(|number| *number > 0.0) {
        return Some(Unit::times(number));
    }
    if let Some(days) = flop_days(&text) {
        return Some(days);
    }
    let mut words = text.split([' ', ',', '_']).filter(|word| !word.is_empty()).peekable();
    words.peek()?;
    words.try_fold(Unit::ONE, |unit, word| Some(unit.and(one_word(word)?)))
}

/// The unit of one word in lower case.
pub(super) fn one_word(word: &str) -> Option<Unit> {
    if NEUTRAL.contains(&word) {
        return Some(Unit::ONE);
    }
    let thousands = match word {
        "k" | "thousand" | "thousands" => Some(1e3),
        "m" | "mn" | "mio" | "million" | "millions" => Some(1e6),
        "b" | "bn" | "billion" | "billions" => Some(1e9),
        "t" | "tn" | "trillion" | "trillions" => Some(1e12),
        _ => None,
    };
    let power = || word.trim_start_matches(['×', 'x', '*', '·']);
    let exponent =
        || power().strip_prefix('e').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?.parse().ok();
    thousands
        .or_else(|| flops(word))
        .or_else(|| scientific(power()).filter(|number| *number > 0.0))
        .or_else(|| exponent().map(|exponent: i32| 10f64.powi(exponent)).filter(|power| power.is_finite()))
        .map(Unit::times)
        .or_else(|| logarithm(word))
        .or_else(|| flop_days(word))
}

/// The logarithm of this name.
pub(super) fn logarithm(word: &str) -> Option<Unit> {
    match word {
        "log10" | "log" | "lg" => Some(Unit::logarithm(10.0)),
        "ln" => Some(Unit::logarithm(std::f64::consts::E)),
        "log2" => Some(Unit::logarithm(2.0)),
        _ => None,
    }
}

/// FLOPs with a prefix: `zflops`, `exaflop`.
pub(super) fn flops(word: &str) -> Option<f64> {
    let prefix = word.strip_suffix("flops").or_else(|| word.strip_suffix("flop"))?.trim_end_matches('-');
    PREFIXES.iter().find(|(short, long, _)| prefix == *short || prefix == *long).map(|(.., factor)| *factor)
}

/// Days at so many FLOPs a second: `pf-days`, `petaflop/s-days`.
pub(super) fn flop_days(text: &str) -> Option<Unit> {
    let letters: String = text.chars().filter(|c| !matches!(c, '-' | '/' | ' ' | '_' | '·')).collect();
    let rate = letters.strip_suffix("days").or_else(|| letters.strip_suffix("day"))?;
    let rate = ["flopss", "flops", "flop", "fs", "f"].iter().find_map(|unit| rate.strip_suffix(unit))?;
    let (.., factor) = PREFIXES.iter().find(|(short, long, _)| rate == *short || rate == *long)?;
    Some(Unit::times(factor * DAY))
}

#[cfg(test)]
mod tests {
    use super::{Unit, parse};

    #[test]
    fn units_are_numbers_powers_of_a_thousand_flops_days_and_logarithms() {
        let factor = |text: &str| parse(text).map(|unit| unit.apply(1.0));
        for (text, wanted) in [
            ("B", 1e9),
            ("Trillions", 1e12),
            ("in millions", 1e6),
            ("billion parameters", 1e9),
            ("1E21", 1e21),
            ("10^21 FLOPs", 1e21),
            ("10²¹ FLOP", 1e21),
            ("×10^21", 1e21),
            ("x1e21", 1e21),
            ("e21", 1e21),
            ("FLOP", 1.0),
            ("tokens", 1.0),
            ("ZFLOPs", 1e21),
            ("exaFLOP", 1e18),
            ("PF-days", 8.64e19),
            ("petaFLOP/s-days", 8.64e19),
            ("TFLOP/s-day", 8.64e16),
        ] {
            let found = factor(text);
            assert!(found.is_some_and(|found| (found / wanted - 1.0).abs() < 1e-12), "{text}: {found:?}");
        }
        for text in ["GPU-hours", "GB", "", "active", "PFLOP/s", "USD", "-1", "2 GPU-hours"] {
            assert_eq!(factor(text), None, "{text}");
        }
        assert_eq!(parse("log10 FLOPs"), Some(Unit::logarithm(10.0)));
        assert_eq!(Unit::logarithm(10.0).apply(22.0), 1e22);
    }

    #[test]
    fn a_unit_is_displayed_as_it_is_read() {
        for text in ["1", "1e21", "8.64e19", "log10", "log2", "ln", "1000"] {
            assert_eq!(text.parse::<Unit>().map(|unit| unit.to_string()).expect("a unit"), text);
        }
    }
}
