//! How each method turns a fit into an [`Estimate`], with a reason where it cannot.

use super::settings::Inference;
use crate::stats::bootstrap::Replicates;
use crate::stats::clusters::Clusters;
use crate::stats::covariance::{Covariance, CovarianceEstimate, Kind};
use crate::stats::curve::FittedCurve;
use crate::stats::estimate::{Estimate, Interval, Method, OtherInterval, finite};
use crate::stats::hinge::{HingeFit, Outcome};
use crate::stats::hinge_bootstrap::HingeQuantity;
use crate::stats::parameter::Parameter;
use crate::stats::profile::ProfileSet;
use crate::stats::wild::{WildParameter, WildTest};
use crate::{Error, Result};

/// A hinge, its replicates and its covariance: what the methods below read.
pub(super) struct Known<'a> {
    pub(super) fit: &'a HingeFit,
    pub(super) families: &'a Clusters,
    pub(super) covariance: &'a Result<CovarianceEstimate>,
    pub(super) drawn: &'a Result<Replicates>,
}

impl Estimate {
    /// The estimate as far as it is known, before any interval.
    fn bare(value: Option<f64>, method: Method) -> Self {
        Self { value: value.and_then(finite), ..Self::default() }.by(method)
    }

    fn within(mut self, interval: Interval) -> Self {
        self.interval = interval.map(|end| end);
        match (self.interval.low, self.interval.high) {
            (None, None) => self.because("not bounded on either side within the data"),
            (None, _) => self.because("not bounded below within the data"),
            (_, None) => self.because("not bounded above within the data"),
            _ => self,
        }
    }
}

impl Inference {
    /// The covariance of `fit`, of the kind asked for.
    pub(super) fn covariance_of(&self, fit: &dyn FittedCurve, families: &Clusters) -> Result<CovarianceEstimate> {
        Covariance::new(self.kind).clusters(families).of(fit)
    }

    /// A parameter of `fit` by its covariance.
    pub(super) fn of_covariance(
        &self,
        fit: &HingeFit,
        parameter: Parameter,
        covariance: &Result<CovarianceEstimate>,
    ) -> Estimate {
        let method = Method::Covariance(self.kind);
        let Some(place) = fit.place_of(parameter) else {
            return Estimate::bare(None, method).because(not_determined(fit, parameter));
        };
        let estimate = Estimate::bare(Some(fit.estimates()[place]), method);
        let mut estimate = self.with_covariance(estimate, place, covariance);
        if !parameter.can_be_zero() {
            estimate.p_value = None;
        }
        estimate
    }

    fn with_covariance(
        &self,
        mut estimate: Estimate,
        place: usize,
        covariance: &Result<CovarianceEstimate>,
    ) -> Estimate {
        let covariance = match covariance {
            Ok(covariance) => covariance,
            Err(error) => return estimate.because(format!("no standard error: {error}")),
        };
        let error = covariance.std_errors()[place];
        let Some(value) = estimate.value else { return estimate };
        if error == 0.0 {
            return estimate.because("no standard error: the fit is perfect");
        }
        if covariance.is_determined_by_one_cluster(place) && self.kind.is_clustered() {
            return estimate.because("no standard error: one family alone determines it");
        }
        let df = covariance.degrees_of_freedom()[place];
        (estimate.se, estimate.df) = (finite(error), finite(df));
        if df < FEW_DEGREES {
            estimate = estimate.because(format!("only {df:.1} effective degrees of freedom: few families carry it"));
        }
        estimate.p_value = covariance.p_value(place, value, 0.0).and_then(finite);
        if let Some((low, high)) = covariance.interval(place, value, self.level) {
            estimate.interval = Interval::between(low, high);
        }
        estimate
    }

