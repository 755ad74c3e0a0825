//! From tables to the report.

use super::notes;
use super::report::{Allocation, LossLawReport, LossPoint, SCHEMA, SCHEMA_VERSION};
use super::settings::LossLawSettings;
use crate::analysis::fit::{FitTables, Inputs};
use crate::analysis::losses;
use crate::registry::columns::MODEL;
use crate::registry::modelset::{ClusterBy, Cutoff, ModelRow, ModelSet, PredictorKind, ScoreScale, Settings};
use crate::registry::table::Table;
use crate::stats::bootstrap::{Bootstrap, Replicates};
use crate::stats::clusters::Clusters;
use crate::stats::estimate::{Estimate, Method};
use crate::stats::loss_law::{LossLaw, LossLawFit, LossLawParameters, LossLawQuantity};
use crate::{Error, Result};

/// Fewer points leave nothing over to judge five parameters by.
pub(super) const FEWEST: usize = 8;
/// Budgets of the figure's lines.
const LINE: usize = 41;
/// The column that says which points are of one run.
const RUN: &str = "run";
/// The name of the loss, where none is given.
const LOSS: &str = "loss";

impl LossLawSettings {
    /// Reads tables as a fit does, and fits the law.
    ///
    /// # Errors
    /// Those of [`ModelSet::from_tables`] and of `of`.
    pub fn run_on(&self, inputs: &Inputs) -> Result<LossLawReport> {
        self.of_tables(&FitTables::read(inputs, &self.tables.reading)?)
    }

    /// The same of tables in memory.
    ///
    /// # Errors
    /// As [`run_on`](Self::run_on).
    pub fn of_tables(&self, tables: &FitTables) -> Result<LossLawReport> {
        let settings = self.reading(&tables.tables);
        let loss = settings.score.as_deref().unwrap_or(LOSS);
        losses::check(&tables.tables, loss, self.tables.any_size)?;
        let set = tables.models(&settings).map_err(|error| explained(error, &tables.tables, &settings))?;
        let by = settings.cluster.clone();
        Self { tables: settings, ..self.clone() }.of(&set).map(|report| LossLawReport { clustered_by: by, ..report })
    }

    /// How the tables are read: parameters are asked for, and losses may have any size.
    fn reading(&self, tables: &[Table]) -> Settings {
        let has_runs = tables.iter().any(|table| table.position(RUN).is_some());
        let cluster = match &self.tables.cluster {
            ClusterBy::Family if has_runs => ClusterBy::Column(RUN.to_owned()),
            asked => asked.clone(),
        };
        Settings {
            score: Some(self.tables.score.clone().unwrap_or_else(|| LOSS.to_owned())),
            x: Some(PredictorKind::Params),
            x_scale: None,
            score_scale: ScoreScale::Any,
            cutoff: Cutoff::None,
            groups: Vec::new(),
            adjusted: None,
            items: None,
            weights: None,
            compute_sd: None,
            holdout: None,
            cluster,
            ..self.tables.clone()
        }
    }

