//! The point of emergence by the number of task examples, where it is known.

use crate::ErrorKind;
use crate::stats::bootstrap::Bootstrap;
use crate::stats::clusters::Clusters;
use crate::stats::emergence_law::{
    EmergenceLaw, EmergenceLawParameters, EmergencePoints, EmergenceQuantity, EmergenceShift, GainBy, LawBound,
    WithoutExamples,
};
use crate::stats::hinge::Hinge;
use crate::stats::random::Seed;

const NUMBERS: [f64; 5] = [64.0, 640.0, 6_400.0, 64_000.0, 640_000.0];

fn law(form: EmergenceShift) -> EmergenceLawParameters {
    let scale = if form == EmergenceShift::Power { 1.5 } else { 900.0 };
    EmergenceLawParameters { form, chance: 0.25, c0: 22.6, shift: 1.8, scale, gain: 0.25, fall: 0.5, most: 640_000.0 }
}

/// Fourteen models after numbers of examples.
fn world(law: &EmergenceLawParameters, noise: f64) -> (Vec<f64>, Vec<f64>, Vec<f64>, Vec<usize>) {
    let (mut x, mut examples, mut y, mut model) = (vec![], vec![], vec![], vec![]);
    let mut stream = Seed(3).stream("emergence by examples", 0);
    for i in 0..14 {
        let compute = 20.0 + i as f64 / 3.5;
        for d in NUMBERS {
            x.push(compute);
            examples.push(d);
            y.push(law.score(compute, d) + noise * stream.normal());
            model.push(i);
        }
    }
    (x, examples, y, model)
}

#[test]
fn scores_without_noise_give_back_the_law_in_both_forms() {
    for form in [EmergenceShift::Logarithm, EmergenceShift::Power] {
        let truth = law(form);
        let (x, examples, y, _) = world(&truth, 0.0);
        let points = EmergencePoints::new(&x, &examples, &y).unwrap();
        let fit = EmergenceLaw::new().chance(0.25).form(form).fit(&points).unwrap();
        assert!((fit.law.c0 - 22.6).abs() < 1e-3 && (fit.law.shift - 1.8).abs() < 1e-3, "{:?}", fit.law);
        assert!(
            (fit.law.scale / truth.scale - 1.0).abs() < 1e-2 && (fit.law.gain - 0.25).abs() < 1e-3,
            "{:?}",
            fit.law
        );
        assert!((fit.law.fall - 0.5).abs() < 1e-2 && fit.bounds.is_empty() && fit.sse < 1e-8, "{fit:?}");
        assert_eq!(fit.law.c_at(0.0), fit.law.c0);
        assert!((fit.law.c_at(640_000.0) - (fit.law.c0 - fit.law.shift)).abs() < 1e-12);
    }
}

#[test]
fn without_a_shift_the_law_is_the_hinge_of_all_points() {
    let (x, examples, _, _) = world(&law(EmergenceShift::Logarithm), 0.0);
    let y: Vec<f64> =
        x.iter().enumerate().map(|(i, x)| 0.25 + 0.2 * (x - 22.0).max(0.0) + 1e-3 * ((i % 7) as f64 - 3.0)).collect();
    let points = EmergencePoints::new(&x, &examples, &y).unwrap();
    let fit = EmergenceLaw::new().chance(0.25).gain(GainBy::Shared).fit(&points).unwrap();
    let hinge = Hinge::new().chance(0.25).fit(&x, &y, &[]).unwrap();
    assert!(fit.sse <= hinge.sse * (1.0 + 1e-9) && (fit.law.c_at(6_400.0) - hinge.c).abs() < 0.05, "{fit:?}");
}

#[test]
fn one_hinge_of_every_number_alone_is_that_of_its_points() {
    let (x, examples, y, _) = world(&law(EmergenceShift::Logarithm), 0.0);
    let points = EmergencePoints::new(&x, &examples, &y).unwrap();
    let alone = EmergenceLaw::new().chance(0.25).alone(&points);
    let truth = law(EmergenceShift::Logarithm);
    for (c, d) in alone.iter().zip(NUMBERS) {
        assert!(c.is_some_and(|c| (c - truth.c_at(d)).abs() < 1e-6), "{d}: {c:?}");
    }
}

