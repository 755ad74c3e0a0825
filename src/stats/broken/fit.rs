//! Settings and fit.

use serde::{Deserialize, Serialize};

use super::rows::{BASE, Held, OF_BREAK, Residuals, Rows};
use crate::stats::curve::{Entry, FittedCurve, sum_of_squares};
use crate::stats::design::collinear_column;
use crate::stats::multistart::Multistart;
use crate::stats::observations::{differences, finite_result, identified, only, shift, spread};
use crate::stats::optimise::{Minimum, NonlinearLeastSquares};
use crate::stats::parameter::Parameter;
use crate::stats::sample::Sample;
use crate::{Error, Result};

/// The line of one break in the list of curves.
pub(in crate::stats) const ONCE: Entry = Entry {
    name: "broken_1",
    formula: "y = a + b·x^(−c0)·(1 + (x/d1)^(1/f1))^(−c1·f1)",
    frees_chance: true,
    compared: false,
    fit: |_, sample| Ok(Box::new(Broken::new().fit_sample(sample)?)),
};

/// That of two breaks.
pub(in crate::stats) const TWICE: Entry = Entry {
    name: "broken_2",
    formula: "y = a + b·x^(−c0)·(1 + (x/d1)^(1/f1))^(−c1·f1)·(1 + (x/d2)^(1/f2))^(−c2·f2)",
    frees_chance: true,
    compared: false,
    fit: |_, sample| Ok(Box::new(Broken::new().two_breaks().fit_sample(sample)?)),
};

/// A broken power law to be fitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Broken {
    breaks: usize,
    residuals: Residuals,
}

/// One break.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct PowerBreak {
    /// c, by which the exponent grows.
    pub c: f64,
    /// log10 d.
    pub place: f64,
    /// f, the width of the turn in ln x.
    pub f: f64,
}

/// A fitted broken power law.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub(crate) struct BrokenFit {
    /// The level at one end.
    pub a: f64,
    /// The factor.
    pub b: f64,
    /// The first exponent.
    pub c0: f64,
    /// The breaks, by their places.
    pub breaks: Vec<PowerBreak>,
    /// One difference per group, 0 for one that is not identified.
    pub theta: Vec<f64>,
    /// Whether the data determine each group's difference.
    pub theta_identified: Vec<bool>,
    /// Whether the optimiser ended in a minimum.
    pub converged: bool,
    /// Weighted sum of squared residuals of the scores.
    #[serde(with = "crate::serial::real")]
    pub sse: f64,
    residuals: Vec<f64>,
    fitted: Vec<f64>,
    weights: Option<Vec<f64>>,
    /// In t, with c.
    place: Vec<f64>,
    rows: Rows,
    sample: Sample,
    listed: Vec<bool>,
}

impl Default for Broken {
    fn default() -> Self {
        Self { breaks: 1, residuals: Residuals::Scores }
    }
}

impl Broken {
    /// One break: six parameters.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Two breaks: nine parameters.
    #[must_use]
    pub(crate) fn two_breaks(mut self) -> Self {
        self.breaks = 2;
        self
    }

    /// Least squares of ln y, for scores above 0 whose noise is in proportion to them.
    #[must_use]
    #[cfg(test)]
    pub(crate) fn logarithms(mut self) -> Self {
        self.residuals = Residuals::Logarithms;
        self
    }

    /// Fits scores `y` at `x` (log10 of compute, or of what else the law is in; n values each) with one column of n values per
    /// group.
    ///
    /// # Errors
    /// `NotEnoughModels` for fewer observations of positive weight than parameters, `Undetermined` for a constant `x` or `y`,
    /// `Argument` for lengths that differ, values that are not finite, and logarithms of scores that are not above 0.
    #[cfg(test)]
    pub(crate) fn fit(&self, x: &[f64], y: &[f64], groups: &[Vec<f64>]) -> Result<BrokenFit> {
        self.fit_sample(&Sample::new(x, y)?.with_groups(groups)?)
    }

