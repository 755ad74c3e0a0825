//! From tables to the report.

use super::notes;
use super::read::{Read, read};
use super::report::{
    BenchmarkOfComponents, ByComputeAlone, FamilyAhead, FamilyOfModels, ModelForecast, ModelRole, ObservationalReport,
    SCHEMA, SCHEMA_VERSION,
};
use super::settings::ObservationalSettings;
use crate::analysis::fit::{FitTables, Inputs};
use crate::registry::names::did_you_mean;
use crate::stats::clusters::Clusters;
use crate::stats::estimate::Interval;
use crate::stats::observational::{FamilyAt, FamilyLine, Observational, ObservationalData, ObservationalFit};
use crate::{Error, Result};

impl ObservationalSettings {
    /// Reads tables as `onset agree` does, and forecasts the target.
    ///
    /// # Errors
    /// Those of [`ScoreGrid::from_tables`](crate::registry::modelset::ScoreGrid::from_tables) and of [`of_tables`](Self::of_tables).
    pub fn run_on(&self, inputs: &Inputs) -> Result<ObservationalReport> {
        self.of_tables(&FitTables::read(inputs, &self.tables.tables.reading)?)
    }

    /// The same of tables in memory.
    ///
    /// # Errors
    /// [`Error::NotEnoughModels`] when the curve has no fewer numbers than there are training models; [`Error::Undetermined`] for one
    /// family, or fewer benchmarks than components; [`Error::Argument`] for settings outside what is allowed, and for a family that no
    /// table has.
    pub fn of_tables(&self, tables: &FitTables) -> Result<ObservationalReport> {
        self.check()?;
        let data = read(self, tables)?;
        let labels: Vec<&str> = data.models.iter().map(|model| model.cluster.as_str()).collect();
        let log_compute = data.models.iter().map(|m| m.compute.map_or(f64::NAN, |compute| compute.0.log10())).collect();
        let run =
            Run { settings: self, shares: data.shares(), clusters: Clusters::new(&labels), log_compute, data: &data };
        let mut report = run.report()?;
        report.notes.extend(notes::all(&report));
        Ok(report)
    }
}

/// One run over what was read.
struct Run<'a> {
    settings: &'a ObservationalSettings,
    data: &'a Read,
    shares: Vec<f64>,
    clusters: Clusters,
    /// NaN where it is not known.
    log_compute: Vec<f64>,
}

