//! The beta-binomial law and its derivatives.
//!
//!   ln P(y | n, μ, φ) = ln C(n, y) + R(μφ, y) + R((1-μ)φ, n-y) - R(φ, n),   R(a, k) = ln Γ(a+k) - ln Γ(a)
//!
//! R is a difference of two large numbers when φ is large. So it is taken from Stirling's series term by term, and keeps its
//! digits up to the binomial law, φ = ∞, which has a branch of its own.

/// R(a, k) and its derivative by a, ψ(a+k) - ψ(a), for a > 0 and k ≥ 0.
pub(super) fn rising(a: f64, k: f64) -> (f64, f64) {
    if k == 0.0 {
        return (0.0, 0.0);
    }
    let (mut a, mut product, mut slope) = (a, 1.0, 0.0);
    while a < STIRLING {
        product *= a / (a + k);
        slope += k / (a * (a + k));
        a += 1.0;
    }
    let b = a + k;
    let grown = (k / a).ln_1p();
    let value = k * a.ln() + (b - 0.5) * grown - k + series(b) - series(a);
    (value + if product == 1.0 { 0.0 } else { product.ln() }, slope + grown + digamma_rest(b) - digamma_rest(a))
}

/// What Stirling's formula for ln Γ leaves out.
fn series(x: f64) -> f64 {
    let s = 1.0 / (x * x);
    (1.0 / 12.0 - s * (1.0 / 360.0 - s * (1.0 / 1260.0 - s * (1.0 / 1680.0 - s / 1188.0)))) / x
}

/// ψ(x) - ln x.
fn digamma_rest(x: f64) -> f64 {
    let s = 1.0 / (x * x);
    -0.5 / x - s * (1.0 / 12.0 - s * (1.0 / 120.0 - s * (1.0 / 252.0 - s * (1.0 / 240.0 - s / 132.0))))
}

/// ln C(n, k).
pub(super) fn ln_choose(n: f64, k: f64) -> f64 {
    let k = k.min(n - k);
    if k == 0.0 { 0.0 } else { rising(n - k + 1.0, k).0 - rising(1.0, k).0 }
}

/// How answers scatter around μ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Scatter {
    /// Each item on its own.
    Binomial,
    /// With this φ.
    BetaBinomial(f64),
}

/// What of a density does not depend on μ.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Constant {
    value: f64,
    /// Its derivative by φ.
    slope: f64,
}

/// A log density with its derivatives.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Density {
    pub(super) value: f64,
    pub(super) by_mean: f64,
    /// By φ.
    pub(super) by_scatter: f64,
}

impl Scatter {
    /// What is the same for every μ.
    pub(super) fn constant(self, n: f64, choose: f64) -> Constant {
        match self {
            Self::Binomial => Constant { value: choose, slope: 0.0 },
            Self::BetaBinomial(phi) => {
                let (value, slope) = rising(phi, n);
                Constant { value: choose - value, slope: -slope }
            }
        }
    }

    /// ln P(y | n, mean), 0 < mean < 1.
    pub(super) fn density(self, constant: Constant, y: f64, n: f64, mean: f64) -> Density {
        match self {
            Self::Binomial => Density {
                value: constant.value + y * mean.ln() + (n - y) * (-mean).ln_1p(),
                by_mean: (y - n * mean) / (mean * (1.0 - mean)),
                by_scatter: 0.0,
            },
            Self::BetaBinomial(phi) => {
                let (right, right_slope) = rising(mean * phi, y);
                let (wrong, wrong_slope) = rising((1.0 - mean) * phi, n - y);
                Density {
                    value: constant.value + right + wrong,
                    by_mean: phi * (right_slope - wrong_slope),
                    by_scatter: constant.slope + mean * right_slope + (1.0 - mean) * wrong_slope,
                }
            }
        }
    }

    /// About what a count says of its mean: one over the variance of the share.
    pub(super) fn information(self, n: f64, mean: f64) -> f64 {
        let inflated = match self {
            Self::Binomial => 1.0,
            Self::BetaBinomial(phi) => 1.0 + (n - 1.0) / (1.0 + phi),
        };
        n / (mean * (1.0 - mean) * inflated)
    }
}

/// Arguments from which Stirling's series is exact to rounding.
const STIRLING: f64 = 14.0;

#[cfg(test)]
mod tests {
    use super::*;
    use statrs::function::gamma::{digamma, ln_gamma};

    #[test]
    fn a_rising_product_is_a_difference_of_log_gammas() {
        for a in [1e-6, 0.03, 0.7, 3.0, 13.9, 14.1, 250.0, 8e3] {
            for k in [1.0, 2.0, 17.0, 900.0, 14_042.0] {
                let (value, slope) = rising(a, k);
                let (long, digammas) = (ln_gamma(a + k) - ln_gamma(a), digamma(a + k) - digamma(a));
                assert!((value - long).abs() < 1e-9 * (1.0 + long.abs()), "R({a}, {k}): {value} and {long}");
                assert!((slope - digammas).abs() < 1e-9 * (1.0 + digammas.abs()), "R'({a}, {k}): {slope}, {digammas}");
            }
        }
    }

    #[test]
    fn probabilities_of_all_counts_sum_to_one_and_have_the_variance_of_the_law() {
        let (n, mean, phi) = (40.0, 0.3, 7.0);
        for scatter in [Scatter::Binomial, Scatter::BetaBinomial(phi)] {
            let (mut total, mut first, mut second) = (0.0, 0.0, 0.0);
            for y in 0..=40 {
                let y = f64::from(y);
                let p = scatter.density(scatter.constant(n, ln_choose(n, y)), y, n, mean).value.exp();
                (total, first, second) = (total + p, first + y * p, second + y * y * p);
            }
            assert!((total - 1.0).abs() < 1e-12 && (first - n * mean).abs() < 1e-11);
            let information = scatter.information(n, mean);
            assert!(((second - first * first) / (n * n) * information - 1.0).abs() < 1e-10, "{scatter:?}");
        }
    }

    #[test]
    fn a_beta_binomial_of_large_phi_is_a_binomial() {
        let (n, y, mean) = (14_042.0, 4_000.0, 0.28);
        let of = |scatter: Scatter| scatter.density(scatter.constant(n, ln_choose(n, y)), y, n, mean);
        let (beta, plain) = (of(Scatter::BetaBinomial(1e13)), of(Scatter::Binomial));
        assert!((beta.value - plain.value).abs() < 1e-6, "{} and {}", beta.value, plain.value);
        assert!((beta.by_mean / plain.by_mean - 1.0).abs() < 1e-4, "{} and {}", beta.by_mean, plain.by_mean);
    }

    #[test]
    fn derivatives_are_those_of_the_density() {
        let of = |mean: f64, phi: f64| {
            let scatter = Scatter::BetaBinomial(phi);
            scatter.density(scatter.constant(100.0, ln_choose(100.0, 31.0)), 31.0, 100.0, mean)
        };
        let (mean, phi, h) = (0.42, 60.0, 1e-5);
        let by_mean = (of(mean + h, phi).value - of(mean - h, phi).value) / (2.0 * h);
        let by_phi = (of(mean, phi + h).value - of(mean, phi - h).value) / (2.0 * h);
        assert!((of(mean, phi).by_mean - by_mean).abs() < 1e-6 && (of(mean, phi).by_scatter - by_phi).abs() < 1e-6);
    }
}
