//! Sums, maxima and rows of numbers as numpy has them, to the last digit.

use super::repr::python_float;

/// Place of the first greatest number; of the first that is no number, where there is one (as numpy does).
pub(super) fn argmax(numbers: &[f64]) -> usize {
    if let Some(at) = numbers.iter().position(|number| number.is_nan()) {
        return at;
    }
    let mut best = 0;
    for (at, number) in numbers.iter().enumerate() {
        if *number > numbers[best] {
            best = at;
        }
    }
    best
}

/// Probabilities proportional to the exponentials, summed in numpy's order.
pub(super) fn softmax(logs: &[f64]) -> Vec<f64> {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = logs.iter().map(|log| (log - most).exp()).collect();
    let sum = pairwise_sum(&powers);
    powers.into_iter().map(|power| power / sum).collect()
}

/// The sum in the order in which numpy adds contiguous numbers: eight running sums in blocks of at most 128, blocks
/// halved. The same order gives the same last digit.
pub(super) fn pairwise_sum(numbers: &[f64]) -> f64 {
    if numbers.len() < 8 {
        return numbers.iter().fold(-0.0, |sum, number| sum + number);
    }
    if numbers.len() > 128 {
        let half = numbers.len() / 2;
        let (left, right) = numbers.split_at(half - half % 8);
        return pairwise_sum(left) + pairwise_sum(right);
    }
    let mut sums = [0.0; 8];
    sums.copy_from_slice(&numbers[..8]);
    let blocks = numbers[8..].chunks_exact(8);
    let rest = blocks.remainder();
    for block in blocks {
        for (sum, number) in sums.iter_mut().zip(block) {
            *sum += number;
        }
    }
    let [a, b, c, d, e, f, g, h] = sums;
    rest.iter().fold(((a + b) + (c + d)) + ((e + f) + (g + h)), |sum, number| sum + number)
}

/// How numpy prints a row of numbers: eight decimals at most, powers of ten where the range is wide, lines of at most
/// 75 characters.
pub(super) fn numpy_text(numbers: &[f64]) -> String {
    // One character of each line is kept for the closing bracket.
    const WIDTH: usize = 74;
    let (mut text, mut line) = (String::new(), " ".to_owned());
    for (at, word) in numpy_words(numbers).iter().enumerate() {
        if at > 0 {
            line.push(' ');
        }
        if line.len() > 1 && line.len() + word.len() > WIDTH {
            text += line.trim_end();
            text.push('\n');
            line = " ".to_owned();
        }
        line += word;
    }
    format!("[{}]", &(text + &line)[1..])
}

fn numpy_words(numbers: &[f64]) -> Vec<String> {
    let finite: Vec<f64> = numbers.iter().copied().filter(|number| number.is_finite()).map(f64::abs).collect();
    let not_zero = finite.iter().copied().filter(|number| *number > 0.0);
    let (least, most) = not_zero.fold((f64::INFINITY, 0.0_f64), |(least, most), x| (least.min(x), most.max(x)));
    let powers = most > 0.0 && (most >= 1e8 || least < 1e-4 || most / least > 1000.0);
    let special = |number: &f64| if number.is_nan() { "nan" } else { "inf" }.to_owned();
    // Digits of each after the point: the fewest that tell it apart, but eight at most.
    let decimals = |text: &str| text.split_once('.').map_or(0, |(_, digits)| digits.len());
    let words: Vec<String> = if powers {
        let mantissa = |number: &f64| {
            let rounded = format!("{number:.8e}");
            let (digits, power) = rounded.split_once('e').unwrap_or((&rounded, "0"));
            let shortest = format!("{number:e}");
            let short = shortest.split_once('e').map_or("", |(digits, _)| digits).to_owned();
            let digits = if decimals(&short) <= 8 { short } else { digits.trim_end_matches('0').to_owned() };
            (digits, power.parse::<i32>().unwrap_or(0))
        };
        let most = numbers.iter().filter(|x| x.is_finite()).map(|x| decimals(&mantissa(x).0)).max().unwrap_or(0);
        let word = |number: &f64| {
            if !number.is_finite() {
                return special(number);
            }
            let (digits, power) = mantissa(number);
            let point = if digits.contains('.') { "" } else { "." };
            let zeros = "0".repeat(most - decimals(&digits));
            format!("{digits}{point}{zeros}e{}{:02}", if power < 0 { '-' } else { '+' }, power.abs())
        };
        numbers.iter().map(word).collect()
    } else {
        let short = |number: &f64| {
            let text = python_float(*number);
            if decimals(&text) <= 8 { text } else { format!("{number:.8}").trim_end_matches('0').to_owned() }
        };
        let shown = |text: &str| if text.ends_with(".0") { 0 } else { decimals(text) };
        let most = numbers.iter().filter(|x| x.is_finite()).map(|x| shown(&short(x))).max().unwrap_or(0);
        let word = |number: &f64| {
            if !number.is_finite() {
                return special(number);
            }
            let text = short(number);
            let (whole, digits) = text.split_once('.').unwrap_or((&text, ""));
            let digits = if shown(&text) == 0 { "" } else { digits };
            format!("{whole}.{digits:<most$}")
        };
        numbers.iter().map(word).collect()
    };
    let widest = words.iter().map(String::len).max().unwrap_or(0);
    words.into_iter().map(|word| format!("{word:>widest$}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // The expected texts are `str(numpy.array(numbers))` of numpy 2.
    #[test]
    fn rows_print_as_numpy_prints_them() {
        for (numbers, expected) in [
            (vec![0.5, 0.25, 0.25], "[0.5  0.25 0.25]"),
            (vec![0.1, 0.123_456_789, 0.7], "[0.1        0.12345679 0.7       ]"),
            (vec![1e-5, 0.5, 0.49999], "[1.0000e-05 5.0000e-01 4.9999e-01]"),
            (vec![1.0, 2e-9], "[1.e+00 2.e-09]"),
            (vec![0.9, 0.1, 0.0], "[0.9 0.1 0. ]"),
            (
                vec![0.333_333_333_333_33; 12],
                "[0.33333333 0.33333333 0.33333333 0.33333333 0.33333333 0.33333333\n 0.33333333 0.33333333 0.33333333 \
                 0.33333333 0.33333333 0.33333333]",
            ),
        ] {
            assert_eq!(numpy_text(&numbers), expected);
        }
    }
}