    /// Fits the law to models with parameters, tokens (or compute) and a loss.
    ///
    /// # Errors
    /// [`Error::NotEnoughModels`] below 8 points; [`Error::Undetermined`] when all are of one size, of one amount of data, of
    /// one run, or when tokens follow from parameters at every point; [`Error::Argument`] for losses that are not positive and
    /// settings outside what is allowed.
    pub(crate) fn of(&self, set: &ModelSet) -> Result<LossLawReport> {
        self.check()?;
        let mut left_out: Vec<String> = set.dropped.iter().map(ToString::to_string).collect();
        let mut found = Vec::new();
        for row in &set.rows {
            match losses::sizes(row) {
                Some((params, tokens)) => found.push((row, params, tokens)),
                None => left_out.push(format!("{}: no tokens and no compute", row.name)),
            }
        }
        if let Some((row, ..)) = found.iter().find(|(row, ..)| row.score.is_nan() || row.score <= 0.0) {
            return Err(Error::Argument(format!("{}: a loss of {} {}", row.name, row.score, losses::NOT_POSITIVE)));
        }
        if found.len() < FEWEST {
            let error = Error::NotEnoughModels { have: found.len(), need: FEWEST };
            let rows = left_out
                .first()
                .map_or_else(String::new, |first| format!(" ({} left out: {first}, …)", left_out.len()));
            return Err(error.with_help(format!(
                "a law of loss has five parameters, and every point needs a size, tokens (or compute) and a loss{rows}; name \
                 the columns by --params, --tokens and --loss, or add points"
            )));
        }
        let of = |value: &dyn Fn(&(&ModelRow, f64, f64)) -> f64| found.iter().map(value).collect::<Vec<f64>>();
        let (params, tokens, loss) = (of(&|p| p.1), of(&|p| p.2), of(&|p| p.0.score));
        let labels: Vec<&str> = found.iter().map(|(row, ..)| row.cluster.as_str()).collect();
        let clusters = Clusters::new(&labels);
        if clusters.count() < 2 {
            return Err(Error::Undetermined(format!(
                "all {} points are of one run or family (`{}`): how sure the law is cannot be told from one; --cluster COLUMN \
                 groups them by another column, --cluster model takes every point as independent",
                labels.len(),
                labels[0]
            )));
        }
        let law = LossLaw::new().robust(self.robust);
        let fit = law.fit(&params, &tokens, &loss).map_err(more_points)?;
        let points = points(&found, &fit);
        let range =
            points.iter().map(LossPoint::compute).fold((f64::INFINITY, 0.0_f64), |r, c| (r.0.min(c), r.1.max(c)));
        let budgets = if self.compute.is_empty() { powers_of_ten(range.1) } else { self.compute.clone() };
        let line = line(range, &budgets);
        let all = [budgets.clone(), line.clone()].concat();
        let bootstrap = Bootstrap::new(self.seed).replicates(self.bootstrap).without_jackknife();
        let data = [&params[..], &tokens, &loss];
        let drawn = law.bootstrap(&bootstrap, &fit, data, &clusters, &all)?;
        let resampled = Resampled { drawn: &drawn, values: fit.law.quantities(&all), law: fit.law, level: self.level };
        let allocation = |k: usize| Allocation {
            compute: all[k],
            extrapolated: all[k] < range.0 || all[k] > range.1,
            params: resampled.estimate(LossLawQuantity::Params(k)),
            tokens: resampled.estimate(LossLawQuantity::Tokens(k)),
            tokens_per_param: resampled.estimate(LossLawQuantity::Ratio(k)),
            loss: resampled.estimate(LossLawQuantity::Loss(k)),
        };
        let mut report = LossLawReport {
            schema: SCHEMA.to_owned(),
            schema_version: SCHEMA_VERSION,
            onset: env!("CARGO_PKG_VERSION").to_owned(),
            tables: set.sources.clone(),
            loss_name: set.score.name.clone(),
            clustered_by: self.tables.cluster.clone(),
            clusters: clusters.count(),
            robust: self.robust,
            objective: fit.objective,
            converged: fit.converged,
            e: resampled.estimate(LossLawQuantity::E),
            a: resampled.estimate(LossLawQuantity::A),
            b: resampled.estimate(LossLawQuantity::B),
            alpha: resampled.estimate(LossLawQuantity::Alpha),
            beta: resampled.estimate(LossLawQuantity::Beta),
            params_exponent: resampled.estimate(LossLawQuantity::ParamsExponent),
            tokens_exponent: resampled.estimate(LossLawQuantity::TokensExponent),
            allocations: (0..budgets.len()).map(allocation).collect(),
            line: (budgets.len()..all.len()).map(allocation).collect(),
            resamples: self.bootstrap,
            resamples_fitted: drawn.defined(LossLawQuantity::E.place()),
            level: self.level,
            seed: self.seed,
            points,
            left_out,
            notes: set.notes.clone(),
        };
        report.notes.extend(notes::all(&report, &found));
        Ok(report)
    }

