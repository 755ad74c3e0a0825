//! The exact least-squares fit of a curve with one break.
//!
//!   y = left(x) + α max(0, x - c) + Σ θ_k z_k,  left = 0, a free level, or a free line
//!
//! Between two neighbouring distinct x the active set {x > c} is fixed, and with αc as a parameter of its own the model
//! is linear there: two lines that need not meet. If those of least squares meet inside the interval, at c*, that is the
//! interval's best fit. If not, the best is at one of the interval's ends, because the admissible (α, αc) form a double
//! cone, convex on either side of zero, on which a convex function without stationary point inside is least at the
//! border. Where the two lines are not determined (one distinct x beyond the break, say) every value that the interval
//! can reach is reached at an end as well. Hence, over all intervals, at most one linear fit inside and one at the end of
//! each: the least of them is the global optimum, and no starting value enters. Source: Hudson (1966), "Fitting segmented
//! curves whose join points have to be estimated", carried to group terms, weights and ties.
//!
//! **Left of the data.** With left = 0 the interval (-∞, min x] counts as well: the curve is then a straight line, and at
//! the far end of that interval, c → -∞ with α → 0, a constant level. Both are candidates.
//!
//! **Cost.** After one sort, prefix and suffix moments give every linear fit in O(q³) for q groups; an interval's own
//! unconstrained optimum bounds what it can reach, so most intervals are dismissed by that one number. The moments are
//! centred on their own set of points. They choose; the fit that is returned is solved again by QR from the observations,
//! together with every other candidate too close to call from the moments.

mod left;
mod moments;
mod polish;
mod problem;

pub(super) use left::Left;

use left::Y;
use moments::{Moments, length};
use problem::Problem;
use serde::{Deserialize, Serialize};

use super::cross_products::CrossProducts;
use super::scaling::binary_scale;
use crate::{Error, Result};

/// The form of the best fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Shape {
    /// No break term: left(x) and the groups alone.
    Plain,
    /// A constant level (left = 0 only): the limit c → -∞, α → 0.
    Constant,
    /// Every observation is at or beyond the break: a straight line.
    Line,
    /// A break inside the data.
    Bend,
}

/// The best fit, in the caller's units. Positions are measured from the solver's origin, the largest x.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Best {
    pub(super) shape: Shape,
    /// Change of slope at the break, 0 without one.
    pub(super) alpha: f64,
    /// The break minus the origin; for `Line` the smallest x, for `Plain` and `Constant` 0.
    pub(super) c: f64,
    /// For `Line` and `Constant` with left = 0: the curve at the smallest x.
    pub(super) start: f64,
    /// The smallest x that counts, minus the origin.
    pub(super) bottom: f64,
    /// The free level of `Left::Level`; that of `Left::Line` at the origin.
    pub(super) level: f64,
    /// The slope of `Left::Line`.
    pub(super) slope: f64,
    /// One difference per group, 0 where not identified.
    pub(super) theta: Vec<f64>,
    pub(super) identified: Vec<bool>,
    /// Whether the data determine c (and α) inside its interval.
    pub(super) c_identified: bool,
    #[serde(with = "crate::serial::real")]
    pub(super) sse: f64,
}

/// A solver for one set of predictors and groups, reused over scores and weights.
#[derive(Debug, Clone)]
pub(super) struct OneBreak {
    left: Left,
    within: bool,
    /// Observations by increasing x.
    order: Vec<usize>,
    /// x minus the largest and x minus the smallest, over `x_scale`, in that order. Two origins, because each half of
    /// the data keeps its digits when measured from its own end.
    from_top: Vec<f64>,
    from_bottom: Vec<f64>,
    origin: f64,
    x_scale: f64,
    /// Group values over `z_scale`, row by row in that order.
    z: Vec<f64>,
    z_scale: Vec<f64>,
    problem: Problem,
    scratch: Scratch,
}

#[derive(Debug, Clone, Default)]
struct Scratch {
    prefix: Vec<f64>,
    point: Vec<f64>,
    lower: Vec<f64>,
    theta: Vec<f64>,
    candidates: Vec<Candidate>,
}

/// A fit that the moments found, with the sum of squares they give it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Candidate {
    place: Place,
    sse: f64,
}

/// Where a candidate's break lies; in the order in which ties are decided, the simplest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Plain,
    Constant,
    /// Before all the data: their unconstrained straight line.
    Before,
    /// Between the distinct x of this index and the next.
    After(usize),
    /// At the distinct x of this index; `determined` tells whether c is, in the intervals on both
    /// sides.
    At {
        level: usize,
        determined: bool,
    },
}

/// Moments decide between sums of squares that differ by more than this share of Σ w y²: they carry 16 digits, less two
/// or three for the summation and as many for the elimination.
const TOO_CLOSE: f64 = 1e-11;

impl OneBreak {
    /// Sorts and scales. `x` and every group have one length and finite values (checked by the caller).
    pub(super) fn new(left: Left, within: bool, x: &[f64], groups: &[Vec<f64>]) -> Result<Self> {
        let mut order: Vec<usize> = (0..x.len()).collect();
        order.sort_by(|&a, &b| x[a].total_cmp(&x[b]));
        let (Some(&first), Some(&last)) = (order.first(), order.last()) else {
            return Err(Error::NotEnoughModels { have: 0, need: left.parameters() + 2 });
        };
        if !(x[last] - x[first]).is_finite() {
            return Err(Error::Argument("the range of the predictor exceeds the largest number".into()));
        }
        let x_scale = binary_scale([x[last] - x[first]].into_iter());
        let z_scale: Vec<f64> = groups.iter().map(|g| binary_scale(g.iter().copied())).collect();
        Ok(Self {
            left,
            within,
            from_top: order.iter().map(|&i| (x[i] - x[last]) / x_scale).collect(),
            from_bottom: order.iter().map(|&i| (x[i] - x[first]) / x_scale).collect(),
            origin: x[last],
            x_scale,
            z: order.iter().flat_map(|&i| groups.iter().zip(&z_scale).map(move |(g, s)| g[i] / s)).collect(),
            z_scale,
            order,
            problem: Problem::default(),
            scratch: Scratch::default(),
        })
    }

