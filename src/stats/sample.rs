//! The data of a fit, checked once: scores at a predictor, groups, weights and families.
//!
//! Everything in this floor that fits, bounds or tests a curve takes a [`Sample`], so that weights and families reach all
//! of it and cannot be left behind on the way.
//!
//! Weights are inverse variances up to a factor, the same everywhere: a least-squares criterion is Σ w e². For whole
//! numbers the estimates are those of a sample that holds each model w times. A model of weight 0 is left out.
//!
//! ```
//! use onset::stats::clusters::Clusters;
//! use onset::stats::hinge::Hinge;
//! use onset::stats::sample::Sample;
//!
//! let log_compute = [20.5, 21.0, 21.5, 22.0, 22.5, 23.0, 23.5];
//! let score = [0.25, 0.25, 0.28, 0.25, 0.33, 0.35, 0.43];
//! let sample = Sample::new(&log_compute, &score)?
//!     .with_groups(&[vec![0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0]])?
//!     .with_weights(&[1.0, 2.0, 1.0, 1.0, 2.0, 1.0, 1.0])?
//!     .with_families(&Clusters::new(&["a", "a", "b", "b", "c", "c", "d"]))?;
//! let fit = Hinge::new().chance(0.25).fit_sample(&sample)?;
//! assert!((fit.c - 22.0).abs() < 1e-9 && (fit.theta[0] - 0.03).abs() < 1e-9);
//! # Ok::<(), onset::Error>(())
//! ```

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::clusters::Clusters;
use super::observations::{check, check_weights, used};
use crate::{Error, Result};

/// n scores at n values of a predictor, with groups, weights and families.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct Sample {
    x: Vec<f64>,
    y: Vec<f64>,
    groups: Vec<Vec<f64>>,
    weights: Option<Vec<f64>>,
    families: Clusters,
}

/// A sample as it was written, before it is checked again.
#[derive(Deserialize)]
struct Parts {
    x: Vec<f64>,
    y: Vec<f64>,
    groups: Vec<Vec<f64>>,
    weights: Option<Vec<f64>>,
    families: Clusters,
}

impl TryFrom<Parts> for Sample {
    type Error = Error;

    fn try_from(parts: Parts) -> Result<Self> {
        let sample = Self::new(&parts.x, &parts.y)?.with_groups(&parts.groups)?.with_families(&parts.families)?;
        match parts.weights {
            Some(weights) => sample.with_weights(&weights),
            None => Ok(sample),
        }
    }
}

impl Sample {
    /// Scores `y` at `x` (log10 FLOPs; n values each, in any order, ties allowed), without groups and weights, every model
    /// its own family.
    ///
    /// # Errors
    /// [`Error::Argument`] for lengths that differ and values that are not finite.
    pub fn new(x: &[f64], y: &[f64]) -> Result<Self> {
        check(x, y, &[], None)?;
        let families = Clusters::singletons(y.len());
        Ok(Self { x: x.to_vec(), y: y.to_vec(), groups: Vec::new(), weights: None, families })
    }

    /// The same with one column of n values per group (0 or 1, or any covariate).
    ///
    /// # Errors
    /// [`Error::Argument`] for a column of another length and values that are not finite.
    pub fn with_groups(self, groups: &[Vec<f64>]) -> Result<Self> {
        check(&self.x, &self.y, groups, None)?;
        Ok(Self { groups: groups.to_vec(), ..self })
    }

    /// The same with one weight per model (inverse variances up to a factor).
    ///
    /// # Errors
    /// [`Error::Argument`] for another number of weights, and for negative or non-finite ones.
    pub fn with_weights(self, weights: &[f64]) -> Result<Self> {
        check_weights(Some(weights), self.len())?;
        Ok(Self { weights: Some(weights.to_vec()), ..self })
    }

    /// The same with these families: models of one family are not independent.
    ///
    /// # Errors
    /// [`Error::Argument`] for families of another number of models.
    pub fn with_families(self, families: &Clusters) -> Result<Self> {
        if families.len() != self.len() {
            return Err(Error::Argument(format!("{} family labels for {} scores", families.len(), self.len())));
        }
        Ok(Self { families: families.clone(), ..self })
    }

