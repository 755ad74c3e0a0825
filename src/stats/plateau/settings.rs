//! Which levels of the curve are held.

/// A hinge with a ceiling, to be fitted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Plateau {
    /// The level before the rise, `None` where free.
    pub(super) chance: Option<f64>,
    /// The level after it, `None` where free.
    pub(super) upper: Option<f64>,
}

impl Plateau {
    pub(super) fn free_levels(self) -> usize {
        usize::from(self.chance.is_none()) + usize::from(self.upper.is_none())
    }
}