    /// A quantity by its replicates; where BCa cannot be computed, by percentile.
    pub(super) fn of_replicates(
        &self,
        value: Option<f64>,
        drawn: &Result<Replicates>,
        quantity: HingeQuantity,
        method: Resampled,
    ) -> Estimate {
        let drawn = match drawn {
            Ok(drawn) => drawn,
            Err(error) => return Estimate::bare(value, method.into()).because(format!("no interval: {error}")),
        };
        let k = quantity.place();
        let bca = (method == Resampled::Bca).then(|| drawn.bca(k, self.level)).flatten();
        let (interval, method) = match bca {
            Some(interval) => (Some(interval), Method::PairsBca),
            None => (drawn.percentile(k, self.level), Method::PairsPercentile),
        };
        let mut found = Estimate::bare(value, method);
        found.se = drawn.standard_error(k).and_then(finite);
        match interval {
            Some(interval) => found.within(interval),
            None => found.because("no interval: undefined in most replicates"),
        }
    }

    /// α, c or θ by the covariances and bootstraps that are not its default.
    pub(super) fn by_other_methods(
        &self,
        known: &Known<'_>,
        parameter: Parameter,
        quantity: HingeQuantity,
    ) -> Vec<OtherInterval> {
        let Known { fit, families, drawn, .. } = *known;
        let mut others = Vec::new();
        if fit.place_of(parameter).is_some() {
            // The break's own interval is a set of values, so every covariance is another method for it.
            let kinds = [Kind::Classical, Kind::Hc3, Kind::Cr1, Kind::Cr2, Kind::Cr3];
            for kind in kinds.into_iter().filter(|kind| *kind != self.kind || parameter == Parameter::C) {
                let settings = self.clone().covariance(kind);
                others.push(settings.of_covariance(fit, parameter, &settings.covariance_of(fit, families)));
            }
        }
        let value = match parameter {
            Parameter::C => fit.emergence(),
            other => fit.estimate_of(other),
        };
        others.push(self.of_replicates(value, drawn, quantity, Resampled::Percentile));
        let bca = self.of_replicates(value, drawn, quantity, Resampled::Bca);
        // Where BCa falls back on the percentile interval, that stands in the list already.
        others.extend(Some(bca).filter(|bca| bca.method == Some(Method::PairsBca)));
        others.iter().filter_map(Estimate::as_other).collect()
    }

    /// α or θ with its interval and those by other methods.
    pub(super) fn parameter(&self, known: &Known<'_>, parameter: Parameter, quantity: HingeQuantity) -> Estimate {
        let others = self.by_other_methods(known, parameter, quantity);
        Estimate { others, ..self.of_covariance(known.fit, parameter, known.covariance) }
    }

    /// θ of a group by inverting the wild cluster bootstrap-t, with the p-value of the test of 0.
    pub(super) fn by_wild_bootstrap(
        &self,
        parameter: &Result<WildParameter<'_>>,
        test: &Result<WildTest>,
    ) -> Option<OtherInterval> {
        let estimate = Estimate::bare(None, Method::WildT);
        let estimate = match parameter.as_ref().map(|parameter| parameter.interval(self.level)) {
            Ok(Ok(interval)) => estimate.within(interval),
            Ok(Err(error)) => estimate.because(format!("no interval: {error}")),
            Err(error) => estimate.because(format!("no interval: {error}")),
        };
        let p_value = test.as_ref().ok().and_then(|test| finite(test.p_value));
        Estimate { p_value, ..estimate }.as_other()
    }

