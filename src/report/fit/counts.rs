//! The curves of the counts of right answers, for people.

use crate::analysis::fit::{CountsCurve, CountsReport, FitReport};
use crate::analysis::words::percent;
use crate::report::terminal::{Align, TextTable};
use crate::report::text::{Text, counted, optional, p_value, short};
use crate::stats::counts::Response;
use crate::stats::estimate::Estimate;

/// A table of both curves, and what they are.
pub(super) fn counts(text: &mut Text, report: &FitReport, found: &CountsReport) {
    text.line("");
    text.paragraph(&format!(
        "Counts of right answers (items: {}), beta-binomial with a family effect; {} intervals by profile likelihood:",
        found.items,
        percent(report.settings.level)
    ));
    let mut table = TextTable::new(&[
        ("curve", Align::Left),
        ("parameter", Align::Left),
        ("estimate", Align::Right),
        ("low", Align::Right),
        ("high", Align::Right),
        ("p", Align::Right),
    ]);
    for curve in found.curves.iter().filter(|curve| curve.failed.is_none()) {
        let best = if Some(curve.curve) == found.best { "*" } else { "" };
        let name = format!("{}{best}", curve.curve);
        table.push(cells(&name, "c_e", &curve.c_e));
        table.push(cells("", unit(curve.curve), &curve.slope));
        for (k, theta) in curve.thetas.iter().enumerate() {
            let name = if curve.thetas.len() == 1 { "theta".to_owned() } else { format!("theta {}", k + 1) };
            table.push(cells("", &name, &theta.estimate));
        }
    }
    text.table(&table);
    for curve in &found.curves {
        text.paragraph(&about(curve));
    }
    if found.rounded > 0 {
        text.paragraph(&format!(
            "{} no whole number of right answers; the nearest one was taken",
            counted(found.rounded, "score is", "scores are")
        ));
    }
}

fn cells(curve: &str, name: &str, estimate: &Estimate) -> Vec<String> {
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), short);
    vec![
        curve.to_owned(),
        name.to_owned(),
        number(estimate.value),
        number(estimate.interval.low),
        number(estimate.interval.high),
        estimate.p_value.map_or_else(String::new, p_value),
    ]
}

/// What the slope of a curve counts.
fn unit(curve: Response) -> &'static str {
    match curve {
        Response::Logistic => "slope in logits",
        Response::Hinge => "slope",
    }
}

fn about(curve: &CountsCurve) -> String {
    if let Some(reason) = &curve.failed {
        return format!("Counts, {}: {reason}", curve.curve);
    }
    let unsure = if curve.converged == Some(false) { "; the search found no maximum" } else { "" };
    format!(
        "Counts, {}: chance {}, ceiling {}, family sd {}, rho {}, AIC {}{unsure}",
        curve.curve,
        optional(curve.chance, 3),
        optional(curve.ceiling, 3),
        optional(curve.family_sd, 3),
        optional(curve.overdispersion, 3),
        curve.aic.map_or_else(|| "–".to_owned(), |aic| format!("{aic:.1}"))
    )
}
