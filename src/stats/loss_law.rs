//! The loss of language models by their size and data:
//!
//!   L(N, D) = E + A/N^α + B/D^β
//!
//! with N parameters and D training tokens (Hoffmann et al. 2022, "Training Compute-Optimal Large Language Models", approach
//! 3). Fitted is ln L, by the Huber loss of its residuals with δ = 0.001, or by their absolute values:
//!
//!   min Σ h(ln L_i - lse(a - α ln N_i, b - β ln D_i, e)),  E = exp(e), A = exp(a), B = exp(b)
//!
//! The objective has several minima and flat valleys. So every one of the 4,500 starts of Hoffmann et al. is taken, and the
//! best end is followed until it is a minimum to rounding error: to stop early gives other parameters (Besiroglu et al. 2024,
//! "Chinchilla Scaling: A replication attempt"). Least absolute residuals are the limit of δ to 0; the optimum passes through
//! five points, which are then solved for.
//!
//! With C = 6ND the loss is smallest at
//!
//!   N = G (C/6)^(β/(α+β)),  D = (C/6)/N,  G = (αA/(βB))^(1/(α+β))
//!
//! ```
//! use onset::stats::loss_law::LossLaw;
//!
//! let (mut params, mut tokens, mut loss) = (vec![], vec![], vec![]);
//! for n in [1e8_f64, 4e8, 1e9, 4e9] {
//!     for d in [1e9_f64, 1e10, 4e10, 2e11] {
//!         params.push(n);
//!         tokens.push(d);
//!         loss.push(1.8 + 480.0 / n.powf(0.35) + 2100.0 / d.powf(0.37));
//!     }
//! }
//! let fit = LossLaw::new().fit(&params, &tokens, &loss)?;
//! assert!((fit.law.alpha - 0.35).abs() < 1e-6 && (fit.law.e - 1.8).abs() < 1e-6);
//! let (n, d) = fit.law.optimum(1e23).unwrap();
//! assert!((6.0 * n * d / 1e23 - 1.0).abs() < 1e-12);
//! # Ok::<(), onset::Error>(())
//! ```

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::optimise::{LeastSquaresProblem, NonlinearLeastSquares};
use crate::{Error, Result};

/// How residuals of ln L count.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Robust {
    /// r²/2 up to this size, and in proportion to |r| beyond.
    Huber(f64),
    /// In proportion to |r|.
    LeastAbsolute,
}

/// Settings of the fit of L = E + A/N^α + B/D^β.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LossLaw {
    robust: Robust,
}

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

/// A fitted law.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LossLawFit {
    /// Its parameters.
    pub law: LossLawParameters,
    /// n residuals of ln L, observed minus fitted.
    pub residuals: Vec<f64>,
    /// Sum of what the residuals count: Σ h(r), or Σ |r|.
    pub objective: f64,
    /// Whether it is a minimum. If not, it is the best point that was found.
    pub converged: bool,
}

impl Default for LossLaw {
    fn default() -> Self {
        Self { robust: Robust::Huber(1e-3) }
    }
}

impl LossLaw {
    /// With the Huber loss of Hoffmann et al., δ = 0.001.
    pub fn new() -> Self {
        Self::default()
    }

    /// With another way to count residuals.
    #[must_use]
    pub fn robust(mut self, robust: Robust) -> Self {
        self.robust = robust;
        self
    }

    /// Fits n losses to n numbers of parameters and of training tokens, all positive.
    ///
    /// # Errors
    /// `NotEnoughModels` for fewer than six points; `Argument` for lists of unlike length and values that are not positive;
    /// `Undetermined` where size or data are the same everywhere.
    pub fn fit(&self, params: &[f64], tokens: &[f64], loss: &[f64]) -> Result<LossLawFit> {
        let data = Points::new(params, tokens, loss)?;
        let start = data.from_all_starts(self.huber())?;
        self.descend(&data, &vec![1.0; loss.len()], &start)
    }
}

impl LossLaw {
    fn huber(&self) -> f64 {
        match self.robust {
            Robust::Huber(delta) => delta,
            Robust::LeastAbsolute => 1e-3,
        }
    }

