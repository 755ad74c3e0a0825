//! What was found, with its numbers: written as JSON, read again by the same types.

use serde::{Deserialize, Serialize};

use crate::registry::modelset::ClusterBy;
use crate::stats::emergence_law::{EmergenceLawParameters, LawBound};
use crate::stats::estimate::Estimate;
use crate::stats::random::Seed;
use crate::{Error, Result};

/// Name of the report's layout.
pub(super) const SCHEMA: &str = "onset.emergence_law";
/// Its version; it changes when a field changes its meaning or goes.
pub(super) const SCHEMA_VERSION: u32 = 1;

/// A law of the point of emergence, and the forecast that follows from it. Points of emergence are log10 FLOPs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EmergenceLawReport {
    pub(super) schema: String,
    pub(super) schema_version: u32,
    /// Version of the program.
    pub onset: String,
    /// The tables.
    pub tables: Vec<String>,
    /// What the score is called there.
    pub score_name: String,
    /// What models were fine-tuned on.
    pub adjustment: String,
    /// What points are clustered by.
    pub clustered_by: ClusterBy,
    /// How many clusters there are.
    pub clusters: usize,
    /// How many models there are with task examples.
    pub models: usize,
    /// Where the level of chance comes from.
    pub chance_source: String,
    /// The law.
    pub law: EmergenceLawParameters,
    /// What of it ended at a bound.
    pub bounds: Vec<LawBound>,
    /// c₀, the forecast of the point of emergence without task examples.
    pub c0: Estimate,
    /// s, by how many decades the most examples move it.
    pub shift: Estimate,
    /// D₀ or γ.
    pub scale: Estimate,
    /// The gain per decade without examples.
    pub gain: Estimate,
    /// The gain per decade at the most examples.
    pub gain_at_most: Estimate,
    /// The point of emergence of the scores without examples, by their own hinge.
    pub observed: Estimate,
    /// c₀ less that.
    pub error: Estimate,
    /// Every number of examples.
    pub after: Vec<AfterExamples>,
    /// The law over the numbers of examples, for the figure.
    pub line: Vec<AfterExamples>,
    /// The same forecast without the largest models.
    pub held_out: Vec<HeldOut>,
    /// Sum of squared residuals of the law.
    pub sse: f64,
    /// Resamples behind every interval.
    pub resamples: usize,
    /// Resamples with a law; the others are left out.
    pub resamples_fitted: usize,
    /// Level of every interval.
    pub level: f64,
    /// Seed of every draw.
    pub seed: Seed,
    /// Scores with task examples, and those without.
    pub points: Vec<EmergencePoint>,
    /// Models that are left out, and why.
    pub left_out: Vec<String>,
    /// What a reader should know.
    pub notes: Vec<String>,
}

/// The point of emergence after a number of task examples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AfterExamples {
    /// The number.
    pub examples: f64,
    /// Models with a score there.
    pub models: usize,
    /// By the law.
    pub c: Estimate,
    /// By the hinge of these scores alone, where it has one.
    pub alone: Option<f64>,
}

/// The forecast from models of at most so much compute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeldOut {
    /// That compute, FLOPs.
    pub at_most: f64,
    /// Models that are left.
    pub models: usize,
    /// The best score among them without task examples.
    pub best_without: Option<f64>,
    /// c₀.
    pub c0: Estimate,
    /// c₀ less the point of emergence of all scores without examples.
    pub error: Estimate,
    /// What ended at a bound.
    pub bounds: Vec<LawBound>,
}

/// One score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EmergencePoint {
    /// The model.
    pub model: String,
    /// What it shares with points that it is not independent of.
    pub cluster: String,
    /// Pretraining compute, FLOPs.
    pub compute: f64,
    /// Task examples; 0 for a score that is not fitted but forecast.
    pub examples: f64,
    /// The score.
    pub score: f64,
    /// The score by the law.
    pub fitted: f64,
    /// Their difference.
    pub residual: f64,
}

impl EmergenceLawReport {
    /// Estimates of the law by their names in tables.
    pub(crate) fn estimates(&self) -> [(&'static str, &Estimate); 7] {
        [
            ("c0", &self.c0),
            ("observed", &self.observed),
            ("error", &self.error),
            ("shift", &self.shift),
            ("scale", &self.scale),
            ("gain", &self.gain),
            ("gain_at_most", &self.gain_at_most),
        ]
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
