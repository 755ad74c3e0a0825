//! Many benchmarks, many p-values.
//!
//! Holm (1979): sort p(1) <= ... <= p(m), adjusted p(i) = max over j <= i of min(1, (m - j + 1) p(j)); it bounds the
//! chance of even one false discovery. Benjamini and Hochberg (1995): adjusted p(i) = min over j >= i of
//! min(1, m p(j) / j); it bounds the expected share of false discoveries under independence or positive dependence.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A p-value, and the same adjusted for how many are asked together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Adjusted {
    /// As if it were the only one.
    pub p_value: f64,
    /// By Holm's method.
    pub holm: f64,
    /// By Benjamini and Hochberg's.
    pub benjamini_hochberg: f64,
}

/// The p-values that there are, adjusted together.
pub(crate) fn adjusted(p: &[Option<f64>]) -> Result<Vec<Option<Adjusted>>> {
    let there: Vec<f64> = p.iter().flatten().copied().collect();
    let mut both = holm(&there)?.into_iter().zip(benjamini_hochberg(&there)?);
    let one = |p: &Option<f64>| {
        let p_value = (*p)?;
        both.next().map(|(holm, benjamini_hochberg)| Adjusted { p_value, holm, benjamini_hochberg })
    };
    Ok(p.iter().map(one).collect())
}

/// Holm's step-down adjustment, in the order given. Errors on a p-value outside 0..=1.
pub(crate) fn holm(p: &[f64]) -> Result<Vec<f64>> {
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
pub(crate) fn benjamini_hochberg(p: &[f64]) -> Result<Vec<f64>> {
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

#[cfg(test)]
mod tests {
    use super::adjusted;

    #[test]
    fn the_example_holds() -> crate::Result<()> {
        use crate::stats::multiplicity::{benjamini_hochberg, holm};
        let p = [0.01, 0.04, 0.03];
        assert_eq!(holm(&p)?, [0.03, 0.06, 0.06]);
        assert_eq!(benjamini_hochberg(&p)?, [0.03, 0.04, 0.04]);
        Ok(())
    }

    #[test]
    fn p_values_that_are_missing_do_not_count() {
        let found = adjusted(&[Some(0.01), None, Some(0.04)]).expect("p-values");
        let holm: Vec<Option<f64>> = found.iter().map(|one| one.map(|one| one.holm)).collect();
        assert_eq!(holm, [Some(0.02), None, Some(0.04)]);
    }
}
