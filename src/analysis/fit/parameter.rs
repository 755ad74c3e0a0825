//! One estimated quantity: its value, how sure it is, by which method, and why something is missing.

use serde::{Deserialize, Serialize};

use crate::stats::covariance::CovarianceEstimate;
use crate::stats::observations::group_of_name;

/// An estimate with its 95 % interval.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Parameter {
    /// The estimate.
    pub estimate: Option<f64>,
    /// Its standard error.
    pub se: Option<f64>,
    /// The standard error's degrees of freedom.
    pub df: Option<f64>,
    /// Lower end of the interval; `None` where it has none.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Two-sided p-value of the quantity being 0, where that is a question.
    pub p_value: Option<f64>,
    /// What the interval comes from.
    pub method: Option<String>,
    /// Why a value is missing, or computed otherwise than asked for.
    pub reason: Option<String>,
    /// Intervals by other methods.
    pub intervals: Vec<Interval>,
}

/// An interval by one method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Interval {
    /// The method.
    pub method: String,
    /// Its standard error.
    pub se: Option<f64>,
    /// Lower end; `None` where it has none.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// Its two-sided p-value of the quantity being 0.
    pub p_value: Option<f64>,
    /// Why a value is missing.
    pub reason: Option<String>,
}

/// A parameter of a curve, by its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Named {
    /// Its name in the curve's formula.
    pub name: String,
    /// The estimate.
    #[serde(flatten)]
    pub parameter: Parameter,
}

impl Named {
    /// Whether it is a difference between groups, not one of the curve's own parameters.
    pub fn is_difference(&self) -> bool {
        group_of_name(&self.name).is_some()
    }
}

impl Parameter {
    /// An estimate whose uncertainty is not known, and why.
    pub(super) fn bare(estimate: f64, reason: &str) -> Self {
        Self { estimate: finite(estimate), reason: Some(reason.to_owned()), ..Self::default() }
    }

    /// Nothing, and why.
    pub(super) fn unknown(reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..Self::default() }
    }

    /// Parameter `index` of a fit, with Student's interval.
    pub(super) fn student(estimate: f64, index: usize, covariance: &CovarianceEstimate, level: f64) -> Self {
        let se = covariance.std_errors().get(index).copied().and_then(finite);
        let interval = covariance.interval(index, estimate, level);
        let mut parameter = Self {
            estimate: finite(estimate),
            se,
            df: covariance.degrees_of_freedom().get(index).copied().and_then(finite),
            low: interval.and_then(|(low, _)| finite(low)),
            high: interval.and_then(|(_, high)| finite(high)),
            p_value: covariance.p_value(index, estimate, 0.0),
            method: Some(covariance.kind().name().to_owned()),
            ..Self::default()
        };
        if parameter.se.is_none() || parameter.low.is_none() {
            parameter.reason = Some("the standard error is not a finite number".into());
        }
        parameter
    }

    /// The interval as one among others.
    pub(super) fn own_interval(&self) -> Interval {
        Interval {
            method: self.method.clone().unwrap_or_default(),
            se: self.se,
            low: self.low,
            high: self.high,
            p_value: self.p_value,
            reason: self.reason.clone(),
        }
    }
}

/// The number, unless it is none.
pub(super) fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
