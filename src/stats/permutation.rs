//! Would any other division of the families do as well?
//!
//! The group label is a property of families, so families are relabelled, not models: the labels of the families that are
//! wholly inside or wholly outside the group are shuffled among them, and families with models on both sides keep theirs.
//! Each relabelling refits the hinge in full and gives the cluster-robust t of θ = 0 (a studentised permutation test stays
//! valid where the groups' variances differ: Janssen 1997). p is the share of relabellings with |t| at least as large, the
//! data counted among them.
//!
//! The test takes labels as exchangeable given compute. When the groups differ in compute, as new models do, relabelling
//! mixes the two; read it beside the other tests, not in their place.
//!
//! ```
//! use onset::stats::clusters::Clusters;
//! use onset::stats::permutation::Permutation;
//! use onset::stats::random::Seed;
//! use onset::stats::sample::Sample;
//! let x = [20.0, 20.5, 21.0, 21.5, 22.0, 22.3, 22.6, 23.0, 23.2, 23.5, 23.8, 24.0];
//! let y = [0.24, 0.26, 0.25, 0.27, 0.31, 0.41, 0.38, 0.42, 0.53, 0.49, 0.61, 0.58];
//! let new = [0., 0., 1., 1., 0., 0., 1., 1., 0., 0., 1., 1.];
//! let families = Clusters::new(&[1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]);
//! let sample = Sample::new(&x, &y)?.with_groups(&[new.to_vec()])?.with_families(&families)?;
//! let test = Permutation::new(Seed(1)).permutations(199).run(&sample, Some(0.25))?;
//! assert!(test.p_value > 0.0 && test.shuffled == 6);
//! # Ok::<(), onset::Error>(())
//! ```

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::random::Seed;
use super::sample::Sample;
use super::wild_hinge::HingeGroup;
use super::wild_model::Restricted;
use crate::{Error, Result};

/// A family-level permutation test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Permutation {
    seed: Seed,
    permutations: usize,
}

/// Its outcome.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PermutationTest {
    /// θ̂ of the data.
    pub estimate: f64,
    /// Its t.
    #[serde(with = "crate::serial::real")]
    pub statistic: f64,
    /// The p-value.
    pub p_value: f64,
    /// Relabellings drawn.
    pub permutations: usize,
    /// Families whose labels were shuffled.
    pub shuffled: usize,
    /// Families that kept their labels because they have models in and out of the group.
    pub mixed: usize,
}

impl Permutation {
    /// 1,999 relabellings.
    pub fn new(seed: Seed) -> Self {
        Self { seed, permutations: 1_999 }
    }

    /// Number of relabellings.
    #[must_use]
    pub fn permutations(mut self, permutations: usize) -> Self {
        self.permutations = permutations;
        self
    }

    /// Tests the difference of a sample's only group (n zeros and ones) in its hinge, with chance held or free.
    ///
    /// # Errors
    /// `Argument` when the group holds anything but 0 and 1 or nothing is to be drawn; `Undetermined` when there is not one
    /// group, fewer than two families can be relabelled, or all of them are on one side; those of the hinge itself.
    pub fn run(&self, sample: &Sample, chance: Option<f64>) -> Result<PermutationTest> {
        let sample = sample.counted();
        let [group] = sample.groups() else {
            return Err(Error::Undetermined("the permutation test is for a single group".into()));
        };
        let clusters = sample.families();
        if group.iter().any(|z| *z != 0.0 && *z != 1.0) {
            return Err(Error::Argument("a permutation test needs a group of zeros and ones".into()));
        }
        if self.permutations == 0 {
            return Err(Error::Argument("a permutation test needs at least one relabelling".into()));
        }
        let label = |g: usize| group[clusters.members(g)[0]];
        let pure: Vec<usize> =
            (0..clusters.count()).filter(|&g| clusters.members(g).iter().all(|&i| group[i] == label(g))).collect();
        let labels: Vec<f64> = pure.iter().map(|&g| label(g)).collect();
        if labels.iter().all(|l| *l == 0.0) || labels.iter().all(|l| *l == 1.0) {
            return Err(Error::Undetermined("no families on both sides of the group label: nothing to permute".into()));
        }
        let statistic = |group: Vec<f64>| -> Result<(f64, f64)> {
            let model = HingeGroup::new(&sample.as_ref().clone().with_groups(&[group])?, 0, chance)?;
            model.observed(0.0).ok_or_else(|| Error::Undetermined("the fit is perfect: θ has no standard error".into()))
        };
        let (estimate, observed) = statistic(group.to_vec())?;
        let count = (0..self.permutations)
            .into_par_iter()
            .filter(|&b| {
                let mut shuffled = labels.clone();
                self.seed.stream("family permutation", b as u64).shuffle(&mut shuffled);
                let mut relabelled = group.to_vec();
                for (g, label) in pure.iter().zip(shuffled) {
                    clusters.members(*g).iter().for_each(|&i| relabelled[i] = label);
                }
                // A relabelling under which θ is not determined cannot speak against the null.
                statistic(relabelled).map_or(true, |(_, t)| t.abs() >= observed.abs() * (1.0 - SAME))
            })
            .count();
        Ok(PermutationTest {
            estimate,
            statistic: observed,
            p_value: (count + 1) as f64 / (self.permutations + 1) as f64,
            permutations: self.permutations,
            shuffled: pure.len(),
            mixed: clusters.count() - pure.len(),
        })
    }
}

/// The data's own labelling may come up again, with another rounding.
const SAME: f64 = 1e-9;
