//! From tables to the report.

use std::collections::BTreeSet;

use super::notes;
use super::read::{Read, Tuned, read};
use super::report::{AfterExamples, EmergenceLawReport, EmergencePoint, HeldOut, SCHEMA, SCHEMA_VERSION};
use super::settings::EmergenceLawSettings;
use crate::analysis::fit::{FitTables, Inputs};
use crate::registry::modelset::{ModelRow, ModelSet};
use crate::stats::bootstrap::{Bootstrap, Replicates};
use crate::stats::clusters::Clusters;
use crate::stats::emergence_law::{EmergenceLaw, EmergenceLawFit, EmergencePoints, EmergenceQuantity, WithoutExamples};
use crate::stats::estimate::{Estimate, Interval, Method};
use crate::stats::hinge::Hinge;
use crate::{Error, Result};

/// Numbers of examples of the figure's line.
const LINE: usize = 41;
/// Shares of the models that are left where the largest are held out.
const LEFT: [f64; 2] = [0.75, 0.5];
/// Why a forecast has no upper end.
const OPEN: &str = "the upper end is open: the shift or its scale ends at a bound, and c₀ may be larger";

impl EmergenceLawSettings {
    /// Reads tables as a fit does, and fits the law.
    ///
    /// # Errors
    /// Those of [`ModelSet::from_tables`] and of [`of_tables`](Self::of_tables).
    pub fn run_on(&self, inputs: &Inputs) -> Result<EmergenceLawReport> {
        self.of_tables(&FitTables::read(inputs, &self.tables.reading)?)
    }

    /// The same of tables in memory.
    ///
    /// # Errors
    /// [`Error::NotEnoughModels`] below 10 scores with task examples; [`Error::Undetermined`] with fewer than three numbers of
    /// examples, one family, or scores that do not rise; [`Error::Argument`] for settings outside what is allowed.
    pub fn of_tables(&self, tables: &FitTables) -> Result<EmergenceLawReport> {
        self.check()?;
        let data = read(self, tables)?;
        let (chance, chance_source, told) = self.level_of_chance(&data.without)?;
        let run = Run {
            settings: self,
            data: &data,
            law: EmergenceLaw::new().chance(chance).form(self.form).gain(self.gain),
        };
        let mut report = run.report(chance, chance_source)?;
        report.notes.extend(told);
        report.notes.extend(notes::all(&report));
        Ok(report)
    }

    /// The score of a guess, where it comes from, and what a reader should know of it.
    fn level_of_chance(&self, set: &ModelSet) -> Result<(f64, String, Option<String>)> {
        let perfect = set.score.scale.perfect();
        if let Some(chance) = self.chance {
            if !chance.is_finite() || perfect.is_some_and(|most| !(0.0..most).contains(&chance)) {
                return Err(Error::Argument(format!("--chance {chance} is not on the scale of the scores")));
            }
            return Ok((chance, "given".to_owned(), None));
        }
        let known = set.score.benchmark.and_then(|benchmark| Some((benchmark, benchmark.chance.actual?, perfect?)));
        Ok(match known {
            Some((benchmark, level, most)) => {
                (level * most, format!("{}: {}", benchmark.name, benchmark.chance.source), None)
            }
            None => {
                let note = format!("chance on `{}` is not known and taken as 0; set it by --chance", set.score.name);
                (0.0, "taken as 0".to_owned(), Some(note))
            }
        })
    }
}

/// One run over what was read.
struct Run<'a> {
    settings: &'a EmergenceLawSettings,
    data: &'a Read,
    law: EmergenceLaw,
}

/// The fit to some of the points, and its resamples.
struct Forecast {
    points: EmergencePoints,
    fit: EmergenceLawFit,
    drawn: Replicates,
    level: f64,
}

