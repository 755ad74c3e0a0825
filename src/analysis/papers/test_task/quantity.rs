//! A recomputed number, what is known about it, and where it belongs.

use crate::analysis::scaling::{Scored, families};

/// A number and how well the data determine it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Estimate {
    /// Value at full precision; `None` where the data do not determine one.
    pub value: Option<f64>,
    /// Lower end of the 95 % interval; `None` when there is none, or no bound within the data.
    pub low: Option<f64>,
    /// Upper end of the interval.
    pub high: Option<f64>,
    /// Two-sided p-value of zero, where there is one.
    pub p_value: Option<f64>,
    /// For differences: the smallest margin at which it would count as equivalent to none at 5 %.
    pub margin: Option<f64>,
    /// What the computation itself has to say about it.
    pub remark: Option<String>,
}

impl Estimate {
    /// A number alone.
    #[must_use]
    pub fn bare(value: f64) -> Self {
        Self { value: Some(value), ..Self::default() }
    }

    /// Whether the interval leaves out zero; `None` without both ends.
    #[must_use]
    pub fn excludes_zero(&self) -> Option<bool> {
        Some(self.low? > 0.0 || self.high? < 0.0)
    }
}

/// A number of the paper computed again.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantity {
    /// Figure or table that prints it.
    pub figure: String,
    /// Panel or row.
    pub item: String,
    /// Name, e.g. `theta`.
    pub quantity: String,
    /// The number.
    pub estimate: Estimate,
    /// Models it is computed from.
    pub models: usize,
    /// Families among them.
    pub families: usize,
}

impl Quantity {
    /// A number computed from `scores`.
    pub(super) fn of(figure: &str, item: &str, quantity: &str, estimate: Estimate, scores: &[Scored<'_>]) -> Self {
        Self {
            figure: figure.into(),
            item: item.into(),
            quantity: quantity.into(),
            estimate,
            models: scores.len(),
            families: families(scores),
        }
    }
}
