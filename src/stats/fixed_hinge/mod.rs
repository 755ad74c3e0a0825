//! One design, very many scores: the hinge of [`hinge`](super::hinge) fitted to bootstrap scores in about a microsecond.
//!
//! With the groups partialled out, M = I - Z(Z'WZ)^-1 Z'W, and s = My, every candidate of the exact search needs only the
//! suffix sums a = Σ w s and b = Σ w x s over the rows beyond a break:
//!
//!   break free inside an interval: explained = (a, b) G^-1 (a, b)',  G the Gram of M·1[x>c] and M·x1[x>c]
//!   break held at c:               explained = (b - c a)² / (G_xx - 2c G_wx + c² G_ww)
//!
//! (Frisch and Waugh 1933). The G depend on the design alone and are computed once. Restricted fits, bootstrap statistics
//! and the profile in c all read from them. Candidates and their order are those of the exact solver.

mod gram;
mod rows;

use super::observations::check;
use super::scaling::binary_scale;
use crate::{Error, Result};
use gram::Gram;
use rows::{COLLINEAR, Rows};

/// A design bound for many scores. Rows are in the caller's order; positions of x are the caller's too.
#[derive(Debug, Clone)]
pub(crate) struct FixedHinge {
    /// Rows by increasing x.
    order: Vec<usize>,
    rows: Rows,
    centre: f64,
    scale: f64,
    /// What the first group was divided by.
    first_scale: f64,
    /// Whether one of `z` is a free level.
    level: bool,
    /// Per distinct x: the Gram of the two lead columns over the rows from there on.
    grams: Vec<Gram>,
    /// Observations less parameters.
    df: usize,
}

/// A fitted hinge on the fixed design.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Hinged {
    /// The curve without groups is `level + slope·x` for sorted rows from `first` on (scaled x).
    pub(crate) first: usize,
    pub(crate) level: f64,
    pub(crate) slope: f64,
    /// Weighted sum of squares explained beyond the groups.
    pub(crate) explained: f64,
    /// Number of the distinct x from which on rows are beyond the break; the number of all where none is.
    pub(crate) active: usize,
}

/// Buffers of one thread.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scratch {
    /// Scores with the groups partialled out, sorted.
    pub(crate) partial: Vec<f64>,
    a: Vec<f64>,
    b: Vec<f64>,
    /// Σ w partial².
    pub(crate) total: f64,
}

