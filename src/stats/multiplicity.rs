//! Many benchmarks, many p-values.
//!
//! Holm (1979): sort p(1) <= ... <= p(m), adjusted p(i) = max over j <= i of min(1, (m - j + 1) p(j)); it bounds the
//! chance of even one false discovery. Benjamini and Hochberg (1995): adjusted p(i) = min over j >= i of
//! min(1, m p(j) / j); it bounds the expected share of false discoveries under independence or positive dependence.
//!
//! ```
//! use onset::stats::multiplicity::{benjamini_hochberg, holm};
//! let p = [0.01, 0.04, 0.03];
//! assert_eq!(holm(&p)?, [0.03, 0.06, 0.06]);
//! assert_eq!(benjamini_hochberg(&p)?, [0.03, 0.04, 0.04]);
//! # Ok::<(), onset::Error>(())
//! ```

use crate::{Error, Result};

/// Holm's step-down adjustment, in the order given. Errors on a p-value outside 0..=1.
pub fn holm(p: &[f64]) -> Result<Vec<f64>> {
    let order = ascending(p)?;
    let mut adjusted = vec![0.0; p.len()];
    let mut so_far: f64 = 0.0;
    for (rank, &i) in order.iter().enumerate() {
        so_far = so_far.max(((p.len() - rank) as f64 * p[i]).min(1.0));
        adjusted[i] = so_far;
    }
    Ok(adjusted)
}

/// Benjamini and Hochberg's step-up adjustment, in the order given. Errors on a p-value outside 0..=1.
pub fn benjamini_hochberg(p: &[f64]) -> Result<Vec<f64>> {
    let order = ascending(p)?;
    let mut adjusted = vec![0.0; p.len()];
    let mut so_far: f64 = 1.0;
    for (rank, &i) in order.iter().enumerate().rev() {
        so_far = so_far.min(p.len() as f64 * p[i] / (rank + 1) as f64);
        adjusted[i] = so_far;
    }
    Ok(adjusted)
}

fn ascending(p: &[f64]) -> Result<Vec<usize>> {
    if let Some(bad) = p.iter().find(|v| !(0.0..=1.0).contains(*v)) {
        return Err(Error::Argument(format!("a p-value lies between 0 and 1, not {bad}")));
    }
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    Ok(order)
}
