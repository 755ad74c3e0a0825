//! Rank correlation of two columns: Kendall's τ-b, Spearman's ρ, and Pearson's r beside them.
//!
//! Of all pairs of rows, C agree in order, D disagree, and some are tied in x, in y or in both. With n0 = N(N-1)/2 pairs in
//! all and n1, n2 of them tied in x and in y (Kendall 1945, "The treatment of ties in ranking problems"),
//!
//!   τ-b = (C - D) / √((n0 - n1)(n0 - n2))
//!
//! Counting pairs one by one takes N²/2 steps. Knight (1966, "A computer method for calculating Kendall's tau with
//! ungrouped data") sorts by x and counts the exchanges E with which a merge sort brings y into order; with n3 pairs tied in
//! both, C - D = n0 - n1 - n2 + n3 - 2E, in O(N log N). A row may count several times (a model drawn more than once by a
//! bootstrap): copies of one row are tied in both columns and cancel.
//!
//! A row with a missing value (NaN) in either column is left out, and the rows that remain are counted.
//!
//! ```
//! use onset::stats::rank::{average_ranks, kendall, spearman};
//! let x = [1.0, 2.0, 2.0, 3.0, f64::NAN];
//! let y = [1.0, 3.0, 2.0, 2.0, 9.0];
//! assert_eq!(average_ranks(&x[..4]), [1.0, 2.5, 2.5, 4.0]);
//! // Of six pairs one is tied in x and another in y; of the rest three agree and one does not: (3 - 1)/√(5·5).
//! let tau = kendall(&x, &y)?;
//! assert_eq!((tau.value, tau.rows), (Some(0.4), 4));
//! assert!(spearman(&x, &y)?.value.unwrap() < 0.6);
//! # Ok::<(), onset::Error>(())
//! ```

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A correlation and the rows it is of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Correlation {
    /// In -1..=1; `None` when a column does not vary among the rows used, or is too large to be squared.
    pub value: Option<f64>,
    /// Rows with a value in both columns.
    pub rows: usize,
}

/// Ranks from 1, the smallest value first; equal values share the mean of their ranks. NaN has the rank NaN.
pub fn average_ranks(values: &[f64]) -> Vec<f64> {
    let order = order(values);
    let mut ranks = vec![f64::NAN; values.len()];
    let mut start = 0;
    while start < order.len() {
        let value = values[order[start]];
        let end = start + order[start..].iter().take_while(|&&i| values[i] == value).count();
        // The mean of the ranks start+1 ..= end.
        order[start..end].iter().for_each(|&i| ranks[i] = 0.5 * (start + 1 + end) as f64);
        start = end;
    }
    ranks
}

/// Kendall's τ-b of two columns with as many rows.
///
/// # Errors
/// `Argument` when the columns differ in length.
pub fn kendall(x: &[f64], y: &[f64]) -> Result<Correlation> {
    same_length(x, y)?;
    let (x, y) = (dense_ranks(x), dense_ranks(y));
    let both: Vec<Row> = x
        .iter()
        .zip(&y)
        .filter(|(x, y)| **x != MISSING && **y != MISSING)
        .map(|(&x, &y)| Row { x, y, count: 1 })
        .collect();
    let rows = both.len();
    Ok(Correlation { value: Concordance::of(both).tau_b(), rows })
}

/// Pearson's r of two columns with as many rows.
///
/// # Errors
/// `Argument` when the columns differ in length.
pub(crate) fn pearson(x: &[f64], y: &[f64]) -> Result<Correlation> {
    same_length(x, y)?;
    let (x, y) = complete(x, y);
    Ok(Correlation { value: product_moment(&x, &y), rows: x.len() })
}

/// Spearman's ρ: Pearson's r of the average ranks among the rows that both columns have.
///
/// # Errors
/// `Argument` when the columns differ in length.
pub fn spearman(x: &[f64], y: &[f64]) -> Result<Correlation> {
    same_length(x, y)?;
    let (x, y) = complete(x, y);
    Ok(Correlation { value: product_moment(&average_ranks(&x), &average_ranks(&y)), rows: x.len() })
}

