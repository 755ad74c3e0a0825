//! The curve of the counts of right answers, by likelihood, beside the curves of the scores: where it is asked for.
//!
//! A logistic curve and a hinge, both with a floor at chance and a ceiling, see [`stats::counts`](crate::stats::counts).

use serde::{Deserialize, Serialize};

use super::models::{FitModels, Items};
use super::settings::FitSettings;
use crate::registry::modelset::{Group, ModelSet};
use crate::stats::counts::{CountQuantity, CountSample, Counts, CountsFit, Response};
use crate::stats::direction::Direction;
use crate::stats::estimate::{Estimate, Interval, Named, finite};
use crate::stats::observations::identified;
use crate::{Error, Result};

/// Curves of the counts of right answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CountsReport {
    /// Where the numbers of items come from.
    pub items: String,
    /// Models whose score times items is no whole number, and was rounded to one.
    pub rounded: usize,
    /// The curve of the smallest AIC; `None` where neither could be fitted.
    pub best: Option<Response>,
    /// The logistic curve and the hinge.
    pub curves: Vec<CountsCurve>,
}

/// One curve of counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CountsCurve {
    /// Which one.
    pub curve: Response,
    /// m on the scale of the fit: the midpoint of the logistic curve, the point of emergence of the hinge.
    pub c_log10: Estimate,
    /// The same in the predictor's own unit.
    pub c_e: Estimate,
    /// k per unit of the predictor's scale: in logits of the logistic curve, in shares of the hinge.
    pub slope: Estimate,
    /// Differences of the groups, in the same units.
    pub thetas: Vec<Named<Group>>,
    /// Score of a guess, as a share: given, or estimated.
    pub chance: Option<f64>,
    /// The best score, as a share.
    pub ceiling: Option<f64>,
    /// Standard deviation of the families' effects, in units of θ.
    pub family_sd: Option<f64>,
    /// ρ, the correlation of two items of one model beyond the curve and its family.
    pub overdispersion: Option<f64>,
    /// ln L.
    pub log_likelihood: Option<f64>,
    /// Akaike's criterion.
    pub aic: Option<f64>,
    /// Whether the search found a maximum.
    pub converged: Option<bool>,
    /// Why it could not be fitted.
    pub failed: Option<String>,
}

/// The curves of the counts; `None` where they are not asked for.
///
/// # Errors
/// [`Error::Argument`] where the scores are no shares of a known number of items.
pub(super) fn counts(
    settings: &FitSettings,
    set: &ModelSet,
    models: &FitModels<'_>,
    items: Option<&Items>,
) -> Result<Option<CountsReport>> {
    if !settings.counts {
        return Ok(None);
    }
    let items = items.ok_or_else(|| {
        Error::Argument(
            "--counts needs scores that are shares or percentages of right answers, and the number of items of every model: \
             a column `items`, --items N, or a benchmark that onset knows"
                .into(),
        )
    })?;
    if models.direction == Direction::Falling {
        return Err(Error::Argument("--counts fits scores that rise from a guess, and these fall".into()));
    }
    let (sample, rounded) = sample(models, items)?;
    // A score of chance that is given lies on the scale of the scores.
    let share = |level: f64| level / models.unit;
    let curves: Vec<CountsCurve> = [Response::Logistic, Response::Hinge]
        .into_iter()
        .map(|response| {
            let counts = Counts::new(response).chance(models.chance.map(share)).ceiling(settings.ceiling.map(share));
            curve(response, &counts, &sample, settings, set, models)
        })
        .collect();
    let best = curves.iter().filter(|curve| curve.aic.is_some()).min_by(|a, b| {
        let aic = |curve: &CountsCurve| curve.aic.unwrap_or(f64::INFINITY);
        aic(a).total_cmp(&aic(b))
    });
    Ok(Some(CountsReport { items: items.source.clone(), rounded, best: best.map(|curve| curve.curve), curves }))
}

