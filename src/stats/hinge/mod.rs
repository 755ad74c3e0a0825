//! The emergence curve: chance up to the point of emergence c, then a straight rise.
//!
//!   y = r + α max(0, x - c) + Σ θ_k z_k + ε
//!
//! with x the log10 of pretraining compute in FLOPs, r chance, α the gain per decade beyond c and θ_k the difference of
//! group k at equal compute (arXiv 2407.07890, figure 1). The fit is the global least-squares optimum, found exactly and
//! without starting values: between two neighbouring x the model is linear in (α, αc, θ), so comparing one linear fit per
//! interval and one per end finds the best of all (Hudson 1966; the private module `one_break` has the argument).
//!
//! **What was found** is part of the result, because a least-squares c always exists and does not always mean anything:
//!
//! | [`Outcome`] | the best fit | c |
//! | --- | --- | --- |
//! | `Break` | α > 0 and c inside the range of x | the point of emergence |
//! | `NoBreak` | α > 0 and every model at or beyond c: a straight line | only bounded, by the smallest x |
//! | `Flat` | nothing rises: α ≤ 0, or a break gains nothing | meaningless |
//!
//! Of falling scores the same with α < 0.
//!
//! Report [`HingeFit::emergence`], which is `None` unless there is a break; the field `c` completes the formula in every
//! case (for a straight line it is where the line would meet chance, which may be far outside the data).
//!
//! ```
//! use onset::stats::hinge::{Hinge, Outcome};
//!
//! let log_compute = [20.5, 21.0, 21.5, 22.0, 22.5, 23.0, 23.5];
//! let new = vec![0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0];
//! let score = [0.25, 0.25, 0.28, 0.25, 0.33, 0.35, 0.43];
//! let fit = Hinge::new().chance(0.25).fit(&log_compute, &score, &[new])?;
//! assert_eq!(fit.outcome, Outcome::Break);
//! assert!((fit.c - 22.0).abs() < 1e-9 && (fit.alpha - 0.1).abs() < 1e-9 && (fit.theta[0] - 0.03).abs() < 1e-9);
//!
//! let decline = Hinge::new().chance(0.25).fit(&[20.0, 21.0, 22.0, 23.0], &[0.40, 0.37, 0.35, 0.33], &[])?;
//! assert_eq!((decline.outcome, decline.emergence()), (Outcome::Flat, None));
//! # Ok::<(), onset::Error>(())
//! ```

mod estimate;
mod shape;
mod solver;

pub use estimate::{HingeEstimate, Outcome};
pub use solver::HingeSolver;

use serde::{Deserialize, Serialize};
use shape::Curve;

use super::curve::{Entry, FittedCurve, jacobian, sum_of_squares};
use super::direction::Direction;
use super::least_squares::{LeastSquares, LeastSquaresFit};
use super::observations::{differences, finite_result, only, shift};
use super::one_break::Shape;
use super::parameter::Parameter;
use super::sample::Sample;
use crate::{Error, Result};

/// Its line in the list of curves.
pub(super) const ENTRY: Entry = Entry {
    name: "hinge",
    formula: "y = chance + alpha·max(0, x − c)",
    frees_chance: true,
    compared: true,
    fit: |levels, sample| Ok(Box::new(Hinge::with_chance(levels.chance).fit_sample(sample)?)),
};

/// A hinge to be fitted. Chance is 0 unless set or freed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Hinge {
    chance: Option<f64>,
    within_data: bool,
    direction: Direction,
}

/// A fitted hinge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HingeFit {
    /// Gain per unit of x (decade of compute) beyond the break. 0 or negative for [`Outcome::Flat`].
    pub alpha: f64,
    /// Where the fitted line leaves chance. An estimate of the point of emergence for [`Outcome::Break`] only: use
    /// [`emergence`](Self::emergence). For a level above chance without slope it is negative infinity.
    #[serde(with = "crate::serial::real")]
    pub c: f64,
    /// One difference per group, 0 for one that is not identified.
    pub theta: Vec<f64>,
    /// Whether the data determine each group's difference: not if the group is empty, or repeats others.
    pub theta_identified: Vec<bool>,
    /// Whether the data determine c. If not (a single x beyond the break, say), other c between the same neighbouring x
    /// fit as well, each with its own α.
    pub c_identified: bool,
    /// Chance, as given or as estimated.
    pub chance: f64,
    /// Weighted sum of squared residuals; infinite when it exceeds the largest `f64`.
    #[serde(with = "crate::serial::real")]
    pub sse: f64,
    /// What was found.
    pub outcome: Outcome,
    /// Number of models of positive weight.
    pub n: usize,
    /// Observed minus fitted, not multiplied by weights.
    pub residuals: Vec<f64>,
    /// Fitted values.
    pub fitted: Vec<f64>,
    curve: Curve,
    sample: Sample,
}

