//! Correlations of all pairs of columns of a table, and their means: over all pairs, by column, by category.
//!
//! The mean over all pairs of different columns is also the mean over ordered pairs, the matrix being symmetric. Pairs
//! without a value are left out of means and counted.

use serde::{Deserialize, Serialize};

use super::clusters::Clusters;
use super::rank::Correlation;
use crate::{Error, Result};

/// A symmetric matrix of correlations, one row and column for every column of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct PairMatrix {
    columns: usize,
    values: Vec<Option<f64>>,
    rows: Vec<u64>,
}

/// What is read from a file, which may hold too few values.
#[derive(Deserialize)]
struct Unchecked {
    columns: usize,
    values: Vec<Option<f64>>,
    rows: Vec<u64>,
}

impl TryFrom<Unchecked> for PairMatrix {
    type Error = Error;

    fn try_from(Unchecked { columns, values, rows }: Unchecked) -> Result<Self> {
        let cells = columns.checked_mul(columns);
        if cells != Some(values.len()) || cells != Some(rows.len()) {
            return Err(Error::Argument(format!(
                "{} values and {} numbers of rows for a matrix of {columns} columns",
                values.len(),
                rows.len()
            )));
        }
        let matrix = Self { columns, values, rows };
        let differ = |(a, b): &(usize, usize)| {
            matrix.get(*a, *b) != matrix.get(*b, *a) || matrix.rows(*a, *b) != matrix.rows(*b, *a)
        };
        match (0..columns).flat_map(|a| (0..a).map(move |b| (a, b))).find(differ) {
            Some((a, b)) => Err(Error::Argument(format!("columns {} and {} differ by their order", b + 1, a + 1))),
            None => Ok(matrix),
        }
    }
}

impl PairMatrix {
    /// From the upper half with its diagonal.
    pub(super) fn fill(columns: usize, mut entry: impl FnMut(usize, usize) -> (Option<f64>, u64)) -> Self {
        let mut matrix = Self { columns, values: vec![None; columns * columns], rows: vec![0; columns * columns] };
        for a in 0..columns {
            for b in a..columns {
                let (value, rows) = entry(a, b);
                for at in [a * columns + b, b * columns + a] {
                    matrix.values[at] = value.filter(|v| !v.is_nan());
                    matrix.rows[at] = rows;
                }
            }
        }
        matrix
    }

    /// Any other measure of two columns, as in `PairMatrix::of(&columns, pearson)`.
    ///
    /// # Errors
    /// Those of `measure`.
    pub(crate) fn of(columns: &[Vec<f64>], measure: impl Fn(&[f64], &[f64]) -> Result<Correlation>) -> Result<Self> {
        let mut failed = None;
        let matrix = Self::fill(columns.len(), |a, b| match measure(&columns[a], &columns[b]) {
            Ok(found) => (found.value, found.rows as u64),
            Err(error) => {
                failed.get_or_insert(error);
                (None, 0)
            }
        });
        failed.map_or(Ok(matrix), Err)
    }

    /// Number of columns of the table.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }

    /// The correlation of columns `a` and `b`; `None` where it is undefined, and for unknown columns.
    pub fn get(&self, a: usize, b: usize) -> Option<f64> {
        if a < self.columns && b < self.columns { self.values[a * self.columns + b] } else { None }
    }

    /// Rows with a value in both columns, each as often as it was drawn; 0 for unknown columns.
    pub fn rows(&self, a: usize, b: usize) -> u64 {
        if a < self.columns && b < self.columns { self.rows[a * self.columns + b] } else { 0 }
    }

    /// The matrix with every value changed, for example rounded as a paper prints it.
    #[must_use]
    pub(crate) fn map(mut self, change: impl Fn(f64) -> f64) -> Self {
        self.values.iter_mut().for_each(|value| *value = value.map(&change).filter(|v| !v.is_nan()));
        self
    }

    /// The matrix with every value changed by `change`, which is given the two columns, the smaller first; `None` makes the
    /// pair undefined.
    #[must_use]
    pub(crate) fn map_pairs(&self, change: impl Fn(usize, usize, f64) -> Option<f64>) -> Self {
        Self::fill(self.columns, |a, b| (self.get(a, b).and_then(|value| change(a, b, value)), self.rows(a, b)))
    }

    /// Mean over all pairs of different columns, which is also the mean over ordered pairs; undefined ones are left out.
    /// `None` when none is defined.
    pub fn mean(&self) -> Option<f64> {
        let all: Vec<usize> = (0..self.columns).collect();
        self.mean_between(&all, &all)
    }

    /// Mean over the pairs of `column` with every other.
    pub(crate) fn mean_of(&self, column: usize) -> Option<f64> {
        let others: Vec<usize> = (0..self.columns).filter(|other| *other != column).collect();
        self.mean_between(&[column], &others)
    }

    /// Mean over the pairs of a column of `first` with a different one of `second`. A pair that occurs both ways, as all do
    /// when both lists are the same, counts the same as one that occurs once in a list of its own.
    pub(crate) fn mean_between(&self, first: &[usize], second: &[usize]) -> Option<f64> {
        let (mut sum, mut count) = (0.0, 0_usize);
        for &a in first {
            for &b in second {
                if let Some(value) = self.get(a, b).filter(|_| a != b) {
                    sum += value;
                    count += 1;
                }
            }
        }
        (count > 0).then(|| sum / count as f64)
    }

