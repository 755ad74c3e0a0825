//! Numbers as figures and pages print them.

/// A number with `decimals` decimals and a true minus sign; what rounds to zero has no sign.
#[must_use]
pub(crate) fn signed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(zero) if zero.bytes().all(|b| matches!(b, b'0' | b'.')) => zero.to_owned(),
        Some(size) => format!("−{size}"),
        None => text,
    }
}

/// Scientific notation with `decimals` decimals, e.g. `1.3 × 10²²`; below 10 without the power.
#[must_use]
pub(crate) fn scientific(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    if exponent == "0" {
        return mantissa.replace('-', "−");
    }
    let raised: String = exponent.chars().map(superscript).collect();
    format!("{} × 10{raised}", mantissa.replace('-', "−"))
}

fn superscript(digit: char) -> char {
    match digit {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '0' | '4'..='9' => char::from_u32(0x2070 + (digit as u32 - '0' as u32)).unwrap_or(digit),
        other => other,
    }
}

/// `16000` as `16 k`, `1600000` as `1.6 M`.
pub(crate) fn thousands(n: u64) -> String {
    match n {
        0 => "0".into(),
        n if n < 1_000_000 => format!("{} k", n as f64 / 1e3),
        n => format!("{} M", n as f64 / 1e6),
    }
}

/// A share as a percentage: `95 %`, `99.9 %`.
pub(crate) fn percent(share: f64) -> String {
    format!("{} %", (1e4 * share).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_and_powers_are_typeset() {
        assert_eq!((signed(-0.0004, 3).as_str(), signed(-0.5, 1).as_str()), ("0.000", "−0.5"));
        assert_eq!((scientific(1.3e22, 1).as_str(), scientific(-3.4e-5, 2).as_str()), ("1.3 × 10²²", "−3.40 × 10⁻⁵"));
    }
}
