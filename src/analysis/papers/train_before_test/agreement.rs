//! How far benchmarks agree, before and after, with intervals for models that come from few makers.

use super::data::{Category, Tables};
use super::number::{Found, Printable, Subject};
use crate::analysis::Phase;
use crate::analysis::papers::test_task::Conclusion;
use crate::error::{Error, Result};
use crate::stats::agreement::{Agreement, AgreementChange, AgreementFit, LeftOut, Panel};
use crate::stats::ceiling::{Ceiling, CeilingFit};
use crate::stats::concordance::RankedTable;
use crate::stats::estimate::Estimate;
use crate::stats::nested::{Inside, Nesting, Resampling};
use crate::stats::pair_matrix::PairMatrix;
use crate::stats::principal::drawn_correlations;
use crate::stats::random::Seed;

/// Level of every interval.
pub(super) const LEVEL: f64 = 0.95;
/// Resamples behind every interval; its ends then move by some 3 % of its width between seeds.
pub(super) const REPLICATES: usize = 1_000;
pub(super) const SEED: Seed = Seed(0);

/// The agreement of some models' scores, before and after.
pub(super) struct Harmony {
    pub(super) nesting: Nesting,
    /// Scores before and after, a column a benchmark.
    pub(super) columns: [Vec<Vec<f64>>; 2],
    pub(super) ceilings: [Vec<CeilingFit>; 2],
    pub(super) change: AgreementChange,
}

/// A benchmark with so many items has little noise.
const MANY_ITEMS: f64 = 2_000.0;

/// Benchmarks whose agreement is asked about on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subset {
    ManyItems,
    OtherThanLanguage,
}

impl Subset {
    /// Their places.
    pub(super) fn of(self, tables: &Tables) -> Vec<usize> {
        let belongs = |k: &usize| match self {
            Self::ManyItems => tables.benchmarks[*k].items.is_some_and(|items| items >= MANY_ITEMS),
            Self::OtherThanLanguage => tables.benchmarks[*k].category != Category::Language,
        };
        (0..tables.benchmarks.len()).filter(belongs).collect()
    }
}

pub(super) fn resampling() -> Resampling {
    Resampling { seed: SEED, replicates: REPLICATES, level: LEVEL, inside: Inside::Drawn }
}

/// Makers, and inside them base models with their chat models.
pub(super) fn nesting(tables: &Tables, models: &[usize]) -> Result<Nesting> {
    let of = |label: fn(&super::data::TableModel) -> &str| -> Vec<&str> {
        models.iter().map(|&i| label(&tables.models[i])).collect()
    };
    let makers = of(|m| &m.maker);
    // Models of one maker tell nothing about makers: then generations are drawn.
    let one = makers.windows(2).all(|pair| pair[0] == pair[1]);
    Nesting::new(&if one { of(|m| &m.family) } else { makers }, &of(|m| &m.base))
}

/// Noise ceilings of all benchmarks under one condition.
pub(super) fn ceilings(tables: &Tables, phase: Phase, models: &[usize]) -> Result<Vec<CeilingFit>> {
    let fit = |benchmark| {
        Ceiling::new().fit(&tables.column(benchmark, phase, models), &tables.noise(benchmark, phase, models))
    };
    tables.benchmarks.iter().map(fit).collect()
}

impl Harmony {
    pub(super) fn of(tables: &Tables, models: &[usize]) -> Result<Self> {
        let nesting = nesting(tables, models)?;
        let columns = Phase::BOTH.map(|phase| tables.columns(phase, models));
        let [before, after] = Phase::BOTH.map(|phase| ceilings(tables, phase, models));
        let ceilings = [before?, after?];
        let subsets = [Subset::ManyItems, Subset::OtherThanLanguage].map(|subset| subset.of(tables));
        let panels = [0, 1].map(|k| Panel::new(&columns[k]).ceilings(&ceilings[k]).subsets(&subsets));
        let agreement = Agreement::new(SEED).replicates(REPLICATES).level(LEVEL).pairs(true);
        let change = agreement.compare(&panels[0], &panels[1], &nesting)?;
        Ok(Self { nesting, columns, ceilings, change })
    }

    pub(super) fn fit(&self, phase: Phase) -> &AgreementFit {
        phase.of(&self.change.before, &self.change.after)
    }

    /// Mean agreement of some benchmarks: before, after, difference.
    pub(super) fn of_subset(&self, subset: Subset) -> Vec<Estimate> {
        let change = &self.change;
        let lists = [&change.before.subsets, &change.after.subsets, &change.subsets];
        lists.into_iter().filter_map(|all| all.get(subset as usize).cloned()).collect()
    }

    /// Shares of the first components: before, after, difference.
    pub(super) fn shares(&self) -> [Vec<Estimate>; 3] {
        [&self.change.before.shares, &self.change.after.shares, &self.change.shares].map(Clone::clone)
    }

    pub(super) fn models(&self) -> usize {
        self.nesting.outer().len()
    }

    pub(super) fn makers(&self) -> usize {
        self.nesting.outer().count()
    }

