//! Do benchmarks rank models alike, how sure is that, and how much of it could be seen at all?
//!
//! The agreement of a table of models × benchmarks is the mean of Kendall's τ-b over all pairs of benchmarks
//! (`RankedTable`). Models are no independent draws, so intervals come from drawing makers, and inside them base models
//! with their chat models ([`Nesting`]); everything is computed anew in each resample, with the same models on both sides
//! where two conditions are compared. Few makers cannot make anyone sure: beside the interval stand the effective number of
//! makers and every value without one of them.
//!
//! With the noise of the scores known, agreement is also given as a share of its ceiling and without the noise
//! ([`ceiling`](super::ceiling)); in resamples the ceilings are those of the models drawn.
//!
//! ```
//! use onset::stats::agreement::{Agreement, Panel};
//! use onset::stats::nested::Nesting;
//! use onset::stats::random::Seed;
//! let ability: [f64; 8] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];
//! let benchmark = |bend: f64, odd: usize| -> Vec<f64> {
//!     ability.iter().enumerate().map(|(i, a)| a.powf(bend) + if i == odd { 0.3 } else { 0.0 }).collect()
//! };
//! let columns = vec![benchmark(1.0, 1), benchmark(2.0, 4), benchmark(0.5, 6)];
//! let makers = ["a", "a", "b", "b", "c", "c", "d", "d"];
//! let nesting = Nesting::new(&makers, &[1, 1, 2, 2, 3, 3, 4, 5])?;
//! let fit = Agreement::new(Seed(1)).replicates(500).fit(&Panel::new(&columns), &nesting)?;
//! let mean = fit.summary.mean;
//! assert!(mean.interval.low < mean.value && mean.value < mean.interval.high);
//! assert_eq!(fit.left_out.len(), 4);
//! # Ok::<(), onset::Error>(())
//! ```

mod draws;
mod panel;
mod results;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub(crate) use draws::COMPONENTS;
pub use panel::Panel;
pub(crate) use results::AgreementChange;
pub use results::AgreementFit;
pub use results::LeftOut;
pub use results::PairIntervals;
pub use results::Summary;

use super::estimate::Estimate;
use super::nested::{Inside, Nesting, Resampling};
use super::random::Seed;
use crate::{Error, Result};
use draws::{Draw, Ranked, each, intervals, left_out, with_intervals};

/// Settings of the resampling.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    seed: Seed,
    replicates: usize,
    level: f64,
    inside: Inside,
    pairs: bool,
    fewest: u64,
}

impl Agreement {
    /// 2,000 resamples, intervals at 95 %, inner clusters drawn.
    pub fn new(seed: Seed) -> Self {
        Self { seed, replicates: 2_000, level: 0.95, inside: Inside::Drawn, pairs: false, fewest: 0 }
    }

    /// Number of resamples.
    #[must_use]
    pub fn replicates(mut self, replicates: usize) -> Self {
        self.replicates = replicates;
        self
    }

    /// Level of the intervals, between 0 and 1.
    #[must_use]
    pub fn level(mut self, level: f64) -> Self {
        self.level = level;
        self
    }

    /// What happens inside a maker that was drawn.
    #[must_use]
    pub fn inside(mut self, inside: Inside) -> Self {
        self.inside = inside;
        self
    }

    /// Whether every pair of benchmarks gets an interval of its own.
    #[must_use]
    pub(crate) fn pairs(mut self, pairs: bool) -> Self {
        self.pairs = pairs;
        self
    }

    /// Pairs of benchmarks with fewer models than this in common have no τ-b.
    #[must_use]
    pub(crate) fn fewest(mut self, models: u64) -> Self {
        self.fewest = models;
        self
    }

    /// The agreement of one table, its rows clustered by `nesting`.
    ///
    /// # Errors
    /// `Argument` when lengths differ, no resamples are asked for or the level is outside 0 to 1; `Undetermined` with fewer
    /// than two benchmarks or two outer clusters, or when no two benchmarks have a τ.
    pub fn fit(&self, panel: &Panel<'_>, nesting: &Nesting) -> Result<AgreementFit> {
        self.check(panel, nesting)?;
        let panel = Ranked::new(panel, self.fewest)?;
        let without = left_out(nesting, |drawn| panel.draw(drawn, false).summary);
        let drawn = self.resampling().draws(nesting, |drawn| panel.draw(drawn, self.pairs));
        self.assemble(&panel, nesting, without, &drawn)
    }

