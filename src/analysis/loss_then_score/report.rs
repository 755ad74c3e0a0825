//! What was found, with its numbers: written as JSON, read again by the same types.

use serde::{Deserialize, Serialize};

use crate::analysis::TrainingModels;
use crate::stats::estimate::{Estimate, Interval};
use crate::stats::loss_law::LossLawParameters;
use crate::stats::loss_then_score::ScoreOfLoss;
use crate::stats::random::Seed;
use crate::{Error, Result};

/// Name of the report's layout.
pub(super) const SCHEMA: &str = "onset.loss_then_score";
/// Its version; it changes when a field changes its meaning or goes.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// A score forecast in two steps, by its loss. Scores are as the tables have them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LossThenScoreReport {
    pub(super) schema: String,
    pub(super) schema_version: u32,
    /// Version of the program.
    pub onset: String,
    /// The tables.
    pub tables: Vec<String>,
    /// What the loss is called there.
    pub loss_name: String,
    /// What the score is called there.
    pub score_name: String,
    /// The score of a guess, where the benchmark is known.
    pub chance: Option<f64>,
    /// The score of a perfect model, at loss 0.
    pub perfect: f64,
    /// Which runs are trained on.
    pub training: TrainingModels,
    /// The compute up to which they are, where compute decides; FLOPs.
    pub at_most: Option<f64>,
    /// Checkpoints that a mean is taken of.
    pub average: usize,
    /// Share of every run, from its beginning, that the second step leaves out.
    pub skip: f64,
    /// How many runs are trained on.
    pub trained: usize,
    /// How many checkpoints of them the second step takes.
    pub checkpoints_trained: usize,
    /// How many runs are held out.
    pub held_out: usize,
    /// Step 1.
    pub law: LossLawParameters,
    /// Step 2.
    pub curve: ScoreOfLoss,
    /// Whether the search for the law ended in a minimum.
    pub converged: bool,
    /// Every number of both steps with its interval.
    pub parameters: Vec<StepParameter>,
    /// Mean size of ln(loss / forecast) of the training runs at their ends.
    pub loss_error_training: f64,
    /// The same of the runs held out.
    pub loss_error_held_out: Option<f64>,
    /// Mean size of the score less its forecast, of the training runs at their ends.
    pub score_error_training: f64,
    /// The same of the runs held out.
    pub score_error_held_out: Option<f64>,
    /// How many of them have a score within the interval of a run.
    pub inside: usize,
    /// Every run, and after them the models that were asked for.
    pub runs: Vec<LadderForecast>,
    /// The curve of the second step with its interval, for the figure.
    pub along: Vec<ScoreAtLoss>,
    /// Every checkpoint.
    pub checkpoints: Vec<LadderCheckpoint>,
    /// Resamples of runs behind every interval.
    pub resamples: usize,
    /// Resamples with both steps; the others are left out.
    pub resamples_fitted: usize,
    /// Level of every interval.
    pub level: f64,
    /// Seed of every draw.
    pub seed: Seed,
    /// Rows that are no points, and why.
    pub left_out: Vec<String>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// A number of one of the steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepParameter {
    /// Which.
    pub name: StepNumber,
    /// Its value.
    #[serde(flatten)]
    pub estimate: Estimate,
}

/// The numbers of both steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepNumber {
    /// E of step 1, the loss that stays.
    E,
    /// A of step 1.
    A,
    /// B of step 1.
    B,
    /// α of step 1, the exponent of size.
    Alpha,
    /// β of step 1, the exponent of data.
    Beta,
    /// u of step 2, the score at the smallest losses.
    Top,
    /// d of step 2, how far scores fall below it.
    Drop,
    /// L₀ of step 2, where half of that is lost.
    Middle,
    /// k of step 2, how steeply.
    Steepness,
}

/// What a run was used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunRole {
    /// Both steps are fitted to it.
    Trained,
    /// It is not trained on, and its loss and score are known.
    HeldOut,
    /// It was asked for, and is in no table.
    Asked,
}

/// A run at its end, measured and forecast.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LadderForecast {
    /// The run.
    pub run: String,
    /// What it was used for.
    pub role: RunRole,
    /// Parameters.
    pub params: f64,
    /// Training tokens.
    pub tokens: f64,
    /// The loss that was measured.
    pub loss: Option<f64>,
    /// The loss by step 1.
    pub loss_forecast: f64,
    /// Interval of the loss of a run there.
    pub loss_interval: Interval,
    /// The score that was measured.
    pub score: Option<f64>,
    /// The score by both steps.
    pub score_forecast: f64,
    /// Interval of both steps there.
    pub curve: Interval,
    /// Interval of the score of a run there.
    pub interval: Interval,
}

/// The curve of the second step at a loss.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ScoreAtLoss {
    /// The loss.
    pub loss: f64,
    /// The score.
    pub score: f64,
    /// Its interval.
    pub interval: Interval,
}

/// A checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LadderCheckpoint {
    /// Its run.
    pub run: String,
    /// Training tokens seen.
    pub tokens: f64,
    /// Its loss.
    pub loss: f64,
    /// Its score.
    pub score: f64,
}

impl LadderForecast {
    /// 6ND.
    pub(crate) fn compute(&self) -> f64 {
        6.0 * self.params * self.tokens
    }
}

impl LossThenScoreReport {
    /// The runs with this use.
    pub(crate) fn of(&self, role: RunRole) -> impl Iterator<Item = &LadderForecast> {
        self.runs.iter().filter(move |run| run.role == role)
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
