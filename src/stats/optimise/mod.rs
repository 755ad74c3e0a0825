//! Nonlinear least squares by Levenberg and Marquardt, finished by Newton: the only door to argmin.
//!
//!   β̂ = argmin Σ r_i(β)²,  r_i = sqrt(w_i) (y_i - f_i(β))
//!
//! argmin runs the iteration and reports how it ended; the step is this file's own argmin solver, because a result to ten
//! digits needs two phases.
//!
//! 1. **Descent.** δ solves min ‖Jδ - r‖² + μ‖Dδ‖² by QR of the stacked matrix, D the largest column norms of J so far
//!    (Moré 1978), μ steered by the ratio of actual to predicted decrease (Nielsen 1999). A trial point without a finite
//!    value is a rejected step, so a model may refuse parameters by returning NaN.
//! 2. **Finish.** A decrease of the sum of squares can be seen only down to its rounding error, which is the square root
//!    of it in the parameters: eight digits. From there on steps are Newton's on the gradient J'r, whose derivative is
//!    taken by central differences of the analytic gradient, until the steps stop shrinking.
//!
//! It has converged when the last step is at rounding error and the residuals are orthogonal to the columns of J (the
//! relative offset of Bates and Watts 1981). Reaching the limit of iterations, or running off to infinity along a valley,
//! is not convergence, and [`Minimum::converged`] says so.
//!
//! ```
//! use onset::stats::optimise::{LeastSquaresProblem, NonlinearLeastSquares};
//!
//! /// y = a (1 - exp(-b x))
//! struct Saturation<'a>(&'a [f64], &'a [f64]);
//!
//! impl LeastSquaresProblem for Saturation<'_> {
//!     fn residuals(&self, p: &[f64]) -> Vec<f64> {
//!         self.0.iter().zip(self.1).map(|(x, y)| y - p[0] * (1.0 - (-p[1] * x).exp())).collect()
//!     }
//!     fn jacobian(&self, p: &[f64]) -> Vec<Vec<f64>> {
//!         let decay = |x: &f64| (-p[1] * x).exp();
//!         vec![
//!             self.0.iter().map(|x| 1.0 - decay(x)).collect(),
//!             self.0.iter().map(|x| p[0] * x * decay(x)).collect(),
//!         ]
//!     }
//! }
//!
//! let x = [1.0, 2.0, 3.0, 5.0, 7.0, 10.0];
//! let y = [109.0, 149.0, 149.0, 191.0, 213.0, 224.0];
//! let fit = NonlinearLeastSquares::new().minimise(&Saturation(&x, &y), &[100.0, 0.75])?;
//! assert!(fit.converged && (fit.parameters[0] - 213.80940889).abs() < 1e-7);
//! # Ok::<(), onset::Error>(())
//! ```

use argmin::core::{
    Error as Failure, Executor, IterState, KV, Problem, Solver, State, TerminationReason, TerminationStatus,
};
use nalgebra::{DMatrix, DVector};

use super::design::solve;
use super::least_squares::LeastSquares;
use super::scaling::binary_scale;
use crate::{Error, Result};

/// Residuals and their derivatives as functions of k parameters.
pub trait LeastSquaresProblem {
    /// n residuals sqrt(w) (y - f), observed minus fitted. Values that are not finite mark parameters as not allowed.
    fn residuals(&self, parameters: &[f64]) -> Vec<f64>;

    /// k columns of n derivatives of the fitted values, sqrt(w) ∂f/∂β_j (minus the derivatives of the residuals).
    fn jacobian(&self, parameters: &[f64]) -> Vec<Vec<f64>>;
}

/// How to minimise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NonlinearLeastSquares {
    max_iterations: u64,
}

/// Where a minimisation ended.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Minimum {
    /// k parameters.
    pub parameters: Vec<f64>,
    /// n residuals at them, weighted as the problem weights them.
    pub residuals: Vec<f64>,
    /// k columns of the Jacobian at them, weighted likewise.
    pub jacobian: Vec<Vec<f64>>,
    /// Sum of squared residuals; infinite when it exceeds the largest `f64`.
    pub sse: f64,
    /// Iterations taken.
    pub iterations: u64,
    /// Whether this is a minimum. If not, it is the best point on the way.
    pub converged: bool,
}

