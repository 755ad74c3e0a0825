//! What resampling methods must do whatever the random numbers: agree with the fits they resample, with themselves on any
//! number of threads, and with the truth where it is known.

use super::paper_scores::{COLUMNS, Scores, scores};
use super::sample;
use crate::stats::bootstrap::Bootstrap;
use crate::stats::breaktest::BreakTest;
use crate::stats::clusters::Clusters;
use crate::stats::curve::FittedCurve;
use crate::stats::distribution::fisher_one_quantile;
use crate::stats::hinge::{Hinge, Outcome};
use crate::stats::hinge_bootstrap::{self, HingeQuantity};
use crate::stats::inference::Inference;
use crate::stats::itemnoise::ItemNoise;
use crate::stats::permutation::Permutation;
use crate::stats::profile::Profile;
use crate::stats::random::Seed;
use crate::stats::sensitivity::{cutoffs, without_each_family};
use crate::stats::simex::Simex;
use crate::stats::wild::WildBootstrap;

/// The fast fits of the wild bootstrap work from running sums, the plain fit from the observations; both find the same
/// optimum to this share of the scores' size.
const SAME_FIT: f64 = 1e-7;

/// A made-up set of models in families of one to four, compute rounded so that some tie, with and without a break.
fn made_up(seed: u64) -> (Vec<f64>, Vec<f64>, Vec<f64>, Clusters) {
    let mut stream = Seed(seed).stream("made up", 0);
    let n = 10 + stream.below(40);
    let mut family = 0;
    let labels: Vec<usize> = (0..n)
        .map(|_| {
            family += usize::from(stream.uniform() < 0.5);
            family
        })
        .collect();
    let x: Vec<f64> = (0..n).map(|_| (200.0 + 40.0 * stream.uniform()).round() / 10.0).collect();
    let new: Vec<f64> = labels.iter().map(|l| f64::from(u8::from(l % 3 == 1))).collect();
    let (slope, c) = (0.4 * stream.uniform() - 0.1, 18.0 + 7.0 * stream.uniform());
    let y = (0..n).map(|i| 0.25 + slope * (x[i] - c).max(0.0) + 0.05 * new[i] + 0.06 * stream.normal()).collect();
    (x, y, new, Clusters::new(&labels))
}

#[test]
fn the_wild_bootstrap_fits_the_same_hinge_as_the_exact_solver() {
    let mut compared = 0;
    for seed in 0..300 {
        let (x, y, new, families) = made_up(seed);
        let groups = [new];
        for chance in [Some(0.25), None] {
            let hinge = chance.map_or(Hinge::new().free_chance(), |r| Hinge::new().chance(r));
            let settings = WildBootstrap::new(Seed(seed)).replicates(9);
            let Ok(parameter) = settings.hinge_group(&sample(&x, &y, &groups, &families).unwrap(), 0, chance) else {
                continue;
            };
            let exact = hinge.fit(&x, &y, &groups).unwrap();
            let test = parameter.test(0.0).unwrap();
            assert!((test.estimate - exact.theta[0]).abs() < SAME_FIT, "{seed}: {} {}", test.estimate, exact.theta[0]);
            compared += 1;
        }
    }
    assert!(compared > 400, "only {compared} data sets could be compared");
}

#[test]
fn the_profile_set_holds_exactly_the_breaks_whose_f_is_below_the_quantile() {
    for seed in 0..40 {
        let (x, y, new, families) = made_up(seed);
        let Ok(profile) = Profile::new(&sample(&x, &y, std::slice::from_ref(&new), &families).unwrap(), Some(0.25))
        else {
            continue;
        };
        let set = profile.set(0.95).unwrap();
        let critical = fisher_one_quantile(0.95, profile.df() as f64).unwrap();
        let (low, high) = x.iter().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
        for step in 1..400 {
            let c = low + (high - low) * f64::from(step) / 400.0;
            let f = profile.f(c);
            // At a border itself rounding decides.
            if (f / critical - 1.0).abs() > 1e-6 {
                assert_eq!(set.contains(c), f < critical, "seed {seed}, c {c}, F {f} of {critical}");
            }
        }
        for end in set.pieces.iter().flat_map(|p| [p.low, p.high]).flatten() {
            let beside = [profile.f(end - 1e-7), profile.f(end + 1e-7)];
            assert!(beside.iter().any(|f| *f > critical) && beside.iter().any(|f| *f < critical), "{end} is no border");
        }
        let best = Hinge::new().chance(0.25).fit(&x, &y, &[new]).unwrap();
        assert!(best.emergence().is_none_or(|c| set.contains(c)));
    }
}

