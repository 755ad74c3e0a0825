//! τ-b of all pairs of columns of a table, ranked once and asked many times.
//!
//! Write s_x for the vector that has, for every two rows i < j, the sign of x_i - x_j. Then τ-b is the cosine of two such
//! vectors (Daniels 1944, "The relation between measures of correlation in the universe of sample permutations"):
//!
//!   τ-b(x, y) = s_x·s_y / √(s_x·s_x  s_y·s_y)
//!
//! and the τ-b of all columns with each other are one product of a matrix with its transpose, in whole numbers of 16 bits.
//! For a resample in which row i was drawn m_i times, the entries of the pair i, j carry m_i on the left and m_j on the
//! right. That is O(n²) for a pair of columns where [Knight's count](super::rank) is O(n log n), but with no branches:
//! it is the faster one up to some hundred rows (`docs/benchmarks.md`), and from `MOST_BY_SIGNS` rows on
//! Knight's takes its place.
//!
//! Missing values (NaN) are handled pair of columns by pair of columns, and the rows used are counted.
//!
//! ```
//! use onset::stats::concordance::RankedTable;
//! let columns = vec![vec![0.2, 0.4, 0.6, 0.8], vec![1.0, 2.0, 4.0, 3.0], vec![0.5, f64::NAN, 0.6, 0.7]];
//! let table = RankedTable::new(&columns)?;
//! let tau = table.tau();
//! assert_eq!(tau.get(0, 1), Some(4.0 / 6.0));
//! assert_eq!((tau.get(0, 2), tau.rows(0, 2)), (Some(1.0), 3));
//! // The first model drawn three times, the last left out.
//! assert_eq!(table.tau_of(&[3, 1, 1, 0])?.get(0, 1), Some(1.0));
//! # Ok::<(), onset::Error>(())
//! ```

use super::pair_matrix::PairMatrix;
use super::rank::{Concordance, MISSING, Row, cosine, dense_ranks};
use crate::{Error, Result};

/// Columns of equal length, as ranks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankedTable {
    rows: usize,
    ranks: Vec<Vec<u32>>,
    /// Whether any value is missing.
    gaps: bool,
}

impl RankedTable {
    /// The most rows for which signs are multiplied; with more, pairs are counted by Knight's method.
    pub(crate) const MOST_BY_SIGNS: usize = 512;
    /// The most often a row may be drawn.
    pub(crate) const MOST_DRAWN: u32 = 1_000;

    /// Ranks columns of equal length; NaN is a missing value.
    ///
    /// # Errors
    /// `Argument` when the columns differ in length.
    pub fn new(columns: &[Vec<f64>]) -> Result<Self> {
        let rows = columns.first().map_or(0, Vec::len);
        if let Some(other) = columns.iter().find(|column| column.len() != rows) {
            return Err(Error::Argument(format!(
                "the columns of a table have one length, not {rows} and {}",
                other.len()
            )));
        }
        let gaps = columns.iter().flatten().any(|v| v.is_nan());
        Ok(Self { rows, ranks: columns.iter().map(|column| dense_ranks(column)).collect(), gaps })
    }

    /// Number of columns.
    pub(crate) fn columns(&self) -> usize {
        self.ranks.len()
    }

    /// τ-b of all pairs of columns.
    pub fn tau(&self) -> PairMatrix {
        self.counted(&(0..self.rows).map(|i| (i, 1)).collect::<Vec<_>>())
    }

    /// The same with row i counted `drawn[i]` times.
    ///
    /// # Errors
    /// `Argument` when `drawn` has another length than the columns, or a row is drawn more than
    /// `MOST_DRAWN` times.
    pub fn tau_of(&self, drawn: &[u32]) -> Result<PairMatrix> {
        if drawn.len() != self.rows {
            return Err(Error::Argument(format!("{} counts for {} rows", drawn.len(), self.rows)));
        }
        if drawn.iter().any(|m| *m > Self::MOST_DRAWN) {
            return Err(Error::Argument(format!("a row was drawn more than {} times", Self::MOST_DRAWN)));
        }
        Ok(self.counted(&drawn.iter().copied().enumerate().filter(|(_, m)| *m > 0).collect::<Vec<_>>()))
    }

