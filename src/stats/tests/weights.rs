//! Weights mean the same to every method: a model of weight w counts as w copies of it in its family.

use crate::stats::bootstrap::Bootstrap;
use crate::stats::breaktest::{BreakTest, Spread};
use crate::stats::clusters::Clusters;
use crate::stats::covariance::{Covariance, Kind};
use crate::stats::curve::FittedCurve;
use crate::stats::curves::Curve;
use crate::stats::hinge::Hinge;
use crate::stats::hinge_bootstrap::{self, HingeQuantity};
use crate::stats::inference::Inference;
use crate::stats::linear::LeastSquares;
use crate::stats::permutation::Permutation;
use crate::stats::profile::Profile;
use crate::stats::random::Seed;
use crate::stats::sample::Sample;
use crate::stats::sensitivity::{cutoffs, without_each_family};
use crate::stats::simex::Simex;
use crate::stats::wild::WildBootstrap;

use super::paper_scores::scores;

/// Sums over copies and weighted sums differ by rounding alone.
const SAME: f64 = 1e-7;

/// The paper's models with weights 1, 2 and 3, without weights, and with as many copies of each model.
struct Three {
    weighted: Sample,
    plain: Sample,
    copies: Sample,
    weights: Vec<f64>,
    copied: Vec<usize>,
}

fn three() -> Three {
    let data = scores("mmlu");
    let weights: Vec<f64> = (0..data.x.len()).map(|i| (1 + (i * 5) % 3) as f64).collect();
    let copied: Vec<usize> = (0..data.x.len()).flat_map(|i| vec![i; weights[i] as usize]).collect();
    let copy = |values: &[f64]| copied.iter().map(|&i| values[i]).collect::<Vec<f64>>();
    let families: Vec<usize> = copied.iter().map(|&i| data.families.of()[i]).collect();
    let groups = std::slice::from_ref(&data.new);
    let plain = data.sample(groups);
    let weighted = plain.clone().with_weights(&weights).unwrap();
    let copies = super::sample(&copy(&data.x), &copy(&data.y), &[copy(&data.new)], &Clusters::new(&families)).unwrap();
    Three { weighted, plain, copies, weights, copied }
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= SAME * b.abs().max(1.0)
}

#[test]
fn a_weighted_wild_bootstrap_is_that_of_the_copies() {
    let Three { weighted, plain, copies, .. } = three();
    for chance in [Some(0.25), None] {
        let settings = WildBootstrap::new(Seed(1)).replicates(999);
        let [a, b, c] = [&weighted, &copies, &plain].map(|s| settings.hinge_group(s, 0, chance).unwrap());
        for null in [0.0, 0.04] {
            let [a, b, c] = [&a, &b, &c].map(|parameter| parameter.test(null).unwrap());
            assert!(close(a.estimate, b.estimate) && close(a.statistic, b.statistic), "{a:?} {b:?}");
            assert_eq!((a.p_value, a.p_less), (b.p_value, b.p_less));
            assert!(!close(a.estimate, c.estimate), "the weights count");
        }
        let [a, b, _] = [a, b, c].map(|parameter| parameter.interval(0.95).unwrap());
        assert!(close(a.low.unwrap(), b.low.unwrap()) && close(a.high.unwrap(), b.high.unwrap()), "{a:?} {b:?}");
    }
}

#[test]
fn a_weighted_wild_bootstrap_of_a_line_is_that_of_the_line_times_the_roots_of_the_weights() {
    let data = scores("gsm8k");
    let weights: Vec<f64> = (0..53).map(|i| 0.3 + f64::from(i % 7)).collect();
    let columns = [vec![1.0; 53], data.x.clone(), data.new.clone()];
    let root = |values: &[f64]| values.iter().zip(&weights).map(|(v, w)| v * w.sqrt()).collect::<Vec<f64>>();
    let transformed: Vec<Vec<f64>> = columns.iter().map(|column| root(column)).collect();
    let settings = WildBootstrap::new(Seed(2)).replicates(999);
    let a = settings.linear(&columns, &data.y, Some(&weights), 2, &data.families).unwrap().test(0.0).unwrap();
    let b = settings.linear(&transformed, &root(&data.y), None, 2, &data.families).unwrap().test(0.0).unwrap();
    assert!(close(a.estimate, b.estimate) && close(a.statistic, b.statistic) && a.p_value == b.p_value);
    let fit = LeastSquares::fit(&columns, &data.y, Some(&weights)).unwrap();
    assert!(close(a.estimate, fit.coefficients[2]));
    let robust = Covariance::new(Kind::Cr0).clusters(&data.families).weights(&weights);
    let error = robust.estimate(&columns, &fit.residuals).unwrap().std_errors()[2];
    assert!(close(a.statistic, fit.coefficients[2] / error), "{} {}", a.statistic, fit.coefficients[2] / error);
}

