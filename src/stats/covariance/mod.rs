//! The covariance of estimated parameters.
//!
//! With design (or Jacobian) X of n rows and k columns, residuals e, and, where given, weights w (inverse variances up
//! to a factor; rows are then multiplied by sqrt w), M = (X'X)^-1 and H = X M X':
//!
//! | kind | estimate |
//! | --- | --- |
//! | classical | e'e/(n-k) M |
//! | HC0 | M X' diag(e²) X M |
//! | HC1 | n/(n-k) HC0 |
//! | HC2, HC3 | e² replaced by e²/(1-h), e²/(1-h)² |
//! | CR0 | M (Σ_g X_g'e_g e_g'X_g) M |
//! | CR1 | G/(G-1) CR0 |
//! | CR1S | G/(G-1) (n-1)/(n-k) CR0 |
//! | CR2 | e_g replaced by (I-H_gg)^(-1/2) e_g |
//! | CR3 | e_g replaced by (I-H_gg)^-1 e_g |
//!
//! R's `sandwich::vcovCL` calls CR1, CR1S, CR2 and CR3 by the names HC0, HC1, HC2 and HC3. Sources: MacKinnon and White
//! (1985); Bell and McCaffrey (2002), "Bias reduction in standard errors for linear regression with multi-stage samples";
//! Pustejovsky and Tipton (2018), "Small-sample methods for cluster-robust variance estimation".
//!
//! **Degrees of freedom.** Classical and HC use n-k. Cluster-robust kinds use Satterthwaite's value under independent
//! errors of one variance (Bell and McCaffrey): with p_g = (I-H)_(·,g) A_g X_g M l for the coefficient l, where A_g is
//! the residual adjustment of the kind,
//!
//!   df = (Σ_g p_g'p_g)² / Σ_g Σ_h (p_g'p_h)².
//!
//! ```
//! use onset::stats::clusters::Clusters;
//! use onset::stats::covariance::{Covariance, Kind};
//!
//! let columns = [vec![1.0; 6], vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]];
//! let residuals = [0.1, -0.2, 0.05, 0.1, 0.05, -0.1];
//! let families = Clusters::new(&["a", "a", "b", "b", "c", "c"]);
//! let slope = Covariance::new(Kind::Cr2).clusters(&families).estimate(&columns, &residuals)?;
//! assert!(slope.std_errors()[1] > 0.0 && slope.degrees_of_freedom()[1] < 2.0);
//! # Ok::<(), onset::Error>(())
//! ```

use nalgebra::{DMatrix, DVector};

use super::clusters::Clusters;
use super::curve::FittedCurve;
use super::distribution::{student_quantile, student_two_sided};
use super::many::MANY;
use crate::serial::read_by_name;
use crate::{Error, Result};

/// Which estimate; see the module for the formulas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// One error variance, independent models.
    Classical,
    /// White's estimate.
    Hc0,
    /// White's estimate times n/(n-k).
    Hc1,
    /// Leverage-corrected, exact under one error variance.
    Hc2,
    /// The jackknife-like one.
    Hc3,
    /// Clustered, no correction.
    Cr0,
    /// Clustered, times G/(G-1).
    Cr1,
    /// Clustered, times G/(G-1)·(n-1)/(n-k): the default of Stata.
    Cr1s,
    /// Clustered, Bell and McCaffrey's correction: the default here, where families are few.
    Cr2,
    /// Clustered, the delete-one-cluster jackknife's correction.
    Cr3,
}

impl Kind {
    /// All kinds, from the plainest to the most careful.
    pub(crate) const ALL: [Self; 10] = [
        Self::Classical,
        Self::Hc0,
        Self::Hc1,
        Self::Hc2,
        Self::Hc3,
        Self::Cr0,
        Self::Cr1,
        Self::Cr1s,
        Self::Cr2,
        Self::Cr3,
    ];

    /// Whether the estimate needs clusters.
    pub fn is_clustered(self) -> bool {
        matches!(self, Self::Cr0 | Self::Cr1 | Self::Cr1s | Self::Cr2 | Self::Cr3)
    }

    /// The name as printed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Classical => "classical",
            Self::Hc0 => "HC0",
            Self::Hc1 => "HC1",
            Self::Hc2 => "HC2",
            Self::Hc3 => "HC3",
            Self::Cr0 => "CR0",
            Self::Cr1 => "CR1",
            Self::Cr1s => "CR1S",
            Self::Cr2 => "CR2",
            Self::Cr3 => "CR3",
        }
    }
}

read_by_name!(Kind, "covariance", Kind::ALL);

/// How to estimate a covariance.
#[derive(Debug, Clone)]
pub struct Covariance<'a> {
    kind: Kind,
    weights: Option<&'a [f64]>,
    clusters: Option<&'a Clusters>,
}

/// An estimated covariance matrix and what is needed to read it.
#[derive(Debug, Clone, PartialEq)]
pub struct CovarianceEstimate {
    kind: Kind,
    matrix: Vec<Vec<f64>>,
    degrees_of_freedom: Vec<f64>,
    alone: Vec<bool>,
    clusters: usize,
    largest_share: f64,
}

