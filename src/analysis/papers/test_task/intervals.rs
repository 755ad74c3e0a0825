//! The intervals of the corrected reading, by the defaults that `docs/calibration.md` measures: CR2 standard errors
//! clustered by family with Satterthwaite's degrees of freedom for differences between groups, the inverted wild cluster
//! bootstrap for the break, and the BCa bootstrap over families for R².

use super::quantity::{Recomputed, Remark};
use crate::analysis::discriminator::Discrimination;
use crate::analysis::scaling::Scored;
use crate::error::{Error, Result};
use crate::stats::bootstrap::{Bootstrap, Replicates};
use crate::stats::clusters::Clusters;
use crate::stats::covariance::{Covariance, Kind};
use crate::stats::curve::FittedCurve;
use crate::stats::equivalence::smallest_margin;
use crate::stats::estimate::{Estimate, Interval, Method};
use crate::stats::hinge::{Hinge, HingeFit};
use crate::stats::hinge_bootstrap::{HingeQuantity, parameters, values};
use crate::stats::linear::LeastSquaresFit;
use crate::stats::parameter::Parameter;
use crate::stats::profile::Profile;
use crate::stats::random::Seed;
use crate::stats::sample::Sample;

/// Level of every interval.
const LEVEL: f64 = 0.95;
/// Size of the equivalence tests behind the margins.
const SIZE: f64 = 0.05;
/// Replicates of each bootstrap; the ends of an interval then move by some 3 % of its width between seeds.
const REPLICATES: usize = 1_999;
const SEED: Seed = Seed(0);

