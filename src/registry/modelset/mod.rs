//! Anybody's tables as models with a predictor and a score, ready to be fitted.
//!
//! A table may be wide (one row per model, a column per score) or long (one row per model and benchmark, with columns
//! benchmark, value and perhaps metric and adjustment). Several tables are joined by the models' names: what one lacks
//! the next one gives, and the first that has a value wins. Columns are found by the names that tables in circulation use
//! (onset's own, ObsScaling's, Epoch's), or named in [`Settings`]. Compute is the table's own figure or 6·N·D, with the
//! active parameters as N where they are given. Models that lack what the fit needs are left out and named.
//!
//! ```
//! use onset::registry::modelset::{ModelSet, Settings};
//! use onset::registry::table::Table;
//!
//! let text = b"Model,Model Family,Model Size (B),Pretraining Data Size (T),FLOPs (1E21),MMLU\n\
//!              small,toy,1,0.5,3,0.25\nmedium,toy,7,2,,0.45\nsecret,other,,,,0.7\n";
//! let table = Table::parse(text, "toys.csv".as_ref(), &[])?;
//! let settings = Settings { score: Some("mmlu".into()), ..Settings::default() };
//! let set = ModelSet::from_tables(&[table], &settings)?;
//! assert_eq!(set.rows.len(), 2);
//! assert_eq!((set.rows[0].x, set.rows[1].x), (3e21, 8.4e22));
//! assert_eq!(set.dropped[0].to_string(), "secret: no compute");
//! # Ok::<(), onset::Error>(())
//! ```

mod columns_of_scores;
mod conflicts;
mod grid;
mod groups;
mod layout;
mod predictor;
mod records;
mod rows;
mod scale;
mod scores;
mod selection;
mod settings;
mod setups;
mod sizes;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use grid::{GridBenchmark, GridModel, GridScores, GridSettings, ScoreGrid};
pub use groups::Group;
pub use predictor::PredictorKind;
pub use selection::Selection;
pub use settings::{Amount, ClusterBy, Cutoff, GroupBy, ScoreScale, Settings, WeightBy, XScale};

use crate::Result;
use crate::registry::table::Table;
use crate::registry::{Benchmark, Flops, Models, Month, Scores};

/// Models with a predictor and a score.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelSet {
    /// The models that can be fitted, in the order of the tables.
    pub rows: Vec<ModelRow>,
    /// The others.
    pub dropped: Vec<Dropped>,
    /// What the score is.
    pub score: Score,
    /// What the score after adjustment is, if there is one.
    pub adjusted: Option<String>,
    /// What the predictor is.
    pub predictor: Predictor,
    /// The groups, one for each value of [`ModelRow::groups`].
    pub groups: Vec<Group>,
    /// What a reader should know about how the tables were understood.
    pub notes: Vec<String>,
    /// The tables.
    pub sources: Vec<String>,
    /// How many of them, from the first on, hold scores before adjustment, and how many after these hold those after it, where
    /// the two stand in two places.
    pub two_places: Option<(usize, usize)>,
}

/// One model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelRow {
    /// Its name.
    pub name: String,
    /// Its family; its own name when the tables do not say.
    pub family: String,
    /// What it shares with the models it is not independent of.
    pub cluster: String,
    /// The predictor in its own unit (FLOPs, not log10 FLOPs).
    pub x: f64,
    /// The predictor on the scale of the fit.
    pub position: f64,
    /// Month of release.
    pub release: Option<Month>,
    /// One value per group.
    pub groups: Vec<f64>,
    /// The score.
    pub score: f64,
    /// The score after adjustment; there in every row or in none.
    pub adjusted: Option<f64>,
    /// Number of parameters.
    pub params: Option<f64>,
    /// Number of parameters active per token.
    pub active_params: Option<f64>,
    /// Number of training tokens.
    pub tokens: Option<f64>,
    /// Pretraining compute.
    pub compute: Option<Flops>,
    /// Standard deviation of log10 compute; there in every row or in none.
    pub compute_sd: Option<f64>,
    /// Number of items behind the score; there in every row or in none.
    pub items: Option<f64>,
    /// Weight; there in every row or in none.
    pub weight: Option<f64>,
    /// Whether it is left out of the fit and predicted.
    pub held_out: bool,
}

/// What a table is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Whatever it holds.
    Any,
    /// Scores before adjustment.
    Before,
    /// Scores after adjustment.
    After,
    /// What is known of the models beside their scores.
    Facts,
}

