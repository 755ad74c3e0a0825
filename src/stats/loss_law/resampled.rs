//! The fit to points drawn anew.

use super::fit::{LossLaw, LossLawFit};
use super::law::LossLawParameters;
use super::points::Points;
use crate::Result;
use crate::stats::bootstrap::{Bootstrap, Replicates};
use crate::stats::clusters::Clusters;

/// What is computed from every resample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LossLawQuantity {
    /// E.
    E,
    /// A.
    A,
    /// B.
    B,
    /// α.
    Alpha,
    /// β.
    Beta,
    /// β/(α+β), with which the best number of parameters grows with compute.
    ParamsExponent,
    /// α/(α+β), with which the best number of tokens does.
    TokensExponent,
    /// The best number of parameters for the budget of this place.
    Params(usize),
    /// The best number of tokens for it.
    Tokens(usize),
    /// Tokens per parameter there.
    Ratio(usize),
    /// The loss there.
    Loss(usize),
}

impl LossLawQuantity {
    /// Its place among the replicates.
    pub fn place(self) -> usize {
        match self {
            Self::E => 0,
            Self::A => 1,
            Self::B => 2,
            Self::Alpha => 3,
            Self::Beta => 4,
            Self::ParamsExponent => 5,
            Self::TokensExponent => 6,
            Self::Params(k) => 7 + 4 * k,
            Self::Tokens(k) => 8 + 4 * k,
            Self::Ratio(k) => 9 + 4 * k,
            Self::Loss(k) => 10 + 4 * k,
        }
    }

    /// How many there are with so many budgets.
    fn count(budgets: usize) -> usize {
        Self::Params(budgets).place()
    }
}

impl LossLawParameters {
    /// Every quantity, in the order of their places; NaN where it is undefined.
    pub(crate) fn quantities(&self, budgets: &[f64]) -> Vec<f64> {
        let mut all = vec![self.e, self.a, self.b, self.alpha, self.beta];
        let exponents = self.exponents().map_or([f64::NAN; 2], |(params, tokens)| [params, tokens]);
        all.extend(exponents);
        for compute in budgets {
            let best = self.optimum(*compute);
            all.extend(best.map_or([f64::NAN; 4], |(n, d)| [n, d, d / n, self.loss(n, d)]));
        }
        all
    }
}

impl LossLaw {
    /// Draws clusters of points (runs) with replacement and fits the law to each resample, from the fit to all points on;
    /// `budgets` are numbers of FLOPs. [`LossLawQuantity`] says where each quantity stands.
    ///
    /// # Errors
    /// Those of [`fit`](Self::fit) and of [`Bootstrap::pairs`].
    pub fn bootstrap(
        &self,
        bootstrap: &Bootstrap,
        fit: &LossLawFit,
        [params, tokens, loss]: [&[f64]; 3],
        clusters: &Clusters,
        budgets: &[f64],
    ) -> Result<Replicates> {
        let points = Points::new(params, tokens, loss)?;
        let start = points.place(&fit.law);
        let quantities = LossLawQuantity::count(budgets.len());
        bootstrap.pairs(
            clusters,
            quantities,
            || (),
            |(), weights, out| {
                let drawn = points.drawn(weights);
                if !drawn.can_be_fitted() {
                    return false;
                }
                // Where E runs off to 0 there is no minimum, and the rest of the law is there all the same.
                let (place, _) = self.minimum(&drawn, start);
                out.copy_from_slice(&drawn.law(&place).quantities(budgets));
                place.iter().all(|value| value.is_finite())
            },
        )
    }
}
