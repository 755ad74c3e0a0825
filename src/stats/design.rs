//! The design of a linear regression, made safe for Householder QR: rows multiplied by sqrt w, columns centred when one of
//! them is constant, everything scaled by powers of two.

use nalgebra::{DMatrix, DVector};

use super::scaling::binary_scale;

/// The first column that is, but for rounding, a combination of those before it.
pub(crate) fn collinear_column(columns: &[&[f64]], weights: Option<&[f64]>) -> Option<usize> {
    let n = columns.first().map_or(0, |c| c.len());
    let design = Design::new(columns, n, weights);
    solve(design.weighted(), DVector::zeros(n), &design.norms).err()
}

/// A design made safe: columns scaled, and centred where a constant column can take the means up.
pub(super) struct Design {
    pub(super) matrix: DMatrix<f64>,
    pub(super) scales: Vec<f64>,
    pub(super) constant: Option<usize>,
    /// Means of the scaled columns in units of the constant one; 0 for the constant column itself.
    pub(super) means: Vec<f64>,
    /// Square roots of the weights over `weight_scale`.
    pub(super) roots: Vec<f64>,
    pub(super) weight_scale: f64,
    /// Weighted norms before centring.
    pub(super) norms: Vec<f64>,
}

impl Design {
    pub(super) fn new(columns: &[&[f64]], n: usize, weights: Option<&[f64]>) -> Self {
        let weight_scale = weights.map_or(1.0, |w| binary_scale(w.iter().copied()));
        let weight: Vec<f64> = (0..n).map(|i| weights.map_or(1.0, |w| w[i] / weight_scale)).collect();
        let counted: Vec<usize> = (0..n).filter(|i| weight[*i] > 0.0).collect();
        let mass: f64 = weight.iter().sum();
        let scales: Vec<f64> = columns.iter().map(|c| binary_scale(counted.iter().map(|i| c[*i]))).collect();
        let constant = columns.iter().position(|c| {
            counted.first().is_some_and(|&first| c[first] != 0.0 && counted.iter().all(|&i| c[i] == c[first]))
        });
        let mut matrix = DMatrix::from_fn(n, columns.len(), |i, j| columns[j][i] / scales[j]);
        let norm = |j: usize, m: &DMatrix<f64>| (0..n).map(|i| weight[i] * m[(i, j)].powi(2)).sum::<f64>().sqrt();
        let norms = (0..columns.len()).map(|j| norm(j, &matrix)).collect();
        let mut means = vec![0.0; columns.len()];
        if let Some(constant) = constant {
            for j in (0..columns.len()).filter(|j| *j != constant) {
                let mean: f64 = counted.iter().map(|&i| matrix[(i, j)] * weight[i]).sum::<f64>() / mass;
                (0..n).for_each(|i| matrix[(i, j)] -= mean);
                means[j] = mean / matrix[(counted[0], constant)];
            }
        }
        let roots = weight.into_iter().map(f64::sqrt).collect();
        Self { matrix, scales, constant, means, roots, weight_scale, norms }
    }

    pub(super) fn weighted(&self) -> DMatrix<f64> {
        DMatrix::from_fn(self.matrix.nrows(), self.matrix.ncols(), |i, j| self.matrix[(i, j)] * self.roots[i])
    }

    /// Takes coefficients of the centred columns to those of the columns as they were.
    pub(super) fn uncentring(&self) -> DMatrix<f64> {
        let mut transform = DMatrix::identity(self.scales.len(), self.scales.len());
        if let Some(constant) = self.constant {
            for (j, mean) in self.means.iter().enumerate().filter(|(j, _)| *j != constant) {
                transform[(constant, j)] = -mean;
            }
        }
        transform
    }
}

/// A solved least-squares problem: its coefficients and the triangle R.
pub(crate) struct Solved {
    pub(crate) coefficients: DVector<f64>,
    pub(crate) r: DMatrix<f64>,
}

/// Householder QR. `Err(j)`: column j is a combination of those before it, its distance from them being rounding error
/// of a column of norm `norms[j]`.
pub(crate) fn solve(design: DMatrix<f64>, mut y: DVector<f64>, norms: &[f64]) -> Result<Solved, usize> {
    let (n, k) = design.shape();
    if n < k {
        return Err(n);
    }
    if k == 0 {
        return Ok(Solved { coefficients: DVector::zeros(0), r: DMatrix::zeros(0, 0) });
    }
    let rounding = f64::EPSILON * (64.0 + (n as f64).sqrt());
    let qr = design.qr();
    qr.q_tr_mul(&mut y);
    let r = qr.unpack_r();
    if let Some(j) = (0..k).find(|&j| r[(j, j)].is_nan() || r[(j, j)].abs() <= rounding * norms[j]) {
        return Err(j);
    }
    match r.solve_upper_triangular(&y.rows(0, k).into_owned()) {
        Some(coefficients) => Ok(Solved { coefficients, r }),
        None => Err(k.saturating_sub(1)),
    }
}
