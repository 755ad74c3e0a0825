//! Data that cannot answer: the report says so, part by part, or there is a clear error. Never NaN, never a panic.

use super::sample;
use crate::Error;
use crate::stats::clusters::Clusters;
use crate::stats::hinge::Outcome;
use crate::stats::inference::{Inference, InferenceReport};

fn settings() -> Inference {
    Inference::new(0.25).seed(1).replicates(99).margin(0.02)
}

fn run(x: &[f64], y: &[f64], new: &[f64], families: &[usize]) -> Result<InferenceReport, Error> {
    let n = y.len();
    let everything = settings().items(&vec![100.0; n]).compute_sd(&vec![0.1; n]);
    let report = everything.run(&sample(x, y, &[new.to_vec()], &Clusters::new(families))?)?;
    let text = format!("{report:?}");
    assert!(!text.contains("NaN"), "{text}");
    for estimate in [&report.alpha, &report.c, &report.r_squared].into_iter().chain(&report.theta) {
        for value in [estimate.value, estimate.se, estimate.df] {
            assert!(value.is_none_or(f64::is_finite), "{estimate:?}");
        }
        let own = estimate.as_other().expect("every estimate has a method");
        for one in estimate.others.iter().chain([&own]) {
            for value in [one.interval.low, one.interval.high, one.se, one.p_value] {
                assert!(value.is_none_or(f64::is_finite), "{one:?}");
            }
            assert!(one.interval.ends().is_some() || one.reason.is_some(), "no reason: {one:?}");
        }
    }
    Ok(report)
}

fn message<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.unwrap_err().to_string()
}

const X: [f64; 12] = [20.0, 20.5, 21.0, 21.5, 22.0, 22.3, 22.6, 23.0, 23.2, 23.5, 23.8, 24.0];
const Y: [f64; 12] = [0.24, 0.26, 0.25, 0.27, 0.31, 0.41, 0.38, 0.42, 0.53, 0.49, 0.61, 0.58];
const NEW: [f64; 12] = [0., 0., 1., 0., 0., 1., 0., 0., 1., 0., 0., 1.];
const FAMILIES: [usize; 12] = [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6];

#[test]
fn one_family_keeps_its_estimates_and_has_no_clustered_error() {
    let report = run(&X, &Y, &NEW, &[1; 12]).unwrap();
    assert!(report.theta[0].value.is_some() && report.theta[0].se.is_none());
    assert!(report.theta[0].reason.as_ref().unwrap().contains("two clusters"));
    assert!(report.c.value.is_some() && report.c.interval.low.is_none());
    assert!(message(report.break_test).contains("two clusters"));
    assert!(message(report.smallest_margin.into_iter().next().unwrap()).contains("no standard error"));
}

#[test]
fn fewer_models_than_parameters_is_an_error_that_counts_both() {
    let error = run(&X[..2], &Y[..2], &[0.0, 1.0], &FAMILIES[..2]).unwrap_err();
    assert!(matches!(error, Error::NotEnoughModels { have: 2, need: 3 }), "{error}");
    let report = run(&X[..3], &Y[..3], &[0.0, 1.0, 0.0], &[1, 2, 3]).unwrap();
    assert!(message(report.break_test).contains("not enough models"));
}

#[test]
fn a_constant_predictor_is_an_error() {
    assert!(message(run(&[22.0; 12], &Y, &NEW, &FAMILIES)).contains("same for every model"));
}

#[test]
fn ten_identical_rows_are_an_error() {
    assert!(message(run(&[22.0; 10], &[0.4; 10], &[1.0; 10], &[1; 10])).contains("same for every model"));
}

#[test]
fn a_constant_score_has_no_r_squared_and_no_break() {
    for constant in [0.25, 0.4] {
        let report = run(&X, &[constant; 12], &NEW, &FAMILIES).unwrap();
        assert_eq!(report.fit.outcome, Outcome::Flat);
        assert_eq!((report.r_squared.value, report.c.value), (None, None));
        assert!(report.c.reason.unwrap().contains("nothing rises"));
        assert!(report.break_test.is_err());
    }
}

#[test]
fn scores_that_scatter_around_chance_are_flat_or_have_an_unbounded_break() {
    let y: Vec<f64> = (0..12).map(|i| 0.25 + 0.01 * [1.0, -1.0, 0.5, -0.5][i % 4]).collect();
    let report = run(&X, &y, &NEW, &FAMILIES).unwrap();
    assert!(
        report.fit.outcome == Outcome::Flat || report.c.interval.low.is_none() || report.c.interval.high.is_none(),
        "{:?}",
        report.c
    );
}

#[test]
fn an_empty_or_full_group_leaves_theta_undetermined_and_the_rest_intact() {
    for group in [[0.0; 12], [1.0; 12]] {
        let report = run(&X, &Y, &group, &FAMILIES).unwrap();
        assert!(report.fit.alpha > 0.0 && report.alpha.value.is_some());
        if group[0] == 0.0 {
            assert_eq!(report.theta[0].value, None);
            assert!(report.theta[0].reason.as_ref().unwrap().contains("do not determine theta"));
        }
        assert!(report.permutation[0].is_err());
    }
}

