//! The covariances, tests and intervals of `stats` against R, wildboottest and scipy on the paper's own scores. How every
//! reference number was made stands in tests/fixtures/stats/reference.

use super::paper_scores::{COLUMNS, Scores, scores};
use crate::stats::bootstrap::Bootstrap;
use crate::stats::breaktest::davies;
use crate::stats::clusters::Clusters;
use crate::stats::covariance::{Covariance, Kind};
use crate::stats::curve::FittedCurve;
use crate::stats::distribution::{fisher_upper, student_quantile, student_upper};
use crate::stats::equivalence::Equivalence;
use crate::stats::hinge::Hinge;
use crate::stats::linear::{LeastSquares, Linear};
use crate::stats::multiplicity::{benjamini_hochberg, holm};
use crate::stats::random::Seed;
use crate::stats::segmented::Segmented;
use crate::stats::wild::{WildBootstrap, WildWeights};

use crate::support::fixture;

/// The bar for figures that another program printed: relative agreement.
const AGREES: f64 = 1e-6;
/// Two bootstraps with different random numbers: differences in Monte Carlo standard errors that never happen by chance
/// (one in 10^5 comparisons).
const MONTE_CARLO: f64 = 4.5;

fn reference(file: &str, column: &str, quantity: &str) -> Vec<f64> {
    let path = fixture("stats").join(file);
    let text = std::fs::read_to_string(path).expect("the fixture is part of the repository");
    let rows = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let found: Vec<f64> = rows
        .filter(|row| row[0] == column && row[1] == quantity)
        .map(|row| row[3].parse().expect("the value is numeric"))
        .collect();
    assert!(!found.is_empty(), "{file} has no {quantity} for {column}");
    found
}

fn r(column: &str, quantity: &str) -> Vec<f64> {
    reference("regressions.csv", column, quantity)
}

#[track_caller]
fn assert_close(what: &str, ours: &[f64], theirs: &[f64]) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    for (a, b) in ours.iter().zip(theirs) {
        assert!((a - b).abs() <= AGREES * b.abs(), "{what}: {a} against {b}");
    }
}

/// Intercept, group, log10 compute: the order of the published regression.
fn design(data: &Scores) -> Vec<Vec<f64>> {
    vec![vec![1.0; data.y.len()], data.new.clone(), data.x.clone()]
}

#[test]
fn every_covariance_of_the_straight_line_agrees_with_r() {
    for (column, _) in COLUMNS {
        let data = scores(column);
        let design = design(&data);
        let fit = LeastSquares::fit(&design, &data.y, None).unwrap();
        assert_close("estimate", &fit.coefficients, &r(column, "estimate"));
        for (kind, name) in [
            (Kind::Classical, "classical"),
            (Kind::Hc0, "HC0"),
            (Kind::Hc1, "HC1"),
            (Kind::Hc2, "HC2"),
            (Kind::Hc3, "HC3"),
            (Kind::Cr0, "CR0"),
            (Kind::Cr1, "cluster HC0"),
            (Kind::Cr1s, "cluster HC1"),
            (Kind::Cr2, "cluster HC2"),
            (Kind::Cr3, "cluster HC3"),
        ] {
            let ours = Covariance::new(kind).clusters(&data.families).estimate(&design, &fit.residuals).unwrap();
            assert_close(name, &ours.std_errors(), &r(column, name));
            if kind.is_clustered() && kind != Kind::Cr1s {
                let name = format!("df {}", kind.name());
                assert_close(&name, ours.degrees_of_freedom(), &r(column, &name));
            }
            if kind == Kind::Cr2 {
                let p: Vec<f64> = (0..3).map(|j| ours.p_value(j, fit.coefficients[j], 0.0).unwrap()).collect();
                assert_close("p", &p, &r(column, "p CR2"));
                assert_eq!((ours.clusters(), ours.largest_share()), (20, 8.0 / 53.0));
            }
        }
    }
}

