//! How deep and wide a model of the lab is.

use serde::{Deserialize, Serialize};

/// Depth and width of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ModelShape {
    /// Layers.
    pub layers: usize,
    /// Width of the residual stream.
    pub width: usize,
    /// Attention heads.
    pub heads: usize,
}

impl ModelShape {
    /// Width inside the MLP.
    #[must_use]
    pub(crate) fn inner(&self) -> usize {
        2 * self.width
    }

    /// Parameters with a vocabulary of so many words: a table, shared by input and output, per layer four square
    /// matrices, three of the MLP and two norms, and a last norm.
    #[must_use]
    pub(crate) fn parameters(&self, words: usize) -> usize {
        let layer = 4 * self.width * self.width + 3 * self.width * self.inner() + 2 * self.width;
        words * self.width + self.layers * layer + self.width
    }
}