    fn check(&self) -> Result<()> {
        if !(0.5..1.0).contains(&self.level) {
            return Err(Error::Argument(format!("the level {} is not between 0.5 and 1", self.level)));
        }
        match self.compute.iter().find(|compute| !(**compute > 0.0 && compute.is_finite())) {
            Some(compute) => Err(Error::Argument(format!(
                "a budget of {compute} FLOPs is no positive number; write budgets as --compute 1e23,1e24"
            ))),
            None => Ok(()),
        }
    }
}

/// What helps where the tables could not be read as points.
fn explained(error: Error, tables: &[Table], settings: &Settings) -> Error {
    let is_name = |column: &str| {
        let found = |table: &Table| table.find(&MODEL).is_some_and(|(at, _)| table.names()[at] == column);
        settings.model.as_deref() == Some(column) || tables.iter().any(found)
    };
    match &error {
        Error::Cell { column, .. } if is_name(column) => error.with_help(
            "points of one model have names of their own, or a column `tokens_seen` that tells checkpoints of one run apart",
        ),
        Error::Argument(_) => error.with_help("--loss names the column of the losses, or the benchmark of a long table"),
        _ => error,
    }
}

/// What helps where the points do not determine the law.
fn more_points(error: Error) -> Error {
    match error {
        Error::Undetermined(_) => {
            error.with_help("models of several sizes, each at several numbers of tokens, tell the terms apart")
        }
        other => other,
    }
}

fn points(found: &[(&ModelRow, f64, f64)], fit: &LossLawFit) -> Vec<LossPoint> {
    let point = |(&(row, params, tokens), &residual): (&(&ModelRow, f64, f64), &f64)| LossPoint {
        model: row.name.clone(),
        cluster: row.cluster.clone(),
        params,
        tokens,
        loss: row.score,
        fitted: fit.law.loss(params, tokens),
        residual,
    };
    found.iter().zip(&fit.residuals).map(point).collect()
}

/// The power of ten from the largest compute on, and the two after it.
fn powers_of_ten(largest: f64) -> Vec<f64> {
    let first = largest.log10().ceil() as i32;
    // Read from text, a power of ten is the nearest number to it.
    (first..first + 3).filter_map(|power| format!("1e{power}").parse().ok()).collect()
}

/// Budgets over the compute of the points and those that were asked for, evenly on the logarithmic scale.
fn line(range: (f64, f64), budgets: &[f64]) -> Vec<f64> {
    let (low, high) = budgets.iter().fold(range, |(low, high), c| (low.min(*c), high.max(*c)));
    let (from, to) = (low.log10(), high.log10());
    (0..LINE).map(|k| 10f64.powf(from + (to - from) * k as f64 / (LINE - 1) as f64)).collect()
}

/// The replicates, and what the fit itself says.
struct Resampled<'a> {
    drawn: &'a Replicates,
    values: Vec<f64>,
    law: LossLawParameters,
    level: f64,
}

impl Resampled<'_> {
    fn estimate(&self, of: LossLawQuantity) -> Estimate {
        let place = of.place();
        let estimate = Estimate::of(self.values[place]);
        if estimate.value.is_none() {
            let what = if self.law.alpha > 0.0 { "more data do" } else { "size does" };
            return Estimate::unknown(format!("{what} not lower the loss in this fit, so there is no best size"));
        }
        match self.drawn.percentile(place, self.level) {
            Some(interval) => {
                Estimate { interval, se: self.drawn.standard_error(place), ..estimate }.by(Method::PairsPercentile)
            }
            None => estimate.because("no interval: most resamples have no such law"),
        }
    }
}
