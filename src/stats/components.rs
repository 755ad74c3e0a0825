//! How much of the scatter belongs to families and how much to single models.
//!
//! e_gi = u_g + v_gi, var u = σ_u², var v = σ_v². With G clusters of n_g among n observations, SSW and SSB the sums of
//! squares within and between clusters, and n_0 = (n - Σ n_g²/n)/(G-1), the analysis of variance gives (Searle, Casella and
//! McCulloch 1992, §3.6)
//!
//!   σ_v² = SSW/(n-G),  σ_u² = max(0, (SSB/(G-1) - σ_v²)/n_0)
//!
//! ```
//! use onset::stats::clusters::Clusters;
//! use onset::stats::components::Components;
//! let families = Clusters::new(&["a", "a", "b", "b"]);
//! let parts = Components::of(&[1.0, 1.2, -1.2, -1.0], &families)?;
//! assert!(parts.intraclass().unwrap() > 0.9);
//! # Ok::<(), onset::Error>(())
//! ```

use serde::{Deserialize, Serialize};

use super::clusters::Clusters;
use crate::{Error, Result};

/// Variance between clusters and within.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Components {
    /// σ_u², 0 when the clusters differ no more than their members.
    pub between: f64,
    /// σ_v².
    pub within: f64,
}

impl Components {
    /// The two variances of `residuals` (n values).
    ///
    /// # Errors
    /// `Undetermined` with fewer than two clusters, or when no cluster has two members; `Argument` when lengths differ.
    pub fn of(residuals: &[f64], clusters: &Clusters) -> Result<Self> {
        let (n, groups) = (residuals.len(), clusters.count());
        if clusters.len() != n {
            return Err(Error::Argument(format!("{} cluster labels for {n} residuals", clusters.len())));
        }
        if groups < 2 || groups == n {
            return Err(Error::Undetermined(
                "families and models cannot be told apart: there must be two families, and one with two models".into(),
            ));
        }
        let grand = residuals.iter().sum::<f64>() / n as f64;
        let (mut within, mut between, mut squares) = (0.0, 0.0, 0.0);
        for g in 0..groups {
            let rows = clusters.members(g);
            let size = rows.len() as f64;
            let mean = rows.iter().map(|&i| residuals[i]).sum::<f64>() / size;
            within += rows.iter().map(|&i| (residuals[i] - mean).powi(2)).sum::<f64>();
            between += size * (mean - grand).powi(2);
            squares += size * size;
        }
        let n0 = (n as f64 - squares / n as f64) / (groups - 1) as f64;
        let within = within / (n - groups) as f64;
        let between = ((between / (groups - 1) as f64 - within) / n0).max(0.0);
        if !(within.is_finite() && between.is_finite()) {
            return Err(Error::Undetermined("the residuals are too large to be squared".into()));
        }
        Ok(Self { between, within })
    }

    /// σ_u²/(σ_u² + σ_v²), the correlation of two models of one family; `None` when both are zero.
    pub fn intraclass(&self) -> Option<f64> {
        let total = self.between + self.within;
        (total > 0.0).then(|| self.between / total)
    }
}
