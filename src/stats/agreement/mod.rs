//! Do benchmarks rank models alike, how sure is that, and how much of it could be seen at all?
//!
//! The agreement of a table of models × benchmarks is the mean of Kendall's τ-b over all pairs of benchmarks
//! ([`RankedTable`]). Models are no independent draws, so intervals come from drawing makers, and inside them base models
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

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::ceiling::{CeilingFit, all_disattenuated, shares_of_ceiling};
use super::concordance::RankedTable;
use super::estimate::Estimate;
use super::nested::{Inside, Nesting, Resampling};
use super::pair_matrix::PairMatrix;
use super::principal::drawn_shares;
use super::random::Seed;
use crate::{Error, Result};

/// Settings of the resampling.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    seed: Seed,
    replicates: usize,
    level: f64,
    inside: Inside,
    pairs: bool,
    fewest: u64,
}

/// Scores under one condition: columns are benchmarks, rows are models, higher is better, NaN is missing.
#[derive(Debug, Clone, Copy)]
pub struct Panel<'a> {
    columns: &'a [Vec<f64>],
    ceilings: &'a [CeilingFit],
    subsets: &'a [Vec<usize>],
}

/// What is said of a table: of the data as numbers, of a resample, or with intervals.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Summary<T> {
    /// Mean τ-b over all pairs of benchmarks.
    pub mean: T,
    /// Share of the variance that is the first principal component's.
    pub first_share: T,
    /// Mean of the benchmarks' noise ceilings.
    pub ceiling: T,
    /// Mean over pairs of τ-b as a share of its ceiling.
    pub share_of_ceiling: T,
    /// Mean over pairs of the true scores' τ.
    pub disattenuated: T,
}

/// Values without one outer cluster.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LeftOut {
    /// The cluster that was left out.
    pub cluster: usize,
    /// What is said without it; `None` where undefined.
    pub summary: Summary<Option<f64>>,
}

/// The agreement of one table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgreementFit {
    /// τ-b of all pairs of benchmarks.
    pub tau: PairMatrix,
    /// Values with intervals; none where undefined in the data, and for what needs ceilings when there are none. No interval
    /// where most resamples are undefined.
    pub summary: Summary<Estimate>,
    /// Without each outer cluster.
    pub left_out: Vec<LeftOut>,
    /// Shares of the variance of the first principal components, the largest first; of models with every score.
    pub shares: Vec<Estimate>,
    /// Mean τ-b of each benchmark with all others.
    pub columns: Vec<Estimate>,
    /// Mean τ-b over the pairs of each set of benchmarks that was asked about.
    pub subsets: Vec<Estimate>,
    /// Intervals of τ-b pair by pair, where they were asked for.
    pub pairs: Option<PairIntervals>,
    /// How many outer clusters of equal size would carry as much.
    pub effective_clusters: f64,
}

/// Intervals of a matrix of correlations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PairIntervals {
    /// Lower ends; none where most resamples are undefined.
    pub low: PairMatrix,
    /// Upper ends.
    pub high: PairMatrix,
    /// Standard deviations of the resamples.
    pub se: PairMatrix,
}

/// Two conditions of the same models and benchmarks, compared in pairs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AgreementChange {
    /// Before.
    pub before: AgreementFit,
    /// After.
    pub after: AgreementFit,
    /// After minus before, the same models drawn for both.
    pub difference: Summary<Estimate>,
    /// The difference without each outer cluster.
    pub left_out: Vec<LeftOut>,
    /// Share of the pairs of benchmarks whose τ-b is larger after.
    pub pairs_above: Estimate,
    /// Shares of the first principal components, after minus before.
    pub shares: Vec<Estimate>,
    /// Mean τ-b of each benchmark with all others, after minus before.
    pub columns: Vec<Estimate>,
    /// Mean τ-b over the pairs of each set of benchmarks, after minus before.
    pub subsets: Vec<Estimate>,
    /// Intervals of the difference pair by pair, where they were asked for.
    pub pairs: Option<PairIntervals>,
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
    pub fn compare(&self, before: &Panel<'_>, after: &Panel<'_>, nesting: &Nesting) -> Result<AgreementChange> {
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

/// A panel with its columns ranked.
struct Ranked<'a> {
    panel: Panel<'a>,
    table: RankedTable,
    /// Pairs of columns with too few rows in common, if there are any.
    thin: Option<Vec<bool>>,
}