#[test]
fn intervals_hold_the_known_point_and_its_error_and_are_the_same_on_any_number_of_threads() {
    let truth = law(EmergenceShift::Logarithm);
    let (x, examples, y, model) = world(&truth, 0.02);
    let points = EmergencePoints::new(&x, &examples, &y).unwrap();
    let law = EmergenceLaw::new().chance(0.25);
    let fit = law.fit(&points).unwrap();
    let plain_x: Vec<f64> = (0..14).map(|i| 20.0 + i as f64 / 3.5).collect();
    let plain_y: Vec<f64> =
        plain_x.iter().enumerate().map(|(i, x)| truth.score(*x, 0.0) + 0.01 * ((i % 3) as f64 - 1.0)).collect();
    let labels: Vec<usize> = model.into_iter().chain(0..14).collect();
    let drawn = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let without = Some(WithoutExamples { x: &plain_x, y: &plain_y });
        let bootstrap = Bootstrap::new(Seed(5)).replicates(60);
        pool.install(|| law.bootstrap(&bootstrap, &fit, &points, without, &Clusters::new(&labels), &[640.0]).unwrap())
    };
    let one = drawn(1);
    let interval = |of: EmergenceQuantity| of.interval(&one, 0.95).unwrap();
    assert!(interval(EmergenceQuantity::Without).contains(22.6), "{:?}", interval(EmergenceQuantity::Without));
    assert!(interval(EmergenceQuantity::Observed).contains(22.6));
    assert!(interval(EmergenceQuantity::Error).contains(0.0));
    assert!(interval(EmergenceQuantity::At(0)).contains(truth.c_at(640.0)));
    assert_eq!(one, drawn(3));
    let few = law.bootstrap(&Bootstrap::new(Seed(5)), &fit, &points, None, &Clusters::new(&labels), &[]);
    assert_eq!(few.unwrap_err().kind(), ErrorKind::Input, "labels of scores that were not given");
}

#[test]
fn a_forecast_that_ends_at_a_bound_says_so_and_has_no_upper_end() {
    // Every number of examples lies where the point has already moved: only the slope in ln D is known.
    let truth = EmergenceLawParameters { scale: 1e-3, gain: 0.2, fall: 0.0, ..law(EmergenceShift::Logarithm) };
    let (x, examples, y, model) = world(&truth, 1e-5);
    let points = EmergencePoints::new(&x, &examples, &y).unwrap();
    let law = EmergenceLaw::new().chance(0.25).gain(GainBy::Shared);
    let fit = law.fit(&points).unwrap();
    assert!(fit.bounds.contains(&LawBound::Scale), "{:?}", fit.bounds);
    let bootstrap = Bootstrap::new(Seed(5)).replicates(60);
    let drawn = law.bootstrap(&bootstrap, &fit, &points, None, &Clusters::new(&model), &[]).unwrap();
    let interval = EmergenceQuantity::Without.interval(&drawn, 0.95).unwrap();
    assert!(interval.low.is_some() && interval.high.is_none(), "{interval:?}");
}

#[test]
fn what_determines_no_law_is_refused() {
    let (x, examples, y, _) = world(&law(EmergenceShift::Logarithm), 0.0);
    let kind = |x: &[f64], d: &[f64], y: &[f64]| EmergencePoints::new(x, d, y).unwrap_err().kind();
    let two: Vec<f64> = examples.iter().map(|d| d.min(640.0)).collect();
    assert_eq!(kind(&x, &two, &y), ErrorKind::Undetermined);
    assert_eq!(kind(&vec![21.0; x.len()], &examples, &y), ErrorKind::Undetermined);
    assert_eq!(kind(&x[1..], &examples, &y), ErrorKind::Input);
    let none: Vec<f64> = examples.iter().map(|d| d - 64.0).collect();
    assert_eq!(kind(&x, &none, &y), ErrorKind::Input);
    let points = EmergencePoints::new(&x, &examples, &vec![0.25; x.len()]).unwrap();
    let error = EmergenceLaw::new().chance(0.25).fit(&points).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undetermined);
}