    /// `drawn`: rows and how often they count.
    fn counted(&self, drawn: &[(usize, u32)]) -> PairMatrix {
        if drawn.len() <= Self::MOST_BY_SIGNS { self.by_signs(drawn) } else { self.by_knight(drawn) }
    }

    fn by_knight(&self, drawn: &[(usize, u32)]) -> PairMatrix {
        PairMatrix::fill(self.columns(), |a, b| {
            let (x, y) = (&self.ranks[a], &self.ranks[b]);
            let both: Vec<Row> = drawn
                .iter()
                .filter(|(i, _)| x[*i] != MISSING && y[*i] != MISSING)
                .map(|&(i, m)| Row { x: x[i], y: y[i], count: u64::from(m) })
                .collect();
            let rows = both.iter().map(|row| row.count).sum();
            (Concordance::of(both).tau_b(), rows)
        })
    }

    fn by_signs(&self, drawn: &[(usize, u32)]) -> PairMatrix {
        let k = self.columns();
        // At most 512 rows take part, so ranks among them fit.
        let ranks: Vec<Vec<i16>> = self.ranks.iter().map(|column| narrowed(column, drawn)).collect();
        let counts: Vec<i16> = drawn.iter().map(|(_, m)| *m as i16).collect();
        let mut sums = Sums { balance: vec![0; k * k], ordered: if self.gaps { vec![0; k * k] } else { Vec::new() } };
        // A block ends with the row that fills it.
        let most = (BLOCK + drawn.len()).min(drawn.len() * drawn.len() / 2);
        let mut block = Block::of(k, self.gaps, most);
        let (mut start, mut pairs) = (0, 0);
        for row in 0..drawn.len() {
            pairs += drawn.len() - row - 1;
            if pairs >= BLOCK || row + 1 == drawn.len() {
                block.fill(&ranks, &counts, start..row + 1);
                block.add_to(&mut sums);
                (start, pairs) = (row + 1, 0);
            }
        }
        let total: u64 = drawn.iter().map(|(_, m)| u64::from(*m)).sum();
        PairMatrix::fill(k, |a, b| {
            if !self.gaps {
                let ordered = |c: usize| sums.balance[c * k + c];
                return (cosine(sums.balance[a * k + b], ordered(a), ordered(b)), total);
            }
            let both = |i: usize| self.ranks[a][i] != MISSING && self.ranks[b][i] != MISSING;
            let rows = drawn.iter().filter(|(i, _)| both(*i)).map(|(_, m)| u64::from(*m)).sum();
            (cosine(sums.balance[a * k + b], sums.ordered[a * k + b], sums.ordered[b * k + a]), rows)
        })
    }
}

/// Products summed over pairs of rows, for every two columns.
struct Sums {
    /// s_a·s_b at a, b with a ≤ b.
    balance: Vec<i64>,
    /// At a, b: the pairs that a orders and b has; empty when nothing is missing.
    ordered: Vec<i64>,
}

/// Signs of the pairs of some rows with all later ones, times how often the first (left) or second (right) was drawn; 0 where
/// a value is missing.
struct Block {
    left: Vec<Vec<i16>>,
    right: Vec<Vec<i16>>,
    /// Where values are missing: the left signs without their sign, and how often the second row was drawn, 0 for a pair with
    /// a missing value.
    gaps: Option<[Vec<Vec<i16>>; 2]>,
}

impl Block {
    fn of(columns: usize, gaps: bool, capacity: usize) -> Self {
        let empty = || (0..columns).map(|_| Vec::with_capacity(capacity)).collect::<Vec<Vec<i16>>>();
        Self { left: empty(), right: empty(), gaps: gaps.then(|| [empty(), empty()]) }
    }

