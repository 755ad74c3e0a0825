//! The parts of a robust estimate: the design in orthonormal coordinates, residuals adjusted cluster by cluster, and the degrees
//! of freedom.

use nalgebra::{DMatrix, DVector};

use super::kind::Kind;
use crate::stats::clusters::Clusters;
use crate::stats::many::MANY;
use crate::{Error, Result};

/// The design in orthonormal coordinates: sqrt(w) X = Q R with columns scaled first, so that values of any size fit.
pub(super) struct Basis {
    q: DMatrix<f64>,
    /// R^-1, still for the scaled columns.
    inverse: DMatrix<f64>,
    /// What each column was divided by.
    scales: Vec<f64>,
    /// sqrt(w) e / `residual_scale`.
    pub(super) residuals: DVector<f64>,
    residual_scale: f64,
}

impl Basis {
    pub(super) fn new(columns: &[Vec<f64>], residuals: &[f64], weights: Option<&[f64]>) -> Result<Self> {
        let (n, k) = (residuals.len(), columns.len());
        let mut root = vec![1.0; n];
        if let Some(weights) = weights {
            if weights.iter().any(|w| !(w.is_finite() && *w >= 0.0)) {
                return Err(Error::Argument("weights must be finite and not negative".into()));
            }
            root = weights.iter().map(|w| w.sqrt()).collect();
        }
        if columns.iter().flatten().chain(residuals).any(|v| !v.is_finite()) {
            return Err(Error::Undetermined("a design column or residual is not finite".into()));
        }
        let scale = |values: &[f64]| values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        let scales: Vec<f64> = columns.iter().map(|c| scale(c)).collect();
        if let Some(j) = scales.iter().position(|s| *s == 0.0) {
            return Err(Error::Undetermined(format!("parameter {} does not enter the fit: its column is zero", j + 1)));
        }
        let residual_scale = scale(residuals).max(f64::MIN_POSITIVE);
        let x = DMatrix::from_fn(n, k, |i, j| root[i] * columns[j][i] / scales[j]);
        let norms: Vec<f64> = x.column_iter().map(|c| c.norm()).collect();
        let (q, r) = x.qr().unpack();
        if (0..k).any(|j| r[(j, j)].abs() <= COLLINEAR * norms[j]) {
            return Err(Error::Undetermined("the columns of the design are collinear".into()));
        }
        let inverse = r
            .solve_upper_triangular(&DMatrix::identity(k, k))
            .ok_or_else(|| Error::Undetermined("the columns of the design are collinear".into()))?;
        let residuals = DVector::from_fn(n, |i, _| root[i] * residuals[i] / residual_scale);
        Ok(Self { q, inverse, scales, residuals, residual_scale })
    }

    /// R^-1 (meat) R^-T in the caller's units.
    pub(super) fn unscale(&self, meat: &DMatrix<f64>) -> Vec<Vec<f64>> {
        let v = &self.inverse * meat * self.inverse.transpose();
        let unit = |j: usize| self.residual_scale / self.scales[j];
        (0..v.nrows()).map(|i| (0..v.ncols()).map(|j| v[(i, j)] * unit(i) * unit(j)).collect()).collect()
    }
}

/// One cluster's rows of Q with the kind's residual adjustment applied: A_g Q_g, and A_g e_g.
pub(super) struct Adjusted {
    q: DMatrix<f64>,
    adjusted_q: DMatrix<f64>,
    adjusted_residuals: DVector<f64>,
    /// Directions that this cluster alone determines, as columns.
    own: DMatrix<f64>,
}

impl Adjusted {
    /// Whether coefficient `l` rests on a direction that this cluster alone determines.
    pub(super) fn decides(&self, basis: &Basis, l: usize) -> bool {
        let contrast = basis.inverse.row(l).transpose();
        let size = contrast.norm();
        self.own.ncols() > 0 && self.own.tr_mul(&(&self.q * contrast)).norm() > SHARE * size
    }
}

