//! Compute is not known exactly: parameters and tokens are rounded, reported late, or guessed.
//!
//! With x_i = true log10 C_i + error of standard deviation σ_i, least squares is attenuated. Simulation–extrapolation
//! (Cook and Stefanski 1994) makes it worse on purpose and follows the trend back: for λ in {0.5, 1, 1.5, 2} refit many
//! times with errors of variance λσ_i² added to x, average each parameter, and extrapolate the quadratic through the
//! averages (λ = 0 is the plain fit) to λ = -1, where no error is left.
//!
//! Variances go the same way (Stefanski and Cook 1995): at each λ the mean of the fits' own cluster-robust variances (CR2)
//! minus the variance of the estimates between simulations, extrapolated to λ = -1. Intervals use Student's t with the
//! degrees of freedom of the plain fit. The attenuation is plain estimate over corrected estimate.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::covariance::{Covariance, Kind};
use super::curve::FittedCurve;
use super::distribution::student_quantile;
use super::estimate::Interval;
use super::hinge::Hinge;
use super::least_squares::LeastSquares;
use super::parameter::Parameter;
use super::random::Seed;
use super::sample::Sample;
use crate::{Error, Result};

/// Simulation–extrapolation for uncertain x.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Simex {
    seed: Seed,
    sd: Vec<f64>,
    simulations: usize,
    level: f64,
    kind: Kind,
}

/// One parameter corrected for uncertain x.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Corrected {
    /// The parameter.
    pub name: Parameter,
    /// The plain estimate.
    pub plain: f64,
    /// The corrected estimate; `None` when too few simulations determine the parameter.
    pub corrected: Option<f64>,
    /// Plain over corrected; `None` with it, and where the corrected estimate is zero. For c, whose zero is arbitrary,
    /// `None`; read the difference.
    pub attenuation: Option<f64>,
    /// Its standard error; `None` when the extrapolated variance is not positive.
    pub standard_error: Option<f64>,
    /// Its interval; without ends where there is no standard error.
    pub interval: Interval,
}

impl Simex {
    /// With the standard deviation of log10 C of every model; 200 simulations for each λ, 95 % intervals.
    ///
    /// # Errors
    /// `Argument` for a negative or non-finite standard deviation.
    pub(crate) fn new(seed: Seed, sd: &[f64]) -> Result<Self> {
        match sd.iter().find(|s| !(**s >= 0.0 && s.is_finite())) {
            Some(bad) => Err(Error::Argument(format!("a standard deviation of log10 compute cannot be {bad}"))),
            None => Ok(Self { seed, sd: sd.to_vec(), simulations: 200, level: 0.95, kind: Kind::Cr2 }),
        }
    }

    /// Number of simulations for each λ.
    #[must_use]
    #[cfg(test)]
    pub(crate) fn simulations(mut self, simulations: usize) -> Self {
        self.simulations = simulations;
        self
    }

    /// Confidence level of the intervals.
    #[must_use]
    pub(crate) fn level(mut self, level: f64) -> Self {
        self.level = level;
        self
    }

