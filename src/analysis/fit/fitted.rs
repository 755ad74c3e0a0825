//! A fitted curve and what is known of its uncertainty.

use super::models::FitModels;
use crate::Result;
use crate::stats::covariance::{Covariance, CovarianceEstimate};
use crate::stats::curve::FittedCurve;
use crate::stats::curves::Curve;
use crate::stats::distribution::student_quantile;
use crate::stats::estimate::{Estimate, Interval, Method, Named, ONE_FAMILY, finite};
use crate::stats::parameter::Parameter;

/// A fitted curve with the covariance of its parameters, or why there is none.
pub(super) struct Fitted {
    pub(super) curve: Curve,
    pub(super) fit: Box<dyn FittedCurve>,
    pub(super) covariance: std::result::Result<CovarianceEstimate, String>,
    /// Per parameter, why it can have no interval, where it can have none.
    refused: Vec<Option<String>>,
    /// Level of the intervals.
    level: f64,
}

impl Fitted {
    pub(super) fn new(curve: Curve, models: &FitModels<'_>) -> Result<Self> {
        Ok(Self::of(curve, curve.fit(models.levels(), &models.sample)?, models))
    }

    /// A curve fitted already.
    pub(super) fn of(curve: Curve, fit: Box<dyn FittedCurve>, models: &FitModels<'_>) -> Self {
        let covariance = Covariance::new(models.covariance).clusters(models.sample.families()).of(&*fit);
        let names = fit.names();
        let refused =
            names.iter().map(|name| name.group().and_then(|k| models.refusal(k)).map(str::to_owned)).collect();
        let covariance = covariance.map_err(|e| format!("no standard error: {e}"));
        Self { curve, fit, covariance, refused, level: models.level }
    }

    /// Residual variance; `None` without degrees of freedom.
    pub(super) fn variance(&self) -> Option<f64> {
        let df = self.fit.n().checked_sub(self.fit.estimates().len()).filter(|df| *df > 0)?;
        finite(self.fit.sse() / df as f64)
    }

    /// All parameters.
    pub(super) fn parameters(&self) -> Vec<Named<Parameter>> {
        let values = self.fit.estimates();
        let named = |(k, name)| Named { name, estimate: self.at(k, values[k]) };
        self.fit.names().into_iter().enumerate().map(named).collect()
    }

    fn at(&self, k: usize, value: f64) -> Estimate {
        if let Some(reason) = &self.refused[k] {
            return Estimate::of(value).because(reason.clone());
        }
        match &self.covariance {
            Ok(covariance) => Estimate::student(value, k, covariance, self.level),
            Err(reason) => Estimate::of(value).because(reason),
        }
    }

    /// The sum of two parameters, if the data determine both.
    pub(super) fn sum(&self, parameters: [Parameter; 2]) -> Option<Estimate> {
        let [a, b] = parameters.map(|parameter| self.fit.place_of(parameter));
        let (a, b) = (a?, b?);
        let values = self.fit.estimates();
        let bare = Estimate::of(values[a] + values[b]);
        let covariance = match &self.covariance {
            Ok(covariance) => covariance,
            Err(reason) => return Some(bare.because(reason)),
        };
        let bare = bare.by(Method::Covariance(covariance.kind()));
        if [a, b].iter().any(|k| covariance.kind().is_clustered() && covariance.is_determined_by_one_cluster(*k)) {
            return Some(bare.because(ONE_FAMILY));
        }
        let (matrix, df) = (covariance.matrix(), covariance.degrees_of_freedom());
        let se = (matrix[a][a] + matrix[b][b] + 2.0 * matrix[a][b]).max(0.0).sqrt();
        let df = df[a].min(df[b]);
        let half = student_quantile(0.5 + 0.5 * self.level, df).map(|t| t * se);
        let interval = half.zip(bare.value).map(|(half, value)| Interval::between(value - half, value + half));
        Some(Estimate { se: finite(se), df: finite(df), interval: interval.unwrap_or_default(), ..bare })
    }

    /// Whether one cluster alone determines a parameter.
    pub(super) fn is_alone(&self, parameter: Parameter) -> bool {
        let place = self.fit.place_of(parameter);
        place.zip(self.covariance.as_ref().ok()).is_some_and(|(k, all)| all.is_determined_by_one_cluster(k))
    }

    /// Whether a parameter that moves the curve here can have no interval: then the curve can have none either.
    pub(super) fn is_refused(&self, gradient: &[f64]) -> bool {
        let alone = |k: usize| {
            let covariance = self.covariance.as_ref().ok().filter(|c| c.kind().is_clustered());
            covariance.is_some_and(|covariance| covariance.is_determined_by_one_cluster(k))
        };
        gradient.iter().enumerate().any(|(k, g)| *g != 0.0 && (self.refused[k].is_some() || alone(k)))
    }

    /// A parameter, if the data determine it.
    pub(super) fn parameter(&self, parameter: Parameter) -> Option<Estimate> {
        let k = self.fit.place_of(parameter)?;
        Some(self.at(k, *self.fit.estimates().get(k)?))
    }
}

/// R²; that of a constant level is 0, not its rounding error.
pub(super) fn share(one: &Fitted) -> Option<f64> {
    let r = one.fit.r_squared().and_then(finite)?;
    Some(if r.abs() < ROUNDING { 0.0 } else { r })
}

/// An R² closer to 0 than this is rounding error.
const ROUNDING: f64 = 1e-12;
