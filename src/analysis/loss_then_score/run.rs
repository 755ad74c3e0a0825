//! From tables to the report.

use super::notes;
use super::read::{Read, Run, read};
use super::report::{
    LadderCheckpoint, LadderForecast, LossThenScoreReport, RunRole, SCHEMA, SCHEMA_VERSION, ScoreAtLoss, StepNumber,
    StepParameter,
};
use super::settings::LossThenScoreSettings;
use crate::analysis::fit::{FitTables, Inputs};
use crate::stats::clusters::Clusters;
use crate::stats::estimate::{Estimate, Interval, Method};
use crate::stats::loss_then_score::{
    LadderQuestion, LadderRun, LossThenScore, LossThenScoreFit, LossThenScoreForecast, LossThenScoreIntervals,
};
use crate::{Error, Result};

/// Fewer runs leave nothing over to judge the five parameters of the first step by.
const FEWEST: usize = 7;
/// Losses of the curve of the figure.
const LINE: usize = 61;

impl LossThenScoreSettings {
    /// Reads tables as a fit does, and takes every run through both steps.
    ///
    /// # Errors
    /// Those of [`ModelSet::from_tables`](crate::registry::modelset::ModelSet::from_tables) and of [`of_tables`](Self::of_tables).
    pub fn run_on(&self, inputs: &Inputs) -> Result<LossThenScoreReport> {
        self.of_tables(&FitTables::read(inputs, &self.tables.reading)?)
    }

    /// The same of tables in memory.
    ///
    /// # Errors
    /// [`Error::NotEnoughModels`] below seven runs to train on; [`Error::Undetermined`] when all are of one size or of one amount of data,
    /// and where the score does not fall with the loss; [`Error::Argument`] for losses that are not positive, runs of two sizes, and
    /// settings outside what is allowed.
    pub fn of_tables(&self, tables: &FitTables) -> Result<LossThenScoreReport> {
        self.check()?;
        let data = read(self, tables)?;
        let trained: Vec<&Run> = data.runs.iter().filter(|run| run.trained).collect();
        if trained.len() < FEWEST {
            let error = Error::NotEnoughModels { have: trained.len(), need: FEWEST };
            let rows = data
                .left_out
                .first()
                .map_or_else(String::new, |first| format!(" ({} rows left out: {first}, …)", data.left_out.len()));
            return Err(error.with_help(format!(
                "training runs are counted, of {} in the tables{rows}; --all, --at-most FLOPS and --train 'COLUMN OP VALUE' say which are \
                 trained on, and a column `tokens_seen` makes checkpoints points of one run",
                data.runs.len()
            )));
        }
        let ladder = |run: &&Run| run.ladder(self);
        let runs = trained.iter().map(ladder).collect::<Result<Vec<LadderRun>>>()?;
        let method = LossThenScore::new().perfect(data.perfect);
        let fit = method.fit(&runs).map_err(more_runs)?;
        let mut report = Steps { settings: self, data: &data, runs: &runs, method, fit: &fit }.report()?;
        report.notes.extend(notes::all(&report, data.by_compute, data.mixtures));
        Ok(report)
    }
}

/// Both steps, fitted to the runs that are trained on.
struct Steps<'a> {
    settings: &'a LossThenScoreSettings,
    data: &'a Read,
    runs: &'a [LadderRun],
    method: LossThenScore,
    fit: &'a LossThenScoreFit,
}

