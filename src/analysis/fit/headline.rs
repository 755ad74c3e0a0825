//! What stands at the top of the report, of the curve that leads it.

use super::evidence::SIZE;
use super::fitted::Fitted;
use super::models::FitModels;
use super::report::{CutoffReport, EquivalenceReport};
use super::settings::FitSettings;
use super::uncertain::{self, ErrorReport};
use crate::Result;
use crate::registry::Month;
use crate::registry::modelset::{Group, ModelSet, XScale};
use crate::stats::curves::Curve;
use crate::stats::equivalence::{Equivalence, smallest_margin};
use crate::stats::estimate::{Estimate, Interval, Named, finite};
use crate::stats::multiplicity::{Adjusted, adjusted};
use crate::stats::parameter::Parameter;
use crate::stats::sensitivity::{self, Cutoff};

/// What stands at the top of the report.
pub(super) struct Headline {
    pub(super) alpha: Estimate,
    pub(super) c_log10: Estimate,
    pub(super) c_e: Estimate,
    pub(super) thetas: Vec<Named<Group>>,
    pub(super) equivalence: EquivalenceReport,
    pub(super) wild_p: Option<f64>,
    pub(super) permutation_p: Option<f64>,
    pub(super) cutoffs: Option<Vec<CutoffReport>>,
    pub(super) c_set: Option<Vec<(Option<f64>, Option<f64>)>>,
    pub(super) measurement_error: Option<Vec<ErrorReport>>,
}

/// What a curve other than the hinge has to say under the hinge's names.
pub(super) fn of_other_curve(
    settings: &FitSettings,
    set: &ModelSet,
    models: &FitModels<'_>,
    main: &Fitted,
    unknown: &mut Vec<String>,
) -> Headline {
    let name = main.curve.name();
    let own =
        |parameter: Parameter, lacks: String| main.parameter(parameter).unwrap_or_else(|| Estimate::unknown(lacks));
    let mut alpha = match main.curve {
        Curve::Linear => own(Parameter::Slope, "the data do not determine the slope".into()),
        Curve::Segmented => main
            .sum([Parameter::Slope, Parameter::Delta])
            .unwrap_or_else(|| Estimate::unknown("no break improves on one line")),
        _ => own(Parameter::Alpha, format!("the {name} curve has no one gain; its parameters are under `curves`")),
    };
    let c = own(Parameter::C, format!("the {name} curve has no break inside the data"));
    let mut c = within_data(c, models);
    let mut all = thetas(set, models, |k| main.parameter(Parameter::theta(k, models.places.len())));
    let errors = uncertain::corrected(settings, models, main.curve, unknown);
    uncertain::correct_all(errors.as_deref(), models, &mut alpha, &mut c, &mut all);
    let (c_log10, c_e) = break_parameters(c, set.predictor.scale);
    Headline {
        alpha,
        c_log10,
        c_e,
        equivalence: equivalence(settings, &first(&all)),
        thetas: all,
        wild_p: None,
        permutation_p: None,
        cutoffs: cutoffs(set, models, main.curve, unknown),
        c_set: None,
        measurement_error: errors,
    }
}

/// One difference per group, with a reason for those that cannot be estimated and those that can have no interval.
pub(super) fn thetas(
    set: &ModelSet,
    models: &FitModels<'_>,
    mut estimate: impl FnMut(usize) -> Option<Estimate>,
) -> Vec<Named<Group>> {
    let mut one = |place: usize| match models.places.iter().position(|p| *p == place) {
        Some(k) => {
            let found = estimate(k).unwrap_or_else(|| Estimate::unknown("the data do not determine this difference"));
            match models.refusal(k).filter(|_| found.value.is_some()) {
                Some(reason) => Estimate { value: found.value, ..Estimate::default() }.because(reason),
                None => found,
            }
        }
        None => Estimate::unknown("all models have the same value, so there is nothing to compare"),
    };
    set.groups.iter().enumerate().map(|(k, group)| Named { name: group.clone(), estimate: one(k) }).collect()
}

/// The first group's difference.
pub(super) fn first(thetas: &[Named<Group>]) -> Estimate {
    let none = || Estimate::unknown("the models are not divided into groups");
    thetas.first().map_or_else(none, |named| named.estimate.clone())
}

/// A break whose interval ends where the data do: beyond them it is not bounded.
pub(super) fn within_data(c: Estimate, models: &FitModels<'_>) -> Estimate {
    let x = models.sample.x().iter().copied();
    let (low, high) = x.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    let Interval { low: from, high: to } = c.interval;
    let interval = Interval { low: from.filter(|from| *from >= low), high: to.filter(|to| *to <= high) };
    let reason = match (from.is_some() && interval.low.is_none(), to.is_some() && interval.high.is_none()) {
        (true, true) => "not bounded on either side within the data",
        (true, false) => "not bounded below within the data",
        (false, true) => "not bounded above within the data",
        (false, false) => return c,
    };
    Estimate { interval, ..c }.because(reason)
}

