//! From a grid to its report.

use super::noise::ColumnNoise;
use super::report::{
    AgreeBenchmark, AgreeChange, AgreeComponents, AgreeCondition, AgreeModel, AgreeReport, BenchmarkAgreement,
    ModelRank, PairAgreement, Without,
};
use super::settings::AgreeSettings;
use super::usable::{FEWEST, Usable};
use crate::analysis::fit::{FitTables, Inputs};
use crate::registry::modelset::{ClusterBy, GridScores, ScoreGrid, shortened};
use crate::stats::agreement::{Agreement, AgreementChange, AgreementFit, LeftOut, PairIntervals, Panel};
use crate::stats::ceiling::CeilingFit;
use crate::stats::clusters::Clusters;
use crate::stats::disattenuation::{all_disattenuated, shares_of_ceiling};
use crate::stats::distribution::{sample_quantile, student_two_sided};
use crate::stats::estimate::{Estimate, Interval, Method};
use crate::stats::multiplicity::{benjamini_hochberg, holm};
use crate::stats::nested::Nesting;
use crate::stats::pair_matrix::PairMatrix;
use crate::stats::principal::{Principal, Unrelated, share_of_one_factor};
use crate::stats::rank::average_ranks;
use crate::stats::rank_range::RankRange;
use crate::{Error, Result};

/// Permutations of unrelated columns.
const PERMUTATIONS: usize = 200;
/// Size of the test of a component.
const SIZE: f64 = 0.05;

/// One condition, ready to be compared.
struct Side<'a> {
    scores: &'a GridScores,
    columns: &'a [Vec<f64>],
    ceilings: Vec<CeilingFit>,
    noise: Vec<Option<ColumnNoise>>,
}

impl AgreeSettings {
    /// Reads tables or results of lm-evaluation-harness, as a fit does, and compares their benchmarks.
    ///
    /// # Errors
    /// Those of [`ScoreGrid::from_tables`] and of [`of`](Self::of).
    pub fn run_on(&self, inputs: &Inputs) -> Result<AgreeReport> {
        self.of_tables(&FitTables::read(inputs, &self.tables.tables.reading)?)
    }

    /// The same of tables in memory.
    ///
    /// # Errors
    /// As [`run_on`](Self::run_on).
    pub fn of_tables(&self, tables: &FitTables) -> Result<AgreeReport> {
        self.of(&tables.grid(&self.tables)?)
    }

    /// Compares the benchmarks of a grid.
    ///
    /// # Errors
    /// [`Error::NotEnoughModels`] below 8 models; [`Error::Undetermined`] when fewer than two benchmarks tell that many models
    /// apart, or all models are of one family; [`Error::Argument`] for settings outside what is allowed.
    pub fn of(&self, grid: &ScoreGrid) -> Result<AgreeReport> {
        if self.resamples < 100 {
            return Err(Error::Argument(format!("an interval needs at least 100 resamples, not {}", self.resamples)));
        }
        if !(self.level > 0.5 && self.level < 1.0) {
            return Err(Error::Argument(format!(
                "the level of intervals lies between 0.5 and 1 (0.95 for 95 %), not at {}",
                self.level
            )));
        }
        run(self, grid)
    }
}

