//! Which observations belong together.
//!
//! Models of one family share data, code and people; their residuals are not independent. Every cluster-aware method
//! here takes a [`Clusters`], built once from labels.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A partition of `n` observations into clusters (families of models).
///
/// ```
/// use onset::stats::clusters::Clusters;
/// let families = Clusters::new(&["pythia", "llama", "pythia", "pythia"]);
/// assert_eq!(families.count(), 2);
/// assert_eq!(families.members(0), [0, 2, 3]);
/// assert_eq!(families.largest_share(), 0.75);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<usize>", into = "Vec<usize>")]
pub struct Clusters {
    of: Vec<usize>,
    members: Vec<Vec<usize>>,
}

impl From<Vec<usize>> for Clusters {
    fn from(of: Vec<usize>) -> Self {
        Self::new(&of)
    }
}

impl From<Clusters> for Vec<usize> {
    fn from(clusters: Clusters) -> Self {
        clusters.of
    }
}

impl Clusters {
    /// One label per observation; equal labels form one cluster. Clusters are numbered by first appearance.
    pub fn new<T: Ord>(labels: &[T]) -> Self {
        let mut numbers = BTreeMap::new();
        let mut members: Vec<Vec<usize>> = Vec::new();
        let of = labels
            .iter()
            .enumerate()
            .map(|(i, label)| {
                let number = *numbers.entry(label).or_insert_with(|| {
                    members.push(Vec::new());
                    members.len() - 1
                });
                members[number].push(i);
                number
            })
            .collect();
        Self { of, members }
    }

    /// Every observation its own cluster: what "independent models" means.
    pub fn singletons(n: usize) -> Self {
        Self { of: (0..n).collect(), members: (0..n).map(|i| vec![i]).collect() }
    }

    /// Number of observations.
    pub(crate) fn len(&self) -> usize {
        self.of.len()
    }

    /// Number of clusters.
    pub fn count(&self) -> usize {
        self.members.len()
    }

    /// The cluster of each observation, `0..count`.
    pub fn of(&self) -> &[usize] {
        &self.of
    }

    /// The observations of cluster `g`; an unknown cluster has no members.
    pub fn members(&self, g: usize) -> &[usize] {
        self.members.get(g).map_or(&[], Vec::as_slice)
    }

    /// Share of the observations that sit in the largest cluster, in 0..=1; 0 when there are none.
    pub fn largest_share(&self) -> f64 {
        let largest = self.members.iter().map(Vec::len).max().unwrap_or(0);
        if self.of.is_empty() { 0.0 } else { largest as f64 / self.of.len() as f64 }
    }

    /// Number of clusters with at least one observation for which `group` is nonzero.
    pub(crate) fn touching(&self, group: &[f64]) -> usize {
        self.members.iter().filter(|rows| rows.iter().any(|&i| group.get(i).is_some_and(|&z| z != 0.0))).count()
    }
}
