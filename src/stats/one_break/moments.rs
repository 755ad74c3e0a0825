//! Running weighted means and centred cross-products, and the elimination that turns them into a sum of squares.
//!
//! Adding a point v of weight w to a set of mass W: d = v - mean, mean += d w/(W+w), C += d d' W w/(W+w) (Welford 1962;
//! Chan, Golub and LeVeque 1983). Every term added to the diagonal is nonnegative, so nothing cancels.

/// One set of points: its mass, the means of `p` variables and their centred cross-products, flat in a slice of
/// [`length`] numbers so that a million sets lie in one allocation.
#[derive(Clone, Copy)]
pub(super) struct Moments<'a> {
    pub(super) values: &'a [f64],
    pub(super) p: usize,
}

/// Numbers that the moments of `p` variables take.
pub(super) fn length(p: usize) -> usize {
    1 + p + p * (p + 1) / 2
}

/// Adds the point `v` (p values) with weight `w` > 0.
pub(super) fn add(moments: &mut [f64], v: &[f64], w: f64) {
    let p = v.len();
    let old = moments[0];
    let share = w / (old + w);
    let (means, cross) = moments[1..].split_at_mut(p);
    let mut at = 0;
    for j in 0..p {
        let d = (v[j] - means[j]) * (old * share);
        for k in 0..=j {
            cross[at] += d * (v[k] - means[k]);
            at += 1;
        }
    }
    for j in 0..p {
        means[j] += (v[j] - means[j]) * share;
    }
    moments[0] = old + w;
}

impl Moments<'_> {
    pub(super) fn mass(self) -> f64 {
        self.values[0]
    }

    pub(super) fn mean(self, j: usize) -> f64 {
        self.values[1 + j]
    }

    /// Σ w (v_j - mean_j)(v_k - mean_k).
    pub(super) fn centred(self, j: usize, k: usize) -> f64 {
        let (j, k) = if j >= k { (j, k) } else { (k, j) };
        self.values[1 + self.p + j * (j + 1) / 2 + k]
    }

    /// Σ w v_j v_k.
    pub(super) fn raw(self, j: usize, k: usize) -> f64 {
        self.centred(j, k) + self.mass() * self.mean(j) * self.mean(k)
    }

    /// Σ w (v_j - at)(v_k - at_k) with `at_k` = `at` where k is j, 0 otherwise.
    pub(super) fn about(self, j: usize, at: f64, k: usize) -> f64 {
        let second = if k == j { self.mean(k) - at } else { self.mean(k) };
        self.centred(j, k) + self.mass() * (self.mean(j) - at) * second
    }

    /// The cross-product of what is left of j and k after regression on an intercept and `x`.
    pub(super) fn beside_line(self, x: usize, j: usize, k: usize) -> f64 {
        self.centred(j, k) - self.centred(x, j) * self.centred(x, k) / self.centred(x, x)
    }
}

/// Symmetric positive semidefinite cross-products of `dim` variables, the last of them the response; lower triangle,
/// row by row. [`eliminate`](Self::eliminate) replaces it by its Cholesky factor.
pub(super) struct CrossProducts<'a> {
    lower: &'a mut Vec<f64>,
    dim: usize,
}

impl<'a> CrossProducts<'a> {
    pub(super) fn new(lower: &'a mut Vec<f64>, dim: usize) -> Self {
        let mut products = Self { lower, dim };
        products.resize(dim);
        products
    }

    /// Makes room for `dim` variables; the values are to be set again.
    pub(super) fn resize(&mut self, dim: usize) {
        self.dim = dim;
        self.lower.resize(dim * dim, 0.0);
    }

    pub(super) fn set(&mut self, j: usize, k: usize, value: f64) {
        let (j, k) = if j >= k { (j, k) } else { (k, j) };
        self.lower[j * self.dim + k] = value;
    }

    /// The residual sum of squares of the response; `None` when a regressor is a combination of those before it.
    pub(super) fn eliminate(&mut self) -> Option<f64> {
        let dim = self.dim;
        for j in 0..dim {
            let whole = self.lower[j * dim + j];
            for k in 0..=j {
                let mut sum = self.lower[j * dim + k];
                for l in 0..k {
                    sum -= self.lower[j * dim + l] * self.lower[k * dim + l];
                }
                if k < j {
                    self.lower[j * dim + k] = sum / self.lower[k * dim + k];
                } else if j + 1 == dim {
                    return Some(sum.max(0.0));
                } else if sum > COLLINEAR * whole {
                    self.lower[j * dim + j] = sum.sqrt();
                } else {
                    return None;
                }
            }
        }
        None
    }

    /// The coefficients, after [`eliminate`](Self::eliminate).
    pub(super) fn coefficients(&self, into: &mut Vec<f64>) {
        let (dim, k) = (self.dim, self.dim - 1);
        into.clear();
        into.extend_from_slice(&self.lower[k * dim..k * dim + k]);
        for j in (0..k).rev() {
            for l in j + 1..k {
                into[j] -= self.lower[l * dim + j] * into[l];
            }
            into[j] /= self.lower[j * dim + j];
        }
    }
}

/// A pivot below this share of its column's square is rounding error: cross-products carry about 16 digits, and sums of
/// a million terms lose two or three of them.
pub(super) const COLLINEAR: f64 = 1e-12;