/// The break on the log10 scale and in the predictor's own unit.
pub(super) fn break_parameters(c: Estimate, scale: XScale) -> (Estimate, Estimate) {
    match scale {
        XScale::Linear => (Estimate::unknown("the predictor is on a linear scale: its break is c_e"), c),
        XScale::Log10 => {
            let power = |v: f64| 10f64.powf(v);
            let mut own = c.clone();
            own.value = c.value.map(power).and_then(finite);
            own.se = c.se.zip(own.value).and_then(|(se, c_e)| finite(se * c_e * std::f64::consts::LN_10));
            own.interval = c.interval.map(power);
            for other in &mut own.others {
                other.interval = other.interval.map(power);
            }
            (c, own)
        }
    }
}

/// Whether a difference is small enough not to matter.
pub(super) fn equivalence(settings: &FitSettings, theta: &Estimate) -> EquivalenceReport {
    let margin = settings.margin;
    let without = |reason: String| EquivalenceReport { margin, reason: Some(reason), ..EquivalenceReport::default() };
    let (Some(value), Some(se), Some(df)) = (theta.value, theta.se, theta.df) else {
        let why = theta.reason.as_deref().unwrap_or("the difference has no standard error");
        return without(format!("no equivalence test: {why}"));
    };
    let smallest = match smallest_margin(value, se, df, SIZE) {
        Ok(smallest) => finite(smallest),
        Err(error) => return without(error.to_string()),
    };
    let bare = EquivalenceReport { margin, smallest_margin: smallest, ..EquivalenceReport::default() };
    let test = |margin: f64| -> Result<_> { Equivalence::new(margin)?.test(value, se, df) };
    match margin.map(test) {
        Some(Ok(test)) => {
            EquivalenceReport { p_value: finite(test.p_value), equivalent: Some(test.equivalent), ..bare }
        }
        Some(Err(error)) => EquivalenceReport { reason: Some(error.to_string()), ..bare },
        None => EquivalenceReport { reason: Some("no margin was given".into()), ..bare },
    }
}

/// The first group's difference by the curve that leads, for every other month that the cut-off could have been, where it
/// is the only group and one by release.
pub(super) fn cutoffs(
    set: &ModelSet,
    models: &FitModels<'_>,
    curve: Curve,
    unknown: &mut Vec<String>,
) -> Option<Vec<CutoffReport>> {
    let by_release = matches!(set.groups[..], [Group::Release(_)]) && models.places.len() == 1;
    let months: Vec<i64> = models.rows.iter().map(|row| row.release.map(Month::count)).collect::<Option<_>>()?;
    if !by_release {
        return None;
    }
    if models.compute_sd().is_some() {
        unknown.push("other cut-offs: they would take compute as exact".into());
        return None;
    }
    let swept = sensitivity::cutoffs_of(&models.sample, &months, models.covariance, models.level, |sample| {
        let emergence = match curve {
            Curve::Hinge => models.hinge().fit_sample(sample)?.emergence(),
            _ => None,
        };
        let fit = curve.fit(models.levels(), sample)?;
        let emergence = emergence.or_else(|| fit.estimate_of(Parameter::C).filter(|_| curve != Curve::Hinge));
        Ok((fit, emergence))
    });
    match swept {
        Ok(swept) => {
            let tests = adjusted(&swept.iter().map(|one| one.p_value.and_then(finite)).collect::<Vec<_>>());
            let tests = tests.unwrap_or_else(|_| vec![None; swept.len()]);
            swept.iter().zip(tests).map(|(one, test)| CutoffReport::of(one, test)).collect()
        }
        Err(error) => {
            unknown.push(format!("other cut-offs: {error}"));
            None
        }
    }
}

impl CutoffReport {
    /// Of a cut-off counted in months; `None` for one that no calendar has, which those between models' months are not.
    fn of(one: &Cutoff, test: Option<Adjusted>) -> Option<Self> {
        Some(Self {
            cutoff: Month::of_count(one.cutoff)?,
            n_models: one.members,
            theta: one.theta.and_then(finite),
            se: one.standard_error.and_then(finite),
            interval: one.interval,
            p_value: one.p_value.and_then(finite),
            holm: test.map(|test| test.holm),
            benjamini_hochberg: test.map(|test| test.benjamini_hochberg),
            c_position: one.emergence.and_then(finite),
        })
    }
}