#[test]
fn a_weighted_profile_is_that_of_the_copies() {
    let Three { weighted, plain, copies, .. } = three();
    let [a, b, c] = [&weighted, &copies, &plain].map(|s| Profile::new(s, Some(0.25)).unwrap());
    for break_at in [21.2, 22.0, 22.7] {
        // F counts observations; the ratio of the sums of squares behind it does not.
        let ratio = |profile: &Profile| profile.f(break_at) / profile.df() as f64;
        assert!(close(ratio(&a), ratio(&b)) && !close(ratio(&a), ratio(&c)), "{break_at}");
        assert_eq!(a.bootstrap_p(break_at, Seed(1), 499).unwrap(), b.bootstrap_p(break_at, Seed(1), 499).unwrap());
    }
    let [a, b] = [a, b].map(|profile| profile.bootstrap_set(0.95, Seed(1), 499).unwrap());
    assert_eq!(a.pieces.len(), b.pieces.len());
    for (a, b) in a.pieces.iter().zip(&b.pieces) {
        assert!(
            close(a.low.unwrap_or(0.0), b.low.unwrap_or(0.0)) && close(a.high.unwrap_or(0.0), b.high.unwrap_or(0.0))
        );
    }
}

#[test]
fn weighted_break_and_permutation_tests_are_those_of_the_copies() {
    let Three { weighted, plain, copies, .. } = three();
    let test = BreakTest::new(Seed(1)).replicates(499);
    let [a, b, c] = [&weighted, &copies, &plain].map(|s| test.run(s).unwrap());
    assert!(close(a.sup_f, b.sup_f) && a.p_value == b.p_value && close(a.at, b.at), "{a:?} {b:?}");
    assert!(!close(a.sup_f, c.sup_f), "the weights count");
    let [a, b] = [&weighted, &copies].map(|s| test.spread(Spread::Common).run(s).unwrap());
    // F by one variance counts observations, the same in the data and in every replicate.
    assert_eq!(a.p_value, b.p_value);
    let davies = a.davies.unwrap();
    assert!(davies.p_value > 0.0 && !close(davies.largest_t, c.davies.unwrap().largest_t));
    let permutation = Permutation::new(Seed(1)).permutations(199);
    let [a, b, c] = [&weighted, &copies, &plain].map(|s| permutation.run(s, Some(0.25)).unwrap());
    assert!(close(a.statistic, b.statistic) && a.p_value == b.p_value, "{a:?} {b:?}");
    assert!(!close(a.statistic, c.statistic), "the weights count");
}

#[test]
fn a_weighted_pairs_bootstrap_is_that_of_the_copies() {
    let Three { weighted, plain, copies, .. } = three();
    let hinge = Hinge::new().chance(0.25);
    let bootstrap = Bootstrap::new(Seed(1)).replicates(199);
    let drawn = [&weighted, &copies, &plain].map(|s| hinge_bootstrap::parameters(&bootstrap, &hinge, s).unwrap());
    for quantity in [HingeQuantity::Alpha, HingeQuantity::Break, HingeQuantity::RSquared, HingeQuantity::Group(0)] {
        // The lower end of the break is open: some resamples rise from the first model on.
        let [a, b, c] = [0, 1, 2].map(|s: usize| drawn[s].bca(quantity.place(), 0.9).unwrap().high.unwrap());
        assert!(close(a, b) && !close(a, c), "{quantity:?}: {a} {b} {c}");
    }
    let moved: Vec<f64> = weighted.y().iter().map(|y| y - 0.02).collect();
    let moved = weighted.with_scores(&moved).unwrap();
    let [both] = [hinge_bootstrap::difference(&bootstrap, &hinge, [&weighted, &moved]).unwrap()];
    assert!(both.observed(HingeQuantity::Break.place()).is_some());
    // One score weighted otherwise than the other is a difference like any: each fit has its own weights.
    let difference = hinge_bootstrap::difference(&bootstrap, &hinge, [&weighted, &plain]).unwrap();
    let expected = hinge.fit_sample(&weighted).unwrap().theta[0] - hinge.fit_sample(&plain).unwrap().theta[0];
    assert!(close(difference.observed(HingeQuantity::Group(0).place()).unwrap(), expected) && expected != 0.0);
}

#[test]
fn clustered_covariances_of_every_weighted_curve_are_those_of_the_copies() {
    let Three { weighted, copies, .. } = three();
    for curve in [Curve::Hinge, Curve::Linear, Curve::Segmented, Curve::Flat] {
        for kind in [Kind::Cr0, Kind::Cr1, Kind::Cr2, Kind::Cr3] {
            let errors = [&weighted, &copies].map(|s| {
                let fit = curve.fit(Some(0.25), s).unwrap();
                Covariance::new(kind).clusters(s.families()).of(&*fit).unwrap().std_errors()
            });
            for (a, b) in errors[0].iter().zip(&errors[1]) {
                assert!((a - b).abs() <= 1e-5 * b, "{curve} {kind}: {a} {b}");
            }
        }
    }
}