impl<'a> Ranked<'a> {
    fn new(panel: &Panel<'a>, fewest: u64) -> Result<Self> {
        let table = RankedTable::new(panel.columns)?;
        let k = table.columns();
        let common = |a: usize, b: usize| {
            let both = |(x, y): &(&f64, &f64)| !x.is_nan() && !y.is_nan();
            panel.columns[a].iter().zip(&panel.columns[b]).filter(both).count() as u64
        };
        let thin = (0..k * k).map(|at| common(at / k, at % k) < fewest);
        let thin = Some(thin.collect::<Vec<bool>>()).filter(|thin| fewest > 0 && thin.contains(&true));
        Ok(Self { panel: *panel, table, thin })
    }

    /// τ-b of all pairs that have enough rows.
    fn tau(&self, drawn: &[u32]) -> Option<PairMatrix> {
        let tau = self.table.tau_of(drawn).ok()?;
        let k = self.table.columns();
        Some(match &self.thin {
            Some(thin) => tau.map_pairs(|a, b, value| (!thin[a * k + b]).then_some(value)),
            None => tau,
        })
    }

    /// What is said of a resample; τ-b pair by pair only when `pairs` is asked for.
    fn draw(&self, drawn: &[u32], pairs: bool) -> Draw {
        let number = |value: Option<f64>| value.unwrap_or(f64::NAN);
        let k = self.table.columns();
        let none = |count: usize| vec![f64::NAN; count];
        let Some(tau) = self.tau(drawn) else {
            let pairs = if pairs { none(k * (k - 1) / 2) } else { Vec::new() };
            let summary = Summary::from([f64::NAN; 5]);
            let (shares, subsets) = (none(k.min(COMPONENTS)), none(self.panel.subsets.len()));
            return Draw { summary, shares, columns: none(k), subsets, pairs };
        };
        let mut shares = drawn_shares(self.panel.columns, drawn).unwrap_or_else(|| none(k));
        shares.truncate(COMPONENTS);
        let above_diagonal = || pairs_of(k).map(|(a, b)| number(tau.get(a, b))).collect();
        Draw {
            summary: self.summary(drawn, &tau, shares.first().copied().unwrap_or(f64::NAN)),
            shares,
            columns: (0..k).map(|column| number(tau.mean_of(column))).collect(),
            subsets: self.panel.subsets.iter().map(|set| number(tau.mean_between(set, set))).collect(),
            pairs: if pairs { above_diagonal() } else { Vec::new() },
        }
    }

    /// NaN for what is undefined.
    fn summary(&self, drawn: &[u32], tau: &PairMatrix, first_share: f64) -> Summary<f64> {
        let undefined = Summary::from([f64::NAN; 5]);
        let number = |value: Option<f64>| value.unwrap_or(f64::NAN);
        let mean = number(tau.mean());
        if self.panel.ceilings.is_empty() {
            return Summary { mean, first_share, ..undefined };
        }
        let ceilings: Vec<Option<f64>> = self.panel.ceilings.iter().map(|fit| fit.of_drawn(drawn)).collect();
        let known: Vec<f64> = ceilings.iter().copied().flatten().collect();
        Summary {
            mean,
            first_share,
            ceiling: known.iter().sum::<f64>() / known.len() as f64,
            share_of_ceiling: number(shares_of_ceiling(tau, &ceilings).mean()),
            disattenuated: number(all_disattenuated(tau, &ceilings).mean()),
        }
    }
}

/// What is said of one resample, NaN for what is undefined.
struct Draw {
    summary: Summary<f64>,
    /// Of the first [`COMPONENTS`] components.
    shares: Vec<f64>,
    columns: Vec<f64>,
    subsets: Vec<f64>,
    /// Pair by pair as [`pairs_of`] lists them.
    pairs: Vec<f64>,
}

