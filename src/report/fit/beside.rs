//! What stands beside the curve that leads: the paper's hinge, what keeps intervals from holding, and models on which the
//! result hangs.

use crate::analysis::fit::{Analysis, FitReport, Influence};
use crate::report::text::{Text, optional, short};
use crate::stats::estimate::Estimate;

/// The hinge beside another curve that leads.
pub(super) fn hinge(text: &mut Text, analysis: &Analysis) {
    let Some(hinge) = &analysis.hinge else { return };
    let end = |end: Option<f64>| end.map_or_else(|| "…".to_owned(), short);
    let bracket = |p: &Estimate| match p.value {
        Some(value) if p.interval.is_open() => short(value),
        Some(value) => format!("{} [{}, {}]", short(value), end(p.interval.low), end(p.interval.high)),
        None => match p.interval.high {
            Some(high) if p.interval.low.is_none() => format!("at most {}", short(high)),
            _ => "–".to_owned(),
        },
    };
    let aicc = analysis.curves.iter().find(|one| one.curve == analysis.curve).and_then(|one| one.aicc);
    let far = match (hinge.aicc, aicc) {
        (Some(own), Some(best)) => format!(", AICc {:+.1} from the {} curve", own - best, analysis.curve),
        _ => String::new(),
    };
    let theta = if analysis.thetas.is_empty() { String::new() } else { format!(", theta {}", bracket(&hinge.theta)) };
    text.paragraph(&format!(
        "Hinge, the paper's curve: alpha {}, c_e {}{theta}, R² {}{far}",
        bracket(&hinge.alpha),
        bracket(&hinge.c_e),
        optional(hinge.r_squared, 4)
    ));
}

/// What keeps the intervals from holding, and the models on which the result hangs.
pub(super) fn cautions(text: &mut Text, report: &FitReport, analysis: &Analysis) {
    for caution in &analysis.cautions {
        text.paragraph(&format!("Careful: {}.", caution.text));
    }
    for (place, one) in analysis.influential.iter().enumerate() {
        text.paragraph(&format!("Careful: {}.", influence(report, one, place > 0)));
    }
}

fn influence(report: &FitReport, one: &Influence, further: bool) -> String {
    let Influence { model, cooks_distance, deleted_residual, without } = one;
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), short);
    let mut parts = Vec::new();
    parts.extend(without.curve.map(|curve| format!("curve {curve}")));
    parts.extend((!report.groups.is_empty()).then(|| format!("theta {}", number(without.theta))));
    let c = without.hinge_c.map(|c| if report.is_logarithmic() { 10f64.powf(c) } else { c });
    parts.push(format!("c_e of the hinge {}", number(c)));
    parts.push(format!("R² {}", number(without.r_squared)));
    format!(
        "the result hangs on {model} (Cook's distance {}, deleted residual {}); without it{}: {}",
        number(*cooks_distance),
        number(*deleted_residual),
        if further { " and those above" } else { "" },
        parts.join(", ")
    )
}
