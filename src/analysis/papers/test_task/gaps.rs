//! The paper's tests of a gap between groups, taken together: each corrected p-value as it is, by Holm's method and by
//! Benjamini and Hochberg's. A test that the paper prints twice is one test.

use super::conclusions::Conclusion;
use super::quantity::{PaperQuantity, Quantity};
use crate::error::Result;
use crate::stats::multiplicity::{benjamini_hochberg, holm};

/// The paper's test of a difference at 5 %.
const SIZE: f64 = 0.05;

/// A corrected test of a gap, and its conclusion after a correction for all tests of the paper.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GapTest {
    /// Corrected p-value, as if the test were the only one. It is the primary one of its question.
    pub p_value: f64,
    /// By Holm's method over all distinct tests; `None` where only a part of them was computed.
    pub holm: Option<f64>,
    /// By Benjamini and Hochberg's.
    pub benjamini_hochberg: Option<f64>,
    /// Whether the published test finds a gap at 5 %.
    pub published: bool,
    /// The earlier row that prints the same test, counted from 0; it is not counted again.
    pub repeats: Option<usize>,
}

impl GapTest {
    /// The conclusion at 5 % by an adjusted p-value.
    pub(crate) fn conclusion(&self, adjusted: Option<f64>) -> Option<Conclusion> {
        let same = (adjusted? < SIZE) == self.published;
        Some(if same { Conclusion::Stands } else { Conclusion::Changes })
    }
}

/// A test per row that has one. Adjusted p-values only where the rows are `complete`: a part of the tests is not allowed for
/// in the same way as all.
pub(super) fn gap_tests(rows: &[(&Quantity, &Quantity)], complete: bool) -> Result<Vec<Option<GapTest>>> {
    let mut tests: Vec<Option<GapTest>> = Vec::new();
    for (at, (published, corrected)) in rows.iter().enumerate() {
        let difference = matches!(corrected.quantity, PaperQuantity::Theta | PaperQuantity::Psi | PaperQuantity::Phi);
        let both = published.estimate.p_value.zip(corrected.estimate.p_value).filter(|_| difference);
        let same = |other: &(&Quantity, &Quantity)| {
            let one = &other.1.estimate;
            one.value == corrected.estimate.value && one.p_value == corrected.estimate.p_value
        };
        tests.push(both.map(|(by_paper, p_value)| GapTest {
            p_value,
            holm: None,
            benjamini_hochberg: None,
            published: by_paper < SIZE,
            repeats: rows[..at].iter().position(same),
        }));
    }
    if complete {
        let distinct: Vec<f64> =
            tests.iter().flatten().filter(|test| test.repeats.is_none()).map(|test| test.p_value).collect();
        let mut both = holm(&distinct)?.into_iter().zip(benjamini_hochberg(&distinct)?);
        for at in 0..tests.len() {
            let earlier = tests[at].and_then(|test| tests[test.repeats?]);
            let Some(test) = &mut tests[at] else { continue };
            let adjusted = match earlier {
                Some(earlier) => earlier.holm.zip(earlier.benjamini_hochberg),
                None => both.next(),
            };
            (test.holm, test.benjamini_hochberg) = adjusted.unzip();
        }
    }
    Ok(tests)
}

#[cfg(test)]
mod tests {
    use super::super::exhibit::Exhibit;
    use super::super::item::{Item, ItemPart};
    use super::*;
    use crate::analysis::Phase;
    use crate::stats::estimate::Estimate;

    fn quantity(value: f64, p: f64) -> Quantity {
        Quantity {
            figure: Exhibit::Main,
            item: Item::new("mmlu", ItemPart::Phase(Phase::Unadjusted)),
            quantity: PaperQuantity::Theta,
            estimate: Estimate { p_value: Some(p), ..Estimate::of(value) },
            margin: None,
            remark: None,
            models: 53,
            families: 20,
        }
    }

    #[test]
    fn a_test_printed_twice_counts_once_and_has_the_adjusted_p_values_of_the_first() {
        // By hand, of 0.01, 0.04 and 0.03: Holm 0.03, 0.06, 0.06; Benjamini and Hochberg 0.03, 0.04, 0.04.
        let all: Vec<Quantity> =
            [(0.1, 0.01), (0.2, 0.04), (0.1, 0.01), (0.3, 0.03)].map(|(value, p)| quantity(value, p)).into();
        let rows: Vec<(&Quantity, &Quantity)> = all.iter().map(|one| (one, one)).collect();
        let tests: Vec<GapTest> = gap_tests(&rows, true).expect("p-values").into_iter().flatten().collect();
        assert_eq!(tests.iter().map(|test| test.repeats).collect::<Vec<_>>(), [None, None, Some(0), None]);
        for (test, (by_holm, by_bh)) in tests.iter().zip([(0.03, 0.03), (0.06, 0.04), (0.03, 0.03), (0.06, 0.04)]) {
            assert!(test.holm.is_some_and(|p| (p - by_holm).abs() < 1e-12), "{test:?}");
            assert!(test.benjamini_hochberg.is_some_and(|p| (p - by_bh).abs() < 1e-12), "{test:?}");
        }
        assert_eq!(tests[1].conclusion(tests[1].holm), Some(Conclusion::Changes));
        assert_eq!(tests[1].conclusion(tests[1].benjamini_hochberg), Some(Conclusion::Stands));
    }

    #[test]
    fn a_part_of_the_paper_has_no_adjusted_p_values() {
        let one = quantity(0.1, 0.01);
        let tests = gap_tests(&[(&one, &one)], false).expect("p-values");
        assert!(tests[0].is_some_and(|test| test.holm.is_none() && test.p_value == 0.01), "{tests:?}");
    }
}
