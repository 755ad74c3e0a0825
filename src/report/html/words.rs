//! What a fit found, as sentences with their numbers and intervals.

use crate::analysis::fit::{Analysis, FitReport, Shown, p_value};
use crate::analysis::words::{percent, scientific};
use crate::registry::modelset::{Group, ScoreScale};
use crate::stats::curves::Curve;
use crate::stats::estimate::{Estimate, Method};
use crate::stats::selection::Verdict;

/// The summary, one paragraph per question: where scores rise, what separates the groups, what adjustment changed, how
/// scores rise.
pub(super) fn summary(report: &FitReport) -> Vec<String> {
    let mut said = Vec::new();
    match &report.adjusted {
        None => said.extend(analysis(report, &report.unadjusted, "")),
        Some(adjusted) => {
            said.extend(analysis(report, &report.unadjusted, "Before adjustment, "));
            said.extend(analysis(report, adjusted, "After adjustment, "));
            said.extend(changed(report));
        }
    }
    said
}

/// The models behind the fit, in a sentence.
pub(super) fn sample(report: &FitReport) -> String {
    let x = |value: f64| predictor(report, value);
    let mut text = format!(
        "{} of {} models from {} families, with {} from {} to {}. The largest cluster holds {:.0} % of the models.",
        report.score_name,
        report.n_models,
        report.n_families,
        report.predictor.name,
        x(report.range.0),
        x(report.range.1),
        100.0 * report.largest_cluster_share
    );
    if report.n_held_out > 0 {
        text.push_str(&format!(" {} more were held out of the fit and predicted.", report.n_held_out));
    }
    if !report.dropped_models.is_empty() {
        text.push_str(&format!(" {} were left out; a table below names them.", report.dropped_models.len()));
    }
    text
}

fn analysis(report: &FitReport, of: &Analysis, when: &str) -> Vec<String> {
    let mut said = vec![begin(when, &emergence(report, of))];
    said.extend(difference(report, of, when));
    said.extend(shape(report, of, when));
    said.extend(hinge(report, of, when));
    said.extend(cautions(of, when));
    said
}

fn emergence(report: &FitReport, of: &Analysis) -> String {
    let found = report.finding(of, |x| predictor(report, x));
    let known = of.emergence().and_then(|c| {
        let known = ends(c, |v| predictor(report, v))?;
        Some(format!(" The {} interval of that point is {known}{}.", percent(report.settings.level), by(c)))
    });
    let known = known.unwrap_or_default();
    let beyond = match of.shown {
        Shown::Emergence => gain(report, of, "Beyond that point a"),
        Shown::Trend => gain(report, of, "A"),
        Shown::Nothing | Shown::Untested => String::new(),
    };
    let fit = of.r_squared.map_or_else(String::new, |r| format!(" (R² {r:.3})"));
    format!("{}: {found}.{known}{beyond} The {} curve{fit} leads{}.", report.score_name, of.curve, why(of))
}

/// Why this curve leads.
fn why(of: &Analysis) -> String {
    match of.selected {
        Some(selected) if of.curves.len() > 1 && selected == of.curve => ", as AICc chooses it".into(),
        None if of.curves.len() > 1 => ": there are too few models to compare curves".into(),
        _ => ", as it was asked for".into(),
    }
}

/// The hinge beside another curve.
fn hinge(report: &FitReport, of: &Analysis, when: &str) -> Option<String> {
    let hinge = of.hinge.as_ref()?;
    let c = hinge.c_e.value.map_or_else(
        || "it has no break inside the data".to_owned(),
        |c| {
            let known = bracket(&interval(report, &hinge.c_e, |v| predictor(report, v)), &hinge.c_e);
            format!("its break lies at {}{known}", predictor(report, c))
        },
    );
    let theta = hinge.theta.value.filter(|_| !report.groups.is_empty());
    let theta = theta.map_or_else(String::new, |theta| {
        format!(", θ is {}{}", decimal(theta), bracket(&interval(report, &hinge.theta, decimal), &hinge.theta))
    });
    Some(begin(when, &format!("the hinge, the curve of the paper, stands beside it: {c}{theta}.")))
}

