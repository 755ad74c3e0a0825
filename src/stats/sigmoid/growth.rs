//! Growth functions from 0 to 1, their derivatives, and the grid of shapes that a fit starts from.

use serde::{Deserialize, Serialize};

use crate::stats::parameter::Parameter;

/// The growth function and which of its shape parameters are free.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in super::super) enum Growth {
    /// 1 / (1 + exp(-k (x - m))), parameters k, m.
    Logistic,
    /// (1 + exp(b - k x))^(-1/ν), parameters b, k and, unless given, ν.
    Richards(Option<f64>),
}

/// What the numbers of a shape are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coordinates {
    /// The parameters of the curve.
    Own,
    /// m, ln k and, where ν is free, ln ν, with b = k m. A search that runs off towards a step (k to infinity) or a
    /// Gompertz curve (ν to 0) goes straight ahead in these.
    Logs,
}

impl Growth {
    pub(super) fn names(self) -> &'static [Parameter] {
        match self {
            Self::Logistic => &[Parameter::K, Parameter::M],
            Self::Richards(None) => &[Parameter::B, Parameter::K, Parameter::Nu],
            Self::Richards(Some(_)) => &[Parameter::B, Parameter::K],
        }
    }

    pub(super) fn free(self) -> usize {
        self.names().len()
    }

    /// G and its derivatives by the free shape parameters; `None` outside the parameters' domain.
    pub(super) fn value_and_gradient(self, at: Coordinates, x: f64, shape: &[f64]) -> Option<(f64, [f64; 3])> {
        match (at, self) {
            (Coordinates::Own, Self::Logistic) => {
                let (k, from) = (shape[0], x - shape[1]);
                let g = logistic(k * from);
                let slope = g * logistic(-k * from);
                Some((g, [slope * from, -slope * k, 0.0]))
            }
            (Coordinates::Own, Self::Richards(given)) => {
                let nu = given.unwrap_or_else(|| shape[2]);
                let (g, by_exponent, by_nu) = richards(shape[0] - shape[1] * x, nu)?;
                Some((g, [by_exponent, -x * by_exponent, by_nu]))
            }
            (Coordinates::Logs, Self::Logistic) => {
                let k = shape[1].exp();
                let s = k * (shape[0] - x);
                let g = logistic(-s);
                let by_exponent = -g * logistic(s);
                Some((g, [by_exponent * k, by_exponent * s, 0.0]))
            }
            (Coordinates::Logs, Self::Richards(given)) => {
                let k = shape[1].exp();
                let s = k * (shape[0] - x);
                let nu = given.unwrap_or_else(|| shape[2].exp());
                let (g, by_exponent, by_nu) = richards(s, nu)?;
                Some((g, [by_exponent * k, by_exponent * s, by_nu * nu]))
            }
        }
    }

    /// G alone, for the shapes of a [grid](Self::grid), whose numbers are logs and inside the domain.
    pub(super) fn value(self, x: f64, shape: &[f64]) -> f64 {
        let s = shape[1].exp() * (shape[0] - x);
        match self {
            Self::Logistic => logistic(-s),
            Self::Richards(given) => (-softplus(s) / given.unwrap_or_else(|| shape[2].exp())).exp(),
        }
    }

    /// The curve's own parameters from logs.
    pub(super) fn own_parameters(self, shape: &[f64]) -> Vec<f64> {
        let (m, k) = (shape[0], shape[1].exp());
        match self {
            Self::Logistic => vec![k, m],
            Self::Richards(None) => vec![k * m, k, shape[2].exp()],
            Self::Richards(Some(_)) => vec![k * m, k],
        }
    }

    /// Own parameters for x from those for t = (x - origin) / unit.
    pub(super) fn outward(self, shape: &[f64], origin: f64, unit: f64) -> Vec<f64> {
        let mut moved = shape.to_vec();
        match self {
            Self::Logistic => (moved[0], moved[1]) = (shape[0] / unit, origin + shape[1] * unit),
            Self::Richards(_) => {
                moved[1] = shape[1] / unit;
                moved[0] = shape[0] + moved[1] * origin;
            }
        }
        moved
    }

    /// Own parameters for t = (x - origin) / unit from those for x.
    pub(super) fn inward(self, shape: &[f64], origin: f64, unit: f64) -> Vec<f64> {
        let mut moved = shape.to_vec();
        match self {
            Self::Logistic => (moved[0], moved[1]) = (shape[0] * unit, (shape[1] - origin) / unit),
            Self::Richards(_) => (moved[0], moved[1]) = (shape[0] - shape[1] * origin, shape[1] * unit),
        }
        moved
    }

    /// A change of own parameter `j` (in t) worth noticing: of a position one unit of t or of the exponent, of the others
    /// their own size.
    pub(super) fn change(self, j: usize, shape: &[f64]) -> f64 {
        match (self, j) {
            (Self::Logistic, 1) | (Self::Richards(_), 0) => 1.0,
            _ => shape[j].abs(),
        }
    }

    /// Shapes in logs over midpoints and steepnesses (in units of `range`, from `low`), and powers where they are free.
    pub(super) fn grid(self, low: f64, range: f64) -> Grid {
        let powers: &[f64] = if self == Self::Richards(None) { &POWERS } else { &[1.0] };
        let node = |share: f64, steepness: f64, nu: f64| {
            let mut shape = vec![low + range * share, (steepness / range).ln()];
            shape.extend((self == Self::Richards(None)).then(|| nu.ln()));
            shape
        };
        let row = |steepness: f64, nu: f64| midpoints(steepness).map(|share| node(share, steepness, nu)).collect();
        let plane = |nu: &f64| STEEPNESS.iter().map(|steepness| row(*steepness, *nu)).collect();
        Grid { nodes: powers.iter().map(plane).collect() }
    }
}

