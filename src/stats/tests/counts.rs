//! Curves of counts against lme4, glmmTMB and a sum over a fine grid: tests/fixtures/stats/counts.csv, which
//! reference/counts.R beside it writes.

use crate::stats::clusters::Clusters;
use crate::stats::counts::{CountQuantity, CountSample, Counts, CountsFit, Response};
use crate::support::fixture;

/// Agreement of parameters: optimisers of the reference stop at about this distance.
const CLOSE: f64 = 1e-4;
/// Agreement of log likelihoods and deviances.
const LIKELY: f64 = 1e-3;
/// The columns that are compared.
const COLUMNS: [&str; 2] = ["mmlu", "sociology"];

struct Reference {
    rows: Vec<Vec<String>>,
    reference: Vec<Vec<String>>,
}

impl Reference {
    fn read() -> Self {
        let read = |name: &str| -> Vec<Vec<String>> {
            let path = fixture("stats").join(name);
            let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            text.lines().map(|line| line.split(',').map(|cell| cell.trim().to_owned()).collect()).collect()
        };
        Self { rows: read("mmlu_counts.csv"), reference: read("counts.csv") }
    }

    fn column(&self, name: &str) -> Vec<&str> {
        let at = self.rows[0].iter().position(|column| column == name).expect("a column");
        self.rows[1..].iter().map(|row| row[at].as_str()).collect()
    }

    fn numbers(&self, name: &str) -> Vec<f64> {
        self.column(name).iter().map(|cell| cell.parse().expect("a number")).collect()
    }

    fn sample(&self, column: &str) -> CountSample {
        let items = format!("{}_items", column.trim_end_matches("_adjusted"));
        CountSample::new(&self.numbers("log10_compute"), &self.numbers(column), &self.numbers(&items))
            .and_then(|sample| sample.with_groups(&[self.numbers("new")]))
            .and_then(|sample| sample.with_families(&Clusters::new(&self.column("family"))))
            .expect("a sample")
    }

    fn of(&self, column: &str, quantity: &str) -> Vec<f64> {
        let rows = self.reference.iter().filter(|row| row[0] == column && row[1] == quantity);
        let found: Vec<f64> = rows.map(|row| row[3].parse().expect("a number")).collect();
        assert!(!found.is_empty(), "no {quantity} of {column}");
        found
    }
}

fn near(found: f64, expected: f64, tolerance: f64, what: &str) {
    assert!((found - expected).abs() <= tolerance * expected.abs().max(1.0), "{what}: {found}, reference {expected}");
}

fn near_curve(fit: &CountsFit, expected: &[f64], what: &str) {
    near(fit.point, expected[0], CLOSE / 10.0, &format!("{what}, point"));
    near(fit.slope, expected[1], CLOSE, &format!("{what}, slope"));
    near(fit.theta[0], expected[2], CLOSE, &format!("{what}, theta"));
}

#[test]
fn a_binomial_mixed_model_of_counts_is_that_of_lme4() {
    let reference = Reference::read();
    for column in COLUMNS {
        let sample = reference.sample(column);
        for nodes in [1, 25] {
            let fit = Counts::new(Response::Logistic).binomial().nodes(nodes).fit(&sample).expect("a fit");
            let of = |quantity: &str| reference.of(column, &format!("glmer {nodes} {quantity}"));
            let what = format!("{column}, {nodes} nodes");
            assert!(fit.converged, "{what}");
            near_curve(&fit, &of("midpoint slope theta"), &what);
            near(fit.family_sd, of("family sd")[0], CLOSE, &what);
            for (found, expected) in fit.effects.iter().zip(of("effects")) {
                near(*found, expected, CLOSE, &format!("{what}, effects"));
            }
            if nodes == 1 {
                near(fit.log_likelihood, of("logLik")[0], 1e-6, &what);
            }
            let held = [
                (CountQuantity::Slope, "deviance slope"),
                (CountQuantity::Theta(0), "deviance theta"),
                (CountQuantity::Point, "deviance point"),
            ];
            for (quantity, name) in held {
                let expected = of(name);
                let found = fit.deviance(quantity, expected[0]).expect("a quantity").expect("a value");
                near(found, expected[1], LIKELY, &format!("{what}, {name}"));
            }
        }
    }
}

