//! What a fit of the hinge gives.

use serde::{Deserialize, Serialize};

use crate::serial::read_by_name;

/// What a fit found; see the [module](super).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Scores rise from a point inside the observed range of compute.
    Break,
    /// Scores rise over the whole observed range: c is at or below the smallest x.
    NoBreak,
    /// Nothing rises.
    Flat,
}

impl Outcome {
    /// The name in files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Break => "break",
            Self::NoBreak => "no_break",
            Self::Flat => "flat",
        }
    }
}

read_by_name!(Outcome, "outcome", [Outcome::Break, Outcome::NoBreak, Outcome::Flat]);

/// The estimates of a hinge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HingeEstimate {
    /// Gain per unit of x (decade of compute) beyond the break. 0 or negative for [`Outcome::Flat`].
    pub alpha: f64,
    /// Where the fitted line leaves chance. An estimate of the point of emergence for [`Outcome::Break`] only.
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
    /// Weighted sum of squared residuals.
    #[serde(with = "crate::serial::real")]
    pub sse: f64,
    /// What was found.
    pub outcome: Outcome,
}
