//! The candidates solved again by QR from the observations, and the choice among them.

use nalgebra::{DMatrix, DVector};

use super::super::design::solve;
use super::super::observations::spread;
use super::left::{Left, Y};
use super::{Best, Candidate, OneBreak, Place, Problem, Shape, TOO_CLOSE};
use crate::{Error, Result};

/// One candidate, solved from the observations; scaled units.
struct Solved {
    shape: Shape,
    /// Break, from the largest x.
    top: f64,
    /// For a constant or unconstrained line: its value at the smallest x.
    start: f64,
    determined: bool,
    /// Leading coefficients (α, level, slope as far as there are), then groups.
    coefficients: Vec<f64>,
    sse: f64,
}

impl OneBreak {
    /// Of the candidates, the one of least sum of squares as computed from its residuals; where that cannot tell them
    /// apart, the simplest.
    pub(super) fn choose(&mut self) -> Result<Best> {
        let mut candidates = std::mem::take(&mut self.scratch.candidates);
        let least = candidates.iter().map(|c| c.sse).fold(f64::INFINITY, f64::min);
        let total = self.problem.suffix(0).raw(Y, Y);
        candidates.retain(|c| c.sse <= least + TOO_CLOSE * total);
        candidates.sort_by(|a, b| a.sse.total_cmp(&b.sse).then(a.place.cmp(&b.place)));
        // In data without noise hundreds of breaks tie as far as the moments see; each of the best few then walks to
        // the optimum of its neighbourhood.
        let near_perfect = least <= NEAR_PERFECT * total;
        let mut bends = 0;
        let mut solved: Vec<Solved> = Vec::with_capacity(candidates.len().min(BENDS + 3));
        for candidate in &candidates {
            let bend = matches!(candidate.place, Place::After(_) | Place::At { .. });
            bends += usize::from(bend);
            let perfect = solved.iter().any(|s| s.sse <= ROUNDING * total);
            if !bend || (bends <= BENDS && !perfect) {
                solved.extend(self.solve_candidate(candidate, near_perfect));
            }
        }
        candidates.clear();
        self.scratch.candidates = candidates;
        let least = solved.iter().map(|s| s.sse).fold(f64::INFINITY, f64::min);
        let enough = least * (1.0 + SAME) + ROUNDING * total;
        solved
            .into_iter()
            .filter(|s| s.sse <= enough)
            .min_by(|a, b| a.shape.cmp(&b.shape).then(a.sse.total_cmp(&b.sse)))
            .map(|mut s| {
                s.determined = s.determined && self.determines_break(&s);
                self.unscale(s)
            })
            .ok_or_else(|| Error::Undetermined("the design of the curve with a break is collinear".into()))
    }

    /// Least sum of squares with the break at `top` (from the largest x, scaled). Where the break term is determined by
    /// the rest, or nothing lies beyond it, that of the curve without it.
    pub(super) fn profile(&self, top: f64) -> Result<f64> {
        let plain = Candidate { place: Place::Plain, sse: 0.0 };
        self.break_fixed(top, true)
            .or_else(|| self.solve_candidate(&plain, false))
            .map(|solved| self.unscale(solved).sse)
            .ok_or_else(|| Error::Undetermined("the design of the curve with a break is collinear".into()))
    }