#[test]
fn the_profile_f_is_that_of_refits_with_the_break_held() {
    let data = scores("mmlu");
    let groups = [data.new.clone()];
    let profile = Profile::new(&data.sample(&groups), Some(0.25)).unwrap();
    let mut solver = Hinge::new().chance(0.25).solver(&data.x, &groups).unwrap();
    let least = solver.fit(&data.y, None).unwrap().sse;
    for c in [20.3, 21.4, 22.0, 22.5, 23.3] {
        let f = (solver.sse_at(&data.y, None, c).unwrap() - least) / (least / 50.0);
        assert!((profile.f(c) - f).abs() < 1e-8 * f.max(1.0), "{c}");
    }
}

#[test]
fn one_thread_and_two_give_the_same_bytes() {
    let data = scores("gsm8k");
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let settings = Inference::new(0.0).seed(5).replicates(600).compute_sd(&[0.1; 53]).items(&[1319.0; 53]);
            let groups = std::slice::from_ref(&data.new);
            let before = data.sample(groups);
            let report = settings.run(&before).unwrap();
            let other = scores("gsm8k_adjusted");
            let difference = settings.difference(&before, &before.with_scores(&other.y).unwrap()).unwrap();
            format!("{report:?}\n{difference:?}")
        })
    };
    let one = run(1);
    assert_eq!(one, run(2));
    assert_eq!(one, run(3));
}

#[test]
fn another_seed_moves_an_interval_by_monte_carlo_error_only() {
    let data = scores("mmlu");
    let theta = |seed: u64| {
        let settings = WildBootstrap::new(Seed(seed)).replicates(3_999);
        let groups = std::slice::from_ref(&data.new);
        let parameter = settings.hinge_group(&data.sample(groups), 0, Some(0.25)).unwrap();
        parameter.interval(0.95).unwrap()
    };
    let (a, b) = (theta(1), theta(2));
    assert_ne!(a, b);
    assert!((a.low.unwrap() - b.low.unwrap()).abs() < 0.01 && (a.high.unwrap() - b.high.unwrap()).abs() < 0.01);
}

#[test]
fn the_wild_interval_ends_where_the_test_begins_to_reject() {
    let data = scores("gsm8k");
    let settings = WildBootstrap::new(Seed(3)).replicates(1_999);
    let parameter = settings.hinge_group(&data.sample(std::slice::from_ref(&data.new)), 0, Some(0.0)).unwrap();
    let interval = parameter.interval(0.95).unwrap();
    for (end, outward) in [(interval.low.unwrap(), -1.0), (interval.high.unwrap(), 1.0)] {
        assert!(parameter.test(end + outward * 0.002).unwrap().p_value <= 0.05);
        assert!(parameter.test(end - outward * 0.002).unwrap().p_value > 0.05);
    }
}