    /// The numbers that the paper prints of it.
    pub(super) fn numbers(&self, tables: &Tables) -> Result<Vec<Found>> {
        let rises = self.change.difference.mean.excludes_zero() == Some(true);
        let stands = if rises { Conclusion::Stands } else { Conclusion::Changes };
        let nq_open = tables.benchmarks.iter().position(|b| b.id == "nq_open");
        let nq_open = nq_open.ok_or_else(|| Error::Undetermined("the tables have no benchmark nq_open".into()))?;
        let pearson = self.pearson();
        let mut found = Vec::new();
        let mut push = |subject, quantity, value, rounded, corrected, conclusion, why| {
            let (models, makers) = (self.models(), self.makers());
            found.push(Found { subject, quantity, value, rounded, corrected, models, makers, conclusion, why });
        };
        let rounded = Phase::BOTH.map(|phase| self.fit(phase).tau.clone().map(three_digits));
        for (k, phase) in Phase::BOTH.into_iter().enumerate() {
            let fit = self.fit(phase);
            let mean = fit.summary.mean.clone();
            let own = fit.columns[nq_open].clone();
            push(
                Subject::Agreement(phase),
                Printable::MeanTau,
                value(&mean)?,
                rounded[k].mean(),
                mean,
                Some(stands),
                self.words(phase),
            );
            let exact = PairMatrix::of(&self.columns[k], crate::stats::rank::pearson)?;
            push(
                Subject::Agreement(phase),
                Printable::MeanPearson,
                exact.mean().ok_or_else(undefined)?,
                exact.clone().map(three_digits).mean(),
                pearson[k].clone(),
                Some(if pearson[2].excludes_zero() == Some(true) { Conclusion::Stands } else { Conclusion::Changes }),
                format!("After minus before: {}.", shown(&pearson[2])),
            );
            let difference = &self.change.columns[nq_open];
            push(
                Subject::NqOpen(phase),
                Printable::MeanTau,
                value(&own)?,
                rounded[k].mean_of(nq_open),
                own,
                Some(if difference.excludes_zero() == Some(true) { Conclusion::Stands } else { Conclusion::Changes }),
                format!("After minus before: {}.", shown(difference)),
            );
        }
        let above = self.change.pairs_above.clone();
        let most = above.interval.low > Some(0.5);
        let beside = above.reason.as_ref().map_or_else(String::new, |reason| format!(" Note: {reason}."));
        push(
            Subject::PairsAbove,
            Printable::Share,
            rounded[1].share_above(&rounded[0]).ok_or_else(undefined)?,
            None,
            above,
            Some(if most { Conclusion::Stands } else { Conclusion::Changes }),
            format!("Pairs of benchmarks share models and benchmarks: they are no independent trials.{beside}"),
        );
        Ok(found)
    }

    /// Mean r before, after and their difference.
    fn pearson(&self) -> Vec<Estimate> {
        resampling().estimates(&self.nesting, |drawn| {
            let mean = |columns: &[Vec<f64>]| {
                drawn_correlations(columns, drawn).and_then(|matrix| matrix.mean()).unwrap_or(f64::NAN)
            };
            let [before, after] = [mean(&self.columns[0]), mean(&self.columns[1])];
            vec![before, after, after - before]
        })
    }

    /// What a mean τ is to be read against.
    fn words(&self, phase: Phase) -> String {
        let fit = self.fit(phase);
        let mut text = format!(
            "After minus before: {}. Noise of items alone keeps it below {}; without that noise it is {}.",
            shown(&self.change.difference.mean),
            decimal(fit.summary.ceiling.value),
            shown(&fit.summary.disattenuated)
        );
        if let Some((low, high)) = range(&fit.left_out, |left| left.summary.mean) {
            text.push_str(&format!(
                " Without one of the {} makers (as good as {:.1} of equal size) it lies between {low:.3} and {high:.3}.",
                self.makers(),
                fit.effective_clusters
            ));
        }
        text
    }
}

/// Means of τ-b between some models' columns that need no ceiling, each with an interval: before, after, difference.
pub(super) fn means(columns: &[Vec<Vec<f64>>; 2], nesting: &Nesting) -> Result<Vec<Estimate>> {
    let [before, after] = [RankedTable::new(&columns[0])?, RankedTable::new(&columns[1])?];
    Ok(resampling().estimates(nesting, |drawn| {
        let mean = |table: &RankedTable| table.tau_of(drawn).ok().and_then(|tau| tau.mean()).unwrap_or(f64::NAN);
        let [before, after] = [mean(&before), mean(&after)];
        vec![before, after, after - before]
    }))
}

/// Smallest and largest value without one of the makers.
pub(super) fn range(left_out: &[LeftOut], of: impl Fn(&LeftOut) -> Option<f64>) -> Option<(f64, f64)> {
    left_out.iter().filter_map(of).fold(None, |range, v| match range {
        None => Some((v, v)),
        Some((low, high)) => Some((f64::min(low, v), f64::max(high, v))),
    })
}

/// As the notebook has it before it averages.
pub(super) fn three_digits(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

pub(super) fn value(estimate: &Estimate) -> Result<f64> {
    estimate.value.ok_or_else(undefined)
}

pub(super) fn undefined() -> Error {
    Error::Undetermined("no two benchmarks have models that both of them order".into())
}

fn decimal(value: Option<f64>) -> String {
    value.map_or_else(|| "unknown".to_owned(), |v| crate::analysis::words::signed(v, 3))
}

/// A value with its interval, as sentences have it.
pub(super) fn shown(estimate: &Estimate) -> String {
    match estimate.interval.ends() {
        Some((low, high)) => {
            format!("{} [{}, {}]", decimal(estimate.value), decimal(Some(low)), decimal(Some(high)))
        }
        None => decimal(estimate.value),
    }
}
