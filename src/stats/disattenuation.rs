//! The agreement of true scores from the agreement of noisy ones; see [`ceiling`](super::ceiling) for the formulas.

use std::f64::consts::FRAC_PI_2;

use super::pair_matrix::PairMatrix;

/// τ of the true scores of two benchmarks from the τ of their scores and their ceilings, -1 to 1; `None` when a ceiling is
/// not above 0.
pub fn disattenuated(tau: f64, ceiling_a: f64, ceiling_b: f64) -> Option<f64> {
    Some(true_tau(correlation(tau)?, reliable(ceiling_a)?, reliable(ceiling_b)?))
}

/// The matrix of τ with every value divided by the geometric mean of the two ceilings: agreement as a share of what noise
/// allows. It may exceed 1 by chance.
pub(crate) fn shares_of_ceiling(tau: &PairMatrix, ceilings: &[Option<f64>]) -> PairMatrix {
    let ceiling = |column: usize| ceilings.get(column).copied().flatten().filter(|c| *c > 0.0);
    tau.map_pairs(|a, b, tau| Some(tau / (ceiling(a)? * ceiling(b)?).sqrt()))
}

/// The matrix of the true scores' τ, as [`disattenuated`] has it.
pub(crate) fn all_disattenuated(tau: &PairMatrix, ceilings: &[Option<f64>]) -> PairMatrix {
    let known: Vec<Option<f64>> = ceilings.iter().map(|ceiling| ceiling.and_then(reliable)).collect();
    let of = |column: usize| known.get(column).copied().flatten();
    tau.map_pairs(|a, b, tau| Some(true_tau(correlation(tau)?, of(a)?, of(b)?)))
}

/// Greiner's sin(πτ/2).
fn correlation(tau: f64) -> Option<f64> {
    (!tau.is_nan()).then(|| (FRAC_PI_2 * tau.clamp(-1.0, 1.0)).sin())
}

/// √λ from a ceiling above 0.
fn reliable(ceiling: f64) -> Option<f64> {
    correlation(ceiling).filter(|r| *r > 0.0).map(f64::sqrt)
}

fn true_tau(r: f64, root_a: f64, root_b: f64) -> f64 {
    (r / (root_a * root_b)).clamp(-1.0, 1.0).asin() / FRAC_PI_2
}
