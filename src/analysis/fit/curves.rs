//! The curves of one score, each with its parameters, marks and predictions.

use super::caution::{self, cautions};
use super::counts::counts;
use super::curve_report::{CurveReport, HingeReport};
use super::evidence::{self, BreakReport, RiseReport, Shown};
use super::fitted::{Fitted, share};
use super::headline::{self, Headline, first};
use super::influence::{Comparing, influential};
use super::models::{FitModels, Items};
use super::report::{Analysis, NoiseReport};
use super::settings::FitSettings;
use super::steps::FitStep;
use super::uncertain::{self, EXACT, ErrorReport};
use super::{forecast, hinge};
use crate::Result;
use crate::registry::modelset::ModelSet;
use crate::stats::curves::Curve;
use crate::stats::direction::Direction;
use crate::stats::estimate::{Estimate, Named, finite};
use crate::stats::hinge::Outcome;
use crate::stats::parameter::Parameter;
use crate::stats::selection::{Candidate, Comparison, Selection, Verdict};

pub(super) fn analyse(
    settings: &FitSettings,
    set: &ModelSet,
    models: &FitModels<'_>,
    items: Option<&Items>,
) -> Result<Analysis> {
    let counts = counts(settings, set, models, items)?;
    let mut unknown = Vec::new();
    let wanted = wanted(settings, models);
    let selection = selection(settings, models, &wanted);
    models.told.of(FitStep::Compare);
    let (compared, mut kept) = match selection.compare_and_keep(&models.sample) {
        Ok((compared, fits)) => (Some(compared), fits),
        Err(error) => {
            unknown.push(format!("comparison of curves: {error}"));
            (None, Vec::new())
        }
    };
    let mut fit = |curve: Curve| match kept.iter().position(|(known, _)| *known == curve) {
        Some(at) => Ok(Fitted::of(curve, kept.swap_remove(at).1, models)),
        None => Fitted::new(curve, models),
    };
    let enough = compared.as_ref().filter(|compared| is_enough(compared, &wanted));
    if settings.curve.is_open() && compared.is_some() && enough.is_none() {
        unknown.push("comparison of curves: too few models to compare curves".into());
    }
    let selected = enough.map(|compared| compared.selected);
    let curve = settings.curve.one().or(selected).unwrap_or(Curve::Hinge);
    // What keeps the curve that leads from being fitted is the answer; what keeps another one is a line in the report.
    let mut fitted: Vec<std::result::Result<Fitted, (Curve, String)>> = vec![Ok(fit(curve)?)];
    let flat = settings.curve.is_open().then_some(Curve::Flat);
    for other in wanted.iter().copied().chain(flat).filter(|other| *other != curve) {
        fitted.push(fit(other).map_err(|error| (other, error.to_string())));
    }
    let fits: Vec<&Fitted> = fitted.iter().filter_map(|one| one.as_ref().ok()).collect();
    let main = fits[0];
    models.told.of(FitStep::Rise);
    let rise = evidence::rise(settings, &models.sample, caution::is_careful(models));
    let Leads { mut head, outcome, mut beside, broken } =
        leads(settings, set, models, &fits, compared.as_ref(), &mut unknown)?;
    models.told.of(FitStep::Ceiling);
    let before_ceiling = before_ceiling(settings, set, models, main);
    // The hinge's own c lies inside the data only where its best fit has a break; that of other curves always does.
    let inside = head.c_log10.value.or(head.c_e.value).is_some();
    let breaks = outcome.map_or(inside, |outcome| outcome == Outcome::Break) && !main.is_alone(Parameter::C);
    // A curve that ends no higher than it begins has no point from which it rises to the end.
    let breaks =
        breaks && enough.is_none_or(|compared| compared.selected != curve || compared.verdict != Verdict::None);
    let shown = evidence::shown(&rise, models.direction, breaks, before_ceiling.as_ref().unwrap_or(&broken));
    let asked = !settings.curve.is_open();
    let turns = before_ceiling.as_ref().unwrap_or(&broken).is_steeper();
    let hindrance = match (turns, main.is_alone(Parameter::C)) {
        (true, true) => Some("one family alone determines where"),
        (true, false) if !breaks => Some("the curve ends no higher than it begins, or breaks outside the data"),
        _ => None,
    };
    withhold(&mut head, shown, asked, hindrance, &rise, models.direction);
    if let Some(hinge) = beside.as_mut().filter(|_| shown == Shown::Nothing) {
        hinge.take_back(&head.c_e);
    }
    if let Some(hinge) = &mut beside {
        let best = compared.as_ref().and_then(|c| c.candidates.iter().find(|mark| mark.curve == curve));
        hinge.doubt(curve, best.and_then(|mark| mark.aicc).and_then(finite));
    }
    models.told.of(FitStep::Bands);
    let curves = fitted
        .iter()
        .map(|one| match one {
            Ok(one) => {
                let leads = one.curve == curve;
                report(one, compared.as_ref(), settings, set, models, head.measurement_error.as_deref(), leads)
            }
            Err((curve, reason)) => failed(*curve, reason),
        })
        .collect();
    let noise = items.and_then(|items| noise(models, main, items, &mut unknown));
    let how = Comparing {
        selection: &selection,
        curve,
        choose: !asked && selected.is_some(),
        levels: models.levels(),
        hinge: models.hinge(),
    };
    let names: Vec<&str> = models.rows.iter().map(|row| row.name.as_str()).collect();
    let mut seen = std::collections::BTreeSet::new();
    unknown.retain(|line| seen.insert(line.clone()));
    Ok(Analysis {
        curve,
        direction: models.direction,
        shown,
        outcome: told(shown),
        verdict: match shown {
            Shown::Nothing => Some(Verdict::None),
            Shown::Untested => None,
            Shown::Trend | Shown::Emergence => enough.map(|compared| compared.verdict),
        },
        selected,
        steepest_third: enough.and_then(|c| c.steepest_third).and_then(finite),
        r_squared: share(main),
        sse: finite(main.fit.sse()),
        alpha: head.alpha,
        c_log10: head.c_log10,
        c_e: head.c_e,
        theta: first(&head.thetas),
        thetas: head.thetas,
        hinge: beside,
        rise_test: rise,
        break_test: broken,
        break_before_ceiling: before_ceiling,
        equivalence: head.equivalence,
        wild_p: head.wild_p,
        permutation_p: head.permutation_p,
        cutoffs: head.cutoffs,
        c_set: head.c_set,
        measurement_error: head.measurement_error,
        item_noise: noise,
        counts,
        cautions: cautions(set, models),
        influential: influential(&how, &models.sample, &names),
        unknown,
        models: forecast::models(settings, models, set.score.scale, main),
        line: fits.iter().flat_map(|one| forecast::line(settings, set, models, one)).collect(),
        curves,
    })
}