/// What a score is.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    /// The column's or benchmark's name, as the table writes it.
    pub name: String,
    /// The metric, in long tables that say.
    pub metric: Option<String>,
    /// The benchmark that the name means, if onset knows it and a guess scores on the metric what it scores there.
    pub benchmark: Option<&'static Benchmark>,
    /// Whether the name, or one beside it, says that scores are normalised so that a guess scores 0.
    pub normalised: bool,
    /// Its scale: never [`ScoreScale::Auto`].
    pub scale: ScoreScale,
}

/// What the predictor is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Predictor {
    /// Compute, another quantity of the models, or a column.
    pub name: PredictorKind,
    /// Its scale in the fit.
    pub scale: XScale,
}

impl Predictor {
    /// That no language model is as small as this value; `None` where some are.
    pub(crate) fn too_small(&self, value: f64) -> Option<String> {
        sizes::too_small(&self.name, value)
    }
}

/// A model that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// Its name.
    pub model: String,
    /// Why.
    pub reason: Reason,
}

/// Why a model was left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The score is missing.
    NoScore,
    /// The score after adjustment is missing.
    NoAdjusted,
    /// The predictor of this name is missing; compute when neither it nor both parameters and tokens are there.
    NoPredictor(String),
    /// The release month is missing, and the models are grouped by it.
    NoRelease,
    /// The column of this name is missing, and the fit needs it.
    NoValue(String),
    /// The same row stands in the table before.
    Repeated,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoScore => f.write_str("no score"),
            Self::NoAdjusted => f.write_str("no adjusted score"),
            Self::NoRelease => f.write_str("no release month"),
            Self::NoPredictor(name) | Self::NoValue(name) => write!(f, "no {name}"),
            Self::Repeated => f.write_str("the row is there twice"),
        }
    }
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.model, self.reason)
    }
}

/// What the score after adjustment is called where it stands in another place than the one before and no column is named.
pub(crate) const AFTER_ADJUSTMENT: &str = "after adjustment";

impl ModelSet {
    /// Joins the tables into one set of models.
    ///
    /// # Errors
    /// [`MissingColumn`](crate::Error::MissingColumn) for a column that no table has, [`Cell`](crate::Error::Cell) for a
    /// value that cannot be used (not a number, not above zero, outside the score's scale, a model or a family spelled
    /// two ways, a size that no language model has), [`Argument`](crate::Error::Argument) for settings that fit no table or
    /// more than one thing, [`Undetermined`](crate::Error::Undetermined) when no model has the predictor. That too few
    /// models are left is no error here.
    pub fn from_tables(tables: &[Table], settings: &Settings) -> Result<Self> {
        rows::assemble(tables, &vec![Role::Any; tables.len()], settings)
    }

    /// Joins scores before adjustment with those after it, and both with what other tables say of the models. A name after
    /// adjustment belongs to the name before that it is equal to, that it differs from in organisation, case and signs
    /// only, or that it holds (`Qwen2.5-32B-mmluft` holds `Qwen2.5-32B`); inexact joins and names without a partner are
    /// listed in [`notes`](Self::notes).
    ///
    /// # Errors
    /// As [`ModelSet::from_tables`]; [`Argument`](crate::Error::Argument) when two names after adjustment belong to one
    /// before, or none belongs to any.
    pub fn from_before_and_after(
        before: &[Table],
        after: &[Table],
        others: &[Table],
        settings: &Settings,
    ) -> Result<Self> {
        let tables = [before, after, others].concat();
        let roles = [vec![Role::Before; before.len()], vec![Role::After; after.len()], vec![Role::Facts; others.len()]];
        rows::assemble(&tables, &roles.concat(), settings)
    }

    /// Joins scores and models in memory.
    ///
    /// # Errors
    /// As [`ModelSet::from_tables`].
    pub fn from_scores(scores: &Scores, models: &Models, settings: &Settings) -> Result<Self> {
        Self::from_tables(&Self::tables(scores, models), settings)
    }

    /// Scores and models as the tables that [`ModelSet::from_tables`] joins.
    pub(crate) fn tables(scores: &Scores, models: &Models) -> [Table; 2] {
        [models.table("models.csv"), scores.table("evaluations.csv")]
    }

    /// How many models were left out for each reason.
    pub(crate) fn dropped_by_reason(&self) -> Vec<(&Reason, usize)> {
        let mut counts = std::collections::BTreeMap::new();
        for dropped in &self.dropped {
            *counts.entry(&dropped.reason).or_insert(0) += 1;
        }
        counts.into_iter().collect()
    }
}
