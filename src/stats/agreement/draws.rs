//! What is computed of every resample, and the intervals that the resamples give.

use rayon::prelude::*;

use super::panel::Panel;
use super::results::{PairIntervals, Summary};
use crate::Result;
use crate::stats::concordance::RankedTable;
use crate::stats::disattenuation::{all_disattenuated, shares_of_ceiling};
use crate::stats::estimate::Estimate;
use crate::stats::nested::Nesting;
use crate::stats::pair_matrix::PairMatrix;
use crate::stats::principal::drawn_shares;

/// A panel with its columns ranked.
pub(super) struct Ranked<'a> {
    panel: Panel<'a>,
    table: RankedTable,
    /// Pairs of columns with too few rows in common, if there are any.
    thin: Option<Vec<bool>>,
}

impl<'a> Ranked<'a> {
    pub(super) fn new(panel: &Panel<'a>, fewest: u64) -> Result<Self> {
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
    pub(super) fn tau(&self, drawn: &[u32]) -> Option<PairMatrix> {
        let tau = self.table.tau_of(drawn).ok()?;
        let k = self.table.columns();
        Some(match &self.thin {
            Some(thin) => tau.map_pairs(|a, b, value| (!thin[a * k + b]).then_some(value)),
            None => tau,
        })
    }

    /// What is said of a resample; τ-b pair by pair only when `pairs` is asked for.
    pub(super) fn draw(&self, drawn: &[u32], pairs: bool) -> Draw {
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
pub(super) struct Draw {
    pub(super) summary: Summary<f64>,
    /// Of the first [`COMPONENTS`] components.
    pub(super) shares: Vec<f64>,
    pub(super) columns: Vec<f64>,
    pub(super) subsets: Vec<f64>,
    /// Pair by pair as [`pairs_of`] lists them.
    pub(super) pairs: Vec<f64>,
}

impl Draw {
    pub(super) fn minus(&self, other: &Self) -> Self {
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

pub(super) fn with_intervals(observed: &Summary<f64>, drawn: &[Draw], level: f64) -> Summary<Estimate> {
    let values = observed.values();
    let resamples = |k: usize| drawn.iter().map(move |draw| draw.summary.values()[k]);
    Summary::from(std::array::from_fn(|k| Estimate::resampled(values[k], resamples(k), level)))
}

/// An estimate for every number of a list.
pub(super) fn each(observed: &Draw, drawn: &[Draw], level: f64, of: impl Fn(&Draw) -> &Vec<f64>) -> Vec<Estimate> {
    let one = |(k, value): (usize, &f64)| Estimate::resampled(*value, drawn.iter().map(|draw| of(draw)[k]), level);
    of(observed).iter().enumerate().map(one).collect()
}

pub(super) fn intervals(tau: &PairMatrix, drawn: &[Draw], level: f64) -> PairIntervals {
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

pub(super) fn left_out<T: Send>(nesting: &Nesting, of: impl Fn(&[u32]) -> T + Sync) -> Vec<(usize, T)> {
    (0..nesting.outer().count()).into_par_iter().map(|g| (g, of(&nesting.without(g)))).collect()
}
