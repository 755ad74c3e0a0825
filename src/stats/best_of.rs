//! What choosing the best of several noisy scores adds to it.
//!
//! A model is trained for some epochs, tested after each (and before the first), and the highest score is reported. The
//! highest of noisy scores is too high. Two bounds:
//!
//! - k scores with the same true value, each with standard error s and any two correlated by ρ (they share their items):
//!   the highest is too high by s √(1-ρ) m_k on average, m_k the mean of the largest of k standard normal draws (0.564 for
//!   2, 1.267 for 6): m_k = k ∫ z φ(z) Φ(z)^(k-1) dz (Tippett 1925). Scores that differ in truth gain less, so this is the
//!   most it can be.
//! - two scores whose true values differ by g, with t the standard error of their difference: the higher one exceeds the
//!   true higher value by t φ(g/t) - |g| Φ(-|g|/t) on average (Clark 1961, "The greatest of a finite set of random
//!   variables").
//!
//! And a sign that choosing took place: of scores whose true gain is g_i, Σ Φ(-g_i/t_i) would be expected to fall when
//! tested anew. Where not one falls, the reported score was not one test, but the better of two.

use super::distribution::normal_lower;

/// Mean excess of the highest of `candidates` scores with one true value, standard error `stderr` and correlation
/// `correlation` (0 to 1) with each other. `None` outside these ranges and without candidates.
pub(crate) fn gain_of_best(candidates: usize, stderr: f64, correlation: f64) -> Option<f64> {
    let usable = stderr >= 0.0 && stderr.is_finite() && (0.0..=1.0).contains(&correlation);
    usable.then(|| mean_of_largest(candidates)).flatten().map(|m| stderr * (1.0 - correlation).sqrt() * m)
}

/// Mean excess of the higher of two scores over the higher of their true values, which differ by `gap`; `stderr` is the
/// standard error of the difference of the two scores. `None` for a standard error that is not finite and at least 0.
pub(crate) fn gain_of_higher(gap: f64, stderr: f64) -> Option<f64> {
    if !(stderr >= 0.0 && stderr.is_finite() && gap.is_finite()) {
        return None;
    }
    if stderr == 0.0 {
        return Some(0.0);
    }
    let z = gap.abs() / stderr;
    normal_lower(-z).map(|tail| (stderr * (density(z) - z * tail)).max(0.0))
}

/// How many scores would be lower after than before if both were tested anew, from true gains and the standard errors of
/// the differences. `None` when a standard error is not positive.
pub(crate) fn expected_falls(gains: &[(f64, f64)]) -> Option<f64> {
    gains.iter().map(|(gain, stderr)| (*stderr > 0.0).then(|| normal_lower(-gain / stderr)).flatten()).sum()
}

/// m_k, by the trapezoidal rule, which is exact to rounding for a density that dies out this fast.
fn mean_of_largest(k: usize) -> Option<f64> {
    let exponent = i32::try_from(k).ok().filter(|k| *k > 0)? - 1;
    let at = |step: i32| {
        let z = STEP * f64::from(step);
        normal_lower(z).map(|below| z * density(z) * below.powi(exponent))
    };
    let sum = (-STEPS..=STEPS).map(at).sum::<Option<f64>>()?;
    Some(k as f64 * STEP * sum)
}

fn density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

const STEP: f64 = 0.05;
/// To ten standard deviations either side.
const STEPS: i32 = 200;

#[cfg(test)]
mod tests {
    use super::super::random::Seed;
    use super::*;

    #[test]
    fn the_example_holds() {
        use crate::stats::best_of::{expected_falls, gain_of_best, gain_of_higher};
        // Six candidates on 408 items at 0.7, whose answers are the same but for a tenth of the variance.
        let stderr = (0.7_f64 * 0.3 / 408.0).sqrt();
        assert!((gain_of_best(6, stderr, 0.9).unwrap() - 0.0091).abs() < 1e-4);
        assert!((gain_of_higher(0.0, 1.0).unwrap() - 0.39894).abs() < 1e-5);
        assert_eq!(expected_falls(&[(0.0, 0.01), (0.0, 0.02), (9.0, 0.01)]), Some(1.0));
    }

    #[test]
    fn the_mean_of_the_largest_normal_draw_is_that_of_the_tables() {
        // Tippett's values; for two 1/√π, for three 3/(2√π).
        let pi = std::f64::consts::PI;
        let known = [(1, 0.0), (2, 1.0 / pi.sqrt()), (3, 1.5 / pi.sqrt()), (6, 1.267_206_360_6), (10, 1.538_752_730_8)];
        for (k, value) in known {
            assert!((mean_of_largest(k).expect("k is positive") - value).abs() < 1e-9, "{k}");
        }
        assert_eq!(gain_of_best(0, 1.0, 0.0), None);
        assert_eq!(gain_of_best(2, 1.0, 1.5), None);
        assert_eq!(gain_of_best(5, 1.0, 1.0), Some(0.0));
    }

    #[test]
    fn the_higher_of_two_scores_exceeds_the_truth_as_drawn() {
        for (gap, before, after) in [(0.0, 1.0, 1.0), (0.5, 1.0, 0.7), (-2.0, 0.5, 1.5)] {
            let mut stream = Seed(8).stream("two scores", 0);
            let n = 200_000;
            let sum: f64 =
                (0..n).map(|_| (before * stream.normal()).max(gap + after * stream.normal()) - gap.max(0.0)).sum();
            let formula = gain_of_higher(gap, f64::hypot(before, after)).expect("finite");
            assert!((sum / f64::from(n) - formula).abs() < 0.01, "{gap}: {} and {formula}", sum / f64::from(n));
        }
        assert_eq!(gain_of_higher(0.3, 0.0), Some(0.0));
        assert_eq!(gain_of_higher(0.3, f64::NAN), None);
    }

    #[test]
    fn a_gain_of_many_standard_errors_does_not_fall() {
        assert!(expected_falls(&[(10.0, 1.0)]).expect("positive") < 1e-20);
        assert_eq!(expected_falls(&[(1.0, 0.0)]), None);
    }
}