impl Run<'_> {
    fn report(&self) -> Result<ObservationalReport> {
        let (data, settings) = (self.data, self.settings);
        let numbers = ObservationalData { benchmarks: &data.columns, target: &self.shares, training: &data.training };
        let method = settings.method();
        let fit = method.fit(&numbers)?;
        let trained_on = self.families_trained_on();
        if trained_on < 2 {
            return Err(Error::Undetermined("all training models are of one family".into()).with_help(
                "how sure a forecast is cannot be told from one; --cluster COLUMN groups models by another column, --cluster model \
                 takes every model as independent",
            ));
        }
        let found =
            method.intervals(&numbers, &fit, &self.clusters, settings.bootstrap, settings.level, settings.seed)?;
        let models: Vec<ModelForecast> = (0..data.models.len())
            .map(|i| ModelForecast {
                model: data.models[i].name.clone(),
                cluster: data.models[i].cluster.clone(),
                compute: data.models[i].compute.map(|compute| compute.0),
                role: self.role(i),
                benchmarks: data.columns.iter().filter(|column| column[i].is_finite()).count(),
                index: fit.index[i],
                score: Some(data.scores[i]).filter(|score| score.is_finite()),
                forecast: self.score(fit.predicted[i]),
                curve: self.scores(found.curve[i]),
                interval: self.scores(found.model[i]),
            })
            .collect();
        let count = |role: ModelRole| models.iter().filter(|model| model.role == role).count();
        let inside = |model: &&ModelForecast| {
            model.role == ModelRole::HeldOut && model.score.is_some_and(|score| model.interval.contains(score))
        };
        let loadings = |k: usize| fit.loadings.iter().map(|component| component[k]).collect();
        let known =
            |k: usize| (0..data.models.len()).filter(|&i| data.training[i] && data.columns[k][i].is_finite()).count();
        Ok(ObservationalReport {
            schema: SCHEMA.to_owned(),
            schema_version: SCHEMA_VERSION,
            onset: env!("CARGO_PKG_VERSION").to_owned(),
            tables: data.sources.clone(),
            score_name: data.target.clone(),
            chance: data.chance,
            chance_source: data.chance_source.clone(),
            perfect: data.perfect,
            training: settings.training.clone(),
            at_most: data.at_most,
            clustered_by: settings.tables.tables.cluster.clone(),
            clusters: trained_on,
            trained: count(ModelRole::Trained),
            held_out: count(ModelRole::HeldOut),
            without_score: count(ModelRole::WithoutScore),
            benchmarks: data
                .names
                .iter()
                .enumerate()
                .map(|(k, name)| BenchmarkOfComponents { name: name.clone(), models: known(k), loadings: loadings(k) })
                .collect(),
            shares: fit.shares.clone(),
            intercept: fit.intercept,
            slopes: fit.slopes.clone(),
            floor: fit.floor,
            floor_estimated: settings.floor,
            mse_training: fit.mse_training,
            mse_held_out: fit.mse_held_out,
            inside: models.iter().filter(inside).count(),
            by_compute: self.by_compute(&fit),
            families: self.families(&fit),
            predicted: self.predicted(&method, &numbers, &fit)?,
            models,
            resamples: settings.bootstrap,
            resamples_fitted: found.resamples,
            level: settings.level,
            seed: settings.seed,
            left_out: data.left_out.clone(),
            notes: data.notes.clone(),
        })
    }

    fn role(&self, i: usize) -> ModelRole {
        match (self.data.training[i], self.data.scores[i].is_finite()) {
            (true, _) => ModelRole::Trained,
            (false, true) => ModelRole::HeldOut,
            (false, false) => ModelRole::WithoutScore,
        }
    }

    /// A share between guess and perfect model as a score.
    fn score(&self, share: f64) -> f64 {
        self.data.chance + (self.data.perfect - self.data.chance) * share
    }

    /// No model scores below 0 or above a perfect one.
    fn scores(&self, shares: Interval) -> Interval {
        let (least, most) = (self.data.chance.min(0.0), self.data.perfect);
        let end = |end: Option<f64>| end.map(|share| self.score(share).clamp(least, most));
        Interval { low: end(shares.low), high: end(shares.high) }
    }

    fn families_trained_on(&self) -> usize {
        let trained = |g: &usize| self.clusters.members(*g).iter().any(|&i| self.data.training[i]);
        (0..self.clusters.count()).filter(trained).count()
    }

    fn name(&self, family: usize) -> &str {
        self.clusters.members(family).first().map_or("", |&i| self.data.models[i].cluster.as_str())
    }

    /// The same curve over compute alone; `None` where too few training models have compute.
    fn by_compute(&self, fit: &ObservationalFit) -> Option<ByComputeAlone> {
        let with: Vec<usize> = (0..self.log_compute.len()).filter(|&i| self.log_compute[i].is_finite()).collect();
        let part = |values: &[f64]| with.iter().map(|&i| values[i]).collect::<Vec<f64>>();
        let x = part(&self.log_compute);
        let (low, high) =
            x.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(*x), high.max(*x)));
        // Shares, as the components take them; one column is its own component.
        let column = vec![x.iter().map(|x| (x - low) / (high - low)).collect::<Vec<f64>>()];
        let (target, forecast) = (part(&self.shares), part(&fit.predicted));
        let training: Vec<bool> = with.iter().map(|&i| self.data.training[i]).collect();
        let numbers = ObservationalData { benchmarks: &column, target: &target, training: &training };
        let alone = Observational::new().components(1).floor(self.settings.floor).fit(&numbers).ok()?;
        let held: Vec<f64> = (0..with.len())
            .filter(|&k| !training[k] && target[k].is_finite())
            .map(|k| (target[k] - forecast[k]).powi(2))
            .collect();
        Some(ByComputeAlone {
            trained: training.iter().filter(|trained| **trained).count(),
            held_out: held.len(),
            mse_training: alone.mse_training,
            mse_held_out: alone.mse_held_out,
            mse_held_out_of_components: (!held.is_empty()).then(|| held.iter().sum::<f64>() / held.len() as f64),
        })
    }

    fn families(&self, fit: &ObservationalFit) -> Vec<FamilyOfModels> {
        let lines = FamilyLine::of_families(&fit.index, &self.log_compute, &self.clusters);
        let with = |(g, line): (usize, Option<FamilyLine>)| {
            line.map(|line| FamilyOfModels {
                family: self.name(g).to_owned(),
                models: line.models,
                slope: line.slope,
                intercept: line.intercept,
                r_squared: line.r_squared,
            })
        };
        lines.into_iter().enumerate().filter_map(with).collect()
    }

    fn predicted(
        &self,
        method: &Observational,
        numbers: &ObservationalData<'_>,
        fit: &ObservationalFit,
    ) -> Result<Vec<FamilyAhead>> {
        let lines = FamilyLine::of_families(&fit.index, &self.log_compute, &self.clusters);
        let names: Vec<&str> = (0..self.clusters.count()).map(|g| self.name(g)).collect();
        let mut asked = Vec::new();
        for wanted in &self.settings.predict {
            let Some(family) = names.iter().position(|name| *name == wanted.family) else {
                let error = Error::Argument(format!("--predict {wanted}: no table has a family `{}`", wanted.family));
                return Err(match did_you_mean(&wanted.family, names.iter().copied()) {
                    Some(question) => error.with_help(question),
                    None => error.with_help(format!("there are {}", names.join(", "))),
                });
            };
            if lines[family].is_none() {
                return Err(Error::Undetermined(format!(
                    "--predict {wanted}: `{}` has no two models of different compute, and so no line",
                    wanted.family
                )));
            }
            asked.push(FamilyAt { family, log_compute: wanted.compute.log10() });
        }
        if asked.is_empty() {
            return Ok(Vec::new());
        }
        let (settings, level) = (self.settings, self.settings.level);
        let found = method.at_compute(
            numbers,
            fit,
            &self.clusters,
            &self.log_compute,
            &asked,
            settings.bootstrap,
            level,
            settings.seed,
        )?;
        let ahead = |(wanted, (at, found)): (
            &super::FamilyAtCompute,
            (&FamilyAt, crate::stats::observational::FamilyForecast),
        )| {
            let members = self.clusters.members(at.family).iter().map(|&i| self.log_compute[i]);
            let (low, high) =
                members.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
            FamilyAhead {
                family: wanted.family.clone(),
                compute: wanted.compute,
                models: found.line.models,
                decades_outside: (low - at.log_compute).max(at.log_compute - high).max(0.0),
                index: found.index,
                forecast: self.score(found.target),
                curve: self.scores(found.curve),
                interval: self.scores(found.model),
            }
        };
        Ok(settings.predict.iter().zip(asked.iter().zip(found)).map(ahead).collect())
    }
}