fn run(settings: &AgreeSettings, grid: &ScoreGrid) -> Result<AgreeReport> {
    let usable = Usable::of(grid)?;
    let label = |of: fn(&crate::registry::modelset::GridModel) -> &str| -> Vec<&str> {
        usable.models.iter().map(|&i| of(&grid.models[i])).collect()
    };
    let clusters = Clusters::new(&label(|model| &model.cluster));
    let nesting = Nesting::new(&label(|model| &model.cluster), &label(|model| &model.base))?;
    let conditions: Vec<&GridScores> = std::iter::once(&grid.before).chain(&grid.after).collect();
    let sides = conditions
        .iter()
        .zip(&usable.columns)
        .map(|(scores, columns)| Side::of(settings, grid, &usable, scores, columns))
        .collect::<Result<Vec<_>>>()?;
    let agreement = Agreement::new(settings.seed)
        .replicates(settings.resamples)
        .level(settings.level)
        .pairs(true)
        .fewest(FEWEST as u64);
    let names: Vec<&str> = (0..clusters.count())
        .map(|g| clusters.members(g).first().map_or("", |&i| grid.models[usable.models[i]].cluster.as_str()))
        .collect();
    let mut report = AgreeReport::empty();
    match &sides[..] {
        [before, after] => {
            let found = agreement.compare(&before.panel(), &after.panel(), &nesting)?;
            report.scores.push(before.condition(settings, &found.before, &names, clusters.count())?);
            report.scores.push(after.condition(settings, &found.after, &names, clusters.count())?);
            report.effective_clusters = found.before.effective_clusters;
            report.change = Some(change(found, &names, clusters.count())?);
        }
        _ => {
            for side in &sides {
                let found = agreement.fit(&side.panel(), &nesting)?;
                report.effective_clusters = found.effective_clusters;
                report.scores.push(side.condition(settings, &found, &names, clusters.count())?);
            }
        }
    }
    report.notes = notes(grid, &usable, &sides, (clusters.count(), &settings.tables.tables.cluster));
    report.tables.clone_from(&grid.sources);
    report.models = (0..usable.models.len())
        .map(|at| &grid.models[usable.models[at]])
        .map(|model| AgreeModel { name: model.name.clone(), cluster: model.cluster.clone() })
        .collect();
    report.benchmarks = usable
        .benchmarks
        .iter()
        .map(|&k| &grid.benchmarks[k])
        .map(|one| AgreeBenchmark { name: one.name.clone(), metric: one.metric.clone(), turned: one.falls })
        .collect();
    report.notes.extend(against_all(&report));
    report.clusters = clusters.count();
    report.clustered_by = settings.tables.tables.cluster.clone();
    report.left_out = usable.left_out;
    (report.resamples, report.level, report.seed) = (settings.resamples, settings.level, settings.seed);
    Ok(report)
}

/// A mean τ-b below this is that of a benchmark of which less is better, or of one that was meant to be.
const AGAINST: f64 = -0.3;

/// Which benchmarks order the models against nearly all others.
fn against_all(report: &AgreeReport) -> Option<String> {
    let scores = report.scores.first()?;
    let against: Vec<String> = report
        .benchmarks
        .iter()
        .zip(&scores.benchmarks)
        .filter(|(_, agreement)| agreement.mean.value.is_some_and(|mean| mean < AGAINST))
        .map(|(benchmark, _)| benchmark.name.clone())
        .collect();
    (!against.is_empty()).then(|| {
        format!(
            "these order the models against the others: {}; --falling says of which of them less is better, --rising of which \
             more is",
            shortened(&against)
        )
    })
}

