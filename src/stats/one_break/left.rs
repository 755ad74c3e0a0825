//! What the curve is left of its break, and the moments that go with it.

use super::moments::Moments;

/// What the curve is left of the break, groups aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::stats) enum Left {
    /// Zero: the score minus a known chance level.
    Zero,
    /// A free level.
    Level,
    /// A free line.
    Line,
}

impl Left {
    pub(super) fn parameters(self) -> usize {
        match self {
            Self::Zero => 0,
            Self::Level => 1,
            Self::Line => 2,
        }
    }

    /// What is left of the cross-product of two variables after regression on this.
    pub(super) fn product(self, set: Moments<'_>, j: usize, k: usize) -> f64 {
        match self {
            Self::Zero => set.raw(j, k),
            Self::Level => set.centred(j, k),
            Self::Line => set.beside_line(X, j, k),
        }
    }
}

/// Positions of the variables in the moments.
pub(super) const X: usize = 0;
pub(super) const Y: usize = 1;
pub(super) const Z: usize = 2;
