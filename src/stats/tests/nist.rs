//! NIST's Statistical Reference Datasets: certified parameters and standard deviations, from both of NIST's starting
//! points. The files are NIST's (https://www.itl.nist.gov/div898/strd/), in the public domain.

use crate::stats::curve::FittedCurve;
use crate::stats::linear::{LeastSquares, Linear};
use crate::stats::logistic::Logistic;
use crate::stats::optimise::{LeastSquaresProblem, NonlinearLeastSquares};
use crate::stats::parameter::Parameter;
use crate::stats::richards::Richards;
use crate::stats::sample::Sample;

use crate::support::fixture;

/// Significant digits that every certified number must agree to (NIST gives eleven).
const DIGITS: f64 = 8.0;

/// A nonlinear data set as NIST files it.
struct Reference {
    starts: [Vec<f64>; 2],
    parameters: Vec<f64>,
    deviations: Vec<f64>,
    sse: f64,
    sigma: f64,
    x: Vec<f64>,
    y: Vec<f64>,
}

fn reference(name: &str) -> Reference {
    let path = fixture(format!("nist/{name}.dat"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let numbers = |line: &str| -> Vec<f64> { line.split_whitespace().filter_map(|w| w.parse().ok()).collect() };
    let after = |key: &str| text.lines().find(|l| l.starts_with(key)).map(|l| numbers(&l[key.len()..])[0]).unwrap();
    let rows: Vec<Vec<f64>> = text
        .lines()
        .filter_map(|l| l.trim_start().strip_prefix('b')?.split_once('=').map(|(_, rest)| numbers(rest)))
        .filter(|row| row.len() == 4)
        .collect();
    let column = |j: usize| rows.iter().map(|row| row[j]).collect::<Vec<f64>>();
    let data: Vec<Vec<f64>> = text.lines().skip(60).map(numbers).filter(|row| row.len() == 2).collect();
    Reference {
        starts: [column(0), column(1)],
        parameters: column(2),
        deviations: column(3),
        sse: after("Residual Sum of Squares:"),
        sigma: after("Residual Standard Deviation:"),
        x: data.iter().map(|row| row[1]).collect(),
        y: data.iter().map(|row| row[0]).collect(),
    }
}

/// Number of significant digits in which two numbers agree.
fn digits(value: f64, certified: f64) -> f64 {
    -((value - certified).abs() / certified.abs()).max(1e-16).log10()
}

fn agree(what: &str, values: &[f64], certified: &[f64]) {
    assert_eq!(values.len(), certified.len(), "{what}");
    for (value, certified) in values.iter().zip(certified) {
        let found = digits(*value, *certified);
        assert!(found >= DIGITS, "{what}: {value} for {certified}, {found:.1} digits");
    }
}

/// A curve given by its value and gradient.
struct Curve<'a, F> {
    data: &'a Reference,
    value_and_gradient: F,
}

impl<F: Fn(f64, &[f64]) -> (f64, Vec<f64>)> LeastSquaresProblem for Curve<'_, F> {
    fn residuals(&self, b: &[f64]) -> Vec<f64> {
        self.data.x.iter().zip(&self.data.y).map(|(x, y)| y - (self.value_and_gradient)(*x, b).0).collect()
    }

    fn jacobian(&self, b: &[f64]) -> Vec<Vec<f64>> {
        let rows: Vec<Vec<f64>> = self.data.x.iter().map(|x| (self.value_and_gradient)(*x, b).1).collect();
        (0..b.len()).map(|j| rows.iter().map(|row| row[j]).collect()).collect()
    }
}

fn minimiser_agrees(name: &str, value_and_gradient: impl Fn(f64, &[f64]) -> (f64, Vec<f64>) + Copy) {
    let data = reference(name);
    for (number, start) in data.starts.iter().enumerate() {
        let what = format!("{name}, start {}", number + 1);
        let problem = Curve { data: &data, value_and_gradient };
        let fit = NonlinearLeastSquares::new().minimise(&problem, start).unwrap();
        assert!(fit.converged, "{what} did not converge");
        agree(&what, &fit.parameters, &data.parameters);
        agree(&format!("{what}, standard deviations"), &fit.standard_errors().unwrap(), &data.deviations);
        agree(&format!("{what}, sums"), &[fit.sse, fit.sigma().unwrap()], &[data.sse, data.sigma]);
    }
}