#[test]
fn refits_without_families_at_other_cutoffs_and_with_noisier_compute_keep_the_weights() {
    let Three { weighted, plain, copies, weights, copied } = three();
    let hinge = Hinge::new().chance(0.25);
    let [a, b, c] = [&weighted, &copies, &plain].map(|s| without_each_family(&hinge, s).unwrap());
    for ((a, b), c) in a.iter().zip(&b).zip(&c) {
        assert!(close(a.alpha.unwrap(), b.alpha.unwrap()) && !close(a.alpha.unwrap(), c.alpha.unwrap()));
    }
    let months: Vec<i64> = (0..53).map(|i| i64::from(i % 4)).collect();
    let copied_months: Vec<i64> = copied.iter().map(|&i| months[i]).collect();
    let [a, b] = [cutoffs(&hinge, &weighted, &months).unwrap(), cutoffs(&hinge, &copies, &copied_months).unwrap()];
    for (a, b) in a.iter().zip(&b) {
        assert!(close(a.theta.unwrap(), b.theta.unwrap()));
        assert!((a.standard_error.unwrap() - b.standard_error.unwrap()).abs() < 1e-5);
    }
    // Copies would each draw an error of their own, so that the weights are compared with none of them drawn.
    let simex = Simex::new(Seed(1), &[0.0; 53]).unwrap().simulations(2);
    let fit = hinge.fit_sample(&weighted).unwrap();
    for (found, estimate) in simex.run(&hinge, &weighted).unwrap().iter().zip(fit.estimates()) {
        assert!(close(found.plain, estimate) && close(found.corrected.unwrap(), estimate));
    }
    assert_eq!(fit.weights(), Some(&weights[..]));
}

#[test]
fn the_whole_analysis_is_weighted_and_a_factor_of_the_weights_changes_nothing() {
    let Three { weighted, plain, weights, .. } = three();
    let inference = Inference::new(0.25).seed(1).replicates(199).compute_sd(&[0.1; 53]);
    let thrice: Vec<f64> = weights.iter().map(|w| 4.0 * w).collect();
    let thrice = plain.clone().with_weights(&thrice).unwrap();
    let [a, b, c] = [&weighted, &thrice, &plain].map(|s| inference.run(s).unwrap());
    let of = |report: &crate::stats::inference::InferenceReport| {
        let estimates = [report.alpha.clone(), report.c.clone(), report.theta[0].clone(), report.r_squared.clone()];
        let wild = report.wild[0].as_ref().unwrap().p_value;
        let permutation = report.permutation[0].as_ref().unwrap().p_value;
        (estimates, wild, permutation, report.break_test.as_ref().unwrap().p_value)
    };
    let (a, b, c) = (of(&a), of(&b), of(&c));
    assert_eq!((a.1, a.2, a.3), (b.1, b.2, b.3));
    for ((a, b), c) in a.0.iter().zip(&b.0).zip(&c.0) {
        assert!(close(a.value.unwrap(), b.value.unwrap()) && !close(a.value.unwrap(), c.value.unwrap()));
        let ends = |one: &crate::stats::estimate::Estimate| [one.interval.low, one.interval.high];
        for (a, b) in ends(a).into_iter().zip(ends(b)) {
            assert!((a.unwrap_or(0.0) - b.unwrap_or(0.0)).abs() < 1e-6, "{a:?} {b:?}");
        }
        assert_eq!(a.others.len(), b.others.len());
    }
}

#[test]
fn a_model_of_weight_zero_is_as_one_that_is_not_there() {
    let Three { plain, .. } = three();
    let zero: Vec<f64> = (0..53).map(|i| f64::from(u8::from(i % 5 != 2))).collect();
    let kept: Vec<usize> = (0..53).filter(|i| zero[*i] > 0.0).collect();
    let pick = |values: &[f64]| kept.iter().map(|&i| values[i]).collect::<Vec<f64>>();
    let families: Vec<usize> = kept.iter().map(|&i| plain.families().of()[i]).collect();
    let left =
        super::sample(&pick(plain.x()), &pick(plain.y()), &[pick(&plain.groups()[0])], &Clusters::new(&families));
    let pair = [plain.with_weights(&zero).unwrap(), left.unwrap()];
    let settings = WildBootstrap::new(Seed(1)).replicates(199);
    let [a, b] = pair.each_ref().map(|s| settings.hinge_group(s, 0, Some(0.25)).unwrap().test(0.0).unwrap());
    assert_eq!((a.p_value, a.estimate), (b.p_value, b.estimate));
    let [a, b] = pair.each_ref().map(|s| Profile::new(s, Some(0.25)).unwrap().set(0.95).unwrap());
    assert_eq!(a, b);
    let [a, b] = pair.each_ref().map(|s| BreakTest::new(Seed(1)).replicates(199).run(s).unwrap());
    assert_eq!(a, b);
    let [a, b] = pair.each_ref().map(|s| {
        let fit = Hinge::new().chance(0.25).fit_sample(s).unwrap();
        let covariance = Covariance::new(Kind::Classical).clusters(s.families()).of(&fit).unwrap();
        (covariance.std_errors()[0], covariance.degrees_of_freedom()[0])
    });
    assert!(close(a.0, b.0) && a.1 == b.1, "{a:?} {b:?}");
}
