//! L = E + A/N^α + B/D^β against two fits of other programs to the same points, and laws that are known.

use crate::stats::bootstrap::Bootstrap;
use crate::stats::clusters::Clusters;
use crate::stats::loss_law::{LossLaw, LossLawFit, LossLawParameters, LossLawQuantity, Robust};
use crate::stats::random::Seed;

/// The 240 points of Hoffmann et al. 2022 that Besiroglu et al. 2024 fit: parameters, tokens, loss.
pub(super) fn chinchilla() -> [Vec<f64>; 3] {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data/chinchilla.csv");
    let text = std::fs::read_to_string(path).expect("the table is part of the repository");
    let rows: Vec<Vec<f64>> =
        text.lines().skip(1).map(|l| l.split(',').skip(1).map(|cell| cell.parse().unwrap()).collect()).collect();
    [0, 1, 2].map(|k| rows.iter().map(|row| row[k]).collect())
}

fn fitted(robust: Robust) -> LossLawFit {
    let [params, tokens, loss] = chinchilla();
    assert_eq!(loss.len(), 240);
    LossLaw::new().robust(robust).fit(&params, &tokens, &loss).expect("a fit")
}

fn near(fit: &LossLawFit, expected: [f64; 5], tolerance: f64) {
    let law = fit.law;
    for (value, expected) in [law.e, law.a, law.b, law.alpha, law.beta].into_iter().zip(expected) {
        assert!((value / expected - 1.0).abs() < tolerance, "{law:?}: {value}, expected {expected}");
    }
}

/// The optimum of scipy's BFGS and Nelder–Mead, restarted until nothing changes.
#[test]
fn the_huber_optimum_on_the_chinchilla_points_is_that_of_scipy() {
    let fit = fitted(Robust::Huber(1e-3));
    assert!(fit.converged);
    near(&fit, [1.817218, 477.8259, 2143.417, 0.347311, 0.367172], 2e-6);
    assert!((fit.objective - 0.001018274018).abs() < 1e-12, "{}", fit.objective);
}

/// Besiroglu et al. estimate the scale of the residuals with the law. It goes to 5e-6, where the Huber loss is the sum of
/// absolute values.
#[test]
fn least_absolute_residuals_give_the_published_refit_of_chinchilla() {
    let fit = fitted(Robust::LeastAbsolute);
    assert!(fit.converged);
    near(&fit, [1.816864, 482.0057, 2085.4342, 0.347813, 0.365854], 2e-6);
    let printed = [fit.law.e, fit.law.alpha, fit.law.beta].map(|value| (value * 1e4).round() / 1e4);
    assert_eq!(printed, [1.8169, 0.3478, 0.3659]);
    assert!((fit.law.a - 482.01).abs() < 0.005 && (fit.law.b - 2085.43).abs() < 0.01);
}

/// Sizes and tokens of a sweep.
fn sweep() -> (Vec<f64>, Vec<f64>) {
    let sizes = [4e7_f64, 1.5e8, 6e8, 2e9, 8e9];
    let ratios = [4.0, 12.0, 40.0, 150.0];
    let pairs = sizes.iter().flat_map(|n| ratios.iter().map(move |ratio| (*n, n * ratio)));
    pairs.unzip()
}

#[test]
fn a_law_without_noise_is_found_to_rounding_error() {
    let (params, tokens) = sweep();
    for [e, a, b, alpha, beta] in
        [[1.69, 406.4, 410.7, 0.34, 0.28], [0.8, 60.0, 3e4, 0.25, 0.52], [2.4, 9e3, 250.0, 0.55, 0.27]]
    {
        let truth = LossLawParameters { e, a, b, alpha, beta };
        let loss: Vec<f64> = params.iter().zip(&tokens).map(|(n, d)| truth.loss(*n, *d)).collect();
        for robust in [Robust::Huber(1e-3), Robust::LeastAbsolute] {
            let fit = LossLaw::new().robust(robust).fit(&params, &tokens, &loss).expect("a fit");
            near(&fit, [e, a, b, alpha, beta], 1e-6);
        }
    }
}

