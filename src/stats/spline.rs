//! The fixed-knot spline of the published causal tables.
//!
//!   y = β0 + Σ θ_k z_k + β1 min(x, 22) + β2 clamp(x - 22, 0, 1) + β3 max(0, x - 23)
//!
//! a continuous line in log10 compute with knots at 10^22 and 10^23 FLOPs, by ordinary least squares (arXiv 2407.07890,
//! the tables of direct and mediated effects; the source adjusts for compute without assuming a hinge). Other knots may
//! be given.

use serde::{Deserialize, Serialize};

use super::curve::{FittedCurve, answer_by_least_squares};
use super::least_squares::{LeastSquares, LeastSquaresFit};
use super::observations::{differences, identified_among, only, shift, spread};
use super::parameter::Parameter;
use super::sample::Sample;
use crate::Result;

/// A spline to be fitted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spline {
    knots: Vec<f64>,
}

/// A fitted spline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub(crate) struct SplineFit {
    /// One difference per group, 0 for one that is not identified.
    pub theta: Vec<f64>,
    /// Whether the data determine each group's difference.
    pub theta_identified: Vec<bool>,
    /// The regression behind it: columns intercept, identified groups, one per segment, with standard errors and p-values.
    pub least_squares: LeastSquaresFit,
    knots: Vec<f64>,
    names: Vec<Parameter>,
}

impl Spline {
    /// The published one: knots at 22 and 23.
    pub(crate) fn paper() -> Self {
        Self { knots: vec![22.0, 23.0] }
    }

    /// Knots of your own, increasing.
    ///
    /// # Errors
    /// `Argument` unless the knots are finite and increase.
    #[cfg(test)]
    pub(crate) fn new(knots: &[f64]) -> Result<Self> {
        if knots.iter().any(|k| !k.is_finite()) || knots.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(crate::Error::Argument("the knots of a spline must be finite and increase".into()));
        }
        Ok(Self { knots: knots.to_vec() })
    }

    /// Fits scores `y` at `x` (log10 FLOPs) with one column of n values per group.
    ///
    /// # Errors
    /// `NotEnoughModels` for fewer observations than coefficients, `Undetermined` naming the segment without enough
    /// different x, `Argument` for lengths that differ or values that are not finite.
    pub(crate) fn fit(&self, x: &[f64], y: &[f64], groups: &[Vec<f64>]) -> Result<SplineFit> {
        self.fit_sample(&Sample::new(x, y)?.with_groups(groups)?)
    }

    /// The same of a sample, with its weights.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub(crate) fn fit_sample(&self, sample: &Sample) -> Result<SplineFit> {
        let (x, groups, weights) = (sample.x(), sample.groups(), sample.weights());
        let mut columns = vec![vec![1.0; x.len()]];
        let segments = (0..=self.knots.len()).map(|j| x.iter().map(|x| segment(&self.knots, j, *x)).collect());
        columns.extend(segments);
        let identified = identified_among(&columns, groups, weights)?;
        columns.splice(1..1, only(groups, &identified));
        let mut names = vec![Parameter::Intercept];
        names.extend(differences(&identified));
        names.extend((0..=self.knots.len()).map(Parameter::SegmentSlope));
        let least_squares = LeastSquares::fit_named(&names, &columns, sample.y(), weights)?;
        let known = identified.iter().filter(|k| **k).count();
        let theta = spread(&least_squares.coefficients[1..1 + known], &identified);
        Ok(SplineFit { theta, theta_identified: identified, least_squares, knots: self.knots.clone(), names })
    }
}

/// The part of x that lies in segment j; the first starts at zero.
fn segment(knots: &[f64], j: usize, x: f64) -> f64 {
    let low = if j == 0 { None } else { knots.get(j - 1) };
    let from_low = low.map_or(x, |low| (x - low).max(0.0));
    match (knots.get(j), low) {
        (Some(high), Some(low)) => from_low.min(high - low),
        (Some(high), None) => from_low.min(*high),
        (None, _) => from_low,
    }
}

impl FittedCurve for SplineFit {
    answer_by_least_squares!();

    fn free_parameters(&self) -> usize {
        2 + self.knots.len() + self.theta.len()
    }

    fn predict(&self, x: f64, z: &[f64]) -> f64 {
        let known = self.theta_identified.iter().filter(|k| **k).count();
        let coefficients = &self.least_squares.coefficients;
        let slopes = coefficients[1 + known..].iter().enumerate();
        coefficients[0] + shift(&self.theta, z) + slopes.map(|(j, b)| b * segment(&self.knots, j, x)).sum::<f64>()
    }

    fn gradient(&self, x: f64, z: &[f64]) -> Vec<f64> {
        let mut row = vec![1.0];
        let known = |k: &usize| self.theta_identified[*k];
        row.extend((0..self.theta.len()).filter(known).map(|k| z.get(k).copied().unwrap_or(0.0)));
        row.extend((0..=self.knots.len()).map(|j| segment(&self.knots, j, x)));
        row
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_example_holds() -> crate::Result<()> {
        use crate::stats::curve::FittedCurve;
        use crate::stats::spline::Spline;

        let x = [20.0, 21.0, 22.0, 22.5, 23.0, 23.5, 24.0];
        let y = [0.25, 0.26, 0.27, 0.32, 0.37, 0.47, 0.57];
        let fit = Spline::paper().fit(&x, &y, &[])?;
        assert_eq!(
            fit.names().iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["intercept", "slope_1", "slope_2", "slope_3"]
        );
        assert!((fit.predict(22.25, &[]) - 0.295).abs() < 1e-12);
        Ok(())
    }
}