/// What a reader should know of what was compared, after what is to be known of the tables.
fn notes(grid: &ScoreGrid, usable: &Usable, sides: &[Side<'_>], (clusters, by): (usize, &ClusterBy)) -> Vec<String> {
    let mut notes = grid.notes.clone();
    if usable.unpaired > 0 {
        let scores = usable.unpaired;
        notes.push(format!("{scores} scores have no partner under the other condition and are not compared"));
    }
    let (all, count) = (usable.benchmarks.len(), |of: &dyn Fn(&ColumnNoise) -> bool| {
        (0..usable.benchmarks.len()).filter(|&k| sides.iter().all(|s| s.noise[k].as_ref().is_some_and(of))).count()
    });
    let known = count(&|_| true);
    if known == 0 {
        notes.push(
            "neither numbers of items nor standard errors are known: there are no noise ceilings and no ranges of ranks \
             (--items, or a column stderr or items in a long table)"
                .into(),
        );
    } else if known < all {
        let without = (0..all).filter(|&k| sides.iter().any(|side| side.noise[k].is_none()));
        let names: Vec<&str> = without.map(|k| grid.benchmarks[usable.benchmarks[k]].name.as_str()).collect();
        notes.push(format!("the noise of these is not known, and they have no ceiling: {}", names.join(", ")));
    }
    let looked_up: Vec<String> = (0..all)
        .filter_map(|k| {
            let items = sides[0].noise[k].as_ref()?.items_of_registry?;
            Some(format!("{} {items}", grid.benchmarks[usable.benchmarks[k]].name))
        })
        .collect();
    if !looked_up.is_empty() {
        notes.push(format!("the tables give no numbers of items; taken as known: {}", looked_up.join(", ")));
    }
    const FEW: usize = 8;
    if clusters < FEW {
        notes.push(format!("with {clusters} {} intervals are too short rather than too long", by.plural()));
    }
    notes
}

impl<'a> Side<'a> {
    fn of(
        settings: &AgreeSettings,
        grid: &ScoreGrid,
        usable: &Usable,
        scores: &'a GridScores,
        columns: &'a [Vec<f64>],
    ) -> Result<Self> {
        let part = |of: &[Vec<f64>], k: usize| -> Vec<f64> { usable.models.iter().map(|&i| of[k][i]).collect() };
        let mut noise = Vec::with_capacity(columns.len());
        for (place, &k) in usable.benchmarks.iter().enumerate() {
            let own = GridScores {
                condition: String::new(),
                values: Vec::new(),
                stderr: vec![part(&scores.stderr, k)],
                items: vec![part(&scores.items, k)],
            };
            noise.push(ColumnNoise::of(&grid.benchmarks[k], &own, 0, &columns[place], settings.level)?);
        }
        let ceiling =
            |one: &Option<ColumnNoise>| one.as_ref().map_or_else(CeilingFit::unknown, |noise| noise.ceiling.clone());
        let ceilings = if noise.iter().all(Option::is_none) { Vec::new() } else { noise.iter().map(ceiling).collect() };
        Ok(Self { scores, columns, ceilings, noise })
    }

    fn panel(&self) -> Panel<'_> {
        Panel::new(self.columns).ceilings(&self.ceilings)
    }

    fn condition(
        &self,
        settings: &AgreeSettings,
        fit: &AgreementFit,
        names: &[&str],
        clusters: usize,
    ) -> Result<AgreeCondition> {
        let scores = self.columns.iter().flatten().filter(|y| !y.is_nan()).count();
        let ceilings: Vec<Option<f64>> = self.ceilings.iter().map(|fit| fit.ceiling).collect();
        let benchmarks = fit.columns.iter().enumerate().map(|(k, mean)| {
            let noise = self.noise[k].as_ref();
            BenchmarkAgreement {
                models: self.columns[k].iter().filter(|y| !y.is_nan()).count(),
                mean: mean.clone(),
                ceiling: noise.and_then(|noise| noise.ceiling.ceiling),
                reliability: noise.map(|noise| noise.ceiling.reliability),
                ranks_left: noise.and_then(ranks_left),
            }
        });
        let ranks = self.noise.iter().zip(self.columns).map(|(noise, column)| match noise {
            Some(noise) => noise.ranks.iter().map(|range| range.as_ref().map(ModelRank::of)).collect(),
            None => ModelRank::without_noise(column),
        });
        Ok(AgreeCondition {
            condition: self.scores.condition.clone(),
            scores,
            missing: self.columns.len() * self.columns[0].len() - scores,
            summary: fit.summary.clone(),
            without: without(&fit.left_out, names),
            components: self.components(settings, fit),
            benchmarks: benchmarks.collect(),
            pairs: pairs(&fit.tau, fit.pairs.as_ref(), &ceilings, clusters)?,
            ranks: ranks.collect(),
        })
    }

    /// `None` where too few models have every score, or those that do have all the same score on one.
    fn components(&self, settings: &AgreeSettings, fit: &AgreementFit) -> Option<AgreeComponents> {
        let parts = Principal::of(self.columns).ok().filter(|parts| parts.rows >= FEWEST)?;
        let unrelated = Unrelated::new(settings.seed).permutations(PERMUTATIONS).run(self.columns).ok()?;
        let reliability: Option<Vec<f64>> =
            self.noise.iter().map(|noise| noise.as_ref().map(|noise| noise.ceiling.reliability)).collect();
        Some(AgreeComponents {
            models: parts.rows,
            shares: fit.shares.clone(),
            beyond_unrelated: unrelated.p_values.iter().take_while(|p| **p < SIZE).count(),
            unrelated: unrelated.expected.into_iter().take(fit.shares.len()).collect(),
            unrelated_upper: unrelated.upper.into_iter().take(fit.shares.len()).collect(),
            one_ability: reliability.and_then(|known| share_of_one_factor(&known)),
            first_loadings: parts.loadings.first().cloned().unwrap_or_default(),
        })
    }
}

