//! A value, how sure it is, by which method, and why something is missing: what every method here answers with.
//!
//! ```
//! use onset::stats::estimate::{Estimate, Interval, Method};
//!
//! let theta = Estimate { interval: Interval::between(-0.02, 0.05), ..Estimate::of(0.01) }.by("CR2".parse()?);
//! assert!(theta.interval.contains(0.0) && theta.excludes_zero() == Some(false));
//! assert_eq!(theta.method.map(|m| m.to_string()).as_deref(), Some("CR2"));
//! assert_eq!("pairs cluster bootstrap, BCa".parse::<Method>()?, Method::PairsBca);
//! # Ok::<(), onset::Error>(())
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::covariance::{CovarianceEstimate, Kind};
use crate::serial::serde_as_text;
use crate::{Error, Result};

/// The values between two ends. An end that is `None` was not found: values arbitrarily far out are not excluded, or
/// there is no interval at all.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Interval {
    /// Lower end.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
}

impl Interval {
    /// An interval with both ends; an end that is not finite counts as none.
    pub fn between(low: f64, high: f64) -> Self {
        Self { low: finite(low), high: finite(high) }
    }

    /// Whether neither end is known.
    pub fn is_open(&self) -> bool {
        self.low.is_none() && self.high.is_none()
    }

    /// Both ends, where there are two.
    pub fn ends(&self) -> Option<(f64, f64)> {
        self.low.zip(self.high)
    }

    /// Whether `value` lies in it; an end that is not known excludes nothing.
    pub fn contains(&self, value: f64) -> bool {
        self.low.is_none_or(|low| low <= value) && self.high.is_none_or(|high| value <= high)
    }

    /// Both ends by a function that grows; ends that come out infinite or as no number are dropped.
    #[must_use]
    pub(crate) fn map(self, function: impl Fn(f64) -> f64) -> Self {
        let end = |end: Option<f64>| end.map(&function).and_then(finite);
        Self { low: end(self.low), high: end(self.high) }
    }
}

/// What an interval comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Student's t with a standard error of this kind.
    Covariance(Kind),
    /// Percentiles of the pairs cluster bootstrap.
    PairsPercentile,
    /// Percentiles of resamples of clusters inside clusters.
    NestedPercentile,
    /// The pairs cluster bootstrap, corrected for bias and skewness.
    PairsBca,
    /// The restricted wild cluster bootstrap-t of one parameter, inverted.
    WildT,
    /// The restricted wild cluster bootstrap of the break, inverted: a set.
    WildSet,
    /// The profile of the break, cut at a quantile of F.
    ProfileF,
    /// The profile of a likelihood, cut at a quantile of F.
    ProfileLikelihood,
    /// Simulation–extrapolation for uncertain compute.
    Simex,
}

impl Method {
    const RESAMPLED: [Self; 8] = [
        Self::PairsPercentile,
        Self::NestedPercentile,
        Self::PairsBca,
        Self::WildT,
        Self::WildSet,
        Self::ProfileF,
        Self::ProfileLikelihood,
        Self::Simex,
    ];

    /// The name as printed and in files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Covariance(kind) => kind.name(),
            Self::PairsPercentile => "pairs cluster bootstrap, percentile",
            Self::NestedPercentile => "nested cluster bootstrap, percentile",
            Self::PairsBca => "pairs cluster bootstrap, BCa",
            Self::WildT => "restricted wild cluster bootstrap-t, inverted",
            Self::WildSet => "restricted wild cluster bootstrap, inverted",
            Self::ProfileF => "profile, F quantile",
            Self::ProfileLikelihood => "profile likelihood, F quantile",
            Self::Simex => "simulation–extrapolation",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Method {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Some(method) = Self::RESAMPLED.into_iter().find(|method| method.name() == text) {
            return Ok(method);
        }
        text.parse().map(Self::Covariance).map_err(|_| Error::Argument(format!("unknown method `{text}`")))
    }
}

serde_as_text!(Method);

/// A value with its interval.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Estimate {
    /// The estimate; `None` where the data do not determine one.
    #[serde(rename = "estimate")]
    pub value: Option<f64>,
    /// Its standard error, where the method has one.
    pub se: Option<f64>,
    /// The standard error's degrees of freedom.
    pub df: Option<f64>,
    /// Its interval.
    #[serde(flatten)]
    pub interval: Interval,
    /// Two-sided p-value of the value being 0, where that is a question.
    pub p_value: Option<f64>,
    /// What interval and standard error come from.
    pub method: Option<Method>,
    /// Why a value is missing, or computed otherwise than asked for, as a text for people.
    pub reason: Option<String>,
    /// Intervals by other methods.
    #[serde(rename = "intervals")]
    pub others: Vec<OtherInterval>,
}