pub(super) fn adjust(basis: &Basis, clusters: &Clusters, kind: Kind) -> Result<Vec<Adjusted>> {
    (0..clusters.count())
        .map(|g| {
            let rows = clusters.members(g);
            let q = basis.q.select_rows(rows);
            let residuals = basis.residuals.select_rows(rows);
            if rows.len() > MANY {
                return adjust_large(q, residuals, kind);
            }
            let eigen = (DMatrix::identity(rows.len(), rows.len()) - &q * q.transpose()).symmetric_eigen();
            let full: Vec<usize> = (0..rows.len()).filter(|&j| eigen.eigenvalues[j] < FULL_LEVERAGE).collect();
            let own = eigen.eigenvectors.select_columns(&full);
            let power = match kind {
                Kind::Hc2 | Kind::Cr2 => -0.5,
                Kind::Hc3 | Kind::Cr3 => -1.0,
                _ => return Ok(Adjusted { adjusted_q: q.clone(), q, adjusted_residuals: residuals, own }),
            };
            // An eigenvalue of zero is a direction this cluster alone determines. CR2 leaves it out (its residual is
            // zero there); the others divide by it.
            if kind != Kind::Cr2 && !full.is_empty() {
                return Err(one_decides(kind));
            }
            let powers = eigen.eigenvalues.map(|v| if v < FULL_LEVERAGE { 0.0 } else { v.powf(power) });
            let a = &eigen.eigenvectors * DMatrix::from_diagonal(&powers) * eigen.eigenvectors.transpose();
            Ok(Adjusted { adjusted_q: &a * &q, adjusted_residuals: &a * residuals, q, own })
        })
        .collect()
}

/// The same of a cluster so large that I - H_gg is not written out. With Q_g = U S V', its eigenvalues are 1 - s² in the
/// directions U and 1 in all others.
fn adjust_large(q: DMatrix<f64>, residuals: DVector<f64>, kind: Kind) -> Result<Adjusted> {
    let Some(u) = q.clone().svd(true, false).u else {
        return Err(Error::Undetermined("the leverage of a large family cannot be computed".into()));
    };
    let left: Vec<f64> = u.tr_mul(&q).row_iter().map(|row| 1.0 - row.norm_squared()).collect();
    let full: Vec<usize> = (0..left.len()).filter(|&j| left[j] < FULL_LEVERAGE).collect();
    let own = u.select_columns(&full);
    let power = match kind {
        Kind::Cr2 => -0.5,
        Kind::Cr3 => -1.0,
        _ => return Ok(Adjusted { adjusted_q: q.clone(), q, adjusted_residuals: residuals, own }),
    };
    if kind != Kind::Cr2 && !full.is_empty() {
        return Err(one_decides(kind));
    }
    let change = left.iter().map(|v| if *v < FULL_LEVERAGE { -1.0 } else { v.powf(power) - 1.0 });
    let change = DMatrix::from_diagonal(&DVector::from_iterator(left.len(), change));
    let adjusted_q = &q + &u * (&change * u.tr_mul(&q));
    let adjusted_residuals = &residuals + &u * (&change * u.tr_mul(&residuals));
    Ok(Adjusted { q, adjusted_q, adjusted_residuals, own })
}

fn one_decides(kind: Kind) -> Error {
    Error::Undetermined(format!(
        "{} does not exist: one {} alone determines a parameter",
        kind.name(),
        if kind.is_clustered() { "family" } else { "model" }
    ))
}

pub(super) fn meat(basis: &Basis, adjusted: &[Adjusted]) -> DMatrix<f64> {
    let k = basis.q.ncols();
    adjusted.iter().fold(DMatrix::zeros(k, k), |sum, part| {
        let score = part.q.tr_mul(&part.adjusted_residuals);
        sum + &score * score.transpose()
    })
}

pub(super) fn correction(kind: Kind, n: usize, k: usize, groups: usize) -> f64 {
    let (n, k, g) = (n as f64, k as f64, groups as f64);
    match kind {
        Kind::Hc1 => n / (n - k),
        Kind::Cr1 => g / (g - 1.0),
        Kind::Cr1s => g / (g - 1.0) * (n - 1.0) / (n - k),
        _ => 1.0,
    }
}