#[test]
fn replicates_without_a_break_widen_the_interval_to_one_side_instead_of_inventing_a_number() {
    // With the smallest models left out of a sample, the rest lie on a straight line.
    let x: Vec<f64> = (0..16).map(|i| 20.0 + 0.25 * f64::from(i)).collect();
    let y: Vec<f64> =
        x.iter().enumerate().map(|(i, x)| 0.25 + 0.1 * (x - 20.9_f64).max(0.0) + 0.01 * [1.0, -1.0][i % 2]).collect();
    let families = Clusters::new(&(0..16).map(|i| i / 4).collect::<Vec<_>>());
    let hinge = Hinge::new().chance(0.25);
    let bootstrap = Bootstrap::new(Seed(1)).replicates(999);
    let drawn = hinge_bootstrap::parameters(&bootstrap, &hinge, &sample(&x, &y, &[], &families).unwrap()).unwrap();
    assert_eq!(hinge.fit(&x, &y, &[]).unwrap().outcome, Outcome::Break);
    let interval = drawn.percentile(HingeQuantity::Break.place(), 0.95).unwrap();
    assert_eq!(interval.low, None);
    assert!(interval.high.is_some_and(|high| high > 20.8 && high < 24.0));
}

#[test]
fn the_paired_bootstrap_draws_the_same_families_for_both_scores() {
    let data = scores("mmlu");
    let hinge = Hinge::new().chance(0.25);
    let bootstrap = Bootstrap::new(Seed(1)).replicates(199);
    // A score minus itself differs by nothing in every replicate; drawn apart it would not.
    let shifted: Vec<f64> = data.y.iter().zip(&data.new).map(|(y, z)| y - 0.03 * z).collect();
    let groups = [data.new.clone()];
    let before = data.sample(&groups);
    let after = before.with_scores(&shifted).unwrap();
    let drawn = hinge_bootstrap::difference(&bootstrap, &hinge, [&before, &after]).unwrap();
    let theta = drawn.percentile(HingeQuantity::Group(0).place(), 0.95).unwrap();
    assert!((theta.low.unwrap() - 0.03).abs() < SAME_FIT && (theta.high.unwrap() - 0.03).abs() < SAME_FIT);
}

#[test]
fn the_residual_bootstrap_varies_as_much_as_its_variance_components_say() {
    let Scores { families, y, .. } = scores("gsm8k");
    let n = y.len();
    let fitted = vec![y.iter().sum::<f64>() / n as f64; n];
    let residuals: Vec<f64> = y.iter().zip(&fitted).map(|(y, f)| y - f).collect();
    let parts = crate::stats::components::Components::of(&residuals, &families).unwrap();
    let mean = |_: &mut (), y: &[f64], out: &mut [f64]| {
        out[0] = y.iter().sum::<f64>() / n as f64;
        true
    };
    let drawn =
        Bootstrap::new(Seed(1)).replicates(4_000).residuals(&fitted, &residuals, &families, 1, || (), mean).unwrap();
    let squares: f64 = (0..families.count()).map(|g| (families.members(g).len() as f64 / n as f64).powi(2)).sum();
    let expected = (parts.between * squares + parts.within / n as f64).sqrt();
    // A standard deviation of 4,000 draws is within 1.1 % of the truth two times in three.
    assert!((drawn.standard_error(0).unwrap() / expected - 1.0).abs() < 0.05);
}

#[test]
fn a_break_is_found_where_there_is_one_and_not_on_a_line() {
    for (column, broken) in [("mmlu", true), ("gsm8k", true), ("mmlu_adjusted", false)] {
        let data = scores(column);
        let test = BreakTest::new(Seed(1)).replicates(1_999);
        let found = test.run(&data.sample(std::slice::from_ref(&data.new))).unwrap();
        assert_eq!(found.p_value < 0.05, broken, "{column}: {}", found.p_value);
    }
}

#[test]
fn a_large_group_difference_is_found_by_permuting_families_and_none_is_not() {
    let data = scores("mmlu_adjusted");
    let permute = |y: &[f64]| {
        let test = Permutation::new(Seed(1)).permutations(499);
        let sample = data.sample(std::slice::from_ref(&data.new)).with_scores(y).unwrap();
        test.run(&sample, Some(0.25)).unwrap()
    };
    let none = permute(&data.y);
    assert!(none.p_value > 0.2 && (none.shuffled, none.mixed) == (19, 1));
    let moved: Vec<f64> = data.y.iter().zip(&data.new).map(|(y, z)| y + 0.1 * z).collect();
    assert!(permute(&moved).p_value < 0.01);
}

