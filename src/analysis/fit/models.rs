//! The models of one fit, as columns of numbers.

use super::settings::LEVEL;
use super::steps::Told;
use crate::registry::Benchmark;
use crate::registry::modelset::{ModelRow, ModelSet, ScoreScale};
use crate::stats::clusters::Clusters;
use crate::stats::covariance::Kind;
use crate::stats::curves::Levels;
use crate::stats::direction::Direction;
use crate::stats::hinge::Hinge;
use crate::stats::itemnoise::ItemNoise;
use crate::stats::sample::Sample;
use crate::{Error, Result};

/// One score of the models that are fitted.
#[derive(Debug, Clone)]
pub(super) struct FitModels<'a> {
    /// The models, in the order of the sample.
    pub(super) rows: Vec<&'a ModelRow>,
    /// The models that are held out.
    pub(super) held_out: Vec<&'a ModelRow>,
    /// Whether the scores are those after adjustment.
    pub(super) adjusted: bool,
    /// Predictor on the scale of the fit, scores, the groups that differ between models, weights and clusters.
    pub(super) sample: Sample,
    /// Places of those groups among all groups.
    pub(super) places: Vec<usize>,
    /// Chance, `None` to estimate it.
    pub(super) chance: Option<f64>,
    /// The level that scores end at, `None` to estimate it.
    pub(super) ceiling: Option<f64>,
    /// Which way scores go.
    pub(super) direction: Direction,
    /// Level of the intervals.
    pub(super) level: f64,
    /// How standard errors are estimated: as asked for, or by CR3 where CR2 does not hold.
    pub(super) covariance: Kind,
    /// Whether clusters are so few or so unequal that the bootstraps do not hold.
    pub(super) careful: bool,
    /// Per varying group, why its difference has no interval, where it has none.
    pub(super) refused: Vec<Option<String>>,
    /// One unit of the score: 100 for percent.
    pub(super) unit: f64,
    /// Who is told of the steps.
    pub(super) told: Told<'a>,
}

impl<'a> FitModels<'a> {
    /// The models of a set, with the weights of its table.
    pub(super) fn new(set: &'a ModelSet, adjusted: bool, chance: Option<f64>, told: Told<'a>) -> Result<Self> {
        let (held_out, rows): (Vec<&ModelRow>, Vec<&ModelRow>) = set.rows.iter().partition(|row| row.held_out);
        let column = |k: usize| rows.iter().map(|row| row.groups[k]).collect::<Vec<f64>>();
        let differs = |column: &Vec<f64>| column.iter().any(|z| *z != column[0]);
        let (places, groups): (Vec<usize>, Vec<Vec<f64>>) =
            (0..set.groups.len()).map(|k| (k, column(k))).filter(|(_, column)| differs(column)).unzip();
        let labels: Vec<&str> = rows.iter().map(|row| row.cluster.as_str()).collect();
        let (x, y): (Vec<f64>, Vec<f64>) = rows.iter().map(|row| (row.position, score(row, adjusted))).unzip();
        let sample = Sample::new(&x, &y)?.with_groups(&groups)?.with_families(&Clusters::new(&labels))?;
        let weights = rows.iter().map(|row| row.weight).collect::<Option<Vec<f64>>>().filter(|w| !w.is_empty());
        let models = Self {
            sample: match weights {
                Some(weights) => sample.with_weights(&weights)?,
                None => sample,
            },
            ceiling: None,
            direction: Direction::Rising,
            level: LEVEL,
            covariance: Kind::Cr2,
            careful: false,
            refused: Vec::new(),
            unit: if set.score.scale == ScoreScale::Percent { 100.0 } else { 1.0 },
            rows,
            held_out,
            adjusted,
            places,
            chance,
            told,
        };
        Ok(models)
    }

    /// The levels between which scores move.
    pub(super) fn levels(&self) -> Levels {
        Levels { chance: self.chance, ceiling: self.ceiling }
    }

    /// Why the difference of varying group `k` has no interval, where it has none.
    pub(super) fn refusal(&self, k: usize) -> Option<&str> {
        self.refused.get(k)?.as_deref()
    }

    /// The same weighted by the noise that the items imply around the unweighted hinge.
    pub(super) fn weighted_by_items(self, items: Option<&Items>) -> Result<Self> {
        let items = items.ok_or_else(|| {
            Error::Argument(
                "weights by items need the number of items of every model, and scores that are shares".into(),
            )
        })?;
        let fit = self.hinge().fit_sample(&self.sample)?;
        let df = self.rows.len().saturating_sub(2 + self.places.len()).max(1);
        let weights = items.noise(&self, &fit.fitted, fit.sse / df as f64)?.weights;
        Ok(Self { sample: self.sample.with_weights(&weights)?, ..self })
    }

    /// The hinge of these models.
    pub(super) fn hinge(&self) -> Hinge {
        Hinge::with_chance(self.chance).direction(self.direction)
    }

    /// The values of the varying groups of one model.
    pub(super) fn z(&self, row: &ModelRow) -> Vec<f64> {
        self.places.iter().map(|&k| row.groups[k]).collect()
    }

    /// The score of a model.
    pub(super) fn score(&self, row: &ModelRow) -> f64 {
        score(row, self.adjusted)
    }
}

fn score(row: &ModelRow, adjusted: bool) -> f64 {
    // A set has adjusted scores in all rows or in none, and is asked for them only in the first case.
    if adjusted { row.adjusted.unwrap_or(row.score) } else { row.score }
}

/// Numbers of items of the models, and where they come from.
pub(super) struct Items {
    pub(super) source: String,
    of: Option<f64>,
}

impl Items {
    pub(super) fn of(&self, row: &ModelRow) -> f64 {
        self.of.or(row.items).unwrap_or(0.0)
    }

    /// Item noise of fitted values around a curve with this residual variance, in units of a share.
    pub(super) fn noise(&self, models: &FitModels<'_>, fitted: &[f64], residual_variance: f64) -> Result<ItemNoise> {
        let shares: Vec<f64> = fitted.iter().map(|y| y / models.unit).collect();
        let counts: Vec<f64> = models.rows.iter().map(|row| self.of(row)).collect();
        ItemNoise::of(&shares, &counts, residual_variance / (models.unit * models.unit))
    }
}

/// The numbers of items, where the scores are shares and the table or the benchmark says.
pub(super) fn items(set: &ModelSet, chance: Option<f64>, notes: &mut Vec<String>) -> Option<Box<Items>> {
    if !matches!(set.score.scale, ScoreScale::Share | ScoreScale::Percent) || set.rows.is_empty() {
        return None;
    }
    if set.rows.iter().all(|row| row.items.is_some_and(|n| n > 0.0)) {
        return Some(Box::new(Items { source: "the table".into(), of: None }));
    }
    // Scores that begin at another level than a guess are no shares of right answers.
    let as_guessed = |b: &Benchmark| b.chance.actual.is_none_or(|level| level == 0.0 || chance != Some(0.0));
    let counted = |b: &&Benchmark| b.score.measure.is_binary() && !set.score.normalised && as_guessed(b);
    let benchmark = set.score.benchmark.filter(counted)?;
    notes.push(format!("numbers of items: {} of the benchmark {}", benchmark.items, benchmark.name));
    Some(Box::new(Items { source: benchmark.name.to_string(), of: Some(f64::from(benchmark.items)) }))
}
