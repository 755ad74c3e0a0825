//! What was found, with its numbers: written as JSON, read again by the same types.

use serde::{Deserialize, Serialize};

use crate::registry::modelset::ClusterBy;
use crate::stats::estimate::Estimate;
use crate::stats::loss_law::{LossLawQuantity, Robust};
use crate::stats::random::Seed;
use crate::{Error, Result};

/// Name of the report's layout.
pub(super) const SCHEMA: &str = "onset.loss_law";
/// Its version; it changes when a field changes its meaning or goes.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// A law of loss, and what follows from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LossLawReport {
    pub(super) schema: String,
    pub(super) schema_version: u32,
    /// Version of the program.
    pub onset: String,
    /// The tables.
    pub tables: Vec<String>,
    /// What the loss is called there.
    pub loss_name: String,
    /// What points are clustered by.
    pub clustered_by: ClusterBy,
    /// How many clusters there are: runs, families, or points.
    pub clusters: usize,
    /// How residuals of ln L count.
    pub robust: Robust,
    /// The sum of what they count.
    pub objective: f64,
    /// Whether it is a minimum. If not, it is the best point that was found.
    pub converged: bool,
    /// E, the loss that no size and no data take away.
    pub e: Estimate,
    /// A, with N in parameters.
    pub a: Estimate,
    /// B, with D in tokens.
    pub b: Estimate,
    /// α, the exponent of size.
    pub alpha: Estimate,
    /// β, the exponent of data.
    pub beta: Estimate,
    /// β/(α+β): the best number of parameters grows with compute to this power.
    pub params_exponent: Estimate,
    /// α/(α+β): the best number of tokens grows with compute to this power.
    pub tokens_exponent: Estimate,
    /// The best parameters and tokens of every budget.
    pub allocations: Vec<Allocation>,
    /// Those of the figure: over the compute of the points and the budgets.
    pub line: Vec<Allocation>,
    /// Resamples behind every interval.
    pub resamples: usize,
    /// Resamples that have a law; the others are left out.
    pub resamples_fitted: usize,
    /// Level of every interval.
    pub level: f64,
    /// Seed of every draw.
    pub seed: Seed,
    /// The points, in the order of the tables.
    pub points: Vec<LossPoint>,
    /// Rows that are no points, and why.
    pub left_out: Vec<String>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// Parameters and tokens with which the loss of a budget is smallest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Allocation {
    /// The budget in FLOPs, C = 6ND.
    pub compute: f64,
    /// Whether it lies outside the compute of the points.
    pub extrapolated: bool,
    /// Parameters.
    pub params: Estimate,
    /// Training tokens.
    pub tokens: Estimate,
    /// Tokens per parameter.
    pub tokens_per_param: Estimate,
    /// The loss there.
    pub loss: Estimate,
}

/// One trained model and its loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LossPoint {
    /// Its name.
    pub model: String,
    /// What it shares with points that it is not independent of.
    pub cluster: String,
    /// Parameters.
    pub params: f64,
    /// Training tokens.
    pub tokens: f64,
    /// The loss.
    pub loss: f64,
    /// The loss that the law gives.
    pub fitted: f64,
    /// ln loss − ln fitted.
    pub residual: f64,
}

impl LossPoint {
    /// 6ND.
    pub(crate) fn compute(&self) -> f64 {
        6.0 * self.params * self.tokens
    }
}

impl LossLawReport {
    /// Every estimate with what it is of, and the budget that it belongs to.
    pub(crate) fn estimates(&self) -> Vec<(LossLawQuantity, Option<&Allocation>, &Estimate)> {
        use LossLawQuantity as Of;
        let law = [
            (Of::E, &self.e),
            (Of::A, &self.a),
            (Of::B, &self.b),
            (Of::Alpha, &self.alpha),
            (Of::Beta, &self.beta),
            (Of::ParamsExponent, &self.params_exponent),
            (Of::TokensExponent, &self.tokens_exponent),
        ];
        let of_budgets = self.allocations.iter().enumerate().flat_map(|(k, at)| {
            [
                (Of::Params(k), Some(at), &at.params),
                (Of::Tokens(k), Some(at), &at.tokens),
                (Of::Ratio(k), Some(at), &at.tokens_per_param),
                (Of::Loss(k), Some(at), &at.loss),
            ]
        });
        law.into_iter().map(|(of, estimate)| (of, None, estimate)).chain(of_budgets).collect()
    }

    /// The report as JSON, indented, with a line end; docs/formats.md describes the fields. What does not exist is `null`,
    /// never NaN.
    ///
    /// # Errors
    /// [`Error::Undetermined`] when it cannot be written as JSON.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self)
            .map(|text| text + "\n")
            .map_err(|e| Error::Undetermined(format!("the report cannot be written as JSON: {e}")))
    }
}
