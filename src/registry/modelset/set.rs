//! Models with a predictor and a score.

use super::dropped::{Dropped, Reason};
use super::groups::Group;
use super::predictor::Predictor;
use super::scores::Score;
use crate::registry::{Flops, Month};

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
    /// The models outside every group, where a column names them: `kind = base` beside `kind = chat` and `kind = code`.
    pub base: Option<Group>,
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
    /// The training run that it is a checkpoint of; its own name when it is none.
    pub run: String,
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

/// What the score after adjustment is called where it stands in another place than the one before and no column is named.
pub(crate) const AFTER_ADJUSTMENT: &str = "after adjustment";

impl ModelSet {
    /// How many models were left out for each reason.
    pub(crate) fn dropped_by_reason(&self) -> Vec<(&Reason, usize)> {
        let mut counts = std::collections::BTreeMap::new();
        for dropped in &self.dropped {
            *counts.entry(&dropped.reason).or_insert(0) += 1;
        }
        counts.into_iter().collect()
    }
}