impl<'a> Covariance<'a> {
    /// An estimate of this kind, without weights and with every observation its own cluster.
    pub fn new(kind: Kind) -> Self {
        Self { kind, weights: None, clusters: None }
    }

    /// One nonnegative weight per observation.
    #[must_use]
    pub fn weights(mut self, weights: &'a [f64]) -> Self {
        self.weights = Some(weights);
        self
    }

    /// The clusters of the observations.
    #[must_use]
    pub fn clusters(mut self, clusters: &'a Clusters) -> Self {
        self.clusters = Some(clusters);
        self
    }

    /// The covariance of a fitted curve's parameters, with the weights of the fit.
    ///
    /// # Errors
    /// As [`estimate`](Self::estimate).
    pub fn of(&self, fit: &dyn FittedCurve) -> Result<CovarianceEstimate> {
        let own = Covariance { kind: self.kind, weights: fit.weights(), clusters: self.clusters };
        own.estimate(&fit.jacobian(), fit.residuals())
    }

    /// The estimate from the observations of positive weight: the others are not there.
    fn of_counted(&self, weights: &[f64], columns: &[Vec<f64>], residuals: &[f64]) -> Result<CovarianceEstimate> {
        let kept: Vec<usize> = (0..weights.len()).filter(|&i| weights[i] != 0.0).collect();
        let only = |values: &[f64]| -> Option<Vec<f64>> { kept.iter().map(|&i| values.get(i).copied()).collect() };
        let differ = || Error::Argument("columns, residuals, weights and clusters differ in length".into());
        let columns: Option<Vec<Vec<f64>>> = columns.iter().map(|column| only(column)).collect();
        let (columns, residuals, weights) = (columns.ok_or_else(differ)?, only(residuals), only(weights));
        let (residuals, weights) = (residuals.ok_or_else(differ)?, weights.ok_or_else(differ)?);
        let labels: Option<Vec<usize>> = match self.clusters {
            Some(clusters) => kept.iter().map(|&i| clusters.of().get(i).copied()).collect(),
            None => Some(kept.clone()),
        };
        let clusters = Clusters::new(&labels.ok_or_else(differ)?);
        Covariance { kind: self.kind, weights: Some(&weights), clusters: Some(&clusters) }
            .estimate(&columns, &residuals)
    }

    /// The covariance of the k parameters whose Jacobian columns are `columns` (k slices of length n), with the fit's
    /// `residuals` (length n, not multiplied by weights).
    ///
    /// # Errors
    /// `NotEnoughModels` unless n > k; `Undetermined` when the columns are collinear, a clustered kind has fewer than
    /// two clusters, or one observation or cluster alone determines a parameter where the kind cannot do without it
    /// (HC2, HC3, CR3); `Argument` when lengths differ.
    pub fn estimate(&self, columns: &[Vec<f64>], residuals: &[f64]) -> Result<CovarianceEstimate> {
        if let Some(weights) = self.weights.filter(|w| w.len() == residuals.len() && w.contains(&0.0)) {
            return self.of_counted(weights, columns, residuals);
        }
        let (n, k) = (residuals.len(), columns.len());
        let single;
        let clusters = match self.clusters {
            Some(given) => given,
            None => {
                single = Clusters::singletons(n);
                &single
            }
        };
        if columns.iter().any(|c| c.len() != n) || clusters.len() != n || self.weights.is_some_and(|w| w.len() != n) {
            return Err(Error::Argument("columns, residuals, weights and clusters differ in length".into()));
        }
        if n <= k || k == 0 {
            return Err(Error::NotEnoughModels { have: n, need: k + 1 });
        }
        if self.kind.is_clustered() && clusters.count() < 2 {
            return Err(Error::Undetermined("a clustered standard error needs at least two clusters".into()));
        }
        let basis = Basis::new(columns, residuals, self.weights)?;
        let parts = if self.kind.is_clustered() { clusters } else { &Clusters::singletons(n) };
        let (meat, degrees_of_freedom, alone) = match self.kind {
            Kind::Classical => {
                let variance = basis.residuals.norm_squared() / (n - k) as f64;
                (DMatrix::identity(k, k) * variance, vec![(n - k) as f64; k], vec![false; k])
            }
            kind => {
                let adjusted = adjust(&basis, parts, kind)?;
                let df = if kind.is_clustered() {
                    (0..k).map(|l| satterthwaite(&basis, &adjusted, l)).collect()
                } else {
                    vec![(n - k) as f64; k]
                };
                let alone = (0..k).map(|l| adjusted.iter().any(|part| part.decides(&basis, l))).collect();
                (meat(&basis, &adjusted) * correction(kind, n, k, parts.count()), df, alone)
            }
        };
        let matrix = basis.unscale(&meat);
        if matrix.iter().flatten().any(|v| !v.is_finite()) {
            return Err(Error::Undetermined("the covariance overflows: rescale the predictor or the score".into()));
        }
        Ok(CovarianceEstimate {
            kind: self.kind,
            matrix,
            degrees_of_freedom,
            alone,
            clusters: clusters.count(),
            largest_share: clusters.largest_share(),
        })
    }
}