/// The curves to fit: those asked for, without the ones that would need a chance that is to be estimated.
fn wanted(settings: &FitSettings, models: &FitModels<'_>) -> Vec<Curve> {
    let fits = |curve: &Curve| models.chance.is_some() || curve.frees_chance() || !settings.curve.is_open();
    settings.curve.curves().into_iter().filter(fits).collect()
}

fn selection(settings: &FitSettings, models: &FitModels<'_>, wanted: &[Curve]) -> Selection {
    let selection = Selection::new().between(models.levels()).direction(models.direction).curves(wanted);
    if settings.leave_out { selection } else { selection.without_prediction_errors() }
}

/// Whether every curve can be judged: with fewer models than a curve needs, the comparison would be one of sizes.
fn is_enough(compared: &Comparison, wanted: &[Curve]) -> bool {
    let judged = |curve: &Curve| compared.candidates.iter().any(|one| one.curve == *curve && one.aicc.is_some());
    let few = |curve: &Curve| {
        let known = compared.candidates.iter().find(|one| one.curve == *curve);
        known.map_or_else(|| compared.failed.iter().any(|(failed, _)| failed == curve), |one| one.aicc.is_none())
    };
    judged(&Curve::Flat) && !wanted.iter().any(few)
}

/// The head of the report, and the hinge beside it.
struct Leads {
    head: Headline,
    /// What the hinge found, where it leads.
    outcome: Option<Outcome>,
    beside: Option<HingeReport>,
    broken: BreakReport,
}

