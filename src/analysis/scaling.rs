//! Scores against pretraining compute: models with their score under one condition and the group they belong to.

use crate::registry::Model;

/// A model and its score under one condition.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Scored<'a> {
    /// The model.
    pub model: &'a Model,
    /// Its score, on the benchmark's own scale.
    pub score: f64,
    /// Whether it belongs to the group under comparison (z = 1).
    pub comparison: bool,
}

impl Scored<'_> {
    /// log10 of the model's pretraining compute in FLOPs.
    #[must_use]
    pub(crate) fn log10_compute(&self) -> f64 {
        self.model.compute().log10()
    }
}

/// Number of different families among the models.
#[must_use]
pub(crate) fn families(scores: &[Scored<'_>]) -> usize {
    let mut names: Vec<&str> = scores.iter().map(|s| s.model.family.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names.len()
}

/// Smallest and largest log10 compute of the models, `None` when there are none.
#[must_use]
pub(crate) fn compute_range<'a>(scores: impl IntoIterator<Item = &'a Scored<'a>>) -> Option<(f64, f64)> {
    scores.into_iter().map(Scored::log10_compute).fold(None, |range, x| match range {
        None => Some((x, x)),
        Some((low, high)) => Some((f64::min(low, x), f64::max(high, x))),
    })
}