    /// The largest x, from which breaks are measured.
    pub(super) fn origin(&self) -> f64 {
        self.origin
    }

    /// The global optimum for the scores `y` and `weights` (zeros allowed, as in a bootstrap sample), both in the order
    /// of the observations and checked by the caller.
    pub(super) fn solve(&mut self, y: &[f64], weights: Option<&[f64]>) -> Result<Best> {
        self.load(y, weights)?;
        self.scan();
        self.choose()
    }

    /// Least sum of squares with the break held at `c`.
    pub(super) fn sse_at(&mut self, y: &[f64], weights: Option<&[f64]>, c: f64) -> Result<f64> {
        self.load(y, weights)?;
        self.profile((c - self.origin) / self.x_scale)
    }

    fn load(&mut self, y: &[f64], weights: Option<&[f64]>) -> Result<()> {
        let groups = self.z_scale.len();
        let p = &mut self.problem;
        for list in [&mut p.top, &mut p.bottom, &mut p.y, &mut p.w, &mut p.root, &mut p.z] {
            list.clear();
        }
        p.starts.clear();
        p.w_scale = weights.map_or(1.0, |w| binary_scale(w.iter().copied()));
        for (row, &i) in self.order.iter().enumerate() {
            let w = weights.map_or(1.0, |w| w[i] / p.w_scale);
            if w > 0.0 {
                if p.top.last() != Some(&self.from_top[row]) {
                    p.starts.push(p.top.len());
                }
                p.top.push(self.from_top[row]);
                p.bottom.push(self.from_bottom[row]);
                p.y.push(y[i]);
                p.w.push(w);
                p.root.push(w.sqrt());
                p.z.extend_from_slice(&self.z[row * groups..(row + 1) * groups]);
            }
        }
        let n = p.y.len();
        p.starts.push(n);
        let need = self.left.parameters() + 2;
        if n < need {
            return Err(Error::NotEnoughModels { have: n, need });
        }
        if p.levels() < 2 {
            return Err(Error::Undetermined("the predictor is the same for every model".into()));
        }
        p.scale_scores(self.left);
        p.q = groups;
        p.accumulate(&mut self.scratch.point);
        if p.identify(self.left) {
            p.accumulate(&mut self.scratch.point);
        }
        if n < need + p.q {
            return Err(Error::NotEnoughModels { have: n, need: need + p.q });
        }
        Ok(())
    }

    /// Fills the list of candidates with every fit that may be the best.
    fn scan(&mut self) {
        let (left, within) = (self.left, self.within);
        let problem = &self.problem;
        let span = self.from_bottom.last().copied().unwrap_or(0.0);
        let scratch = &mut self.scratch;
        scratch.candidates.clear();
        let mut found = Found { list: &mut scratch.candidates, best: f64::INFINITY, band: 0.0 };
        let all = problem.suffix(0);
        found.band = TOO_CLOSE * all.raw(Y, Y);
        let mut products = CrossProducts::new(&mut scratch.lower, problem.q + 1);
        if let Some(sse) = problem.without_break(left, all, &mut products) {
            found.add(Place::Plain, sse);
        }
        let mut end_needed = false;
        let mut left_determined = true;
        if left == Left::Zero && !within {
            if let Some(sse) = problem.without_break(Left::Level, all, &mut products) {
                found.add(Place::Constant, sse);
            }
            let line = problem.line(all, &mut products, &mut scratch.theta);
            left_determined = line.is_some();
            match line {
                Some((sse, c)) if c <= problem.top[0] => found.add(Place::Before, sse),
                _ => end_needed = true,
            }
        }
        scratch.prefix.clear();
        scratch.prefix.resize(length(problem.q + 2), 0.0);
        for level in 0..problem.levels() - 1 {
            problem.add_level(level, &mut scratch.prefix, &mut scratch.point);
            let below = Moments { values: &scratch.prefix, p: problem.q + 2 };
            let above = problem.suffix(level + 1);
            let (low, high) = (problem.top[problem.starts[level]], problem.top[problem.starts[level + 1]]);
            let lines = match left {
                Left::Line if level == 0 => None,
                _ if level + 2 == problem.levels() => None,
                _ => problem.two_lines(left, span, below, above, &mut products, &mut scratch.theta),
            };
            let determined = left_determined && lines.is_some();
            left_determined = lines.is_some();
            let inside = match lines {
                Some((sse, c)) if c >= low && c <= high => {
                    found.add(Place::After(level), sse);
                    true
                }
                // What the two lines cannot reach, no fit with its break in this interval can.
                Some((sse, _)) => sse > found.best + found.band,
                None => false,
            };
            if end_needed || !inside {
                let bottom = problem.bottom[problem.starts[level]];
                if let Some(sse) = problem.break_at(left, low, bottom, below, above, &mut products) {
                    found.add(Place::At { level, determined }, sse);
                }
            }
            end_needed = !inside;
        }
    }
}

/// The candidates so far. Those far above the best of their time are not kept.
struct Found<'a> {
    list: &'a mut Vec<Candidate>,
    best: f64,
    band: f64,
}

impl Found<'_> {
    fn add(&mut self, place: Place, sse: f64) {
        if sse <= self.best + self.band {
            self.list.push(Candidate { place, sse });
            self.best = self.best.min(sse);
        }
    }
}