    fn fill(&mut self, ranks: &[Vec<i16>], counts: &[i16], rows: std::ops::Range<usize>) {
        for (column, ranks) in ranks.iter().enumerate() {
            let (left, right) = (&mut self.left[column], &mut self.right[column]);
            left.clear();
            right.clear();
            for row in rows.clone() {
                let (own, count) = (ranks[row], counts[row]);
                let (later, drawn) = (ranks[row + 1..].iter(), counts[row + 1..].iter());
                let sign = |other: i16| i16::from(own > other) - i16::from(own < other);
                match &self.gaps {
                    None => {
                        left.extend(later.clone().map(|&other| count * sign(other)));
                        right.extend(later.zip(drawn).map(|(&other, m)| m * sign(other)));
                    }
                    Some(_) => {
                        let sign = |other: i16| if own == GAP || other == GAP { 0 } else { sign(other) };
                        left.extend(later.clone().map(|&other| count * sign(other)));
                        right.extend(later.zip(drawn).map(|(&other, m)| m * sign(other)));
                    }
                }
            }
            if let Some([ordered, present]) = &mut self.gaps {
                let (ordered, present) = (&mut ordered[column], &mut present[column]);
                ordered.clear();
                ordered.extend(left.iter().map(|sign| sign.abs()));
                present.clear();
                for row in rows.clone() {
                    let pairs = ranks[row + 1..].iter().zip(&counts[row + 1..]);
                    present.extend(pairs.map(|(&other, m)| if ranks[row] == GAP || other == GAP { 0 } else { *m }));
                }
            }
        }
    }

    fn add_to(&self, sums: &mut Sums) {
        let k = self.left.len();
        for a in 0..k {
            add_dots(&mut sums.balance[a * k..(a + 1) * k], &self.left[a], &self.right, a);
            if let Some([ordered, present]) = &self.gaps {
                add_dots(&mut sums.ordered[a * k..(a + 1) * k], &ordered[a], present, 0);
            }
        }
    }
}

/// Adds the products of one column with those from `first` on.
fn add_dots(sums: &mut [i64], one: &[i16], others: &[Vec<i16>], first: usize) {
    for b in (first..others.len()).step_by(TOGETHER) {
        let width = TOGETHER.min(others.len() - b);
        // Fewer than four at the end: the first again in the places that are not read.
        let columns = std::array::from_fn(|t| others[if t < width { b + t } else { b }].as_slice());
        for (sum, product) in sums[b..b + width].iter_mut().zip(dot(one, columns)) {
            *sum += i64::from(product);
        }
    }
}

/// Products of one column with several, which are all as long. In 32 bits: a block has at most `BLOCK` + `MOST_BY_SIGNS`
/// pairs, and a product is at most `MOST_DRAWN`².
fn dot(a: &[i16], b: [&[i16]; TOGETHER]) -> [i32; TOGETHER] {
    let [b0, b1, b2, b3] = b.map(|column| &column[..a.len()]);
    let mut sums = [0; TOGETHER];
    for i in 0..a.len() {
        let left = i32::from(a[i]);
        sums[0] += left * i32::from(b0[i]);
        sums[1] += left * i32::from(b1[i]);
        sums[2] += left * i32::from(b2[i]);
        sums[3] += left * i32::from(b3[i]);
    }
    sums
}

/// Columns that are multiplied with one at once, so that it is read once for all of them.
const TOGETHER: usize = 4;

/// Ranks of the rows drawn, in their order.
fn narrowed(ranks: &[u32], drawn: &[(usize, u32)]) -> Vec<i16> {
    // With few rows in all, ranks fit as they are.
    if ranks.len() <= i16::MAX as usize {
        return drawn.iter().map(|&(i, _)| if ranks[i] == MISSING { GAP } else { ranks[i] as i16 }).collect();
    }
    let mut present: Vec<u32> = drawn.iter().map(|&(i, _)| ranks[i]).filter(|rank| *rank != MISSING).collect();
    present.sort_unstable();
    drawn
        .iter()
        .map(|&(i, _)| if ranks[i] == MISSING { GAP } else { present.partition_point(|rank| *rank < ranks[i]) as i16 })
        .collect()
}