#[test]
fn groups_that_compute_separates_perfectly_give_a_report() {
    let group: Vec<f64> = X.iter().map(|x| f64::from(u8::from(*x > 22.1))).collect();
    let report = run(&X, &Y, &group, &FAMILIES).unwrap();
    assert!(report.theta[0].value.is_some());
}

#[test]
fn a_single_family_in_the_group_is_said_to_determine_it_alone() {
    let group: Vec<f64> = FAMILIES.iter().map(|f| f64::from(u8::from(*f == 6))).collect();
    let report = run(&X, &Y, &group, &FAMILIES).unwrap();
    let theta = &report.theta[0];
    assert!(theta.value.is_some() && theta.se.is_none(), "{theta:?}");
    assert!(theta.reason.as_ref().is_some_and(|n| n.contains("one family alone")), "{theta:?}");
    assert!(message(report.wild.into_iter().next().unwrap()).contains("one family alone"));
    assert!(report.alpha.se.is_some());
}

#[test]
fn a_perfect_fit_has_estimates_and_says_that_it_has_no_errors() {
    let y: Vec<f64> = X.iter().zip(&NEW).map(|(x, z)| 0.25 + 0.125 * (x - 21.75).max(0.0) + 0.5 * z).collect();
    let report = run(&X, &y, &NEW, &FAMILIES).unwrap();
    assert!((report.alpha.value.unwrap() - 0.125).abs() < 1e-9);
    assert!((report.theta[0].value.unwrap() - 0.5).abs() < 1e-9);
    assert!(message(report.wild.into_iter().next().unwrap()).contains("perfect"));
    assert!(message(report.c_set).contains("nothing is left"));
}

#[test]
fn huge_values_overflow_into_a_sentence_not_into_nan() {
    let huge = |v: &[f64]| v.iter().map(|v| v * 1e300).collect::<Vec<f64>>();
    let mut one = Y.to_vec();
    one[5] = 1e300;
    let mut far = X.to_vec();
    far[0] = -1e300;
    for (x, y) in [(X.to_vec(), huge(&Y)), (huge(&X), Y.to_vec()), (X.to_vec(), one), (far, Y.to_vec())] {
        // Whether there is a report or an error is the fit's business; a report without NaN is checked in `run`.
        if let Err(error) = run(&x, &y, &NEW, &FAMILIES) {
            assert!(error.to_string().len() > 20, "{error}");
        }
    }
    let mut twice = X.to_vec();
    (twice[0], twice[1]) = (-1.7e308, 1.7e308);
    let error = message(run(&twice, &Y, &NEW, &FAMILIES));
    assert!(error.contains("predictor"), "{error}");
}

#[test]
fn values_that_are_not_numbers_and_impossible_settings_are_named() {
    let mut y = Y.to_vec();
    y[3] = f64::NAN;
    assert!(message(run(&X, &y, &NEW, &FAMILIES)).contains("score 4 is NaN"));
    let families = Clusters::new(&FAMILIES);
    let group = [NEW.to_vec()];
    let at = |y: &[f64]| sample(&X, y, &group, &families).unwrap();
    assert!(message(settings().level(1.0).run(&at(&Y))).contains("confidence level"));
    assert!(message(settings().replicates(0).run(&at(&Y))).contains("replicate"));
    assert!(message(settings().margin(-1.0).run(&at(&Y))).contains("margin"));
    assert!(message(sample(&X, &Y, &group, &Clusters::new(&[1, 2]))).contains("2 family labels for 12"));
    let report = settings().items(&[0.0; 12]).compute_sd(&[-1.0; 12]).run(&at(&Y)).unwrap();
    assert!(message(report.item_noise.unwrap()).contains("items is positive"));
    assert!(message(report.uncertain_compute.unwrap()).contains("standard deviation"));
}

#[test]
fn a_free_chance_is_reported_as_an_estimate_of_its_own() {
    let report =
        settings().free_chance().run(&sample(&X, &Y, &[NEW.to_vec()], &Clusters::new(&FAMILIES)).unwrap()).unwrap();
    let chance = report.chance.unwrap();
    assert_eq!(chance.value, Some(report.fit.chance));
    assert!(chance.interval.low.unwrap() < report.fit.chance && report.fit.chance < chance.interval.high.unwrap());
    let held = settings().run(&sample(&X, &Y, &[NEW.to_vec()], &Clusters::new(&FAMILIES)).unwrap()).unwrap();
    assert!(held.chance.is_none());
}

#[test]
fn a_difference_between_a_broken_and_a_flat_score_is_undetermined_for_c_alone() {
    let families = Clusters::new(&FAMILIES);
    let flat: Vec<f64> = X.iter().map(|x| 0.25 - 0.01 * (x - 20.0)).collect();
    let broken = sample(&X, &Y, &[NEW.to_vec()], &families).unwrap();
    let found = settings().difference(&broken, &broken.with_scores(&flat).unwrap()).unwrap();
    assert!(!format!("{found:?}").contains("NaN"));
    assert_eq!(found.c.value, None);
    assert!(found.c.reason.unwrap().contains("not determined by both"));
    assert!(found.theta[0].value.is_some());
}
