//! Tail areas and quantiles of the reference distributions, guarded so that no argument panics: what has no value
//! (zero degrees of freedom, a NaN statistic) is `None`.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// Upper tail P(T > t) of Student's t with `df` degrees of freedom.
pub(crate) fn student_upper(t: f64, df: f64) -> Option<f64> {
    if t.is_nan() || !(df > 0.0) {
        return None;
    }
    if df > NORMAL_FROM {
        return normal_upper(t);
    }
    let law = StudentsT::new(0.0, 1.0, df).ok()?;
    // The lower tail of the mirrored statistic keeps its digits where 1 - cdf would lose them.
    Some(law.cdf(-t).clamp(0.0, 1.0))
}

/// Two-sided p-value P(|T| > |t|).
pub(crate) fn student_two_sided(t: f64, df: f64) -> Option<f64> {
    student_upper(t.abs(), df).map(|p| (2.0 * p).min(1.0))
}

/// The value exceeded with probability `1 - p`, `0 < p < 1`.
pub fn student_quantile(p: f64, df: f64) -> Option<f64> {
    if !(p > 0.0 && p < 1.0 && df > 0.0) {
        return None;
    }
    if df > NORMAL_FROM {
        return normal_quantile(p);
    }
    let law = StudentsT::new(0.0, 1.0, df).ok()?;
    let mut t = law.inverse_cdf(p);
    // Two Newton steps on the distribution function: the inverse incomplete beta stops at about nine digits.
    for _ in 0..2 {
        let density = statrs::distribution::Continuous::pdf(&law, t);
        let step = (law.cdf(t) - p) / density;
        if step.is_finite() {
            t -= step;
        }
    }
    t.is_finite().then_some(t)
}

/// Upper tail P(F > f) of Fisher's F.
#[cfg(test)]
pub(crate) fn fisher_upper(f: f64, numerator_df: f64, denominator_df: f64) -> Option<f64> {
    if f.is_nan() || !(numerator_df > 0.0 && denominator_df > 0.0) {
        return None;
    }
    if f <= 0.0 {
        return Some(1.0);
    }
    let law = statrs::distribution::FisherSnedecor::new(numerator_df, denominator_df).ok()?;
    Some(law.sf(f).clamp(0.0, 1.0))
}

/// The F value exceeded with probability `1 - p`, for one numerator degree of freedom: the square of a t quantile.
pub fn fisher_one_quantile(p: f64, denominator_df: f64) -> Option<f64> {
    student_quantile(0.5 + 0.5 * p, denominator_df).map(|t| t * t)
}

/// Standard normal distribution function.
pub(crate) fn normal_lower(z: f64) -> Option<f64> {
    (!z.is_nan()).then(|| Normal::standard().cdf(z))
}

/// Standard normal upper tail.
pub(crate) fn normal_upper(z: f64) -> Option<f64> {
    normal_lower(-z)
}

/// Standard normal quantile, `0 < p < 1`.
pub(crate) fn normal_quantile(p: f64) -> Option<f64> {
    (p > 0.0 && p < 1.0).then(|| Normal::standard().inverse_cdf(p))
}

/// The quantile at p (n+1) of n values in order, between neighbours linearly; the smallest and the largest value outside.
/// `None` without values.
pub(crate) fn sample_quantile(sorted: &[f64], p: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = (p * (sorted.len() + 1) as f64 - 1.0).clamp(0.0, last as f64);
    let (low, high) = (*sorted.get(place.floor() as usize)?, *sorted.get(place.ceil() as usize)?);
    // Equal neighbours may be infinite, and have no difference then.
    Some(if low == high { low } else { low + (high - low) * place.fract() })
}

/// From here on Student's t is the normal to every digit that anyone reads (the difference is below 1e-9).
const NORMAL_FROM: f64 = 1e9;
