//! From a start to the minimum of the Huber loss.
//!
//! Two matrices M stand in M δ = -g, g the gradient. Far away it is Σ w s s' min(1, δ/|r|), s the slopes of the fitted value:
//! the quadratic that touches the Huber loss from above (iteratively reweighted least squares). It goes down from anywhere, but
//! slowly near the end, since most residuals are beyond δ. There M is the Hessian, which a sum of exponentials has in closed
//! form, and steps are Newton's. Both are damped as Levenberg and Marquardt do.

use super::points::{Place, Points};

/// A symmetric matrix; what stands above its diagonal is not looked at.
type Matrix = nalgebra::Matrix5<f64>;

/// r²/2, or δ(|r| - δ/2) beyond δ.
pub(super) fn huber(r: f64, delta: f64) -> f64 {
    if r.abs() <= delta { 0.5 * r * r } else { delta * (r.abs() - 0.5 * delta) }
}

/// A place on the way.
#[derive(Debug, Clone, Copy)]
pub(super) struct State {
    pub(super) place: Place,
    pub(super) objective: f64,
    gradient: Place,
    reweighted: Matrix,
    hessian: Matrix,
    damping: f64,
    /// Whether steps are Newton's.
    near: bool,
    /// Whether this is a minimum.
    pub(super) converged: bool,
}

/// The Huber loss of these points.
pub(super) struct Descent<'a> {
    pub(super) points: &'a Points,
    pub(super) delta: f64,
}

impl Descent<'_> {
    /// The place as a state; `None` where the loss is no number.
    pub(super) fn at(&self, place: Place) -> Option<State> {
        let (mut objective, mut gradient) = (0.0, [0.0; 5]);
        let (mut reweighted, mut hessian) = (Matrix::zeros(), Matrix::zeros());
        for i in 0..self.points.loss.len() {
            let ([size, data, rest], fitted) = self.points.terms(&place, i);
            let (x, y) = (self.points.size[i], self.points.data[i]);
            let slopes = [size, data, rest, -size * x, -data * y];
            let r = self.points.loss[i] - fitted;
            let inside = r.abs() <= self.delta;
            let w = self.points.weight[i];
            objective += w * huber(r, self.delta);
            let pull = w * r.clamp(-self.delta, self.delta);
            let steep = if inside { w } else { w * self.delta / r.abs() };
            let curved = if inside { w + pull } else { pull };
            for (j, a) in slopes.iter().enumerate() {
                gradient[j] -= pull * a;
                for (k, b) in slopes.iter().enumerate().take(j + 1) {
                    // Second derivatives of the fitted value are those of each term less the product of the slopes.
                    reweighted[(j, k)] += steep * a * b;
                    hessian[(j, k)] += curved * a * b;
                }
            }
            hessian[(0, 0)] -= pull * size;
            hessian[(1, 1)] -= pull * data;
            hessian[(2, 2)] -= pull * rest;
            hessian[(3, 0)] += pull * size * x;
            hessian[(3, 3)] -= pull * size * x * x;
            hessian[(4, 1)] += pull * data * y;
            hessian[(4, 4)] -= pull * data * y * y;
        }
        let known = objective.is_finite() && gradient.iter().all(|g| g.is_finite());
        known.then_some(State {
            place,
            objective,
            gradient,
            reweighted,
            hessian,
            damping: DAMPING,
            near: false,
            converged: false,
        })
    }

    /// So many steps at most.
    pub(super) fn follow(&self, mut state: State, steps: usize) -> State {
        for _ in 0..steps {
            if state.converged || state.damping > STUCK {
                break;
            }
            state = self.step(state);
        }
        state
    }

    /// A decrease of the loss that its rounding hides; of points without noise nothing but rounding is left.
    fn rounding(&self, state: &State) -> f64 {
        ROUNDING * state.objective + EXACT * self.points.loss.len() as f64
    }

    fn step(&self, mut state: State) -> State {
        let matrix = if state.near { &state.hessian } else { &state.reweighted };
        let Some(step) = solve(matrix, &state.reweighted, state.damping, &state.gradient) else {
            state.damping *= 8.0;
            state.near = state.near && state.damping < 1.0;
            return state;
        };
        let predicted = -0.5 * dot(&step, &state.gradient);
        if predicted <= self.rounding(&state) {
            return self.finish(state);
        }
        let trial = self.at(std::array::from_fn(|j| state.place[j] + step[j]));
        match trial.filter(|trial| trial.objective < state.objective) {
            Some(trial) => {
                let gain = state.objective - trial.objective;
                let trusted = gain > 0.25 * predicted;
                let damping = if trusted { state.damping * 0.2 } else { state.damping * 2.0 };
                State { near: state.near || gain < NEAR * state.objective, damping, ..trial }
            }
            None => {
                State { damping: (state.damping * 8.0).max(1e-6), near: state.near && state.damping < 1.0, ..state }
            }
        }
    }
}

impl Descent<'_> {
    /// One of the last steps: the loss no longer tells better from worse, but the gradient does, as long as it shrinks.
    fn finish(&self, state: State) -> State {
        let Some(step) = solve(&state.hessian, &state.reweighted, 0.0, &state.gradient) else {
            return State { damping: 2.0 * STUCK, ..state };
        };
        if -0.5 * dot(&step, &state.gradient) > self.rounding(&state) && !state.near {
            return State { near: true, damping: 0.0, ..state };
        }
        let size = |g: &Place| g.iter().map(|g| g.abs()).fold(0.0, f64::max);
        let trial = self.at(std::array::from_fn(|j| state.place[j] + step[j]));
        match trial.filter(|trial| size(&trial.gradient) < 0.5 * size(&state.gradient)) {
            Some(trial) => State { near: true, damping: 0.0, ..trial },
            None => State { converged: true, ..state },
        }
    }
}

/// -M⁻¹ g with the diagonal of `scale` added in proportion to the damping; `None` unless that is positive definite.
fn solve(matrix: &Matrix, scale: &Matrix, damping: f64, gradient: &Place) -> Option<Place> {
    let mut damped = *matrix;
    (0..5).for_each(|j| damped[(j, j)] += damping * scale[(j, j)]);
    let factor = nalgebra::Cholesky::new(damped)?;
    // What rounding leaves of a singular matrix is not positive definite.
    let lower = factor.l_dirty();
    let regular = (0..5).all(|j| lower[(j, j)].powi(2) > SINGULAR * scale[(j, j)]);
    regular.then(|| (-factor.solve(&nalgebra::Vector5::from(*gradient))).into())
}

fn dot(a: &Place, b: &Place) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Damping at the start.
const DAMPING: f64 = 1e-2;
/// Damping beyond which steps are too short to matter.
const STUCK: f64 = 1e12;
/// A relative gain below this says that the end is near.
const NEAR: f64 = 1e-2;
/// Relative decrease of the loss that its rounding hides.
const ROUNDING: f64 = 1e-15;
/// The square of a residual that is rounding error.
const EXACT: f64 = 1e-31;
/// Share of a diagonal element that is rounding error.
const SINGULAR: f64 = 1e-13;