/// The interval of an estimate by another method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OtherInterval {
    /// The method.
    pub method: Method,
    /// Its standard error.
    pub se: Option<f64>,
    /// The interval.
    #[serde(flatten)]
    pub interval: Interval,
    /// Its two-sided p-value of the value being 0.
    pub p_value: Option<f64>,
    /// Why something is missing.
    pub reason: Option<String>,
}

/// An estimate and what it is of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Named<N> {
    /// What was estimated.
    pub name: N,
    /// The estimate.
    #[serde(flatten)]
    pub estimate: Estimate,
}

impl Estimate {
    /// A value of which nothing more is known; one that is not finite counts as none.
    pub fn of(value: f64) -> Self {
        Self { value: finite(value), ..Self::default() }
    }

    /// No value, and why.
    pub(crate) fn unknown(reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..Self::default() }
    }

    /// The same by this method.
    #[must_use]
    pub fn by(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    /// The same with a further reason after those that it has.
    #[must_use]
    pub(crate) fn because(mut self, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        self.reason = Some(match self.reason.take() {
            Some(first) => format!("{first}; {reason}"),
            None => reason,
        });
        self
    }

    /// Parameter number `place` of a fit, with Student's interval by its covariance; without one where that covariance is
    /// clustered and one family alone determines the parameter.
    pub(crate) fn student(value: f64, place: usize, covariance: &CovarianceEstimate, level: f64) -> Self {
        if covariance.kind().is_clustered() && covariance.is_determined_by_one_cluster(place) {
            return Self::of(value).by(Method::Covariance(covariance.kind())).because(ONE_FAMILY);
        }
        let se = covariance.std_errors().get(place).copied().and_then(finite);
        let ends = covariance.interval(place, value, level);
        let found = Self {
            se,
            df: covariance.degrees_of_freedom().get(place).copied().and_then(finite),
            interval: ends.map(|(low, high)| Interval::between(low, high)).unwrap_or_default(),
            p_value: covariance.p_value(place, value, 0.0),
            ..Self::of(value).by(Method::Covariance(covariance.kind()))
        };
        if found.se.is_none() || found.interval.low.is_none() {
            return found.because("the standard error is not a finite number");
        }
        found
    }

    /// Whether the interval leaves out zero; `None` without both ends.
    pub fn excludes_zero(&self) -> Option<bool> {
        self.interval.ends().map(|(low, high)| low > 0.0 || high < 0.0)
    }

    /// The interval as one among others; `None` where no method is known.
    pub(crate) fn as_other(&self) -> Option<OtherInterval> {
        let Self { se, interval, p_value, .. } = *self;
        Some(OtherInterval { method: self.method?, se, interval, p_value, reason: self.reason.clone() })
    }

    /// Its interval by `method`, as the estimate's own or among the others.
    pub fn interval_by(&self, method: Method) -> Option<Interval> {
        let other = || self.others.iter().find(|other| other.method == method).map(|other| other.interval);
        if self.method == Some(method) { Some(self.interval) } else { other() }
    }
}

/// Why a difference that one family alone makes has no interval.
pub(crate) const ONE_FAMILY: &str =
    "no interval: one family alone determines it, and nothing says how much another family would have differed";

/// The number, unless it is none.
pub(crate) fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_read_as_it_is_written() {
        let all = Method::RESAMPLED.into_iter().chain(Kind::ALL.map(Method::Covariance));
        for method in all {
            assert_eq!(method.to_string().parse::<Method>().expect("a method"), method);
        }
        assert!("the wild one".parse::<Method>().is_err());
    }

    #[test]
    fn an_estimate_is_written_with_its_ends_beside_it() {
        let theta = Estimate {
            se: Some(0.01),
            df: Some(4.0),
            interval: Interval { low: Some(-0.5), high: None },
            ..Estimate::of(0.25)
        };
        let theta = theta.by(Method::Covariance(Kind::Cr2)).because("few families").because("a wide one");
        let named = Named { name: "theta".to_owned(), estimate: theta };
        let text = serde_json::to_string(&named).expect("JSON");
        assert_eq!(
            text,
            "{\"name\":\"theta\",\"estimate\":0.25,\"se\":0.01,\"df\":4.0,\"low\":-0.5,\"high\":null,\"p_value\":null,\
             \"method\":\"CR2\",\"reason\":\"few families; a wide one\",\"intervals\":[]}"
        );
        assert_eq!(serde_json::from_str::<Named<String>>(&text).expect("an estimate"), named);
    }

    #[test]
    fn what_is_not_finite_is_no_value_and_no_end() {
        assert_eq!(Estimate::of(f64::NAN).value, None);
        assert_eq!(Interval::between(0.0, f64::INFINITY), Interval { low: Some(0.0), high: None });
        assert_eq!(Interval::between(2.0, 400.0).map(|c| 10f64.powf(c)).high, None);
        assert_eq!(
            Estimate { interval: Interval { low: Some(1.0), high: None }, ..Estimate::of(2.0) }.excludes_zero(),
            None
        );
    }
}
