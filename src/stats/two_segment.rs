//! The two-segment fit behind the published emergence panels: a level at chance, then a straight line.
//!
//!   y = r + s·max(0, t − b),  t = ln C (natural logarithm)
//!
//! For a given break b the slope is that of least squares, s = Σ h(y − r) / Σ h² with h = max(0, t − b). The break,
//! however, is not: the published code forces the curve through two points at chance left of the data with Lagrange
//! multipliers ζ, and the package it uses (pwlf) chooses the break that minimises SSE + Σ|Cᵀζ| instead of SSE. Because
//! the multipliers satisfy Cᵀζ = 2Aᵀe at the constrained optimum (A the basis 1, t − min t, max(0, t − b); e the
//! residuals), the criterion has a closed form:
//!
//!   L(b) = Σe² + 2|Σe| + 2|Σ (t − min t) e|
//!
//! It prefers breaks whose residuals sum to about zero. The break of least squares is that of
//! [`Hinge`](super::hinge::Hinge) with fixed chance; both are reported side by side. Source: arXiv 2407.07890, emergence
//! figure; Jekel and Venter (2019), "pwlf: a Python library for fitting 1D continuous piecewise linear functions".

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The fit to be made: the level of the first segment.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct TwoSegment {
    chance: f64,
}

/// A fitted pair of segments.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub(crate) struct TwoSegmentFit {
    /// Level of the first segment.
    pub chance: f64,
    /// Where the second begins, in units of t.
    pub break_at: f64,
    /// Slope of the second, score per unit of t.
    pub slope: f64,
    /// Sum of squared residuals.
    #[serde(with = "crate::serial::real")]
    pub sse: f64,
    /// Number of observations.
    pub n: usize,
}

/// Trial breaks over the range of t; the criterion has a few valleys, each many times wider than the distance of two.
const TRIALS: usize = 2_000;

impl TwoSegment {
    /// A first segment at `chance`.
    #[must_use]
    pub(crate) fn new(chance: f64) -> Self {
        Self { chance }
    }

    /// Fits scores `y` at `t`. The break lies between the smallest and the largest t.
    ///
    /// # Errors
    /// [`Error::Argument`] for lengths that differ or values that are not finite, [`Error::NotEnoughModels`] below two
    /// observations, [`Error::Undetermined`] when t does not vary.
    pub(crate) fn fit(&self, t: &[f64], y: &[f64]) -> Result<TwoSegmentFit> {
        if t.len() != y.len() {
            return Err(Error::Argument(format!("{} predictor values for {} scores", t.len(), y.len())));
        }
        if t.iter().chain(y).chain([&self.chance]).any(|v| !v.is_finite()) {
            return Err(Error::Argument("a predictor or a score is not a finite number".into()));
        }
        if t.len() < 2 {
            return Err(Error::NotEnoughModels { have: t.len(), need: 2 });
        }
        let low = t.iter().copied().fold(f64::INFINITY, f64::min);
        let high = t.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if low >= high {
            return Err(Error::Undetermined("compute is the same for every model".into()));
        }
        let criterion = |b: f64| self.at(t, y, low, b).1;
        let step = (high - low) / TRIALS as f64;
        let trial = |k: usize| low + step * k as f64;
        // The last trial is the largest t itself, beyond which no observation lies: the slope is not determined there.
        let best = (0..TRIALS).min_by(|&a, &b| criterion(trial(a)).total_cmp(&criterion(trial(b)))).unwrap_or(0);
        let break_at = golden_section(criterion, (trial(best) - step).max(low), (trial(best) + step).min(high));
        let (fit, _) = self.at(t, y, low, break_at);
        Ok(fit)
    }

    /// The fit with a given break, and the published criterion.
    fn at(&self, t: &[f64], y: &[f64], low: f64, b: f64) -> (TwoSegmentFit, f64) {
        let (mut hy, mut hh) = (0.0, 0.0);
        for (t, y) in t.iter().zip(y) {
            let h = (t - b).max(0.0);
            hy += h * (y - self.chance);
            hh += h * h;
        }
        let slope = if hh > 0.0 { hy / hh } else { 0.0 };
        let (mut sse, mut sum, mut moment) = (0.0, 0.0, 0.0);
        for (t, y) in t.iter().zip(y) {
            let e = y - self.chance - slope * (t - b).max(0.0);
            sse += e * e;
            sum += e;
            moment += (t - low) * e;
        }
        let fit = TwoSegmentFit { chance: self.chance, break_at: b, slope, sse, n: t.len() };
        (fit, sse + 2.0 * sum.abs() + 2.0 * moment.abs())
    }
}

impl TwoSegmentFit {
    /// The curve at `t`.
    #[must_use]
    pub(crate) fn predict(&self, t: f64) -> f64 {
        self.chance + self.slope * (t - self.break_at).max(0.0)
    }
}

/// The smallest value of a function with one valley between `low` and `high`, to rounding.
fn golden_section(f: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    let shrink = f64::midpoint(5f64.sqrt(), -1.0);
    let (mut a, mut b) = (high - shrink * (high - low), low + shrink * (high - low));
    let (mut fa, mut fb) = (f(a), f(b));
    // 0.618^80 is below the spacing of doubles.
    for _ in 0..80 {
        if fa <= fb {
            (high, b, fb) = (b, a, fa);
            a = high - shrink * (high - low);
            fa = f(a);
        } else {
            (low, a, fa) = (a, b, fb);
            b = low + shrink * (high - low);
            fb = f(b);
        }
    }
    f64::midpoint(low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_holds() -> crate::Result<()> {
        use crate::stats::two_segment::TwoSegment;

        let t = [46.0, 47.0, 48.0, 49.0, 50.0, 51.0];
        let y = [0.25, 0.25, 0.25, 0.35, 0.45, 0.55];
        let fit = TwoSegment::new(0.25).fit(&t, &y)?;
        assert!((fit.break_at - 48.0).abs() < 1e-6 && (fit.slope - 0.1).abs() < 1e-6);
        Ok(())
    }

    #[test]
    fn the_criterion_is_the_penalised_one_and_not_least_squares() {
        let t = [46.0, 47.0, 48.0, 48.5, 49.0, 50.0, 51.0];
        let y = [0.27, 0.26, 0.29, 0.27, 0.36, 0.44, 0.56];
        let two = TwoSegment::new(0.25);
        let fit = two.fit(&t, &y).expect("a fit");
        let value = |b: f64| two.at(&t, &y, 46.0, b).1;
        for k in 0..500 {
            assert!(value(fit.break_at) <= value(46.0 + 0.01 * f64::from(k)) + 1e-12, "{k}");
        }
        let least_squares = (0..5000).map(|k| two.at(&t, &y, 46.0, 46.0 + 0.001 * f64::from(k)).0.sse);
        assert!(least_squares.fold(f64::INFINITY, f64::min) < fit.sse);
    }

    #[test]
    fn data_that_cannot_have_a_break_are_refused() {
        let two = TwoSegment::new(0.0);
        assert!(matches!(two.fit(&[1.0], &[0.1]), Err(Error::NotEnoughModels { .. })));
        assert!(matches!(two.fit(&[1.0, 1.0], &[0.1, 0.2]), Err(Error::Undetermined(_))));
        assert!(matches!(two.fit(&[1.0, f64::NAN], &[0.1, 0.2]), Err(Error::Argument(_))));
        assert!(matches!(two.fit(&[1.0, 2.0], &[0.1]), Err(Error::Argument(_))));
    }
}
