//! The scores that are compared.

use crate::stats::ceiling::CeilingFit;

/// Scores under one condition: columns are benchmarks, rows are models, higher is better, NaN is missing.
#[derive(Debug, Clone, Copy)]
pub struct Panel<'a> {
    pub(super) columns: &'a [Vec<f64>],
    pub(super) ceilings: &'a [CeilingFit],
    pub(super) subsets: &'a [Vec<usize>],
}

impl<'a> Panel<'a> {
    /// Scores whose noise is not known.
    pub fn new(columns: &'a [Vec<f64>]) -> Self {
        Self { columns, ceilings: &[], subsets: &[] }
    }

    /// With a noise ceiling for every column.
    #[must_use]
    pub fn ceilings(mut self, ceilings: &'a [CeilingFit]) -> Self {
        self.ceilings = ceilings;
        self
    }

    /// With sets of columns, of whose pairs alone a mean is taken too.
    #[must_use]
    pub(crate) fn subsets(mut self, subsets: &'a [Vec<usize>]) -> Self {
        self.subsets = subsets;
        self
    }
}
