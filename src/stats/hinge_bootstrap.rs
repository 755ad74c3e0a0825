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
//! use onset::stats::sample::Sample;
//!
//! let x = [20.0, 20.5, 21.0, 21.5, 22.0, 22.5, 23.0, 23.5];
//! let before = [0.25, 0.26, 0.24, 0.25, 0.26, 0.31, 0.34, 0.42];
//! let after = [0.25, 0.27, 0.31, 0.34, 0.36, 0.42, 0.44, 0.49];
//! let families = Clusters::new(&[1, 1, 2, 2, 3, 3, 4, 4]);
//! let before = Sample::new(&x, &before)?.with_families(&families)?;
//! let after = before.with_scores(&after)?;
//! let drawn = onset::stats::hinge_bootstrap::difference(
//!     &Bootstrap::new(Seed(1)).replicates(499), &Hinge::new().chance(0.25), [&before, &after])?;
//! assert!(drawn.observed(HingeQuantity::Break.place()).unwrap() > 0.5);
//! # Ok::<(), onset::Error>(())
//! ```

use serde::{Deserialize, Serialize};

use super::bootstrap::{Bootstrap, Replicates};
use super::hinge::{Hinge, HingeEstimate, HingeSolver, Outcome};
use super::sample::Sample;
use crate::{Error, Result};

/// What a replicate of the hinge holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

/// Bootstraps every quantity of `hinge` fitted to a sample. A drawn family's models keep their weights.
///
/// # Errors
/// Those of [`Hinge::fit`] and [`Bootstrap::pairs`].
pub fn parameters(bootstrap: &Bootstrap, hinge: &Hinge, sample: &Sample) -> Result<Replicates> {
    hinge.fit_sample(sample)?;
    let solver = hinge.solver(sample.x(), sample.groups())?;
    let workspace = || (solver.clone(), vec![0.0; sample.len()]);
    bootstrap.pairs(sample.families(), 3 + sample.groups().len(), workspace, |(solver, weights), drawn, out| {
        weigh(sample, drawn, weights);
        fill(solver, sample.y(), weights, out)
    })
}

/// Bootstraps the first sample's quantities minus the second's, two scores of the same models, the same families drawn for
/// both.
///
/// # Errors
/// [`Error::Argument`] unless both have the same predictor, groups and families; those of [`Hinge::fit`] and
/// [`Bootstrap::pairs`].
pub fn difference(bootstrap: &Bootstrap, hinge: &Hinge, samples: [&Sample; 2]) -> Result<Replicates> {
    let [first, second] = samples;
    if first.x() != second.x() || first.groups() != second.groups() || first.families() != second.families() {
        return Err(Error::Argument("two scores are compared on the same models, and these are not the same".into()));
    }
    for sample in samples {
        hinge.fit_sample(sample)?;
    }
    let solver = hinge.solver(first.x(), first.groups())?;
    let quantities = 3 + first.groups().len();
    bootstrap.pairs(
        first.families(),
        quantities,
        || (solver.clone(), vec![f64::NAN; quantities], vec![0.0; first.len()]),
        |(solver, other, weights), drawn, out| {
            let mut one = |sample: &Sample, out: &mut [f64]| {
                weigh(sample, drawn, weights);
                fill(solver, sample.y(), weights, out)
            };
            let both = one(first, out) && one(second, other);
            // Infinity minus infinity is NaN: two breaks outside the data have no known distance.
            out.iter_mut().zip(other.iter()).for_each(|(a, b)| *a -= b);
            both
        },
    )
}

/// Bootstraps the values of the curve at predictors `x` for models with these group values: the values of `groups[0]` come
/// first.
///
/// # Errors
/// Those of [`Hinge::fit`] and [`Bootstrap::pairs`].
pub(crate) fn values(
    bootstrap: &Bootstrap,
    hinge: &Hinge,
    sample: &Sample,
    groups: &[&[f64]],
    x: &[f64],
) -> Result<Replicates> {
    let solver = hinge.solver(sample.x(), sample.groups())?;
    let workspace = || (solver.clone(), vec![0.0; sample.len()]);
    bootstrap.pairs(sample.families(), x.len() * groups.len(), workspace, |(solver, weights), drawn, out| {
        weigh(sample, drawn, weights);
        let Ok(fit) = solver.fit(sample.y(), Some(weights)) else { return false };
        for (g, z) in groups.iter().enumerate() {
            let shift: f64 = z.iter().zip(&fit.theta).map(|(z, theta)| z * theta).sum();
            let own = &mut out[g * x.len()..][..x.len()];
            own.iter_mut().zip(x).for_each(|(out, x)| *out = value(&fit, *x) + shift);
        }
        true
    })
}

/// chance + α max(0, x − c); NaN for the level without slope, of which the estimates do not tell the height.
fn value(fit: &HingeEstimate, x: f64) -> f64 {
    if fit.alpha == 0.0 && fit.c.is_finite() {
        return fit.chance;
    }
    fit.chance + fit.alpha * (x - fit.c).max(0.0)
}

/// How often each model was drawn, times its weight.
fn weigh(sample: &Sample, drawn: &[f64], weights: &mut [f64]) {
    weights.iter_mut().enumerate().for_each(|(i, weight)| *weight = drawn[i] * sample.weight(i));
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
