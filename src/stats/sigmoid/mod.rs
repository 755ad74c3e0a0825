//! What the logistic and the Richards curve have in common: y = r + (u - r) G(x) + Σ θ_k z_k with a growth function G
//! from 0 to 1.
//!
//! Given the shape of G the model is linear in r, u and θ (as far as they are free), so a deterministic grid over the
//! shape alone, with that linear part solved exactly at every node (variable projection, Golub and Pereyra 1973), shows
//! every basin. The minimiser takes a few steps from the best node of each and follows the best of them to the end.

mod growth;
mod problem;
mod settings;

use growth::Coordinates;
pub(super) use growth::Growth;
use problem::Rows;
pub(super) use settings::Sigmoid;

use serde::{Deserialize, Serialize};

use super::curve::sum_of_squares;
use super::design::collinear_column;
use super::multistart::Multistart;
use super::observations::{differences, finite_result, identified, only, shift, spread};
use super::optimise::NonlinearLeastSquares;
use super::parameter::Parameter;
use super::sample::Sample;
use crate::{Error, Result};

/// The fitted curve.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Fitted {
    settings: Sigmoid,
    pub(super) chance: f64,
    pub(super) upper: f64,
    /// Shape parameters, ν included where it was given.
    pub(super) shape: Vec<f64>,
    pub(super) theta: Vec<f64>,
    pub(super) identified: Vec<bool>,
    pub(super) converged: bool,
    #[serde(with = "crate::serial::real")]
    pub(super) sse: f64,
    pub(super) n: usize,
    pub(super) residuals: Vec<f64>,
    pub(super) fitted: Vec<f64>,
    /// Which of the parameters, in the order of the names, the data determine.
    listed: Vec<bool>,
    pub(super) sample: Sample,
}

impl Sigmoid {
    /// Fits from the grid, or from `start` (free parameters in the order of the names).
    pub(super) fn fit(&self, sample: &Sample, start: Option<&[f64]>) -> Result<Fitted> {
        let (x, y, groups, weights) = (sample.x(), sample.y(), sample.groups(), sample.weights());
        for (name, value) in [("chance", self.chance), ("the upper asymptote", self.upper)] {
            if let Some(value) = value.filter(|v| !v.is_finite()) {
                return Err(Error::Argument(format!("{name} is {value}, not a finite number")));
            }
        }
        let constant = if self.free_asymptotes() == 2 { vec![vec![1.0; x.len()]] } else { vec![] };
        let identified = identified(&constant, groups, weights);
        let rows = Rows::new(self, x, y, &only(groups, &identified), weights)?;
        let parameters = rows.parameters();
        if rows.len() < parameters {
            return Err(Error::NotEnoughModels { have: rows.len(), need: parameters });
        }
        let best = match start {
            Some(start) if start.len() != parameters => {
                return Err(Error::Argument(format!("{} starting values for {parameters} parameters", start.len())));
            }
            Some(start) => NonlinearLeastSquares::new().minimise(&rows, &rows.inward(start))?,
            None => {
                let rows = rows.clone().with_logs();
                FOLLOWED.best(&rows, &rows.starts())?
            }
        };
        let own = if start.is_some() { best.parameters } else { rows.own_parameters(&best.parameters) };
        let converged = best.converged && rows.determine(&own);
        let mut fit = self.fitted(&rows.outward(&own), converged, sample, &identified);
        fit.compare();
        finite_result(fit.residuals.iter().chain(&fit.shape))?;
        Ok(fit)
    }

    /// The curve with these free parameters, in the order of the names and the units of the data.
    fn fitted(&self, parameters: &[f64], converged: bool, sample: &Sample, identified: &[bool]) -> Fitted {
        let at = self.free_asymptotes();
        let (mut asymptotes, rest) = (parameters[..at].iter().copied(), &parameters[at..]);
        let mut chance = self.chance.or_else(|| asymptotes.next()).unwrap_or(0.0);
        let mut upper = self.upper.or_else(|| asymptotes.next()).unwrap_or(0.0);
        let (shape, theta) = rest.split_at(self.growth.free());
        let mut shape = shape.to_vec();
        // The same logistic has two names when both asymptotes are free: the one with k > 0 is told.
        if self.growth == Growth::Logistic && at == 2 && shape[0] < 0.0 {
            std::mem::swap(&mut chance, &mut upper);
            shape[0] = -shape[0];
        }
        if let Growth::Richards(Some(nu)) = self.growth {
            shape.push(nu);
        }
        Fitted {
            settings: *self,
            chance,
            upper,
            shape,
            theta: spread(theta, identified),
            identified: identified.to_vec(),
            converged,
            sse: 0.0,
            n: sample.used(),
            residuals: Vec::new(),
            fitted: Vec::new(),
            listed: vec![true; parameters.len()],
            sample: sample.clone(),
        }
    }
}

impl Fitted {
    /// Sets fitted values, residuals and what follows from them.
    fn compare(&mut self) {
        let sample = &self.sample;
        self.fitted = (0..sample.len()).map(|i| self.predict(sample.x()[i], &sample.z(i))).collect();
        self.residuals = sample.y().iter().zip(&self.fitted).map(|(y, f)| y - f).collect();
        self.sse = sum_of_squares(&self.residuals, self.weights());
        if !self.converged {
            self.list_determined();
        }
    }