    /// Means within and between categories of columns, one row and column for every category; `None` within a category of
    /// one column, and for a column that has no category.
    pub(crate) fn by_category(&self, categories: &Clusters) -> Vec<Vec<Option<f64>>> {
        let members = |g: usize| categories.members(g);
        let means = |g: usize| (0..categories.count()).map(|h| self.mean_between(members(g), members(h))).collect();
        (0..categories.count()).map(means).collect()
    }

    /// Pairs of different columns without a value.
    #[cfg(test)]
    pub(crate) fn undefined(&self) -> usize {
        (0..self.columns).map(|a| (0..a).filter(|b| self.get(a, *b).is_none()).count()).sum()
    }

    /// Share of the pairs of different columns whose value is larger here than in `other`, among those defined in both.
    pub(crate) fn share_above(&self, other: &Self) -> Option<f64> {
        let (mut above, mut count) = (0_usize, 0_usize);
        for a in 0..self.columns {
            for b in 0..a {
                if let (Some(here), Some(there)) = (self.get(a, b), other.get(a, b)) {
                    above += usize::from(here > there);
                    count += 1;
                }
            }
        }
        (count > 0).then(|| above as f64 / count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::super::rank::{kendall, pearson};
    use super::*;

    #[test]
    fn the_example_holds() -> crate::Result<()> {
        use crate::stats::pair_matrix::PairMatrix;
        use crate::stats::rank::pearson;
        let columns = vec![vec![1.0, 2.0, 3.0], vec![2.0, 4.0, 6.0], vec![1.0, 0.0, -1.0]];
        let r = PairMatrix::of(&columns, pearson)?;
        assert!((r.mean().unwrap() + 1.0 / 3.0).abs() < 1e-12);
        assert!(r.mean_of(2).unwrap() < -0.99);
        Ok(())
    }

    #[test]
    fn means_leave_out_the_diagonal_and_count_what_is_undefined() {
        let columns = vec![vec![1.0, 2.0, 3.0], vec![1.0, 2.0, 3.0], vec![3.0, 2.0, 1.0], vec![5.0, 5.0, 5.0]];
        let tau = PairMatrix::of(&columns, kendall).expect("one length");
        assert_eq!(tau.mean(), Some(-1.0 / 3.0));
        assert_eq!(tau.mean_of(0), Some(0.0));
        assert_eq!(tau.mean_between(&[0, 1], &[2]), Some(-1.0));
        assert_eq!(tau.mean_between(&[0, 1], &[0, 1]), Some(1.0));
        assert_eq!((tau.undefined(), tau.mean_of(3)), (3, None));
        let categories = tau.by_category(&Clusters::new(&["a", "a", "b", "c"]));
        assert_eq!(categories, [[Some(1.0), Some(-1.0), None], [Some(-1.0), None, None], [None, None, None]]);
        let kept = tau.map_pairs(|a, b, value| (a + b < 2).then_some(value));
        assert_eq!((kept.mean(), kept.undefined()), (Some(1.0), 5));
        assert_eq!(tau.clone().map(|v| v / 2.0).mean(), Some(-1.0 / 6.0));
        assert_eq!(tau.share_above(&tau.clone().map(|v| v - 0.1)), Some(1.0));
    }

    #[test]
    fn other_measures_fill_the_same_matrix() {
        let columns = vec![vec![1.0, 2.0, 3.0], vec![2.0, 4.0, 6.0]];
        assert_eq!(PairMatrix::of(&columns, kendall).expect("one length").get(1, 0), Some(1.0));
        assert!(PairMatrix::of(&[vec![1.0], vec![1.0, 2.0]], pearson).is_err());
        assert_eq!(PairMatrix::of(&[], pearson).expect("an empty table").mean(), None);
    }
    #[test]
    fn a_matrix_is_read_as_it_is_written_and_a_broken_one_is_refused() {
        let columns = vec![vec![1.0, 2.0, 3.0], vec![1.0, 3.0, 2.0], vec![5.0, 5.0, 5.0]];
        let tau = PairMatrix::of(&columns, kendall).expect("one length");
        let text = serde_json::to_string(&tau).expect("JSON");
        assert!(text.contains("null"), "{text}");
        assert_eq!(serde_json::from_str::<PairMatrix>(&text).expect("a matrix"), tau);
        for broken in [
            r#"{"columns":2,"values":[1.0,0.5,0.5],"rows":[3,3,3]}"#,
            r#"{"columns":2,"values":[1.0,0.5,0.4,1.0],"rows":[3,3,3,3]}"#,
            r#"{"columns":2,"values":[1.0,0.5,0.5,1.0],"rows":[3,3,2,3]}"#,
            r#"{"columns":18446744073709551615,"values":[],"rows":[]}"#,
        ] {
            assert!(serde_json::from_str::<PairMatrix>(broken).is_err(), "{broken}");
        }
    }
}