/// One row for [`Concordance::of`]: its ranks in both columns, and how often it counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) count: u64,
}

/// What τ-b is made of, as numbers of pairs of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Concordance {
    /// C - D.
    pub(super) balance: i64,
    /// n0 - n1: pairs that x does not tie.
    pub(super) ordered_by_x: i64,
    /// n0 - n2: pairs that y does not tie.
    pub(super) ordered_by_y: i64,
}

impl Concordance {
    /// Knight's count. Ranks need to be in order only, not without gaps.
    pub(super) fn of(mut rows: Vec<Row>) -> Self {
        rows.sort_unstable_by_key(|row| (row.x, row.y));
        let total = pairs(rows.iter().map(|row| row.count).sum());
        let tied_x = tied(&rows, |a, b| a.x == b.x);
        let tied_both = tied(&rows, |a, b| a.x == b.x && a.y == b.y);
        let mut space = rows.clone();
        let exchanges = exchanges(&mut rows, &mut space);
        let tied_y = tied(&rows, |a, b| a.y == b.y);
        Self {
            balance: (total + tied_both) as i64 - (tied_x + tied_y) as i64 - 2 * exchanges as i64,
            ordered_by_x: (total - tied_x) as i64,
            ordered_by_y: (total - tied_y) as i64,
        }
    }

    pub(super) fn tau_b(self) -> Option<f64> {
        cosine(self.balance, self.ordered_by_x, self.ordered_by_y)
    }
}

/// balance / √(x y), `None` where one of the two is 0.
pub(super) fn cosine(balance: i64, x: i64, y: i64) -> Option<f64> {
    // One root of the product where it is exact, so that a column agrees with itself by 1 and not by nearly 1.
    (x > 0 && y > 0)
        .then(|| if x == y { balance as f64 / x as f64 } else { balance as f64 / (x as f64 * y as f64).sqrt() })
}

/// The rank given to a missing value.
pub(super) const MISSING: u32 = u32::MAX;

/// Ranks from 0 without gaps: equal values share one. NaN is [`MISSING`].
pub(super) fn dense_ranks(values: &[f64]) -> Vec<u32> {
    let order = order(values);
    let mut ranks = vec![MISSING; values.len()];
    let mut rank = 0;
    for (place, &i) in order.iter().enumerate() {
        if place > 0 && values[order[place - 1]] != values[i] {
            rank += 1;
        }
        ranks[i] = rank;
    }
    ranks
}

/// Positions of the values that are not NaN, the smallest first.
fn order(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).filter(|&i| !values[i].is_nan()).collect();
    order.sort_by(|&a, &b| values[a].partial_cmp(&values[b]).unwrap_or(Ordering::Equal));
    order
}

fn pairs(n: u64) -> u64 {
    n * n.saturating_sub(1) / 2
}

/// Pairs within runs of rows that are `same`; the rows must be in an order that makes them neighbours.
fn tied(rows: &[Row], same: impl Fn(&Row, &Row) -> bool) -> u64 {
    rows.chunk_by(same).map(|run| pairs(run.iter().map(|row| row.count).sum())).sum()
}

/// Sorts by y and counts the pairs that stood in the wrong order. `space` must be as long as `rows`.
fn exchanges(rows: &mut [Row], space: &mut [Row]) -> u64 {
    if rows.len() <= INSERTION {
        return exchanges_by_insertion(rows);
    }
    let middle = rows.len() / 2;
    let mut count = {
        let (left, right) = rows.split_at_mut(middle);
        let (left_space, right_space) = space.split_at_mut(middle);
        exchanges(left, left_space) + exchanges(right, right_space)
    };
    space.copy_from_slice(rows);
    let (left, right) = space.split_at(middle);
    let mut remaining: u64 = left.iter().map(|row| row.count).sum();
    let (mut l, mut r) = (0, 0);
    for place in rows.iter_mut() {
        if r == right.len() || (l < left.len() && left[l].y <= right[r].y) {
            remaining -= left[l].count;
            *place = left[l];
            l += 1;
        } else {
            count += remaining * right[r].count;
            *place = right[r];
            r += 1;
        }
    }
    count
}