    /// Two conditions: the same models in the same rows, the same benchmarks in the same columns.
    ///
    /// # Errors
    /// As [`fit`](Self::fit), and `Argument` when the two tables differ in shape.
    pub(crate) fn compare(&self, before: &Panel<'_>, after: &Panel<'_>, nesting: &Nesting) -> Result<AgreementChange> {
        self.check(before, nesting)?;
        self.check(after, nesting)?;
        if before.columns.len() != after.columns.len() {
            return Err(Error::Argument(format!(
                "{} benchmarks before and {} after",
                before.columns.len(),
                after.columns.len()
            )));
        }
        let (before, after) = (Ranked::new(before, self.fewest)?, Ranked::new(after, self.fewest)?);
        let both = |drawn: &[u32], pairs: bool| (before.draw(drawn, pairs), after.draw(drawn, pairs));
        let without = left_out(nesting, |drawn| {
            let (before, after) = both(drawn, false);
            (before.summary, after.summary)
        });
        let (first, second): (Vec<Draw>, Vec<Draw>) =
            self.resampling().draws(nesting, |drawn| both(drawn, true)).into_iter().unzip();
        let change: Vec<Draw> = first.iter().zip(&second).map(|(before, after)| after.minus(before)).collect();
        let above = |draw: &Draw| {
            let defined = draw.pairs.iter().filter(|difference| !difference.is_nan());
            let (count, above) = defined.fold((0, 0), |(n, above), d| (n + 1, above + usize::from(*d > 0.0)));
            above as f64 / count as f64
        };
        let every = vec![1; nesting.outer().len()];
        let observed = after.draw(&every, true).minus(&before.draw(&every, true));
        let before = self.assemble(&before, nesting, without.iter().map(|(g, (b, _))| (*g, *b)).collect(), &first)?;
        let after = self.assemble(&after, nesting, without.iter().map(|(g, (_, a))| (*g, *a)).collect(), &second)?;
        Ok(AgreementChange {
            difference: with_intervals(&observed.summary, &change, self.level),
            left_out: without.into_iter().map(|(g, (before, after))| LeftOut::new(g, &after.minus(&before))).collect(),
            pairs_above: Estimate::resampled(above(&observed), change.iter().map(above), self.level),
            shares: each(&observed, &change, self.level, |draw| &draw.shares),
            columns: each(&observed, &change, self.level, |draw| &draw.columns),
            subsets: each(&observed, &change, self.level, |draw| &draw.subsets),
            pairs: self.pairs.then(|| intervals(&after.tau, &change, self.level)),
            before,
            after,
        })
    }

    fn resampling(&self) -> Resampling {
        let Self { seed, replicates, level, inside, .. } = *self;
        Resampling { seed, replicates, level, inside }
    }

    fn check(&self, panel: &Panel<'_>, nesting: &Nesting) -> Result<()> {
        if self.replicates == 0 || !(self.level > 0.0 && self.level < 1.0) {
            return Err(Error::Argument("agreement needs resamples and a level between 0 and 1".into()));
        }
        if panel.columns.len() < 2 {
            return Err(Error::Undetermined("agreement needs at least two benchmarks".into()));
        }
        let rows = nesting.outer().len();
        if let Some(column) = panel.columns.iter().find(|column| column.len() != rows) {
            return Err(Error::Argument(format!("{} scores of a benchmark for {rows} models", column.len())));
        }
        if !panel.ceilings.is_empty() && panel.ceilings.len() != panel.columns.len() {
            return Err(Error::Argument(format!(
                "{} noise ceilings for {} benchmarks",
                panel.ceilings.len(),
                panel.columns.len()
            )));
        }
        if nesting.outer().count() < 2 {
            return Err(Error::Undetermined(
                "all models are one cluster: how sure the agreement is cannot be told from one maker".into(),
            ));
        }
        Ok(())
    }

    fn assemble(
        &self,
        panel: &Ranked<'_>,
        nesting: &Nesting,
        without: Vec<(usize, Summary<f64>)>,
        drawn: &[Draw],
    ) -> Result<AgreementFit> {
        let tau = panel.tau(&vec![1; nesting.outer().len()]).ok_or_else(nothing)?;
        if tau.mean().is_none() {
            return Err(nothing());
        }
        let observed = panel.draw(&vec![1; nesting.outer().len()], false);
        Ok(AgreementFit {
            summary: with_intervals(&observed.summary, drawn, self.level),
            shares: each(&observed, drawn, self.level, |draw| &draw.shares),
            columns: each(&observed, drawn, self.level, |draw| &draw.columns),
            subsets: each(&observed, drawn, self.level, |draw| &draw.subsets),
            pairs: self.pairs.then(|| intervals(&tau, drawn, self.level)),
            tau,
            left_out: without.into_iter().map(|(g, summary)| LeftOut::new(g, &summary)).collect(),
            effective_clusters: nesting.effective(),
        })
    }
}

/// The scores of models that are above chance, NaN for the others: `floor` is what a guess scores, and a score counts from
/// `margin` standard errors above it on. Correlations of such columns are of the models above chance on both benchmarks.
/// Models are chosen by their scores, which shortens the range that is left, so a τ may fall by that alone.
pub(crate) fn above_floor(scores: &[f64], floor: f64, stderr: &[f64], margin: f64) -> Vec<f64> {
    let error = |i: usize| stderr.get(i).copied().filter(|s| !s.is_nan()).unwrap_or(0.0);
    scores.iter().enumerate().map(|(i, y)| if *y > floor + margin * error(i) { *y } else { f64::NAN }).collect()
}

fn nothing() -> Error {
    Error::Undetermined("no two benchmarks have two models that both of them order".into())
}
