//! The broken neural scaling law: its authors' own example, and laws that are known.

use crate::stats::broken::{Broken, BrokenFit};
use crate::stats::curve::FittedCurve;
use crate::stats::curves::Curve;
use crate::stats::parameter::Parameter;
use crate::stats::random::Seed;
use crate::stats::sample::Sample;
use crate::stats::selection::Selection;

/// a, b, c0, c1, d1, f1 of the noiseless simulation in the authors' repository.
const PUBLISHED: [f64; 6] = [
    0.41388453071629455,
    2.2772722897737556,
    0.055077348404973955,
    5.662903816010331,
    612.5836172918001,
    0.059193036393742314,
];

fn published(x: f64) -> f64 {
    let [a, b, c0, c1, d1, f1] = PUBLISHED;
    a + b * x.powf(-c0) * (1.0 + (x / d1).powf(1.0 / f1)).powf(-c1 * f1)
}

/// The simulation has x = 1, 2, …, 4095 and is fitted on the first 405: the break lies beyond all that is fitted.
fn fit_of_the_first(count: usize, broken: Broken) -> BrokenFit {
    let x: Vec<f64> = (1..=count).map(|x| (x as f64).log10()).collect();
    let y: Vec<f64> = (1..=count).map(|x| published(x as f64)).collect();
    broken.fit(&x, &y, &[]).expect("a fit")
}

#[test]
fn the_six_parameters_of_the_authors_noiseless_example_come_out() {
    for broken in [Broken::new(), Broken::new().logarithms()] {
        let fit = fit_of_the_first(405, broken);
        assert!(fit.converged);
        let one = fit.breaks[0];
        let found = [fit.a, fit.b, fit.c0, one.c, 10f64.powf(one.place), one.f];
        for (found, published) in found.iter().zip(PUBLISHED) {
            assert!((found / published - 1.0).abs() < 1e-6, "{found}, published {published}");
        }
        for x in [500.0_f64, 1_000.0, 4_095.0] {
            assert!((fit.predict(x.log10(), &[]) / published(x) - 1.0).abs() < 1e-6, "extrapolated to {x}");
        }
    }
}

/// A law with its breaks at x = 10^place.
fn law(a: f64, b: f64, c0: f64, breaks: &[(f64, f64, f64)]) -> impl Fn(f64) -> f64 {
    let breaks = breaks.to_vec();
    move |x| {
        let bend = |(c, place, f): &(f64, f64, f64)| (1.0 + 10f64.powf((x - place) / f)).powf(-c * f);
        a + b * 10f64.powf(-c0 * x) * breaks.iter().map(bend).product::<f64>()
    }
}

#[test]
fn two_breaks_are_found_and_one_is_told_from_two() {
    let x: Vec<f64> = (0..90).map(|i| 0.06 * f64::from(i)).collect();
    let truth = law(0.1, 2.0, 0.05, &[(0.9, 1.5, 0.2), (-0.8, 3.6, 0.25)]);
    let y: Vec<f64> = x.iter().map(|x| truth(*x)).collect();
    let fit = Broken::new().two_breaks().fit(&x, &y, &[]).expect("a fit");
    assert!(fit.converged);
    let found = [
        fit.a,
        fit.b,
        fit.c0,
        fit.breaks[0].c,
        fit.breaks[0].place,
        fit.breaks[0].f,
        fit.breaks[1].c,
        fit.breaks[1].place,
        fit.breaks[1].f,
    ];
    for (found, truth) in found.iter().zip([0.1, 2.0, 0.05, 0.9, 1.5, 0.2, -0.8, 3.6, 0.25]) {
        assert!((found - truth).abs() < 1e-6, "{found}, true {truth}");
    }
    let one = Broken::new().fit(&x, &y, &[]).expect("a fit");
    assert!(one.sse > 1e-4 && fit.sse < 1e-16, "{} {}", one.sse, fit.sse);
}

