//! The report for people: what was read, what was found, how sure it is, and what is not known.

use super::beside::{cautions, hinge};
use super::counts;
use crate::analysis::fit::{Analysis, BreakReport, FitReport, Prediction, RiseTest, among_groups};
use crate::analysis::words::percent;
use crate::report::terminal::{Align, TextTable};
use crate::report::text::{Text, capital, counted, optional, p_value, short, significant};
use crate::stats::curves::Curve;
use crate::stats::estimate::{Estimate, Method};
use crate::stats::multiplicity::Adjusted;
use crate::stats::parameter::Parameter;

/// The report as text of at most `width` columns.
#[must_use]
pub fn terminal(report: &FitReport, width: usize) -> String {
    let mut text = Text { out: String::new(), width };
    heading(&mut text, report);
    match &report.adjusted {
        None => analysis(&mut text, report, &report.unadjusted, ""),
        Some(adjusted) => {
            analysis(&mut text, report, &report.unadjusted, "before adjustment");
            analysis(&mut text, report, adjusted, "after adjustment");
        }
    }
    differences(&mut text, report);
    for note in &report.notes {
        text.paragraph(&format!("Note: {note}."));
    }
    text.out
}

fn heading(text: &mut Text, report: &FitReport) {
    let metric = report.metric.as_ref().map_or_else(String::new, |metric| format!(" ({metric})"));
    let on = if report.is_logarithmic() { "log10 " } else { "" };
    text.paragraph(&format!("{}{metric} against {on}{}", report.score, report.predictor.name));
    let share = 100.0 * report.largest_cluster_share;
    text.paragraph(&format!(
        "{} of {}, {} from {} to {}; largest cluster {share:.0} % of the models",
        counted(report.n_models, "model", "models"),
        counted(report.n_families, "family", "families"),
        report.predictor.name,
        short(report.range.0),
        short(report.range.1),
    ));
    let dropped: Vec<String> = report.dropped.iter().map(|d| format!("{} with {}", d.models, d.reason)).collect();
    if !dropped.is_empty() {
        let names: Vec<&str> = report.dropped_models.iter().take(NAMED).map(|d| d.model.as_str()).collect();
        let more = report.dropped_models.len() - names.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        text.paragraph(&format!("Left out: {} ({}{more})", dropped.join(", "), names.join(", ")));
    }
    for group in &report.groups {
        text.paragraph(&format!(
            "Group {}: {} of {}",
            group.name,
            counted(group.n_models, "model", "models"),
            counted(group.n_families, "family", "families")
        ));
    }
    match report.chance {
        Some(chance) => text.paragraph(&format!("Chance {} ({})", short(chance), report.chance_source)),
        None => text.paragraph(&format!("Chance is {}", report.chance_source)),
    }
}

/// Names of models that were left out, printed at most.
const NAMED: usize = 5;

fn analysis(text: &mut Text, report: &FitReport, analysis: &Analysis, condition: &str) {
    let title = if condition.is_empty() { String::new() } else { format!(", {condition}") };
    text.line("");
    text.paragraph(&format!("{}{title}: {}", capital(&analysis.curve.to_string()), found(report, analysis)));
    let low = format!("{} low", percent(report.settings.level));
    let mut table = TextTable::new(&[
        ("parameter", Align::Left),
        ("estimate", Align::Right),
        ("se", Align::Right),
        (low.as_str(), Align::Right),
        ("high", Align::Right),
        ("p", Align::Right),
    ]);
    for (name, parameter) in [("alpha", &analysis.alpha), ("c_log10", &analysis.c_log10), ("c_e", &analysis.c_e)] {
        table.push(cells(name, parameter, None));
    }
    for (k, theta) in analysis.thetas.iter().enumerate() {
        let name = if analysis.thetas.len() == 1 { "theta".to_owned() } else { format!("theta {}", k + 1) };
        table.push(cells(&name, &theta.estimate, theta.estimate.p_value));
    }
    if analysis.curve != Curve::Hinge {
        let own = analysis.curves.iter().find(|curve| curve.curve == analysis.curve);
        for named in own.iter().flat_map(|curve| &curve.parameters).filter(|p| !is_above(p.name)) {
            table.push(cells(&named.name.to_string(), &named.estimate, None));
        }
    }
    text.table(&table);
    methods(text, analysis);
    let reasons = [("alpha", &analysis.alpha), ("c", &analysis.c_e), ("theta", &analysis.theta)];
    for (name, reason) in reasons.iter().filter_map(|(name, p)| Some((name, p.reason.as_ref()?))) {
        text.paragraph(&format!("{name}: {reason}"));
    }
    text.paragraph(&format!("R² {}, SSE {}", optional(analysis.r_squared, 4), optional(analysis.sse, 4)));
    tests(text, report, analysis);
    hinge(text, analysis);
    cautions(text, report, analysis);
    curves(text, analysis);
    if let Some(found) = &analysis.counts {
        counts::counts(text, report, found);
    }
    forecast(text, report, analysis);
    for unknown in &analysis.unknown {
        text.paragraph(&format!("Not known: {unknown}."));
    }
}