#[test]
fn a_beta_binomial_mixed_model_of_counts_is_that_of_glmmtmb() {
    let reference = Reference::read();
    for column in COLUMNS {
        let sample = reference.sample(column);
        let both = Counts::new(Response::Logistic).nodes(1);
        for (case, counts) in [("betabinomial families", both), ("betabinomial", both.without_families())] {
            let fit = counts.fit(&sample).expect("a fit");
            let of = |quantity: &str| reference.of(column, &format!("{case} {quantity}"));
            let what = format!("{column}, {case}");
            near(fit.log_likelihood, of("logLik")[0], 1e-6, &what);
            near_curve(&fit, &of("midpoint slope theta"), &what);
            near(fit.overdispersion, of("rho")[0], CLOSE, &what);
        }
    }
}

#[test]
fn curves_above_a_floor_are_those_of_a_sum_over_a_fine_grid() {
    let reference = Reference::read();
    for column in COLUMNS {
        let sample = reference.sample(column);
        for response in [Response::Logistic, Response::Hinge] {
            let fit = Counts::new(response).chance(0.25).fit(&sample).expect("a fit");
            let expected = reference.of(column, &format!("{response} at 0.25"));
            let what = format!("{column}, {response}");
            // Near kinks of a hinge the search cannot always tell that it has arrived.
            assert!(fit.converged || response == Response::Hinge, "{what}");
            near(fit.log_likelihood, expected[5], GRID / 100.0, &what);
            near(fit.point, expected[0], GRID / 10.0, &what);
            let found = [fit.slope, fit.theta[0], fit.family_sd, fit.overdispersion];
            for (found, expected) in found.into_iter().zip(&expected[1..]) {
                near(found, *expected, GRID, &what);
            }
        }
    }
}

/// Agreement with the sum over a grid, which meets the kinks of a hinge only to the width of its steps.
const GRID: f64 = 2e-4;

#[test]
fn an_interval_ends_where_the_deviance_is_the_critical_value() {
    let reference = Reference::read();
    let fit = Counts::new(Response::Logistic).chance(0.25).fit(&reference.sample("mmlu")).expect("a fit");
    let t = crate::stats::distribution::student_quantile(0.975, fit.degrees_of_freedom()).expect("a quantile");
    for quantity in [CountQuantity::Point, CountQuantity::Slope, CountQuantity::Theta(0), CountQuantity::Lead(0)] {
        let (low, high) = fit.interval(quantity, 0.95).expect("an interval").ends().expect("two ends");
        let value = fit.value(quantity).expect("a value");
        assert!(low < value && value < high, "{quantity:?}: {low} {value} {high}");
        for end in [low, high] {
            let deviance = fit.deviance(quantity, end).expect("a quantity").expect("a value");
            assert!((deviance - t * t).abs() < 1e-2, "{quantity:?} at {end}: {deviance}, {}", t * t);
        }
    }
}

#[test]
fn a_fit_of_counts_that_is_read_is_the_one_that_was_written() {
    let reference = Reference::read();
    let fit = Counts::new(Response::Hinge).chance(0.25).fit(&reference.sample("sociology")).expect("a fit");
    let text = serde_json::to_string(&fit).expect("JSON");
    assert_eq!(serde_json::from_str::<CountsFit>(&text).expect("a fit"), fit);
}

#[test]
fn counts_that_are_none_are_refused() {
    let x = [20.0, 21.0, 22.0];
    for (correct, items) in [(30.5, 100.0), (101.0, 100.0), (-1.0, 100.0), (3.0, 0.0), (3.0, 10.5)] {
        assert!(CountSample::new(&x, &[1.0, 2.0, correct], &[10.0, 10.0, items]).is_err(), "{correct} of {items}");
    }
    let sample = CountSample::new(&x, &[1.0, 2.0, 3.0], &[10.0; 3]).expect("counts");
    assert!(Counts::new(Response::Logistic).fit(&sample).is_err(), "three models, four parameters");
}
