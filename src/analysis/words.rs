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

/// An estimate with its interval, with the digits that tell them apart: `0.068 [0.011, 0.125]`,
/// `2.72 [2.15, 3.28] × 10⁻⁶`. An end that the data do not bound is `…`.
pub(crate) fn with_interval(value: f64, low: Option<f64>, high: Option<f64>) -> String {
    let known = [Some(value), low, high].into_iter().flatten().filter(|v| v.is_finite());
    let scale = known.fold(0.0_f64, |most, v| most.max(v.abs()));
    let width = low.zip(high).map(|(low, high)| (high - low).abs()).filter(|width| *width > 0.0);
    // Places after the point at which a size has two digits.
    let places = |size: f64| (1.0 - size.log10().floor()).clamp(0.0, 12.0) as usize;
    let (shift, decimals) = match scale {
        0.0 => (0, 3),
        s if (1e-3..1e6).contains(&s) => {
            let usual = if s < 100.0 { 3 } else { 1 };
            (0, usual.max(places(s)).max(width.map_or(0, |width| places(width).min(6))))
        }
        s => {
            let shift = s.log10().floor();
            (shift as i32, width.map_or(2, |width| places(width / 10f64.powf(shift)).clamp(2, 6)))
        }
    };
    let text = |v: f64| signed(v / 10f64.powi(shift), decimals);
    let end = |end: Option<f64>| end.map_or_else(|| "…".to_owned(), text);
    let bracket = match (low, high) {
        (None, None) => String::new(),
        _ => format!(" [{}, {}]", end(low), end(high)),
    };
    let raised: String = shift.to_string().chars().map(superscript).collect();
    let power = if shift == 0 { String::new() } else { format!(" × 10{raised}") };
    format!("{}{bracket}{power}", text(value))
}

/// The same on a scale of powers of ten: `7.7 × 10²¹ [4.7 × 10²¹, 1.2 × 10²²]`.
pub(crate) fn scientific_with_interval(value: f64, low: Option<f64>, high: Option<f64>) -> String {
    let differ = |decimals: usize| {
        let own = scientific(value, decimals);
        [low, high].into_iter().flatten().all(|end| end == value || scientific(end, decimals) != own)
    };
    let decimals = (1..5).find(|decimals| differ(*decimals)).unwrap_or(5);
    let end = |end: Option<f64>| end.map_or_else(|| "…".to_owned(), |end| scientific(end, decimals));
    match (low, high) {
        (None, None) => scientific(value, decimals),
        _ => format!("{} [{}, {}]", scientific(value, decimals), end(low), end(high)),
    }
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
    fn no_estimate_is_written_as_nothing_but_zeros() {
        let text = |v: f64, low: f64, high: f64| with_interval(v, Some(low), Some(high));
        assert_eq!(text(0.0684, 0.0112, 0.1253), "0.068 [0.011, 0.125]");
        assert_eq!(text(2.72e-6, 2.15e-6, 3.28e-6), "2.72 [2.15, 3.28] × 10⁻⁶");
        assert_eq!(text(0.0034, -0.0011, 0.0057), "0.0034 [−0.0011, 0.0057]");
        assert_eq!(text(8.4, 6.93, 9.78), "8.400 [6.930, 9.780]");
        assert_eq!(text(3.25e8, 3.2e8, 3.3e8), "3.25 [3.20, 3.30] × 10⁸");
        assert_eq!(text(0.5, 0.49996, 0.50004), "0.500000 [0.499960, 0.500040]");
        assert_eq!(
            (text(0.0, 0.0, 0.0).as_str(), with_interval(0.1, None, Some(0.2)).as_str()),
            ("0.000 [0.000, 0.000]", "0.100 […, 0.200]")
        );
        assert_eq!(with_interval(-0.25, None, None), "−0.250");
    }

    #[test]
    fn signs_and_powers_are_typeset() {
        assert_eq!((signed(-0.0004, 3).as_str(), signed(-0.5, 1).as_str()), ("0.000", "−0.5"));
        assert_eq!((scientific_with_interval(7.71e21, Some(4.7e21), None)), "7.7 × 10²¹ [4.7 × 10²¹, …]");
        assert_eq!((scientific_with_interval(7.71e21, Some(7.68e21), None)), "7.71 × 10²¹ [7.68 × 10²¹, …]");
        assert_eq!((scientific(1.3e22, 1).as_str(), scientific(-3.4e-5, 2).as_str()), ("1.3 × 10²²", "−3.40 × 10⁻⁵"));
    }
}