    /// The difference in a parameter between two fits of the same models. Both fits are one least-squares problem of 2n
    /// rows in which the difference is a parameter of its own; families run through both halves.
    pub(super) fn stacked(
        &self,
        fits: &[HingeFit; 2],
        parameter: Parameter,
        value: Option<f64>,
        families: &Clusters,
    ) -> Estimate {
        let estimate = Estimate::bare(value, Method::Covariance(self.kind));
        let places = (fits[0].place_of(parameter), fits[1].place_of(parameter));
        let (Some(_), (Some(first), Some(second))) = (value, places) else {
            return estimate.because(match value {
                Some(_) => "no standard error: not a parameter of both fits",
                None => "not determined by both scores",
            });
        };
        let jacobians = [fits[0].jacobian(), fits[1].jacobian()];
        let n = fits[0].residuals.len();
        let pad = |column: &[f64], half: usize| -> Vec<f64> {
            let zeros = vec![0.0; n];
            if half == 0 { [column, &zeros].concat() } else { [&zeros[..], column].concat() }
        };
        // f0 = J0 (δ + β1), f1 = J1 β1: the column of δ is that of the first fit, that of β1 runs through both.
        let mut columns =
            vec![pad(&jacobians[0][first], 0), [&jacobians[0][first][..], &jacobians[1][second]].concat()];
        for (half, own) in [(0, first), (1, second)] {
            let rest = jacobians[half].iter().enumerate().filter(|(j, _)| *j != own);
            columns.extend(rest.map(|(_, column)| pad(column, half)));
        }
        let residuals = [&fits[0].residuals[..], &fits[1].residuals].concat();
        let twice = Clusters::new(&[families.of(), families.of()].concat());
        let weights = |fit: &HingeFit| fit.weights().map_or_else(|| vec![1.0; n], <[f64]>::to_vec);
        let weights = [weights(&fits[0]), weights(&fits[1])].concat();
        let covariance = Covariance::new(self.kind).clusters(&twice).weights(&weights);
        self.with_covariance(estimate, 0, &covariance.estimate(&columns, &residuals))
    }
}

/// Which interval of a bootstrap is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resampled {
    Percentile,
    Bca,
}

impl From<Resampled> for Method {
    fn from(resampled: Resampled) -> Self {
        match resampled {
            Resampled::Percentile => Self::PairsPercentile,
            Resampled::Bca => Self::PairsBca,
        }
    }
}

/// c by a set of values.
pub(super) fn by_set(fit: &HingeFit, set: &Result<ProfileSet>, method: Method) -> Estimate {
    let mut estimate = Estimate::bare(fit.emergence(), method);
    if fit.outcome != Outcome::Break {
        estimate = estimate.because(not_determined(fit, Parameter::C));
    }
    match set {
        Err(error) => estimate.because(format!("no interval: {error}")),
        Ok(set) => match set.hull() {
            None => estimate.because("every break within the data is rejected"),
            Some(hull) => {
                let estimate = estimate.within(hull);
                if set.pieces.len() > 1 {
                    estimate
                        .because(format!("the set has {} pieces; the ends are those of all together", set.pieces.len()))
                } else {
                    estimate
                }
            }
        },
    }
}

/// Applies an equivalence question to an estimate with a standard error.
pub(super) fn with_error<T>(
    parameter: Parameter,
    estimate: &Estimate,
    question: impl Fn(f64, f64, f64) -> Result<T>,
) -> Result<T> {
    match (estimate.value, estimate.se, estimate.df) {
        (Some(value), Some(error), Some(df)) => question(value, error, df),
        _ => Err(Error::Undetermined(format!(
            "no equivalence test of {parameter}: {}",
            estimate.reason.as_deref().unwrap_or("it has no standard error")
        ))),
    }
}

fn not_determined(fit: &HingeFit, parameter: Parameter) -> String {
    match (parameter, fit.outcome) {
        (Parameter::C, Outcome::NoBreak) => "no break within the data: every model lies beyond it".into(),
        (Parameter::C, Outcome::Flat) => "no break: nothing rises".into(),
        (Parameter::Alpha, Outcome::Flat) => "nothing rises".into(),
        _ => format!("the data do not determine {parameter}"),
    }
}

/// Below this many degrees of freedom a Satterthwaite interval is not to be relied on (Pustejovsky and Tipton 2018).
const FEW_DEGREES: f64 = 4.0;
