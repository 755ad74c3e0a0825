//! How much a model reads and writes at a time.

use serde::{Deserialize, Serialize};

use crate::lm::{Found, Placement};

/// How much is done at a time. Larger is faster up to a point, and takes more memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Tokens in one forward pass.
    pub tokens: usize,
    /// Texts written side by side.
    pub sequences: usize,
    /// Tokens whose keys and values are held for texts that are being written, beside those of shared prefixes.
    pub remembered: usize,
}

impl Default for Limits {
    /// 2,048 tokens in a pass, 64 texts and 65,536 tokens remembered.
    fn default() -> Self {
        Self { tokens: 2048, sequences: 64, remembered: 65_536 }
    }
}

impl Limits {
    /// Limits for a model that is to take at most `memory` bytes beside its weights and the keys and values of shared
    /// prefixes.
    #[must_use]
    pub(crate) fn within(memory: usize, found: &Found, placement: &Placement) -> Self {
        let config = &found.config;
        let dtype = placement.dtype.size_in_bytes();
        // The stream and its copies, queries, keys and values, and the MLP's three intermediate results; the allocator
        // holds on to about as much again.
        let wide = 8 * config.hidden_size + 4 * config.heads * config.head_dim + 3 * config.intermediate_size;
        let per_token = (2 * wide * dtype).max(1);
        let remembered = found.cache_bytes_per_token(placement.dtype).max(1);
        let default = Self::default();
        // A quarter is left for logits.
        Self {
            tokens: (memory / 4 / per_token).clamp(64, default.tokens),
            remembered: (memory / 2 / remembered).clamp(1024, default.remembered),
            ..default
        }
    }
}