#[test]
fn misra1a_reaches_the_certified_digits() {
    minimiser_agrees("Misra1a", |x, b| {
        let decay = (-b[1] * x).exp();
        (b[0] * (1.0 - decay), vec![1.0 - decay, b[0] * x * decay])
    });
}

#[test]
fn boxbod_reaches_the_certified_digits() {
    minimiser_agrees("BoxBOD", |x, b| {
        let decay = (-b[1] * x).exp();
        (b[0] * (1.0 - decay), vec![1.0 - decay, b[0] * x * decay])
    });
}

#[test]
fn chwirut2_reaches_the_certified_digits() {
    minimiser_agrees("Chwirut2", |x, b| {
        let value = (-b[0] * x).exp() / (b[1] + b[2] * x);
        (value, vec![-x * value, -value / (b[1] + b[2] * x), -x * value / (b[1] + b[2] * x)])
    });
}

#[test]
fn danwood_reaches_the_certified_digits() {
    minimiser_agrees("DanWood", |x, b| {
        let power = x.powf(b[1]);
        (b[0] * power, vec![power, b[0] * power * x.ln()])
    });
}

#[test]
fn rat42_reaches_the_certified_digits_as_a_bare_problem() {
    minimiser_agrees("Rat42", |x, b| {
        let e = (b[1] - b[2] * x).exp();
        let share = 1.0 / (1.0 + e);
        (b[0] * share, vec![share, -b[0] * share * share * e, b[0] * x * share * share * e])
    });
}

#[test]
fn rat43_reaches_the_certified_digits_as_a_bare_problem() {
    minimiser_agrees("Rat43", |x, b| {
        let e = (b[1] - b[2] * x).exp();
        let share = (1.0 + e).powf(-1.0 / b[3]);
        let by_exponent = -b[0] * share / b[3] * e / (1.0 + e);
        let by_power = b[0] * share * e.ln_1p() / (b[3] * b[3]);
        (b[0] * share, vec![share, by_exponent, -x * by_exponent, by_power])
    });
}

#[test]
fn rat43_reaches_the_certified_digits_as_a_richards_curve() {
    let data = reference("Rat43");
    let sample = Sample::new(&data.x, &data.y).unwrap();
    let fits = data.starts.iter().map(|start| Richards::new().fit_from(start, &sample));
    for (number, fit) in fits.chain([Richards::new().fit(&data.x, &data.y, &[])]).enumerate() {
        let fit = fit.unwrap();
        assert_eq!(fit.names(), [Parameter::Upper, Parameter::B, Parameter::K, Parameter::Nu]);
        curve_agrees(&format!("Rat43, start {}", number + 1), &fit, fit.converged, &data);
    }
}

#[test]
fn rat42_reaches_the_certified_digits_as_a_richards_curve_with_power_one() {
    let data = reference("Rat42");
    let sample = Sample::new(&data.x, &data.y).unwrap();
    let curve = Richards::new().nu(1.0).unwrap();
    let fits = data.starts.iter().map(|start| curve.fit_from(start, &sample));
    for (number, fit) in fits.chain([curve.fit(&data.x, &data.y, &[])]).enumerate() {
        let fit = fit.unwrap();
        assert_eq!(fit.names(), [Parameter::Upper, Parameter::B, Parameter::K]);
        curve_agrees(&format!("Rat42, start {}", number + 1), &fit, fit.converged, &data);
    }
}