/// Bell and McCaffrey's degrees of freedom of coefficient `l`.
pub(super) fn satterthwaite(basis: &Basis, adjusted: &[Adjusted], l: usize) -> f64 {
    let contrast = basis.inverse.row(l).transpose();
    let a: Vec<DVector<f64>> = adjusted.iter().map(|part| &part.adjusted_q * &contrast).collect();
    let b: Vec<DVector<f64>> = adjusted.iter().zip(&a).map(|(part, a)| part.q.tr_mul(a)).collect();
    // (I-H) is idempotent, so p_g'p_h = a_g'(I-H)_gh a_h.
    let product = |g: usize, h: usize| if g == h { a[g].norm_squared() } else { 0.0 } - b[g].dot(&b[h]);
    let trace: f64 = (0..a.len()).map(|g| product(g, g)).sum();
    let squares = if a.len() > MANY {
        squares_of_many(&a, &b)
    } else {
        (0..a.len()).flat_map(|g| (0..a.len()).map(move |h| (g, h))).map(|(g, h)| product(g, h).powi(2)).sum()
    };
    // With one informative cluster the ratio tends to one; it is never below.
    if squares > 0.0 { (trace * trace / squares).max(1.0) } else { 1.0 }
}

/// Σ_gh (p_g'p_h)² without all pairs: Σ_g [(a_g'a_g)² - 2 a_g'a_g b_g'b_g] + |Σ_g b_g b_g'|².
fn squares_of_many(a: &[DVector<f64>], b: &[DVector<f64>]) -> f64 {
    let k = b.first().map_or(0, DVector::len);
    let all = b.iter().fold(DMatrix::zeros(k, k), |sum, b| sum + b * b.transpose());
    let own = |(a, b): (&DVector<f64>, &DVector<f64>)| a.norm_squared() * (a.norm_squared() - 2.0 * b.norm_squared());
    a.iter().zip(b).map(own).sum::<f64>() + all.norm_squared()
}

/// A column whose part outside the others' span is smaller than this share of it counts as their combination.
const COLLINEAR: f64 = 1e-11;

/// Eigenvalues of I-H_gg below this are rounding errors of zero.
const FULL_LEVERAGE: f64 = 1e-10;

/// A coefficient rests on a direction when more than this share of its weight lies there.
const SHARE: f64 = 1e-6;

#[cfg(test)]
mod tests {
    use super::*;

    fn wave(i: usize, k: usize) -> f64 {
        ((i * (k + 3)) as f64 * 0.37 + k as f64).sin()
    }

    #[test]
    fn a_large_cluster_is_adjusted_as_a_small_one() {
        let columns: Vec<Vec<f64>> = vec![vec![1.0; 60], (0..60).map(|i| wave(i, 1)).collect()];
        let mut columns = columns;
        // Only the first cluster speaks of the third.
        columns.push((0..60).map(|i| if i < 40 { wave(i, 2) } else { 0.0 }).collect());
        let residuals: Vec<f64> = (0..60).map(|i| wave(i, 5)).collect();
        let basis = Basis::new(&columns, &residuals, None).expect("a basis");
        let clusters = Clusters::new(&(0..60).map(|i| usize::from(i >= 40)).collect::<Vec<_>>());
        let exact = adjust(&basis, &clusters, Kind::Cr2).expect("adjusted");
        for (g, part) in exact.iter().enumerate() {
            let rows = clusters.members(g);
            let q = basis.q.select_rows(rows);
            let large = adjust_large(q, basis.residuals.select_rows(rows), Kind::Cr2).expect("adjusted");
            assert!((&large.adjusted_q - &part.adjusted_q).norm() < 1e-12);
            assert!((&large.adjusted_residuals - &part.adjusted_residuals).norm() < 1e-12);
            assert_eq!((large.own.ncols(), part.own.ncols()), (1 - g, 1 - g));
        }
        assert!(adjust_large(basis.q.rows(0, 40).into(), basis.residuals.rows(0, 40).into(), Kind::Cr3).is_err());
    }

    #[test]
    fn degrees_of_freedom_of_many_clusters_are_those_of_all_pairs() {
        let vector = |g: usize, length: usize| DVector::from_fn(length, |i, _| wave(g * 7 + i, 3));
        let (a, b): (Vec<_>, Vec<_>) = (0..30).map(|g| (vector(g, 1 + g % 3), 0.3 * vector(g + 50, 3))).unzip();
        let product = |g: usize, h: usize| if g == h { a[g].norm_squared() } else { 0.0 } - b[g].dot(&b[h]);
        let pairs: f64 = (0..900).map(|pair| product(pair / 30, pair % 30).powi(2)).sum();
        assert!((squares_of_many(&a, &b) / pairs - 1.0).abs() < 1e-12);
    }
}
