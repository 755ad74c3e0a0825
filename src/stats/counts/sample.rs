//! Counts of correct answers, checked once.

use serde::{Deserialize, Serialize};

use super::density::ln_choose;
use crate::stats::clusters::Clusters;
use crate::stats::observations::check;
use crate::{Error, Result};

/// n models with correct answers and items at a predictor, with groups and families.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Parts")]
pub struct CountSample {
    pub(super) x: Vec<f64>,
    pub(super) correct: Vec<f64>,
    pub(super) items: Vec<f64>,
    pub(super) groups: Vec<Vec<f64>>,
    pub(super) families: Clusters,
    /// ln C(n, y).
    #[serde(skip)]
    pub(super) choose: Vec<f64>,
}

/// A sample as it was written, before it is checked again.
#[derive(Deserialize)]
struct Parts {
    x: Vec<f64>,
    correct: Vec<f64>,
    items: Vec<f64>,
    groups: Vec<Vec<f64>>,
    families: Clusters,
}

impl TryFrom<Parts> for CountSample {
    type Error = Error;

    fn try_from(parts: Parts) -> Result<Self> {
        Self::new(&parts.x, &parts.correct, &parts.items)?.with_groups(&parts.groups)?.with_families(&parts.families)
    }
}

impl CountSample {
    /// `correct` answers to `items` items at `x` (log10 FLOPs; n values each), without groups, every model its own family.
    ///
    /// # Errors
    /// [`Error::Argument`] for lists of unlike length, values that are not finite, counts that are not whole, items below 1
    /// and more correct answers than items.
    pub fn new(x: &[f64], correct: &[f64], items: &[f64]) -> Result<Self> {
        check(x, correct, &[], None)?;
        if items.len() != x.len() {
            return Err(Error::Argument(format!("{} numbers of items for {} models", items.len(), x.len())));
        }
        for (i, (y, n)) in correct.iter().zip(items).enumerate() {
            if !(y.fract() == 0.0 && n.fract() == 0.0 && *y >= 0.0 && *n >= 1.0 && y <= n && *n < LARGEST) {
                return Err(Error::Argument(format!(
                    "model {}: {y} correct answers to {n} items are no count; both are whole numbers, from 0 to the items",
                    i + 1
                )));
            }
        }
        let choose = correct.iter().zip(items).map(|(y, n)| ln_choose(*n, *y)).collect();
        let families = Clusters::singletons(x.len());
        let (x, correct, items) = (x.to_vec(), correct.to_vec(), items.to_vec());
        Ok(Self { x, correct, items, groups: Vec::new(), families, choose })
    }

    /// The same with one column of n values per group (0 or 1, or any covariate).
    ///
    /// # Errors
    /// [`Error::Argument`] for a column of another length and values that are not finite.
    pub fn with_groups(self, groups: &[Vec<f64>]) -> Result<Self> {
        check(&self.x, &self.correct, groups, None)?;
        Ok(Self { groups: groups.to_vec(), ..self })
    }

    /// The same with these families, whose models have an effect in common.
    ///
    /// # Errors
    /// [`Error::Argument`] for families of another number of models.
    pub fn with_families(self, families: &Clusters) -> Result<Self> {
        if families.len() != self.len() {
            return Err(Error::Argument(format!("{} family labels for {} models", families.len(), self.len())));
        }
        Ok(Self { families: families.clone(), ..self })
    }

    /// Number of models.
    pub(crate) fn len(&self) -> usize {
        self.x.len()
    }

    /// The shares of correct answers.
    pub(super) fn shares(&self) -> Vec<f64> {
        self.correct.iter().zip(&self.items).map(|(y, n)| y / n).collect()
    }

    /// The smallest and the largest value of the predictor.
    pub(super) fn range(&self) -> (f64, f64) {
        self.x.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(*x), high.max(*x)))
    }
}

/// Whole numbers below this one have neighbours that are whole numbers too.
const LARGEST: f64 = 1e15;
