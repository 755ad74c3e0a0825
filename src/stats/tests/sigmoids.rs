//! The logistic and Richards fits against a search that shares nothing with them: no shape on a dense grid leaves less.

use crate::stats::curve::FittedCurve;
use crate::stats::logistic::Logistic;
use crate::stats::richards::Richards;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// A fit may stop this far above the infimum where there is no minimum (a step, an endless rise).
const STOPPED_SHORT: f64 = 1e-3;
/// Sums of squares below this share of the total are rounding error.
const ROUNDING: f64 = 1e-12;

/// Least sum of squares of y = r + (u - r) g + θ z with r given, u and θ free: a two-by-two system by Cramer's rule.
fn linear_part(y: &[f64], g: &[f64], z: &[f64], r: f64) -> f64 {
    let sum = |f: &dyn Fn(usize) -> f64| (0..y.len()).map(f).sum::<f64>();
    let (gg, gz, zz) = (sum(&|i| g[i] * g[i]), sum(&|i| g[i] * z[i]), sum(&|i| z[i] * z[i]));
    let (gy, zy) = (sum(&|i| g[i] * (y[i] - r)), sum(&|i| z[i] * (y[i] - r)));
    let determinant = gg * zz - gz * gz;
    let (a, t) = if determinant > 1e-9 * gg * zz {
        ((gy * zz - zy * gz) / determinant, (gg * zy - gz * gy) / determinant)
    } else if gg > 0.0 {
        (gy / gg, 0.0)
    } else {
        (0.0, 0.0)
    };
    sum(&|i| (y[i] - r - a * g[i] - t * z[i]).powi(2))
}

fn scores() -> impl Strategy<Value = (Vec<f64>, Vec<f64>, Vec<f64>)> {
    (8usize..40, 0.0f64..0.2, 0.3f64..6.0, 20.5f64..24.0, 0.2f64..1.0).prop_flat_map(|(n, sd, k, m, rise)| {
        let x = prop::collection::vec(20.0f64..24.5, n);
        let noise = prop::collection::vec(-1.0f64..1.0, n);
        let z = prop::collection::vec(0u8..2, n);
        (x, noise, z).prop_map(move |(x, noise, z)| {
            let z: Vec<f64> = z.into_iter().map(f64::from).collect();
            let y = (0..x.len())
                .map(|i| 0.25 + rise / (1.0 + (-k * (x[i] - m)).exp()) + 0.05 * z[i] + sd * noise[i])
                .collect();
            (x, y, z)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn no_logistic_on_a_grid_leaves_less((x, y, z) in scores()) {
        let fit = Logistic::new().chance(0.25).fit(&x, &y, std::slice::from_ref(&z)).unwrap();
        let mut least = f64::INFINITY;
        for k in (0..60).map(|j| 0.1 * 1.12_f64.powi(j)) {
            for m in (0..80).map(|j| 19.0 + 0.1 * f64::from(j)) {
                let g: Vec<f64> = x.iter().map(|x| 1.0 / (1.0 + (-k * (x - m)).exp())).collect();
                least = least.min(linear_part(&y, &g, &z, 0.25));
            }
        }
        let total: f64 = y.iter().map(|y| y * y).sum();
        let slack = if fit.converged { 1e-9 } else { STOPPED_SHORT };
        prop_assert!(fit.sse <= least * (1.0 + slack) + ROUNDING * total, "{} above {least}, {}", fit.sse, fit.converged);
        prop_assert!(fit.predict(22.0, &[0.0]).is_finite());
    }

    #[test]
    fn no_richards_curve_on_a_grid_leaves_less((x, y, z) in scores()) {
        let fit = Richards::new().chance(0.25).fit(&x, &y, std::slice::from_ref(&z)).unwrap();
        let mut least = f64::INFINITY;
        for nu in [0.05, 0.2, 0.5, 1.0, 2.0, 5.0, 20.0] {
            for k in (0..30).map(|j| 0.1 * 1.25_f64.powi(j)) {
                for m in (0..40).map(|j| 19.0 + 0.2 * f64::from(j)) {
                    let g: Vec<f64> = x.iter().map(|x| (1.0 + (-k * (x - m)).exp()).powf(-1.0 / nu)).collect();
                    least = least.min(linear_part(&y, &g, &z, 0.25));
                }
            }
        }
        let total: f64 = y.iter().map(|y| y * y).sum();
        let slack = if fit.converged { 1e-9 } else { STOPPED_SHORT };
        prop_assert!(fit.sse <= least * (1.0 + slack) + ROUNDING * total, "{} above {least}, {}", fit.sse, fit.converged);
    }

    #[test]
    fn the_gradient_of_a_sigmoid_is_that_of_its_prediction((x, y, z) in scores(), at in 20.0f64..24.0) {
        let fit = Richards::new().nu(0.7).unwrap().fit(&x, &y, std::slice::from_ref(&z)).unwrap();
        if !fit.converged {
            return Ok(());
        }
        let start = fit.estimates();
        let gradient = fit.gradient(at, &[1.0]);
        // The curve written out, so that a parameter can be moved.
        let value = |p: &[f64]| p[0] * (1.0 + (p[1] - p[2] * at).exp()).powf(-1.0 / 0.7) + p[3];
        prop_assert!((value(&start) - fit.predict(at, &[1.0])).abs() < 1e-10);
        for j in 0..start.len() {
            let width = 1e-5 * start[j].abs().max(1e-3);
            let (mut up, mut down) = (start.clone(), start.clone());
            up[j] += width;
            down[j] -= width;
            let difference = (value(&up) - value(&down)) / (2.0 * width);
            prop_assert!((difference - gradient[j]).abs() <= 1e-5 * (1.0 + gradient[j].abs()), "{j}: {difference}, {}", gradient[j]);
        }
    }
}
