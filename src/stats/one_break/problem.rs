//! One set of scores with its moments, and the sums of squares they give each kind of fit.

use super::left::{Left, X, Y, Z};
use super::moments::{Moments, add, length};

use crate::stats::cross_products::{COLLINEAR, CrossProducts};
use crate::stats::scaling::binary_scale;

/// One set of scores: the observations of positive weight, sorted, scaled, without the groups that are not identified.
#[derive(Debug, Clone, Default)]
pub(super) struct Problem {
    pub(super) top: Vec<f64>,
    pub(super) bottom: Vec<f64>,
    pub(super) y: Vec<f64>,
    pub(super) w: Vec<f64>,
    /// Square roots of the weights.
    pub(super) root: Vec<f64>,
    /// Row by row, q per observation.
    pub(super) z: Vec<f64>,
    pub(super) q: usize,
    /// Scores are (y - `y_mean`) / `y_scale`; the mean is taken off only where a level is free.
    pub(super) y_scale: f64,
    pub(super) y_mean: f64,
    /// Weights are over `w_scale`.
    pub(super) w_scale: f64,
    /// First row of every distinct x, and the number of rows at the end.
    pub(super) starts: Vec<usize>,
    pub(super) identified: Vec<bool>,
    /// Moments of the rows from every distinct x on, and of none at the end.
    pub(super) suffixes: Vec<f64>,
}

impl Problem {
    pub(super) fn levels(&self) -> usize {
        self.starts.len() - 1
    }

