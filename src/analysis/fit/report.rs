//! The report of a fit: what `--format json` prints, field by field (docs/formats.md).
//!
//! Nothing in it is NaN or infinite: a value that does not exist is `None`, and a reason stands beside it.

use serde::{Deserialize, Serialize};

use super::caution::Caution;
use super::counts::CountsReport;
use super::curve_report::{CurvePoint, CurveReport, FittedModel, HingeReport};
use super::evidence::{BreakReport, RiseReport, Shown};
use super::influence::Influence;
use super::layout::ReportLayout;
use super::settings::CurveChoice;
use super::uncertain::ErrorReport;
use crate::analysis::phase::Phase;
use crate::registry::Month;
use crate::registry::modelset::{ClusterBy, Group, Predictor, ScoreScale, WeightBy, XScale};
use crate::stats::covariance::Kind;
use crate::stats::curves::Curve;
use crate::stats::direction::Direction;
use crate::stats::estimate::{Estimate, Interval, Named};
use crate::stats::hinge::Outcome;
use crate::stats::random::Seed;
use crate::stats::selection::Verdict;

/// Everything a fit found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FitReport {
    /// Name and version of the layout.
    #[serde(flatten)]
    pub layout: ReportLayout,
    /// Version of the onset that made the fit.
    pub onset: String,
    /// The tables that were read.
    pub tables: Vec<String>,
    /// Those of them that hold scores before adjustment, where those after it stand somewhere else.
    #[serde(default)]
    pub before_tables: Vec<String>,
    /// Those of them that hold the scores after adjustment then.
    #[serde(default)]
    pub after_tables: Vec<String>,
    /// Name of the score, as the table writes it.
    pub score: String,
    /// Its name for people: the benchmark's, if onset knows it.
    pub score_name: String,
    /// Its metric, where the table says.
    pub metric: Option<String>,
    /// Its scale: never [`ScoreScale::Auto`].
    pub score_scale: ScoreScale,
    /// The score after adjustment, where there is one.
    pub adjusted_score: Option<String>,
    /// The predictor.
    pub predictor: Predictor,
    /// Smallest and largest predictor among the fitted models, in its own unit.
    pub range: (f64, f64),
    /// What a guess scores; `None` when it was estimated.
    pub chance: Option<f64>,
    /// Where that level comes from.
    pub chance_source: String,
    /// The groups whose differences are estimated.
    pub groups: Vec<GroupReport>,
    /// The models outside every group, where a column names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_group: Option<Group>,
    /// Models fitted.
    pub n_models: usize,
    /// Families among them.
    pub n_families: usize,
    /// Clusters among them: sets of models that are not independent.
    pub n_clusters: usize,
    /// Share of the models in the largest cluster.
    pub largest_cluster_share: f64,
    /// Models held out.
    pub n_held_out: usize,
    /// Models left out, by reason.
    pub dropped: Vec<ReasonCount>,
    /// Models left out, by name.
    pub dropped_models: Vec<DroppedModel>,
    /// The settings.
    pub settings: SettingsReport,
    /// What a reader should know.
    pub notes: Vec<String>,
    /// The score as observed, before any adjustment.
    #[serde(flatten)]
    pub unadjusted: Analysis,
    /// The score after adjustment.
    pub adjusted: Option<Analysis>,
    /// What adjustment changed.
    pub differences: Option<DifferenceReport>,
}

/// One score, fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Analysis {
    /// The curve that leads, whose parameters follow: the selected one, the one asked for, or the hinge where there are too
    /// few models to compare curves.
    pub curve: Curve,
    /// Which way scores go.
    pub direction: Direction,
    /// What the tests leave of a rise (or a fall).
    pub shown: Shown,
    /// The same in the hinge's terms: a break, no break but a rise, or nothing that rises; `None` where there is no test.
    pub outcome: Option<Outcome>,
    /// How scores rise.
    pub verdict: Option<Verdict>,
    /// The curve that the verdict is about.
    pub selected: Option<Curve>,
    /// Largest share of the rise within one third of the range.
    pub steepest_third: Option<f64>,
    /// Gain per unit of the predictor's scale (decade of compute) beyond the break.
    pub alpha: Estimate,
    /// The break on the log10 scale.
    pub c_log10: Estimate,
    /// The break in the predictor's own unit.
    pub c_e: Estimate,
    /// Difference of the first group at equal predictor.
    pub theta: Estimate,
    /// Differences of all groups, by their names.
    pub thetas: Vec<Named<Group>>,
    /// Share of the variance that the curve explains, around the mean.
    pub r_squared: Option<f64>,
    /// Sum of squared residuals.
    pub sse: Option<f64>,
    /// All curves.
    pub curves: Vec<CurveReport>,
    /// The hinge, the paper's curve, where another one leads and all were asked for.
    pub hinge: Option<HingeReport>,
    /// Whether scores rise or fall at all.
    pub rise_test: RiseReport,
    /// Whether there is a break in a straight line.
    pub break_test: BreakReport,
    /// The same before the ceiling, where the curve that leads has one.
    pub break_before_ceiling: Option<BreakReport>,
    /// Whether the first group's difference is small enough not to matter.
    pub equivalence: EquivalenceReport,
    /// p-value of the first group's difference being 0, by restricted wild cluster bootstrap.
    pub wild_p: Option<f64>,
    /// The same by relabelling families.
    pub permutation_p: Option<f64>,
    /// The difference for every other month that the cut-off could have been.
    pub cutoffs: Option<Vec<CutoffReport>>,
    /// Every break that the data cannot tell from the best, in pieces.
    pub c_set: Option<Vec<(Option<f64>, Option<f64>)>>,
    /// How much of the scatter the items alone explain.
    pub item_noise: Option<NoiseReport>,
    /// Curves of the counts of right answers, where they are asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<CountsReport>,
    /// What uncertain compute does to the estimates.
    pub measurement_error: Option<Vec<ErrorReport>>,
    /// What keeps the usual intervals from holding, and what stands in their place.
    pub cautions: Vec<Caution>,
    /// Models on which the result hangs.
    pub influential: Vec<Influence>,
    /// What could not be computed, and why.
    pub unknown: Vec<String>,
    /// The models and their residuals from the curve. They are no part of the JSON: diagnostics.csv holds them, which
    /// `onset fit --out` writes beside it.
    #[serde(skip)]
    pub models: Vec<FittedModel>,
    /// The curve with its band, for drawing; in predictions.csv, not in the JSON.
    #[serde(skip)]
    pub line: Vec<CurvePoint>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupReport {
    /// What its models have in common.
    pub name: Group,
    /// Models in it (with a value other than 0).
    pub n_models: usize,
    /// Families with at least one such model.
    pub n_families: usize,
}