    fn solve_candidate(&self, candidate: &Candidate, near_perfect: bool) -> Option<Solved> {
        let p = &self.problem;
        match candidate.place {
            Place::Plain => {
                let (coefficients, sse) = match self.left {
                    Left::Zero => p.regress(0, |_, _| 0.0),
                    Left::Level => p.regress(1, |_, _| 1.0),
                    Left::Line => p.regress(2, |i, j| if j == 0 { 1.0 } else { p.top[i] }),
                }?;
                let mut with_alpha = vec![0.0];
                with_alpha.extend(coefficients);
                Some(Solved {
                    shape: Shape::Plain,
                    top: 0.0,
                    start: 0.0,
                    determined: false,
                    coefficients: with_alpha,
                    sse,
                })
            }
            Place::Constant => {
                let (mut coefficients, sse) = p.regress(1, |_, _| 1.0)?;
                let start = std::mem::replace(&mut coefficients[0], 0.0);
                Some(Solved { shape: Shape::Constant, top: p.top[0], start, determined: true, coefficients, sse })
            }
            Place::Before => {
                let (mut coefficients, sse) =
                    p.regress(2, |i, j| if j == 0 { p.bottom[i] - p.bottom[0] } else { 1.0 })?;
                let start = coefficients.remove(1);
                Some(Solved { shape: Shape::Line, top: p.top[0], start, determined: true, coefficients, sse })
            }
            Place::After(level) => self.walk(level),
            Place::At { level, determined } => {
                let here = self.break_fixed(p.top[p.starts[level]], determined);
                let there = if near_perfect && determined { self.walk(level) } else { None };
                match (here, there) {
                    (Some(a), Some(b)) => Some(if b.sse < a.sse * (1.0 - SAME) { b } else { a }),
                    (a, b) => a.or(b),
                }
            }
        }
    }

    /// From the interval right of the distinct x `level`, to where its two lines meet; if that is another interval (the
    /// moments erred by rounding), on from there.
    fn walk(&self, level: usize) -> Option<Solved> {
        let p = &self.problem;
        let last = p.levels().saturating_sub(2);
        let mut level = level.min(last);
        let mut best: Option<Solved> = None;
        for _ in 0..STEPS {
            let Some(meet) = self.meeting_point(level) else { break };
            let (low, high) = (p.top[p.starts[level]], p.top[p.starts[level + 1]]);
            let inside = p.snap(meet.clamp(p.top[0], p.top[p.top.len() - 1]), low, high);
            if let Some(fit) = self.break_fixed(inside, true)
                && best.as_ref().is_none_or(|b| fit.sse < b.sse)
            {
                best = Some(fit);
            }
            if meet >= low && meet <= high {
                break;
            }
            let next = p.starts[..=last].partition_point(|&row| p.top[row] <= inside).saturating_sub(1).min(last);
            if next == level {
                break;
            }
            level = next;
        }
        best.or_else(|| self.break_fixed(p.top[p.starts[level]], false))
    }

    /// Where the lines left and right of the interval after `level` meet.
    fn meeting_point(&self, level: usize) -> Option<f64> {
        let p = &self.problem;
        let first = p.starts[level + 1];
        let mean = |rows: std::ops::Range<usize>, x: &[f64]| {
            let mass: f64 = p.w[rows.clone()].iter().sum();
            rows.map(|i| x[i] * (p.w[i] / mass)).sum::<f64>()
        };
        let above = mean(first..p.top.len(), &p.top);
        let below = mean(0..first, &p.bottom);
        let span = self.from_bottom.last().copied().unwrap_or(0.0);
        let (b, _) = p.regress(2 + self.left.parameters(), |i, j| match (i >= first, j) {
            (true, 0) | (false, 2) => 1.0,
            (true, 1) => p.top[i] - above,
            (false, 3) => p.bottom[i] - below,
            _ => 0.0,
        })?;
        let (left_value, left_slope) = match self.left {
            Left::Zero => (0.0, 0.0),
            Left::Level => (b[2], 0.0),
            Left::Line => (b[2] + b[3] * (above - (below - span)), b[3]),
        };
        let meet = above - (b[0] - left_value) / (b[1] - left_slope);
        meet.is_finite().then_some(meet)
    }

    /// Whether the observations beyond the break tell a shift of it from a change of the other parameters.
    fn determines_break(&self, fit: &Solved) -> bool {
        let p = &self.problem;
        match fit.shape {
            Shape::Plain | Shape::Constant => true,
            Shape::Line => p.regress(2, |i, j| if j == 0 { p.bottom[i] - p.bottom[0] } else { 1.0 }).is_some(),
            // Between two x the search for the break has found the two lines determined.
            Shape::Bend if p.starts[..p.levels()].binary_search_by(|&row| p.top[row].total_cmp(&fit.top)).is_err() => {
                true
            }
            Shape::Bend => {
                let columns = p.regress(2 + self.left.parameters(), |i, j| match j {
                    0 => (p.top[i] - fit.top).max(0.0),
                    1 => f64::from(u8::from(p.top[i] > fit.top)),
                    2 => 1.0,
                    _ => p.top[i],
                });
                columns.is_some()
            }
        }
    }

