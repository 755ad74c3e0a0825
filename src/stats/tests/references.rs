//! Curves against R: every number of tests/fixtures/curves/reference.csv, which reference.R beside it writes.

use std::collections::HashMap;

use super::sample;
use crate::stats::clusters::Clusters;
use crate::stats::curve::FittedCurve;
use crate::stats::curves::Curve;
use crate::stats::linear::{LeastSquares, LeastSquaresFit, Linear};
use crate::stats::logistic::{Logistic, LogisticFit};
use crate::stats::segmented::Segmented;
use crate::stats::selection::Selection;

use crate::support::fixture;

/// Relative agreement with R's `lm`, which is exact.
const LINEAR: f64 = 1e-9;
/// Relative agreement with R's `nls` and `segmented`, which stop at a relative offset of 1e-8.
const ITERATED: f64 = 1e-6;

struct Data {
    families: Vec<String>,
    x: Vec<f64>,
    y: Vec<f64>,
    z: Vec<Vec<f64>>,
    w: Vec<f64>,
    reference: HashMap<(String, String), f64>,
}

fn data() -> Data {
    let read = |name: &str| {
        let path = fixture("curves").join(name);
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    let rows = |text: &str| -> Vec<Vec<String>> {
        text.lines().skip(1).map(|l| l.split(',').map(str::to_owned).collect()).collect()
    };
    let scores = rows(&read("scores.csv"));
    let column = |j: usize| scores.iter().map(|r| r[j].parse().unwrap()).collect::<Vec<f64>>();
    let reference = rows(&read("reference.csv"))
        .into_iter()
        .map(|r| ((r[0].clone(), r[1].clone()), r[2].parse().unwrap()))
        .collect();
    Data {
        families: scores.iter().map(|r| r[1].clone()).collect(),
        x: column(2),
        y: column(3),
        z: vec![column(4)],
        w: column(5),
        reference,
    }
}

impl Data {
    fn holds(&self, fit: &str, quantity: &str, value: f64, tolerance: f64) {
        let expected = self.reference[&(fit.to_owned(), quantity.to_owned())];
        let apart = (value - expected).abs() / expected.abs();
        assert!(apart <= tolerance, "{fit}, {quantity}: {value}, R {expected}");
    }
}

fn linear_holds(data: &Data, name: &str, fit: &LeastSquaresFit, r_squared: f64) {
    let (se, t, p) = (fit.standard_errors().unwrap(), fit.t_values().unwrap(), fit.p_values().unwrap());
    for j in 0..fit.coefficients.len() {
        data.holds(name, &format!("b{}", j + 1), fit.coefficients[j], LINEAR);
        data.holds(name, &format!("se{}", j + 1), se[j], LINEAR);
        data.holds(name, &format!("t{}", j + 1), t[j], LINEAR);
        data.holds(name, &format!("p{}", j + 1), p[j], LINEAR);
    }
    data.holds(name, "sigma", fit.sigma().unwrap(), LINEAR);
    data.holds(name, "sse", fit.sse(), LINEAR);
    data.holds(name, "r_squared", r_squared, LINEAR);
    data.holds(name, "log_likelihood", fit.log_likelihood(), LINEAR);
}

#[test]
fn the_straight_line_is_that_of_lm() {
    let data = data();
    let plain = Linear::new().fit(&data.x, &data.y, &data.z).unwrap().least_squares;
    linear_holds(&data, "line", &plain, plain.r_squared().unwrap());
    data.holds("line", "adjusted_r_squared", plain.adjusted_r_squared().unwrap(), LINEAR);
    let sample = sample(&data.x, &data.y, &data.z, &Clusters::new(&data.families)).unwrap();
    let weighted = Linear::new().fit_sample(&sample.with_weights(&data.w).unwrap()).unwrap();
    linear_holds(&data, "weighted_line", &weighted.least_squares, weighted.r_squared().unwrap());
    let through_zero = LeastSquares::fit(&[data.x.clone(), data.z[0].clone()], &data.y, None).unwrap();
    linear_holds(&data, "no_intercept", &through_zero, through_zero.r_squared_uncentered().unwrap());
}

#[test]
fn two_segments_are_those_of_segmented() {
    let data = data();
    let fit = Segmented::new().fit(&data.x, &data.y, &data.z).unwrap();
    for (quantity, value) in [("c", fit.c), ("slope", fit.slope), ("delta", fit.delta), ("theta", fit.theta[0])] {
        data.holds("segmented", quantity, value, ITERATED);
    }
    data.holds("segmented", "sse", fit.sse, LINEAR);
}

#[test]
fn the_logistic_curves_are_those_of_nls() {
    let data = data();
    let fit = |curve: Logistic| curve.fit(&data.x, &data.y, &data.z).unwrap();
    let sample = sample(&data.x, &data.y, &data.z, &Clusters::new(&data.families)).unwrap();
    let weighted = Logistic::new().chance(0.25).fit_sample(&sample.with_weights(&data.w).unwrap()).unwrap();
    for (name, fit) in [
        ("logistic3", fit(Logistic::new().chance(0.25))),
        ("logistic4", fit(Logistic::new().free_chance())),
        ("weighted_logistic3", weighted),
        ("logistic_given_upper", fit(Logistic::new().free_chance().upper(0.9))),
    ] {
        logistic_holds(&data, name, &fit);
    }
}

fn logistic_holds(data: &Data, name: &str, fit: &LogisticFit) {
    assert!(fit.converged);
    let by_columns = LeastSquares::fit(&fit.jacobian(), fit.residuals(), fit.weights()).unwrap();
    let errors = by_columns.standard_errors().unwrap();
    for (j, (estimate, error)) in fit.estimates().iter().zip(errors).enumerate() {
        data.holds(name, &format!("b{}", j + 1), *estimate, ITERATED);
        data.holds(name, &format!("se{}", j + 1), error, ITERATED);
    }
    data.holds(name, "sse", fit.sse, LINEAR);
    data.holds(name, "sigma", by_columns.sigma().unwrap(), LINEAR);
    data.holds(name, "log_likelihood", fit.log_likelihood(), LINEAR);
}

#[test]
fn criteria_and_prediction_errors_of_the_line_are_those_of_r() {
    let data = data();
    let families = Clusters::new(&data.families);
    let found = Selection::new().chance(0.25).compare(&sample(&data.x, &data.y, &data.z, &families).unwrap()).unwrap();
    let line = found.candidates.iter().find(|c| c.curve == Curve::Linear).unwrap();
    data.holds("line", "log_likelihood", line.log_likelihood, LINEAR);
    data.holds("line", "bic", line.bic, LINEAR);
    let p = line.parameters as f64;
    data.holds("line", "aic", line.aicc.unwrap() - 2.0 * p * (p + 1.0) / (data.y.len() as f64 - p - 1.0), LINEAR);
    data.holds("line", "rmse_without_model", line.rmse_without_model.unwrap(), LINEAR);
    data.holds("line", "rmse_without_family", line.rmse_without_family.unwrap(), LINEAR);
}
