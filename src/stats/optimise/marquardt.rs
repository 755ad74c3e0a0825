//! Levenberg and Marquardt's descent, and Newton's steps at its end, as a solver of argmin.

use argmin::core::{Error as Failure, IterState, KV, Problem, Solver, State, TerminationReason, TerminationStatus};
use nalgebra::{DMatrix, DVector};

use super::problem::{LeastSquaresProblem, Point, Scaled};
use crate::stats::design::solve;

/// The argmin solver.
pub(super) struct LevenbergMarquardt {
    pub(super) point: Point,
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

pub(super) type Progress = IterState<Vec<f64>, (), (), (), (), f64>;

impl LevenbergMarquardt {
    pub(super) fn new(point: Point, damping: f64) -> Self {
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
