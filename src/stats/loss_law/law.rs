//! The law with its five numbers.

use serde::{Deserialize, Serialize};

/// L = E + A/N^α + B/D^β.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LossLawParameters {
    /// E, the loss that no size and no data take away.
    pub e: f64,
    /// A.
    pub a: f64,
    /// B.
    pub b: f64,
    /// α, the exponent of size.
    pub alpha: f64,
    /// β, the exponent of data.
    pub beta: f64,
}

impl LossLawParameters {
    /// The loss of a model with `params` parameters after `tokens` training tokens.
    pub fn loss(&self, params: f64, tokens: f64) -> f64 {
        self.e + self.a / params.powf(self.alpha) + self.b / tokens.powf(self.beta)
    }

    /// Parameters and tokens of the smallest loss for so many FLOPs, C = 6ND; `None` where size or data do not lower the loss.
    pub fn optimum(&self, compute: f64) -> Option<(f64, f64)> {
        let both = self.alpha + self.beta;
        let usable = self.alpha > 0.0 && self.beta > 0.0 && self.a > 0.0 && self.b > 0.0 && compute > 0.0;
        let g = (self.alpha * self.a / (self.beta * self.b)).powf(1.0 / both);
        let params = g * (compute / 6.0).powf(self.beta / both);
        (usable && params.is_finite() && params > 0.0).then(|| (params, compute / 6.0 / params))
    }

    /// The exponents of the optimum, N ∝ C^(β/(α+β)) and D ∝ C^(α/(α+β)); `None` where size or data do not lower the loss.
    pub fn exponents(&self) -> Option<(f64, f64)> {
        let both = self.alpha + self.beta;
        (self.alpha > 0.0 && self.beta > 0.0).then(|| (self.beta / both, self.alpha / both))
    }
}
