//! What was found, with its numbers: written as JSON, read again by the same types.

use serde::{Deserialize, Serialize};

use crate::analysis::TrainingModels;
use crate::registry::modelset::ClusterBy;
use crate::stats::estimate::Interval;
use crate::stats::random::Seed;
use crate::{Error, Result};

/// Name of the report's layout.
pub(super) const SCHEMA: &str = "onset.observational";
/// Its version; it changes when a field changes its meaning or goes.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// A benchmark forecast from components of others. Scores are as the tables have them, percentages as shares; the index and the floor are
/// on the scale where a guess is 0 and a perfect model 1, and so are squared errors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ObservationalReport {
    pub(super) schema: String,
    pub(super) schema_version: u32,
    /// Version of the program.
    pub onset: String,
    /// The tables.
    pub tables: Vec<String>,
    /// What the target is called there.
    pub score_name: String,
    /// The score of a guess.
    pub chance: f64,
    /// Where it comes from.
    pub chance_source: String,
    /// The score of a perfect model.
    pub perfect: f64,
    /// Which models are trained on.
    pub training: TrainingModels,
    /// The compute up to which they are, where compute decides; FLOPs.
    pub at_most: Option<f64>,
    /// What models are clustered by.
    pub clustered_by: ClusterBy,
    /// How many clusters are trained on.
    pub clusters: usize,
    /// How many models are trained on.
    pub trained: usize,
    /// How many others have a score on the target.
    pub held_out: usize,
    /// How many have none.
    pub without_score: usize,
    /// The benchmarks of the components.
    pub benchmarks: Vec<BenchmarkOfComponents>,
    /// Share of the variance per component.
    pub shares: Vec<f64>,
    /// β₀ of the index.
    pub intercept: f64,
    /// β, per component.
    pub slopes: Vec<f64>,
    /// h, the floor of the curve.
    pub floor: f64,
    /// Whether it was estimated.
    pub floor_estimated: bool,
    /// Mean squared error of the training models.
    pub mse_training: f64,
    /// Of the models held out.
    pub mse_held_out: Option<f64>,
    /// How many of them have a score within the interval of a model.
    pub inside: usize,
    /// The same curve over compute alone.
    pub by_compute: Option<ByComputeAlone>,
    /// Every model.
    pub models: Vec<ModelForecast>,
    /// How the index grows with compute, per family.
    pub families: Vec<FamilyOfModels>,
    /// Families at a compute.
    pub predicted: Vec<FamilyAhead>,
    /// Resamples behind every interval.
    pub resamples: usize,
    /// Resamples with a curve; the others are left out.
    pub resamples_fitted: usize,
    /// Level of every interval.
    pub level: f64,
    /// Seed of every draw.
    pub seed: Seed,
    /// Models and benchmarks that are left out, and why.
    pub left_out: Vec<String>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// A benchmark that the components come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BenchmarkOfComponents {
    /// Its name.
    pub name: String,
    /// Training models with a score.
    pub models: usize,
    /// Its loading, per component.
    pub loadings: Vec<f64>,
}

/// The curve over log10 compute instead of components, from the training models with compute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ByComputeAlone {
    /// Training models with compute.
    pub trained: usize,
    /// Models held out with compute.
    pub held_out: usize,
    /// Mean squared error of the training models.
    pub mse_training: f64,
    /// Of the models held out.
    pub mse_held_out: Option<f64>,
    /// That of the components on the same models held out.
    pub mse_held_out_of_components: Option<f64>,
}

/// What a model was used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelRole {
    /// It is trained on.
    Trained,
    /// It is not, and has a score on the target.
    HeldOut,
    /// It has none.
    WithoutScore,
}

/// One model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelForecast {
    /// The model.
    pub model: String,
    /// What it shares with models that it is not independent of.
    pub cluster: String,
    /// Pretraining compute, FLOPs.
    pub compute: Option<f64>,
    /// What it was used for.
    pub role: ModelRole,
    /// How many of the benchmarks it has.
    pub benchmarks: usize,
    /// Its index β₀ + β'S.
    pub index: f64,
    /// Its score on the target.
    pub score: Option<f64>,
    /// The score by the curve.
    pub forecast: f64,
    /// Interval of the curve.
    pub curve: Interval,
    /// Interval of a model.
    pub interval: Interval,
}

/// The line of a family.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FamilyOfModels {
    /// The family.
    pub family: String,
    /// Its models with compute.
    pub models: usize,
    /// The index gained per decade of compute.
    pub slope: f64,
    /// The index at one FLOP.
    pub intercept: f64,
    /// Share of the variance of the index that the line takes; none of two models.
    pub r_squared: Option<f64>,
}

/// A family at a compute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FamilyAhead {
    /// The family.
    pub family: String,
    /// The compute, FLOPs.
    pub compute: f64,
    /// Models behind its line.
    pub models: usize,
    /// How many decades it lies outside of their compute; 0 inside.
    pub decades_outside: f64,
    /// The index on the line.
    pub index: f64,
    /// The score by the curve.
    pub forecast: f64,
    /// Interval of the curve.
    pub curve: Interval,
    /// Interval of a model.
    pub interval: Interval,
}

impl ObservationalReport {
    /// The score at an index.
    #[must_use]
    pub fn score_at(&self, index: f64) -> f64 {
        let share = self.floor + (1.0 - self.floor) / (1.0 + (-index).exp());
        self.chance + (self.perfect - self.chance) * share
    }

    /// The report as JSON, indented, with a line end; docs/formats.md describes the fields. What does not exist is `null`,
    /// never NaN.
    ///
    /// # Errors
    /// [`Error::Undetermined`] when it cannot be written as JSON.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self)
            .map(|text| text + "\n")
            .map_err(|e| Error::Undetermined(format!("the report cannot be written as JSON: {e}")))
    }
}