impl FixedHinge {
    /// Binds predictor, groups and weights. With `free_level` the chance level is estimated: a column of ones joins the
    /// groups.
    pub(crate) fn new(x: &[f64], groups: &[Vec<f64>], weights: Option<&[f64]>, free_level: bool) -> Result<Self> {
        check(x, x, groups, weights)?;
        let n = x.len();
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&a, &b| x[a].total_cmp(&x[b]));
        let (Some(&first), Some(&last)) = (order.first(), order.last()) else {
            return Err(Error::NotEnoughModels { have: 0, need: 2 + groups.len() });
        };
        let span = x[last] - x[first];
        if !(span > 0.0) {
            return Err(Error::Undetermined("the predictor is the same for every model".into()));
        }
        if !span.is_finite() {
            return Err(Error::Argument("the range of the predictor exceeds the largest number".into()));
        }
        let (centre, scale) = (0.5 * x[first] + 0.5 * x[last], span);
        let sorted: Vec<f64> = order.iter().map(|&i| (x[i] - centre) / scale).collect();
        let w_scale = weights.map_or(1.0, |w| binary_scale(w.iter().copied()));
        let w: Vec<f64> = order.iter().map(|&i| weights.map_or(1.0, |w| w[i] / w_scale)).collect();
        let mut z: Vec<Vec<f64>> = Vec::with_capacity(groups.len() + 1);
        for group in groups {
            let size = binary_scale(group.iter().copied());
            z.push(order.iter().map(|&i| group[i] / size).collect());
        }
        if free_level {
            z.push(vec![1.0; n]);
        }
        let q = z.len();
        if n < 3 + q {
            return Err(Error::NotEnoughModels { have: n, need: 3 + q });
        }
        let rows = Rows::new(sorted, w, z)?;
        let first_scale = groups.first().map_or(1.0, |g| binary_scale(g.iter().copied()));
        let grams = Gram::all(&rows);
        Ok(Self { order, rows, centre, scale, first_scale, level: free_level, grams, df: n - 2 - q })
    }

    /// Number of observations.
    pub(crate) fn n(&self) -> usize {
        self.rows.x.len()
    }

    /// Observations less parameters.
    pub(crate) fn df(&self) -> usize {
        self.df
    }

    /// Number of distinct x.
    pub(crate) fn levels(&self) -> usize {
        self.rows.starts.len() - 1
    }

    /// The caller's row at each sorted place.
    pub(crate) fn order(&self) -> &[usize] {
        &self.order
    }

    /// Distinct x number `level`, scaled.
    pub(crate) fn knot(&self, level: usize) -> f64 {
        self.rows.x[self.rows.starts[level]]
    }

    /// x of sorted row `row`, scaled.
    pub(crate) fn at(&self, row: usize) -> f64 {
        self.rows.x[row]
    }

    /// From scaled x to the caller's.
    pub(crate) fn unscaled(&self, x: f64) -> f64 {
        self.centre + self.scale * x
    }

    /// From the caller's x to scaled.
    pub(crate) fn scaled(&self, x: f64) -> f64 {
        (x - self.centre) / self.scale
    }

    /// Brings caller-ordered values into sorted order.
    pub(crate) fn sorted(&self, values: &[f64]) -> Vec<f64> {
        self.order.iter().map(|&i| values[i]).collect()
    }

    /// The weights, sorted, up to a factor.
    pub(crate) fn weights(&self) -> &[f64] {
        &self.rows.w
    }

    /// Σ w v² of sorted values.
    pub(crate) fn square(&self, values: &[f64]) -> f64 {
        values.iter().zip(&self.rows.w).map(|(v, w)| w * (v * v)).sum()
    }

    /// Reads sorted scores: partials out the groups and sums from the top.
    pub(crate) fn load(&self, y: &[f64], scratch: &mut Scratch) {
        scratch.partial.clear();
        scratch.partial.extend_from_slice(y);
        self.rows.partial_out_in_place(y, &mut scratch.partial);
        scratch.a.resize(self.levels(), 0.0);
        scratch.b.resize(self.levels(), 0.0);
        let (mut a, mut b, mut total) = (0.0, 0.0, 0.0);
        for level in (0..self.levels()).rev() {
            for i in self.rows.starts[level]..self.rows.starts[level + 1] {
                let ws = self.rows.w[i] * scratch.partial[i];
                a += ws;
                b += self.rows.x[i] * ws;
                total += ws * scratch.partial[i];
            }
            scratch.a[level] = a;
            scratch.b[level] = b;
        }
        scratch.total = total;
    }

    /// The best hinge for the loaded scores.
    pub(crate) fn best(&self, scratch: &Scratch) -> Hinged {
        let levels = self.levels();
        let mut best = self.plain();
        // c -> -inf with the slope -> 0: a constant level, unless there is a free one anyway.
        let all = self.grams[0];
        if !self.level && all.ww > 0.0 {
            let explained = scratch.a[0] * scratch.a[0] / all.ww;
            if explained > best.explained {
                best = Hinged { first: 0, level: scratch.a[0] / all.ww, slope: 0.0, explained, active: 0 };
            }
        }
        let mut previous_end_needed = false;
        for active in 0..levels {
            let gram = self.grams[active];
            let (a, b) = (scratch.a[active], scratch.b[active]);
            let mut end_needed = true;
            if gram.inverse_det > 0.0 {
                let level = (gram.xx * a - gram.wx * b) * gram.inverse_det;
                let slope = (gram.ww * b - gram.wx * a) * gram.inverse_det;
                let explained = a * level + b * slope;
                end_needed = explained > best.explained;
                if end_needed {
                    // c = -level/slope lies at or below this knot and at or above the one before.
                    let (low, high) =
                        (if active == 0 { f64::NEG_INFINITY } else { self.knot(active - 1) }, self.knot(active));
                    let c = -level / slope;
                    if c >= low && c <= high {
                        best = Hinged { first: self.rows.starts[active], level, slope, explained, active };
                        end_needed = false;
                    }
                }
            }
            if active > 0 && (end_needed || previous_end_needed) {
                self.try_knot(active - 1, scratch, &mut best);
            }
            previous_end_needed = end_needed;
        }
        best
    }

    /// The best break between the distinct x numbers `from` and `to`, ends included.
    pub(crate) fn best_between(&self, from: usize, to: usize, scratch: &Scratch) -> Hinged {
        let mut best = self.plain();
        self.try_knot(from, scratch, &mut best);
        for active in from + 1..=to {
            let gram = self.grams[active];
            let (a, b) = (scratch.a[active], scratch.b[active]);
            let level = (gram.xx * a - gram.wx * b) * gram.inverse_det;
            let slope = (gram.ww * b - gram.wx * a) * gram.inverse_det;
            let explained = a * level + b * slope;
            if explained > best.explained {
                let c = -level / slope;
                if c >= self.knot(active - 1) && c <= self.knot(active) {
                    best = Hinged { first: self.rows.starts[active], level, slope, explained, active };
                }
            }
            self.try_knot(active, scratch, &mut best);
        }
        best
    }

    /// No curve beside the groups.
    fn plain(&self) -> Hinged {
        Hinged { first: self.n(), level: 0.0, slope: 0.0, explained: 0.0, active: self.levels() }
    }

    fn try_knot(&self, level: usize, scratch: &Scratch, best: &mut Hinged) {
        let c = self.knot(level);
        if let Some(fit) = self.held_in(level + 1, c, scratch)
            && fit.explained > best.explained
        {
            *best = fit;
        }
    }

    /// Where the fitted curve leaves its level, scaled: c for a break, negative infinity for a constant.
    pub(crate) fn best_break(&self, fit: Hinged) -> f64 {
        if fit.slope == 0.0 { f64::NEG_INFINITY } else { -fit.level / fit.slope }
    }

    /// The fit with the break held at scaled `c`; `None` where nothing beyond it is determined.
    pub(crate) fn held(&self, c: f64, scratch: &Scratch) -> Option<Hinged> {
        let active = (0..self.levels()).find(|&level| self.knot(level) > c)?;
        self.held_in(active, c, scratch)
    }

    fn held_in(&self, active: usize, c: f64, scratch: &Scratch) -> Option<Hinged> {
        let gram = self.grams.get(active)?;
        let size = self.held_norm(active, c);
        if !(size > COLLINEAR * (gram.xx + c * c * gram.ww))
            || !(size > COLLINEAR * gram.mass * (c - 0.5).powi(2).min(1.0))
        {
            return None;
        }
        let product = scratch.b[active] - c * scratch.a[active];
        let slope = product / size;
        Some(Hinged { first: self.rows.starts[active], level: -c * slope, slope, explained: product * slope, active })
    }

    /// |M (x - c)+|² for rows from `active` on.
    fn held_norm(&self, active: usize, c: f64) -> f64 {
        let gram = self.grams[active];
        gram.xx - 2.0 * c * gram.wx + c * c * gram.ww
    }

    /// Coefficients of the quadratic p c² + q c + r that is negative where the break held at c (between the knots
    /// `active`-1 and `active`) explains more than `explained`; `None` where the groups leave nothing of the break term.
    pub(crate) fn excess_quadratic(&self, active: usize, explained: f64, scratch: &Scratch) -> Option<[f64; 3]> {
        let gram = self.grams[active];
        let (a, b) = (scratch.a[active], scratch.b[active]);
        (gram.ww > COLLINEAR * gram.mass)
            .then(|| [explained * gram.ww - a * a, -2.0 * (explained * gram.wx - a * b), explained * gram.xx - b * b])
    }

    /// Whether the rows beyond tell where between the knots `active`-1 and `active` the break lies.
    pub(crate) fn tells_apart(&self, active: usize) -> bool {
        self.grams[active].inverse_det > 0.0
    }

    /// Fitted values of the curve and residuals after the groups, of the loaded scores; sorted.
    pub(crate) fn residuals(&self, fit: Hinged, y: &[f64], into: &mut Vec<f64>) {
        into.clear();
        into.extend(y.iter().enumerate().map(|(i, y)| y - self.lead(fit, i)));
        for (column, row) in self.rows.z.iter().zip(&self.rows.project) {
            let share: f64 = row.iter().enumerate().map(|(i, p)| p * (y[i] - self.lead(fit, i))).sum();
            for (r, c) in into.iter_mut().zip(column) {
                *r -= share * c;
            }
        }
    }

    /// The curve without groups at sorted row `i`.
    pub(crate) fn lead(&self, fit: Hinged, i: usize) -> f64 {
        if i < fit.first { 0.0 } else { fit.level + fit.slope * self.rows.x[i] }
    }

    /// max(0, x - c) with c at distinct x number `level`, groups taken out; sorted.
    pub(crate) fn kink(&self, level: usize) -> Vec<f64> {
        let c = self.knot(level);
        let raw: Vec<f64> = self.rows.x.iter().map(|x| (x - c).max(0.0)).collect();
        self.rows.partial_out(&raw)
    }

    /// The coefficient of the first group under `fit`, in the caller's units.
    pub(crate) fn first_group(&self, fit: Hinged, y: &[f64]) -> f64 {
        let share: f64 = self.rows.project[0].iter().enumerate().map(|(i, p)| p * (y[i] - self.lead(fit, i))).sum();
        share / self.first_scale
    }

    /// Residuals of sorted `values` from weighted regression on the groups and the derivatives of a fit with this many
    /// `active` x. A break at a knot counts as estimated too: its derivatives are those of the interval it borders on.
    pub(crate) fn beside(&self, active: usize, values: &[f64]) -> Vec<f64> {
        let mut rest = self.rows.partial_out(values);
        if active >= self.levels() {
            return rest;
        }
        let first = self.rows.starts[active];
        let gram = self.grams[active];
        let a: f64 = (first..self.n()).map(|i| self.rows.w[i] * rest[i]).sum();
        let b: f64 = (first..self.n()).map(|i| self.rows.w[i] * rest[i] * self.rows.x[i]).sum();
        let (level, slope) = if gram.inverse_det > 0.0 {
            ((gram.xx * a - gram.wx * b) * gram.inverse_det, (gram.ww * b - gram.wx * a) * gram.inverse_det)
        } else if gram.ww > COLLINEAR * gram.mass {
            (a / gram.ww, 0.0)
        } else {
            return rest;
        };
        let lead: Vec<f64> =
            (0..self.n()).map(|i| if i < first { 0.0 } else { level + slope * self.rows.x[i] }).collect();
        let lead = self.rows.partial_out(&lead);
        rest.iter_mut().zip(&lead).for_each(|(r, l)| *r -= l);
        rest
    }
}
