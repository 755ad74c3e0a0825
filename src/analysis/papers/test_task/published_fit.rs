//! The hinge as the paper fits it: a local search that starts at 10²² FLOPs.
//!
//! The published optimiser starts at α = 0, c = 22, θ = 0 and follows the sum of squares downhill. Here α and θ are
//! eliminated (at a given c they are linear least squares), so the search is a descent in c alone from 22; it ends in the
//! same optimum, which for two of the published fits is not the best one. The exact global optimum stands beside it.
//! Standard errors, p-values and R² are those of ordinary least squares with c taken as known, as published.

use crate::analysis::scaling::Scored;
use crate::error::{Error, Result};
use crate::stats::hinge::{Hinge, HingeFit, HingeSolver};
use crate::stats::linear::{LeastSquares, LeastSquaresFit};

/// log10 FLOPs at which the published optimiser starts.
const START: f64 = 22.0;
/// Step of the descent in log10 FLOPs, well below the distance between models.
const STEP: f64 = 1e-3;
/// A local optimum this much (relative) above the global one is another optimum.
const SAME: f64 = 1e-6;

/// The published fit of one set of scores, and the best fit there is.
#[derive(Debug, Clone)]
pub(crate) struct PublishedFit {
    /// Break of the published fit, log10 FLOPs.
    pub c: f64,
    /// Gain per decade of compute beyond the break.
    pub alpha: f64,
    /// Difference of the group under comparison at equal compute.
    pub theta: f64,
    /// Chance level.
    pub chance: f64,
    /// Least squares of y − r on the group and the hinge with c taken as known (no intercept).
    pub conditional: LeastSquaresFit,
    /// The exact global optimum.
    pub best: HingeFit,
    /// Whether the published search ends elsewhere than in the global optimum.
    pub stopped_short: bool,
}

impl PublishedFit {
    /// Fits y = r + α·max(0, x − c) + θ·z to `scores`.
    ///
    /// # Errors
    /// [`Error::NotEnoughModels`] when there are fewer models than parameters, [`Error::Undetermined`] when compute does
    /// not vary or one of the groups is empty.
    pub(crate) fn new(scores: &[Scored<'_>], chance: f64) -> Result<Self> {
        let x: Vec<f64> = scores.iter().map(Scored::log10_compute).collect();
        let y: Vec<f64> = scores.iter().map(|s| s.score).collect();
        let z: Vec<f64> = scores.iter().map(|s| f64::from(u8::from(s.comparison))).collect();
        let groups = [z];
        let hinge = Hinge::new().chance(chance);
        let best = hinge.fit(&x, &y, &groups)?;
        if !best.theta_identified[0] {
            return Err(Error::Undetermined("one of the two groups of models is empty: there is no θ".into()));
        }
        let local = descend(&mut hinge.solver(&x, &groups)?, &x, &y)?;
        let stopped_short = local.is_some_and(|(_, sse)| sse > best.sse * (1.0 + SAME));
        let (c, conditional) = match local {
            Some((c, _)) if stopped_short => {
                let [z] = groups;
                let bent = x.iter().map(|x| (x - c).max(0.0)).collect();
                let above: Vec<f64> = y.iter().map(|y| y - chance).collect();
                (c, LeastSquares::fit_named(&["theta", "alpha"], &[z, bent], &above, None)?)
            }
            _ => (best.c, best.conditional_least_squares()?),
        };
        let (alpha, theta) = if stopped_short {
            (conditional.coefficients[1], conditional.coefficients[0])
        } else {
            (best.alpha, best.theta[0])
        };
        Ok(Self { c, alpha, theta, chance, conditional, best, stopped_short })
    }

    /// The published curve at `x` (log10 FLOPs) for the reference group (`false`) or the group under comparison.
    #[must_use]
    pub(crate) fn predict(&self, x: f64, comparison: bool) -> f64 {
        let z = f64::from(u8::from(comparison));
        if self.stopped_short {
            self.chance + self.alpha * (x - self.c).max(0.0) + self.theta * z
        } else {
            self.best.predict(x, &[z])
        }
    }

    /// Standard error of θ with c taken as known and models as independent.
    #[must_use]
    #[cfg(test)]
    pub(crate) fn conditional_standard_error(&self) -> Option<f64> {
        self.of_theta(self.conditional.standard_errors())
    }

    /// Two-sided p-value of θ = 0 on the same terms.
    #[must_use]
    pub(crate) fn conditional_p(&self) -> Option<f64> {
        self.of_theta(self.conditional.p_values())
    }

    fn of_theta(&self, values: Option<Vec<f64>>) -> Option<f64> {
        // The group's column is the first.
        values?.first().copied()
    }

    /// 1 − SSE / Σ(y − r)²: the R² of a regression without intercept, not comparable with a centred one. `None` when
    /// every score is at chance.
    #[must_use]
    pub(crate) fn r_squared_uncentered(&self) -> Option<f64> {
        self.conditional.r_squared_uncentered()
    }
}

/// Where the sum of squares stops falling on the way from [`START`], and its value there; `None` when it falls out of the
/// data, where c has no optimum of its own.
fn descend(solver: &mut HingeSolver, x: &[f64], y: &[f64]) -> Result<Option<(f64, f64)>> {
    let (low, high) = x.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &x| (low.min(x), high.max(x)));
    let mut sse = |c: f64| solver.sse_at(y, None, c);
    let (mut c, mut here) = (START, sse(START)?);
    let direction = if sse(START - STEP)? < here { -STEP } else { STEP };
    loop {
        let there = sse(c + direction)?;
        if there >= here {
            break;
        }
        (c, here) = (c + direction, there);
        if c <= low || c >= high {
            return Ok(None);
        }
    }
    // Ternary search between the neighbours of the lowest step; 2/3 to the 70th is below rounding.
    let (mut left, mut right) = (c - STEP, c + STEP);
    for _ in 0..70 {
        let (a, b) = (left + (right - left) / 3.0, right - (right - left) / 3.0);
        if sse(a)? <= sse(b)? {
            right = b;
        } else {
            left = a;
        }
    }
    let c = f64::midpoint(left, right);
    Ok(Some((c, sse(c)?)))
}
