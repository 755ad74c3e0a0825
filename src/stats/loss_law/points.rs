//! The points of a fit, and what the law says of each.

use super::law::LossLawParameters;
use crate::{Error, Result};

/// a, b, e, α, β, with a and b the logarithms of the first two terms in the middle of the points.
pub(super) type Place = [f64; 5];

/// The points, with logarithms of size and data counted from their means: a and b are then nearly independent of α and β.
#[derive(Debug, Clone)]
pub(super) struct Points {
    pub(super) size: Vec<f64>,
    pub(super) data: Vec<f64>,
    /// ln L.
    pub(super) loss: Vec<f64>,
    /// How often each counts.
    pub(super) weight: Vec<f64>,
    pub(super) centre: (f64, f64),
}

impl Points {
    /// # Errors
    /// As those of the fit.
    pub(super) fn new(params: &[f64], tokens: &[f64], loss: &[f64]) -> Result<Self> {
        let n = loss.len();
        if params.len() != n || tokens.len() != n {
            return Err(Error::Argument("a law of loss needs as many sizes and tokens as losses".into()));
        }
        if n < FEWEST {
            return Err(Error::NotEnoughModels { have: n, need: FEWEST });
        }
        let logs = |what: &str, values: &[f64]| -> Result<(Vec<f64>, f64)> {
            if let Some(value) = values.iter().find(|value| !(**value > 0.0 && value.is_finite())) {
                return Err(Error::Argument(format!("{what} must be positive numbers, and one is {value}")));
            }
            let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
            let mean = logs.iter().sum::<f64>() / n as f64;
            if values.iter().all(|value| *value == values[0]) {
                return Err(Error::Undetermined(format!("all {what} are the same: no law can be told from them")));
            }
            Ok((logs.iter().map(|log| log - mean).collect(), mean))
        };
        let (size, mean_size) = logs("numbers of parameters", params)?;
        let (data, mean_data) = logs("numbers of tokens", tokens)?;
        logs("losses", loss)?;
        let loss = loss.iter().map(|loss| loss.ln()).collect();
        let points = Self { size, data, loss, weight: vec![1.0; n], centre: (mean_size, mean_data) };
        if points.apart() < APART {
            return Err(Error::Undetermined(
                "the tokens follow from the parameters at every point (as 20 tokens per parameter would), so what size does \
                 and what data do cannot be told apart; add points with other numbers of tokens per parameter"
                    .into(),
            ));
        }
        Ok(points)
    }

    /// Standard deviation of ln D around its straight line over ln N.
    pub(super) fn apart(&self) -> f64 {
        let n = self.size.len() as f64;
        let mean = |values: &[f64]| values.iter().sum::<f64>() / n;
        let (size, data) = (mean(&self.size), mean(&self.data));
        let product = |a: &[f64], from: f64, b: &[f64], to: f64| -> f64 {
            a.iter().zip(b).map(|(a, b)| (a - from) * (b - to)).sum::<f64>() / n
        };
        let along = product(&self.size, size, &self.data, data) / product(&self.size, size, &self.size, size);
        let apart = |i: usize| self.data[i] - data - along * (self.size[i] - size);
        let rest = ((0..self.size.len()).map(|i| apart(i).powi(2)).sum::<f64>() / n).sqrt();
        // Of one size alone nothing follows from it.
        if rest.is_nan() { 0.0 } else { rest }
    }

    /// Those of positive weight, counted so often.
    pub(super) fn drawn(&self, weights: &[f64]) -> Self {
        let kept: Vec<usize> = (0..self.loss.len()).filter(|&i| weights[i] > 0.0).collect();
        let only = |values: &[f64]| kept.iter().map(|&i| values[i]).collect();
        Self {
            size: only(&self.size),
            data: only(&self.data),
            loss: only(&self.loss),
            weight: only(weights),
            centre: self.centre,
        }
    }

    /// Whether enough different points were drawn.
    pub(super) fn can_be_fitted(&self) -> bool {
        self.loss.len() >= FEWEST && self.apart() >= APART
    }

    /// The shares of the three terms of one point, and ln of their sum.
    pub(super) fn terms(&self, p: &Place, i: usize) -> ([f64; 3], f64) {
        let logs = [p[0] - p[3] * self.size[i], p[1] - p[4] * self.data[i], p[2]];
        let top = logs[0].max(logs[1]).max(logs[2]);
        let parts = logs.map(|log| (log - top).exp());
        let sum = parts[0] + parts[1] + parts[2];
        (parts.map(|part| part / sum), top + sum.ln())
    }

    /// Derivatives of the fitted ln L of one point.
    pub(super) fn slopes(&self, p: &Place, i: usize) -> Place {
        let ([size, data, rest], _) = self.terms(p, i);
        [size, data, rest, -size * self.size[i], -data * self.data[i]]
    }

    /// ln L, observed minus fitted.
    pub(super) fn residuals(&self, p: &Place) -> Vec<f64> {
        (0..self.loss.len()).map(|i| self.loss[i] - self.terms(p, i).1).collect()
    }

    pub(super) fn law(&self, p: &Place) -> LossLawParameters {
        LossLawParameters {
            e: p[2].exp(),
            a: (p[0] + p[3] * self.centre.0).exp(),
            b: (p[1] + p[4] * self.centre.1).exp(),
            alpha: p[3],
            beta: p[4],
        }
    }

    pub(super) fn place(&self, law: &LossLawParameters) -> Place {
        let (a, b) = (law.a.ln() - law.alpha * self.centre.0, law.b.ln() - law.beta * self.centre.1);
        [a, b, law.e.ln(), law.alpha, law.beta]
    }

    /// The starts of Hoffmann et al.: a, b of 0 to 25, e of -1 to 1, α, β of 0 to 2.
    pub(super) fn starts(&self) -> Vec<Place> {
        let mut starts = Vec::with_capacity(4_500);
        for (alpha, beta) in (0..25).map(|k| (0.5 * f64::from(k / 5), 0.5 * f64::from(k % 5))) {
            for e in (0..5).map(|k| 0.5 * f64::from(k) - 1.0) {
                for (a, b) in (0..36).map(|k| (5.0 * f64::from(k / 6), 5.0 * f64::from(k % 6))) {
                    starts.push([a - alpha * self.centre.0, b - beta * self.centre.1, e, alpha, beta]);
                }
            }
        }
        starts
    }
}

/// Five parameters, and one point more.
const FEWEST: usize = 6;
/// With less spread of ln D around its line over ln N, size and data are one thing.
const APART: f64 = 0.01;
