//! What curves say of data that cannot answer: the outcome, a flag or an error, and never a number made up.

use super::sample;
use crate::Error;
use crate::stats::clusters::Clusters;
use crate::stats::curve::FittedCurve;
use crate::stats::curves::Curve;
use crate::stats::hinge::{Hinge, HingeFit, Outcome};
use crate::stats::linear::{LeastSquares, Linear};
use crate::stats::logistic::Logistic;
use crate::stats::parameter::Parameter;
use crate::stats::richards::Richards;
use crate::stats::sample::Sample;
use crate::stats::segmented::Segmented;
use crate::stats::selection::{Selection, Verdict};
use crate::stats::spline::Spline;

fn steps(n: u32) -> Vec<f64> {
    (0..n).map(f64::from).collect()
}

fn mmlu_like(x: &[f64], y: impl Fn(f64) -> f64) -> HingeFit {
    let y: Vec<f64> = x.iter().map(|x| y(*x)).collect();
    Hinge::new().chance(0.25).fit(x, &y, &[]).unwrap()
}

#[test]
fn a_flat_curve_has_no_point_of_emergence() {
    let at_chance = mmlu_like(&steps(10), |_| 0.25);
    assert_eq!((at_chance.outcome, at_chance.emergence(), at_chance.alpha), (Outcome::Flat, None, 0.0));
    assert!(at_chance.names().is_empty() && at_chance.jacobian().is_empty());
    assert_eq!((at_chance.sse, at_chance.r_squared()), (0.0, None));
}

#[test]
fn a_level_above_chance_is_flat_and_fitted_as_a_level() {
    let fit = mmlu_like(&steps(10), |_| 0.4);
    assert_eq!((fit.outcome, fit.emergence()), (Outcome::Flat, None));
    assert_eq!(fit.names(), [Parameter::Start]);
    assert!(fit.sse < 1e-30 && (fit.predict(100.0, &[]) - 0.4).abs() < 1e-15);
}

#[test]
fn a_decline_is_flat() {
    let fit = mmlu_like(&steps(10), |x| 0.6 - 0.02 * x);
    assert_eq!((fit.outcome, fit.emergence()), (Outcome::Flat, None));
}

#[test]
fn a_straight_rise_above_chance_has_no_break_and_leaves_what_a_line_leaves() {
    let x = steps(12);
    let noise = |x: f64| 0.01 * (7.0 * x).sin();
    let fit = mmlu_like(&x, |x| 0.5 + 0.03 * x + noise(x));
    assert_eq!((fit.outcome, fit.emergence()), (Outcome::NoBreak, None));
    assert_eq!(fit.names(), [Parameter::Alpha, Parameter::Start]);
    let y: Vec<f64> = x.iter().map(|x| 0.5 + 0.03 * x + noise(*x)).collect();
    let line = Linear::new().fit(&x, &y, &[]).unwrap();
    assert!((fit.sse / line.least_squares.sse() - 1.0).abs() < 1e-12);
    assert!((fit.alpha - line.slope).abs() < 1e-12 && fit.c < 0.0);
    let kept = Hinge::new().chance(0.25).within_data(true).fit(&x, &y, &[]).unwrap();
    assert!(kept.c >= 0.0 && kept.sse > fit.sse);
}

#[test]
fn one_model_above_chance_leaves_the_break_open() {
    let fit = mmlu_like(&steps(10), |x| if x > 8.5 { 0.75 } else { 0.25 });
    assert_eq!((fit.outcome, fit.c_identified), (Outcome::Break, false));
    assert_eq!(fit.names(), [Parameter::Alpha]);
    assert!((fit.predict(9.0, &[]) - 0.75).abs() < 1e-15);
}

#[test]
fn an_empty_group_has_no_difference_and_changes_nothing() {
    let x = steps(10);
    let y: Vec<f64> = x.iter().map(|x| 0.25 + 0.1 * (x - 4.3).max(0.0) + 0.01 * (5.0 * x).sin()).collect();
    let alone = Hinge::new().chance(0.25).fit(&x, &y, &[]).unwrap();
    let with = Hinge::new().chance(0.25).fit(&x, &y, &[vec![0.0; 10]]).unwrap();
    assert_eq!((with.theta_identified.clone(), with.theta.clone()), (vec![false], vec![0.0]));
    assert_eq!((with.alpha, with.c, with.sse), (alone.alpha, alone.c, alone.sse));
    assert_eq!(with.names(), [Parameter::Alpha, Parameter::C]);
    assert_eq!(with.free_parameters(), 3);
    let line = Linear::new().fit(&x, &y, &[vec![0.0; 10], vec![1.0; 10]]).unwrap();
    assert_eq!(line.theta_identified, [false, false]);
    let logistic = Logistic::new().fit(&x, &y, &[vec![0.0; 10]]).unwrap();
    assert_eq!(logistic.theta_identified, [false]);
}