#[test]
fn rising_scores_with_a_ceiling_and_a_group_are_a_broken_power_law_too() {
    let x: Vec<f64> = (0..60).map(|i| 20.0 + 0.08 * f64::from(i)).collect();
    // From 0.25 upwards, flat beyond 10^22.6.
    let rise = law(0.25, 1e-11, -0.49, &[(0.46, 22.6, 0.3)]);
    let new: Vec<f64> = (0..60).map(|i| f64::from(u8::from(i % 3 == 0))).collect();
    let y: Vec<f64> = x.iter().zip(&new).map(|(x, z)| rise(*x) + 0.03 * z).collect();
    let fit = Broken::new().fit(&x, &y, &[new]).expect("a fit");
    assert!(fit.converged, "{fit:?}");
    assert!(
        (fit.a - 0.25).abs() < 1e-6 && (fit.theta[0] - 0.03).abs() < 1e-8 && (fit.breaks[0].place - 22.6).abs() < 1e-5
    );
    let names = [
        Parameter::A,
        Parameter::B,
        Parameter::Exponent(0),
        Parameter::Exponent(1),
        Parameter::BreakPlace(1),
        Parameter::Sharpness(1),
        Parameter::Theta,
    ];
    assert_eq!(fit.names(), names);
}

#[test]
fn the_gradient_is_the_derivative_by_the_parameters_that_are_told() {
    let x: Vec<f64> = (0..40).map(|i| 1.0 + 0.1 * f64::from(i)).collect();
    let truth = [0.3, 4.0, 0.2, 0.7, 2.9, 0.4];
    let at = |p: [f64; 6], x: f64| law(p[0], p[1], p[2], &[(p[3], p[4], p[5])])(x);
    let y: Vec<f64> = x.iter().map(|x| at(truth, *x)).collect();
    let fit = Broken::new().fit(&x, &y, &[]).expect("a fit");
    let gradient = fit.gradient(3.3, &[]);
    for (j, derivative) in gradient.iter().enumerate() {
        let moved = |by: f64| {
            let mut p = truth;
            p[j] += by;
            at(p, 3.3)
        };
        let expected = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        assert!((derivative - expected).abs() < 1e-5 * (1.0 + expected.abs()), "{j}: {derivative} {expected}");
    }
}

#[test]
fn scores_without_a_break_leave_the_shape_untold_and_the_level_of_noise_is_not_beaten() {
    let x: Vec<f64> = (0..40).map(|i| 20.0 + 0.1 * f64::from(i)).collect();
    let mut stream = Seed(5).stream("broken", 0);
    let y: Vec<f64> = x.iter().map(|x| 0.2 + 0.05 * (x - 20.0) + 0.01 * stream.normal()).collect();
    let sample = Sample::new(&x, &y).expect("a sample");
    let found =
        Selection::new().chance(0.0).curves(&[Curve::Linear, Curve::Broken, Curve::BrokenTwice]).compare(&sample);
    let found = found.expect("a comparison");
    assert_eq!(found.selected, Curve::Linear);
    let sse = |curve: Curve| found.candidates.iter().find(|one| one.curve == curve).expect("fitted").sse;
    assert!(
        sse(Curve::BrokenTwice) <= sse(Curve::Broken) * (1.0 + 1e-6)
            && sse(Curve::Broken) <= sse(Curve::Linear) * 1.001
    );
}

#[test]
fn what_has_no_broken_power_law_is_refused_by_name() {
    let x: Vec<f64> = (0..12).map(f64::from).collect();
    let y: Vec<f64> = x.iter().map(|x| 1.0 / (1.0 + x)).collect();
    let said = |broken: Broken, x: &[f64], y: &[f64]| broken.fit(x, y, &[]).expect_err("refused").to_string();
    assert!(said(Broken::new(), &x[..5], &y[..5]).contains("5 usable, 6 needed"));
    assert!(said(Broken::new().two_breaks(), &x[..8], &y[..8]).contains("8 usable, 9 needed"));
    assert!(said(Broken::new(), &[1.0; 12], &y).contains("predictor is the same"));
    assert!(said(Broken::new(), &x, &[0.5; 12]).contains("score is the same"));
    let with_zero: Vec<f64> = y.iter().map(|y| y - y.min(0.1)).collect();
    assert!(said(Broken::new().logarithms(), &x, &with_zero).contains("has no logarithm"));
}

#[test]
fn broken_power_laws_are_compared_only_where_they_are_named() {
    assert!(Curve::rising().all(|curve| !matches!(curve, Curve::Broken | Curve::BrokenTwice)));
    assert!(Curve::named().any(|curve| curve == Curve::BrokenTwice));
    assert_eq!("broken_1".parse::<Curve>().expect("a curve"), Curve::Broken);
}
