//! Can a classifier tell two groups of models apart by compute and score?
//!
//! Every model is classified on (log10 compute, score) by trees that have not seen it: leave-one-out, or with its whole
//! family left out. The measure is balanced accuracy, the mean over the groups of the share of each that is recognised; 0.5
//! is guessing. The trees are gradient-boosted, as in the published table, or bagged (Breiman 1996), whose vote depends less
//! on single models.

mod bagged;
mod boosted;

use rayon::prelude::*;

use bagged::BaggedTrees;
use boosted::BoostedTrees;

use crate::analysis::scaling::Scored;
use crate::error::{Error, Result};
use crate::stats::random::Seed;

/// Settings of the leave-one-out classification.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Discriminator {
    trees: Trees,
    by_family: bool,
}

/// Which trees classify.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Trees {
    Boosted(BoostedTrees),
    Bagged(BaggedTrees),
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
    /// Per model the probability that it belongs to the group under comparison, 0 to 1, by trees that have not seen it: of
    /// bagged trees, their share.
    pub probability: Vec<f64>,
    /// Per model whether its group was recognised: it has the larger probability.
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
    /// Gradient-boosted trees with the defaults of XGBoost 1.x: 100 rounds, depth 6, η 0.3, λ 1, γ 0, a Hessian of at least 1
    /// in a child.
    #[must_use]
    pub(crate) fn boosted() -> Self {
        Self { trees: Trees::Boosted(BoostedTrees::default()), by_family: false }
    }

    /// 51 bagged trees of three levels, drawn with this seed.
    #[must_use]
    pub(crate) fn bagged(seed: Seed) -> Self {
        Self { trees: Trees::Bagged(BaggedTrees::new(seed)), by_family: false }
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
        let probability: Vec<f64> =
            (0..scores.len()).into_par_iter().map(|left_out| self.classify(scores, left_out)).collect::<Result<_>>()?;
        let recognised: Vec<bool> = probability.iter().zip(scores).map(|(p, s)| (*p > 0.5) == s.comparison).collect();
        let [recall_reference, recall_comparison] = [false, true].map(|group| {
            let hits = scores.iter().zip(&recognised).filter(|(s, hit)| s.comparison == group && **hit).count();
            hits as f64 / sizes[usize::from(group)] as f64
        });
        Ok(Discrimination { recall_reference, recall_comparison, models: scores.len(), probability, recognised })
    }

    /// The probability of the group under comparison, by trees grown on the other models.
    fn classify(&self, scores: &[Scored<'_>], left_out: usize) -> Result<f64> {
        let family = &scores[left_out].model.family;
        let others: Vec<&Scored<'_>> = scores
            .iter()
            .enumerate()
            .filter(|(i, s)| *i != left_out && !(self.by_family && s.model.family == *family))
            .map(|(_, s)| s)
            .collect();
        let classes: Vec<bool> = others.iter().map(|s| s.comparison).collect();
        let features = |s: &Scored<'_>| [s.log10_compute(), s.score];
        let (rows, probe): (Vec<_>, _) = (others.iter().map(|s| features(s)).collect(), features(&scores[left_out]));
        match self.trees {
            // The published classes are the other way round, and a few splits hang on how p and 1 − p are rounded.
            Trees::Boosted(trees) => {
                let reference: Vec<bool> = classes.iter().map(|class| !class).collect();
                Ok(1.0 - f64::from(trees.fit(&rows, &reference).probability(&probe)))
            }
            Trees::Bagged(trees) => trees.share(&rows, &classes, &probe, left_out),
        }
    }
}