impl Default for NonlinearLeastSquares {
    fn default() -> Self {
        Self { max_iterations: 500 }
    }
}

impl NonlinearLeastSquares {
    /// At most 500 iterations.
    pub fn new() -> Self {
        Self::default()
    }

    /// At most `max_iterations` iterations.
    #[must_use]
    pub(crate) fn max_iterations(mut self, max_iterations: u64) -> Self {
        self.max_iterations = max_iterations;
        self
    }

    /// Minimises from `start`.
    ///
    /// # Errors
    /// `NotEnoughModels` for fewer residuals than parameters, `Argument` when residuals or Jacobian are not finite at
    /// `start` or have the wrong shape.
    pub fn minimise(&self, problem: &impl LeastSquaresProblem, start: &[f64]) -> Result<Minimum> {
        self.minimise_damped(problem, start, &DAMPING)
    }

    /// The same with one attempt only, for callers that have many starting points.
    pub(crate) fn minimise_once(&self, problem: &impl LeastSquaresProblem, start: &[f64]) -> Result<Minimum> {
        self.minimise_damped(problem, start, &DAMPING[..1])
    }

    fn minimise_damped(&self, problem: &impl LeastSquaresProblem, start: &[f64], dampings: &[f64]) -> Result<Minimum> {
        let residuals = problem.residuals(start);
        let (n, k) = (residuals.len(), start.len());
        if n < k || k == 0 {
            return Err(Error::NotEnoughModels { have: n, need: k.max(1) });
        }
        let scale = binary_scale(residuals.iter().copied());
        let scaled = Scaled { problem, scale };
        let Some(first) = scaled.point(start) else {
            return Err(Error::Argument("the curve is not finite at the starting values".into()));
        };
        if first.jacobian.ncols() != k || first.jacobian.nrows() != n {
            return Err(Error::Argument(
                "the Jacobian has not one column per parameter and one row per residual".into(),
            ));
        }
        // Bold first steps may run into a plain from which nothing leads back; shorter ones then keep to the slope.
        let mut best: Option<Minimum> = None;
        for damping in dampings {
            let end = self.run(&scaled, first.clone(), *damping)?;
            if best.as_ref().is_none_or(|b| (end.converged, b.sse) > (b.converged, end.sse)) {
                best = Some(end);
            }
            if best.as_ref().is_some_and(|b| b.converged) {
                break;
            }
        }
        best.ok_or_else(|| Error::Undetermined("the optimiser made no attempt".into()))
    }

    fn run<P: LeastSquaresProblem>(&self, scaled: &Scaled<'_, P>, first: Point, damping: f64) -> Result<Minimum> {
        let start = first.parameters.clone();
        let run = Executor::new(*scaled, LevenbergMarquardt::new(first, damping))
            .configure(|state| state.param(start).max_iters(self.max_iterations))
            .timer(false)
            .run()
            .map_err(|failure| Error::Undetermined(failure.to_string()))?;
        let point = run.solver.point;
        let scale = scaled.scale;
        Ok(Minimum {
            residuals: point.residuals.iter().map(|r| r * scale).collect(),
            jacobian: point.jacobian.column_iter().map(|c| c.iter().map(|v| v * scale).collect()).collect(),
            sse: (point.residuals.norm() * scale).powi(2),
            parameters: point.parameters,
            iterations: run.state.get_iter(),
            converged: run.state.get_termination_reason() == Some(&TerminationReason::SolverConverged),
        })
    }
}

impl Minimum {
    /// σ̂ = sqrt(SSE/(n-k)); `None` without degrees of freedom.
    pub fn sigma(&self) -> Option<f64> {
        LeastSquares::fit(&self.jacobian, &self.residuals, None).ok()?.sigma()
    }

    /// Asymptotic standard errors, from σ̂² (J'J)^-1; `None` without degrees of freedom or for a singular Jacobian.
    pub fn standard_errors(&self) -> Option<Vec<f64>> {
        LeastSquares::fit(&self.jacobian, &self.residuals, None).ok()?.standard_errors()
    }
}

