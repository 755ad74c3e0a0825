//! The fit: every start, then the best end to the minimum.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::descent::{Descent, State, huber};
use super::law::LossLawParameters;
use super::points::{Place, Points};
use crate::{Error, Result};

/// How residuals of ln L count.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Robust {
    /// r²/2 up to this size, and in proportion to |r| beyond.
    Huber(f64),
    /// In proportion to |r|.
    LeastAbsolute,
}

/// Settings of the fit of L = E + A/N^α + B/D^β.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LossLaw {
    robust: Robust,
}

/// A fitted law.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LossLawFit {
    /// Its parameters.
    pub law: LossLawParameters,
    /// n residuals of ln L, observed minus fitted.
    pub residuals: Vec<f64>,
    /// Sum of what the residuals count: Σ h(r), or Σ |r|.
    pub objective: f64,
    /// Whether it is a minimum. If not, it is the best point that was found.
    pub converged: bool,
}

impl Default for LossLaw {
    fn default() -> Self {
        Self { robust: Robust::Huber(1e-3) }
    }
}

impl LossLaw {
    /// With the Huber loss of Hoffmann et al., δ = 0.001.
    pub fn new() -> Self {
        Self::default()
    }

    /// With another way to count residuals.
    #[must_use]
    pub(crate) fn robust(mut self, robust: Robust) -> Self {
        self.robust = robust;
        self
    }

    /// Fits n losses to n numbers of parameters and of training tokens, all positive.
    ///
    /// # Errors
    /// `NotEnoughModels` for fewer than six points; `Argument` for lists of unlike length and values that are not positive;
    /// `Undetermined` where size or data are the same everywhere.
    pub fn fit(&self, params: &[f64], tokens: &[f64], loss: &[f64]) -> Result<LossLawFit> {
        if !(self.delta() > 0.0 && self.delta().is_finite()) {
            return Err(Error::Argument(format!(
                "δ of the Huber loss must be a positive number, and is {}",
                self.delta()
            )));
        }
        let points = Points::new(params, tokens, loss)?;
        let descent = Descent { points: &points, delta: self.delta() };
        let start = best_of_all_starts(&descent)?;
        let (place, converged) = self.minimum(&points, start);
        let residuals = points.residuals(&place);
        let objective = residuals.iter().map(|r| self.counts(*r)).sum();
        Ok(LossLawFit { law: points.law(&place), residuals, objective, converged })
    }

    /// The law of a resample, from that of all points on; `None` where it has none.
    pub(crate) fn refit(
        &self,
        start: &LossLawParameters,
        [params, tokens, loss]: [Vec<f64>; 3],
    ) -> Option<LossLawParameters> {
        let points = Points::new(&params, &tokens, &loss).ok().filter(Points::can_be_fitted)?;
        let (place, _) = self.minimum(&points, points.place(start));
        place.iter().all(|value| value.is_finite()).then(|| points.law(&place))
    }

    /// δ; of absolute residuals the one that the search begins with.
    fn delta(&self) -> f64 {
        match self.robust {
            Robust::Huber(delta) => delta,
            Robust::LeastAbsolute => LossLaw::default().delta(),
        }
    }

    /// What a residual counts.
    fn counts(&self, r: f64) -> f64 {
        match self.robust {
            Robust::Huber(delta) => huber(r, delta),
            Robust::LeastAbsolute => r.abs(),
        }
    }

    /// The minimum that a start leads to, and whether it is one.
    pub(super) fn minimum(&self, points: &Points, start: Place) -> (Place, bool) {
        let end = |delta: f64, start: Place| {
            let descent = Descent { points, delta };
            descent.at(start).map(|state| descent.follow(state, STEPS))
        };
        match self.robust {
            Robust::Huber(delta) => end(delta, start).map_or((start, false), |end| (end.place, end.converged)),
            Robust::LeastAbsolute => {
                let narrower = |place: Place, delta: &f64| end(*delta, place).map_or(place, |end| end.place);
                through_five(points, NARROWER.iter().fold(start, narrower))
            }
        }
    }
}

/// The best end of the starts of Hoffmann et al. All of them are followed for some steps, and the better ones on.
fn best_of_all_starts(descent: &Descent<'_>) -> Result<Place> {
    let starts = descent.points.starts();
    let mut ends: Vec<State> =
        starts.par_iter().filter_map(|start| descent.at(*start).map(|start| descent.follow(start, FIRST))).collect();
    // In the order of the starts where two are as good, so that the answer is the same on any number of threads.
    ends.sort_by(|a, b| a.objective.total_cmp(&b.objective));
    ends.truncate(KEPT);
    let ends: Vec<State> = ends.into_par_iter().map(|end| descent.follow(end, STEPS)).collect();
    let best = ends.into_iter().reduce(|a, b| if b.objective < a.objective { b } else { a });
    best.map(|end| end.place).ok_or_else(|| Error::Undetermined("no start leads to a law of loss".into()))
}

/// The parameters with which the five points that are nearest have no residual, if that is better; and whether it is the
/// minimum: of the five, each then pulls no harder than its weight against all others.
fn through_five(points: &Points, start: Place) -> (Place, bool) {
    let sum = |p: &Place| points.residuals(p).iter().zip(&points.weight).map(|(r, w)| w * r.abs()).sum::<f64>();
    let residuals = points.residuals(&start);
    let mut near: Vec<usize> = (0..residuals.len()).collect();
    near.sort_by(|i, k| residuals[*i].abs().total_cmp(&residuals[*k].abs()));
    near.truncate(5);
    let slopes = |p: &Place| nalgebra::Matrix5::from_fn(|row, column| points.slopes(p, near[row])[column]);
    let mut p = start;
    for _ in 0..50 {
        let right = nalgebra::Vector5::from_fn(|row, _| points.loss[near[row]] - points.terms(&p, near[row]).1);
        let Some(step) = slopes(&p).lu().solve(&right) else { break };
        p.iter_mut().zip(step.iter()).for_each(|(value, step)| *value += step);
        if right.amax() < 1e-14 {
            break;
        }
    }
    if !(p.iter().all(|value| value.is_finite()) && sum(&p) <= sum(&start) * (1.0 + 1e-9)) {
        return (start, false);
    }
    let residuals = points.residuals(&p);
    let others = (0..residuals.len()).filter(|i| !near.contains(i)).fold([0.0; 5], |mut pull: Place, i| {
        let slopes = points.slopes(&p, i);
        (0..5).for_each(|j| pull[j] -= points.weight[i] * residuals[i].signum() * slopes[j]);
        pull
    });
    let held = slopes(&p).transpose().lu().solve(&nalgebra::Vector5::from(others));
    let holds = |held: nalgebra::Vector5<f64>| (0..5).all(|k| held[k].abs() <= points.weight[near[k]] * (1.0 + 1e-9));
    (p, held.is_some_and(holds))
}

/// Steps that every start is followed.
const FIRST: usize = 12;
/// Starts that are followed on.
const KEPT: usize = 300;
/// Steps to the end.
const STEPS: usize = 400;
/// δ on the way to absolute residuals.
const NARROWER: [f64; 6] = [1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8];
