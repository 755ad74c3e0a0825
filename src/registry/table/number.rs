//! Finite numbers, in plain and in scientific notation.

/// A finite number.
pub(crate) fn plain_number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|value: &f64| value.is_finite())
}

/// A finite number, also as a power of ten: `1.2e21`, `1.2×10^21`, `10²¹`.
pub(super) fn scientific(text: &str) -> Option<f64> {
    let raised = |c: char| c == '^' || (plain_sign(c).is_ascii_digit() && !c.is_ascii_digit());
    let is_power = text.contains(raised);
    let text: String = text.chars().filter(|c| !matches!(c, '{' | '}' | '^')).map(plain_sign).collect();
    let multiplied = text.split_once(['x', '*']);
    let (mantissa, power) = match (multiplied, is_power) {
        (Some((mantissa, power)), _) => (plain_number(mantissa)?, power.trim()),
        (None, true) => (1.0, text.trim()),
        (None, false) => return plain_number(&text),
    };
    let exponent: i32 = power.strip_prefix("10")?.parse().ok()?;
    Some(mantissa * 10f64.powi(exponent)).filter(|number| number.is_finite())
}

/// Signs of typesetting as those of a keyboard.
fn plain_sign(c: char) -> char {
    match c {
        '−' | '⁻' => '-',
        '×' | '·' | '⋅' => 'x',
        'E' => 'e',
        '⁰' => '0',
        '¹' => '1',
        '²' => '2',
        '³' => '3',
        '⁴' => '4',
        '⁵' => '5',
        '⁶' => '6',
        '⁷' => '7',
        '⁸' => '8',
        '⁹' => '9',
        other => other,
    }
}