/// The problem in units in which its residuals at the start are of order one.
struct Scaled<'a, P> {
    problem: &'a P,
    scale: f64,
}

impl<P> Clone for Scaled<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for Scaled<'_, P> {}

/// Parameters with what belongs to them.
#[derive(Clone)]
struct Point {
    parameters: Vec<f64>,
    residuals: DVector<f64>,
    jacobian: DMatrix<f64>,
    sse: f64,
}

impl<P: LeastSquaresProblem> Scaled<'_, P> {
    /// `None` where residuals, Jacobian or sum of squares are not finite.
    fn point(&self, parameters: &[f64]) -> Option<Point> {
        self.point_below(parameters, f64::INFINITY)
    }

    /// The same, and `None` unless the sum of squares is below `limit`; the Jacobian is then not computed.
    fn point_below(&self, parameters: &[f64], limit: f64) -> Option<Point> {
        let residuals = DVector::from_vec(self.problem.residuals(parameters)) / self.scale;
        let sse = residuals.norm_squared();
        if sse.is_nan() || sse >= limit {
            return None;
        }
        let columns = self.problem.jacobian(parameters);
        if columns.iter().any(|c| c.len() != residuals.len()) {
            return None;
        }
        let jacobian = DMatrix::from_fn(residuals.len(), columns.len(), |i, j| columns[j][i] / self.scale);
        jacobian.iter().all(|v| v.is_finite()).then(|| Point {
            parameters: parameters.to_vec(),
            residuals,
            jacobian,
            sse,
        })
    }
}

/// The argmin solver.
struct LevenbergMarquardt {
    point: Point,
    /// Column norms, the largest so far.
    norms: DVector<f64>,
    damping: f64,
    growth: f64,
    phase: Phase,
    /// Sum of squares when progress was last looked at, and the steps since.
    milestone: (f64, u32),
}

enum Phase {
    Descent,
    /// Newton steps; the size of the last one, and how many in a row did not halve it.
    Finish {
        step: f64,
        stalled: u32,
    },
}

type Progress = IterState<Vec<f64>, (), (), (), (), f64>;

impl LevenbergMarquardt {
    fn new(point: Point, damping: f64) -> Self {
        let norms = DVector::zeros(point.parameters.len());
        let milestone = (point.sse, 0);
        let mut solver = Self { point, norms, damping, growth: 2.0, phase: Phase::Descent, milestone };
        solver.measure();
        solver
    }

    fn measure(&mut self) {
        for (norm, column) in self.norms.iter_mut().zip(self.point.jacobian.column_iter()) {
            *norm = norm.max(column.norm());
        }
    }

    /// Unit of each parameter: the change that moves the fitted values by about the size of the residuals' unit.
    fn unit(&self, j: usize) -> f64 {
        if self.norms[j] > 0.0 { 1.0 / self.norms[j] } else { 1.0 }
    }

    fn moved(&self, step: &DVector<f64>) -> Vec<f64> {
        self.point.parameters.iter().enumerate().map(|(j, b)| b + step[j] * self.unit(j)).collect()
    }

    /// Length of a step relative to the parameters, the largest over them.
    fn relative(&self, step: &DVector<f64>) -> f64 {
        let share = |(j, b): (usize, &f64)| {
            let moved = (step[j] * self.unit(j)).abs();
            if moved == 0.0 { 0.0 } else { moved / b.abs().max(moved) }
        };
        self.point.parameters.iter().enumerate().map(share).fold(0.0, f64::max)
    }

