//! The law with its numbers.

use serde::{Deserialize, Serialize};

/// How the point of emergence moves with the number of examples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmergenceShift {
    /// ln(1 + D/D₀): not before about D₀ examples, then evenly in ln D.
    #[default]
    Logarithm,
    /// (ln(1 + D))^γ, as Snell et al. have it.
    Power,
}

/// Whether the gain per decade depends on the number of examples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GainBy {
    /// It may fall as the point of emergence moves, to a quarter at most.
    #[default]
    Examples,
    /// It is the same for all.
    Shared,
}

/// A number of a law that a fit ended at a bound of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LawBound {
    /// The shift is as large as the range of compute, or there is none.
    Shift,
    /// D₀ is far below all numbers of examples or as large as all, or γ is as small or large as is allowed.
    Scale,
    /// The gain falls to a quarter.
    Gain,
}

/// Its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct EmergenceLawParameters {
    /// How the point of emergence moves.
    pub form: EmergenceShift,
    /// The score of a guess.
    pub chance: f64,
    /// c₀, the point of emergence without task examples, log10 FLOPs.
    pub c0: f64,
    /// s, by how many decades the most examples move it.
    pub shift: f64,
    /// D₀ of the logarithm, γ of the power.
    pub scale: f64,
    /// α₀, the gain per decade without examples.
    pub gain: f64,
    /// η; the gain at the most examples is α₀ exp(-η).
    pub fall: f64,
    /// D_max, the most examples of the points.
    pub most: f64,
}

impl EmergenceLawParameters {
    /// ℓ(D), 0 without examples and 1 at the most of them.
    pub(super) fn share(&self, examples: f64) -> f64 {
        share(self.form, self.scale, self.most, examples)
    }

    /// The point of emergence after so many task examples, log10 FLOPs.
    pub fn c_at(&self, examples: f64) -> f64 {
        self.c0 - self.shift * self.share(examples)
    }

    /// The gain per decade after so many task examples.
    pub fn gain_at(&self, examples: f64) -> f64 {
        self.gain * (-self.fall * self.share(examples)).exp()
    }

    /// The score at `x` (log10 FLOPs) after so many task examples.
    pub fn score(&self, x: f64, examples: f64) -> f64 {
        self.chance + self.gain_at(examples) * (x - self.c_at(examples)).max(0.0)
    }
}

/// ℓ(D).
pub(super) fn share(form: EmergenceShift, scale: f64, most: f64, examples: f64) -> f64 {
    match form {
        EmergenceShift::Logarithm => (examples / scale).ln_1p() / (most / scale).ln_1p(),
        EmergenceShift::Power => (examples.ln_1p() / most.ln_1p()).powf(scale),
    }
}