impl Draw {
    fn minus(&self, other: &Self) -> Self {
        let less = |here: &[f64], there: &[f64]| here.iter().zip(there).map(|(here, there)| here - there).collect();
        Self {
            summary: self.summary.minus(&other.summary),
            shares: less(&self.shares, &other.shares),
            columns: less(&self.columns, &other.columns),
            subsets: less(&self.subsets, &other.subsets),
            pairs: less(&self.pairs, &other.pairs),
        }
    }
}

impl LeftOut {
    fn new(cluster: usize, summary: &Summary<f64>) -> Self {
        let values = summary.values();
        Self { cluster, summary: Summary::from(values.map(|v| (!v.is_nan()).then_some(v))) }
    }
}

impl<T> From<[T; 5]> for Summary<T> {
    fn from([mean, first_share, ceiling, share_of_ceiling, disattenuated]: [T; 5]) -> Self {
        Self { mean, first_share, ceiling, share_of_ceiling, disattenuated }
    }
}

impl Summary<f64> {
    fn values(&self) -> [f64; 5] {
        [self.mean, self.first_share, self.ceiling, self.share_of_ceiling, self.disattenuated]
    }

    fn minus(&self, other: &Self) -> Self {
        let (here, there) = (self.values(), other.values());
        Self::from(std::array::from_fn(|k| here[k] - there[k]))
    }
}

fn with_intervals(observed: &Summary<f64>, drawn: &[Draw], level: f64) -> Summary<Estimate> {
    let values = observed.values();
    let resamples = |k: usize| drawn.iter().map(move |draw| draw.summary.values()[k]);
    Summary::from(std::array::from_fn(|k| Estimate::resampled(values[k], resamples(k), level)))
}

/// An estimate for every number of a list.
fn each(observed: &Draw, drawn: &[Draw], level: f64, of: impl Fn(&Draw) -> &Vec<f64>) -> Vec<Estimate> {
    let one = |(k, value): (usize, &f64)| Estimate::resampled(*value, drawn.iter().map(|draw| of(draw)[k]), level);
    of(observed).iter().enumerate().map(one).collect()
}

fn intervals(tau: &PairMatrix, drawn: &[Draw], level: f64) -> PairIntervals {
    let k = tau.columns();
    let found: Vec<Estimate> = (0..k * (k - 1) / 2)
        .into_par_iter()
        .map(|pair| Estimate::resampled(0.0, drawn.iter().map(|draw| draw.pairs[pair]), level))
        .collect();
    let mut at = vec![0; k * k];
    pairs_of(k).enumerate().for_each(|(place, (a, b))| at[a * k + b] = place);
    let fill = |end: fn(&Estimate) -> Option<f64>| {
        PairMatrix::fill(k, |a, b| (found.get(at[a * k + b]).filter(|_| a != b).and_then(end), tau.rows(a, b)))
    };
    PairIntervals { low: fill(|one| one.interval.low), high: fill(|one| one.interval.high), se: fill(|one| one.se) }
}

/// Pairs of different columns, the smaller first.
fn pairs_of(columns: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..columns).flat_map(move |a| (a + 1..columns).map(move |b| (a, b)))
}

/// How many components are looked at.
pub(crate) const COMPONENTS: usize = 5;

