//! Step 3: the sigmoid of an index.

use crate::Result;
use crate::stats::optimise::{LeastSquaresProblem, NonlinearLeastSquares};

/// The largest floor.
const MOST_FLOOR: f64 = 0.2;
/// Slopes that the search starts from.
const SLOPES: [f64; 3] = [0.03, 1.0, 5.0];

/// y = h + (1 - h) / (1 + exp(-(β₀ + β'S))).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Link {
    pub(super) intercept: f64,
    pub(super) slopes: Vec<f64>,
    pub(super) floor: f64,
}

/// The residuals as functions of β₀, β and, where it is free, h.
struct Problem<'a> {
    scores: &'a [Vec<f64>],
    y: &'a [f64],
    floor: Option<f64>,
}

impl Link {
    /// The best fit of y (n values) to components (n rows).
    pub(super) fn of(scores: &[Vec<f64>], y: &[f64], with_floor: bool) -> Result<Self> {
        let held = |floor: f64| best(&Problem { scores, y, floor: Some(floor) });
        if !with_floor {
            return held(0.0).map(|found| found.0);
        }
        let free = best(&Problem { scores, y, floor: None });
        if let Ok((link, _)) = &free
            && (0.0..=MOST_FLOOR).contains(&link.floor)
        {
            return Ok(link.clone());
        }
        let (low, high) = (held(0.0)?, held(MOST_FLOOR)?);
        Ok(if high.1 < low.1 { high.0 } else { low.0 })
    }

    /// β₀ + β'S.
    pub(super) fn index(&self, scores: &[f64]) -> f64 {
        self.intercept + self.slopes.iter().zip(scores).map(|(b, s)| b * s).sum::<f64>()
    }

    /// The target at an index.
    pub(super) fn at(&self, index: f64) -> f64 {
        self.floor + (1.0 - self.floor) * sigmoid(index)
    }
}

/// The best end of all starts, and its sum of squares.
fn best(problem: &Problem<'_>) -> Result<(Link, f64)> {
    let width = problem.scores.first().map_or(0, Vec::len);
    let mut found: Option<(Link, f64)> = None;
    let mut failed = None;
    for slope in SLOPES {
        let mut start = vec![slope; width + 1];
        start[0] = 0.0;
        start.extend(problem.floor.is_none().then_some(0.0));
        match NonlinearLeastSquares::new().minimise(problem, &start) {
            Ok(end) => {
                let link = Link {
                    intercept: end.parameters[0],
                    slopes: end.parameters[1..=width].to_vec(),
                    floor: problem.floor.unwrap_or_else(|| end.parameters[width + 1]),
                };
                if found.as_ref().is_none_or(|(_, sse)| end.sse < *sse) {
                    found = Some((link, end.sse));
                }
            }
            Err(error) => failed = Some(error),
        }
    }
    found.ok_or_else(|| failed.unwrap_or_else(|| crate::Error::Undetermined("no start gives a curve".into())))
}

fn sigmoid(t: f64) -> f64 {
    1.0 / (1.0 + (-t).exp())
}

impl Problem<'_> {
    fn floor(&self, parameters: &[f64]) -> f64 {
        self.floor.unwrap_or_else(|| parameters[parameters.len() - 1])
    }

    /// The share of the sigmoid of every row.
    fn shares(&self, p: &[f64]) -> Vec<f64> {
        self.scores.iter().map(|row| sigmoid(p[0] + row.iter().zip(&p[1..]).map(|(s, b)| s * b).sum::<f64>())).collect()
    }
}

impl LeastSquaresProblem for Problem<'_> {
    fn residuals(&self, p: &[f64]) -> Vec<f64> {
        let floor = self.floor(p);
        self.shares(p).iter().zip(self.y).map(|(share, y)| y - floor - (1.0 - floor) * share).collect()
    }

    fn jacobian(&self, p: &[f64]) -> Vec<Vec<f64>> {
        let (floor, shares) = (self.floor(p), self.shares(p));
        let steep: Vec<f64> = shares.iter().map(|s| (1.0 - floor) * s * (1.0 - s)).collect();
        let width = self.scores.first().map_or(0, Vec::len);
        let mut columns = vec![steep.clone()];
        columns.extend((0..width).map(|k| self.scores.iter().zip(&steep).map(|(row, d)| row[k] * d).collect()));
        if self.floor.is_none() {
            columns.push(shares.iter().map(|s| 1.0 - s).collect());
        }
        columns
    }
}