impl Run<'_> {
    fn report(&self, chance: f64, chance_source: String) -> Result<EmergenceLawReport> {
        let (data, settings) = (self.data, self.settings);
        let all: Vec<&Tuned> = data.tuned.iter().collect();
        let largest = all.iter().map(|point| point.examples).max().unwrap_or_default() as f64;
        let numbers: BTreeSet<u64> = all.iter().map(|point| point.examples).collect();
        let line = line(numbers.first().copied().unwrap_or(1) as f64, largest);
        let asked: Vec<f64> = numbers.iter().map(|d| *d as f64).chain(line.iter().copied()).collect();
        let clusters = self.clusters(&all)?.count();
        let forecast = self.forecast(&all, &asked)?;
        let observed = self.observed(chance)?;
        let (law, fit) = (forecast.fit.law, &forecast.fit);
        let after = |k: usize, alone: Option<f64>, models: usize| AfterExamples {
            examples: asked[k],
            models,
            c: forecast.estimate(EmergenceQuantity::At(k), Some(law.c_at(asked[k]))),
            alone,
        };
        let counted = |d: &u64| all.iter().filter(|point| point.examples == *d).count();
        let alone = self.law.alone(&forecast.points);
        let fitted = all.iter().zip(&fit.residuals).map(|(point, residual)| EmergencePoint {
            model: point.model.clone(),
            cluster: point.cluster.clone(),
            compute: 10f64.powf(point.x),
            examples: point.examples as f64,
            score: point.score,
            fitted: point.score - residual,
            residual: *residual,
        });
        let without = data.without.rows.iter().map(|row: &ModelRow| EmergencePoint {
            model: row.name.clone(),
            cluster: row.cluster.clone(),
            compute: row.x,
            examples: 0.0,
            score: row.score,
            fitted: law.score(row.position, 0.0),
            residual: row.score - law.score(row.position, 0.0),
        });
        let models: BTreeSet<&str> = all.iter().map(|point| point.model.as_str()).collect();
        Ok(EmergenceLawReport {
            schema: SCHEMA.to_owned(),
            schema_version: SCHEMA_VERSION,
            onset: env!("CARGO_PKG_VERSION").to_owned(),
            tables: data.without.sources.clone(),
            score_name: data.without.score.name.clone(),
            adjustment: data.adjustment.clone(),
            clustered_by: settings.tables.cluster.clone(),
            clusters,
            models: models.len(),
            chance_source,
            law,
            bounds: fit.bounds.clone(),
            c0: forecast.estimate(EmergenceQuantity::Without, Some(law.c0)),
            shift: forecast.estimate(EmergenceQuantity::Shift, Some(law.shift)),
            scale: forecast.estimate(EmergenceQuantity::Scale, Some(law.scale)),
            gain: forecast.estimate(EmergenceQuantity::Gain, Some(law.gain)),
            gain_at_most: forecast.estimate(EmergenceQuantity::GainAtMost, Some(law.gain_at(law.most))),
            error: forecast.error(observed),
            observed: match observed {
                Some(c) => forecast.estimate(EmergenceQuantity::Observed, Some(c)),
                None => Estimate::unknown("the scores without task examples have no point of emergence"),
            },
            after: numbers.iter().enumerate().map(|(k, d)| after(k, alone[k], counted(d))).collect(),
            line: (numbers.len()..asked.len()).map(|k| after(k, None, 0)).collect(),
            held_out: self.cuts().into_iter().map(|cut| self.held_out(cut, observed)).collect(),
            sse: fit.sse,
            resamples: settings.bootstrap,
            resamples_fitted: forecast.drawn.defined(EmergenceQuantity::Without.place()),
            level: settings.level,
            seed: settings.seed,
            points: fitted.chain(without).collect(),
            left_out: data.without.dropped.iter().map(ToString::to_string).collect(),
            notes: data.notes.clone(),
        })
    }

    /// The law of these points, and beside it the hinge of all scores without examples.
    fn forecast(&self, tuned: &[&Tuned], asked: &[f64]) -> Result<Forecast> {
        let column = |value: &dyn Fn(&Tuned) -> f64| tuned.iter().map(|point| value(point)).collect::<Vec<f64>>();
        let (x, d, y) = (column(&|p| p.x), column(&|p| p.examples as f64), column(&|p| p.score));
        let points = EmergencePoints::new(&x, &d, &y)?;
        let fit = self.law.fit(&points)?;
        let of_rows = |value: fn(&ModelRow) -> f64| self.data.without.rows.iter().map(value).collect::<Vec<f64>>();
        let (x, y) = (of_rows(|row| row.position), of_rows(|row| row.score));
        let without = Some(WithoutExamples { x: &x, y: &y });
        let bootstrap = Bootstrap::new(self.settings.seed).replicates(self.settings.bootstrap);
        let drawn = self.law.bootstrap(&bootstrap, &fit, &points, without, &self.clusters(tuned)?, asked)?;
        Ok(Forecast { points, fit, drawn, level: self.settings.level })
    }

    /// The clusters of these points, and after them of all scores without examples.
    fn clusters(&self, tuned: &[&Tuned]) -> Result<Clusters> {
        let of_points: BTreeSet<&str> = tuned.iter().map(|point| point.cluster.as_str()).collect();
        if of_points.len() < 2 {
            return Err(Error::Undetermined(
                "all scores with task examples are of one family: how sure a forecast is cannot be told from one; --cluster \
                 COLUMN groups models by another column, --cluster model takes every model as independent"
                    .into(),
            ));
        }
        let labels = tuned.iter().map(|point| point.cluster.as_str());
        let others = self.data.without.rows.iter().map(|row| row.cluster.as_str());
        Ok(Clusters::new(&labels.chain(others).collect::<Vec<&str>>()))
    }

    /// The point of emergence of the scores without examples.
    fn observed(&self, chance: f64) -> Result<Option<f64>> {
        let (x, y): (Vec<f64>, Vec<f64>) = self.data.without.rows.iter().map(|row| (row.position, row.score)).unzip();
        Ok(Hinge::new().chance(chance).fit(&x, &y, &[])?.emergence())
    }

    /// Compute of the largest model that is left, for every hold-out.
    fn cuts(&self) -> Vec<f64> {
        if !self.settings.at_most.is_empty() {
            return self.settings.at_most.clone();
        }
        let mut sizes: Vec<(f64, &str)> = self.data.without.rows.iter().map(|row| (row.x, row.name.as_str())).collect();
        sizes.sort_by(|a, b| a.0.total_cmp(&b.0));
        LEFT.iter()
            .filter_map(|left| sizes.get(((left * sizes.len() as f64) as usize).max(1) - 1))
            .map(|s| s.0)
            .collect()
    }

    fn held_out(&self, at_most: f64, observed: Option<f64>) -> HeldOut {
        // The largest that is left is left whatever rounding its logarithm has.
        let limit = at_most.log10() + 1e-9;
        let left: Vec<&Tuned> = self.data.tuned.iter().filter(|point| point.x <= limit).collect();
        let models: BTreeSet<&str> = left.iter().map(|point| point.model.as_str()).collect();
        let small = self.data.without.rows.iter().filter(|row| row.position <= limit);
        let best_without = small.map(|row| row.score).reduce(f64::max);
        let (c0, error, bounds) = match self.forecast(&left, &[]) {
            Ok(found) => (
                found.estimate(EmergenceQuantity::Without, Some(found.fit.law.c0)),
                found.error(observed),
                found.fit.bounds,
            ),
            Err(error) => (Estimate::unknown(error.to_string()), Estimate::unknown("no forecast"), Vec::new()),
        };
        HeldOut { at_most, models: models.len(), best_without, c0, error, bounds }
    }
}