fn leads(
    settings: &FitSettings,
    set: &ModelSet,
    models: &FitModels<'_>,
    fits: &[&Fitted],
    compared: Option<&Comparison>,
    unknown: &mut Vec<String>,
) -> Result<Leads> {
    let main = fits[0];
    let bend = fits.iter().find(|one| one.curve == Curve::Hinge);
    let mut of_hinge = None;
    if let Some(bend) = bend {
        models.told.of(FitStep::Hinge);
        let found = hinge::headline(settings, set, models, bend, unknown);
        of_hinge = match found {
            Ok(found) => Some((bend, found)),
            Err(error) if main.curve == Curve::Hinge => return Err(error),
            Err(error) => {
                unknown.push(format!("the hinge beside it: {error}"));
                None
            }
        };
    }
    models.told.of(FitStep::Lead);
    let independent = models.sample.families().count() == models.sample.len();
    let position = |x: f64| set.predictor.scale.invert(x);
    let reported = |found| evidence::break_report(found, models.direction, independent, position);
    Ok(match of_hinge {
        Some((_, found)) if main.curve == Curve::Hinge => {
            let (outcome, broken) = (Some(found.outcome), reported(found.break_test));
            Leads { head: found.head, outcome, beside: None, broken }
        }
        Some((bend, mut found)) => {
            let marks = compared.and_then(|c| c.candidates.iter().find(|mark| mark.curve == Curve::Hinge));
            let broken = std::mem::replace(&mut found.break_test, Err(crate::Error::Undetermined(String::new())));
            Leads {
                head: headline::of_other_curve(settings, set, models, main, unknown),
                outcome: None,
                beside: Some(found.beside(bend, marks.and_then(|mark| mark.aicc).and_then(finite))),
                broken: reported(broken),
            }
        }
        None => Leads {
            head: headline::of_other_curve(settings, set, models, main, unknown),
            outcome: None,
            beside: None,
            broken: reported(evidence::break_test(settings, &models.sample)),
        },
    })
}

/// The test of a break before the ceiling of the curve that leads.
fn before_ceiling(
    settings: &FitSettings,
    set: &ModelSet,
    models: &FitModels<'_>,
    main: &Fitted,
) -> Option<BreakReport> {
    let before = evidence::before_ceiling(models, &*main.fit).filter(|_| main.curve == Curve::Plateau)?;
    let found = evidence::break_test(settings, &before);
    Some(evidence::break_report(found, models.direction, false, |x| set.predictor.scale.invert(x)))
}

/// Takes back a point of emergence that no test shows. Of a curve that was asked for it stays, with the reason, unless
/// nothing rises at all.
fn withhold(
    head: &mut Headline,
    shown: Shown,
    asked: bool,
    hindrance: Option<&str>,
    rise: &RiseReport,
    direction: Direction,
) {
    let rises = if direction == Direction::Falling { "fall" } else { "rise" };
    let why = match shown {
        Shown::Emergence => return,
        Shown::Trend if hindrance.is_some() => {
            format!("no point of emergence is shown: {}", hindrance.unwrap_or_default())
        }
        Shown::Trend => format!("no point of emergence is shown: no test finds that the {rises} turns steeper there"),
        Shown::Nothing => format!("no point of emergence: no {rises} is shown"),
        Shown::Untested => {
            let reason = rise.reason.as_deref().unwrap_or("there is no test");
            format!("no point of emergence is shown: {reason}")
        }
    };
    let keeps = asked && shown != Shown::Nothing;
    for estimate in [&mut head.c_log10, &mut head.c_e].into_iter().filter(|estimate| estimate.value.is_some()) {
        let found = std::mem::take(estimate);
        *estimate =
            if keeps { found } else { Estimate { method: found.method, ..Estimate::default() } }.because(why.clone());
    }
    if !keeps {
        head.c_set = None;
    }
}

