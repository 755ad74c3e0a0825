//! Does the answer hang on a choice? The fit repeated for every cut-off, and without every family.
//!
//! A group "released from month m on" is one of many that could have been drawn; [`cutoffs`] gives θ for every m at which
//! the group changes. [`without_each_family`] leaves out one family at a time, which shows a result that one family makes.
//! Standard errors are CR2 with Satterthwaite's degrees of freedom.
//!
//! ```
//! use onset::stats::clusters::Clusters;
//! use onset::stats::hinge::Hinge;
//! use onset::stats::sample::Sample;
//! use onset::stats::sensitivity::{cutoffs, without_each_family};
//! let x = [20.0, 20.5, 21.0, 21.5, 22.0, 22.3, 22.6, 23.0, 23.2, 23.5, 23.8, 24.0];
//! let y = [0.24, 0.26, 0.25, 0.27, 0.31, 0.41, 0.38, 0.42, 0.53, 0.49, 0.61, 0.58];
//! let month = [1, 1, 5, 5, 2, 2, 6, 6, 3, 3, 7, 7];
//! let families = Clusters::new(&[1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]);
//! let hinge = Hinge::new().chance(0.25);
//! let sample = Sample::new(&x, &y)?.with_families(&families)?;
//! let swept = cutoffs(&hinge, &sample, &month)?;
//! assert_eq!(swept.iter().map(|s| s.cutoff).collect::<Vec<_>>(), [2, 3, 5, 6, 7]);
//! let new: Vec<f64> = month.iter().map(|m| f64::from(*m >= 5)).collect();
//! assert_eq!(without_each_family(&hinge, &sample.with_groups(&[new])?)?.len(), 6);
//! # Ok::<(), onset::Error>(())
//! ```

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::covariance::{Covariance, Kind};
use super::curve::FittedCurve;
use super::estimate::Interval;
use super::hinge::{Hinge, Outcome};
use super::parameter::Parameter;
use super::sample::Sample;
use crate::{Error, Result};

/// θ at one cut-off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Cutoff {
    /// The group are the models released in this month or later.
    pub cutoff: i64,
    /// How many those are.
    pub members: usize,
    /// θ; `None` where the data do not determine it.
    pub theta: Option<f64>,
    /// Its CR2 standard error; `None` where there is none, and where one family alone makes the group.
    pub standard_error: Option<f64>,
    /// 95 % interval; without ends where there is no standard error.
    pub interval: Interval,
    /// Two-sided p-value of θ = 0.
    pub p_value: Option<f64>,
    /// c where there is a break.
    pub emergence: Option<f64>,
}

/// The fit without one family.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Without {
    /// The family left out, as numbered by the clusters.
    pub family: usize,
    /// α.
    pub alpha: Option<f64>,
    /// c where there is a break.
    pub emergence: Option<f64>,
    /// One θ per group; `None` where it is no longer determined.
    pub theta: Vec<Option<f64>>,
    /// What was found; `None` when too few models are left to fit.
    pub outcome: Option<Outcome>,
}

/// θ of the group "released in month m or later", in the place of the sample's own groups, for every m in `months` (n
/// values; any increasing count of months) but the first, where all models would be in the group.
///
/// # Errors
/// `Argument` when lengths differ; `Undetermined` when all models are of one month; those of the hinge.
pub fn cutoffs(hinge: &Hinge, sample: &Sample, months: &[i64]) -> Result<Vec<Cutoff>> {
    cutoffs_of(sample, months, Kind::Cr2, 0.95, |sample| {
        let fit = hinge.fit_sample(sample)?;
        let emergence = fit.emergence();
        Ok((Box::new(fit), emergence))
    })
}

/// A fit, and c where it has a break.
type WithBreak = (Box<dyn FittedCurve>, Option<f64>);

