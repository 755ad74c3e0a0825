//! Can a classifier tell two groups of models apart by compute and score?
//!
//! Bagged classification trees (Breiman 1996) on (log10 compute, score), leave-one-out: every model is classified by an
//! ensemble that has not seen it. The measure is balanced accuracy, the mean over the groups of the share of each that
//! is recognised; 0.5 is guessing. The trees are linfa's (CART, Gini impurity); the published table uses gradient-boosted
//! trees instead, so its numbers agree in kind, not in digits.

use linfa::DatasetBase;
use linfa::traits::{Fit, Predict};
use linfa_trees::DecisionTree;
use ndarray::{Array1, Array2};
use rayon::prelude::*;

use crate::analysis::scaling::Scored;
use crate::error::{Error, Result};
use crate::stats::random::Seed;

/// Settings of the leave-one-out classification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Discriminator {
    trees: usize,
    max_depth: usize,
    seed: Seed,
    by_family: bool,
}

impl Default for Discriminator {
    fn default() -> Self {
        // An odd number of trees leaves no tied vote; three levels can express any rectangle in two features.
        Self { trees: 51, max_depth: 3, seed: Seed(0), by_family: false }
    }
}

/// How well the groups were told apart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Discrimination {
    /// Share of the reference group that was recognised.
    pub recall_reference: f64,
    /// Share of the group under comparison that was recognised.
    pub recall_comparison: f64,
    /// Models classified.
    pub models: usize,
    /// Per model whether its group was recognised.
    pub recognised: Vec<bool>,
}

impl Discrimination {
    /// Mean of the two shares; 0.5 is guessing.
    #[must_use]
    pub(crate) fn balanced_accuracy(&self) -> f64 {
        f64::midpoint(self.recall_reference, self.recall_comparison)
    }
}

impl Discriminator {
    /// The same settings with another seed.
    #[must_use]
    pub fn seed(self, seed: Seed) -> Self {
        Self { seed, ..self }
    }

    /// Leaves out the model's whole family, so that it cannot be recognised by its relatives.
    #[must_use]
    pub(crate) fn leave_out_families(self) -> Self {
        Self { by_family: true, ..self }
    }

    /// Classifies every model by trees grown on the others.
    ///
    /// # Errors
    /// [`Error::NotEnoughModels`] when a group has fewer than two models: leaving one out must leave both groups.
    pub(crate) fn run(&self, scores: &[Scored<'_>]) -> Result<Discrimination> {
        let sizes = [false, true].map(|group| scores.iter().filter(|s| s.comparison == group).count());
        if let Some(&have) = sizes.iter().find(|&&n| n < 2) {
            return Err(Error::NotEnoughModels { have, need: 2 });
        }
        let recognised: Vec<bool> = (0..scores.len())
            .into_par_iter()
            .map(|left_out| Ok(self.vote(scores, left_out)? == scores[left_out].comparison))
            .collect::<Result<_>>()?;
        let [recall_reference, recall_comparison] = [false, true].map(|group| {
            let hits = scores.iter().zip(&recognised).filter(|(s, hit)| s.comparison == group && **hit).count();
            hits as f64 / sizes[usize::from(group)] as f64
        });
        Ok(Discrimination { recall_reference, recall_comparison, models: scores.len(), recognised })
    }

    fn is_relative(&self, other: &Scored<'_>, scores: &[Scored<'_>], left_out: usize) -> bool {
        self.by_family && other.model.family == scores[left_out].model.family
    }

    /// The group most trees put the left-out model into.
    fn vote(&self, scores: &[Scored<'_>], left_out: usize) -> Result<bool> {
        let others: Vec<&Scored<'_>> = scores
            .iter()
            .enumerate()
            .filter(|(i, s)| *i != left_out && !self.is_relative(s, scores, left_out))
            .map(|(_, s)| s)
            .collect();
        let features = |s: &Scored<'_>| [s.log10_compute(), s.score];
        let records = Array2::from_shape_fn((others.len(), 2), |(i, k)| features(others[i])[k]);
        let targets: Array1<bool> = others.iter().map(|s| s.comparison).collect();
        let probe = Array2::from_shape_fn((1, 2), |(_, k)| features(&scores[left_out])[k]);
        let mut votes = 0_usize;
        for tree in 0..self.trees {
            let draw = (left_out * self.trees + tree) as u64;
            let mut stream = self.seed.stream("discriminator", draw);
            let mut weights = vec![0.0_f32; others.len()];
            for _ in 0..others.len() {
                weights[stream.below(others.len())] += 1.0;
            }
            // linfa breaks a tied leaf by the order of a hash map, which differs from run to run; a weight of 1/1024 on
            // top of the reference group's models (exact in f32) breaks it the same way every time.
            for (weight, other) in weights.iter_mut().zip(&others) {
                if !other.comparison {
                    *weight *= 1.0 + 1.0 / 1024.0;
                }
            }
            let data = DatasetBase::new(records.clone(), targets.clone()).with_weights(Array1::from(weights));
            let fitted = DecisionTree::params()
                .max_depth(Some(self.max_depth))
                .fit(&data)
                .map_err(|e| Error::Undetermined(format!("a classification tree could not be grown: {e}")))?;
            let predicted: Array1<bool> = fitted.predict(&probe);
            votes += usize::from(predicted[0]);
        }
        Ok(2 * votes > self.trees)
    }
}