#[test]
fn too_few_models_are_an_error_that_says_how_many_are_needed() {
    let (x, y) = ([1.0, 2.0], [0.3, 0.4]);
    let z = [vec![0.0, 1.0]];
    for error in [
        Hinge::new().fit(&x, &y, &z).unwrap_err(),
        Linear::new().fit(&x, &y, &z).unwrap_err(),
        Logistic::new().fit(&x, &y, &z).unwrap_err(),
        Segmented::new().fit(&x, &y, &z).unwrap_err(),
        Richards::new().fit(&x, &y, &z).unwrap_err(),
        Hinge::new().fit(&[], &[], &[]).unwrap_err(),
    ] {
        assert!(matches!(error, Error::NotEnoughModels { have: 0 | 2, need: 2.. }), "{error}");
    }
}

#[test]
fn ten_identical_models_determine_no_curve() {
    let (x, y) = ([22.0; 10], [0.4; 10]);
    for error in [
        Hinge::new().fit(&x, &y, &[]).unwrap_err(),
        Linear::new().fit(&x, &y, &[]).unwrap_err(),
        Logistic::new().fit(&x, &y, &[]).unwrap_err(),
        Segmented::new().fit(&x, &y, &[]).unwrap_err(),
        Richards::new().fit(&x, &y, &[]).unwrap_err(),
        Spline::paper().fit(&x, &y, &[]).unwrap_err(),
        Selection::new().compare(&Sample::new(&x, &y).unwrap()).unwrap_err(),
    ] {
        assert!(matches!(error, Error::Undetermined(_)), "{error}");
    }
}

#[test]
fn values_that_are_no_numbers_are_refused_by_place() {
    let x = steps(6);
    let mut y = steps(6);
    y[3] = f64::NAN;
    let error = Hinge::new().fit(&x, &y, &[]).unwrap_err().to_string();
    assert_eq!(error, "score 4 is NaN, not a number to compute with");
    let sample = Sample::new(&x, &steps(6)).unwrap();
    assert!(matches!(sample.with_weights(&[1.0, -1.0, 1.0, 1.0, 1.0, 1.0]), Err(Error::Argument(_))));
    assert!(matches!(Hinge::new().fit(&x, &steps(5), &[]), Err(Error::Argument(_))));
    assert!(matches!(Hinge::new().fit(&x, &steps(6), &[vec![1.0]]), Err(Error::Argument(_))));
    assert!(matches!(Hinge::new().chance(f64::INFINITY).fit(&x, &steps(6), &[]), Err(Error::Argument(_))));
}

#[test]
fn a_column_that_repeats_others_is_named() {
    let columns = [vec![1.0; 5], steps(5), steps(5).iter().map(|x| 3.0 - 2.0 * x).collect()];
    let error = LeastSquares::fit_named(&["one", "compute", "again"], &columns, &steps(5), None).unwrap_err();
    assert_eq!(error.to_string(), "`again` is a combination of the columns before it");
}

#[test]
fn huge_scores_overflow_nothing_but_the_squares() {
    let x = steps(12);
    let y: Vec<f64> = x.iter().map(|x| 1e300 * (0.3 + (x - 4.3).max(0.0) + 0.1 * (5.0 * x).sin())).collect();
    let fit = Hinge::new().free_chance().fit(&x, &y, &[]).unwrap();
    assert!(fit.sse.is_infinite() && fit.alpha.is_finite() && fit.log_likelihood().is_finite());
    assert!(fit.r_squared().is_some_and(|r| r > 0.99));
    let line = Linear::new().fit(&x, &y, &[]).unwrap().least_squares;
    assert!(line.standard_errors().unwrap().iter().all(|e| e.is_finite()));
    let logistic = Logistic::new().fit(&x, &y, &[]).unwrap();
    assert!(logistic.upper.is_finite() && logistic.log_likelihood().is_finite());
    let error = Hinge::new().fit(&x, &[1.7e308; 12], &[]).unwrap_err();
    assert!(matches!(error, Error::Argument(_)), "{error}");
    let tight: Vec<f64> = x.iter().map(|x| x * 1e-200).collect();
    let error = Linear::new().fit(&tight, &y, &[]).unwrap_err();
    assert!(matches!(error, Error::Undetermined(_)), "{error}");
}

#[test]
fn a_step_has_no_logistic_and_says_so() {
    let x = steps(12);
    let y: Vec<f64> = x.iter().map(|x| if *x < 5.5 { 0.25 } else { 0.75 }).collect();
    let fit = Logistic::new().chance(0.25).fit(&x, &y, &[]).unwrap();
    assert!(!fit.converged && fit.sse < 1e-6);
    assert_eq!(fit.names(), [Parameter::Upper]);
    assert!((fit.predict(0.0, &[]) - 0.25).abs() < 1e-3 && (fit.predict(11.0, &[]) - 0.75).abs() < 1e-3);
}