    fn descend<P: LeastSquaresProblem>(&mut self, problem: &Scaled<'_, P>) -> Option<TerminationReason> {
        if self.is_idle() {
            return Some(TerminationReason::SolverExit(
                "the sum of squares hardly falls any more: a valley without end".into(),
            ));
        }
        let (n, k) = self.point.jacobian.shape();
        let root = self.damping.sqrt();
        let stacked = DMatrix::from_fn(n + k, k, |i, j| match i.checked_sub(n) {
            None => self.point.jacobian[(i, j)] * self.unit(j),
            Some(row) => f64::from(u8::from(row == j)) * root,
        });
        let mut target = self.point.residuals.clone().resize_vertically(n + k, 0.0);
        target.rows_mut(n, k).fill(0.0);
        let gradient = stacked.rows(0, n).tr_mul(&self.point.residuals);
        let norms = vec![0.0; k];
        let Ok(solved) = solve(stacked, target, &norms) else {
            return Some(TerminationReason::SolverExit("the damped step is not determined".into()));
        };
        let step = solved.coefficients;
        let predicted = step.dot(&(&step * self.damping + gradient));
        let small = predicted <= VISIBLE * self.point.sse || self.relative(&step) <= SMALL_STEP;
        let trial = problem.point_below(&self.moved(&step), self.point.sse - ACCEPT * predicted);
        match trial {
            Some(trial) => {
                let ratio = (self.point.sse - trial.sse) / predicted;
                self.damping *= (1.0 - (2.0 * ratio - 1.0).powi(3)).clamp(1.0 / 3.0, 2.0);
                self.damping = self.damping.max(f64::MIN_POSITIVE);
                self.growth = 2.0;
                self.point = trial;
                self.measure();
            }
            None => {
                self.damping *= self.growth;
                self.growth *= 2.0;
            }
        }
        if small || self.damping > STUCK {
            self.phase = Phase::Finish { step: f64::INFINITY, stalled: 0 };
        }
        None
    }

    /// Whether the last [`LOOKBACK`] steps together brought next to nothing.
    fn is_idle(&mut self) -> bool {
        self.milestone.1 += 1;
        if self.milestone.1 < LOOKBACK {
            return false;
        }
        let idle = self.point.sse > self.milestone.0 * (1.0 - IDLE);
        self.milestone = (self.point.sse, 0);
        idle
    }

    fn finish<P: LeastSquaresProblem>(&mut self, problem: &Scaled<'_, P>) -> Option<TerminationReason> {
        let Phase::Finish { step: last, stalled } = self.phase else { return None };
        let Some(step) = self.newton(problem) else {
            return Some(TerminationReason::SolverExit("the minimum is not determined".into()));
        };
        let size = self.relative(&step);
        let floor = size <= f64::EPSILON || (last <= AT_ROUNDING && size > 0.5 * last);
        if floor {
            return Some(if self.is_stationary() {
                TerminationReason::SolverConverged
            } else {
                TerminationReason::SolverExit("the steps vanish away from a minimum".into())
            });
        }
        let stalled = if size > 0.5 * last { stalled + 1 } else { 0 };
        let trial = problem.point(&self.moved(&step));
        match trial {
            // Up to rounding error the sum of squares may not rise, and steps must shrink: else this is no minimum's
            // neighbourhood yet, and the descent goes on.
            Some(trial) if trial.sse <= self.point.sse * (1.0 + VISIBLE) + self.noise() && stalled < PATIENCE => {
                self.point = trial;
                self.measure();
                self.phase = Phase::Finish { step: size, stalled };
            }
            _ if self.damping > STUCK => {
                return Some(TerminationReason::SolverExit("no step decreases the sum of squares".into()));
            }
            _ => {
                self.phase = Phase::Descent;
                self.damping = self.damping.max(1e-8) * self.growth;
                self.growth *= 2.0;
            }
        }
        None
    }