impl Default for Hinge {
    fn default() -> Self {
        Self { chance: Some(0.0), within_data: false, direction: Direction::Rising }
    }
}

impl Hinge {
    /// A hinge that leaves 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// A hinge with chance held at a level, or estimated (`None`).
    pub(crate) fn with_chance(chance: Option<f64>) -> Self {
        Self { chance, ..Self::default() }
    }

    /// Holds chance at `chance`.
    #[must_use]
    pub fn chance(mut self, chance: f64) -> Self {
        self.chance = Some(chance);
        self
    }

    /// Estimates chance as a parameter.
    #[must_use]
    pub fn free_chance(mut self) -> Self {
        self.chance = None;
        self
    }

    /// Whether c may not lie left of the smallest x: the best fit that leaves chance within the data.
    #[must_use]
    pub(crate) fn within_data(mut self, within: bool) -> Self {
        self.within_data = within;
        self
    }

    /// Which way scores leave chance: up, unless they are losses. The curve is the same; what it is called differs, and a
    /// break that goes the other way is no [`Outcome::Break`].
    #[must_use]
    pub(crate) fn direction(mut self, direction: Direction) -> Self {
        self.direction = direction;
        self
    }

    /// Fits scores `y` at `x` (log10 FLOPs; n values each, in any order, ties allowed) with one column of n values per
    /// group (0 or 1, or any covariate).
    ///
    /// # Errors
    /// `NotEnoughModels` for fewer observations of positive weight than parameters, `Undetermined` for a constant `x`,
    /// `Argument` for lengths that differ and values that are not finite.
    pub fn fit(&self, x: &[f64], y: &[f64], groups: &[Vec<f64>]) -> Result<HingeFit> {
        self.fit_sample(&Sample::new(x, y)?.with_groups(groups)?)
    }

    /// The same of a sample, with its weights.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn fit_sample(&self, sample: &Sample) -> Result<HingeFit> {
        let (x, y, groups, weights) = (sample.x(), sample.y(), sample.groups(), sample.weights());
        let mut solver = self.solver(x, groups)?;
        let best = solver.best(y, weights)?;
        let curve = solver.curve(best);
        let theta = &curve.best.theta;
        let (mut fitted, mut residuals) = (Vec::with_capacity(y.len()), Vec::with_capacity(y.len()));
        for (i, (x, y)) in x.iter().zip(y).enumerate() {
            let shift: f64 = theta.iter().zip(groups).map(|(t, g)| t * g[i]).sum();
            let value = curve.value(x - curve.origin) + shift;
            fitted.push(value);
            residuals.push(y - value);
        }
        finite_result(&residuals)?;
        let estimate = curve.estimate();
        Ok(HingeFit {
            alpha: estimate.alpha,
            c: estimate.c,
            theta: estimate.theta,
            theta_identified: estimate.theta_identified,
            c_identified: estimate.c_identified,
            chance: estimate.chance,
            sse: sum_of_squares(&residuals, weights),
            outcome: estimate.outcome,
            n: sample.used(),
            residuals,
            fitted,
            curve,
            sample: sample.clone(),
        })
    }

    /// Binds predictors and groups for repeated fits, each with its scores and weights.
    ///
    /// # Errors
    /// `NotEnoughModels` without observations, `Argument` for lengths that differ and values that are not finite.
    pub fn solver(&self, x: &[f64], groups: &[Vec<f64>]) -> Result<HingeSolver> {
        HingeSolver::new(self.chance, self.within_data, self.direction, x, groups)
    }
}

impl HingeFit {
    /// The point of emergence, log10 FLOPs, if there is one inside the data.
    pub fn emergence(&self) -> Option<f64> {
        (self.outcome == Outcome::Break).then_some(self.c)
    }

