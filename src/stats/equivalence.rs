//! Are two groups equal for practical purposes? A difference that is not significant does not say so; this does.
//!
//! Two one-sided tests (Schuirmann 1987): reject θ <= -δ and θ >= δ, each at 5 %, with t = (θ̂ ± δ)/se on the degrees of
//! freedom of the standard error; p is the larger of the two. The smallest margin at which equivalence holds is
//!
//!   δ* = |θ̂| + t(0.95, df) se

use serde::{Deserialize, Serialize};

use super::distribution::{student_quantile, student_upper};
use crate::{Error, Result};

/// An equivalence test with the margin its user names.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Equivalence {
    margin: f64,
    size: f64,
}

/// Its outcome.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EquivalenceTest {
    /// The margin δ, in units of the score.
    pub margin: f64,
    /// p-value of the hypothesis that the difference is -δ or below.
    pub p_below: f64,
    /// p-value of the hypothesis that the difference is δ or above.
    pub p_above: f64,
    /// The larger of the two.
    pub p_value: f64,
    /// Whether the difference lies within the margin, at the size asked for.
    pub equivalent: bool,
    /// The smallest margin at which it would.
    pub smallest_margin: f64,
}

impl Equivalence {
    /// At 5 %, with a positive `margin` in units of the score.
    ///
    /// # Errors
    /// `Argument` unless `margin` is positive and finite.
    pub(crate) fn new(margin: f64) -> Result<Self> {
        if !(margin > 0.0 && margin.is_finite()) {
            return Err(Error::Argument(format!("an equivalence margin is a positive number, not {margin}")));
        }
        Ok(Self { margin, size: 0.05 })
    }

    /// Tests a difference estimated as `estimate` with standard error `se` on `df` degrees of freedom.
    ///
    /// # Errors
    /// `Undetermined` when the standard error or its degrees of freedom are not positive; `Argument` for a size outside
    /// (0, 1).
    pub(crate) fn test(&self, estimate: f64, se: f64, df: f64) -> Result<EquivalenceTest> {
        let smallest_margin = smallest_margin(estimate, se, df, self.size)?;
        let tail = |t: f64| student_upper(t, df).ok_or_else(unknown);
        let (p_below, p_above) = (tail((estimate + self.margin) / se)?, tail((self.margin - estimate) / se)?);
        let p_value = p_below.max(p_above);
        Ok(EquivalenceTest {
            margin: self.margin,
            p_below,
            p_above,
            p_value,
            equivalent: p_value <= self.size,
            smallest_margin,
        })
    }
}

/// |estimate| + t(1-size, df) se.
///
/// # Errors
/// As [`Equivalence::test`].
pub(crate) fn smallest_margin(estimate: f64, se: f64, df: f64, size: f64) -> Result<f64> {
    if !(size > 0.0 && size < 1.0) {
        return Err(Error::Argument(format!("the size of a test lies between 0 and 1, not {size}")));
    }
    if !(se > 0.0 && se.is_finite() && estimate.is_finite()) {
        return Err(unknown());
    }
    let margin = estimate.abs() + student_quantile(1.0 - size, df).ok_or_else(unknown)? * se;
    margin.is_finite().then_some(margin).ok_or_else(unknown)
}

fn unknown() -> Error {
    Error::Undetermined("no equivalence test: the difference has no standard error".into())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_example_holds() -> crate::Result<()> {
        use crate::stats::equivalence::Equivalence;
        let answer = Equivalence::new(0.02)?.test(-0.005, 0.006, 12.0)?;
        assert!(answer.equivalent && answer.smallest_margin < 0.02);
        assert!(!Equivalence::new(0.01)?.test(-0.005, 0.006, 12.0)?.equivalent);
        Ok(())
    }
}
