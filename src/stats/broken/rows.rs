//! The least-squares problem: parameters a, b, c_0, for each break its pull, δ and ln f, and a difference for each group.
//!
//! t is ln x less its mean, δ the place of a break there, b the factor at t = 0. The pull of a break is what it takes from ln(y - a)
//! at the last observation T, c f ln(1 + exp((T - δ)/f)). Of a break beyond the data only that is well determined: with c itself
//! the search would have to follow a valley along which c grows like exp(δ/f).

use serde::{Deserialize, Serialize};

use crate::stats::optimise::LeastSquaresProblem;
use crate::stats::sample::Sample;

/// What the differences of a fit are taken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Residuals {
    Scores,
    Logarithms,
}

/// Parameters before those of the breaks.
pub(super) const BASE: usize = 3;
/// Parameters of a break.
pub(super) const OF_BREAK: usize = 3;

/// The observations of positive weight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Rows {
    pub(super) t: Vec<f64>,
    pub(super) y: Vec<f64>,
    pub(super) root: Vec<f64>,
    pub(super) z: Vec<Vec<f64>>,
    pub(super) breaks: usize,
    pub(super) centre: f64,
    /// T, the largest t.
    pub(super) end: f64,
    pub(super) residuals: Residuals,
}

impl Rows {
    /// `groups` are those that are identified.
    pub(super) fn new(sample: &Sample, groups: &[Vec<f64>], breaks: usize, residuals: Residuals) -> Self {
        let kept: Vec<usize> = (0..sample.len()).filter(|&i| sample.weight(i) > 0.0).collect();
        let only = |values: &[f64]| -> Vec<f64> { kept.iter().map(|&i| values[i]).collect() };
        let log: Vec<f64> = kept.iter().map(|&i| sample.x()[i] * std::f64::consts::LN_10).collect();
        let weights: Vec<f64> = kept.iter().map(|&i| sample.weight(i)).collect();
        let mass: f64 = weights.iter().sum();
        let centre = log.iter().zip(&weights).map(|(t, w)| w / mass * t).sum::<f64>();
        let t: Vec<f64> = log.iter().map(|t| t - centre).collect();
        Self {
            end: t.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            t,
            y: only(sample.y()),
            root: kept.iter().map(|&i| sample.weight(i).sqrt()).collect(),
            z: groups.iter().map(|column| only(column)).collect(),
            breaks,
            centre,
            residuals,
        }
    }

    pub(super) fn shape(&self) -> usize {
        BASE + OF_BREAK * self.breaks
    }

    pub(super) fn parameters(&self) -> usize {
        self.shape() + self.z.len()
    }

    /// f ln(1 + exp((T - δ)/f)) of the break that begins at this place of the parameters: its pull for each unit of c.
    fn lever(&self, p: &[f64], at: usize) -> f64 {
        p[at + 2].exp() * softplus((self.end - p[at + 1]) / p[at + 2].exp())
    }

    fn places(&self) -> impl Iterator<Item = usize> + use<> {
        (BASE..self.shape()).step_by(OF_BREAK)
    }

    /// The parameters with c for the pull of every break.
    pub(super) fn natural(&self, p: &[f64]) -> Vec<f64> {
        let mut natural = p.to_vec();
        self.places().for_each(|at| natural[at] /= self.lever(p, at));
        natural
    }

    /// The parameters with the pull of every break for its c.
    pub(super) fn searched(&self, mut natural: Vec<f64>) -> Vec<f64> {
        for at in self.places() {
            natural[at] *= self.lever(&natural, at);
        }
        natural
    }

    /// Value at t and its derivatives by the parameters of the shape, with c.
    pub(super) fn value_and_gradient(&self, t: f64, p: &[f64]) -> (f64, Vec<f64>) {
        let mut exponent = -p[2] * t;
        let mut gradient = vec![0.0; self.shape()];
        for k in 0..self.breaks {
            let at = BASE + OF_BREAK * k;
            let (c, place, f) = (p[at], p[at + 1], p[at + 2].exp());
            let s = (t - place) / f;
            let (soft, share) = (softplus(s), logistic(s));
            exponent -= c * f * soft;
            gradient[at] = -f * soft;
            gradient[at + 1] = c * share;
            gradient[at + 2] = -c * f * (soft - s * share);
        }
        let power = exponent.exp();
        let term = p[1] * power;
        gradient.iter_mut().for_each(|g| *g *= term);
        gradient[0] = 1.0;
        gradient[1] = power;
        gradient[2] = -t * term;
        (p[0] + term, gradient)
    }