/// What keeps the intervals from holding, and the models on which the result hangs.
fn cautions(of: &Analysis, when: &str) -> Vec<String> {
    let cautions = of.cautions.iter().map(|caution| begin(when, &format!("careful: {}.", caution.text)));
    let influential = of.influential.iter().map(|one| {
        let theta = one.without.theta.map_or_else(String::new, |theta| format!(", θ {}", decimal(theta)));
        let curve = one.without.curve.map_or_else(|| "no curve".to_owned(), |curve| format!("the {curve} curve"));
        let fit = one.without.r_squared.map_or_else(String::new, |r| format!(", R² {r:.3}"));
        begin(when, &format!("careful: the result hangs on {}; without it {curve} leads{theta}{fit}.", one.model))
    });
    cautions.chain(influential).collect()
}

/// How much a model gains per unit of the predictor's scale, of curves that say so in one number.
fn gain(report: &FitReport, of: &Analysis, begin: &str) -> String {
    let Some(alpha) = of.alpha.value.filter(|_| gain_is_one_number(of)) else { return String::new() };
    let per = if report.is_logarithmic() { "tenfold" } else { "unit of" };
    let unit = unit(report);
    let known = bracket(&interval(report, &of.alpha, decimal), &of.alpha);
    format!(" {begin} model gains {}{unit} per {per} {}{known}.", decimal(alpha), report.predictor.name)
}

/// Whether the curve that leads has one gain.
pub(super) fn gain_is_one_number(of: &Analysis) -> bool {
    matches!(of.curve, Curve::Hinge | Curve::Linear | Curve::Plateau)
}

fn difference(report: &FitReport, of: &Analysis, when: &str) -> Option<String> {
    let group = report.groups.first()?;
    let Some(theta) = of.theta.value else {
        let reason = of.theta.reason.as_deref().unwrap_or("the data do not determine it");
        return Some(begin(when, &format!("the difference between the groups is not known: {reason}.")));
    };
    let who = match &group.name {
        Group::Release(month) => format!("the {} models released from {month} on score", group.n_models),
        other => format!("the {} models with {other} score", group.n_models),
    };
    let direction = if theta < 0.0 { "lower" } else { "higher" };
    let p = of.theta.p_value.map_or_else(String::new, |p| format!(", p {}", p_value(p)));
    let zero = match (of.theta.interval.low, of.theta.interval.high) {
        (Some(low), Some(high)) if low <= 0.0 && high >= 0.0 => {
            " The interval contains 0. This does not show that there is no difference."
        }
        _ => "",
    };
    let margin = of.equivalence.smallest_margin.map_or_else(String::new, |margin| {
        format!(" The smallest margin within which the groups are equivalent at 5 % is ±{}.", decimal(margin))
    });
    Some(begin(
        when,
        &format!(
            "at equal {} {who} {}{} {direction} than the others (θ = {}{}{p}{}).{zero}{margin}",
            report.predictor.name,
            decimal(theta.abs()),
            unit(report),
            decimal(theta),
            interval(report, &of.theta, decimal),
            by(&of.theta),
        ),
    ))
}

fn shape(report: &FitReport, of: &Analysis, when: &str) -> Option<String> {
    let way = of.direction.word();
    let of_the = |share: &str| match of.selected {
        Some(curve) => format!(": of the {curve} curve {share} of the {way} lies within one third of the range"),
        None => String::new(),
    };
    let verdict = match of.verdict? {
        Verdict::Abrupt => format!("scores {way} abruptly{}", of_the("at least half")),
        Verdict::Gradual => format!("scores {way} gradually{}", of_the("less than half")),
        Verdict::None => format!("no {way} is shown, so no shape of one either"),
    };
    let test = of
        .break_test
        .p_value
        .map_or_else(String::new, |p| format!(" (test of a break against a straight line: p {})", p_value(p)));
    let place = of
        .break_test
        .meaning(|x| predictor(report, x), decimal)
        .map_or_else(String::new, |meaning| format!("; {meaning}"));
    Some(begin(when, &format!("{verdict}{test}{place}.")))
}