/// What is shown, in the hinge's terms.
fn told(shown: Shown) -> Option<Outcome> {
    match shown {
        Shown::Emergence => Some(Outcome::Break),
        Shown::Trend => Some(Outcome::NoBreak),
        Shown::Nothing => Some(Outcome::Flat),
        Shown::Untested => None,
    }
}

/// The parameters of a curve as they may be told where compute is uncertain: corrected for the curve that leads, without
/// interval for the others.
fn parameters(
    one: &Fitted,
    models: &FitModels<'_>,
    errors: Option<&[ErrorReport]>,
    leads: bool,
) -> Vec<Named<Parameter>> {
    let mut all = one.parameters();
    if models.compute_sd().is_some() {
        for named in &mut all {
            let corrected = errors.filter(|_| leads).and_then(|all| all.iter().find(|error| error.name == named.name));
            let refused = named.name.group().is_some_and(|k| models.refusal(k).is_some());
            if leads && !refused {
                uncertain::correct(&mut named.estimate, corrected);
            } else if !named.estimate.interval.is_open() {
                named.estimate = Estimate { value: named.estimate.value, ..Estimate::default() }.because(EXACT);
            }
        }
    }
    all
}

fn report(
    one: &Fitted,
    compared: Option<&Comparison>,
    settings: &FitSettings,
    set: &ModelSet,
    models: &FitModels<'_>,
    errors: Option<&[ErrorReport]>,
    leads: bool,
) -> CurveReport {
    let marks: Option<&Candidate> = compared.and_then(|c| c.candidates.iter().find(|mark| mark.curve == one.curve));
    CurveReport {
        curve: one.curve,
        failed: None,
        converged: one.fit.converged(),
        parameters: parameters(one, models, errors, leads),
        n_parameters: marks.map(|mark| mark.parameters),
        sse: finite(one.fit.sse()),
        r_squared: share(one),
        aicc: marks.and_then(|mark| mark.aicc).and_then(finite),
        bic: marks.and_then(|mark| finite(mark.bic)),
        rmse_without_model: marks.and_then(|mark| mark.rmse_without_model).and_then(finite),
        rmse_without_family: marks.and_then(|mark| mark.rmse_without_family).and_then(finite),
        predictions: forecast::predictions(settings, set, models, one),
        holdout: forecast::holdout(settings, set.score.scale, models, one),
    }
}

fn failed(curve: Curve, reason: &str) -> CurveReport {
    CurveReport {
        curve,
        failed: Some(reason.to_owned()),
        converged: None,
        parameters: Vec::new(),
        n_parameters: None,
        sse: None,
        r_squared: None,
        aicc: None,
        bic: None,
        rmse_without_model: None,
        rmse_without_family: None,
        predictions: Vec::new(),
        holdout: None,
    }
}

fn noise(models: &FitModels<'_>, main: &Fitted, items: &Items, unknown: &mut Vec<String>) -> Option<NoiseReport> {
    let variance = main.variance()?;
    match items.noise(models, main.fit.fitted(), variance) {
        Ok(noise) => Some(NoiseReport {
            items: items.source.clone(),
            share: noise.share.and_then(finite),
            item_sd: finite(noise.item_variance.sqrt() * models.unit),
            model_sd: finite(noise.model_variance.sqrt() * models.unit),
        }),
        Err(error) => {
            unknown.push(format!("item noise: {error}"));
            None
        }
    }
}
