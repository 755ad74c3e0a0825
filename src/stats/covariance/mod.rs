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

mod kind;
mod sandwich;

use nalgebra::DMatrix;
use serde::{Deserialize, Serialize};

pub use kind::Kind;

use super::clusters::Clusters;
use super::curve::FittedCurve;
use super::distribution::{student_quantile, student_two_sided};
use crate::{Error, Result};
use sandwich::{Basis, adjust, correction, meat, satterthwaite};

/// How to estimate a covariance.
#[derive(Debug, Clone)]
pub struct Covariance<'a> {
    kind: Kind,
    weights: Option<&'a [f64]>,
    clusters: Option<&'a Clusters>,
}

/// An estimated covariance matrix and what is needed to read it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CovarianceEstimate {
    kind: Kind,
    #[serde(with = "crate::serial::real")]
    matrix: Vec<Vec<f64>>,
    #[serde(with = "crate::serial::real")]
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
    /// have a value, but it cannot say how much another family would have differed.
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