/// NIST's b2 is k·m here, so its standard deviation is the delta method's.
#[test]
fn rat42_reaches_the_certified_digits_as_a_logistic_curve() {
    let data = reference("Rat42");
    let sample = Sample::new(&data.x, &data.y).unwrap();
    let curve = Logistic::new();
    let from = |b: &Vec<f64>| curve.fit_from(&[b[0], b[2], b[1] / b[2]], &sample);
    for fit in data.starts.iter().map(from).chain([curve.fit(&data.x, &data.y, &[])]) {
        let fit = fit.unwrap();
        assert!(fit.converged);
        agree("Rat42, logistic", &[fit.upper, fit.k * fit.m, fit.k], &data.parameters);
        let by_columns = LeastSquares::fit(&fit.jacobian(), fit.residuals(), None).unwrap();
        let v = by_columns.covariance().unwrap();
        let product = fit.m * fit.m * v[1][1] + fit.k * fit.k * v[2][2] + 2.0 * fit.k * fit.m * v[1][2];
        agree("Rat42, logistic, standard deviations", &[v[0][0], product, v[1][1]].map(f64::sqrt), &data.deviations);
    }
}

fn curve_agrees(what: &str, fit: &impl FittedCurve, converged: bool, data: &Reference) {
    assert!(converged, "{what}");
    agree(what, &fit.estimates(), &data.parameters);
    let by_columns = LeastSquares::fit(&fit.jacobian(), fit.residuals(), None).unwrap();
    agree(&format!("{what}, standard deviations"), &by_columns.standard_errors().unwrap(), &data.deviations);
    agree(&format!("{what}, sums"), &[fit.sse(), by_columns.sigma().unwrap()], &[data.sse, data.sigma]);
}

/// A linear data set: response, predictors, and certified estimates with standard deviations.
fn linear_reference(name: &str) -> (Vec<f64>, Vec<Vec<f64>>, Vec<f64>, Vec<f64>) {
    let path = fixture(format!("nist/{name}.dat"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let numbers = |line: &str| -> Vec<f64> { line.split_whitespace().filter_map(|w| w.parse().ok()).collect() };
    let is_estimate = |l: &&str| l.trim_start().starts_with('B') && numbers(l).len() == 2;
    let certified: Vec<Vec<f64>> = text.lines().take(60).filter(is_estimate).map(numbers).collect();
    let data: Vec<Vec<f64>> = text.lines().skip(60).map(numbers).collect();
    let column = |j: usize| data.iter().map(|row| row[j]).collect::<Vec<f64>>();
    let predictors = (1..data[0].len()).map(column).collect();
    (column(0), predictors, certified.iter().map(|c| c[0]).collect(), certified.iter().map(|c| c[1]).collect())
}

#[test]
fn norris_reaches_the_certified_digits() {
    let (y, x, estimates, deviations) = linear_reference("Norris");
    let line = Linear::new().fit(&x[0], &y, &[]).unwrap();
    agree("Norris", &[line.intercept, line.slope], &estimates);
    agree("Norris, standard deviations", &line.least_squares.standard_errors().unwrap(), &deviations);
    let others = [line.least_squares.sigma().unwrap(), line.r_squared().unwrap()];
    agree("Norris, residual deviation and R squared", &others, &[0.884796396144373, 0.999993745883712]);
}

#[test]
fn longley_reaches_the_certified_digits() {
    let (y, mut columns, estimates, deviations) = linear_reference("Longley");
    columns.insert(0, vec![1.0; y.len()]);
    let fit = LeastSquares::fit(&columns, &y, None).unwrap();
    agree("Longley", &fit.coefficients, &estimates);
    agree("Longley, standard deviations", &fit.standard_errors().unwrap(), &deviations);
}

/// A polynomial of degree ten on [-9, -3]: its columns agree in ten digits, so a double keeps about six.
#[test]
fn filip_is_solved_and_not_taken_for_collinear() {
    const FILIP_DIGITS: f64 = 6.0;
    let (y, x, estimates, deviations) = linear_reference("Filip");
    let columns: Vec<Vec<f64>> = (0..=10).map(|power| x[0].iter().map(|x| x.powi(power)).collect()).collect();
    let fit = LeastSquares::fit(&columns, &y, None).unwrap();
    let errors = fit.standard_errors().unwrap();
    for (value, certified) in fit.coefficients.iter().zip(&estimates).chain(errors.iter().zip(&deviations)) {
        assert!(digits(*value, *certified) >= FILIP_DIGITS, "{value} for {certified}");
    }
}