/// Whether a parameter stands in the rows that every curve has.
fn is_above(parameter: Parameter) -> bool {
    parameter.group().is_some() || matches!(parameter, Parameter::Alpha | Parameter::C)
}

/// Which interval comes from what.
fn methods(text: &mut Text, analysis: &Analysis) {
    let all = [("alpha", &analysis.alpha), ("c", &analysis.c_e), ("theta", &analysis.theta)];
    let mut by_method: Vec<(Method, Vec<&str>)> = Vec::new();
    for (name, p) in all.iter().filter(|(_, p)| !p.interval.is_open()) {
        let Some(method) = p.method else { continue };
        match by_method.iter_mut().find(|(known, _)| *known == method) {
            Some((_, names)) => names.push(name),
            None => by_method.push((method, vec![name])),
        }
    }
    let lines: Vec<String> =
        by_method.iter().map(|(method, names)| format!("{} by {method}", names.join(", "))).collect();
    if !lines.is_empty() {
        text.paragraph(&format!("Intervals: {}", lines.join("; ")));
    }
}

fn found(report: &FitReport, analysis: &Analysis) -> String {
    let found = report.finding(analysis, short);
    let verdict = analysis.verdict.map_or_else(|| "not known".to_owned(), |verdict| verdict.to_string());
    match analysis.selected {
        Some(selected) => format!("{found}; verdict {verdict} (curve chosen: {selected})"),
        None if analysis.curves.len() > 1 => format!("{found}; too few models to compare curves"),
        None => format!("{found}; verdict {verdict}"),
    }
}

/// A row; `tested` is the p-value of 0 where that is a question.
fn cells(name: &str, p: &Estimate, tested: Option<f64>) -> Vec<String> {
    let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), short);
    vec![
        name.to_owned(),
        number(p.value),
        number(p.se),
        number(p.interval.low),
        number(p.interval.high),
        tested.map_or_else(String::new, p_value),
    ]
}

