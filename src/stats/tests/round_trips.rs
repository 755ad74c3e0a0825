//! What was fitted can be written and read back as it was, with everything that later questions need.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::sample;
use crate::stats::bootstrap::Bootstrap;
use crate::stats::breaktest::BreakTest;
use crate::stats::broken::Broken;
use crate::stats::ceiling::{Ceiling, Noise};
use crate::stats::clusters::Clusters;
use crate::stats::components::Components;
use crate::stats::covariance::{Covariance, Kind};
use crate::stats::hinge::{Hinge, Outcome};
use crate::stats::hinge_bootstrap::parameters;
use crate::stats::inference::{Inference, InferenceReport};
use crate::stats::linear::Linear;
use crate::stats::logistic::Logistic;
use crate::stats::permutation::Permutation;
use crate::stats::profile::Profile;
use crate::stats::random::Seed;
use crate::stats::richards::Richards;
use crate::stats::sample::Sample;
use crate::stats::segmented::Segmented;
use crate::stats::selection::Selection;
use crate::stats::sensitivity::without_each_family;
use crate::stats::spline::Spline;
use crate::stats::two_segment::TwoSegment;
use crate::stats::wild::WildBootstrap;

fn back<T: Serialize + DeserializeOwned>(value: &T) -> T {
    let text = serde_json::to_string(value).expect("written");
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

fn holds<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) {
    assert_eq!(back(value), *value);
}

/// 24 models in six families, with a group and weights.
fn models() -> Sample {
    let x: Vec<f64> = (0..24).map(|i| 20.0 + 0.2 * f64::from(i)).collect();
    let z: Vec<f64> = (0..24).map(|i| f64::from(i % 2)).collect();
    let y: Vec<f64> =
        (0..24).map(|i| 0.25 + 0.1 * (x[i] - 22.1).max(0.0) + 0.02 * z[i] + 0.003 * ((i * 7) % 11) as f64).collect();
    let weights: Vec<f64> = (0..24).map(|i| f64::from(1 + i % 3)).collect();
    let families: Vec<usize> = (0..24).map(|i| (i * 5) % 6).collect();
    let sample = sample(&x, &y, &[z], &Clusters::new(&families)).and_then(|sample| sample.with_weights(&weights));
    sample.expect("a sample")
}

#[test]
fn every_fit_comes_back_as_it_was() {
    let sample = models();
    holds(&sample);
    let hinge = Hinge::new().chance(0.25).fit_sample(&sample).expect("a fit");
    holds(&hinge);
    assert_eq!(back(&hinge).predict(23.3, &[1.0]).to_bits(), hinge.predict(23.3, &[1.0]).to_bits());
    holds(&Linear::new().fit_sample(&sample).expect("a fit"));
    holds(&Segmented::new().fit_sample(&sample).expect("a fit"));
    holds(&Logistic::new().chance(0.25).fit_sample(&sample).expect("a fit"));
    holds(&Richards::new().chance(0.25).fit_sample(&sample).expect("a fit"));
    holds(&Spline::paper().fit_sample(&sample).expect("a fit"));
    holds(&Broken::new().fit_sample(&sample).expect("a fit"));
    holds(&TwoSegment::new(0.25).fit(sample.x(), sample.y()).expect("a fit"));
    holds(&Selection::new().chance(0.25).compare(&sample).expect("a comparison"));
}

#[test]
fn every_interval_and_test_comes_back_as_it_was() {
    let sample = models();
    let hinge = Hinge::new().chance(0.25);
    let fit = hinge.fit_sample(&sample).expect("a fit");
    holds(&Covariance::new(Kind::Cr2).clusters(sample.families()).of(&fit).expect("a covariance"));
    holds(&parameters(&Bootstrap::new(Seed(1)).replicates(50), &hinge, &sample).expect("replicates"));
    holds(&BreakTest::new(Seed(1)).replicates(99).run(&sample).expect("a test"));
    holds(&Permutation::new(Seed(1)).permutations(99).run(&sample, Some(0.25)).expect("a test"));
    holds(&Profile::new(&sample, Some(0.25)).and_then(|profile| profile.set(0.95)).expect("a set"));
    let wild = WildBootstrap::new(Seed(1)).replicates(99);
    let columns = [vec![1.0; sample.len()], sample.x().to_vec()];
    let wild = wild.linear(&columns, sample.y(), None, 1, sample.families()).and_then(|wild| wild.test(0.0));
    holds(&wild.expect("a test"));
    holds(&Components::of(&fit.residuals, sample.families()).expect("components"));
    holds(&without_each_family(&hinge, &sample).expect("fits"));
    holds(&Ceiling::new().fit(sample.y(), &Noise::Items(500.0)).expect("a ceiling"));
}

#[test]
fn a_break_at_minus_infinity_is_written_as_text_and_read_back() {
    let flat = Hinge::new().chance(0.25).fit(&[20.0, 21.0, 22.0, 23.0], &[0.4, 0.3, 0.35, 0.3], &[]).expect("a fit");
    assert_eq!((flat.outcome, flat.c), (Outcome::Flat, f64::NEG_INFINITY));
    assert!(serde_json::to_string(&flat).expect("written").contains("\"c\":\"-inf\""));
    holds(&flat);
}

#[test]
fn a_sample_is_checked_when_it_is_read() {
    let text = serde_json::to_string(&models()).expect("written");
    for (good, bad) in
        [("\"y\":[", "\"y\":[0.3,"), ("\"weights\":[1.0", "\"weights\":[-1.0"), ("\"families\":[0,", "\"families\":[")]
    {
        assert!(text.contains(good), "{text}");
        assert!(serde_json::from_str::<Sample>(&text.replacen(good, bad, 1)).is_err(), "{bad}");
    }
}

#[test]
fn a_whole_analysis_comes_back_with_what_could_not_be_computed() {
    let analysis = Inference::new(0.25).seed(1).replicates(99).margin(0.1).run(&models()).expect("an analysis");
    // Weights: no variances of families and models.
    let reason = analysis.components.as_ref().expect_err("no components").to_string();
    let text = serde_json::to_string(&analysis).expect("written");
    assert!(text.contains(&format!(r#""components":{{"reason":"{reason}"}}"#)), "{text}");
    let back: InferenceReport = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_eq!((&back.fit, &back.alpha, &back.theta), (&analysis.fit, &analysis.alpha, &analysis.theta));
    let tests =
        |report: &InferenceReport| report.wild.iter().map(|test| test.as_ref().ok().copied()).collect::<Vec<_>>();
    assert_eq!(tests(&back), tests(&analysis));
    assert!(tests(&back)[0].is_some());
    assert_eq!(back.components.expect_err("no components").to_string(), reason);
    assert_eq!(back.equivalence.map(|tests| tests.len()), Some(1));
}