    /// Value at t.
    fn value(&self, t: f64, p: &[f64]) -> f64 {
        let bend = |b: &[f64]| b[0] * b[2].exp() * softplus((t - b[1]) / b[2].exp());
        let bent: f64 = p[BASE..self.shape()].chunks(OF_BREAK).map(bend).sum();
        p[0] + p[1] * (-p[2] * t - bent).exp()
    }

    /// The differences of groups.
    fn shift(&self, i: usize, p: &[f64]) -> f64 {
        self.z.iter().zip(&p[self.shape()..]).map(|(z, theta)| theta * z[i]).sum()
    }
}

impl LeastSquaresProblem for Rows {
    fn residuals(&self, p: &[f64]) -> Vec<f64> {
        let p = &self.natural(p);
        let residual = |i: usize| {
            let fitted = self.value(self.t[i], p) + self.shift(i, p);
            self.root[i]
                * match self.residuals {
                    Residuals::Scores => self.y[i] - fitted,
                    // No number where the curve is not above 0, so the step there is not taken.
                    Residuals::Logarithms => self.y[i].ln() - fitted.ln(),
                }
        };
        (0..self.y.len()).map(residual).collect()
    }

    fn jacobian(&self, p: &[f64]) -> Vec<Vec<f64>> {
        let p = &self.natural(p);
        let mut columns = vec![Vec::with_capacity(self.y.len()); self.parameters()];
        // How the lever of each break changes with its place and with ln f.
        let levers: Vec<[f64; 4]> = self
            .places()
            .map(|at| {
                let f = p[at + 2].exp();
                let s = (self.end - p[at + 1]) / f;
                [self.lever(p, at), -logistic(s), f * (softplus(s) - s * logistic(s)), p[at]]
            })
            .collect();
        for i in 0..self.y.len() {
            let (value, mut gradient) = self.value_and_gradient(self.t[i], p);
            for (at, [lever, by_place, by_log, c]) in self.places().zip(&levers) {
                gradient[at] /= lever;
                gradient[at + 1] -= gradient[at] * c * by_place;
                gradient[at + 2] -= gradient[at] * c * by_log;
            }
            let fitted = value + self.shift(i, p);
            let unit = match self.residuals {
                Residuals::Scores => self.root[i],
                Residuals::Logarithms => self.root[i] / fitted,
            };
            let row = gradient.into_iter().chain(self.z.iter().map(|z| z[i]));
            columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value * unit));
        }
        columns
    }
}

/// The same with places and sharpness of the breaks held.
pub(super) struct Held<'a> {
    pub(super) rows: &'a Rows,
    pub(super) start: &'a [f64],
}

impl Held<'_> {
    /// Whether this parameter is free.
    fn is_free(&self, j: usize) -> bool {
        let of_break = (BASE..self.rows.shape()).contains(&j);
        !of_break || (j - BASE).is_multiple_of(OF_BREAK)
    }

    /// The free ones of all parameters.
    pub(super) fn free(&self) -> Vec<f64> {
        (0..self.start.len()).filter(|j| self.is_free(*j)).map(|j| self.start[j]).collect()
    }

    /// All parameters, with these for the free ones.
    pub(super) fn all(&self, free: &[f64]) -> Vec<f64> {
        let mut free = free.iter();
        let value = |j: usize| if self.is_free(j) { free.next().copied() } else { None }.unwrap_or(self.start[j]);
        (0..self.start.len()).map(value).collect()
    }
}

impl LeastSquaresProblem for Held<'_> {
    fn residuals(&self, free: &[f64]) -> Vec<f64> {
        self.rows.residuals(&self.all(free))
    }

    fn jacobian(&self, free: &[f64]) -> Vec<Vec<f64>> {
        let columns = self.rows.jacobian(&self.all(free));
        columns.into_iter().enumerate().filter(|(j, _)| self.is_free(*j)).map(|(_, column)| column).collect()
    }
}

/// ln(1 + exp(s)).
pub(super) fn softplus(s: f64) -> f64 {
    s.max(0.0) + (-s.abs()).exp().ln_1p()
}

/// 1 / (1 + exp(-s)).
fn logistic(s: f64) -> f64 {
    if s >= 0.0 { 1.0 / (1.0 + (-s).exp()) } else { s.exp() / (1.0 + s.exp()) }
}
