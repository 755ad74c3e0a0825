//! Principal components of a table of models × benchmarks, and how large a first component means nothing.
//!
//! Columns are standardised, z = (y - mean)/sd with the population standard deviation. The components are the eigenvectors
//! of the matrix of correlations R = ZᵀZ/n; the share of variance of a component is its eigenvalue over the number of
//! columns, its scores are Z times the vector (Hotelling 1933, "Analysis of a complex of statistical variables into
//! principal components"). A vector's sign is free; here the sum of its loadings is not negative, so that a model good at
//! most benchmarks has a positive score on the first.
//!
//! A share is to be read against what would come without any common factor. **Permutation** (Horn 1965, "A rationale and
//! test for the number of factors in factor analysis"; Buja and Eyuboglu 1992): every column is shuffled on its own, which
//! keeps its values and cuts its ties to the others. And against what one factor alone would give if nothing but item noise
//! stood between columns: with reliabilities ρ_a, columns correlate by √(ρ_a ρ_b) (`share_of_one_factor`).

use nalgebra::{DMatrix, SymmetricEigen};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::distribution::sample_quantile;
use super::pair_matrix::PairMatrix;
use super::random::Seed;
use crate::{Error, Result};

/// Components, the largest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub(crate) struct Principal {
    /// Share of the variance per component; they sum to 1.
    pub shares: Vec<f64>,
    /// Per component one loading per column; a vector of length 1.
    pub loadings: Vec<Vec<f64>>,
    /// Per component one score per row of the table; none for rows that were left out.
    pub scores: Vec<Vec<Option<f64>>>,
    /// Rows with a value in every column; the others were left out.
    pub rows: usize,
}

/// Settings of the comparison with unrelated columns.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Unrelated {
    seed: Seed,
    permutations: usize,
    level: f64,
}

/// Shares of variance when every column is shuffled on its own, the largest component first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnrelatedShares {
    /// Mean share per component.
    pub expected: Vec<f64>,
    /// The share that a component of unrelated columns exceeds in 1 - level of the permutations.
    pub upper: Vec<f64>,
    /// Share of permutations, the data counted among them, whose component is at least as large as that of the data.
    pub p_values: Vec<f64>,
    /// Permutations drawn.
    pub permutations: usize,
}

impl Principal {
    /// The components of columns of equal length. Rows with a missing value (NaN) are left out.
    ///
    /// # Errors
    /// `Argument` when columns differ in length; `NotEnoughModels` with fewer than two complete rows; `Undetermined` when
    /// there is no column, one does not vary, or the values cannot be squared.
    pub(crate) fn of(columns: &[Vec<f64>]) -> Result<Self> {
        let complete = Complete::of(columns)?;
        let z = complete.standardised()?;
        let (values, vectors) = eigen(correlations(&z))
            .ok_or_else(|| Error::Undetermined("the correlations of the columns cannot be taken apart".into()))?;
        let scores = |vector: &Vec<f64>| {
            let mut scores = vec![None; complete.all];
            for (at, &row) in complete.rows.iter().enumerate() {
                scores[row] = Some(vector.iter().zip(&z).map(|(v, column)| v * column[at]).sum());
            }
            scores
        };
        Ok(Self {
            shares: shares(&values),
            scores: vectors.iter().map(scores).collect(),
            loadings: vectors,
            rows: complete.rows.len(),
        })
    }
}

/// Shares of all components when row i counts `drawn[i]` times, the largest first; `None` where they are undefined. Rows with
/// a missing value are left out.
pub(crate) fn drawn_shares(columns: &[Vec<f64>], drawn: &[u32]) -> Option<Vec<f64>> {
    let (z, total) = drawn_standardised(columns, drawn)?;
    let mut values: Vec<f64> = correlations_over(&z, total).symmetric_eigenvalues().iter().copied().collect();
    values.sort_by(|a, b| b.total_cmp(a));
    Some(shares(&values)).filter(|shares| shares.iter().all(|share| share.is_finite()))
}

/// Pearson's r of all pairs of columns when row i counts `drawn[i]` times; `None` where a column does not vary. Rows with a
/// missing value in any column are left out.
pub(crate) fn drawn_correlations(columns: &[Vec<f64>], drawn: &[u32]) -> Option<PairMatrix> {
    let (z, total) = drawn_standardised(columns, drawn)?;
    let matrix = correlations_over(&z, total);
    Some(PairMatrix::fill(columns.len(), |a, b| (Some(matrix[(a, b)]), total as u64)))
}