/// The median number of ranks that noise leaves to a model.
fn ranks_left(noise: &ColumnNoise) -> Option<f64> {
    let mut widths: Vec<f64> =
        noise.ranks.iter().flatten().map(|range| (range.worst - range.best + 1) as f64).collect();
    widths.sort_by(f64::total_cmp);
    sample_quantile(&widths, 0.5)
}

impl ModelRank {
    fn of(range: &RankRange) -> Self {
        Self { rank: range.rank, best: Some(range.best), worst: Some(range.worst) }
    }

    /// Ranks of scores whose noise is not known.
    fn without_noise(scores: &[f64]) -> Vec<Option<Self>> {
        let turned: Vec<f64> = scores.iter().map(|score| -score).collect();
        let rank = |rank: f64| (!rank.is_nan()).then_some(Self { rank, best: None, worst: None });
        average_ranks(&turned).into_iter().map(rank).collect()
    }
}

fn without(left_out: &[LeftOut], names: &[&str]) -> Vec<Without> {
    let name = |g: usize| names.get(g).copied().unwrap_or_default().to_owned();
    left_out.iter().map(|left| Without { cluster: name(left.cluster), mean: left.summary.mean }).collect()
}

fn change(found: AgreementChange, names: &[&str], clusters: usize) -> Result<AgreeChange> {
    let before = &found.before.tau;
    let difference = found.after.tau.map_pairs(|a, b, after| Some(after - before.get(a, b)?));
    Ok(AgreeChange {
        without: without(&found.left_out, names),
        pairs_above: found.pairs_above,
        benchmarks: found.columns,
        pairs: pairs(&difference, found.pairs.as_ref(), &[], clusters)?,
        summary: found.difference,
    })
}

/// Every pair, with a p-value of no agreement (no difference): τ over its standard error against Student's t with as many
/// degrees of freedom as there are clusters but one, since a share of resamples below 0 is too coarse for many pairs.
fn pairs(
    tau: &PairMatrix,
    intervals: Option<&PairIntervals>,
    ceilings: &[Option<f64>],
    clusters: usize,
) -> Result<Vec<PairAgreement>> {
    let (shares, truth) = (shares_of_ceiling(tau, ceilings), all_disattenuated(tau, ceilings));
    let mut found = Vec::new();
    for a in 0..tau.columns() {
        for b in a + 1..tau.columns() {
            let end = |of: fn(&PairIntervals) -> &PairMatrix| intervals.and_then(|all| of(all).get(a, b));
            let value = tau.get(a, b);
            let se = end(|all| &all.se).filter(|_| value.is_some());
            let df = clusters.saturating_sub(1) as f64;
            let p_value = value.zip(se.filter(|se| *se > 0.0)).and_then(|(tau, se)| student_two_sided(tau / se, df));
            let interval = match value {
                Some(_) => Interval { low: end(|all| &all.low), high: end(|all| &all.high) },
                None => Interval::default(),
            };
            let estimate = match value {
                Some(tau) => Estimate { se, df: Some(df), interval, p_value, ..Estimate::of(tau) },
                None => Estimate::unknown(format!("fewer than {FEWEST} models have both, or one ties them all")),
            };
            found.push(PairAgreement {
                a,
                b,
                models: tau.rows(a, b),
                tau: estimate.by(Method::NestedPercentile),
                p_holm: None,
                p_bh: None,
                share_of_ceiling: shares.get(a, b),
                disattenuated: truth.get(a, b),
            });
        }
    }
    let tested: Vec<usize> = (0..found.len()).filter(|&at| found[at].tau.p_value.is_some()).collect();
    let p: Vec<f64> = tested.iter().filter_map(|&at| found[at].tau.p_value).collect();
    for (at, (by_holm, by_bh)) in tested.into_iter().zip(holm(&p)?.into_iter().zip(benjamini_hochberg(&p)?)) {
        (found[at].p_holm, found[at].p_bh) = (Some(by_holm), Some(by_bh));
    }
    Ok(found)
}
