//! Bagged classification trees (Breiman 1996): linfa's CART with Gini impurity, on bootstrap samples.

use linfa::DatasetBase;
use linfa::traits::{Fit, Predict};
use linfa_trees::DecisionTree;
use ndarray::{Array1, Array2};

use crate::error::{Error, Result};
use crate::stats::random::Seed;

/// Settings of the ensemble.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct BaggedTrees {
    trees: usize,
    max_depth: usize,
    seed: Seed,
}

impl BaggedTrees {
    /// An odd number of trees leaves no tied vote; three levels can express any rectangle in two features.
    pub(super) fn new(seed: Seed) -> Self {
        Self { trees: 51, max_depth: 3, seed }
    }

    /// The share of the trees that give `probe` the class `true`; `place` tells the bootstrap samples of one probe from those of another.
    pub(super) fn share(&self, rows: &[[f64; 2]], classes: &[bool], probe: &[f64; 2], place: usize) -> Result<f64> {
        let records = Array2::from_shape_fn((rows.len(), 2), |(i, k)| rows[i][k]);
        let targets = Array1::from(classes.to_vec());
        let probe = Array2::from_shape_fn((1, 2), |(_, k)| probe[k]);
        let mut votes = 0_usize;
        for tree in 0..self.trees {
            let mut stream = self.seed.stream("discriminator", (place * self.trees + tree) as u64);
            let mut weights = vec![0.0_f32; rows.len()];
            for _ in 0..rows.len() {
                weights[stream.below(rows.len())] += 1.0;
            }
            // linfa breaks a tied leaf by the order of a hash map, which differs from run to run; a weight of 1/1024 on
            // top of the reference group's models (exact in f32) breaks it the same way every time.
            for (weight, class) in weights.iter_mut().zip(classes) {
                if !class {
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
        Ok(votes as f64 / self.trees as f64)
    }
}
