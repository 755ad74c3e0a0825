//! The hinge under the pairs cluster bootstrap: every parameter, R², and the difference between two scores of the same
//! models (before and after an adjustment, say) with the same families drawn for both.
//!
//! In a replicate without a break c is what the data say of it: -infinity for a straight line (every model lies beyond
//! it), +infinity when nothing rises.
//!
//! ```
//! use onset::stats::bootstrap::Bootstrap;
//! use onset::stats::clusters::Clusters;
//! use onset::stats::hinge::Hinge;
//! use onset::stats::hinge_bootstrap::HingeQuantity;
//! use onset::stats::random::Seed;
//!
//! let x = [20.0, 20.5, 21.0, 21.5, 22.0, 22.5, 23.0, 23.5];
//! let before = [0.25, 0.26, 0.24, 0.25, 0.26, 0.31, 0.34, 0.42];
//! let after = [0.25, 0.27, 0.31, 0.34, 0.36, 0.42, 0.44, 0.49];
//! let families = Clusters::new(&[1, 1, 2, 2, 3, 3, 4, 4]);
//! let drawn = onset::stats::hinge_bootstrap::difference(
//!     &Bootstrap::new(Seed(1)).replicates(499), &Hinge::new().chance(0.25), &x, [&before, &after], &[], &families)?;
//! assert!(drawn.observed(HingeQuantity::Break.place()).unwrap() > 0.5);
//! # Ok::<(), onset::Error>(())
//! ```

use super::bootstrap::{Bootstrap, Replicates};
use super::clusters::Clusters;
use super::hinge::{Hinge, HingeEstimate, HingeSolver, Outcome};
use crate::Result;

/// What a replicate of the hinge holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HingeQuantity {
    /// α.
    Alpha,
    /// c.
    Break,
    /// R².
    RSquared,
    /// θ of this group.
    Group(usize),
}

impl HingeQuantity {
    /// Its place among the quantities of the replicates.
    pub fn place(self) -> usize {
        match self {
            Self::Alpha => 0,
            Self::Break => 1,
            Self::RSquared => 2,
            Self::Group(k) => 3 + k,
        }
    }
}

/// Bootstraps every quantity of `hinge` fitted to `y` at `x` with `groups`.
///
/// # Errors
/// Those of [`Hinge::fit`] and [`Bootstrap::pairs`].
pub fn parameters(
    bootstrap: &Bootstrap,
    hinge: &Hinge,
    x: &[f64],
    y: &[f64],
    groups: &[Vec<f64>],
    clusters: &Clusters,
) -> Result<Replicates> {
    hinge.fit(x, y, groups)?;
    let solver = hinge.solver(x, groups)?;
    bootstrap.pairs(clusters, 3 + groups.len(), || solver.clone(), |solver, weight, out| fill(solver, y, weight, out))
}

/// Bootstraps the first score's quantities minus the second's, the same families drawn for both.
///
/// # Errors
/// Those of [`Hinge::fit`] and [`Bootstrap::pairs`].
pub fn difference(
    bootstrap: &Bootstrap,
    hinge: &Hinge,
    x: &[f64],
    y: [&[f64]; 2],
    groups: &[Vec<f64>],
    clusters: &Clusters,
) -> Result<Replicates> {
    for y in y {
        hinge.fit(x, y, groups)?;
    }
    let solver = hinge.solver(x, groups)?;
    let quantities = 3 + groups.len();
    bootstrap.pairs(
        clusters,
        quantities,
        || (solver.clone(), vec![f64::NAN; quantities]),
        |(solver, second), weight, out| {
            let both = fill(solver, y[0], weight, out) && fill(solver, y[1], weight, second);
            // Infinity minus infinity is NaN: two breaks outside the data have no known distance.
            out.iter_mut().zip(second.iter()).for_each(|(a, b)| *a -= b);
            both
        },
    )
}

fn fill(solver: &mut HingeSolver, y: &[f64], weight: &[f64], out: &mut [f64]) -> bool {
    let Ok(fit) = solver.fit(y, Some(weight)) else { return false };
    out[HingeQuantity::Alpha.place()] = fit.alpha;
    out[HingeQuantity::Break.place()] = break_or_infinity(&fit);
    out[HingeQuantity::RSquared.place()] = r_squared(&fit, y, weight);
    for (k, theta) in fit.theta.iter().enumerate() {
        out[HingeQuantity::Group(k).place()] = if fit.theta_identified[k] { *theta } else { f64::NAN };
    }
    true
}

fn break_or_infinity(fit: &HingeEstimate) -> f64 {
    match fit.outcome {
        Outcome::Break => fit.c,
        Outcome::NoBreak => f64::NEG_INFINITY,
        Outcome::Flat => f64::INFINITY,
    }
}

fn r_squared(fit: &HingeEstimate, y: &[f64], weight: &[f64]) -> f64 {
    let mass: f64 = weight.iter().sum();
    let mean = y.iter().zip(weight).map(|(y, w)| w * y).sum::<f64>() / mass;
    let total: f64 = y.iter().zip(weight).map(|(y, w)| w * (y - mean).powi(2)).sum();
    let r = 1.0 - fit.sse / total;
    if r.is_finite() { r } else { f64::NAN }
}
