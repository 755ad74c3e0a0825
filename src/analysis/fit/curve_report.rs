//! One curve in the report: its parameters and marks, what it predicts, and the models around it.

use serde::{Deserialize, Serialize};

use crate::registry::modelset::Group;
use crate::stats::curves::Curve;
use crate::stats::estimate::{Estimate, Interval, Named};
use crate::stats::hinge::Outcome;
use crate::stats::parameter::Parameter;

/// The hinge beside another curve that leads: what the paper reports, whether or not it describes the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HingeReport {
    /// What its best fit looks like; a test of it stands in the analysis.
    pub outcome: Outcome,
    /// Gain per unit of the predictor's scale beyond the break.
    pub alpha: Estimate,
    /// The break on the log10 scale.
    pub c_log10: Estimate,
    /// The break in the predictor's own unit.
    pub c_e: Estimate,
    /// Difference of the first group at equal predictor.
    pub theta: Estimate,
    /// Differences of all groups, by their names.
    pub thetas: Vec<Named<Group>>,
    /// Every break that the data cannot tell from the best, in pieces.
    pub c_set: Option<Vec<(Option<f64>, Option<f64>)>>,
    /// Share of the variance that it explains, around the mean.
    pub r_squared: Option<f64>,
    /// Akaike's criterion for small samples.
    pub aicc: Option<f64>,
}

impl HingeReport {
    /// Takes the break back where nothing is shown to rise, for the reason that the curve that leads has.
    pub(super) fn take_back(&mut self, leads: &Estimate) {
        let none = || Estimate { reason: leads.reason.clone(), ..Estimate::default() };
        (self.c_log10, self.c_e, self.c_set) = (none(), none(), None);
    }

    /// Takes the intervals of the break and of the slope back where the curve that leads describes the scores far better: they
    /// hold for scores around a hinge, and cover 3 % of the time near a ceiling. `aicc` is that of the curve that leads.
    pub(super) fn doubt(&mut self, leads: Curve, aicc: Option<f64>) {
        let worse = self.aicc.zip(aicc).map(|(own, best)| own - best).filter(|worse| *worse > UNSUPPORTED);
        let Some(worse) = worse else { return };
        let reason =
            format!("no interval: the curve `{leads}` describes the scores far better (AICc lower by {worse:.0})");
        for estimate in [&mut self.alpha, &mut self.c_log10, &mut self.c_e].into_iter().filter(|e| e.value.is_some()) {
            *estimate = Estimate { value: estimate.value, ..Estimate::default() }.because(reason.as_str());
        }
        self.c_set = None;
    }
}

/// Difference of AICc from which a model has essentially no support (Burnham and Anderson 2002, section 2.6).
const UNSUPPORTED: f64 = 10.0;

/// One curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CurveReport {
    /// Which one.
    pub curve: Curve,
    /// Why it could not be fitted; `None` when it was.
    pub failed: Option<String>,
    /// Whether the optimiser ended in a minimum; `None` for curves that are fitted exactly.
    pub converged: Option<bool>,
    /// Its parameters.
    pub parameters: Vec<Named<Parameter>>,
    /// Number of parameters, the error variance counted.
    pub n_parameters: Option<usize>,
    /// Sum of squared residuals.
    pub sse: Option<f64>,
    /// Share of the variance explained.
    pub r_squared: Option<f64>,
    /// Akaike's criterion for small samples.
    pub aicc: Option<f64>,
    /// Bayesian criterion.
    pub bic: Option<f64>,
    /// Root mean squared error of predicting each model without it.
    pub rmse_without_model: Option<f64>,
    /// Root mean squared error of predicting each family without it.
    pub rmse_without_family: Option<f64>,
    /// Predicted scores.
    pub predictions: Vec<Prediction>,
    /// How well held-out models are predicted.
    pub holdout: Option<HoldoutReport>,
}

/// A predicted score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// The predictor in its own unit.
    pub x: f64,
    /// The group predicted for; `None` for the reference group.
    pub group: Option<Group>,
    /// Predicted score of a new model.
    pub score: Option<f64>,
    /// Its prediction interval.
    #[serde(flatten)]
    pub interval: Interval,
    /// Whether the predictor is beyond the fitted models.
    pub extrapolated: bool,
    /// Whether the predicted score is outside the scale of the score, as a curve without ceiling can be.
    pub outside_scale: bool,
}

/// How well held-out models are predicted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HoldoutReport {
    /// Which models were held out.
    pub selection: String,
    /// How many.
    pub n: usize,
    /// Root mean squared error.
    pub rmse: Option<f64>,
    /// Mean absolute error.
    pub mae: Option<f64>,
    /// Mean of observed minus predicted.
    pub bias: Option<f64>,
    /// Share of the models inside their prediction interval.
    pub coverage: Option<f64>,
}

/// A model and its residual.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FittedModel {
    /// Its name.
    pub model: String,
    /// Its family.
    pub family: String,
    /// What it shares with models it is not independent of.
    pub cluster: String,
    /// The predictor in its own unit.
    pub x: f64,
    /// Its group values.
    pub groups: Vec<f64>,
    /// The score.
    pub score: f64,
    /// The curve's value.
    pub fitted: Option<f64>,
    /// Score minus curve.
    pub residual: Option<f64>,
    /// Residual over the residual standard deviation.
    pub standardized: Option<f64>,
    /// How far the curve's value follows the score: the diagonal of the hat matrix.
    pub leverage: Option<f64>,
    /// The first group's difference when the model's cluster is left out.
    pub theta_without_cluster: Option<f64>,
    /// Weight in the fit.
    pub weight: Option<f64>,
    /// Whether it was held out of the fit.
    pub held_out: bool,
    /// Its prediction interval, for held-out models.
    pub interval: Interval,
}

/// A point of a curve with its confidence band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// The curve.
    pub curve: Curve,
    /// The group; `None` for the reference group.
    pub group: Option<Group>,
    /// The predictor in its own unit.
    pub x: f64,
    /// The curve.
    pub score: f64,
    /// The pointwise confidence band.
    pub interval: Interval,
}