#[test]
fn scores_at_one_level_determine_no_sigmoid() {
    for level in [0.0, 0.25, 0.5] {
        for fit in [Logistic::new().chance(0.25), Logistic::new().free_chance()] {
            let fit = fit.fit(&steps(12), &[level; 12], &[]).unwrap();
            assert!(!fit.converged && fit.sse < 1e-24, "{fit:?}");
            assert!(!fit.names().iter().any(|n| [Parameter::K, Parameter::M].contains(n)));
        }
    }
}

#[test]
fn a_falling_logistic_is_written_with_the_upper_asymptote_below() {
    let x = steps(14);
    let y: Vec<f64> = x.iter().map(|x| 0.2 + 0.6 / (1.0 + (1.1 * (x - 6.0)).exp())).collect();
    let fit = Logistic::new().free_chance().fit(&x, &y, &[]).unwrap();
    assert!(fit.converged && fit.k > 0.0);
    assert!((fit.chance - 0.8).abs() < 1e-9 && (fit.upper - 0.2).abs() < 1e-9 && (fit.m - 6.0).abs() < 1e-8);
}

#[test]
fn a_sigmoid_far_from_zero_is_the_same_sigmoid() {
    let x = steps(16);
    let y: Vec<f64> = x.iter().map(|x| 0.7 / (1.0 + (6.0 - 0.9 * x).exp()) + 0.01 * (5.0 * x).sin()).collect();
    let far: Vec<f64> = x.iter().map(|x| x + 1e8).collect();
    let (near, far) = (Logistic::new().fit(&x, &y, &[]).unwrap(), Logistic::new().fit(&far, &y, &[]).unwrap());
    assert!((near.k - far.k).abs() < 1e-9 && (near.m + 1e8 - far.m).abs() < 1e-6);
    assert!((near.sse / far.sse - 1.0).abs() < 1e-6);
}

#[test]
fn the_verdict_tells_level_line_and_break_apart() {
    let x: Vec<f64> = (0..40).map(|i| 20.0 + 0.1 * f64::from(i)).collect();
    // Four fixed series of noise; the verdict must not hang on one of them.
    let noise = |x: f64, series: f64| 0.02 * ((37.0 + series) * x * x).sin();
    let families = Clusters::new(&(0..40).map(|i| i % 8).collect::<Vec<u8>>());
    for series in [0.0, 1.0, 2.0, 3.0] {
        let verdict = |curve: &dyn Fn(f64) -> f64| {
            let y: Vec<f64> = x.iter().map(|x| curve(*x) + noise(*x, series)).collect();
            Selection::new().chance(0.25).compare(&sample(&x, &y, &[], &families).unwrap()).unwrap().verdict
        };
        assert_eq!(verdict(&|_| 0.25), Verdict::None);
        assert_eq!(verdict(&|x| 0.3 + 0.1 * (x - 20.0)), Verdict::Gradual);
        assert_eq!(verdict(&|x| 0.25 + 0.2 * (x - 22.0).max(0.0)), Verdict::Abrupt);
        assert_eq!(verdict(&|x| 0.6 - 0.05 * (x - 20.0)), Verdict::None);
    }
}

#[test]
fn a_fold_that_takes_a_groups_only_member_is_left_out_for_every_curve() {
    let x = steps(12);
    let y: Vec<f64> = x.iter().map(|x| 0.25 + 0.05 * x + 0.01 * (5.0 * x).sin()).collect();
    let mut group = vec![0.0; 12];
    group[4] = 1.0;
    let families = Clusters::new(&(0..12).map(|i| i / 3).collect::<Vec<u8>>());
    let found = Selection::new().compare(&sample(&x, &y, &[group], &families).unwrap()).unwrap();
    assert_eq!(found.folds_left_out, (1, 1));
    let one_family = Clusters::new(&[0; 12]);
    let found = Selection::new().compare(&sample(&x, &y, &[], &one_family).unwrap()).unwrap();
    assert!(found.candidates.iter().all(|c| c.rmse_without_family.is_none() && c.rmse_without_model.is_some()));
}

#[test]
fn curves_that_need_more_models_are_listed_as_failed() {
    let found = Selection::new()
        .curves(&[Curve::Linear, Curve::Hinge, Curve::Richards])
        .compare(&Sample::new(&[1.0, 2.0, 3.0], &[0.1, 0.2, 0.5]).unwrap())
        .unwrap();
    assert_eq!(found.failed.iter().map(|(curve, _)| *curve).collect::<Vec<Curve>>(), [Curve::Richards]);
    assert_eq!((found.selected, found.verdict), (Curve::Flat, Verdict::None));
}