impl Forecast {
    fn estimate(&self, of: EmergenceQuantity, value: Option<f64>) -> Estimate {
        let estimate = value.map(Estimate::of).unwrap_or_default();
        match of.interval(&self.drawn, self.level) {
            Some(interval) => {
                let open = matches!(of, EmergenceQuantity::Without | EmergenceQuantity::Error)
                    && matches!(interval, Interval { low: Some(_), high: None });
                let se = self.drawn.standard_error(of.place());
                let estimate = Estimate { interval, se, ..estimate }.by(Method::PairsPercentile);
                if open { estimate.because(OPEN) } else { estimate }
            }
            None => estimate.because("no interval: most resamples do not have it"),
        }
    }

    /// c₀ less the point of emergence that was observed.
    fn error(&self, observed: Option<f64>) -> Estimate {
        match observed {
            Some(c) => self.estimate(EmergenceQuantity::Error, Some(self.fit.law.c0 - c)),
            None => Estimate::unknown("the scores without task examples have no point of emergence"),
        }
    }
}

/// Numbers of examples for a line, evenly on the logarithmic scale.
fn line(least: f64, most: f64) -> Vec<f64> {
    let (from, to) = (least.log10(), most.log10());
    (0..LINE).map(|k| 10f64.powf(from + (to - from) * k as f64 / (LINE - 1) as f64)).collect()
}
