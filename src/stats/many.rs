//! What is done otherwise with many models.
//!
//! Up to [`MANY`] of them everything is computed one by one. Beyond, three sums are rearranged, which changes rounding only:
//! the Gram matrices of a hinge at every break by running sums, Satterthwaite's degrees of freedom by Σ b_g b_g' instead of
//! all pairs of clusters, and the leverage of a large cluster by the singular values of its rows. Three things are
//! approximated, and whoever reports a fit says so:
//!
//! - prediction errors leave out a tenth of the models (families) at a time, every tenth by their place, instead of each alone
//!   (ten-fold cross-validation; Hastie, Tibshirani and Friedman 2009, §7.10);
//! - the acceleration of BCa intervals is that of a jackknife over [`SETS`] sets of families instead of single ones (Efron
//!   and Narasimhan 2020, "The automatic construction of bootstrap confidence intervals");
//! - of more than 100,000 models tests of a break try fewer places of it, down to 20 instead of 200.

/// Models (families, models of a family) that are worked through one by one.
pub(crate) const MANY: usize = 250;

/// Parts of which one at a time is left out and predicted.
pub(crate) const PARTS: usize = 10;

/// Sets of families of a jackknife.
pub(crate) const SETS: usize = 200;

/// `items` as they are up to [`MANY`], and in `parts` parts beyond, of which each takes every so many-th.
pub(crate) fn in_parts(items: Vec<Vec<usize>>, parts: usize) -> Vec<Vec<usize>> {
    if items.len() <= MANY {
        return items;
    }
    let mut all = vec![Vec::new(); parts];
    items.into_iter().enumerate().for_each(|(at, rows)| all[at % parts].extend(rows));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_stay_alone_and_many_come_in_parts_that_hold_each_once() {
        let alone = |count: usize| (0..count).map(|i| vec![i]).collect::<Vec<_>>();
        assert_eq!(in_parts(alone(MANY), PARTS), alone(MANY));
        let parts = in_parts(alone(MANY + 1), PARTS);
        let mut rows = parts.concat();
        rows.sort_unstable();
        assert_eq!((parts.len(), rows), (PARTS, (0..=MANY).collect()));
        assert_eq!(parts[1][..2], [1, 11]);
    }
}