fn tests(text: &mut Text, report: &FitReport, analysis: &Analysis) {
    let rise = &analysis.rise_test;
    let tested = |p: Option<f64>, reason: Option<&String>| match (p, reason) {
        (Some(p), _) => format!("p = {}", p_value(p)),
        (None, reason) => reason.map_or("not known", String::as_str).to_owned(),
    };
    let way = rise.direction.filter(|_| rise.p_value.is_some()).map_or_else(String::new, |way| format!(" ({way})"));
    let name = match rise.test {
        RiseTest::ChangeOfSlope => "Slope against a level",
        RiseTest::StraightLine => "Slope of a straight line against a level, by CR3 (Simes' p of two tests)",
        RiseTest::WithinFamilies => "Slopes within families against a level (Simes' p of two tests)",
    };
    text.paragraph(&format!("{name}: {}{way}", tested(rise.p_value, rise.reason.as_ref())));
    let mut broken = |name: &str, test: &BreakReport| {
        let davies = test
            .davies_p
            .map_or_else(String::new, |p| format!(", Davies' bound {} for independent models", p_value(p)));
        let unit = report.predictor.name.unit().map_or_else(String::new, |unit| format!(" {unit}"));
        let slope = |slope: f64| format!("{slope:.3}");
        let meaning =
            test.meaning(|at| short(at) + &unit, slope).map_or_else(String::new, |meaning| format!("; {meaning}"));
        text.paragraph(&format!("{name}: {}{davies}{meaning}", tested(test.p_value, test.reason.as_ref())));
    };
    broken("Break against a straight line", &analysis.break_test);
    if let Some(before) = &analysis.break_before_ceiling {
        broken("The same before the ceiling", before);
    }
    let equal = &analysis.equivalence;
    if let Some(smallest) = equal.smallest_margin {
        let given = match (equal.margin, equal.p_value) {
            (Some(margin), Some(p)) => {
                let word = if equal.equivalent == Some(true) { "equivalent" } else { "not shown to be equivalent" };
                format!("{word} within ±{} (p = {}); ", short(margin), p_value(p))
            }
            _ => String::new(),
        };
        text.paragraph(&format!("Groups: {given}smallest margin of equivalence ±{}", short(smallest)));
    }
    let others = [("wild cluster bootstrap", analysis.wild_p), ("permutation of families", analysis.permutation_p)];
    let others: Vec<String> =
        others.iter().filter_map(|(name, p)| p.map(|p| format!("{name} p = {}", p_value(p)))).collect();
    if !others.is_empty() {
        text.paragraph(&format!("theta = 0, beside the p above: {}", others.join(", ")));
    }
    let tests = among_groups(&analysis.thetas);
    if tests.iter().flatten().count() > 1 {
        let listed = |of: fn(&Adjusted) -> f64| {
            let p = |test: &Option<Adjusted>| test.as_ref().map_or_else(|| "–".to_owned(), |test| p_value(of(test)));
            tests.iter().map(p).collect::<Vec<_>>().join(", ")
        };
        text.paragraph(&format!(
            "theta = 0, for all {} groups together: Holm {}; Benjamini–Hochberg {}",
            tests.len(),
            listed(|test| test.holm),
            listed(|test| test.benjamini_hochberg)
        ));
    }
    if let Some(noise) = &analysis.item_noise
        && let Some(share) = noise.share
    {
        text.paragraph(&format!("Item noise explains {} % of the residual variance", significant(100.0 * share, 2)));
    }
    for error in analysis.measurement_error.iter().flatten() {
        if let (Some(plain), Some(corrected)) = (error.plain, error.corrected) {
            text.paragraph(&format!(
                "Uncertain compute: {} {} as if exact, {} corrected",
                error.name,
                short(plain),
                short(corrected)
            ));
        }
    }
}

fn curves(text: &mut Text, analysis: &Analysis) {
    if analysis.curves.len() < 2 {
        return;
    }
    text.line("");
    let mut table = TextTable::new(&[
        ("curve", Align::Left),
        ("SSE", Align::Right),
        ("R²", Align::Right),
        ("AICc", Align::Right),
        ("BIC", Align::Right),
        ("without model", Align::Right),
        ("family", Align::Right),
    ]);
    for one in &analysis.curves {
        let best = if Some(one.curve) == analysis.selected { "*" } else { "" };
        let unsure = if one.converged == Some(false) { "†" } else { "" };
        let name = format!("{}{best}{unsure}", one.curve);
        let criterion = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |v| format!("{v:.1}"));
        table.push(vec![
            name,
            optional(one.sse, 4),
            optional(one.r_squared, 4),
            criterion(one.aicc),
            criterion(one.bic),
            optional(one.rmse_without_model, 4),
            optional(one.rmse_without_family, 4),
        ]);
    }
    text.table(&table);
    if analysis.curves.iter().any(|one| one.converged == Some(false)) {
        text.paragraph("† the optimiser found no minimum: the fit shown is a limiting case of the curve");
    }
    for (one, reason) in analysis.curves.iter().filter_map(|one| Some((one, one.failed.as_ref()?))) {
        text.paragraph(&format!("{}: {reason}", one.curve));
    }
}