fn left_out<T: Send>(nesting: &Nesting, of: impl Fn(&[u32]) -> T + Sync) -> Vec<(usize, T)> {
    (0..nesting.outer().count()).into_par_iter().map(|g| (g, of(&nesting.without(g)))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::ceiling::{Ceiling, Noise};
    use super::super::clusters::Clusters;
    use super::super::estimate::Interval;
    use super::super::random::Stream;
    use super::*;

    const MAKERS: [usize; 24] = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 5];

    fn nesting() -> Nesting {
        Nesting::new(&MAKERS, &(0..24).map(|i| i / 2).collect::<Vec<_>>()).expect("as many labels")
    }

    /// Four benchmarks of one ability, each with so much of its own.
    fn columns(own: f64, stream: &mut Stream) -> Vec<Vec<f64>> {
        let makers: Vec<f64> = (0..6).map(|_| stream.normal()).collect();
        let ability: Vec<f64> = MAKERS.iter().map(|g| makers[*g] + stream.normal()).collect();
        (0..4).map(|_| ability.iter().map(|a| 0.5 + 0.05 * (a + own * stream.normal())).collect()).collect()
    }

    fn agreement() -> Agreement {
        Agreement::new(Seed(11)).replicates(400)
    }

    #[test]
    fn the_interval_holds_the_mean_and_no_benchmark_agrees_with_itself_in_it() {
        let columns = columns(1.0, &mut Seed(1).stream("test", 0));
        let fit = agreement().fit(&Panel::new(&columns), &nesting()).expect("a sound table");
        let mean = &fit.summary.mean;
        assert_eq!(mean.value, fit.tau.mean());
        let ((low, high), value) = (mean.interval.ends().expect("two ends"), mean.value.expect("defined"));
        assert!(low < value && value < high && high < 1.0, "{mean:?}");
        assert!(fit.summary.first_share.value > Some(0.5));
        assert_eq!((fit.summary.ceiling.value, fit.summary.disattenuated.value), (None, None));
        let text = serde_json::to_string(&fit).expect("JSON");
        assert_eq!(serde_json::from_str::<AgreementFit>(&text).expect("an agreement"), fit);
    }

    #[test]
    fn every_pair_and_every_benchmark_has_an_interval_about_its_value() {
        let columns = columns(1.0, &mut Seed(1).stream("test", 0));
        let fit = agreement().pairs(true).fit(&Panel::new(&columns), &nesting()).expect("a sound table");
        let pairs = fit.pairs.expect("asked for");
        for a in 0..4 {
            let own = &fit.columns[a];
            assert_eq!(own.value, fit.tau.mean_of(a));
            assert!(own.interval.contains(own.value.expect("defined")) && own.interval.ends().is_some());
            for b in 0..4 {
                let inside = pairs.low.get(a, b) < fit.tau.get(a, b) && fit.tau.get(a, b) < pairs.high.get(a, b);
                assert!(inside || a == b, "{a} {b}");
            }
        }
        assert_eq!((pairs.low.get(1, 1), pairs.low.get(0, 2)), (None, pairs.low.get(2, 0)));
    }

    #[test]
    fn without_a_maker_the_values_are_those_of_the_other_models() {
        let columns = columns(1.0, &mut Seed(1).stream("test", 0));
        let fit = agreement().fit(&Panel::new(&columns), &nesting()).expect("a sound table");
        let others: Vec<Vec<f64>> = columns.iter().map(|column| column[8..].to_vec()).collect();
        let tau = RankedTable::new(&others).expect("one length").tau();
        assert_eq!(fit.left_out[0].cluster, 0);
        assert_eq!(fit.left_out[0].summary.mean, tau.mean());
        assert_eq!(fit.left_out.len(), 6);
    }

    #[test]
    fn a_condition_compared_with_itself_differs_by_exactly_nothing() {
        let columns = columns(1.0, &mut Seed(1).stream("test", 0));
        let panel = Panel::new(&columns);
        let change = agreement().compare(&panel, &panel, &nesting()).expect("sound tables");
        let mean = &change.difference.mean;
        assert_eq!((mean.value, mean.interval), (Some(0.0), Interval::between(0.0, 0.0)));
        assert_eq!(change.pairs_above.value, Some(0.0));
    }

    #[test]
    fn less_of_their_own_makes_benchmarks_agree_more() {
        let before = columns(2.0, &mut Seed(1).stream("test", 0));
        let after = columns(0.3, &mut Seed(1).stream("test", 0));
        let change = agreement().compare(&Panel::new(&before), &Panel::new(&after), &nesting()).expect("sound tables");
        assert!(change.difference.mean.interval.low > Some(0.0));
        assert!(change.difference.first_share.interval.low > Some(0.0));
        assert_eq!(change.pairs_above.value, Some(1.0));
        assert!(change.left_out.iter().all(|left| left.summary.mean.expect("defined") > 0.0));
    }

    #[test]
    fn the_same_seed_gives_the_same_interval_and_whole_makers_another() {
        let columns = columns(1.0, &mut Seed(1).stream("test", 0));
        let panel = Panel::new(&columns);
        let mean = |settings: Agreement| settings.fit(&panel, &nesting()).expect("sound").summary.mean;
        assert_eq!(mean(agreement()), mean(agreement()));
        assert_ne!(mean(agreement()), mean(agreement().inside(Inside::Whole)));
    }

    #[test]
    fn a_known_agreement_is_recovered_and_nine_in_ten_intervals_hold_it() {
        // Ability has variance 2 and each benchmark's own part 0.5: true scores correlate by 0.8.
        let known = 0.8_f64.asin() / std::f64::consts::FRAC_PI_2;
        let worlds = 100;
        let (mut seen, mut recovered, mut held) = (0.0, 0.0, 0);
        for world in 0..worlds {
            let mut stream = Seed(2).stream("test worlds", world);
            let truth = columns(0.5_f64.sqrt(), &mut stream);
            let asked = |p: &f64, stream: &mut Stream| stream.binomial(300, *p) as f64 / 300.0;
            let scores: Vec<Vec<f64>> =
                truth.iter().map(|column| column.iter().map(|p| asked(p, &mut stream)).collect()).collect();
            let ceiling = |column: &Vec<f64>| Ceiling::new().fit(column, &Noise::Items(300.0)).expect("shares");
            let ceilings: Vec<CeilingFit> = scores.iter().map(ceiling).collect();
            let fit = agreement()
                .replicates(200)
                .fit(&Panel::new(&scores).ceilings(&ceilings), &nesting())
                .expect("a sound table");
            seen += fit.summary.mean.value.expect("defined");
            let truth = fit.summary.disattenuated;
            recovered += truth.value.expect("defined");
            let (low, high) = truth.interval.ends().expect("two ends");
            held += usize::from(low <= known && known <= high);
        }
        let (seen, recovered) = (seen / worlds as f64, recovered / worlds as f64);
        assert!(seen < known - 0.04, "noise hides some of {known}: {seen}");
        assert!((recovered - known).abs() < 0.03, "{recovered} is recovered of {known}, {seen} seen, {held} held");
        assert!((88..=100).contains(&held), "{held} of {worlds} intervals hold the truth");
    }

    #[test]
    fn a_missing_score_leaves_the_other_pairs_as_they_are() {
        let mut columns = columns(1.0, &mut Seed(1).stream("test", 0));
        let whole = RankedTable::new(&columns).expect("one length").tau();
        columns[3][5] = f64::NAN;
        let fit = agreement().fit(&Panel::new(&columns), &nesting()).expect("a sound table");
        assert_eq!(fit.tau.get(0, 1), whole.get(0, 1));
        assert_eq!((fit.tau.rows(0, 1), fit.tau.rows(0, 3)), (24, 23));
        assert!(fit.summary.mean.value.is_some() && fit.summary.first_share.value.is_some());
    }

    #[test]
    fn what_cannot_be_answered_is_refused() {
        let columns = columns(1.0, &mut Seed(1).stream("test", 0));
        let panel = Panel::new(&columns);
        let one = Nesting::flat(Clusters::new(&[0; 24]));
        assert!(matches!(agreement().fit(&panel, &one), Err(Error::Undetermined(_))));
        assert!(matches!(agreement().fit(&Panel::new(&columns[..1]), &nesting()), Err(Error::Undetermined(_))));
        let flat = vec![vec![1.0; 24]; 2];
        assert!(matches!(agreement().fit(&Panel::new(&flat), &nesting()), Err(Error::Undetermined(_))));
        assert!(matches!(agreement().replicates(0).fit(&panel, &nesting()), Err(Error::Argument(_))));
        assert!(matches!(agreement().level(1.0).fit(&panel, &nesting()), Err(Error::Argument(_))));
        let short = Nesting::flat(Clusters::new(&[0, 1]));
        assert!(matches!(agreement().fit(&panel, &short), Err(Error::Argument(_))));
        assert!(agreement().compare(&panel, &Panel::new(&columns[..3]), &nesting()).is_err());
    }

    #[test]
    fn models_at_chance_are_not_compared() {
        let kept = above_floor(&[0.26, 0.4, f64::NAN, 0.25], 0.25, &[0.02, 0.02, 0.02, 0.0], 1.645);
        assert!(kept[0].is_nan() && kept[2].is_nan() && kept[3].is_nan());
        assert_eq!(kept[1], 0.4);
    }
}
