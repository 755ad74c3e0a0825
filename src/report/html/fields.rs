//! The report of a fit as its JSON says it (docs/formats.md): what of it the page puts into words.
//!
//! Reading goes by the JSON also where the fit was made a moment before, so that a page of a folder and a page of the
//! tables behind it cannot differ.

use serde::Deserialize;

/// A whole report.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Report {
    pub(super) tables: Vec<String>,
    pub(super) score: String,
    pub(super) metric: Option<String>,
    pub(super) adjusted_score: Option<String>,
    pub(super) score_name: String,
    pub(super) score_scale: String,
    pub(super) predictor: Predictor,
    pub(super) range: (f64, f64),
    pub(super) groups: Vec<Group>,
    pub(super) n_models: usize,
    pub(super) n_families: usize,
    pub(super) largest_cluster_share: f64,
    #[serde(default)]
    pub(super) dropped_models: Vec<serde_json::Value>,
    #[serde(default)]
    pub(super) n_held_out: usize,
    pub(super) settings: Settings,
    #[serde(flatten)]
    pub(super) unadjusted: Analysis,
    pub(super) adjusted: Option<Analysis>,
    pub(super) differences: Option<Differences>,
}

/// Name and scale of the predictor.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Predictor {
    pub(super) name: String,
    pub(super) scale: String,
}

/// A group.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) n_models: usize,
}

/// The settings that words need.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Settings {
    pub(super) level: f64,
}

/// One score, fitted.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Analysis {
    pub(super) curve: String,
    pub(super) outcome: Option<String>,
    pub(super) verdict: Option<String>,
    pub(super) selected: Option<String>,
    pub(super) alpha: Parameter,
    pub(super) c_e: Parameter,
    pub(super) theta: Parameter,
    pub(super) break_test: BreakTest,
    pub(super) equivalence: Equivalence,
    pub(super) r_squared: Option<f64>,
    pub(super) curves: Vec<serde_json::Value>,
}

/// An estimate with its interval.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Parameter {
    pub(super) estimate: Option<f64>,
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
    pub(super) p_value: Option<f64>,
    pub(super) method: Option<String>,
    pub(super) reason: Option<String>,
}

/// A break against a straight line.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct BreakTest {
    pub(super) p_value: Option<f64>,
}

/// Equivalence of the groups.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Equivalence {
    pub(super) smallest_margin: Option<f64>,
}

/// Before minus after.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Differences {
    pub(super) theta: Parameter,
    pub(super) c: Parameter,
}

impl Report {
    /// Whether the predictor enters by its logarithm.
    pub(super) fn is_logarithmic(&self) -> bool {
        self.predictor.scale == "log10"
    }

    /// The unit in which scores are spoken of, after a number.
    pub(super) fn unit(&self) -> &'static str {
        if self.score_scale == "percent" { " points" } else { "" }
    }
}