/// The figures of the published check on unadjusted MMLU, typed from its printed text.
#[test]
fn the_printed_regression_of_unadjusted_mmlu_is_met_figure_by_figure() {
    let data = scores("mmlu");
    let design = design(&data);
    let fit = LeastSquares::fit(&design, &data.y, None).unwrap();
    assert_close("coefficients", &fit.coefficients, &[-2.74081871751, 0.0686722059375, 0.139710769677]);
    let errors = |kind: Kind| {
        Covariance::new(kind).clusters(&data.families).estimate(&design, &fit.residuals).unwrap().std_errors()
    };
    assert_close("classical", &errors(Kind::Classical), &[0.352066802001, 0.0259433538909, 0.0156408207939]);
    assert_close("HC0", &errors(Kind::Hc0), &[0.460885449071, 0.0243184148151, 0.0202753658364]);
    assert_close("HC1", &errors(Kind::Hc1), &[0.4745106121, 0.0250373404552, 0.0208747667625]);
    assert_close("HC2", &errors(Kind::Hc2), &[0.507497766486, 0.0250423086598, 0.0223096048734]);
    assert_close("HC3", &errors(Kind::Hc3), &[0.560030087475, 0.025794824707, 0.0246025258074]);
    assert_close("cluster HC0", &errors(Kind::Cr1), &[0.701254473908, 0.0337581698024, 0.0309623747918]);
    assert_close("cluster HC1", &errors(Kind::Cr1s), &[0.71514204929, 0.0344267133131, 0.0315755506502]);
    assert_close("cluster HC2", &errors(Kind::Cr2), &[1.14576225215, 0.0355633167153, 0.0501672460804]);
    assert_close("cluster HC3", &errors(Kind::Cr3), &[2.01821205108, 0.0386912468469, 0.0879266717076]);
    assert_close("CR0", &errors(Kind::Cr0), &[0.683498314055, 0.0329033938521, 0.0301783899523]);
    assert_close("R2", &[fit.r_squared().unwrap()], &[0.687988868563]);
    assert_close("sigma", &[fit.sigma().unwrap()], &[0.0865655713121]);
    assert_close("logLik", &[fit.log_likelihood()], &[56.0235982309]);
    // AIC and BIC as R counts them: three coefficients and the error variance.
    let deviance = -2.0 * fit.log_likelihood();
    assert_close("AIC, BIC", &[deviance + 8.0, deviance + 4.0 * 53.0_f64.ln()], &[-104.047196462, -96.1660288076]);
    assert_close("davies", &[davies(&data.sample(&[])).unwrap().p_value], &[7.98662713782e-06]);
    let broken = Segmented::new().fit(&data.x, &data.y, &[]).unwrap();
    assert_close("segmented RSS", &[broken.sse()], &[0.245275802511]);
}

#[test]
fn the_other_score_columns_agree_with_r_as_well() {
    for (column, _) in COLUMNS {
        let data = scores(column);
        let line = Linear::new().fit(&data.x, &data.y, std::slice::from_ref(&data.new)).unwrap();
        let fit = &line.least_squares;
        assert_close("R2", &[fit.r_squared().unwrap()], &r(column, "r_squared"));
        assert_close("sigma", &[fit.sigma().unwrap()], &r(column, "sigma"));
        assert_close("logLik", &[fit.log_likelihood()], &r(column, "logLik"));
        assert_close("davies", &[davies(&data.sample(&[])).unwrap().p_value], &r(column, "davies p"));
        let with_group = davies(&data.sample(std::slice::from_ref(&data.new))).unwrap();
        assert_close("davies with the group", &[with_group.p_value], &r(column, "davies p group"));
    }
}

#[test]
fn weighted_covariances_agree_with_r() {
    for (column, _) in COLUMNS {
        let data = scores(column);
        let weights: Vec<f64> = (1..=data.y.len()).map(|i| (1 + i % 5) as f64).collect();
        let design = design(&data);
        let fit = LeastSquares::fit(&design, &data.y, Some(&weights)).unwrap();
        assert_close("estimate", &fit.coefficients, &r(column, "weighted estimate"));
        for (kind, name) in
            [(Kind::Classical, "weighted classical"), (Kind::Hc2, "weighted HC2"), (Kind::Cr2, "weighted CR2")]
        {
            let settings = Covariance::new(kind).weights(&weights).clusters(&data.families);
            let ours = settings.estimate(&design, &fit.residuals).unwrap();
            assert_close(name, &ours.std_errors(), &r(column, name));
            if kind == Kind::Cr2 {
                assert_close("weighted df", ours.degrees_of_freedom(), &r(column, "weighted df CR2"));
            }
        }
    }
}

#[test]
fn the_hinge_and_its_clustered_errors_agree_with_r() {
    for (column, chance) in COLUMNS {
        let data = scores(column);
        let fit = Hinge::new().chance(chance).fit(&data.x, &data.y, std::slice::from_ref(&data.new)).unwrap();
        assert_close("estimates", &fit.estimates(), &r(column, "hinge"));
        assert_close("sse", &[fit.sse], &r(column, "hinge sse"));
        for kind in [Kind::Classical, Kind::Cr0, Kind::Cr2, Kind::Cr3] {
            let settings = Covariance::new(kind).clusters(&data.families);
            let ours = settings.estimate(&fit.jacobian(), &fit.residuals).unwrap();
            assert_close(kind.name(), &ours.std_errors(), &r(column, &format!("hinge {}", kind.name())));
            if kind.is_clustered() {
                let df = r(column, &format!("hinge df {}", kind.name()));
                assert_close("df", ours.degrees_of_freedom(), &df);
            }
        }
    }
}