    fn break_fixed(&self, top: f64, determined: bool) -> Option<Solved> {
        let p = &self.problem;
        let (coefficients, sse) = p.regress(1 + self.left.parameters(), |i, j| match j {
            0 => (p.top[i] - top).max(0.0),
            1 => 1.0,
            _ => p.top[i],
        })?;
        let before = top <= p.top[0];
        let start = if before { coefficients[0] * (p.top[0] - top) } else { 0.0 };
        let shape = if before { Shape::Line } else { Shape::Bend };
        Some(Solved { shape, top, start, determined, coefficients, sse })
    }

    fn unscale(&self, solved: Solved) -> Best {
        let p = &self.problem;
        let lead = 1 + self.left.parameters();
        let per_x = p.y_scale / self.x_scale;
        let known: Vec<f64> = solved.coefficients[lead..].iter().map(|t| t * p.y_scale).collect();
        let mut theta = spread(&known, &p.identified);
        theta.iter_mut().zip(&self.z_scale).for_each(|(t, s)| *t /= s);
        let lead_value = |j: usize| solved.coefficients[..lead].get(j).copied().unwrap_or(0.0);
        Best {
            shape: solved.shape,
            alpha: lead_value(0) * per_x,
            c: solved.top * self.x_scale,
            start: solved.start * p.y_scale,
            bottom: p.top[0] * self.x_scale,
            level: lead_value(1) * p.y_scale + p.y_mean,
            slope: lead_value(2) * per_x,
            theta,
            identified: p.identified.clone(),
            c_identified: solved.determined,
            sse: (solved.sse.sqrt() * p.y_scale).powi(2) * p.w_scale,
        }
    }
}

impl Problem {
    /// A break that differs from an end of its interval by rounding is that end.
    fn snap(&self, top: f64, low: f64, high: f64) -> f64 {
        let near = SNAP * (self.top[self.top.len() - 1] - self.top[0]);
        [low, high].into_iter().find(|end| (top - end).abs() <= near).unwrap_or(top)
    }

    /// Least squares on `lead` columns and the groups: coefficients and the sum of squared residuals.
    fn regress(&self, lead: usize, column: impl Fn(usize, usize) -> f64) -> Option<(Vec<f64>, f64)> {
        let (n, q) = (self.y.len(), self.q);
        let value = |i: usize, j: usize| if j < lead { column(i, j) } else { self.z[i * q + j - lead] };
        let design = DMatrix::from_fn(n, lead + q, |i, j| value(i, j) * self.root[i]);
        let norms: Vec<f64> = design.column_iter().map(|c| c.norm()).collect();
        let y = DVector::from_fn(n, |i, _| self.y[i] * self.root[i]);
        let solved = solve(design, y, &norms).ok()?;
        let sse = (0..n)
            .map(|i| {
                let fitted: f64 = solved.coefficients.iter().enumerate().map(|(j, b)| b * value(i, j)).sum();
                self.w[i] * (self.y[i] - fitted).powi(2)
            })
            .sum();
        Some((solved.coefficients.iter().copied().collect(), sse))
    }
}

/// Share of the range of x within which two breaks are the same but for rounding.
const SNAP: f64 = 1e-14;
/// Breaks solved again when the moments cannot tell them apart.
const BENDS: usize = 6;
/// Steps of the walk between intervals; noise-free data need one or two.
const STEPS: usize = 8;
/// A sum of squares below this share of Σ w y² is near the moments' rounding error.
const NEAR_PERFECT: f64 = 1e-9;
/// Relative difference at which two sums of squares of solved candidates are the same.
const SAME: f64 = 1e-12;
/// Sums of squares below this share of Σ w y² are rounding error of the residuals.
const ROUNDING: f64 = 1e-27;