#[test]
fn simulation_extrapolation_undoes_most_of_the_attenuation() {
    // Error-free compute gives α = 0.2; errors of half a decade flatten it, and the correction brings most of it back.
    let mut stream = Seed(9).stream("truth", 0);
    let n = 240;
    let truth: Vec<f64> = (0..n).map(|_| 20.0 + 4.0 * stream.uniform()).collect();
    let y: Vec<f64> = truth.iter().map(|x| 0.25 + 0.2 * (x - 21.5).max(0.0) + 0.02 * stream.normal()).collect();
    let noisy: Vec<f64> = truth.iter().map(|x| x + 0.5 * stream.normal()).collect();
    let families = Clusters::new(&(0..n).map(|i| i / 4).collect::<Vec<_>>());
    let noisy = sample(&noisy, &y, &[], &families).unwrap();
    let simex = Simex::new(Seed(1), &vec![0.5; n]).unwrap().simulations(60);
    let found = simex.run(&Hinge::new().chance(0.25), &noisy).unwrap();
    let (alpha, corrected) = (&found[0], found[0].corrected.unwrap());
    assert!(alpha.plain < 0.185 && corrected > alpha.plain + 0.5 * (0.2 - alpha.plain), "{} {corrected}", alpha.plain);
    assert!((alpha.attenuation.unwrap() - alpha.plain / corrected).abs() < 1e-12);
    let without = Simex::new(Seed(1), &vec![0.0; n]).unwrap().simulations(2);
    for parameter in without.run(&Hinge::new().chance(0.25), &noisy).unwrap() {
        assert!((parameter.corrected.unwrap() - parameter.plain).abs() < 1e-9 * parameter.plain.abs());
    }
}

#[test]
fn every_cutoff_and_every_left_out_family_is_a_refit() {
    let data = scores("mmlu");
    let hinge = Hinge::new().chance(0.25);
    let months: Vec<i64> = (0..53).map(|i| i64::from(i % 4)).collect();
    let swept = cutoffs(&hinge, &data.sample(&[]), &months).unwrap();
    assert_eq!(swept.iter().map(|s| (s.cutoff, s.members)).collect::<Vec<_>>(), [(1, 39), (2, 26), (3, 13)]);
    let group: Vec<f64> = months.iter().map(|m| f64::from(u8::from(*m >= 2))).collect();
    assert_eq!(swept[1].theta, Some(hinge.fit(&data.x, &data.y, &[group]).unwrap().theta[0]));
    let groups = [data.new.clone()];
    let left_out = without_each_family(&hinge, &data.sample(&groups)).unwrap();
    assert_eq!(left_out.len(), 20);
    let keep: Vec<usize> = (0..53).filter(|&i| data.families.of()[i] != 3).collect();
    let pick = |v: &[f64]| keep.iter().map(|&i| v[i]).collect::<Vec<f64>>();
    let refit = hinge.fit(&pick(&data.x), &pick(&data.y), &[pick(&data.new)]).unwrap();
    assert!((left_out[3].theta[0].unwrap() - refit.theta[0]).abs() < SAME_FIT);
}

#[test]
fn item_noise_explains_all_of_a_purely_binomial_scatter_and_little_of_the_papers() {
    let noise = ItemNoise::of(&[0.5; 30], &[50.0; 30], 0.25 / 50.0).unwrap();
    assert!((noise.share.unwrap() - 1.0).abs() < 1e-12 && noise.model_variance < 1e-12);
    for (column, chance) in COLUMNS {
        let data = scores(column);
        let fit = Hinge::new().chance(chance).fit(&data.x, &data.y, std::slice::from_ref(&data.new)).unwrap();
        let items = if column.starts_with("mmlu") { 14_042.0 } else { 1_319.0 };
        let share = ItemNoise::of(&fit.fitted, &[items; 53], fit.sse() / 50.0).unwrap().share.unwrap();
        assert!(share < 0.03, "{column}: {share}");
    }
}