/// Columns of mean 0 and variance 1 among the rows drawn, each entry times the root of how often its row counts, and the
/// number of rows drawn.
fn drawn_standardised(columns: &[Vec<f64>], drawn: &[u32]) -> Option<(Vec<Vec<f64>>, f64)> {
    let rows: Vec<usize> = (0..drawn.len())
        .filter(|&i| drawn[i] > 0 && columns.iter().all(|c| c.get(i).is_some_and(|v| v.is_finite())))
        .collect();
    let total: f64 = rows.iter().map(|&i| f64::from(drawn[i])).sum();
    let mut z = Vec::with_capacity(columns.len());
    for column in columns {
        let mean = rows.iter().map(|&i| f64::from(drawn[i]) * column[i]).sum::<f64>() / total;
        let square = rows.iter().map(|&i| f64::from(drawn[i]) * (column[i] - mean).powi(2)).sum::<f64>() / total;
        let sd = usable_sd(square, mean)?;
        z.push(rows.iter().map(|&i| f64::from(drawn[i]).sqrt() * (column[i] - mean) / sd).collect::<Vec<f64>>());
    }
    Some((z, total))
}

/// Share of the first component of columns that measure one factor, each with this reliability (0 to 1, share of its
/// variance that is not item noise), and are otherwise unrelated. `None` without columns and for values outside 0 to 1.
pub(crate) fn share_of_one_factor(reliability: &[f64]) -> Option<f64> {
    let k = reliability.len();
    if k == 0 || !reliability.iter().all(|r| (0.0..=1.0).contains(r)) {
        return None;
    }
    let matrix = DMatrix::from_fn(k, k, |a, b| if a == b { 1.0 } else { (reliability[a] * reliability[b]).sqrt() });
    let largest = matrix.symmetric_eigenvalues().iter().copied().fold(f64::NAN, f64::max);
    Some(largest / k as f64)
}

impl Unrelated {
    /// 1,000 permutations, upper bound at 95 %.
    pub fn new(seed: Seed) -> Self {
        Self { seed, permutations: 1_000, level: 0.95 }
    }

    /// Number of permutations.
    #[must_use]
    pub(crate) fn permutations(mut self, permutations: usize) -> Self {
        self.permutations = permutations;
        self
    }

    /// Shuffles the columns and takes the components anew.
    ///
    /// # Errors
    /// Those of `Principal::of`, and `Argument` without permutations.
    pub fn run(&self, columns: &[Vec<f64>]) -> Result<UnrelatedShares> {
        if self.permutations == 0 {
            return Err(Error::Argument("a comparison with unrelated columns needs at least one permutation".into()));
        }
        let observed = Principal::of(columns)?.shares;
        let z = Complete::of(columns)?.standardised()?;
        let drawn: Vec<Vec<f64>> = (0..self.permutations)
            .into_par_iter()
            .map(|b| {
                let mut stream = self.seed.stream("unrelated columns", b as u64);
                let mut shuffled = z.clone();
                shuffled.iter_mut().for_each(|column| stream.shuffle(column));
                let mut values: Vec<f64> = correlations(&shuffled).symmetric_eigenvalues().iter().copied().collect();
                values.sort_by(|a, b| b.total_cmp(a));
                shares(&values)
            })
            .collect();
        let of = |k: usize| -> Vec<f64> {
            let mut values: Vec<f64> = drawn.iter().map(|shares| shares[k]).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let sorted: Vec<Vec<f64>> = (0..observed.len()).map(of).collect();
        let at_least = |k: usize| drawn.iter().filter(|shares| shares[k] >= observed[k] * (1.0 - SAME)).count();
        let count = self.permutations as f64;
        Ok(UnrelatedShares {
            expected: sorted.iter().map(|values| values.iter().sum::<f64>() / count).collect(),
            upper: sorted.iter().filter_map(|values| sample_quantile(values, self.level)).collect(),
            p_values: (0..observed.len()).map(|k| (at_least(k) + 1) as f64 / (count + 1.0)).collect(),
            permutations: self.permutations,
        })
    }
}

/// The rows of a table that have every value.
struct Complete<'a> {
    columns: &'a [Vec<f64>],
    rows: Vec<usize>,
    all: usize,
}

impl<'a> Complete<'a> {
    fn of(columns: &'a [Vec<f64>]) -> Result<Self> {
        let all = columns.first().map_or(0, Vec::len);
        if columns.is_empty() || columns.iter().any(|column| column.len() != all) {
            return Err(Error::Argument("components need columns, all of one length".into()));
        }
        let rows: Vec<usize> = (0..all).filter(|&i| columns.iter().all(|column| !column[i].is_nan())).collect();
        if rows.len() < 2 {
            return Err(Error::NotEnoughModels { have: rows.len(), need: 2 });
        }
        Ok(Self { columns, rows, all })
    }

