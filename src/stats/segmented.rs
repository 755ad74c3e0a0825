//! Two free lines that meet: score against log compute with a break in slope.
//!
//!   y = β0 + β1 x + δ max(0, x - c) + Σ θ_k z_k + ε
//!
//! What the R package `segmented` fits by iteration from a starting value (Muggeo 2003, "Estimating regression models
//! with unknown break-points"), here by the exact solver that fits the [hinge](super::hinge): the global least-squares
//! optimum, without starting values. The slope left of c is β1, right of it β1 + δ.
//!
//! ```
//! use onset::stats::segmented::Segmented;
//!
//! let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
//! let y = [2.0, 2.5, 3.0, 5.0, 8.0, 11.0];
//! let fit = Segmented::new().fit(&x, &y, &[])?;
//! assert!((fit.c - 3.4).abs() < 1e-12 && (fit.slope - 0.5).abs() < 1e-12 && (fit.delta - 2.5).abs() < 1e-12);
//! # Ok::<(), onset::Error>(())
//! ```

use serde::{Deserialize, Serialize};

use super::curve::{Entry, FittedCurve, jacobian, sum_of_squares};
use super::observations::{differences, finite_result, only, shift};
use super::one_break::{Best, Left, OneBreak, Shape};
use super::parameter::Parameter;
use super::sample::Sample;
use crate::Result;

/// Its line in the list of curves.
pub(super) const ENTRY: Entry = Entry {
    name: "segmented",
    formula: "y = intercept + slope·x + delta·max(0, x − c)",
    frees_chance: true,
    compared: true,
    fit: |_, sample| Ok(Box::new(Segmented::new().fit_sample(sample)?)),
};

/// Two lines to be fitted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Segmented;

/// Two fitted lines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SegmentedFit {
    /// The left line at x = 0.
    pub intercept: f64,
    /// Slope left of the break.
    pub slope: f64,
    /// Slope right of the break minus `slope`; 0 where no break improves on one line.
    pub delta: f64,
    /// The break, inside the range of x; the largest x where no break improves on one line.
    #[serde(with = "crate::serial::real")]
    pub c: f64,
    /// Whether the data determine c. If not (a single x on one side of it, or no break at all), other c between the same
    /// neighbouring x fit as well.
    pub c_identified: bool,
    /// One difference per group, 0 for one that is not identified.
    pub theta: Vec<f64>,
    /// Whether the data determine each group's difference.
    pub theta_identified: Vec<bool>,
    /// Weighted sum of squared residuals; infinite when it exceeds the largest `f64`.
    #[serde(with = "crate::serial::real")]
    pub sse: f64,
    /// Number of observations of positive weight.
    pub n: usize,
    /// Observed minus fitted, not multiplied by weights.
    pub residuals: Vec<f64>,
    /// Fitted values.
    pub fitted: Vec<f64>,
    best: Best,
    origin: f64,
    sample: Sample,
}

impl Segmented {
    /// Two lines.
    pub fn new() -> Self {
        Self
    }

    /// Fits scores `y` at `x` (n values each, in any order, ties allowed) with one column of n values per group.
    ///
    /// # Errors
    /// `NotEnoughModels` for fewer observations of positive weight than parameters, `Undetermined` for a constant `x`,
    /// `Argument` for lengths that differ and values that are not finite.
    pub fn fit(&self, x: &[f64], y: &[f64], groups: &[Vec<f64>]) -> Result<SegmentedFit> {
        self.fit_sample(&Sample::new(x, y)?.with_groups(groups)?)
    }

    /// The same of a sample, with its weights.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn fit_sample(&self, sample: &Sample) -> Result<SegmentedFit> {
        let (x, y, groups, weights) = (sample.x(), sample.y(), sample.groups(), sample.weights());
        let mut solver = OneBreak::new(Left::Line, true, x, groups)?;
        let best = solver.solve(y, weights)?;
        let origin = solver.origin();
        let (mut fitted, mut residuals) = (Vec::with_capacity(y.len()), Vec::with_capacity(y.len()));
        for (i, (x, y)) in x.iter().zip(y).enumerate() {
            let shift: f64 = best.theta.iter().zip(groups).map(|(t, g)| t * g[i]).sum();
            let value = value(&best, x - origin) + shift;
            fitted.push(value);
            residuals.push(y - value);
        }
        finite_result(residuals.iter().chain([&best.alpha, &best.slope, &best.level]))?;
        Ok(SegmentedFit {
            intercept: best.level - best.slope * origin,
            slope: best.slope,
            delta: best.alpha,
            c: origin + best.c,
            c_identified: best.shape == Shape::Bend && best.c_identified,
            theta: best.theta.clone(),
            theta_identified: best.identified.clone(),
            sse: sum_of_squares(&residuals, weights),
            n: sample.used(),
            residuals,
            fitted,
            best,
            origin,
            sample: sample.clone(),
        })
    }
}

impl SegmentedFit {
    /// The curve at `x` for a model with group values `z` (missing ones count as 0, further ones are ignored).
    pub(crate) fn predict(&self, x: f64, z: &[f64]) -> f64 {
        value(&self.best, x - self.origin) + shift(&self.theta, z)
    }
}

/// The curve without groups at `d` from the origin.
fn value(best: &Best, d: f64) -> f64 {
    best.level + best.slope * d + best.alpha * (d - best.c).max(0.0)
}

impl FittedCurve for SegmentedFit {
    /// `intercept`, `slope`, `delta`, `c`, groups; without `c` where it is not identified, and without `delta` where no
    /// break improves on one line.
    fn names(&self) -> Vec<Parameter> {
        let mut names = vec![Parameter::Intercept, Parameter::Slope];
        names.extend((self.best.shape == Shape::Bend).then_some(Parameter::Delta));
        names.extend(self.c_identified.then_some(Parameter::C));
        names.extend(differences(&self.theta_identified));
        names
    }

    fn estimates(&self) -> Vec<f64> {
        let mut values = vec![self.intercept, self.slope];
        values.extend((self.best.shape == Shape::Bend).then_some(self.delta));
        values.extend(self.c_identified.then_some(self.c));
        values.extend(only(&self.theta, &self.theta_identified));
        values
    }

    /// Columns 1, x, max(0, x - c), -δ·1{x > c} and the identified groups.
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
        4 + self.theta.len()
    }

    fn predict(&self, x: f64, z: &[f64]) -> f64 {
        SegmentedFit::predict(self, x, z)
    }

    fn gradient(&self, x: f64, z: &[f64]) -> Vec<f64> {
        let beyond = x - self.origin - self.best.c;
        let mut row = vec![1.0, x];
        row.extend((self.best.shape == Shape::Bend).then_some(beyond.max(0.0)));
        row.extend(self.c_identified.then_some(-self.delta * f64::from(u8::from(beyond > 0.0))));
        let known = |k: &usize| self.theta_identified[*k];
        row.extend((0..self.theta.len()).filter(known).map(|k| z.get(k).copied().unwrap_or(0.0)));
        row
    }
}
