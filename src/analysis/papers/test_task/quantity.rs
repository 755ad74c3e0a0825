//! A recomputed number, what is known about it, and where it belongs.

use std::fmt;
use std::str::FromStr;

use super::exhibit::Exhibit;
use super::item::Item;
use crate::analysis::scaling::{Scored, families};
use crate::error::{Error, Result};
use crate::stats::estimate::Estimate;

/// A number as a computation returns it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Recomputed {
    /// The number at full precision with its 95 % interval.
    pub(super) estimate: Estimate,
    /// For differences: the smallest margin at which it would count as equivalent to none at 5 %.
    pub(super) margin: Option<f64>,
    /// What the computation itself has to say about it.
    pub(super) remark: Option<Remark>,
}

impl From<Estimate> for Recomputed {
    fn from(estimate: Estimate) -> Self {
        Self { estimate, ..Self::default() }
    }
}

/// What a computation has to say about its number.
#[derive(Debug, Clone, PartialEq)]
pub enum Remark {
    /// The published optimiser does not reach the best fit.
    StopsShort {
        /// θ at the best fit.
        theta: f64,
        /// Sum of squared residuals there.
        best: f64,
        /// The same where the optimiser stops.
        reached: f64,
    },
    /// Anything else, as a sentence.
    Sentence(String),
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StopsShort { theta, best, reached } => write!(
                f,
                "The published local optimiser stops short of the best fit: the global optimum has θ = {theta:.4} \
                 (SSE {best:.4} for {reached:.4})."
            ),
            Self::Sentence(sentence) => f.write_str(sentence),
        }
    }
}

/// What a number of the paper is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PaperQuantity {
    /// Difference between groups at equal compute.
    Theta,
    /// Point of emergence, FLOPs.
    Emergence,
    /// R² against chance.
    R2Uncentered,
    /// R² of a line or a spline.
    R2,
    /// Area between frontiers, decades × accuracy.
    Area,
    /// Direct effect.
    Psi,
    /// Its standard error.
    PsiSe,
    /// Mediated effect.
    Phi,
    /// Its standard error.
    PhiSe,
    /// Balanced accuracy of telling groups apart, percent.
    BalancedAccuracy,
    /// Mean gain of older models.
    MeanOld,
    /// Mean gain of newer models.
    MeanNew,
}

impl PaperQuantity {
    const ALL: [Self; 12] = [
        Self::Theta,
        Self::Emergence,
        Self::R2Uncentered,
        Self::R2,
        Self::Area,
        Self::Psi,
        Self::PsiSe,
        Self::Phi,
        Self::PhiSe,
        Self::BalancedAccuracy,
        Self::MeanOld,
        Self::MeanNew,
    ];

    /// The text of its [`Display`](fmt::Display).
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Theta => "theta",
            Self::Emergence => "c_e",
            Self::R2Uncentered => "r2_uncentered",
            Self::R2 => "r2",
            Self::Area => "area",
            Self::Psi => "psi",
            Self::PsiSe => "psi_se",
            Self::Phi => "phi",
            Self::PhiSe => "phi_se",
            Self::BalancedAccuracy => "balanced_accuracy_percent",
            Self::MeanOld => "mean_old",
            Self::MeanNew => "mean_new",
        }
    }

    /// A name for narrow tables.
    #[must_use]
    pub(crate) fn short_name(self) -> &'static str {
        match self {
            Self::BalancedAccuracy => "acc. %",
            Self::R2Uncentered => Self::R2.name(),
            other => other.name(),
        }
    }
}

impl fmt::Display for PaperQuantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for PaperQuantity {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|quantity| quantity.name() == text);
        found.ok_or_else(|| Error::Argument(format!("`{text}` is no quantity of the paper")))
    }
}

/// A number of the paper computed again.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantity {
    /// Figure or table that prints it.
    pub figure: Exhibit,
    /// Panel or row.
    pub item: Item,
    /// What it is.
    pub quantity: PaperQuantity,
    /// The number at full precision with its 95 % interval.
    pub estimate: Estimate,
    /// For differences: the smallest margin at which it would count as equivalent to none at 5 %.
    pub margin: Option<f64>,
    /// What the computation itself has to say about it.
    pub remark: Option<Remark>,
    /// Models it is computed from.
    pub models: usize,
    /// Families among them.
    pub families: usize,
}

impl Quantity {
    /// A number computed from `scores`.
    pub(super) fn of(
        figure: Exhibit,
        item: Item,
        quantity: PaperQuantity,
        found: impl Into<Recomputed>,
        scores: &[Scored<'_>],
    ) -> Self {
        let Recomputed { estimate, margin, remark } = found.into();
        let (models, families) = (scores.len(), families(scores));
        Self { figure, item, quantity, estimate, margin, remark, models, families }
    }
}