    /// The curve at `x` for a model with group values `z` (missing ones count as 0, further ones are ignored).
    pub(crate) fn predict(&self, x: f64, z: &[f64]) -> f64 {
        self.curve.value(x - self.curve.origin) + shift(&self.theta, z)
    }

    /// 1 - SSE / Σ w (y - ȳ)²; `None` for constant scores. Comparable with the R² of a line with intercept.
    pub(crate) fn r_squared(&self) -> Option<f64> {
        FittedCurve::r_squared(self)
    }

    /// Least squares of y - r on the identified groups and max(0, x - c), in this order, without intercept and with c
    /// (and chance) taken as known. Its standard errors and p-values are the published ones; they leave out that c is
    /// estimated. For a level without slope the last column is constant, and without anything above chance it is absent.
    ///
    /// # Errors
    /// `Undetermined` when nothing is left to regress on.
    pub fn conditional_least_squares(&self) -> Result<LeastSquaresFit> {
        let mut names: Vec<Parameter> = differences(&self.theta_identified).collect();
        let mut columns = only(self.sample.groups(), &self.theta_identified);
        match self.curve.best.shape {
            Shape::Plain => {}
            Shape::Constant => {
                names.push(Parameter::Level);
                columns.push(vec![1.0; self.sample.len()]);
            }
            Shape::Line | Shape::Bend => {
                names.push(Parameter::Alpha);
                let from_break = |x: &f64| (x - self.curve.origin - self.curve.break_position()).max(0.0);
                columns.push(self.sample.x().iter().map(from_break).collect());
            }
        }
        if columns.is_empty() {
            return Err(Error::Undetermined("nothing rises and there is no group: nothing to regress on".into()));
        }
        let y: Vec<f64> = self.fitted.iter().zip(&self.residuals).map(|(f, e)| (f - self.chance) + e).collect();
        LeastSquares::fit_named(&names, &columns, &y, self.sample.weights())
    }
}

impl FittedCurve for HingeFit {
    /// `alpha` and `c` where there is a break; for a straight line `alpha` and `start`, the score of the smallest model,
    /// in place of c; for a constant level `start` alone; then the groups, and `chance` if it was free. What the data do
    /// not determine is left out.
    fn names(&self) -> Vec<Parameter> {
        let mut names: Vec<Parameter> = self.curve.lead().iter().map(|p| p.parameter()).collect();
        names.extend(differences(&self.theta_identified));
        names.extend(self.curve.chance_free.then_some(Parameter::Chance));
        names
    }

    fn estimates(&self) -> Vec<f64> {
        let mut values: Vec<f64> = self.curve.lead().iter().map(|p| self.curve.estimate_of(*p)).collect();
        values.extend(only(&self.theta, &self.theta_identified));
        values.extend(self.curve.chance_free.then_some(self.chance));
        values
    }

    /// Columns max(0, x - c), -α·1{x > c}, the identified groups, and 1 where chance is free; for a straight line
    /// x - min x and 1 in place of the first two.
    fn jacobian(&self) -> Vec<Vec<f64>> {
        jacobian(self, &self.sample)
    }

    fn residuals(&self) -> &[f64] {
        &self.residuals
    }

    fn fitted(&self) -> &[f64] {
        &self.fitted
    }

    fn weights(&self) -> Option<&[f64]> {
        self.sample.weights()
    }

    fn sse(&self) -> f64 {
        self.sse
    }

    fn free_parameters(&self) -> usize {
        2 + self.theta.len() + usize::from(self.curve.chance_free)
    }

    fn predict(&self, x: f64, z: &[f64]) -> f64 {
        HingeFit::predict(self, x, z)
    }

    fn gradient(&self, x: f64, z: &[f64]) -> Vec<f64> {
        let d = x - self.curve.origin;
        let mut row: Vec<f64> = self.curve.lead().iter().map(|p| self.curve.derivative(*p, d)).collect();
        let known = |k: &usize| self.theta_identified[*k];
        row.extend((0..self.theta.len()).filter(known).map(|k| z.get(k).copied().unwrap_or(0.0)));
        row.extend(self.curve.chance_free.then_some(1.0));
        row
    }
}
