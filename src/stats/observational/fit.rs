//! The settings, and the fit.

use serde::{Deserialize, Serialize};

use super::capability::Capability;
use super::link::Link;
use crate::{Error, Result};

/// Settings of the fit: three components and a curve that starts at 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observational {
    components: usize,
    floor: bool,
}

/// Models × benchmarks with a target.
#[derive(Debug, Clone, Copy)]
pub struct ObservationalData<'a> {
    /// One column of n scores (0 to 1, NaN where missing) per benchmark; never the target.
    pub benchmarks: &'a [Vec<f64>],
    /// n scores on the target, 0 for chance and 1 for a perfect model; NaN where not known.
    pub target: &'a [f64],
    /// Which models are trained on; they need a score on the target.
    pub training: &'a [bool],
}

/// A fitted forecast.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ObservationalFit {
    /// β, the gain of the index per component.
    pub slopes: Vec<f64>,
    /// β₀.
    pub intercept: f64,
    /// h, the target of models without any capability.
    pub floor: f64,
    /// Share of the variance of the training models' benchmarks per component.
    pub shares: Vec<f64>,
    /// Per component its loadings, one per benchmark.
    pub loadings: Vec<Vec<f64>>,
    /// n values of the index β₀ + β'S, of training models and of others.
    pub index: Vec<f64>,
    /// n values of the target by the curve.
    pub predicted: Vec<f64>,
    /// Mean squared error of the training models.
    pub mse_training: f64,
    /// Mean squared error of the other models with a score on the target; none without any.
    pub mse_held_out: Option<f64>,
    pub(super) link: Link,
}

impl Default for Observational {
    fn default() -> Self {
        Self { components: 3, floor: false }
    }
}

impl Observational {
    /// Three components, and a curve that starts at 0.
    pub fn new() -> Self {
        Self::default()
    }

    /// With so many components.
    #[must_use]
    pub fn components(mut self, components: usize) -> Self {
        self.components = components;
        self
    }

    /// With a floor of the curve that is estimated, within 0 and 0.2.
    #[must_use]
    pub fn floor(mut self, floor: bool) -> Self {
        self.floor = floor;
        self
    }

    /// How many numbers the curve has.
    pub(super) fn parameters(&self) -> usize {
        self.components + 1 + usize::from(self.floor)
    }

    /// Fits the training models, and predicts all.
    ///
    /// # Errors
    /// `Argument` for columns of unlike length, no component or more than benchmarks, and a training model without a target;
    /// `NotEnoughModels` when the curve has no fewer numbers than there are training models; `Undetermined` for a benchmark that
    /// does not differ among them.
    pub fn fit(&self, data: &ObservationalData<'_>) -> Result<ObservationalFit> {
        data.check()?;
        if self.components == 0 || self.components > data.benchmarks.len() {
            return Err(Error::Argument(format!(
                "{} components of {} benchmarks; at least one, and not more than there are benchmarks",
                self.components,
                data.benchmarks.len()
            )));
        }
        let training: Vec<usize> = (0..data.target.len()).filter(|&i| data.training[i]).collect();
        let (capability, link) = self.of_rows(data, &training)?;
        let all: Vec<Vec<f64>> = (0..data.target.len()).map(|i| capability.scores(&data.row(i))).collect();
        let index: Vec<f64> = all.iter().map(|scores| link.index(scores)).collect();
        let predicted: Vec<f64> = index.iter().map(|index| link.at(*index)).collect();
        let mse = |of: &dyn Fn(usize) -> bool| {
            let squares: Vec<f64> = (0..data.target.len())
                .filter(|&i| of(i) && data.target[i].is_finite())
                .map(|i| (data.target[i] - predicted[i]).powi(2))
                .collect();
            (!squares.is_empty()).then(|| squares.iter().sum::<f64>() / squares.len() as f64)
        };
        let mse_training = mse(&|i| data.training[i])
            .ok_or_else(|| Error::Undetermined("no training model has a score on the target".into()))?;
        let mse_held_out = mse(&|i| !data.training[i]);
        Ok(ObservationalFit {
            slopes: link.slopes.clone(),
            intercept: link.intercept,
            floor: link.floor,
            shares: capability.shares,
            loadings: capability.components,
            index,
            predicted,
            mse_training,
            mse_held_out,
            link,
        })
    }

    /// All three steps on these rows, which may repeat.
    pub(super) fn of_rows(&self, data: &ObservationalData<'_>, rows: &[usize]) -> Result<(Capability, Link)> {
        let need = self.parameters() + 1;
        if rows.len() < need {
            return Err(Error::NotEnoughModels { have: rows.len(), need });
        }
        let benchmarks: Vec<Vec<f64>> = rows.iter().map(|&i| data.row(i)).collect();
        let capability = Capability::of(&benchmarks, self.components)?;
        let scores: Vec<Vec<f64>> = benchmarks.iter().map(|row| capability.scores(row)).collect();
        let y: Vec<f64> = rows.iter().map(|&i| data.target[i]).collect();
        let link = Link::of(&scores, &y, self.floor)?;
        Ok((capability, link))
    }
}

impl ObservationalData<'_> {
    /// The benchmarks of one model.
    pub(super) fn row(&self, i: usize) -> Vec<f64> {
        self.benchmarks.iter().map(|column| column[i]).collect()
    }

    fn check(&self) -> Result<()> {
        let n = self.target.len();
        if self.training.len() != n || self.benchmarks.iter().any(|column| column.len() != n) {
            return Err(Error::Argument(format!("not every benchmark has {n} scores, one for each model")));
        }
        if self.benchmarks.is_empty() {
            return Err(Error::Argument("there is no benchmark to forecast from".into()));
        }
        let lacks = |i: &usize| self.training[*i] && !self.target[*i].is_finite();
        match (0..n).find(lacks) {
            Some(i) => Err(Error::Argument(format!("training model {} has no score on the target", i + 1))),
            None => Ok(()),
        }
    }
}

impl ObservationalFit {
    /// The target at an index.
    pub fn at_index(&self, index: f64) -> f64 {
        self.link.at(index)
    }
}
