//! A place on the surface of the likelihood, in the parameters that people read.

use super::marginal::Rest;
use super::sample::CountSample;

/// Parameters in their natural units.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Natural {
    /// The linear predictor in the middle of the data, where it says more than point and slope.
    pub(super) level: Option<f64>,
    pub(super) point: f64,
    pub(super) slope: f64,
    pub(super) theta: Vec<f64>,
    pub(super) rest: Rest,
}

impl Natural {
    /// The linear predictor at `x` without groups.
    pub(super) fn at(&self, sample: &CountSample, x: f64) -> f64 {
        let (middle, _) = middle(sample);
        self.level.unwrap_or(self.slope * (middle - self.point)) + self.slope * (x - middle)
    }
}

/// Mean and standard deviation of the predictor.
pub(super) fn middle(sample: &CountSample) -> (f64, f64) {
    let n = sample.len() as f64;
    let mean = sample.x.iter().sum::<f64>() / n;
    (mean, (sample.x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt())
}