    /// The same models with other scores.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_scores(&self, y: &[f64]) -> Result<Self> {
        check(&self.x, y, &[], None)?;
        Ok(Self { y: y.to_vec(), ..self.clone() })
    }

    /// The same models at other values of the predictor.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub(crate) fn with_predictor(&self, x: &[f64]) -> Result<Self> {
        check(x, &self.y, &[], None)?;
        Ok(Self { x: x.to_vec(), ..self.clone() })
    }

    /// Number of models.
    pub(crate) fn len(&self) -> usize {
        self.y.len()
    }

    /// The predictor, n values.
    pub(crate) fn x(&self) -> &[f64] {
        &self.x
    }

    /// The scores, n values.
    pub(crate) fn y(&self) -> &[f64] {
        &self.y
    }

    /// One column of n values per group.
    pub(crate) fn groups(&self) -> &[Vec<f64>] {
        &self.groups
    }

    /// The group values of model `i`.
    pub(crate) fn z(&self, i: usize) -> Vec<f64> {
        self.groups.iter().map(|column| column[i]).collect()
    }

    /// The weights, if any.
    pub(crate) fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }

    /// The weight of model `i`: 1 without weights.
    pub(crate) fn weight(&self, i: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[i])
    }

    /// Which models are not independent.
    pub(crate) fn families(&self) -> &Clusters {
        &self.families
    }

    /// Whether group `k` divides the models so that one family alone makes up one side of it. Its difference then is that
    /// family's own: nothing in the data says how much another family would have differed.
    pub(crate) fn is_one_familys(&self, k: usize) -> bool {
        let counted = self.counted();
        let Some(column) = counted.groups().get(k) else { return false };
        let others: Vec<f64> = column.iter().map(|z| f64::from(u8::from(*z == 0.0))).collect();
        let two_sided = column.iter().all(|z| *z == 0.0 || *z == 1.0);
        counted.families().count() > 1
            && (counted.families().touching(column) == 1 || two_sided && counted.families().touching(&others) == 1)
    }

    /// Number of models of positive weight.
    pub(crate) fn used(&self) -> usize {
        used(self.len(), self.weights())
    }

    /// The models of positive weight. What counts models or families counts only those.
    pub(crate) fn counted(&self) -> Cow<'_, Self> {
        if self.used() == self.len() {
            return Cow::Borrowed(self);
        }
        let kept: Vec<usize> = (0..self.len()).filter(|&i| self.weight(i) > 0.0).collect();
        let only = |values: &[f64]| -> Vec<f64> { kept.iter().map(|&i| values[i]).collect() };
        let labels: Vec<usize> = kept.iter().map(|&i| self.families.of()[i]).collect();
        Cow::Owned(Self {
            x: only(&self.x),
            y: only(&self.y),
            groups: self.groups.iter().map(|column| only(column)).collect(),
            weights: self.weights.as_deref().map(only),
            families: Clusters::new(&labels),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: [f64; 4] = [20.0, 21.0, 22.0, 23.0];
    const Y: [f64; 4] = [0.2, 0.3, 0.4, 0.5];

    #[test]
    fn what_does_not_fit_together_is_refused_once_and_by_name() {
        let refused = |made: Result<Sample>, said: &str| {
            let message = made.expect_err(said).to_string();
            assert!(message.contains(said), "{message}");
        };
        let sample = || Sample::new(&X, &Y).expect("a sample");
        refused(Sample::new(&X[..3], &Y), "3 predictor values for 4 scores");
        refused(Sample::new(&[20.0, f64::NAN, 22.0, 23.0], &Y), "predictor 2");
        refused(sample().with_groups(&[vec![0.0; 3]]), "group 1 has 3 values");
        refused(sample().with_weights(&[1.0, 1.0, -1.0, 1.0]), "weight 3");
        refused(sample().with_weights(&[1.0; 5]), "5 weights for 4 scores");
        refused(sample().with_families(&Clusters::singletons(2)), "2 family labels for 4 scores");
        refused(sample().with_scores(&[0.1; 3]), "4 predictor values for 3 scores");
    }

    #[test]
    fn a_model_of_weight_zero_is_not_counted() {
        let sample = Sample::new(&X, &Y).and_then(|s| s.with_groups(&[vec![0.0, 1.0, 0.0, 1.0]]));
        let sample = sample.and_then(|s| s.with_families(&Clusters::new(&["a", "b", "b", "c"]))).expect("a sample");
        assert_eq!(sample.counted().as_ref(), &sample);
        let counted = sample.with_weights(&[0.0, 2.0, 1.0, 1.0]).expect("weights").counted().into_owned();
        assert_eq!((counted.x(), counted.weights()), (&X[1..], Some(&[2.0, 1.0, 1.0][..])));
        assert_eq!(counted.groups(), [vec![1.0, 0.0, 1.0]]);
        assert_eq!(counted.families().of(), [0, 0, 1]);
    }
}