fn exchanges_by_insertion(rows: &mut [Row]) -> u64 {
    let mut count = 0;
    for end in 1..rows.len() {
        let row = rows[end];
        let mut place = end;
        while place > 0 && rows[place - 1].y > row.y {
            count += rows[place - 1].count * row.count;
            rows[place] = rows[place - 1];
            place -= 1;
        }
        rows[place] = row;
    }
    count
}

/// Below so many rows an insertion sort is the faster one.
const INSERTION: usize = 16;

fn same_length(x: &[f64], y: &[f64]) -> Result<()> {
    if x.len() == y.len() {
        return Ok(());
    }
    Err(Error::Argument(format!("a correlation needs columns of one length, not {} and {}", x.len(), y.len())))
}

fn complete(x: &[f64], y: &[f64]) -> (Vec<f64>, Vec<f64>) {
    x.iter().zip(y).filter(|(x, y)| !x.is_nan() && !y.is_nan()).map(|(x, y)| (*x, *y)).unzip()
}

fn product_moment(x: &[f64], y: &[f64]) -> Option<f64> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_x, mean_y) = (mean(x), mean(y));
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (x, y) in x.iter().zip(y) {
        let (a, b) = (x - mean_x, y - mean_y);
        xy += a * b;
        xx += a * a;
        yy += b * b;
    }
    let r = xy / (xx.sqrt() * yy.sqrt());
    r.is_finite().then(|| r.clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// τ-b by looking at every pair.
    fn brute(x: &[f64], y: &[f64]) -> Option<f64> {
        let (mut balance, mut by_x, mut by_y) = (0_i64, 0_u64, 0_u64);
        for i in 0..x.len() {
            for j in 0..i {
                if [x[i], x[j], y[i], y[j]].iter().any(|v| v.is_nan()) {
                    continue;
                }
                let sign = |a: f64, b: f64| i64::from(a > b) - i64::from(a < b);
                let (in_x, in_y) = (sign(x[i], x[j]), sign(y[i], y[j]));
                balance += in_x * in_y;
                by_x += in_x.unsigned_abs();
                by_y += in_y.unsigned_abs();
            }
        }
        (by_x > 0 && by_y > 0).then(|| balance as f64 / ((by_x as f64) * (by_y as f64)).sqrt())
    }

    fn tau(x: &[f64], y: &[f64]) -> Option<f64> {
        kendall(x, y).expect("columns of one length").value
    }

    fn close(a: Option<f64>, b: Option<f64>) -> bool {
        match (a, b) {
            (Some(a), Some(b)) => (a - b).abs() < 1e-14,
            (None, None) => true,
            _ => false,
        }
    }

    #[test]
    fn tau_b_with_ties_is_the_one_counted_by_hand() {
        // Pairs of x: (1,1) tied; y: (2,2) tied. Ordered by x 9, by y 9 of 10. Agree 7, disagree 1.
        let (x, y) = ([1.0, 1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 2.0, 4.0, 3.0]);
        assert_eq!(tau(&x, &y), Some(6.0 / 9.0));
        // Three equal in x and another two in y: ordered by x 7, by y 9. Agree 6, disagree 0.
        let (x, y) = ([1.0, 1.0, 1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 4.0, 4.0]);
        assert_eq!(tau(&x, &y), Some(6.0 / 63.0_f64.sqrt()));
    }

    #[test]
    fn a_column_that_does_not_vary_has_no_correlation() {
        let (flat, y) = ([1.0; 4], [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(tau(&flat, &y), None);
        assert_eq!(pearson(&flat, &y).expect("one length").value, None);
        assert_eq!(spearman(&flat, &y).expect("one length").value, None);
        assert_eq!(tau(&[], &[]), None);
    }

    #[test]
    fn columns_of_different_length_are_refused() {
        assert!(kendall(&[1.0], &[1.0, 2.0]).is_err());
        assert!(pearson(&[1.0], &[1.0, 2.0]).is_err());
        assert!(spearman(&[1.0], &[1.0, 2.0]).is_err());
    }

    #[test]
    fn spearman_and_pearson_are_those_counted_by_hand() {
        // Ranks 1, 2, 3, 4 and 1, 3, 2, 4: 1 - 6·2/(4·15).
        let rho = spearman(&[0.1, 0.2, 0.9, 5.0], &[1.0, 3.0, 2.0, 4.0]).expect("one length");
        assert!((rho.value.expect("both vary") - 0.8).abs() < 1e-15);
        let r = pearson(&[1.0, 2.0, 3.0, f64::NAN], &[1.0, 2.0, 4.0, 7.0]).expect("one length");
        assert_eq!(r.rows, 3);
        assert!((r.value.expect("both vary") - 3.0 / (2.0_f64 * 14.0 / 3.0).sqrt()).abs() < 1e-15);
    }

    #[test]
    fn zero_and_minus_zero_are_tied() {
        assert_eq!(average_ranks(&[0.0, -0.0, 1.0]), [1.5, 1.5, 3.0]);
        assert_eq!(dense_ranks(&[0.0, -0.0, f64::NAN, 1.0]), [0, 0, MISSING, 1]);
    }

    #[test]
    fn a_row_that_counts_twice_is_a_row_written_twice() {
        let (x, y) = ([3, 1, 2, 2, 5], [1, 1, 4, 2, 3]);
        let counts = [2, 1, 0, 3, 1];
        let rows = |i: usize| Row { x: x[i], y: y[i], count: counts[i] };
        let weighted = Concordance::of((0..5).map(rows).collect());
        let written =
            (0..5).flat_map(|i| std::iter::repeat_n(Row { count: 1, ..rows(i) }, counts[i] as usize)).collect();
        assert_eq!(weighted, Concordance::of(written));
    }

    /// Few different values, so that ties are common, and some that are missing.
    fn column(n: usize) -> impl Strategy<Value = Vec<f64>> {
        proptest::collection::vec(prop_oneof![9 => (0_u8..12).prop_map(f64::from), 1 => Just(f64::NAN)], n)
    }

    fn two_columns() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
        (0_usize..70).prop_flat_map(|n| (column(n), column(n)))
    }

    proptest! {
        #[test]
        fn knight_counts_what_looking_at_every_pair_counts((x, y) in two_columns()) {
            prop_assert!(close(tau(&x, &y), brute(&x, &y)), "{:?} {:?}", tau(&x, &y), brute(&x, &y));
        }

        #[test]
        fn reversing_a_column_turns_the_sign((x, y) in two_columns()) {
            let reversed: Vec<f64> = y.iter().map(|v| -v).collect();
            prop_assert!(close(tau(&x, &reversed), tau(&x, &y).map(|t| -t)));
        }

        #[test]
        fn a_rising_map_changes_nothing((x, y) in two_columns()) {
            let mapped: Vec<f64> = x.iter().map(|v| (0.3 * v).exp() - 7.0).collect();
            prop_assert_eq!(tau(&mapped, &y), tau(&x, &y));
            prop_assert_eq!(spearman(&mapped, &y).unwrap(), spearman(&x, &y).unwrap());
        }

        #[test]
        fn the_two_columns_may_be_exchanged((x, y) in two_columns()) {
            prop_assert_eq!(tau(&x, &y), tau(&y, &x));
        }

        #[test]
        fn ranks_sum_to_what_the_ranks_without_ties_sum_to(values in proptest::collection::vec(0_u8..9, 0..40)) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let n = values.len() as f64;
            prop_assert_eq!(average_ranks(&values).iter().sum::<f64>(), n * (n + 1.0) / 2.0);
        }
    }
}