    /// Columns of mean 0 and population variance 1.
    fn standardised(&self) -> Result<Vec<Vec<f64>>> {
        let n = self.rows.len() as f64;
        let standardise = |(at, column): (usize, &Vec<f64>)| {
            let mean = self.rows.iter().map(|&i| column[i]).sum::<f64>() / n;
            let square = self.rows.iter().map(|&i| (column[i] - mean).powi(2)).sum::<f64>() / n;
            let sd = usable_sd(square, mean).ok_or_else(|| {
                Error::Undetermined(format!("column {} does not vary, or its values are too large", at + 1))
            })?;
            Ok(self.rows.iter().map(|&i| (column[i] - mean) / sd).collect())
        };
        self.columns.iter().enumerate().map(standardise).collect()
    }
}

/// The root of a variance, unless it is no more than rounding.
fn usable_sd(square: f64, mean: f64) -> Option<f64> {
    let sd = square.sqrt();
    (sd.is_finite() && sd > f64::EPSILON * mean.abs()).then_some(sd)
}

fn correlations(z: &[Vec<f64>]) -> DMatrix<f64> {
    correlations_over(z, z.first().map_or(0, Vec::len) as f64)
}

fn correlations_over(z: &[Vec<f64>], total: f64) -> DMatrix<f64> {
    let mut matrix = DMatrix::identity(z.len(), z.len());
    for a in 0..z.len() {
        for b in 0..a {
            let r = z[a].iter().zip(&z[b]).map(|(x, y)| x * y).sum::<f64>() / total;
            matrix[(a, b)] = r;
            matrix[(b, a)] = r;
        }
    }
    matrix
}

/// Eigenvalues and vectors, the largest first.
fn eigen(matrix: DMatrix<f64>) -> Option<(Vec<f64>, Vec<Vec<f64>>)> {
    let steps = 100 * matrix.nrows().max(10);
    let parts = SymmetricEigen::try_new(matrix, f64::EPSILON, steps)?;
    let mut order: Vec<usize> = (0..parts.eigenvalues.len()).collect();
    order.sort_by(|&a, &b| parts.eigenvalues[b].total_cmp(&parts.eigenvalues[a]));
    let vector = |&k: &usize| {
        let vector: Vec<f64> = parts.eigenvectors.column(k).iter().copied().collect();
        let sum: f64 = vector.iter().sum();
        let turn = if sum < 0.0 { -1.0 } else { 1.0 };
        vector.into_iter().map(|v| turn * v).collect()
    };
    Some((order.iter().map(|&k| parts.eigenvalues[k]).collect(), order.iter().map(vector).collect()))
}

/// Rounding may leave an eigenvalue a little below 0.
fn shares(eigenvalues: &[f64]) -> Vec<f64> {
    let sum: f64 = eigenvalues.iter().map(|v| v.max(0.0)).sum();
    eigenvalues.iter().map(|v| v.max(0.0) / sum).collect()
}