    /// The same of a sample, with its weights.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub(crate) fn fit_sample(&self, sample: &Sample) -> Result<BrokenFit> {
        let constant = [vec![1.0; sample.len()]];
        let identified = identified(&constant, sample.groups(), sample.weights());
        let rows = Rows::new(sample, &only(sample.groups(), &identified), self.breaks, self.residuals);
        if rows.y.len() < rows.parameters() {
            return Err(Error::NotEnoughModels { have: rows.y.len(), need: rows.parameters() });
        }
        let constant = |values: &[f64]| values.iter().all(|value| *value == values[0]);
        if constant(&rows.t) {
            return Err(Error::Undetermined("the predictor is the same for every model".into()));
        }
        if constant(&rows.y) {
            return Err(Error::Undetermined(
                "the score is the same for every model: there is no power law in it".into(),
            ));
        }
        if let Some(y) = rows.y.iter().find(|y| self.residuals == Residuals::Logarithms && **y <= 0.0) {
            return Err(Error::Argument(format!("a score of {y} has no logarithm; fit the scores as they are")));
        }
        let best = search(&rows)?;
        BrokenFit::new(best, rows, sample, identified)
    }
}

/// The best end that can be reached from the grid: first with places and sharpness held, then all together.
fn search(rows: &Rows) -> Result<Minimum> {
    let settle = NonlinearLeastSquares::new().max_iterations(SETTLING);
    let settled = |start: Vec<f64>| -> Option<(f64, Vec<f64>)> {
        let held = Held { rows, start: &start };
        let end = settle.minimise_once(&held, &held.free()).ok()?;
        Some((end.sse, held.all(&end.parameters)))
    };
    let mut starts: Vec<(f64, Vec<f64>)> = rows.starts().into_iter().filter_map(settled).collect();
    starts.sort_by(|a, b| a.0.total_cmp(&b.0));
    starts.truncate(SCOUTED);
    let mut starts: Vec<Vec<f64>> = starts.into_iter().map(|(_, start)| start).collect();
    if rows.breaks > 1
        && let Ok(one) = search(&Rows { breaks: rows.breaks - 1, ..rows.clone() })
    {
        starts.extend(rows.with_idle_break(&one.parameters));
    }
    FOLLOWED.best(rows, &starts)
}

impl BrokenFit {
    fn new(best: Minimum, rows: Rows, sample: &Sample, identified: Vec<bool>) -> Result<Self> {
        let mut place = rows.natural(&best.parameters);
        order(&mut place, rows.breaks);
        let breaks: Vec<PowerBreak> = (0..rows.breaks)
            .map(|k| {
                let at = BASE + OF_BREAK * k;
                let place_of = (place[at + 1] + rows.centre) / std::f64::consts::LN_10;
                PowerBreak { c: place[at], place: place_of, f: place[at + 2].exp() }
            })
            .collect();
        let theta = spread(&place[rows.shape()..], &identified);
        let mut fit = Self {
            a: place[0],
            b: place[1] * (place[2] * rows.centre).exp(),
            c0: place[2],
            breaks,
            theta,
            theta_identified: identified,
            converged: best.converged,
            sse: 0.0,
            residuals: Vec::new(),
            fitted: Vec::new(),
            weights: None,
            listed: vec![true; rows.parameters()],
            place,
            rows,
            sample: sample.clone(),
        };
        fit.fitted = (0..sample.len()).map(|i| fit.predict(sample.x()[i], &sample.z(i))).collect();
        fit.residuals = sample.y().iter().zip(&fit.fitted).map(|(y, f)| y - f).collect();
        fit.weights = match fit.rows.residuals {
            Residuals::Scores => sample.weights().map(<[f64]>::to_vec),
            // To first order a residual of ln y is one of y over the curve.
            Residuals::Logarithms => {
                Some((0..sample.len()).map(|i| sample.weight(i) / fit.fitted[i].powi(2)).collect())
            }
        };
        fit.sse = sum_of_squares(&fit.residuals, fit.weights());
        finite_result(fit.residuals.iter().chain([&fit.a, &fit.c0]))?;
        fit.list_determined();
        Ok(fit)
    }

