//! A fitted curve and what is known of its uncertainty.

use super::models::FitModels;
use super::settings::{FitSettings, LEVEL};
use crate::Result;
use crate::stats::covariance::{Covariance, CovarianceEstimate};
use crate::stats::curve::FittedCurve;
use crate::stats::curves::Curve;
use crate::stats::estimate::{Estimate, Named, finite};
use crate::stats::parameter::Parameter;

/// A fitted curve with the covariance of its parameters, or why there is none.
pub(super) struct Fitted {
    pub(super) curve: Curve,
    pub(super) fit: Box<dyn FittedCurve>,
    pub(super) covariance: std::result::Result<CovarianceEstimate, String>,
}

impl Fitted {
    pub(super) fn new(curve: Curve, settings: &FitSettings, models: &FitModels<'_>) -> Result<Self> {
        let fit = curve.fit(models.chance, &models.sample)?;
        let covariance = Covariance::new(settings.covariance).clusters(models.sample.families()).of(&*fit);
        Ok(Self { curve, fit, covariance: covariance.map_err(|e| format!("no standard error: {e}")) })
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
        match &self.covariance {
            Ok(covariance) => Estimate::student(value, k, covariance, LEVEL),
            Err(reason) => Estimate::of(value).because(reason),
        }
    }

    /// A parameter, if the data determine it.
    pub(super) fn parameter(&self, parameter: Parameter) -> Option<Estimate> {
        let k = self.fit.place_of(parameter)?;
        Some(self.at(k, *self.fit.estimates().get(k)?))
    }
}