fn forecast(text: &mut Text, report: &FitReport, analysis: &Analysis) {
    let own = analysis.curves.iter().find(|curve| curve.curve == analysis.curve);
    let predictions: &[Prediction] = own.map_or(&[], |curve| &curve.predictions);
    if !predictions.is_empty() {
        text.line("");
        let predictor = report.predictor.name.to_string();
        let low = format!("{} low", percent(report.settings.level));
        let mut table = TextTable::new(&[
            (predictor.as_str(), Align::Right),
            ("predicted", Align::Right),
            (low.as_str(), Align::Right),
            ("high", Align::Right),
            ("group", Align::Left),
            ("", Align::Left),
        ]);
        let reference = if report.groups.is_empty() { "" } else { "reference" };
        for p in predictions {
            let number = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), short);
            table.push(vec![
                short(p.x),
                number(p.score),
                number(p.interval.low),
                number(p.interval.high),
                p.group.as_ref().map_or_else(|| reference.to_owned(), ToString::to_string),
                remark(p).to_owned(),
            ]);
        }
        text.table(&table);
        if predictions.iter().any(|p| p.outside_scale) {
            text.paragraph(&format!(
                "The {} curve has no ceiling there. A curve with one can be asked for by --curve plateau; the JSON report has \
                 what every curve predicts.",
                analysis.curve
            ));
        }
    }
    let held_out: Vec<_> = analysis.curves.iter().filter_map(|c| Some((c.curve, c.holdout.as_ref()?))).collect();
    let Some((_, first)) = held_out.first() else { return };
    text.line("");
    text.paragraph(&format!("Held out ({}): {}", first.selection, counted(first.n, "model", "models")));
    let inside = format!("in {} interval", percent(report.settings.level));
    let mut table = TextTable::new(&[
        ("curve", Align::Left),
        ("RMSE", Align::Right),
        ("MAE", Align::Right),
        ("bias", Align::Right),
        (inside.as_str(), Align::Right),
    ]);
    for (curve, holdout) in held_out {
        table.push(vec![
            curve.to_string(),
            optional(holdout.rmse, 4),
            optional(holdout.mae, 4),
            optional(holdout.bias, 4),
            holdout.coverage.map_or_else(|| "–".to_owned(), |share| format!("{:.0} %", 100.0 * share)),
        ]);
    }
    text.table(&table);
}

fn remark(prediction: &Prediction) -> &'static str {
    match (prediction.extrapolated, prediction.outside_scale) {
        (_, true) => "beyond the scale",
        (true, false) => "beyond the data",
        (false, false) => "",
    }
}

fn differences(text: &mut Text, report: &FitReport) {
    let Some(changed) = &report.differences else { return };
    text.line("");
    text.paragraph("Before minus after adjustment, the same families drawn for both:");
    let low = format!("{} low", percent(report.settings.level));
    let mut table = TextTable::new(&[
        ("parameter", Align::Left),
        ("difference", Align::Right),
        ("se", Align::Right),
        (low.as_str(), Align::Right),
        ("high", Align::Right),
        ("p", Align::Right),
    ]);
    let mut row = |name: &str, p: &Estimate| {
        table.push(cells(name, p, p.p_value));
    };
    for (k, theta) in changed.thetas.iter().enumerate() {
        let name = if changed.thetas.len() == 1 { "theta".to_owned() } else { format!("theta {}", k + 1) };
        row(&name, &theta.estimate);
    }
    for (name, parameter) in [("c", &changed.c), ("alpha", &changed.alpha), ("R²", &changed.r_squared)] {
        row(name, parameter);
    }
    text.table(&table);
    if let Some(reason) = &changed.c.reason {
        text.paragraph(&format!("c: {reason}"));
    }
}
