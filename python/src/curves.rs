//! Curves on arrays of numbers.

use onset::stats::clusters::Clusters;
use onset::stats::covariance::{Covariance, CovarianceEstimate, Kind};
use onset::stats::curve::FittedCurve;
use onset::stats::curves::{self, Levels};
use onset::stats::sample::Sample;
use pyo3::prelude::*;

use super::errors::input;
use super::tables::raise;

/// A curve by name, with the levels that are held.
#[pyclass(frozen, module = "onset_curves")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Curve {
    curve: curves::Curve,
    levels: Levels,
}

#[pymethods]
impl Curve {
    #[new]
    #[pyo3(signature = (name, chance=None, ceiling=None))]
    fn new(name: &str, chance: Option<f64>, ceiling: Option<f64>) -> PyResult<Self> {
        if [chance, ceiling].into_iter().flatten().any(|level| !level.is_finite()) {
            return Err(input("chance and ceiling are finite numbers, or None to estimate them"));
        }
        Ok(Self { curve: raise(name.parse())?, levels: Levels { chance, ceiling } })
    }

    /// Its formula, groups aside.
    #[getter]
    fn formula(&self) -> &'static str {
        self.curve.formula()
    }

    /// Fits the curve.
    #[pyo3(signature = (x, y, groups=None, weights=None, families=None))]
    fn fit(
        &self,
        x: Vec<f64>,
        y: Vec<f64>,
        groups: Option<Vec<Vec<f64>>>,
        weights: Option<Vec<f64>>,
        families: Option<Vec<String>>,
    ) -> PyResult<CurveFit> {
        let mut sample = raise(Sample::new(&x, &y))?;
        if let Some(groups) = groups {
            sample = raise(sample.with_groups(&groups))?;
        }
        if let Some(weights) = weights {
            sample = raise(sample.with_weights(&weights))?;
        }
        let clusters = families.map(|labels| Clusters::new(&labels));
        if let Some(clusters) = &clusters {
            sample = raise(sample.with_families(clusters))?;
        }
        let fit = raise(self.curve.fit(self.levels, &sample))?;
        Ok(CurveFit { fit, clusters })
    }
}

/// A fitted curve.
#[pyclass(frozen, module = "onset_curves")]
pub(crate) struct CurveFit {
    fit: Box<dyn FittedCurve>,
    clusters: Option<Clusters>,
}

impl CurveFit {
    fn covariance_of(&self, kind: &str) -> PyResult<CovarianceEstimate> {
        let kind: Kind = raise(kind.parse())?;
        if kind.is_clustered() && self.clusters.is_none() {
            let others = "fit with families=, or ask for classical or hc0 to hc3";
            return Err(input(&format!("{kind} needs to know which models are of one family: {others}")));
        }
        let mut covariance = Covariance::new(kind);
        if let Some(weights) = self.fit.weights() {
            covariance = covariance.weights(weights);
        }
        if let Some(clusters) = &self.clusters {
            covariance = covariance.clusters(clusters);
        }
        raise(covariance.of(&*self.fit))
    }
}

#[pymethods]
impl CurveFit {
    /// Names of the identified parameters.
    #[getter]
    fn names(&self) -> Vec<String> {
        self.fit.names().iter().map(ToString::to_string).collect()
    }

    /// Their estimates.
    #[getter]
    fn estimates(&self) -> Vec<f64> {
        self.fit.estimates()
    }

    /// Fitted values, in the order of the observations.
    #[getter]
    fn fitted(&self) -> Vec<f64> {
        self.fit.fitted().to_vec()
    }

    /// Observed minus fitted.
    #[getter]
    fn residuals(&self) -> Vec<f64> {
        self.fit.residuals().to_vec()
    }

    /// Sum of squared residuals.
    #[getter]
    fn sse(&self) -> f64 {
        self.fit.sse()
    }

    /// Share of the variance around the mean that the curve explains; None for constant scores.
    #[getter]
    fn r_squared(&self) -> Option<f64> {
        self.fit.r_squared()
    }

    /// Observations of positive weight.
    #[getter]
    fn n(&self) -> usize {
        self.fit.n()
    }

    /// Whether the optimiser ended in a minimum; None for curves that are fitted exactly.
    #[getter]
    fn converged(&self) -> Option<bool> {
        self.fit.converged()
    }

    /// Gaussian log-likelihood at the maximum.
    #[getter]
    fn log_likelihood(&self) -> f64 {
        self.fit.log_likelihood()
    }

    /// Standard errors of the estimates.
    fn std_errors(&self, covariance: &str) -> PyResult<Vec<f64>> {
        Ok(self.covariance_of(covariance)?.std_errors())
    }

    /// Confidence intervals of the estimates.
    fn intervals(&self, covariance: &str, level: f64) -> PyResult<Vec<Option<(f64, f64)>>> {
        if !(level > 0.0 && level < 1.0) {
            return Err(input(&format!("the level of intervals lies between 0 and 1, not at {level}")));
        }
        let found = self.covariance_of(covariance)?;
        Ok(self.fit.estimates().iter().enumerate().map(|(at, value)| found.interval(at, *value, level)).collect())
    }

    /// The curve at these places; groups as in `fit`, one list for each.
    #[pyo3(signature = (x, groups=None))]
    fn predict(&self, x: Vec<f64>, groups: Option<Vec<Vec<f64>>>) -> PyResult<Vec<f64>> {
        let groups = groups.unwrap_or_default();
        if groups.iter().any(|group| group.len() != x.len()) {
            return Err(input("every group needs a value for each place"));
        }
        let at = |row: usize| groups.iter().map(|group| group[row]).collect::<Vec<f64>>();
        Ok((0..x.len()).map(|row| self.fit.predict(x[row], &at(row))).collect())
    }
}
