//! Which sigmoid is fitted, and which of its asymptotes are held.

use serde::{Deserialize, Serialize};

use super::growth::Growth;

/// The curve to be fitted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(in crate::stats) struct Sigmoid {
    pub(in crate::stats) growth: Growth,
    /// The lower asymptote r, `None` where free.
    pub(in crate::stats) chance: Option<f64>,
    /// The upper asymptote u, `None` where free.
    pub(in crate::stats) upper: Option<f64>,
}

impl Sigmoid {
    pub(super) fn free_asymptotes(&self) -> usize {
        usize::from(self.chance.is_none()) + usize::from(self.upper.is_none())
    }
}
