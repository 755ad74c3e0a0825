//! Principal components of the scores, and what their shares are to be read against.

use super::agreement::{LEVEL, SEED, nesting, resampling, shown, undefined};
use super::data::Tables;
use super::number::{Found, Printable, Subject};
use crate::analysis::Phase;
use crate::analysis::papers::test_task::Conclusion;
use crate::error::Result;
use crate::stats::agreement::COMPONENTS;
use crate::stats::ceiling::CeilingFit;
use crate::stats::estimate::Estimate;
use crate::stats::principal::{Principal, Unrelated, UnrelatedShares, drawn_shares, share_of_one_factor};

/// How many components are shown.
pub(super) const SHOWN: usize = COMPONENTS;
/// Permutations of unrelated columns.
const PERMUTATIONS: usize = 500;

/// The components of some models' scores, before and after.
pub(super) struct Factors {
    pub(super) models: usize,
    pub(super) makers: usize,
    /// The components before and after.
    pub(super) principal: [Principal; 2],
    /// Shares of the first components, with intervals: before, after, after minus before.
    pub(super) shares: [Vec<Estimate>; 3],
    /// Shares of components of unrelated columns.
    pub(super) unrelated: [UnrelatedShares; 2],
    /// Share of the first component if one factor and the noise of items were all there is.
    pub(super) one_factor: [Option<f64>; 2],
}

impl Factors {
    /// `shares` are those of the first components before, after, and after minus before; `ceilings` tell how much of each
    /// benchmark's variance is not noise.
    pub(super) fn of(
        tables: &Tables,
        models: &[usize],
        ceilings: [&[CeilingFit]; 2],
        shares: [Vec<Estimate>; 3],
    ) -> Result<Self> {
        let columns = Phase::BOTH.map(|phase| tables.columns(phase, models));
        let unrelated = |k: usize| Unrelated::new(SEED).permutations(PERMUTATIONS).run(&columns[k]);
        let factor = |k: usize| {
            let reliability: Vec<f64> = ceilings[k].iter().map(|fit| fit.reliability).collect();
            share_of_one_factor(&reliability)
        };
        Ok(Self {
            models: models.len(),
            makers: nesting(tables, models)?.outer().count(),
            principal: [Principal::of(&columns[0])?, Principal::of(&columns[1])?],
            shares,
            unrelated: [unrelated(0)?, unrelated(1)?],
            one_factor: [factor(0), factor(1)],
        })
    }

    /// Shares of the first components of some models' scores: before, after, after minus before.
    pub(super) fn shares(tables: &Tables, models: &[usize]) -> Result<[Vec<Estimate>; 3]> {
        let columns = Phase::BOTH.map(|phase| tables.columns(phase, models));
        let nesting = nesting(tables, models)?;
        let count = columns[0].len();
        let drawn = resampling().estimates(&nesting, |drawn| {
            let shares = |k: usize| drawn_shares(&columns[k], drawn).unwrap_or_else(|| vec![f64::NAN; count]);
            let [before, after] = [shares(0), shares(1)];
            let change = before.iter().zip(&after).map(|(before, after)| after - before);
            let change: Vec<f64> = change.take(SHOWN).collect();
            [&before[..SHOWN.min(count)], &after[..SHOWN.min(count)], &change].concat()
        });
        let part = |k: usize| drawn.iter().skip(k * SHOWN.min(count)).take(SHOWN.min(count)).cloned().collect();
        Ok([part(0), part(1), part(2)])
    }

    /// The numbers that the paper prints of all models.
    pub(super) fn numbers(&self) -> Result<Vec<Found>> {
        let mut found = Vec::new();
        for phase in Phase::BOTH {
            for place in 0..SHOWN {
                found.push(self.number(Subject::Component(phase, place as u8 + 1), phase, place)?);
            }
        }
        Ok(found)
    }

    /// The numbers that it prints of the Qwen models.
    pub(super) fn of_qwen(&self) -> Result<Vec<Found>> {
        Phase::BOTH.into_iter().map(|phase| self.number(Subject::Qwen(phase), phase, 0)).collect()
    }

    fn number(&self, subject: Subject, phase: Phase, place: usize) -> Result<Found> {
        let k = phase.of(0, 1);
        let corrected = self.shares[k].get(place).cloned().ok_or_else(undefined)?;
        let (expected, upper) = (self.unrelated[k].expected[place], self.unrelated[k].upper[place]);
        let mut why = format!(
            "Unrelated benchmarks would give {expected:.3} (up to {upper:.3} in {:.0} % of permutations).",
            100.0 * LEVEL
        );
        let conclusion = if place == 0 {
            let change = &self.shares[2][0];
            if let Some(share) = self.one_factor[k] {
                why.push_str(&format!(" One ability and the noise of items alone would give {share:.3}."));
            }
            why.push_str(&format!(" After minus before: {}.", shown(change)));
            let rises = change.excludes_zero() == Some(true) && corrected.interval.low > Some(upper);
            Some(if rises { Conclusion::Stands } else { Conclusion::Changes })
        } else {
            None
        };
        let value = self.principal[k].shares.get(place).copied().ok_or_else(undefined)?;
        let (models, makers) = (self.models, self.makers);
        let quantity = Printable::VarianceShare;
        Ok(Found { subject, quantity, value, rounded: None, corrected, models, makers, conclusion, why })
    }
}