    /// The minimum that a start leads to; `weights` count points several times or not at all.
    fn descend(&self, data: &Points, weights: &[f64], start: &[f64]) -> Result<LossLawFit> {
        let solver = NonlinearLeastSquares::new();
        let at = |delta: f64, start: &[f64]| solver.minimise(&Huber { data, weights, delta }, start);
        let first = at(self.huber(), start)?;
        let (parameters, converged) = match self.robust {
            Robust::Huber(_) => (first.parameters, first.converged),
            Robust::LeastAbsolute => {
                let mut parameters = first.parameters;
                for delta in [1e-4, 1e-5, 1e-6, 1e-7, 1e-8] {
                    parameters = at(delta, &parameters)?.parameters;
                }
                data.through_five(weights, parameters)
            }
        };
        let residuals = data.residuals(&parameters);
        let counts = |r: &f64| match self.robust {
            Robust::Huber(delta) => huber(*r, delta),
            Robust::LeastAbsolute => r.abs(),
        };
        let objective = residuals.iter().zip(weights).map(|(r, w)| w * counts(r)).sum();
        Ok(LossLawFit { law: data.law(&parameters), residuals, objective, converged })
    }
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
}

/// r²/2, or δ(|r| - δ/2) beyond δ.
fn huber(r: f64, delta: f64) -> f64 {
    if r.abs() <= delta { 0.5 * r * r } else { delta * (r.abs() - 0.5 * delta) }
}

/// The points, with logarithms of size and data counted from their means: a and b are then nearly independent of α and β.
struct Points {
    size: Vec<f64>,
    data: Vec<f64>,
    loss: Vec<f64>,
    centre: (f64, f64),
}

impl Points {
    fn new(params: &[f64], tokens: &[f64], loss: &[f64]) -> Result<Self> {
        let n = loss.len();
        if params.len() != n || tokens.len() != n {
            return Err(Error::Argument("a law of loss needs as many sizes and tokens as losses".into()));
        }
        if n < 6 {
            return Err(Error::NotEnoughModels { have: n, need: 6 });
        }
        let logs = |what: &str, values: &[f64]| -> Result<(Vec<f64>, f64)> {
            if let Some(value) = values.iter().find(|value| !(**value > 0.0 && value.is_finite())) {
                return Err(Error::Argument(format!("{what} must be positive numbers, and one is {value}")));
            }
            let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
            let mean = logs.iter().sum::<f64>() / n as f64;
            if logs.iter().all(|log| *log == logs[0]) {
                return Err(Error::Undetermined(format!("all {what} are the same")));
            }
            Ok((logs.iter().map(|log| log - mean).collect(), mean))
        };
        let (size, mean_size) = logs("numbers of parameters", params)?;
        let (data, mean_data) = logs("numbers of tokens", tokens)?;
        let (centred, mean_loss) = logs("losses", loss)?;
        let loss = centred.iter().map(|log| log + mean_loss).collect();
        Ok(Self { size, data, loss, centre: (mean_size, mean_data) })
    }

    /// Per point the shares of the three terms, and ln of their sum.
    fn terms(&self, p: &[f64], i: usize) -> ([f64; 3], f64) {
        let logs = [p[0] - p[3] * self.size[i], p[1] - p[4] * self.data[i], p[2]];
        let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let parts = logs.map(|log| (log - top).exp());
        let sum: f64 = parts.iter().sum();
        (parts.map(|part| part / sum), top + sum.ln())
    }

    fn residuals(&self, p: &[f64]) -> Vec<f64> {
        (0..self.loss.len()).map(|i| self.loss[i] - self.terms(p, i).1).collect()
    }

    /// Derivatives of the fitted ln L of one point.
    fn slopes(&self, p: &[f64], i: usize) -> [f64; 5] {
        let ([size, data, rest], _) = self.terms(p, i);
        [size, data, rest, -size * self.size[i], -data * self.data[i]]
    }

    fn law(&self, p: &[f64]) -> LossLawParameters {
        LossLawParameters {
            e: p[2].exp(),
            a: (p[0] + p[3] * self.centre.0).exp(),
            b: (p[1] + p[4] * self.centre.1).exp(),
            alpha: p[3],
            beta: p[4],
        }
    }