/// The families of `scores` as clusters.
pub(super) fn families_of(scores: &[Scored<'_>]) -> Clusters {
    let names: Vec<&str> = scores.iter().map(|s| s.model.family.as_str()).collect();
    Clusters::new(&names)
}

/// A coefficient of a fitted curve, clustered.
pub(super) fn coefficient(fit: &dyn FittedCurve, parameter: Parameter, clusters: &Clusters) -> Recomputed {
    let Some(place) = fit.place_of(parameter) else {
        let remark = Some(Remark::Sentence(format!("The data do not determine {parameter}.")));
        return Recomputed { remark, ..Recomputed::default() };
    };
    clustered(fit.estimates()[place], place, &fit.jacobian(), fit.residuals(), clusters)
}

/// A coefficient of a least-squares regression, clustered, and its standard error.
pub(super) fn regression(fit: &LeastSquaresFit, place: usize, clusters: &Clusters) -> (Recomputed, Option<f64>) {
    let found = clustered(fit.coefficients[place], place, &fit.columns, &fit.residuals, clusters);
    let error = found.estimate.se;
    (found, error)
}

fn clustered(value: f64, place: usize, columns: &[Vec<f64>], residuals: &[f64], clusters: &Clusters) -> Recomputed {
    let covariance = match Covariance::new(Kind::Cr2).clusters(clusters).estimate(columns, residuals) {
        Ok(covariance) => covariance,
        Err(error) => {
            let remark = Some(Remark::Sentence(format!("No interval: {error}.")));
            return Recomputed { remark, ..Estimate::of(value).into() };
        }
    };
    let (error, df) = (covariance.std_errors()[place], covariance.degrees_of_freedom()[place]);
    let margin = smallest_margin(value, error, df, SIZE).ok();
    Recomputed { margin, ..Estimate::student(value, place, &covariance, LEVEL).into() }
}

/// The centred R² of a hinge, BCa over families.
pub(super) fn hinge_r_squared(hinge: &Hinge, fit: &HingeFit, sample: &Sample) -> Result<Recomputed> {
    let value = fit.r_squared().ok_or_else(|| Error::Undetermined("every score is the same: there is no R²".into()))?;
    let bootstrap = Bootstrap::new(SEED).replicates(REPLICATES);
    let drawn = parameters(&bootstrap, hinge, sample);
    Ok(of_replicates(value, drawn, HingeQuantity::RSquared.place()))
}

/// The squared correlation of `x` and `y` (the R² of a straight line), BCa over families.
pub(super) fn line_r_squared(value: f64, x: &[f64], y: &[f64], clusters: &Clusters) -> Recomputed {
    let drawn = Bootstrap::new(SEED).replicates(REPLICATES).pairs(
        clusters,
        1,
        || (),
        |(), weight, out| {
            let total: f64 = weight.iter().sum();
            let mean = |values: &[f64]| values.iter().zip(weight).map(|(v, w)| v * w).sum::<f64>() / total;
            let (mx, my) = (mean(x), mean(y));
            let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
            for ((x, y), w) in x.iter().zip(y).zip(weight) {
                xx += w * (x - mx) * (x - mx);
                xy += w * (x - mx) * (y - my);
                yy += w * (y - my) * (y - my);
            }
            out[0] = if xx > 0.0 && yy > 0.0 { xy * xy / (xx * yy) } else { f64::NAN };
            !out[0].is_nan()
        },
    );
    of_replicates(value, drawn, 0)
}

/// The 95 % band of a hinge for models with these group values at places `x` (log10 FLOPs): percentiles of the bootstrap over
/// families. Empty where there is none.
pub(super) fn hinge_band(hinge: &Hinge, sample: &Sample, group: &[f64], x: &[f64]) -> Vec<Interval> {
    let bootstrap = Bootstrap::new(SEED).replicates(REPLICATES).without_jackknife();
    percentiles(values(&bootstrap, hinge, sample, &[group], x), x.len())
}

/// The same of a straight line through the points (`x`, `y`), at places `at`.
pub(super) fn line_band(x: &[f64], y: &[f64], clusters: &Clusters, at: &[f64]) -> Vec<Interval> {
    let drawn = Bootstrap::new(SEED).replicates(REPLICATES).without_jackknife().pairs(
        clusters,
        at.len(),
        || (),
        |(), weight, out| {
            let total: f64 = weight.iter().sum();
            let mean = |values: &[f64]| values.iter().zip(weight).map(|(v, w)| v * w).sum::<f64>() / total;
            let (mx, my) = (mean(x), mean(y));
            let (mut xx, mut xy) = (0.0, 0.0);
            for ((x, y), w) in x.iter().zip(y).zip(weight) {
                xx += w * (x - mx) * (x - mx);
                xy += w * (x - mx) * (y - my);
            }
            out.iter_mut().zip(at).for_each(|(out, at)| *out = my + xy / xx * (at - mx));
            xx > 0.0
        },
    );
    percentiles(drawn, at.len())
}

fn percentiles(drawn: Result<Replicates>, places: usize) -> Vec<Interval> {
    let Ok(drawn) = drawn else { return Vec::new() };
    (0..places).map_while(|place| drawn.percentile(place, LEVEL)).collect()
}

/// The R² of a regression, BCa over families: every replicate is fitted again with the drawn families' weights.
pub(super) fn regression_r_squared(value: f64, columns: &[Vec<f64>], y: &[f64], clusters: &Clusters) -> Recomputed {
    let drawn = Bootstrap::new(SEED).replicates(REPLICATES).pairs(
        clusters,
        1,
        || (),
        |(), weight, out| {
            let fit = LeastSquaresFit::r_squared;
            let again = crate::stats::linear::LeastSquares::fit(columns, y, Some(weight));
            out[0] = again.ok().as_ref().and_then(fit).unwrap_or(f64::NAN);
            !out[0].is_nan()
        },
    );
    of_replicates(value, drawn, 0)
}

/// Balanced accuracy in percent, percentile bootstrap over families with the classifications held fixed.
pub(super) fn balanced_accuracy(found: &Discrimination, scores: &[Scored<'_>]) -> Recomputed {
    let drawn = Bootstrap::new(SEED).replicates(REPLICATES).pairs(
        &families_of(scores),
        1,
        || (),
        |(), weight, out| {
            let recall = |group: bool| {
                let members = || {
                    scores.iter().zip(weight).zip(&found.recognised).filter(move |((s, _), _)| s.comparison == group)
                };
                let all: f64 = members().map(|((_, w), _)| w).sum();
                members().map(|((_, w), hit)| w * f64::from(u8::from(*hit))).sum::<f64>() / all
            };
            out[0] = 100.0 * f64::midpoint(recall(false), recall(true));
            !out[0].is_nan()
        },
    );
    let mut found = of_replicates(100.0 * found.balanced_accuracy(), drawn, 0);
    found.remark = found.remark.or_else(|| Some(Remark::Sentence(CLASSIFICATIONS_FIXED.to_owned())));
    found
}

const CLASSIFICATIONS_FIXED: &str = "Each model is classified by trees grown on the other families; the interval takes \
                                     the classifications as given.";

fn of_replicates(value: f64, drawn: Result<Replicates>, place: usize) -> Recomputed {
    let bare = Estimate::of(value);
    let drawn = match drawn {
        Ok(drawn) => drawn,
        Err(error) => {
            let remark = Some(Remark::Sentence(format!("No interval: {error}.")));
            return Recomputed { remark, ..bare.into() };
        }
    };
    let bca = drawn.bca(place, LEVEL).map(|interval| (interval, Method::PairsBca));
    let found = bca.or_else(|| drawn.percentile(place, LEVEL).map(|interval| (interval, Method::PairsPercentile)));
    match found {
        Some((interval, method)) => Estimate { interval, ..bare.by(method) }.into(),
        None => bare.into(),
    }
}

/// The break of a hinge in FLOPs, by inversion of the wild cluster bootstrap; no value where there is none inside the
/// data.
pub(super) fn emergence(fit: &HingeFit, sample: &Sample) -> Recomputed {
    let set = Profile::new(sample, Some(fit.chance)).and_then(|p| p.bootstrap_set(LEVEL, SEED, REPLICATES));
    let hull = match &set {
        Ok(set) => set.hull(),
        Err(_) => None,
    };
    let pieces = set.as_ref().map_or(0, |set| set.pieces.len());
    let flops = |c: f64| 10f64.powf(c);
    let mut remarks = Vec::new();
    match (&set, fit.emergence()) {
        (_, None) => remarks.push(
            "There is no point of emergence inside the data: scores rise over the whole range of compute.".to_owned(),
        ),
        (Err(error), _) => remarks.push(format!("No interval: {error}.")),
        (Ok(_), _) if pieces > 1 => {
            remarks.push(format!("The set of breaks that are not rejected has {pieces} pieces."))
        }
        _ => {}
    }
    if let (Some(hull), true) = (hull, fit.emergence().is_some()) {
        if hull.low.is_none() {
            remarks.push("The smallest compute is not rejected: there is no lower bound within the data.".into());
        }
        if hull.high.is_none() {
            remarks.push("The largest compute is not rejected: there is no upper bound within the data.".into());
        }
    }
    let within = fit.emergence().and(hull);
    let value = fit.emergence().map(flops);
    let interval = within.map(|hull| hull.map(flops)).unwrap_or_default();
    Recomputed {
        estimate: Estimate { value, interval, ..Estimate::default() }.by(Method::WildSet),
        remark: (!remarks.is_empty()).then(|| Remark::Sentence(remarks.join(" "))),
        ..Recomputed::default()
    }
}
