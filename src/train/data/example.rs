//! What a model learns from.

use serde::{Deserialize, Serialize};

/// A prompt and what is to follow it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Example {
    /// Only read.
    pub prompt: String,
    /// Learned; begins with the space that separates it from the prompt.
    pub completion: String,
}
