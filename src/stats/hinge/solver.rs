//! Many fits of one set of predictors.

use super::estimate::HingeEstimate;
use super::shape::Curve;
use crate::stats::direction::Direction;
use crate::stats::observations::{check, check_weights, finite_result};
use crate::stats::one_break::{Best, Left, OneBreak};
use crate::{Error, Result};

/// A hinge bound to predictors and groups, to be fitted to many scores or weights: sorting is done once, and nothing is
/// allocated per observation afterwards.
///
/// ```
/// use onset::stats::hinge::Hinge;
///
/// let x = [20.0, 21.0, 22.0, 23.0, 24.0];
/// let y = [0.25, 0.24, 0.31, 0.38, 0.47];
/// let mut solver = Hinge::new().chance(0.25).solver(&x, &[])?;
/// let drawn = [1.0, 0.0, 2.0, 1.0, 1.0]; // how often a bootstrap sample holds each model
/// let replicate = solver.fit(&y, Some(&drawn))?;
/// assert_eq!(replicate, solver.fit(&y, Some(&drawn))?);
/// # Ok::<(), onset::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct HingeSolver {
    chance: Option<f64>,
    direction: Direction,
    solver: OneBreak,
    n: usize,
    above_chance: Vec<f64>,
}

impl HingeSolver {
    pub(super) fn new(
        chance: Option<f64>,
        within_data: bool,
        direction: Direction,
        x: &[f64],
        groups: &[Vec<f64>],
    ) -> Result<Self> {
        check(x, x, groups, None)?;
        let left = match chance {
            Some(chance) if !chance.is_finite() => {
                return Err(Error::Argument(format!("chance is {chance}, not a finite number")));
            }
            Some(_) => Left::Zero,
            None => Left::Level,
        };
        let solver = OneBreak::new(left, within_data, x, groups)?;
        Ok(Self { chance, direction, solver, n: x.len(), above_chance: Vec::new() })
    }

    /// The global optimum for the scores `y` with `weights` (n values each; a weight of 0 leaves the observation out, as
    /// one not drawn into a bootstrap sample). The same estimates as [`Hinge::fit`](super::Hinge::fit).
    ///
    /// # Errors
    /// As [`Hinge::fit`](super::Hinge::fit).
    pub fn fit(&mut self, y: &[f64], weights: Option<&[f64]>) -> Result<HingeEstimate> {
        let best = self.best(y, weights)?;
        Ok(self.curve(best).estimate())
    }

    /// The least sum of squares with the break held at `c`: the profile of the fit in c. A `c` at or beyond the largest
    /// x leaves the groups (and a free chance) alone.
    ///
    /// # Errors
    /// As [`Hinge::fit`](super::Hinge::fit); `Argument` when `c` is not finite.
    pub(crate) fn sse_at(&mut self, y: &[f64], weights: Option<&[f64]>, c: f64) -> Result<f64> {
        if !c.is_finite() {
            return Err(Error::Argument(format!("the break is {c}, not a finite number")));
        }
        self.load(y, weights)?;
        self.solver.sse_at(&self.above_chance, weights, c)
    }

    fn load(&mut self, y: &[f64], weights: Option<&[f64]>) -> Result<()> {
        if y.len() != self.n {
            return Err(Error::Argument(format!("{} scores for {} predictor values", y.len(), self.n)));
        }
        check_weights(weights, self.n)?;
        let chance = self.chance.unwrap_or(0.0);
        self.above_chance.clear();
        self.above_chance.extend(y.iter().map(|y| y - chance));
        check(&self.above_chance, &self.above_chance, &[], None)
    }

    pub(super) fn best(&mut self, y: &[f64], weights: Option<&[f64]>) -> Result<Best> {
        self.load(y, weights)?;
        let best = self.solver.solve(&self.above_chance, weights)?;
        finite_result([&best.alpha, &best.c].into_iter().chain(&best.theta))?;
        Ok(best)
    }

    pub(super) fn curve(&self, best: Best) -> Curve {
        Curve {
            chance: self.chance.unwrap_or(best.level),
            chance_free: self.chance.is_none(),
            direction: self.direction,
            origin: self.solver.origin(),
            best,
        }
    }
}