/// How many models were left out for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonCount {
    /// The reason.
    pub reason: String,
    /// How many.
    pub models: usize,
}

/// A model that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedModel {
    /// Its name.
    pub model: String,
    /// Why.
    pub reason: String,
}

/// The settings of a fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SettingsReport {
    /// All curves or one of them.
    pub curve: CurveChoice,
    /// The level that scores end at; `None` where it was estimated.
    pub ceiling: Option<f64>,
    /// Kind of the standard errors.
    pub covariance: Kind,
    /// Which models are not independent.
    pub cluster: ClusterBy,
    /// Replicates of every bootstrap.
    pub bootstrap: usize,
    /// Level of the intervals.
    pub level: f64,
    /// Equivalence margin.
    pub margin: Option<f64>,
    /// What models are weighted by.
    pub weights: Option<WeightBy>,
    /// Where the random draws come from.
    pub seed: Seed,
}

/// Whether the first group's difference is small enough not to matter.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct EquivalenceReport {
    /// The margin.
    pub margin: Option<f64>,
    /// p-value of the difference being at or beyond the margin.
    pub p_value: Option<f64>,
    /// Whether it lies within, at 5 %.
    pub equivalent: Option<bool>,
    /// The smallest margin at which it would.
    pub smallest_margin: Option<f64>,
    /// Why there is none.
    pub reason: Option<String>,
}

/// The difference between newer and older models at one cut-off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CutoffReport {
    /// The month from which on models count as new.
    pub cutoff: Month,
    /// New models.
    pub n_models: usize,
    /// Their difference at equal predictor; `None` where the data do not determine it.
    pub theta: Option<f64>,
    /// Its CR2 standard error.
    pub se: Option<f64>,
    /// Its interval.
    #[serde(flatten)]
    pub interval: Interval,
    /// Two-sided p-value of 0, as if this were the only cut-off.
    pub p_value: Option<f64>,
    /// The same by Holm's method for all cut-offs of the list.
    pub holm: Option<f64>,
    /// The same by Benjamini and Hochberg's.
    pub benjamini_hochberg: Option<f64>,
    /// The break on the scale of the fit, where there is one.
    pub c_position: Option<f64>,
}

/// How much of the scatter the items alone explain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoiseReport {
    /// Where the numbers of items come from.
    pub items: String,
    /// Share of the residual variance.
    pub share: Option<f64>,
    /// Mean standard deviation of a score over items.
    pub item_sd: Option<f64>,
    /// Standard deviation of what is left.
    pub model_sd: Option<f64>,
}

/// What adjustment changed: before minus after, on the same models, the same families drawn for both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DifferenceReport {
    /// θ before minus θ after, for the first group.
    pub theta: Estimate,
    /// The same for all groups, by their names.
    pub thetas: Vec<Named<Group>>,
    /// c before minus c after, on the scale of the fit.
    pub c: Estimate,
    /// α before minus α after.
    pub alpha: Estimate,
    /// R² before minus R² after.
    pub r_squared: Estimate,
}

impl Analysis {
    /// The point of emergence in the predictor's own unit, where the tests show one.
    pub fn emergence(&self) -> Option<&Estimate> {
        (self.shown == Shown::Emergence && self.c_e.value.is_some()).then_some(&self.c_e)
    }
}

impl FitReport {
    /// Every score that was fitted: as observed, and after adjustment where there is one.
    pub(crate) fn analyses(&self) -> impl Iterator<Item = (Phase, &Analysis)> {
        let after = self.adjusted.as_ref().map(|after| (Phase::Adjusted, after));
        std::iter::once((Phase::Unadjusted, &self.unadjusted)).chain(after)
    }

    /// What the models outside every group (0) and those of each group (from 1) are called in legends.
    pub(crate) fn group_names(&self) -> Vec<String> {
        let first = match &self.groups[..] {
            [] => "Models".into(),
            [GroupReport { name: Group::Release(month), .. }] => format!("Released before {month}"),
            [only] => format!("Not {}", only.name),
            _ => "Other models".into(),
        };
        let first = self.base_group.as_ref().map_or(first, Group::to_string);
        let each = self.groups.iter().map(|group| match &group.name {
            Group::Release(month) => format!("Released from {month} on"),
            other => other.to_string(),
        });
        std::iter::once(first).chain(each).collect()
    }

    /// The score's name for an axis.
    pub(crate) fn score_label(&self) -> String {
        match self.score_scale {
            ScoreScale::Percent => format!("{} (%)", self.score_name),
            ScoreScale::Auto | ScoreScale::Share | ScoreScale::Any => self.score_name.clone(),
        }
    }

    /// Whether the predictor enters by its logarithm.
    pub(crate) fn is_logarithmic(&self) -> bool {
        self.predictor.scale == XScale::Log10
    }
}