#[test]
fn wild_cluster_bootstrap_p_values_agree_with_wildboottest_within_monte_carlo_error() {
    const OURS: usize = 9_999;
    const THEIRS: f64 = 99_999.0;
    for (column, _) in COLUMNS {
        let data = scores(column);
        let design = design(&data);
        for tested in [1, 2] {
            for (weights, name) in [(WildWeights::Rademacher, "rademacher"), (WildWeights::Webb, "webb")] {
                let settings = WildBootstrap::new(Seed(1)).replicates(OURS).weights(weights);
                let test = settings.linear(&design, &data.y, None, tested, &data.families).unwrap().test(0.0).unwrap();
                // Theirs divides by the CR1S standard error, ours by CR0: a constant factor.
                let factor: f64 = 20.0 / 19.0 * 52.0 / 50.0;
                let t = reference("wild.csv", column, "t")[tested - 1];
                assert_close("t", &[test.statistic / factor.sqrt()], &[t]);
                let p = reference("wild.csv", column, name)[tested - 1];
                let error = (p * (1.0 - p) * (1.0 / OURS as f64 + 1.0 / THEIRS)).sqrt() + 1.0 / OURS as f64;
                assert!(
                    (test.p_value - p).abs() < MONTE_CARLO * error,
                    "{column} {name}: {} against {p}",
                    test.p_value
                );
            }
        }
    }
}

#[test]
fn percentile_and_bca_intervals_of_a_mean_agree_with_scipy_within_monte_carlo_error() {
    for (column, _) in COLUMNS {
        let data = scores(column);
        let n = data.y.len();
        let mean = |_: &mut (), weight: &[f64], out: &mut [f64]| {
            out[0] = weight.iter().zip(&data.y).map(|(w, y)| w * y).sum::<f64>() / n as f64;
            true
        };
        let drawn = Bootstrap::new(Seed(2)).pairs(&Clusters::singletons(n), 1, || (), mean).unwrap();
        // The 2.5 % quantile of B normal draws has standard error 2.67 σ/sqrt(B); ours has 10,000, theirs ten times more.
        let error = reference("wild.csv", column, "mean error")[0] * 2.67 * (1.1_f64 / 10_000.0).sqrt();
        for (name, ours) in [("mean percentile", drawn.percentile(0, 0.95)), ("mean BCa", drawn.bca(0, 0.95))] {
            let ours = ours.unwrap();
            for (a, b) in [ours.low.unwrap(), ours.high.unwrap()].into_iter().zip(reference("wild.csv", column, name)) {
                assert!((a - b).abs() < MONTE_CARLO * error, "{column} {name}: {a} against {b}");
            }
        }
    }
}

#[test]
fn adjusted_p_values_and_quantiles_agree_with_r() {
    let raw = r("p.adjust", "raw");
    assert_close("Holm", &holm(&raw).unwrap(), &r("p.adjust", "holm"));
    assert_close("BH", &benjamini_hochberg(&raw).unwrap(), &r("p.adjust", "BH"));
    assert!(holm(&[0.5, f64::NAN]).is_err() && benjamini_hochberg(&[1.5]).is_err());
    let ours = [
        student_quantile(0.975, 2.92),
        student_quantile(0.95, 11.4),
        student_quantile(0.995, 49.0),
        student_upper(3.7, 4.2),
        fisher_upper(6.1, 1.0, 38.0),
    ];
    assert_close("t and F", &ours.map(Option::unwrap), &r("quantiles", "t"));
}

#[test]
fn the_smallest_equivalence_margin_is_the_farther_end_of_the_90_percent_interval() {
    let data = scores("gsm8k_adjusted");
    let fit = Hinge::new().chance(0.0).fit(&data.x, &data.y, std::slice::from_ref(&data.new)).unwrap();
    let covariance =
        Covariance::new(Kind::Cr2).clusters(&data.families).estimate(&fit.jacobian(), &fit.residuals).unwrap();
    let (low, high) = covariance.interval(2, fit.theta[0], 0.90).unwrap();
    let (error, df) = (covariance.std_errors()[2], covariance.degrees_of_freedom()[2]);
    let at = |margin: f64| Equivalence::new(margin).unwrap().test(fit.theta[0], error, df).unwrap();
    let smallest = at(0.1).smallest_margin;
    assert_close("margin", &[smallest], &[low.abs().max(high.abs())]);
    assert!(at(smallest * (1.0 + AGREES)).equivalent && !at(smallest * (1.0 - AGREES)).equivalent);
    // What the published text calls "no longer outperform" is compatible with a tenth of the scale either way.
    assert!(smallest > 0.1);
}
