//! What was found, with its numbers: written as JSON, read again by the same types.

use serde::{Deserialize, Serialize};

use crate::registry::modelset::ClusterBy;
use crate::stats::agreement::Summary;
use crate::stats::estimate::Estimate;
use crate::stats::random::Seed;
use crate::{Error, Result};

/// Name of the report's layout.
const SCHEMA: &str = "onset.agree";
/// Its version; it changes when a field changes its meaning or goes.
const SCHEMA_VERSION: u32 = 1;

/// How far benchmarks agree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgreeReport {
    schema: String,
    schema_version: u32,
    /// Version of the program.
    pub onset: String,
    /// The tables.
    pub tables: Vec<String>,
    /// The models, in the order of everything that has one value a model.
    pub models: Vec<AgreeModel>,
    /// Number of families, or of what else models are clustered by.
    pub clusters: usize,
    /// How many families of equal size would carry as much.
    pub effective_clusters: f64,
    /// What models are clustered by.
    pub clustered_by: ClusterBy,
    /// The benchmarks, in the order of everything that has one value a benchmark.
    pub benchmarks: Vec<AgreeBenchmark>,
    /// Benchmarks that could not be compared.
    pub left_out: Vec<LeftOutBenchmark>,
    /// Resamples behind every interval.
    pub resamples: usize,
    /// Level of every interval.
    pub level: f64,
    /// Seed of every draw.
    pub seed: Seed,
    /// What a reader should know.
    pub notes: Vec<String>,
    /// The scores, or those before and those after.
    pub scores: Vec<AgreeCondition>,
    /// What adjustment changed.
    pub change: Option<AgreeChange>,
}

/// One model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgreeModel {
    /// Its name.
    pub name: String,
    /// What it shares with models it is not independent of.
    pub cluster: String,
}

/// One benchmark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgreeBenchmark {
    /// Its name.
    pub name: String,
    /// Its metric, where the tables say.
    pub metric: Option<String>,
    /// Whether its values were turned round, less being better.
    pub turned: bool,
}

/// A benchmark that could not be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOutBenchmark {
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// The agreement of the scores under one condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgreeCondition {
    /// What it is called.
    pub condition: String,
    /// Scores that there are.
    pub scores: usize,
    /// Cells without a score.
    pub missing: usize,
    /// Means over all pairs, and the share of the first component.
    pub summary: Summary<Estimate>,
    /// Mean τ-b without each of the clusters.
    pub without: Vec<Without>,
    /// Principal components; `None` where too few models have every score.
    pub components: Option<AgreeComponents>,
    /// Benchmark by benchmark.
    pub benchmarks: Vec<BenchmarkAgreement>,
    /// Pair by pair.
    pub pairs: Vec<PairAgreement>,
    /// Ranks by benchmark and model; `None` without a score.
    pub ranks: Vec<Vec<Option<ModelRank>>>,
}

/// A model's rank on a benchmark, and the ranks that noise leaves to it; 1 is the best.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ModelRank {
    /// By the score; equal scores share the mean of their ranks.
    pub rank: f64,
    /// The best that is possible; `None` where the noise is not known.
    pub best: Option<usize>,
    /// The worst.
    pub worst: Option<usize>,
}

/// Mean τ-b without one cluster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Without {
    /// The cluster.
    pub cluster: String,
    /// Mean τ-b of the others.
    pub mean: Option<f64>,
}

/// Principal components of the models that have every score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgreeComponents {
    /// How many models that are.
    pub models: usize,
    /// Shares of the variance, the largest first.
    pub shares: Vec<Estimate>,
    /// Mean shares of unrelated benchmarks.
    pub unrelated: Vec<f64>,
    /// What 95 % of permutations of unrelated benchmarks stay below.
    pub unrelated_upper: Vec<f64>,
    /// Number of components that are larger than those of unrelated benchmarks (5 %).
    pub beyond_unrelated: usize,
    /// Share of the first component of one ability and the noise of items; `None` where the noise is not known.
    pub one_ability: Option<f64>,
    /// Loadings of the benchmarks on the first component.
    pub first_loadings: Vec<f64>,
}

/// How far one benchmark agrees with all others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BenchmarkAgreement {
    /// Models with a score.
    pub models: usize,
    /// Mean τ-b with the others.
    pub mean: Estimate,
    /// τ-b that it would have with itself on fresh items; `None` where the noise is not known.
    pub ceiling: Option<f64>,
    /// Share of the variance among models that is no noise of items.
    pub reliability: Option<f64>,
    /// How many ranks a model may have, given the noise: the median.
    pub ranks_left: Option<f64>,
}

/// How far two benchmarks agree, or by how much more after than before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairAgreement {
    /// Place of one benchmark.
    pub a: usize,
    /// Place of the other, the larger.
    pub b: usize,
    /// Models with a score on both.
    pub models: u64,
    /// τ-b, or the difference of two; its p-value is of 0.
    pub tau: Estimate,
    /// The p-value among all pairs, by Holm's method.
    pub p_holm: Option<f64>,
    /// The same by Benjamini and Hochberg's.
    pub p_bh: Option<f64>,
    /// τ-b as a share of the geometric mean of the two ceilings.
    pub share_of_ceiling: Option<f64>,
    /// τ of the true scores.
    pub disattenuated: Option<f64>,
}

/// What adjustment changed: after minus before, on the same cells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AgreeChange {
    /// Means over all pairs, and the share of the first component.
    pub summary: Summary<Estimate>,
    /// Difference of the mean τ-b without each of the clusters.
    pub without: Vec<Without>,
    /// Share of the pairs that agree more after.
    pub pairs_above: Estimate,
    /// Mean τ-b of each benchmark with all others.
    pub benchmarks: Vec<Estimate>,
    /// Pair by pair.
    pub pairs: Vec<PairAgreement>,
}

impl AgreeReport {
    /// A report of nothing yet, of the layout that this version writes.
    pub(super) fn empty() -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            schema_version: SCHEMA_VERSION,
            onset: env!("CARGO_PKG_VERSION").to_owned(),
            tables: Vec::new(),
            models: Vec::new(),
            clusters: 0,
            effective_clusters: 0.0,
            clustered_by: ClusterBy::default(),
            benchmarks: Vec::new(),
            left_out: Vec::new(),
            resamples: 0,
            level: 0.0,
            seed: Seed(0),
            notes: Vec::new(),
            scores: Vec::new(),
            change: None,
        }
    }

    /// The report as JSON, indented, with a line end. What does not exist is `null`, never NaN.
    ///
    /// # Errors
    /// [`Error::Undetermined`] when it cannot be written as JSON.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self)
            .map(|text| text + "\n")
            .map_err(|e| Error::Undetermined(format!("the report cannot be written as JSON: {e}")))
    }

    /// Reads what [`to_json`](Self::to_json) writes.
    ///
    /// # Errors
    /// [`Error::Argument`] for what is no such report.
    pub(crate) fn from_json(text: &str) -> Result<Self> {
        let report: Self =
            serde_json::from_str(text).map_err(|e| Error::Argument(format!("it is no report of onset agree: {e}")))?;
        if report.schema != SCHEMA || report.schema_version != SCHEMA_VERSION {
            let problem = format!(
                "its layout is {} {}, not {SCHEMA} {SCHEMA_VERSION}, the one this program reads",
                report.schema, report.schema_version
            );
            return Err(Error::Argument(problem));
        }
        Ok(report)
    }
}
