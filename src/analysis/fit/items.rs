//! What the number of a benchmark's items leaves open about a score.

use crate::stats::itemnoise::wilson;

/// Wilson's interval at 95 % of a score of `n` items, in units of which a perfect model has `unit`.
pub(crate) fn item_interval(score: f64, n: f64, unit: f64) -> Option<(f64, f64)> {
    let share = score / unit;
    (n >= 1.0 && (0.0..=1.0).contains(&share)).then(|| {
        let (low, high) = wilson(share, n as usize);
        (low * unit, high * unit)
    })
}

#[cfg(test)]
mod tests {
    use super::item_interval;

    #[test]
    fn the_interval_of_a_score_is_wilsons() {
        // Newcombe (1998), table I, method 3: 81 of 263 gives 0.2553 to 0.3662.
        let (low, high) = item_interval(81.0 / 263.0, 263.0, 1.0).expect("a share");
        assert!((low - 0.2553).abs() < 5e-5 && (high - 0.3662).abs() < 5e-5, "{low} to {high}");
        let percent = item_interval(8100.0 / 263.0, 263.0, 100.0).expect("a percentage");
        assert!((percent.0 - 100.0 * low).abs() < 1e-9);
        assert_eq!(item_interval(1.5, 100.0, 1.0), None);
    }
}
