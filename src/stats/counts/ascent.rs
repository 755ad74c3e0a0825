//! To the maximum by the method of Broyden, Fletcher, Goldfarb and Shanno, from the curvature at the start.
//!
//! The curvature at the start comes from differences of the gradient. Directions in which the likelihood is flat or bends the
//! wrong way get a least curvature, and no step moves a parameter by more than one, in units in which all are of order one.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

/// A value with its gradient, `None` where there is none.
pub(super) type Sloped = Option<(f64, Vec<f64>)>;

/// Where an ascent ended.
#[derive(Debug, Clone)]
pub(super) struct Peak {
    pub(super) at: Vec<f64>,
    pub(super) value: f64,
    /// Whether no step goes higher by more than rounding.
    pub(super) converged: bool,
}

/// The maximum that `start` leads to; `None` where there is no value.
pub(super) fn climb(start: &[f64], function: &mut dyn FnMut(&[f64]) -> Sloped) -> Option<Peak> {
    let mut at = DVector::from_column_slice(start);
    let (mut value, slope) = function(start)?;
    let mut slope = DVector::from_vec(slope);
    if start.is_empty() {
        return Some(Peak { at: Vec::new(), value, converged: true });
    }
    let mut inverse = inverse_curvature(&at, &slope, function)?;
    let (mut converged, mut renewed) = (false, false);
    for _ in 0..STEPS {
        let mut step = &inverse * &slope;
        let largest = step.amax();
        if largest > LONGEST {
            step *= LONGEST / largest;
        }
        let promised = step.dot(&slope);
        if promised < SETTLED {
            converged = true;
            break;
        }
        match line(&at, value, &step, promised, function) {
            Some((length, next, next_slope)) => {
                let moved = &step * length;
                let turned = &slope - &next_slope;
                update(&mut inverse, &moved, &turned);
                at += &moved;
                (value, slope) = (next, next_slope);
                renewed = false;
            }
            None if renewed => {
                converged = promised < NOISE;
                break;
            }
            None => {
                renewed = true;
                inverse = inverse_curvature(&at, &slope, function)?;
            }
        }
    }
    Some(Peak { at: at.as_slice().to_vec(), value, converged })
}

/// A step length with a true rise.
fn line(
    at: &DVector<f64>,
    value: f64,
    step: &DVector<f64>,
    promised: f64,
    function: &mut dyn FnMut(&[f64]) -> Sloped,
) -> Option<(f64, f64, DVector<f64>)> {
    let mut length = 1.0;
    for _ in 0..HALVINGS {
        let next = at + step * length;
        if let Some((found, slope)) = function(next.as_slice())
            && found > value + ENOUGH * length * promised
        {
            return Some((length, found, DVector::from_vec(slope)));
        }
        length *= 0.4;
    }
    None
}

/// The update of an inverse curvature by a step and what the gradient lost on it.
fn update(inverse: &mut DMatrix<f64>, moved: &DVector<f64>, turned: &DVector<f64>) {
    let along = moved.dot(turned);
    if along <= 1e-10 * moved.norm() * turned.norm() {
        return;
    }
    let seen = &*inverse * turned;
    let factor = (1.0 + turned.dot(&seen) / along) / along;
    *inverse += moved * moved.transpose() * factor - (&seen * moved.transpose() + moved * seen.transpose()) / along;
}

/// The inverse of minus the second derivatives, made positive definite.
fn inverse_curvature(
    at: &DVector<f64>,
    slope: &DVector<f64>,
    function: &mut dyn FnMut(&[f64]) -> Sloped,
) -> Option<DMatrix<f64>> {
    let k = at.len();
    let mut curvature = DMatrix::zeros(k, k);
    for j in 0..k {
        let mut moved = at.clone();
        moved[j] += DIFFERENCE;
        let column = match function(moved.as_slice()) {
            Some((_, other)) => (slope - DVector::from_vec(other)) / DIFFERENCE,
            None => {
                moved[j] = at[j] - DIFFERENCE;
                (DVector::from_vec(function(moved.as_slice())?.1) - slope) / DIFFERENCE
            }
        };
        curvature.set_column(j, &column);
    }
    let eigen = SymmetricEigen::new((&curvature + curvature.transpose()) * 0.5);
    let largest = eigen.eigenvalues.amax();
    let least = (LEAST * largest).max(LEAST);
    let inverse = DMatrix::from_diagonal(&eigen.eigenvalues.map(|value| 1.0 / value.abs().max(least)));
    Some(&eigen.eigenvectors * inverse * eigen.eigenvectors.transpose())
}

const STEPS: usize = 200;
/// The longest step of a parameter.
const LONGEST: f64 = 1.0;
/// A rise of the log likelihood that no interval sees.
const SETTLED: f64 = 1e-11;
/// The same where the sum over nodes is no smoother.
const NOISE: f64 = 1e-4;
const HALVINGS: usize = 30;
/// Share of the promised rise that a step must bring.
const ENOUGH: f64 = 1e-4;
/// Width of differences of the gradient.
const DIFFERENCE: f64 = 1e-4;
/// The least curvature, as a share of the largest.
const LEAST: f64 = 1e-6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crooked_valley_is_climbed_to_its_top() {
        // Rosenbrock's function upside down.
        let mut function = |p: &[f64]| {
            let (a, b) = (1.0 - p[0], p[1] - p[0] * p[0]);
            Some((-a * a - 100.0 * b * b, vec![2.0 * a + 400.0 * b * p[0], -200.0 * b]))
        };
        let peak = climb(&[-1.2, 1.0], &mut function).expect("a value");
        assert!(peak.converged && (peak.at[0] - 1.0).abs() < 1e-5 && (peak.at[1] - 1.0).abs() < 1e-5, "{peak:?}");
    }
}