fn changed(report: &FitReport) -> Option<String> {
    let changed = report.differences.as_ref()?;
    let mut said = Vec::new();
    if let Some(theta) = changed.theta.value {
        let p = changed.theta.p_value.map_or_else(String::new, |p| format!(", p {}", p_value(p)));
        let known = interval(report, &changed.theta, decimal);
        said.push(format!("θ before minus θ after adjustment is {}{known}{p}.", decimal(theta)));
    }
    if let Some(c) = changed.c.value.filter(|_| report.is_logarithmic()) {
        let known = interval(report, &changed.c, decimal);
        said.push(format!("The break of the hinge before is {} decades above that after{known}.", decimal(c)));
    }
    if said.is_empty() {
        return None;
    }
    said.push("The same families are drawn for both.".into());
    Some(said.join(" "))
}

/// A sentence after its condition, with a capital where it begins.
pub(super) fn begin(when: &str, sentence: &str) -> String {
    if !when.is_empty() {
        return format!("{when}{sentence}");
    }
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// An interval in parentheses, with the method it comes from.
fn bracket(interval: &str, p: &Estimate) -> String {
    if interval.is_empty() { String::new() } else { format!(" ({}{})", interval.trim_start_matches(", "), by(p)) }
}

fn interval(report: &FitReport, p: &Estimate, number: impl Fn(f64) -> String) -> String {
    let level = percent(report.settings.level);
    ends(p, number).map_or_else(String::new, |ends| format!(", {level} interval {ends}"))
}

/// The ends of an interval in words.
pub(super) fn ends(p: &Estimate, number: impl Fn(f64) -> String) -> Option<String> {
    match (p.interval.low, p.interval.high) {
        (Some(low), Some(high)) => Some(format!("{} to {}", number(low), number(high))),
        (None, Some(high)) => Some(format!("up to {}, not bounded below", number(high))),
        (Some(low), None) => Some(format!("from {}, not bounded above", number(low))),
        (None, None) => None,
    }
}

/// How the interval was computed, where there is one.
pub(super) fn method(p: &Estimate) -> Option<Method> {
    p.method.filter(|_| !p.interval.is_open())
}

fn by(p: &Estimate) -> String {
    method(p).map_or_else(String::new, |method| format!(", by {method}"))
}

/// The unit in which scores are spoken of, after a number.
pub(super) fn unit(report: &FitReport) -> &'static str {
    match report.score_scale {
        ScoreScale::Percent => " points",
        ScoreScale::Auto | ScoreScale::Share | ScoreScale::Any => "",
    }
}

/// A value of the predictor: `1.2 × 10²² FLOPs` for compute.
fn predictor(report: &FitReport, value: f64) -> String {
    let unit = report.predictor.name.unit().map_or_else(String::new, |unit| format!(" {unit}"));
    format!("{}{unit}", if report.is_logarithmic() { scientific(value, 2) } else { decimal(value) })
}

/// Three significant digits, with a minus sign.
pub(super) fn decimal(value: f64) -> String {
    rounded(value, 3)
}

/// The cell of a table at five significant digits, if it is a number that has many more.
pub(super) fn shortened(text: &str) -> Option<String> {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
    (digits > 7 && text.contains(['.', 'e'])).then(|| rounded(value, 5))
}

fn rounded(value: f64, digits: u8) -> String {
    if value == 0.0 || !value.is_finite() {
        return "0".into();
    }
    let (size, beyond) = (value.abs().log10().floor(), f64::from(digits) - 1.0);
    if !(-4.0..6.0).contains(&size) {
        return scientific(value, usize::from(digits - 1));
    }
    let decimals = (beyond - size).clamp(0.0, beyond + 4.0) as usize;
    format!("{value:.decimals$}").replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(decimal(-0.0631), "−0.0631");
        assert_eq!(decimal(12.345), "12.3");
        assert_eq!(decimal(0.0), "0");
        assert_eq!(shortened("0.10756209700920671").as_deref(), Some("0.10756"));
        assert_eq!(shortened("45312345678.9").as_deref(), Some("4.5312 × 10¹⁰"));
        assert_eq!((shortened("0.0631"), shortened("2023-11"), shortened("40960000")), (None, None, None));
        assert_eq!(scientific(1.2e22, 2), "1.20 × 10²²");
        assert_eq!(scientific(-3.4e-5, 2), "−3.40 × 10⁻⁵");
        assert_eq!(p_value(0.00001), "< 0.0001");
    }
}