/// Stands for a missing value among narrowed ranks and for a pair with one among signs.
const GAP: i16 = i16::MIN;

/// Pairs of rows that are multiplied at once: those of 60 columns fit into a processor's second cache.
const BLOCK: usize = 1_024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::random::Seed;
    use super::super::rank::kendall;
    use super::*;

    fn draws(rows: usize, number: u64) -> Vec<u32> {
        let mut stream = Seed(9).stream("test draws", number);
        let mut drawn = vec![0; rows];
        (0..rows).for_each(|_| drawn[stream.below(rows)] += 1);
        drawn
    }

    fn table(rows: usize, columns: usize, values: usize, missing: bool) -> Vec<Vec<f64>> {
        let mut stream = Seed(3).stream("test table", rows as u64);
        let mut value = || {
            let value = stream.below(values) as f64;
            if missing && stream.below(9) == 0 { f64::NAN } else { value }
        };
        (0..columns).map(|_| (0..rows).map(|_| value()).collect()).collect()
    }

    /// Rows written out as often as they were drawn.
    fn written(column: &[f64], drawn: &[u32]) -> Vec<f64> {
        column.iter().zip(drawn).flat_map(|(v, m)| std::iter::repeat_n(*v, *m as usize)).collect()
    }

    fn agrees_with_kendall(columns: &[Vec<f64>], drawn: &[u32]) {
        let tau = RankedTable::new(columns).expect("one length").tau_of(drawn).expect("one length");
        for a in 0..columns.len() {
            for b in 0..columns.len() {
                let (x, y) = (written(&columns[a], drawn), written(&columns[b], drawn));
                let expected = kendall(&x, &y).expect("one length");
                assert_eq!(tau.get(a, b), expected.value, "columns {a} and {b}");
                assert_eq!(tau.rows(a, b), expected.rows as u64, "columns {a} and {b}");
            }
        }
    }

    #[test]
    fn a_resample_has_the_tau_of_its_rows_written_out() {
        for (rows, number) in [(7, 0), (61, 1), (100, 2)] {
            agrees_with_kendall(&table(rows, 5, 20, false), &draws(rows, number));
            agrees_with_kendall(&table(rows, 5, 20, true), &draws(rows, number));
        }
    }

    #[test]
    fn many_rows_are_counted_by_knight_with_the_same_result() {
        for missing in [false, true] {
            let table = RankedTable::new(&table(600, 4, 50, missing)).expect("one length");
            let most: Vec<(usize, u32)> = (0..500).map(|i| (i, 1 + (i % 3) as u32)).collect();
            assert_eq!(table.by_signs(&most), table.by_knight(&most));
            assert_eq!(table.tau(), table.by_knight(&(0..600).map(|i| (i, 1)).collect::<Vec<_>>()));
        }
    }

    #[test]
    fn a_row_drawn_as_often_as_allowed_does_not_overflow() {
        let columns = vec![(0..512).map(f64::from).collect::<Vec<_>>(); 2];
        let table = RankedTable::new(&columns).expect("one length");
        let tau = table.tau_of(&[RankedTable::MOST_DRAWN; 512]).expect("allowed");
        assert_eq!(tau.get(0, 1), Some(1.0));
        assert!(table.tau_of(&[RankedTable::MOST_DRAWN + 1; 512]).is_err());
        assert!(table.tau_of(&[1; 511]).is_err());
        assert!(RankedTable::new(&[vec![1.0], vec![1.0, 2.0]]).is_err());
        assert_eq!(RankedTable::new(&[]).expect("an empty table").tau().mean(), None);
    }

    proptest! {
        #[test]
        fn any_table_has_the_tau_of_its_columns(
            rows in 0_usize..40,
            values in 1_usize..9,
            missing in any::<bool>(),
            number in 0_u64..50,
        ) {
            agrees_with_kendall(&table(rows, 3, values, missing), &draws(rows, number));
        }
    }
}
