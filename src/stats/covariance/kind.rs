//! The kinds of covariance estimates.

use crate::serial::read_by_name;

/// Which estimate; [`covariance`](super) has the formulas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// One error variance, independent models.
    Classical,
    /// White's estimate.
    Hc0,
    /// White's estimate times n/(n-k).
    Hc1,
    /// Leverage-corrected, exact under one error variance.
    Hc2,
    /// The jackknife-like one.
    Hc3,
    /// Clustered, no correction.
    Cr0,
    /// Clustered, times G/(G-1).
    Cr1,
    /// Clustered, times G/(G-1)·(n-1)/(n-k): the default of Stata.
    Cr1s,
    /// Clustered, Bell and McCaffrey's correction: the default here, where families are few.
    Cr2,
    /// Clustered, the delete-one-cluster jackknife's correction.
    Cr3,
}

impl Kind {
    /// All kinds, from the plainest to the most careful.
    pub(crate) const ALL: [Self; 10] = [
        Self::Classical,
        Self::Hc0,
        Self::Hc1,
        Self::Hc2,
        Self::Hc3,
        Self::Cr0,
        Self::Cr1,
        Self::Cr1s,
        Self::Cr2,
        Self::Cr3,
    ];

    /// Whether the estimate needs clusters.
    pub fn is_clustered(self) -> bool {
        matches!(self, Self::Cr0 | Self::Cr1 | Self::Cr1s | Self::Cr2 | Self::Cr3)
    }

    /// The name as printed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Classical => "classical",
            Self::Hc0 => "HC0",
            Self::Hc1 => "HC1",
            Self::Hc2 => "HC2",
            Self::Hc3 => "HC3",
            Self::Cr0 => "CR0",
            Self::Cr1 => "CR1",
            Self::Cr1s => "CR1S",
            Self::Cr2 => "CR2",
            Self::Cr3 => "CR3",
        }
    }
}

read_by_name!(Kind, "covariance", Kind::ALL);
