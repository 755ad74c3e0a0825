//! How many items a score is the mean of.

/// Largest relative distance from a whole number that still counts as one: values and standard errors are written with
/// 16 digits, and squaring and dividing them loses three or four.
const WHOLE: f64 = 1e-9;

/// n from a mean p of n zeros and ones and its standard error s = √(p(1−p)/(n−1)); `None` when p is 0 or 1 (then s says
/// nothing) or when the score is no such mean.
pub(in crate::harness) fn implied(value: f64, stderr: f64) -> Option<u32> {
    if !(0.0 < value && value < 1.0 && stderr > 0.0) {
        return None;
    }
    let n = value * (1.0 - value) / (stderr * stderr) + 1.0;
    let count = n.round();
    let correct = value * count;
    let whole = |x: f64, of: f64| (x - x.round()).abs() <= WHOLE * of;
    let plausible = count >= 2.0 && count <= f64::from(u32::MAX) && whole(n, count) && whole(correct, count);
    plausible.then_some(count as u32)
}

#[cfg(test)]
mod tests {
    use super::implied;

    #[test]
    fn the_number_of_items_follows_from_an_accuracy_and_its_standard_error() {
        for (k, n) in [(1u32, 2u32), (36, 126), (7, 100), (283, 1144), (1, 14042), (9999, 10042)] {
            let p = f64::from(k) / f64::from(n);
            let s = (p * (1.0 - p) / (f64::from(n) - 1.0)).sqrt();
            assert_eq!(implied(p, s), Some(n), "{k} of {n}");
        }
    }

    #[test]
    fn no_number_of_items_is_invented_for_scores_that_are_no_share_of_items() {
        assert_eq!(implied(0.3608597083122513, 0.013977545319473435), None);
        assert_eq!(implied(0.0, 0.0), None);
        assert_eq!(implied(1.0, 0.0), None);
        assert_eq!(implied(0.5, f64::NAN), None);
    }
}
