//! The learning rate of every step.
//!
//! With n steps, w of them warm-up, peak rate η and floor f: step s (from 0) has the rate η·(s + 1)/w while s < w, then
//! η·(f + (1 − f)·g(t)) with t = (s − w)/(n − w) and g(t) = (1 + cos πt)/2 (Loshchilov and Hutter 2017, arXiv
//! 1608.03983), 1 − t, or 1.
//!
//! ```
//! use onset::train::{Schedule, Warmup};
//!
//! let schedule = Schedule { peak: 1e-3, warmup: Warmup::Steps(2), ..Schedule::default() };
//! assert_eq!(schedule.rate(0, 10), 5e-4);
//! assert_eq!(schedule.rate(2, 10), 1e-3);
//! assert!(schedule.rate(9, 10) > 1e-4 && schedule.rate(9, 10) < 2e-4);
//! ```

use serde::{Deserialize, Serialize};

/// How the learning rate changes over a run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    /// The largest rate.
    pub peak: f64,
    /// Where the decay ends, as a share of the peak.
    pub floor: f64,
    /// How long the rate rises.
    pub warmup: Warmup,
    /// How it falls.
    pub shape: ScheduleShape,
}

/// Length of the warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Warmup {
    /// A share of all steps, rounded up.
    Share(f64),
    /// Steps.
    Steps(usize),
}

/// How the rate falls after the warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScheduleShape {
    /// Half a cosine wave.
    Cosine,
    /// A straight line.
    Linear,
    /// Not at all.
    Constant,
}

/// Parameters from which on the published runs used the smaller of their two rates.
const LARGE: usize = 11_000_000_000;

impl Default for Schedule {
    /// The published one: 2·10⁻⁵, 1 % of warm-up, a cosine to 10 %.
    fn default() -> Self {
        Self { peak: 2e-5, floor: 0.1, warmup: Warmup::Share(0.01), shape: ScheduleShape::Cosine }
    }
}

impl Schedule {
    /// The published peak rate for a model: 2·10⁻⁵, and 2·10⁻⁶ from 11 billion parameters up and for Gemma 7B.
    #[must_use]
    pub(crate) fn published_peak(parameters: usize, name: &str) -> f64 {
        if parameters >= LARGE || name.to_lowercase().contains("gemma-7b") { 2e-6 } else { 2e-5 }
    }

    /// The rate of step `step` (from 0) of `steps`.
    #[must_use]
    pub fn rate(&self, step: usize, steps: usize) -> f64 {
        let warmup = match self.warmup {
            Warmup::Steps(steps) => steps,
            Warmup::Share(share) => (share * steps as f64).ceil() as usize,
        };
        if step < warmup {
            return self.peak * (step + 1) as f64 / warmup as f64;
        }
        let t = (step - warmup) as f64 / (steps.saturating_sub(warmup)).max(1) as f64;
        let t = t.min(1.0);
        let fall = match self.shape {
            ScheduleShape::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * t).cos()),
            ScheduleShape::Linear => 1.0 - t,
            ScheduleShape::Constant => 1.0,
        };
        self.peak * (self.floor + (1.0 - self.floor) * fall)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_rises_to_the_peak_and_falls_to_the_floor() {
        let schedule = Schedule { peak: 1.0, warmup: Warmup::Share(0.1), ..Schedule::default() };
        let rates: Vec<f64> = (0..=100).map(|step| schedule.rate(step, 100)).collect();
        assert_eq!((rates[9], rates[10]), (1.0, 1.0));
        assert!((rates[100] - 0.1).abs() < 1e-12);
        assert!(rates[10..].windows(2).all(|pair| pair[1] <= pair[0]));
    }

    #[test]
    fn a_warmup_longer_than_the_run_never_divides_by_zero() {
        let schedule = Schedule { peak: 1.0, warmup: Warmup::Steps(50), ..Schedule::default() };
        assert!((0..10).all(|step| schedule.rate(step, 10) < 0.21));
        assert_eq!(schedule.rate(50, 10), 1.0);
    }
}
