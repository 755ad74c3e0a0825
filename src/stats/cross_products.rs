//! Small normal equations: fast, for choosing among many fits of which the chosen ones are solved again by QR.

/// Symmetric positive semidefinite cross-products of `dim` variables, the last of them the response; lower triangle,
/// row by row. [`eliminate`](Self::eliminate) replaces it by its Cholesky factor.
pub(crate) struct CrossProducts<'a> {
    lower: &'a mut Vec<f64>,
    dim: usize,
}

impl<'a> CrossProducts<'a> {
    pub(crate) fn new(lower: &'a mut Vec<f64>, dim: usize) -> Self {
        let mut products = Self { lower, dim };
        products.resize(dim);
        products
    }

    /// All zero, to be [added](Self::add) to.
    pub(crate) fn zeros(lower: &'a mut Vec<f64>, dim: usize) -> Self {
        let products = Self::new(lower, dim);
        products.lower.fill(0.0);
        products
    }

    /// Adds one observation of weight `w`: the `dim` variables' values.
    pub(crate) fn add(&mut self, values: &[f64], w: f64) {
        for (j, a) in values.iter().enumerate() {
            for (sum, b) in self.lower[j * self.dim..=j * self.dim + j].iter_mut().zip(values) {
                *sum += w * a * b;
            }
        }
    }

    /// Makes room for `dim` variables; the values are to be set again.
    pub(crate) fn resize(&mut self, dim: usize) {
        self.dim = dim;
        self.lower.resize(dim * dim, 0.0);
    }

    pub(crate) fn set(&mut self, j: usize, k: usize, value: f64) {
        let (j, k) = if j >= k { (j, k) } else { (k, j) };
        self.lower[j * self.dim + k] = value;
    }

    /// The residual sum of squares of the response; `None` when a regressor is a combination of those before it.
    pub(crate) fn eliminate(&mut self) -> Option<f64> {
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
    pub(crate) fn coefficients(&self, into: &mut Vec<f64>) {
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
pub(crate) const COLLINEAR: f64 = 1e-12;