    /// The covariance behind the intervals, CR2 unless set.
    #[must_use]
    pub(crate) fn covariance(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// Corrects the parameters of `hinge` fitted to a sample, in the order of the fit's names.
    ///
    /// # Errors
    /// Those of the hinge; `Argument` when lengths differ or there are fewer than two simulations.
    pub(crate) fn run(&self, hinge: &Hinge, sample: &Sample) -> Result<Vec<Corrected>> {
        self.run_curve(sample, |sample| Ok(Box::new(hinge.fit_sample(sample)?)))
    }

    /// The same of any curve.
    pub(crate) fn run_curve(
        &self,
        sample: &Sample,
        curve: impl Fn(&Sample) -> Result<Box<dyn FittedCurve>> + Sync,
    ) -> Result<Vec<Corrected>> {
        if self.sd.len() != sample.len() {
            return Err(Error::Argument("scores and standard deviations of log10 compute differ in number".into()));
        }
        if self.simulations < 2 {
            return Err(Error::Argument("simulation–extrapolation needs at least two simulations".into()));
        }
        let plain = curve(sample)?;
        let names = plain.names();
        let estimates = plain.estimates();
        let robust = Covariance::new(self.kind).clusters(sample.families());
        let variances = |fit: &dyn FittedCurve| -> Option<Vec<f64>> {
            let found = robust.of(fit).ok()?;
            Some(found.std_errors().iter().map(|s| s * s).collect())
        };
        let own = robust.of(&*plain).ok();
        let simulated: Vec<Vec<Simulated>> = LAMBDAS
            .iter()
            .enumerate()
            .map(|(step, lambda)| {
                (0..self.simulations)
                    .into_par_iter()
                    .filter_map(|b| {
                        let mut stream =
                            self.seed.stream("simulation extrapolation", (step * self.simulations + b) as u64);
                        let noisy: Vec<f64> = sample
                            .x()
                            .iter()
                            .zip(&self.sd)
                            .map(|(x, s)| x + lambda.sqrt() * s * stream.normal())
                            .collect();
                        let fit = curve(&sample.with_predictor(&noisy).ok()?).ok()?;
                        // Another shape has other parameters: nothing to average with.
                        (fit.names() == names)
                            .then(|| Simulated { values: fit.estimates(), variances: variances(&*fit) })
                    })
                    .collect()
            })
            .collect();
        Ok((0..names.len())
            .map(|k| {
                let corrected = self.extrapolate(&simulated, estimates[k], |s| Some(s.values[k]), mean);
                let own_variance = own.as_ref().map(|v| v.matrix()[k][k]);
                let within = own_variance
                    .and_then(|v| self.extrapolate(&simulated, v, |s| s.variances.as_ref().map(|v| v[k]), mean));
                let between = self.extrapolate(&simulated, 0.0, |s| Some(s.values[k]), variance);
                let standard_error = within
                    .zip(between)
                    .map(|(within, between)| within - between)
                    .filter(|v| *v > 0.0 && v.is_finite())
                    .map(f64::sqrt);
                let ends = corrected.zip(standard_error).and_then(|(estimate, error)| {
                    let df = own.as_ref()?.degrees_of_freedom()[k];
                    let half = student_quantile(0.5 + 0.5 * self.level, df)? * error;
                    Some(Interval::between(estimate - half, estimate + half))
                });
                let ratio = corrected.filter(|c| *c != 0.0 && names[k].can_be_zero()).map(|c| estimates[k] / c);
                Corrected {
                    name: names[k],
                    plain: estimates[k],
                    corrected,
                    attenuation: ratio.filter(|r| r.is_finite()),
                    standard_error,
                    interval: ends.unwrap_or_default(),
                }
            })
            .collect())
    }

    /// The quadratic through `at_zero` and the summaries at each λ, at λ = -1. `None` when some λ has too few simulations.
    fn extrapolate(
        &self,
        simulated: &[Vec<Simulated>],
        at_zero: f64,
        value: impl Fn(&Simulated) -> Option<f64>,
        summary: impl Fn(&[f64]) -> f64,
    ) -> Option<f64> {
        let mut lambdas = vec![0.0];
        let mut summaries = vec![at_zero];
        for (lambda, simulations) in LAMBDAS.iter().zip(simulated) {
            let values: Vec<f64> = simulations.iter().filter_map(&value).collect();
            if values.len() < 2 || 2 * values.len() < self.simulations {
                return None;
            }
            lambdas.push(*lambda);
            summaries.push(summary(&values));
        }
        let columns = [vec![1.0; lambdas.len()], lambdas.clone(), lambdas.iter().map(|l| l * l).collect()];
        let fit = LeastSquares::fit(&columns, &summaries, None).ok()?;
        let [a, b, c] = [fit.coefficients[0], fit.coefficients[1], fit.coefficients[2]];
        Some(a - b + c).filter(|v| v.is_finite())
    }
}

/// One refit with noisier x.
struct Simulated {
    values: Vec<f64>,
    variances: Option<Vec<f64>>,
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn variance(values: &[f64]) -> f64 {
    let mean = mean(values);
    values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64
}

/// Added error variances, in units of the error's own.
const LAMBDAS: [f64; 4] = [0.5, 1.0, 1.5, 2.0];

#[cfg(test)]
mod tests {
    #[test]
    fn the_example_holds() -> crate::Result<()> {
        use crate::stats::clusters::Clusters;
        use crate::stats::hinge::Hinge;
        use crate::stats::parameter::Parameter;
        use crate::stats::random::Seed;
        use crate::stats::sample::Sample;
        use crate::stats::simex::Simex;
        let x = [20.0, 20.5, 21.0, 21.5, 22.0, 22.3, 22.6, 23.0, 23.2, 23.5, 23.8, 24.0];
        let y = [0.24, 0.26, 0.25, 0.27, 0.31, 0.41, 0.38, 0.42, 0.53, 0.49, 0.61, 0.58];
        let families = Clusters::new(&[1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]);
        let corrected = Simex::new(Seed(1), &[0.1; 12])?
            .simulations(50)
            .run(&Hinge::new().chance(0.25), &Sample::new(&x, &y)?.with_families(&families)?)?;
        assert_eq!(corrected[0].name, Parameter::Alpha);
        assert!(corrected[0].corrected.is_some());
        Ok(())
    }
}