#[test]
fn the_best_size_for_a_budget_has_the_smallest_loss_along_it() {
    let law = LossLawParameters { e: 1.8, a: 480.0, b: 2100.0, alpha: 0.35, beta: 0.37 };
    let (n, d) = law.optimum(1e23).expect("an optimum");
    let along = |n: f64| law.loss(n, 1e23 / 6.0 / n);
    assert!((6.0 * n * d / 1e23 - 1.0).abs() < 1e-12);
    assert!(along(n) < along(1.05 * n) && along(n) < along(0.95 * n));
    let (a, b) = law.exponents().expect("exponents");
    let (larger, _) = law.optimum(1e24).expect("an optimum");
    assert!(((larger / n).log10() - a).abs() < 1e-12 && (a + b - 1.0).abs() < 1e-12);
    assert_eq!(LossLawParameters { beta: -0.1, ..law }.optimum(1e23), None, "more data that raise the loss");
}

#[test]
fn points_that_cannot_tell_size_from_data_are_refused() {
    let (params, tokens) = sweep();
    let loss: Vec<f64> =
        params.iter().zip(&tokens).map(|(n, d)| 1.8 + 480.0 / n.powf(0.35) + 2100.0 / d.powf(0.37)).collect();
    let refused = |params: &[f64], tokens: &[f64], loss: &[f64], said: &str| {
        let message = LossLaw::new().fit(params, tokens, loss).expect_err(said).to_string();
        assert!(message.contains(said), "{message}");
    };
    let in_proportion: Vec<f64> = params.iter().map(|n| 20.0 * n).collect();
    refused(&params, &in_proportion, &loss, "tokens follow from the parameters");
    refused(&[1e9; 20], &tokens, &loss, "all numbers of parameters are the same");
    refused(&params, &[1e9; 20], &loss, "all numbers of tokens are the same");
    refused(&params, &tokens, &[2.0; 20], "all losses are the same");
    refused(&params[..5], &tokens[..5], &loss[..5], "5 usable, 6 needed");
    refused(&params, &tokens, &[vec![-1.0], loss[1..].to_vec()].concat(), "losses must be positive");
    let message = LossLaw::new().robust(Robust::Huber(0.0)).fit(&params, &tokens, &loss).expect_err("no δ").to_string();
    assert!(message.contains("must be a positive number"), "{message}");
}

/// Besiroglu et al. print standard errors of 4,000 resamples: 0.03, 124.58, 1293.23, 0.02, 0.02.
#[test]
fn resamples_of_the_chinchilla_points_scatter_as_published_and_on_any_number_of_threads() {
    let [params, tokens, loss] = chinchilla();
    let (law, fit) = (LossLaw::new(), fitted(Robust::Huber(1e-3)));
    let draw = |replicates: usize| {
        let bootstrap = Bootstrap::new(Seed(0)).replicates(replicates).without_jackknife();
        law.bootstrap(&bootstrap, &fit, [&params, &tokens, &loss], &Clusters::singletons(240), &[1e24]).expect("draws")
    };
    let drawn = draw(1_000);
    assert!(drawn.defined(0) > 995);
    for (quantity, published, from) in [
        (LossLawQuantity::E, 0.03, 0.7),
        (LossLawQuantity::A, 124.58, 0.8),
        (LossLawQuantity::B, 1293.23, 0.8),
        (LossLawQuantity::Alpha, 0.02, 0.7),
        (LossLawQuantity::Beta, 0.02, 0.7),
    ] {
        let se = drawn.standard_error(quantity.place()).expect("a standard error");
        assert!((from..1.0 / from).contains(&(se / published)), "{quantity:?}: {se}");
    }
    let pool = |threads: usize| rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
    assert_eq!(pool(1).install(|| draw(50)), pool(3).install(|| draw(50)));
    assert_eq!(pool(1).install(|| fitted(Robust::Huber(1e-3))), fit);
}