/// (1 + e^s)^(-1/ν) and its derivatives by s and ν.
fn richards(s: f64, nu: f64) -> Option<(f64, f64, f64)> {
    if nu.is_nan() || nu <= 0.0 {
        return None;
    }
    let log = softplus(s);
    let g = (-log / nu).exp();
    Some((g, -g / nu * logistic(s), g * log / (nu * nu)))
}

/// 1 / (1 + exp(-t)).
fn logistic(t: f64) -> f64 {
    if t >= 0.0 { 1.0 / (1.0 + (-t).exp()) } else { t.exp() / (1.0 + t.exp()) }
}

/// ln(1 + exp(s)).
fn softplus(s: f64) -> f64 {
    s.max(0.0) + (-s.abs()).exp().ln_1p()
}

/// Where to put the middle of a rise, as a share of the range. A gentle one may lie half a range outside the data; a
/// steep one leaves a basin between any two models, and needs the closer net.
fn midpoints(steepness: f64) -> impl Iterator<Item = f64> {
    let (from, to, intervals) =
        if steepness <= 8.0 { (-0.5, 1.5, 16) } else { (-0.1, 1.1, 2 * steepness.min(64.0) as u32) };
    (0..=intervals).map(move |j| from + (to - from) * f64::from(j) / f64::from(intervals))
}

/// Shapes by power, steepness and midpoint.
pub(super) struct Grid {
    nodes: Vec<Vec<Vec<Vec<f64>>>>,
}

impl Grid {
    /// Number of powers.
    pub(super) fn planes(&self) -> usize {
        self.nodes.len()
    }

    /// Of every plane the nodes that no neighbour in steepness or midpoint beats, the best first, so many.
    pub(super) fn basins(&self, each: usize, mut sse: impl FnMut(&[f64]) -> Option<f64>) -> Vec<&[f64]> {
        let mut starts = Vec::new();
        for plane in &self.nodes {
            let values: Vec<Vec<f64>> =
                plane.iter().map(|row| row.iter().map(|s| sse(s).unwrap_or(f64::INFINITY)).collect()).collect();
            let mut found: Vec<(f64, &[f64])> = Vec::new();
            for (i, row) in values.iter().enumerate() {
                for (j, &value) in row.iter().enumerate() {
                    let beside = [j.checked_sub(1), Some(j + 1)].into_iter().flatten().filter_map(|j| row.get(j));
                    let least = |row: &Vec<f64>| {
                        // Rows have nets of their own; the nodes at the nearest share of the way are neighbours.
                        let at = j * (row.len() - 1) / (values[i].len() - 1).max(1);
                        row[at.saturating_sub(1)..(at + 2).min(row.len())].iter().copied().fold(f64::INFINITY, f64::min)
                    };
                    let across = [i.checked_sub(1), Some(i + 1)].into_iter().flatten().filter_map(|i| values.get(i));
                    if value.is_finite() && beside.copied().chain(across.map(least)).all(|v| v >= value) {
                        found.push((value, &plane[i][j]));
                    }
                }
            }
            found.sort_by(|a, b| a.0.total_cmp(&b.0));
            starts.extend(found.into_iter().take(each).map(|(_, shape)| shape));
        }
        starts
    }
}

/// Steepness of the grid in units of the range: from nearly straight to a step between two of a hundred models.
const STEEPNESS: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];
/// Powers of the grid: from nearly a Gompertz curve to a late corner.
const POWERS: [f64; 5] = [0.05, 0.3, 1.0, 4.0, 30.0];
