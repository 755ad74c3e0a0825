//! Checks every fit makes of its data before it computes, and the groups the data can speak about.

use super::design::collinear_column;
use super::parameter::Parameter;
use crate::{Error, Result};

/// Lengths agree, values are finite, weights are finite and not negative.
pub(crate) fn check(x: &[f64], y: &[f64], groups: &[Vec<f64>], weights: Option<&[f64]>) -> Result<()> {
    let n = y.len();
    if x.len() != n {
        return Err(Error::Argument(format!("{} predictor values for {n} scores", x.len())));
    }
    if let Some((k, group)) = groups.iter().enumerate().find(|(_, g)| g.len() != n) {
        return Err(Error::Argument(format!("group {} has {} values for {n} scores", k + 1, group.len())));
    }
    check_weights(weights, n)?;
    finite("predictor", x)?;
    finite("score", y)?;
    for group in groups {
        finite("group value", group)?;
    }
    Ok(())
}

/// One finite, nonnegative weight per observation, not all zero.
pub(crate) fn check_weights(weights: Option<&[f64]>, n: usize) -> Result<()> {
    let Some(weights) = weights else { return Ok(()) };
    if weights.len() != n {
        return Err(Error::Argument(format!("{} weights for {n} scores", weights.len())));
    }
    if let Some(i) = weights.iter().position(|w| !w.is_finite() || *w < 0.0) {
        return Err(Error::Argument(format!(
            "weight {} is {:e}: weights are finite and not negative",
            i + 1,
            weights[i]
        )));
    }
    Ok(())
}

fn finite(what: &str, values: &[f64]) -> Result<()> {
    match values.iter().position(|v| v.is_nan() || v.abs() > LARGEST) {
        Some(i) => Err(Error::Argument(format!("{what} {} is {:e}, not a number to compute with", i + 1, values[i]))),
        None => Ok(()),
    }
}

/// An error unless every number of a result is finite: predictor and score may be in units so far apart that a slope
/// overflows.
pub(crate) fn finite_result<'a>(values: impl IntoIterator<Item = &'a f64>) -> Result<()> {
    if values.into_iter().all(|v| v.is_finite()) {
        return Ok(());
    }
    Err(Error::Undetermined("the fit overflows: choose other units for the scores or the predictor".into()))
}

/// Values beyond this one are refused, so that sums and differences of a few never overflow.
const LARGEST: f64 = 1e305;

/// Number of observations that count: those of positive weight.
pub(crate) fn used(n: usize, weights: Option<&[f64]>) -> usize {
    weights.map_or(n, |w| w.iter().filter(|w| **w > 0.0).count())
}

/// For each group whether its difference is determined beside the `base` columns and the groups before it: an empty
/// group, or one that repeats others, is not.
pub(crate) fn identified(base: &[Vec<f64>], groups: &[Vec<f64>], weights: Option<&[f64]>) -> Vec<bool> {
    let mut kept: Vec<&[f64]> = base.iter().map(Vec::as_slice).collect();
    groups
        .iter()
        .map(|group| {
            kept.push(group);
            let known = collinear_column(&kept, weights).is_none();
            if !known {
                kept.pop();
            }
            known
        })
        .collect()
}

/// As [`identified`], refusing data too few to tell: `NotEnoughModels` when base and groups outnumber the observations
/// and a group that has members is not determined.
pub(crate) fn identified_among(base: &[Vec<f64>], groups: &[Vec<f64>], weights: Option<&[f64]>) -> Result<Vec<bool>> {
    let known = identified(base, groups, weights);
    let n = base.first().map_or(0, Vec::len);
    let (have, need) = (used(n, weights), base.len() + groups.len());
    let has_members = |k: usize| (0..n).any(|i| groups[k][i] != 0.0 && weights.is_none_or(|w| w[i] > 0.0));
    if have < need && (0..groups.len()).any(|k| !known[k] && has_members(k)) {
        return Err(Error::NotEnoughModels { have, need });
    }
    Ok(known)
}

/// The differences of the identified groups.
pub(crate) fn differences(identified: &[bool]) -> impl Iterator<Item = Parameter> {
    (0..identified.len()).filter(|k| identified[*k]).map(|k| Parameter::theta(k, identified.len()))
}

/// The members of `values` whose group is identified.
pub(crate) fn only<T: Clone>(values: &[T], identified: &[bool]) -> Vec<T> {
    values.iter().zip(identified).filter(|(_, known)| **known).map(|(v, _)| v.clone()).collect()
}

/// A value per identified group put back to its place among all groups, 0 elsewhere.
pub(crate) fn spread(values: &[f64], identified: &[bool]) -> Vec<f64> {
    let mut rest = values.iter();
    identified.iter().map(|known| if *known { rest.next().copied().unwrap_or(0.0) } else { 0.0 }).collect()
}

/// Σ θ_k z_k; missing values count as 0.
pub(crate) fn shift(theta: &[f64], z: &[f64]) -> f64 {
    theta.iter().zip(z).map(|(t, z)| t * z).sum()
}