/// A permutation may restore the data's own order, with another rounding.
const SAME: f64 = 1e-9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_holds() -> crate::Result<()> {
        use crate::stats::principal::{Principal, share_of_one_factor};
        let columns = vec![vec![1.0, 2.0, 3.0, 4.0], vec![2.0, 4.0, 6.0, 8.0], vec![1.0, -1.0, -1.0, 1.0]];
        let parts = Principal::of(&columns)?;
        assert!((parts.shares[0] - 2.0 / 3.0).abs() < 1e-12);
        assert!((parts.loadings[0][0] - 0.5_f64.sqrt()).abs() < 1e-12);
        assert!(parts.scores[0][3] > parts.scores[0][0]);
        assert!((share_of_one_factor(&[1.0, 1.0, 1.0]).unwrap() - 1.0).abs() < 1e-12);
        Ok(())
    }

    fn noise(rows: usize, columns: usize) -> Vec<Vec<f64>> {
        let mut stream = Seed(2).stream("test columns", 0);
        (0..columns).map(|_| (0..rows).map(|_| stream.normal()).collect()).collect()
    }

    /// Gives all columns something in common: the first is added to the others.
    fn add_first(columns: &mut [Vec<f64>]) {
        let (first, others) = columns.split_first_mut().expect("there are columns");
        others.iter_mut().for_each(|column| column.iter_mut().zip(&*first).for_each(|(v, f)| *v += f));
    }

    #[test]
    fn two_columns_with_correlation_r_have_shares_of_one_plus_and_minus_r_halved() {
        let columns = vec![vec![1.0, 2.0, 3.0, 4.0], vec![1.0, 3.0, 2.0, 4.0]];
        let parts = Principal::of(&columns).expect("both vary");
        assert!((parts.shares[0] - 0.9).abs() < 1e-14 && (parts.shares[1] - 0.1).abs() < 1e-14);
    }

    #[test]
    fn scores_have_the_variance_of_their_component_and_are_unrelated() {
        let mut columns = noise(40, 4);
        add_first(&mut columns[..2]);
        let parts = Principal::of(&columns).expect("all vary");
        assert!((parts.shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        for a in 0..4 {
            for b in 0..4 {
                let product = parts.scores[a]
                    .iter()
                    .zip(&parts.scores[b])
                    .map(|(x, y)| x.expect("a score") * y.expect("a score"))
                    .sum::<f64>()
                    / 40.0;
                let expected = if a == b { 4.0 * parts.shares[a] } else { 0.0 };
                assert!((product - expected).abs() < 1e-11, "{a} {b}: {product}");
            }
            assert!(parts.loadings[a].iter().sum::<f64>() >= 0.0);
        }
    }

    #[test]
    fn scale_and_place_of_a_column_do_not_matter() {
        let columns = noise(20, 3);
        let other: Vec<Vec<f64>> = columns
            .iter()
            .enumerate()
            .map(|(k, c)| c.iter().map(|v| 9.0 + 0.01 * (k + 1) as f64 * v).collect())
            .collect();
        let (a, b) = (Principal::of(&columns).expect("vary"), Principal::of(&other).expect("vary"));
        assert!(a.shares.iter().zip(&b.shares).all(|(x, y)| (x - y).abs() < 1e-10));
    }

    #[test]
    fn rows_with_a_gap_are_left_out_and_counted() {
        let mut columns = noise(20, 3);
        let without: Vec<Vec<f64>> = columns.iter().map(|c| c[1..].to_vec()).collect();
        columns[2][0] = f64::NAN;
        let (gap, short) = (Principal::of(&columns).expect("vary"), Principal::of(&without).expect("vary"));
        assert_eq!((gap.rows, &gap.shares), (19, &short.shares));
        assert_eq!((gap.scores[0][0], gap.scores[0][1]), (None, short.scores[0][0]));
        let text = serde_json::to_string(&gap).expect("JSON");
        assert_eq!(serde_json::from_str::<Principal>(&text).expect("components"), gap);
    }

    #[test]
    fn drawing_a_row_twice_is_writing_it_twice() {
        let columns = noise(12, 3);
        let drawn = [2, 1, 0, 1, 3, 1, 1, 0, 1, 1, 2, 0];
        let write = |c: &Vec<f64>| c.iter().zip(drawn).flat_map(|(v, m)| vec![*v; m as usize]).collect();
        let written: Vec<Vec<f64>> = columns.iter().map(write).collect();
        let share = drawn_shares(&columns, &drawn).expect("all vary")[0];
        assert!((share - Principal::of(&written).expect("all vary").shares[0]).abs() < 1e-12);
        assert_eq!(drawn_shares(&columns, &[0; 12]), None);
    }

    #[test]
    fn a_column_that_does_not_vary_is_refused() {
        assert!(matches!(Principal::of(&[vec![0.1; 5], vec![1.0, 2.0, 3.0, 4.0, 5.0]]), Err(Error::Undetermined(_))));
        assert!(Principal::of(&[]).is_err());
        assert!(Principal::of(&[vec![1.0], vec![2.0]]).is_err());
    }

    #[test]
    fn unrelated_columns_do_not_stand_out_from_shuffled_ones_and_a_common_factor_does() {
        let mut columns = noise(60, 8);
        let unrelated = Unrelated::new(Seed(1)).permutations(199);
        let alone = unrelated.run(&columns).expect("all vary");
        assert!(alone.p_values[0] > 0.01 && alone.expected[0] < alone.upper[0]);
        add_first(&mut columns);
        let shared = unrelated.run(&columns).expect("all vary");
        assert_eq!(shared.p_values[0], 1.0 / 200.0);
        assert!(unrelated.permutations(0).run(&columns).is_err());
    }

    #[test]
    fn one_factor_seen_with_equal_noise_has_the_share_counted_by_hand() {
        // Equal correlations r: the largest eigenvalue is 1 + (k - 1) r.
        let share = share_of_one_factor(&[0.6; 5]).expect("reliabilities in 0 to 1");
        assert!((share - (1.0 + 4.0 * 0.6) / 5.0).abs() < 1e-12);
        assert_eq!(share_of_one_factor(&[1.5]), None);
        assert_eq!(share_of_one_factor(&[]), None);
    }
}