    /// Newton's step in the units of [`unit`](Self::unit); that of Gauss and Newton where the second derivatives are no
    /// help (not positive definite).
    fn newton<P: LeastSquaresProblem>(&self, problem: &Scaled<'_, P>) -> Option<DVector<f64>> {
        let k = self.point.parameters.len();
        let scaled =
            DMatrix::from_fn(self.point.jacobian.nrows(), k, |i, j| self.point.jacobian[(i, j)] * self.unit(j));
        let gradient = |point: &Point| {
            let g = point.jacobian.tr_mul(&point.residuals);
            DVector::from_fn(k, |j, _| g[j] * self.unit(j))
        };
        let mut hessian = DMatrix::zeros(k, k);
        for j in 0..k {
            let width = DIFFERENCE * self.point.parameters[j].abs().max(self.unit(j) * self.point.sse.sqrt());
            let mut up = self.point.parameters.clone();
            let mut down = up.clone();
            up[j] += width;
            down[j] -= width;
            let (above, below) = (problem.point(&up)?, problem.point(&down)?);
            // The width that was taken, not the one asked for: the parameter is rounded.
            let per_unit = self.unit(j) / (up[j] - down[j]);
            hessian.set_column(j, &((gradient(&below) - gradient(&above)) * per_unit));
        }
        let symmetric = (&hessian + hessian.transpose()) * 0.5;
        let here = gradient(&self.point);
        if let Some(factor) = symmetric.cholesky() {
            let step = factor.solve(&here);
            if step.iter().all(|s| s.is_finite()) {
                return Some(step);
            }
        }
        let norms: Vec<f64> = scaled.column_iter().map(|c| c.norm()).collect();
        solve(scaled, self.point.residuals.clone(), &norms).ok().map(|s| s.coefficients)
    }

    /// The sum of squares that is rounding error of the fitted values.
    fn noise(&self) -> f64 {
        let columns = self.point.jacobian.column_iter().zip(&self.point.parameters);
        let fitted: f64 = columns.map(|(column, b)| column.norm() * b.abs()).sum();
        (VANISHED * fitted).powi(2)
    }

    /// Whether the residuals are orthogonal to the tangent plane, or gone.
    fn is_stationary(&self) -> bool {
        if self.point.sse <= self.noise() {
            return true;
        }
        let size = self.point.residuals.norm();
        let units = DMatrix::from_fn(self.point.jacobian.nrows(), self.point.jacobian.ncols(), |i, j| {
            self.point.jacobian[(i, j)] * self.unit(j)
        });
        let offset = units.qr().q().tr_mul(&self.point.residuals).norm();
        offset <= STATIONARY * size
    }
}

impl<P: LeastSquaresProblem> Solver<Scaled<'_, P>, Progress> for LevenbergMarquardt {
    fn name(&self) -> &str {
        "Levenberg-Marquardt with Newton finish"
    }

    fn next_iter(
        &mut self,
        problem: &mut Problem<Scaled<'_, P>>,
        state: Progress,
    ) -> Result<(Progress, Option<KV>), Failure> {
        let scaled = problem.problem.as_ref().ok_or_else(|| Failure::msg("the problem has been taken away"))?;
        let end = match self.phase {
            Phase::Descent => self.descend(scaled),
            Phase::Finish { .. } => self.finish(scaled),
        };
        let state = state.param(self.point.parameters.clone()).cost(self.point.sse);
        Ok((if let Some(reason) = end { state.terminate_with(reason) } else { state }, None))
    }

    fn terminate(&mut self, _state: &Progress) -> TerminationStatus {
        TerminationStatus::NotTerminated
    }
}

/// Damping of the first step, in the units of the scaled Jacobian; each tried if the one before did not converge.
const DAMPING: [f64; 3] = [1e-3, 1.0, 1e3];
/// Steps of the descent after which its progress is looked at, and the relative decrease below which it is given up.
const LOOKBACK: u32 = 20;
const IDLE: f64 = 1e-6;
/// Share of the predicted decrease that a step must bring to be taken.
const ACCEPT: f64 = 1e-4;
/// Decreases below this share of the sum of squares drown in its rounding error.
const VISIBLE: f64 = 1e-10;
/// Relative step at which descent hands over.
const SMALL_STEP: f64 = 1e-7;
/// Damping beyond which no step can be told from none.
const STUCK: f64 = 1e15;
/// A relative step below this one may be rounding error if the next does not halve it.
const AT_ROUNDING: f64 = 1e-9;
/// Newton steps in a row that may fail to halve.
const PATIENCE: u32 = 8;
/// Relative width of the differences of the gradient: the cube root of the rounding error.
const DIFFERENCE: f64 = 6e-6;
/// Cosine between residuals and tangent plane at a minimum.
const STATIONARY: f64 = 1e-6;
/// Residuals below this share of the fitted values are rounding error.
const VANISHED: f64 = 1e-12;