/// The right answers of the models, and how many of them had to be rounded.
fn sample(models: &FitModels<'_>, items: &Items) -> Result<(CountSample, usize)> {
    let (mut correct, mut of, mut rounded) = (Vec::new(), Vec::new(), 0);
    for row in &models.rows {
        let (n, share) = (items.of(row).round(), models.score(row) / models.unit);
        let right = share * n;
        if !(-HALF..=n + HALF).contains(&right) {
            return Err(Error::Argument(format!(
                "{}: a score of {} is no share of right answers, which --counts needs",
                row.name,
                models.score(row)
            )));
        }
        let whole = right.round().clamp(0.0, n);
        rounded += usize::from((right - whole).abs() > WHOLE);
        correct.push(whole);
        of.push(n);
    }
    let base = [vec![1.0; models.rows.len()], models.sample.x().to_vec()];
    let known = identified(&base, models.sample.groups(), None);
    let groups: Vec<Vec<f64>> =
        models.sample.groups().iter().zip(known).filter(|(_, known)| *known).map(|(group, _)| group.clone()).collect();
    let sample = CountSample::new(models.sample.x(), &correct, &of)?
        .with_groups(&groups)?
        .with_families(models.sample.families())?;
    Ok((sample, rounded))
}

fn curve(
    response: Response,
    counts: &Counts,
    sample: &CountSample,
    settings: &FitSettings,
    set: &ModelSet,
    models: &FitModels<'_>,
) -> CountsCurve {
    let found = counts.fit(sample).and_then(|fit| estimates(&fit, settings, set, models).map(|found| (fit, found)));
    match found {
        Ok((fit, (c_log10, slope, thetas))) => CountsCurve {
            curve: response,
            c_e: in_its_unit(&c_log10, |x| set.predictor.scale.invert(x)),
            c_log10,
            slope,
            thetas,
            chance: finite(fit.chance),
            ceiling: finite(fit.ceiling),
            family_sd: finite(fit.family_sd),
            overdispersion: finite(fit.overdispersion),
            log_likelihood: finite(fit.log_likelihood),
            aic: finite(2.0 * (fit.parameters as f64 - fit.log_likelihood)),
            converged: Some(fit.converged),
            failed: None,
        },
        Err(error) => CountsCurve {
            curve: response,
            c_log10: Estimate::default(),
            c_e: Estimate::default(),
            slope: Estimate::default(),
            thetas: Vec::new(),
            chance: None,
            ceiling: None,
            family_sd: None,
            overdispersion: None,
            log_likelihood: None,
            aic: None,
            converged: None,
            failed: Some(error.to_string()),
        },
    }
}

/// The point, the slope and the differences of the groups.
fn estimates(
    fit: &CountsFit,
    settings: &FitSettings,
    set: &ModelSet,
    models: &FitModels<'_>,
) -> Result<(Estimate, Estimate, Vec<Named<Group>>)> {
    let of = |quantity: CountQuantity| fit.estimate(quantity, settings.level);
    let base = [vec![1.0; models.rows.len()], models.sample.x().to_vec()];
    let known = identified(&base, models.sample.groups(), None);
    let mut next = 0;
    let mut thetas = Vec::new();
    for (k, (place, known)) in models.places.iter().zip(known).enumerate() {
        let estimate = match (known, models.refusal(k)) {
            (false, _) => Estimate::unknown("the models do not determine it beside the other groups"),
            (true, refusal) => {
                next += 1;
                let found = of(CountQuantity::Theta(next - 1))?;
                match refusal {
                    Some(reason) => Estimate { value: found.value, ..Estimate::default() }.because(reason),
                    None => found,
                }
            }
        };
        thetas.push(Named { name: set.groups[*place].clone(), estimate });
    }
    Ok((of(CountQuantity::Point)?, of(CountQuantity::Slope)?, thetas))
}

/// An estimate with its interval, moved to another scale.
fn in_its_unit(estimate: &Estimate, invert: impl Fn(f64) -> f64) -> Estimate {
    let moved = |value: Option<f64>| value.map(&invert).and_then(finite);
    let Interval { low, high } = estimate.interval;
    Estimate {
        value: moved(estimate.value),
        interval: Interval { low: moved(low), high: moved(high) },
        ..estimate.clone()
    }
}

/// How far from a whole number a count may be that was not rounded.
const WHOLE: f64 = 1e-3;
/// Half an answer.
const HALF: f64 = 0.5;