    /// What the data determine: everything in a minimum whose columns tell the parameters apart; else the level a and the
    /// groups, as far as these do.
    fn list_determined(&mut self) {
        let rows: Vec<Vec<f64>> = (0..self.sample.len()).map(|i| self.whole_gradient(i)).collect();
        let columns: Vec<Vec<f64>> = (0..self.listed.len()).map(|j| rows.iter().map(|row| row[j]).collect()).collect();
        let all: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let finite = self.b.is_finite() && columns.iter().flatten().all(|value| value.is_finite());
        self.converged = self.converged && finite && collinear_column(&all, self.weights()).is_none();
        if self.converged {
            return;
        }
        let shape = self.rows.shape();
        let mut kept: Vec<&[f64]> = Vec::new();
        for (j, column) in columns.iter().enumerate() {
            kept.push(column);
            self.listed[j] = (j == 0 || j >= shape)
                && column.iter().all(|value| value.is_finite())
                && collinear_column(&kept, self.weights.as_deref()).is_none();
            if !self.listed[j] {
                kept.pop();
            }
        }
    }

    fn whole_gradient(&self, i: usize) -> Vec<f64> {
        self.gradient_at(self.sample.x()[i], &self.sample.z(i))
    }

    /// By the parameters of the data: b in the unit of x, d as log10, f itself.
    fn gradient_at(&self, x: f64, z: &[f64]) -> Vec<f64> {
        let t = x * std::f64::consts::LN_10 - self.rows.centre;
        let (_, mut row) = self.rows.value_and_gradient(t, &self.place);
        // b in the search is b exp(-c0 centre).
        let unit = (-self.c0 * self.rows.centre).exp();
        row[2] -= self.place[1] * row[1] * self.rows.centre;
        row[1] *= unit;
        for k in 0..self.rows.breaks {
            let at = BASE + OF_BREAK * k;
            row[at + 1] *= std::f64::consts::LN_10;
            row[at + 2] /= self.breaks[k].f;
        }
        let known = |k: &usize| self.theta_identified[*k];
        row.extend((0..self.theta.len()).filter(known).map(|k| z.get(k).copied().unwrap_or(0.0)));
        row
    }
}

/// Puts the breaks in the order of their places.
fn order(place: &mut [f64], breaks: usize) {
    let mut all: Vec<[f64; OF_BREAK]> =
        (0..breaks).map(|k| std::array::from_fn(|j| place[BASE + OF_BREAK * k + j])).collect();
    all.sort_by(|a, b| a[1].total_cmp(&b[1]));
    place[BASE..BASE + OF_BREAK * breaks].copy_from_slice(all.concat().as_slice());
}

impl FittedCurve for BrokenFit {
    fn names(&self) -> Vec<Parameter> {
        let mut names = vec![Parameter::A, Parameter::B, Parameter::Exponent(0)];
        for k in 1..=self.rows.breaks {
            names.extend([Parameter::Exponent(k), Parameter::BreakPlace(k), Parameter::Sharpness(k)]);
        }
        names.extend(differences(&self.theta_identified));
        only(&names, &self.listed)
    }

    fn estimates(&self) -> Vec<f64> {
        let mut values = vec![self.a, self.b, self.c0];
        values.extend(self.breaks.iter().flat_map(|one| [one.c, one.place, one.f]));
        values.extend(only(&self.theta, &self.theta_identified));
        only(&values, &self.listed)
    }

    fn jacobian(&self) -> Vec<Vec<f64>> {
        crate::stats::curve::jacobian(self, &self.sample)
    }

    fn residuals(&self) -> &[f64] {
        &self.residuals
    }

    fn fitted(&self) -> &[f64] {
        &self.fitted
    }

    fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }

    fn sse(&self) -> f64 {
        self.sse
    }

    fn free_parameters(&self) -> usize {
        self.rows.shape() + self.theta.len()
    }

    fn converged(&self) -> Option<bool> {
        Some(self.converged)
    }

    fn predict(&self, x: f64, z: &[f64]) -> f64 {
        let t = x * std::f64::consts::LN_10 - self.rows.centre;
        self.rows.value_and_gradient(t, &self.place).0 + shift(&self.theta, z)
    }

    fn gradient(&self, x: f64, z: &[f64]) -> Vec<f64> {
        only(&self.gradient_at(x, z), &self.listed)
    }
}

/// Steps of every start with places and sharpness held.
const SETTLING: u64 = 25;
/// Starts that are taken further.
const SCOUTED: usize = 14;
/// How far those are followed.
const FOLLOWED: Multistart = Multistart { scouting: 40, finished: 4, finishing: 300 };