    pub(super) fn suffix(&self, level: usize) -> Moments<'_> {
        let p = self.q + 2;
        let size = length(p);
        Moments { values: &self.suffixes[level * size..(level + 1) * size], p }
    }

    pub(super) fn scale_scores(&mut self, left: Left) {
        self.y_mean = 0.0;
        let first = binary_scale(self.y.iter().copied());
        if left != Left::Zero {
            let mass: f64 = self.w.iter().sum();
            self.y_mean = self.y.iter().zip(&self.w).map(|(y, w)| y / first * (w / mass)).sum::<f64>() * first;
            self.y.iter_mut().for_each(|y| *y -= self.y_mean);
        }
        self.y_scale = binary_scale(self.y.iter().copied());
        self.y.iter_mut().for_each(|y| *y /= self.y_scale);
    }

    /// Moments of all suffixes, from the top down.
    pub(super) fn accumulate(&mut self, point: &mut Vec<f64>) {
        let size = length(self.q + 2);
        let levels = self.levels();
        let mut suffixes = std::mem::take(&mut self.suffixes);
        suffixes.clear();
        suffixes.resize((levels + 1) * size, 0.0);
        for level in (0..levels).rev() {
            let (here, above) = suffixes[level * size..(level + 2) * size].split_at_mut(size);
            here.copy_from_slice(above);
            for row in (self.starts[level]..self.starts[level + 1]).rev() {
                self.point(row, self.top[row], point);
                add(here, point, self.w[row]);
            }
        }
        self.suffixes = suffixes;
    }

    pub(super) fn add_level(&self, level: usize, moments: &mut [f64], point: &mut Vec<f64>) {
        for row in self.starts[level]..self.starts[level + 1] {
            self.point(row, self.bottom[row], point);
            add(moments, point, self.w[row]);
        }
    }

    pub(super) fn point(&self, row: usize, x: f64, into: &mut Vec<f64>) {
        into.clear();
        into.extend([x, self.y[row]]);
        into.extend_from_slice(&self.z[row * self.q..(row + 1) * self.q]);
    }

    /// Finds the groups that left(x) and the groups before them do not already determine, and drops the others. Whether
    /// any was dropped.
    pub(super) fn identify(&mut self, left: Left) -> bool {
        let all = self.q;
        let mut kept: Vec<usize> = Vec::with_capacity(all);
        let mut identified = std::mem::take(&mut self.identified);
        identified.clear();
        let mut lower = Vec::new();
        for group in 0..all {
            kept.push(group);
            let moments = self.suffix(0);
            let mut products = CrossProducts::new(&mut lower, kept.len() + 1);
            for (j, &a) in kept.iter().enumerate() {
                for (k, &b) in kept[..=j].iter().enumerate() {
                    products.set(j, k, left.product(moments, Z + a, Z + b));
                }
                products.set(kept.len(), j, 0.0);
            }
            products.set(kept.len(), kept.len(), 0.0);
            // Relative to the group before a line is taken off it: rounding of a multiple of x is not a group.
            let size = if left == Left::Line { moments.centred(Z + group, Z + group) } else { 0.0 };
            let known =
                left.product(moments, Z + group, Z + group) > COLLINEAR * size && products.eliminate().is_some();
            if !known {
                kept.pop();
            }
            identified.push(known);
        }
        self.identified = identified;
        if kept.len() == all {
            return false;
        }
        self.z = (0..self.y.len())
            .flat_map(|row| kept.iter().map(move |k| (row, *k)))
            .map(|(r, k)| self.z[r * all + k])
            .collect();
        self.q = kept.len();
        true
    }

    /// Sum of squares of left(x) and the groups alone.
    pub(super) fn without_break(&self, left: Left, all: Moments<'_>, products: &mut CrossProducts<'_>) -> Option<f64> {
        self.fill(products, |j, k| left.product(all, j, k));
        products.eliminate()
    }

    /// One line through everything, without a break; where it crosses zero.
    pub(super) fn line(
        &self,
        all: Moments<'_>,
        products: &mut CrossProducts<'_>,
        theta: &mut Vec<f64>,
    ) -> Option<(f64, f64)> {
        self.fill(products, |j, k| all.beside_line(X, j, k));
        let sse = products.eliminate()?;
        products.coefficients(theta);
        let (level, slope) = self.level_and_slope(all, theta);
        Some((sse, all.mean(X) - level / slope))
    }

    /// Left and right fitted each on its own, with common group differences: their sum of squares, and the x (from the
    /// top) at which they meet. `span` is the range of x.
    pub(super) fn two_lines(
        &self,
        left: Left,
        span: f64,
        below: Moments<'_>,
        above: Moments<'_>,
        products: &mut CrossProducts<'_>,
        theta: &mut Vec<f64>,
    ) -> Option<(f64, f64)> {
        self.fill(products, |j, k| left.product(below, j, k) + above.beside_line(X, j, k));
        let sse = products.eliminate()?;
        products.coefficients(theta);
        let (right, slope) = self.level_and_slope(above, theta);
        let (left_value, left_slope) = match left {
            Left::Zero => (0.0, 0.0),
            Left::Level => (self.level_and_slope(below, theta).0, 0.0),
            Left::Line => {
                let (value, slope) = self.level_and_slope(below, theta);
                (value + slope * (above.mean(X) - (below.mean(X) - span)), slope)
            }
        };
        Some((sse, above.mean(X) - (right - left_value) / (slope - left_slope)))
    }

    /// Sum of squares with the break at `top` (from the largest x), which is `bottom` (from the smallest).
    pub(super) fn break_at(
        &self,
        left: Left,
        top: f64,
        bottom: f64,
        below: Moments<'_>,
        above: Moments<'_>,
        products: &mut CrossProducts<'_>,
    ) -> Option<f64> {
        let all = self.suffix(0);
        let lead = 1 + left.parameters();
        products.resize(lead + self.q + 1);
        // Variables: the right arm; the left arm; the level; groups; score. With a free line the arms are both sides of
        // the break, which spans the same curves as a line and a hinge, and has no product between them.
        for j in 0..=self.q {
            let variable = if j == self.q { Y } else { Z + j };
            products.set(lead + j, 0, above.about(X, top, variable));
            if left == Left::Line {
                products.set(lead + j, 1, below.about(X, bottom, variable));
            }
            if left != Left::Zero {
                products.set(lead + j, lead - 1, all.mass() * all.mean(variable));
            }
            for k in 0..=j {
                products.set(lead + j, lead + k, all.raw(variable, if k == self.q { Y } else { Z + k }));
            }
        }
        products.set(0, 0, above.about(X, top, X));
        if left == Left::Line {
            products.set(1, 0, 0.0);
            products.set(1, 1, below.about(X, bottom, X));
            products.set(2, 1, below.mass() * (below.mean(X) - bottom));
        }
        if left != Left::Zero {
            products.set(lead - 1, 0, above.mass() * (above.mean(X) - top));
            products.set(lead - 1, lead - 1, all.mass());
        }
        products.eliminate()
    }

    /// Fills the cross-products of groups and score.
    pub(super) fn fill(&self, products: &mut CrossProducts<'_>, value: impl Fn(usize, usize) -> f64) {
        products.resize(self.q + 1);
        for j in 0..=self.q {
            let variable = if j == self.q { Y } else { Z + j };
            for k in 0..=j {
                products.set(j, k, value(variable, if k == self.q { Y } else { Z + k }));
            }
        }
    }

    /// A set's own line, given the group differences: its value at the set's mean x, and its slope.
    pub(super) fn level_and_slope(&self, set: Moments<'_>, theta: &[f64]) -> (f64, f64) {
        let (mut level, mut product) = (set.mean(Y), set.centred(X, Y));
        for (k, t) in theta.iter().enumerate() {
            level -= t * set.mean(Z + k);
            product -= t * set.centred(X, Z + k);
        }
        (level, product / set.centred(X, X))
    }
}