impl CovarianceEstimate {
    /// The kind asked for.
    pub(crate) fn kind(&self) -> Kind {
        self.kind
    }

    /// Row `i`, column `j`: the covariance of parameters `i` and `j`.
    pub(crate) fn matrix(&self) -> &[Vec<f64>] {
        &self.matrix
    }

    /// One standard error per parameter.
    pub fn std_errors(&self) -> Vec<f64> {
        self.matrix.iter().enumerate().map(|(i, row)| row[i].max(0.0).sqrt()).collect()
    }

    /// Degrees of freedom per parameter.
    pub fn degrees_of_freedom(&self) -> &[f64] {
        &self.degrees_of_freedom
    }

    /// Whether one cluster alone determines part of parameter `index`, as when a group has a single family. CR0 to CR2 then
    /// have a value, but nothing in it speaks of how much another family would have differed.
    pub(crate) fn is_determined_by_one_cluster(&self, index: usize) -> bool {
        self.alone.get(index).copied().unwrap_or(false)
    }

    /// Number of clusters (of observations, where none were given).
    pub fn clusters(&self) -> usize {
        self.clusters
    }

    /// Share of the observations in the largest cluster.
    pub fn largest_share(&self) -> f64 {
        self.largest_share
    }

    /// Interval of parameter `index` around `estimate` at `level` (0.95); `None` when no quantile exists.
    pub fn interval(&self, index: usize, estimate: f64, level: f64) -> Option<(f64, f64)> {
        let half = student_quantile(0.5 + 0.5 * level, *self.degrees_of_freedom.get(index)?)?
            * self.matrix.get(index)?.get(index)?.max(0.0).sqrt();
        Some((estimate - half, estimate + half))
    }

    /// Two-sided p-value of parameter `index` being `null`; `None` when the standard error is zero.
    pub(crate) fn p_value(&self, index: usize, estimate: f64, null: f64) -> Option<f64> {
        let error = self.matrix.get(index)?.get(index)?.max(0.0).sqrt();
        if error == 0.0 {
            return None;
        }
        student_two_sided((estimate - null) / error, *self.degrees_of_freedom.get(index)?)
    }
}

/// The design in orthonormal coordinates: sqrt(w) X = Q R with columns scaled first, so that values of any size fit.
struct Basis {
    q: DMatrix<f64>,
    /// R^-1, still for the scaled columns.
    inverse: DMatrix<f64>,
    /// What each column was divided by.
    scales: Vec<f64>,
    /// sqrt(w) e / `residual_scale`.
    residuals: DVector<f64>,
    residual_scale: f64,
}

impl Basis {
    fn new(columns: &[Vec<f64>], residuals: &[f64], weights: Option<&[f64]>) -> Result<Self> {
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
    fn unscale(&self, meat: &DMatrix<f64>) -> Vec<Vec<f64>> {
        let v = &self.inverse * meat * self.inverse.transpose();
        let unit = |j: usize| self.residual_scale / self.scales[j];
        (0..v.nrows()).map(|i| (0..v.ncols()).map(|j| v[(i, j)] * unit(i) * unit(j)).collect()).collect()
    }
}

/// One cluster's rows of Q with the kind's residual adjustment applied: A_g Q_g, and A_g e_g.
struct Adjusted {
    q: DMatrix<f64>,
    adjusted_q: DMatrix<f64>,
    adjusted_residuals: DVector<f64>,
    /// Directions that this cluster alone determines, as columns.
    own: DMatrix<f64>,
}

impl Adjusted {
    /// Whether coefficient `l` rests on a direction that this cluster alone determines.
    fn decides(&self, basis: &Basis, l: usize) -> bool {
        let contrast = basis.inverse.row(l).transpose();
        let size = contrast.norm();
        self.own.ncols() > 0 && self.own.tr_mul(&(&self.q * contrast)).norm() > SHARE * size
    }
}

fn adjust(basis: &Basis, clusters: &Clusters, kind: Kind) -> Result<Vec<Adjusted>> {
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

fn meat(basis: &Basis, adjusted: &[Adjusted]) -> DMatrix<f64> {
    let k = basis.q.ncols();
    adjusted.iter().fold(DMatrix::zeros(k, k), |sum, part| {
        let score = part.q.tr_mul(&part.adjusted_residuals);
        sum + &score * score.transpose()
    })
}

fn correction(kind: Kind, n: usize, k: usize, groups: usize) -> f64 {
    let (n, k, g) = (n as f64, k as f64, groups as f64);
    match kind {
        Kind::Hc1 => n / (n - k),
        Kind::Cr1 => g / (g - 1.0),
        Kind::Cr1s => g / (g - 1.0) * (n - 1.0) / (n - k),
        _ => 1.0,
    }
}

/// Bell and McCaffrey's degrees of freedom of coefficient `l`.
fn satterthwaite(basis: &Basis, adjusted: &[Adjusted], l: usize) -> f64 {
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
