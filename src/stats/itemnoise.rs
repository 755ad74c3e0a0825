//! How much of the scatter is the test's own: a score over n items has variance y(1-y)/n even for a model that the curve
//! describes perfectly.
//!
//!   share = mean of y(1-y)/n  /  (SSE/(N-k))
//!
//! and the weights 1/(τ² + y(1-y)/n), with τ² what the residual variance has beyond item noise (the moment estimate of
//! random effects meta-analysis: DerSimonian and Laird 1986). The fitted value stands in for y where given, because an
//! observed score of 0 would claim no noise at all.
//!
//! ```
//! use onset::stats::itemnoise::ItemNoise;
//! let noise = ItemNoise::of(&[0.30, 0.50, 0.70], &[100.0, 100.0, 100.0], 0.01)?;
//! assert!((noise.item_variance - (0.0021 + 0.0025 + 0.0021) / 3.0).abs() < 1e-15);
//! assert!((noise.share.unwrap() - 0.22333).abs() < 1e-4);
//! # Ok::<(), onset::Error>(())
//! ```

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Item noise beside the residual variance of a fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ItemNoise {
    /// Mean item variance over the residual variance, at most 1; `None` for a perfect fit.
    pub share: Option<f64>,
    /// Mean of y(1-y)/n.
    pub item_variance: f64,
    /// τ², residual variance beyond item noise.
    pub model_variance: f64,
    /// Weights for a refit, one per model, with mean 1.
    pub weights: Vec<f64>,
}

impl ItemNoise {
    /// For `scores` in 0..=1 (observed or fitted; values outside count as the nearer end), each over so many `items`, and a
    /// fit's residual variance SSE/(N-k).
    ///
    /// # Errors
    /// `Argument` when lengths differ, there are no scores, or items are not positive.
    pub fn of(scores: &[f64], items: &[f64], residual_variance: f64) -> Result<Self> {
        if scores.len() != items.len() || scores.is_empty() {
            return Err(Error::Argument(format!("{} item counts for {} scores", items.len(), scores.len())));
        }
        if let Some(bad) = items.iter().find(|n| !(**n > 0.0 && n.is_finite())) {
            return Err(Error::Argument(format!("a number of items is positive, not {bad}")));
        }
        if !(residual_variance >= 0.0 && residual_variance.is_finite()) {
            return Err(Error::Undetermined("the residual variance is not a finite number".into()));
        }
        let noise: Vec<f64> = scores
            .iter()
            .zip(items)
            .map(|(y, n)| {
                let p = y.clamp(0.0, 1.0);
                p * (1.0 - p) / n
            })
            .collect();
        let item_variance = noise.iter().sum::<f64>() / noise.len() as f64;
        let model_variance = (residual_variance - item_variance).max(0.0);
        let share = (residual_variance > 0.0).then(|| (item_variance / residual_variance).min(1.0));
        // A model at 0 or 1 with nothing else to vary would outweigh all others without bound.
        let least = noise.iter().sum::<f64>() / noise.len() as f64 * LEAST;
        let raw: Vec<f64> =
            noise.iter().map(|v| 1.0 / (model_variance + v.max(least)).max(f64::MIN_POSITIVE)).collect();
        let mean = raw.iter().sum::<f64>() / raw.len() as f64;
        let weights = raw.iter().map(|w| if mean.is_finite() { w / mean } else { 1.0 }).collect();
        Ok(Self { share, item_variance, model_variance, weights })
    }
}

/// The 97.5 % point of the standard normal distribution.
const NORMAL_975: f64 = 1.959_963_984_540_054;

/// Wilson's score interval at 95 % (Wilson 1927, doi:10.1080/01621459.1927.10502953) for a share of n.
#[must_use]
pub(crate) fn wilson(share: f64, n: usize) -> (f64, f64) {
    let (n, z2) = (n as f64, NORMAL_975 * NORMAL_975);
    let middle = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = NORMAL_975 / (1.0 + z2 / n) * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    // Rounding would leave a little more than 0, or less than 1, where it is exactly that.
    (if share > 0.0 { (middle - half).max(0.0) } else { 0.0 }, if share < 1.0 { (middle + half).min(1.0) } else { 1.0 })
}

/// The least item variance a weight assumes, as a share of the mean one.
const LEAST: f64 = 0.01;