impl Steps<'_> {
    fn report(&self) -> Result<LossThenScoreReport> {
        let (settings, data, fit) = (self.settings, self.data, self.fit);
        let of_tables = data.runs.iter().map(|run| (run.params, run.tokens()));
        let asked = settings.targets.iter().map(|target| (target.params, target.tokens));
        let targets: Vec<(f64, f64)> = of_tables.chain(asked).collect();
        let losses = self.losses(&targets);
        let found = self.method.intervals(
            fit,
            self.runs,
            &Clusters::singletons(self.runs.len()),
            LadderQuestion { targets: &targets, losses: &losses },
            settings.bootstrap,
            settings.level,
            settings.seed,
        )?;
        let runs = self.forecasts(&targets, &found.targets)?;
        let error = |role: RunRole, of: &dyn Fn(&LadderForecast) -> Option<f64>| {
            let sizes: Vec<f64> = runs.iter().filter(|run| run.role == role).filter_map(of).map(f64::abs).collect();
            (!sizes.is_empty()).then(|| sizes.iter().sum::<f64>() / sizes.len() as f64)
        };
        let of_loss = |run: &LadderForecast| Some((run.loss? / run.loss_forecast).ln());
        let of_score = |run: &LadderForecast| Some(run.score? - run.score_forecast);
        let held = || runs.iter().filter(|run| run.role == RunRole::HeldOut);
        Ok(LossThenScoreReport {
            schema: SCHEMA.to_owned(),
            schema_version: SCHEMA_VERSION,
            onset: env!("CARGO_PKG_VERSION").to_owned(),
            tables: data.sources.clone(),
            loss_name: data.loss_name.clone(),
            score_name: data.score_name.clone(),
            chance: data.chance,
            perfect: data.perfect,
            training: settings.training.clone(),
            at_most: data.at_most,
            average: settings.average,
            skip: settings.skip,
            trained: self.runs.len(),
            checkpoints_trained: self.runs.iter().map(|run| run.checkpoints.len()).sum(),
            held_out: held().count(),
            law: fit.law,
            curve: fit.curve,
            converged: fit.converged,
            parameters: self.parameters(&found),
            loss_error_training: error(RunRole::Trained, &of_loss).unwrap_or(f64::NAN),
            loss_error_held_out: error(RunRole::HeldOut, &of_loss),
            score_error_training: error(RunRole::Trained, &of_score).unwrap_or(f64::NAN),
            score_error_held_out: error(RunRole::HeldOut, &of_score),
            inside: held().filter(|run| run.score.is_some_and(|score| run.interval.contains(score))).count(),
            along: losses
                .iter()
                .zip(&found.curve)
                .map(|(loss, interval)| ScoreAtLoss {
                    loss: *loss,
                    score: fit.curve.score(*loss),
                    interval: self.possible(*interval),
                })
                .collect(),
            checkpoints: data
                .runs
                .iter()
                .flat_map(|run| run.checkpoints.iter().map(move |point| (run, point)))
                .map(|(run, point)| LadderCheckpoint {
                    run: run.name.clone(),
                    tokens: point.tokens,
                    loss: point.loss,
                    score: point.score,
                })
                .collect(),
            runs,
            resamples: settings.bootstrap,
            resamples_fitted: found.resamples,
            level: settings.level,
            seed: settings.seed,
            left_out: data.left_out.clone(),
            notes: data.notes.clone(),
        })
    }

    /// Every run of the tables, and after them the models that were asked for.
    fn forecasts(&self, targets: &[(f64, f64)], found: &[LossThenScoreForecast]) -> Result<Vec<LadderForecast>> {
        let forecast = |run: String, role: RunRole, place: usize, measured: Option<(f64, f64)>| LadderForecast {
            run,
            role,
            params: targets[place].0,
            tokens: targets[place].1,
            loss: measured.map(|(loss, _)| loss),
            loss_forecast: found[place].loss,
            loss_interval: found[place].loss_interval,
            score: measured.map(|(_, score)| score),
            score_forecast: found[place].score,
            curve: self.possible(found[place].curve_interval),
            interval: self.possible(found[place].score_interval),
        };
        let mut all = Vec::new();
        for (place, run) in self.data.runs.iter().enumerate() {
            let ladder = run.ladder(self.settings)?;
            let role = if run.trained { RunRole::Trained } else { RunRole::HeldOut };
            all.push(forecast(run.name.clone(), role, place, Some((ladder.loss, ladder.end().1))));
        }
        for (k, target) in self.settings.targets.iter().enumerate() {
            all.push(forecast(target.to_string(), RunRole::Asked, self.data.runs.len() + k, None));
        }
        Ok(all)
    }

    /// No model scores below 0 or above a perfect one.
    fn possible(&self, interval: Interval) -> Interval {
        let end = |end: Option<f64>| end.map(|score| score.clamp(0.0, self.data.perfect));
        Interval { low: end(interval.low), high: end(interval.high) }
    }

    /// Losses over those of all runs and forecasts, evenly.
    fn losses(&self, targets: &[(f64, f64)]) -> Vec<f64> {
        let measured = self.data.runs.iter().flat_map(|run| run.checkpoints.iter().map(|point| point.loss));
        let forecast = targets.iter().map(|(params, tokens)| self.fit.law.loss(*params, *tokens));
        let (low, high) = measured
            .chain(forecast)
            .fold((f64::INFINITY, 0.0_f64), |(low, high), loss| (low.min(loss), high.max(loss)));
        (0..LINE).map(|k| low + (high - low) * k as f64 / (LINE - 1) as f64).collect()
    }

    fn parameters(&self, found: &LossThenScoreIntervals) -> Vec<StepParameter> {
        let (law, curve) = (self.fit.law, self.fit.curve);
        let values = [
            (StepNumber::E, law.e),
            (StepNumber::A, law.a),
            (StepNumber::B, law.b),
            (StepNumber::Alpha, law.alpha),
            (StepNumber::Beta, law.beta),
            (StepNumber::Top, curve.top),
            (StepNumber::Drop, curve.drop),
            (StepNumber::Middle, curve.middle),
            (StepNumber::Steepness, curve.steepness),
        ];
        let intervals = found.law.iter().chain(&found.parameters);
        let number = |((name, value), interval): ((StepNumber, f64), &Interval)| StepParameter {
            name,
            estimate: Estimate { interval: *interval, ..Estimate::of(value) }.by(Method::PairsPercentile),
        };
        values.into_iter().zip(intervals).map(number).collect()
    }
}

/// What helps where the runs do not determine a step.
fn more_runs(error: Error) -> Error {
    match error {
        Error::Undetermined(_) => error.with_help(
            "runs of several sizes, each at several numbers of tokens, tell the terms of the loss apart; --loss names the loss, --score \
             the score",
        ),
        other => other,
    }
}
