//! Nonlinear least squares by Levenberg and Marquardt, finished by Newton: the only door to argmin.
//!
//!   β̂ = argmin Σ r_i(β)²,  r_i = sqrt(w_i) (y_i - f_i(β))
//!
//! argmin runs the iteration and reports how it ended; the step is an argmin solver of our own, because a result to ten
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

mod marquardt;
mod problem;

use argmin::core::{Executor, State, TerminationReason};
use serde::{Deserialize, Serialize};

pub(crate) use problem::LeastSquaresProblem;

use super::scaling::binary_scale;
use crate::{Error, Result};
use marquardt::LevenbergMarquardt;
use problem::{Point, Scaled};

/// How to minimise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NonlinearLeastSquares {
    max_iterations: u64,
}

/// Where a minimisation ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub(crate) struct Minimum {
    /// k parameters.
    pub parameters: Vec<f64>,
    /// n residuals at them, weighted as the problem weights them.
    pub residuals: Vec<f64>,
    /// k columns of the Jacobian at them, weighted likewise.
    pub jacobian: Vec<Vec<f64>>,
    /// Sum of squared residuals; infinite when it exceeds the largest `f64`.
    #[serde(with = "crate::serial::real")]
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
    pub(crate) fn new() -> Self {
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
    pub(crate) fn minimise(&self, problem: &impl LeastSquaresProblem, start: &[f64]) -> Result<Minimum> {
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
    #[cfg(test)]
    pub(crate) fn sigma(&self) -> Option<f64> {
        super::least_squares::LeastSquares::fit(&self.jacobian, &self.residuals, None).ok()?.sigma()
    }

    /// Asymptotic standard errors, from σ̂² (J'J)^-1; `None` without degrees of freedom or for a singular Jacobian.
    #[cfg(test)]
    pub(crate) fn standard_errors(&self) -> Option<Vec<f64>> {
        super::least_squares::LeastSquares::fit(&self.jacobian, &self.residuals, None).ok()?.standard_errors()
    }
}

/// Damping of the first step, in the units of the scaled Jacobian; each tried if the one before did not converge.
const DAMPING: [f64; 3] = [1e-3, 1.0, 1e3];

#[cfg(test)]
mod tests {
    #[test]
    fn the_example_holds() -> crate::Result<()> {
        use crate::stats::optimise::{LeastSquaresProblem, NonlinearLeastSquares};

        /// y = a (1 - exp(-b x))
        struct Saturation<'a>(&'a [f64], &'a [f64]);

        impl LeastSquaresProblem for Saturation<'_> {
            fn residuals(&self, p: &[f64]) -> Vec<f64> {
                self.0.iter().zip(self.1).map(|(x, y)| y - p[0] * (1.0 - (-p[1] * x).exp())).collect()
            }
            fn jacobian(&self, p: &[f64]) -> Vec<Vec<f64>> {
                let decay = |x: &f64| (-p[1] * x).exp();
                vec![
                    self.0.iter().map(|x| 1.0 - decay(x)).collect(),
                    self.0.iter().map(|x| p[0] * x * decay(x)).collect(),
                ]
            }
        }

        let x = [1.0, 2.0, 3.0, 5.0, 7.0, 10.0];
        let y = [109.0, 149.0, 149.0, 191.0, 213.0, 224.0];
        let fit = NonlinearLeastSquares::new().minimise(&Saturation(&x, &y), &[100.0, 0.75])?;
        assert!(fit.converged && (fit.parameters[0] - 213.80940889).abs() < 1e-7);
        Ok(())
    }
}
