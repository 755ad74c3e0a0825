//! Running weighted means and centred cross-products.
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