/// The same of any curve, with standard errors of this kind and intervals at this level.
pub(crate) fn cutoffs_of(
    sample: &Sample,
    months: &[i64],
    kind: Kind,
    level: f64,
    curve: impl Fn(&Sample) -> Result<WithBreak> + Sync,
) -> Result<Vec<Cutoff>> {
    if months.len() != sample.len() {
        return Err(Error::Argument("scores and months differ in number".into()));
    }
    let mut distinct = months.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() < 2 {
        return Err(Error::Undetermined("all models are of one month: there is no cut-off to vary".into()));
    }
    distinct[1..]
        .par_iter()
        .map(|&cutoff| {
            let group: Vec<f64> = months.iter().map(|m| f64::from(u8::from(*m >= cutoff))).collect();
            let members = group.iter().filter(|z| **z == 1.0).count();
            let sample = sample.clone().with_groups(&[group])?;
            let (fit, emergence) = curve(&sample)?;
            let (standard_error, interval, p_value) = robust(&*fit, &sample, kind, level).unwrap_or_default();
            let theta = fit.estimate_of(Parameter::Theta);
            Ok(Cutoff { cutoff, members, theta, standard_error, interval, p_value, emergence })
        })
        .collect()
}

/// Standard error, interval and p-value of the first group's difference.
type Robust = (Option<f64>, Interval, Option<f64>);

fn robust(fit: &dyn FittedCurve, sample: &Sample, kind: Kind, level: f64) -> Option<Robust> {
    let place = fit.place_of(Parameter::Theta)?;
    let covariance = Covariance::new(kind).clusters(sample.families()).of(fit).ok()?;
    if covariance.is_determined_by_one_cluster(place) || sample.is_one_familys(0) {
        return None;
    }
    let (estimate, error) = (fit.estimates()[place], covariance.std_errors()[place]);
    Some((
        Some(error).filter(|e| *e > 0.0),
        covariance.interval(place, estimate, level).map(|(low, high)| Interval::between(low, high)).unwrap_or_default(),
        covariance.p_value(place, estimate, 0.0),
    ))
}

/// The first group's difference by any curve, without each family in turn; `None` where there is none.
pub(crate) fn theta_without_each_family(
    sample: &Sample,
    curve: impl Fn(&Sample) -> Result<Box<dyn FittedCurve>> + Sync,
) -> Vec<Option<f64>> {
    let first = Parameter::theta(0, sample.groups().len());
    let without = |family: usize| {
        let keep: Vec<f64> = (0..sample.len())
            .map(|i| if sample.families().of()[i] == family { 0.0 } else { sample.weight(i) })
            .collect();
        curve(&sample.clone().with_weights(&keep).ok()?).ok()?.estimate_of(first)
    };
    (0..sample.families().count()).into_par_iter().map(without).collect()
}

/// The fit without each family in turn.
///
/// # Errors
/// Those of the hinge on all the data.
pub fn without_each_family(hinge: &Hinge, sample: &Sample) -> Result<Vec<Without>> {
    let (y, groups, clusters) = (sample.y(), sample.groups(), sample.families());
    let mut solver = hinge.solver(sample.x(), groups)?;
    solver.fit(y, sample.weights())?;
    Ok((0..clusters.count())
        .map(|family| {
            let keep: Vec<f64> =
                (0..y.len()).map(|i| if clusters.of()[i] == family { 0.0 } else { sample.weight(i) }).collect();
            match solver.fit(y, Some(&keep)) {
                Ok(fit) => Without {
                    family,
                    alpha: Some(fit.alpha),
                    emergence: (fit.outcome == Outcome::Break).then_some(fit.c),
                    theta: fit.theta.iter().zip(&fit.theta_identified).map(|(t, known)| known.then_some(*t)).collect(),
                    outcome: Some(fit.outcome),
                },
                Err(_) => {
                    Without { family, alpha: None, emergence: None, theta: vec![None; groups.len()], outcome: None }
                }
            }
        })
        .collect())
}
