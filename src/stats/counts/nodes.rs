//! Quadrature of Gauss with Hermite and with Legendre (Golub and Welsch 1969).

use nalgebra::DMatrix;

/// Nodes z with the logarithms of their weights, for ∫ f(z) dz = Σ exp(ln w) f(z).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Nodes {
    pub(super) at: Vec<f64>,
    pub(super) log_weight: Vec<f64>,
}

impl Nodes {
    /// So many nodes, at least one, over all numbers: exact for f a polynomial times exp(-z²).
    pub(super) fn hermite(count: usize) -> Self {
        let found = Self::of(count, std::f64::consts::PI.sqrt(), |k| (k / 2.0).sqrt());
        let log_weight = found.at.iter().zip(&found.log_weight).map(|(z, w)| w + z * z).collect();
        Self { log_weight, ..found }
    }

    /// The same from -1 to 1: exact for polynomials.
    pub(super) fn legendre(count: usize) -> Self {
        Self::of(count, 2.0, |k| k / (4.0 * k * k - 1.0).sqrt())
    }

    /// Nodes of orthonormal polynomials with z p_(k-1) = beside(k) p_k + beside(k-1) p_(k-2), for a weight of this mass.
    fn of(count: usize, mass: f64, beside: impl Fn(f64) -> f64) -> Self {
        let count = count.max(1);
        let jacobi =
            DMatrix::from_fn(count, count, |i, j| if i.abs_diff(j) == 1 { beside(i.max(j) as f64) } else { 0.0 });
        let mut at: Vec<f64> = jacobi.symmetric_eigenvalues().iter().copied().collect();
        at.sort_by(f64::total_cmp);
        // Nodes come in pairs; the middle one of an odd number is zero.
        let at: Vec<f64> = (0..count).map(|i| 0.5 * (at[i] - at[count - 1 - i])).collect();
        // The weight of a node is one over the sum of squares of the polynomials below `count`.
        let squares = |z: f64| {
            let (mut before, mut here) = (0.0, 1.0 / mass.sqrt());
            let mut sum = here * here;
            for k in 1..count {
                let k = k as f64;
                let last = if k > 1.0 { beside(k - 1.0) * before } else { 0.0 };
                (before, here) = (here, (z * here - last) / beside(k));
                sum += here * here;
            }
            sum
        };
        let log_weight = at.iter().map(|z| -squares(*z).ln()).collect();
        Self { at, log_weight }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_the_normal_law_come_out() {
        let nodes = Nodes::hermite(15);
        let moment = |power: i32| -> f64 {
            let terms = nodes.at.iter().zip(&nodes.log_weight).map(|(z, w)| (w - z * z).exp() * z.powi(power));
            terms.sum::<f64>() / std::f64::consts::PI.sqrt()
        };
        for (power, value) in [(0, 1.0), (1, 0.0), (2, 0.5), (4, 0.75), (8, 6.5625)] {
            assert!((moment(power) - value).abs() < 1e-12, "moment {power}: {}", moment(power));
        }
        assert_eq!(Nodes::hermite(1).at, [0.0]);
    }

    #[test]
    fn powers_from_minus_one_to_one_come_out() {
        let nodes = Nodes::legendre(7);
        let power =
            |power: i32| -> f64 { nodes.at.iter().zip(&nodes.log_weight).map(|(z, w)| w.exp() * z.powi(power)).sum() };
        for k in 0..7 {
            assert!((power(2 * k) - 2.0 / f64::from(2 * k + 1)).abs() < 1e-13, "power {}: {}", 2 * k, power(2 * k));
            assert!(power(2 * k + 1).abs() < 1e-13);
        }
    }
}