    /// The best end of the starts of Hoffmann et al. (a, b of 0 to 25, e of -1 to 1, α, β of 0 to 2), in these parameters.
    fn from_all_starts(&self, delta: f64) -> Result<Vec<f64>> {
        let mut starts = Vec::new();
        for (alpha, beta) in (0..25).map(|k| (0.5 * f64::from(k / 5), 0.5 * f64::from(k % 5))) {
            for e in (0..5).map(|k| 0.5 * f64::from(k) - 1.0) {
                for (a, b) in (0..36).map(|k| (5.0 * f64::from(k / 6), 5.0 * f64::from(k % 6))) {
                    starts.push([a - alpha * self.centre.0, b - beta * self.centre.1, e, alpha, beta]);
                }
            }
        }
        let weights = vec![1.0; self.loss.len()];
        let problem = Huber { data: self, weights: &weights, delta };
        let solver = NonlinearLeastSquares::new().max_iterations(60);
        let ends = starts.par_iter().map(|start| solver.minimise_once(&problem, start).ok());
        let ends: Vec<_> = ends.collect();
        // In the order of the starts, so that equal ends give the same answer on any number of threads.
        let best = ends.into_iter().flatten().filter(|end| end.sse.is_finite()).reduce(|a, b| if b.sse < a.sse { b } else { a });
        Ok(best.ok_or_else(|| Error::Undetermined("no start leads to a law of loss".into()))?.parameters)
    }

    /// The parameters with which the five points that are nearest have no residual, if that is better.
    fn through_five(&self, weights: &[f64], start: Vec<f64>) -> (Vec<f64>, bool) {
        let sum = |p: &[f64]| -> f64 { self.residuals(p).iter().zip(weights).map(|(r, w)| w * r.abs()).sum() };
        let residuals = self.residuals(&start);
        let mut near: Vec<usize> = (0..residuals.len()).filter(|i| weights[*i] > 0.0).collect();
        near.sort_by(|i, k| residuals[*i].abs().total_cmp(&residuals[*k].abs()));
        near.truncate(5);
        let mut p = start.clone();
        for _ in 0..50 {
            let matrix = nalgebra::Matrix5::from_fn(|row, column| self.slopes(&p, near[row])[column]);
            let right = nalgebra::Vector5::from_fn(|row, _| self.loss[near[row]] - self.terms(&p, near[row]).1);
            let Some(step) = matrix.lu().solve(&right) else { break };
            p.iter_mut().zip(step.iter()).for_each(|(value, step)| *value += step);
            if right.amax() < 1e-14 {
                break;
            }
        }
        let better = p.iter().all(|value| value.is_finite()) && sum(&p) <= sum(&start) * (1.0 + 1e-9);
        if better { (p, true) } else { (start, false) }
    }
}

/// The Huber loss as a sum of squares: each residual by sign(r) sqrt(2 h(r)).
struct Huber<'a> {
    data: &'a Points,
    weights: &'a [f64],
    delta: f64,
}

impl Huber<'_> {
    fn rooted(&self, r: f64) -> f64 {
        r.signum() * (2.0 * huber(r, self.delta)).sqrt()
    }
}

impl LeastSquaresProblem for Huber<'_> {
    fn residuals(&self, p: &[f64]) -> Vec<f64> {
        self.data.residuals(p).iter().zip(self.weights).map(|(r, w)| w.sqrt() * self.rooted(*r)).collect()
    }

    fn jacobian(&self, p: &[f64]) -> Vec<Vec<f64>> {
        let n = self.data.loss.len();
        let mut columns = vec![vec![0.0; n]; 5];
        for (i, r) in self.data.residuals(p).into_iter().enumerate() {
            // d rooted / dr: 1 near zero, δ/|rooted| beyond δ.
            let slope = if r.abs() <= self.delta { 1.0 } else { self.delta / self.rooted(r).abs() };
            for (column, value) in columns.iter_mut().zip(self.data.slopes(p, i)) {
                column[i] = self.weights[i].sqrt() * slope * value;
            }
        }
        columns
    }
}