    /// Without a minimum the shape is open; of the rest, what is determined beside what comes before it is listed.
    fn list_determined(&mut self) {
        let shape = self.settings.free_asymptotes()..self.settings.free_asymptotes() + self.settings.growth.free();
        let all = self.columns();
        let mut kept: Vec<&[f64]> = Vec::new();
        for (j, column) in all.iter().enumerate() {
            kept.push(column);
            self.listed[j] = !shape.contains(&j)
                && column.iter().all(|v| v.is_finite())
                && collinear_column(&kept, self.weights()).is_none();
            if !self.listed[j] {
                kept.pop();
            }
        }
    }

    fn columns(&self) -> Vec<Vec<f64>> {
        let sample = &self.sample;
        let rows: Vec<Vec<f64>> = (0..sample.len()).map(|i| self.whole_gradient(sample.x()[i], &sample.z(i))).collect();
        (0..self.listed.len()).map(|j| rows.iter().map(|row| row[j]).collect()).collect()
    }

    fn whole_gradient(&self, x: f64, z: &[f64]) -> Vec<f64> {
        let (g, by_shape) = self.growth(x);
        let mut row = Vec::with_capacity(self.listed.len());
        row.extend(self.settings.chance.is_none().then_some(1.0 - g));
        row.extend(self.settings.upper.is_none().then_some(g));
        row.extend(by_shape[..self.settings.growth.free()].iter().map(|d| (self.upper - self.chance) * d));
        let known = |k: &usize| self.identified[*k];
        row.extend((0..self.theta.len()).filter(known).map(|k| z.get(k).copied().unwrap_or(0.0)));
        row
    }

    fn growth(&self, x: f64) -> (f64, [f64; 3]) {
        let all = self.settings.growth.value_and_gradient(Coordinates::Own, x, &self.shape);
        all.unwrap_or((f64::NAN, [f64::NAN; 3]))
    }

    pub(super) fn names(&self) -> Vec<Parameter> {
        let mut names = Vec::new();
        names.extend(self.settings.chance.is_none().then_some(Parameter::Chance));
        names.extend(self.settings.upper.is_none().then_some(Parameter::Upper));
        names.extend(self.settings.growth.names());
        names.extend(differences(&self.identified));
        only(&names, &self.listed)
    }

    pub(super) fn estimates(&self) -> Vec<f64> {
        let mut values = Vec::new();
        values.extend(self.settings.chance.is_none().then_some(self.chance));
        values.extend(self.settings.upper.is_none().then_some(self.upper));
        values.extend(&self.shape[..self.settings.growth.free()]);
        values.extend(only(&self.theta, &self.identified));
        only(&values, &self.listed)
    }

    pub(super) fn gradient(&self, x: f64, z: &[f64]) -> Vec<f64> {
        only(&self.whole_gradient(x, z), &self.listed)
    }

    pub(super) fn predict(&self, x: f64, z: &[f64]) -> f64 {
        let (g, _) = self.growth(x);
        self.chance * (1.0 - g) + self.upper * g + shift(&self.theta, z)
    }

    pub(super) fn weights(&self) -> Option<&[f64]> {
        self.sample.weights()
    }

    pub(super) fn free_parameters(&self) -> usize {
        self.settings.free_asymptotes() + self.settings.growth.free() + self.theta.len()
    }
}

/// Answers to [`FittedCurve`](super::curve::FittedCurve) for a public fit that holds its `Fitted` in the field `inner`.
macro_rules! answer_as_curve {
    ($fit:ty) => {
        impl $crate::stats::curve::FittedCurve for $fit {
            fn names(&self) -> Vec<$crate::stats::parameter::Parameter> {
                self.inner.names()
            }

            fn estimates(&self) -> Vec<f64> {
                self.inner.estimates()
            }

            fn jacobian(&self) -> Vec<Vec<f64>> {
                $crate::stats::curve::jacobian(self, &self.inner.sample)
            }

            fn residuals(&self) -> &[f64] {
                &self.inner.residuals
            }

            fn fitted(&self) -> &[f64] {
                &self.inner.fitted
            }

            fn weights(&self) -> Option<&[f64]> {
                self.inner.weights()
            }

            fn sse(&self) -> f64 {
                self.inner.sse
            }

            fn free_parameters(&self) -> usize {
                self.inner.free_parameters()
            }

            fn converged(&self) -> Option<bool> {
                Some(self.inner.converged)
            }

            fn predict(&self, x: f64, z: &[f64]) -> f64 {
                self.inner.predict(x, z)
            }

            fn gradient(&self, x: f64, z: &[f64]) -> Vec<f64> {
                self.inner.gradient(x, z)
            }
        }
    };
}
pub(super) use answer_as_curve;

/// How far the start of every basin is followed.
const FOLLOWED: Multistart = Multistart { scouting: 20, finished: 3, finishing: 300 };
