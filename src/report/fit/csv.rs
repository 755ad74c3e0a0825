//! Tidy CSV of a fit: one row per parameter, per point of a curve, per model. A value that does not exist is an empty
//! cell.

use crate::analysis::fit::{CountsCurve, CurveReport, FitReport, among_groups};
use crate::report::csv::{CsvTable, number};
use crate::stats::estimate::{Estimate, Interval};
use crate::stats::multiplicity::Adjusted;

fn optional(value: Option<f64>) -> String {
    value.map_or_else(String::new, number)
}

/// One row per estimate.
///
/// Columns: `condition` (`unadjusted`, `adjusted`, `difference`), `curve`, `parameter`, `group` (of a difference between
/// groups), `estimate`, `se`, `low`, `high`, `p_value`, `primary` (whether it is the one p-value by which the question is decided), `holm` and `bh` (the
/// same p-value adjusted for all groups, where there are several), `method` (of the interval), `reason` (why a value is
/// missing). The
/// first rows of a condition are the ones at the top of the report, then, where another curve leads, those of the hinge;
/// the parameters of every curve, in its own names and
/// with the intervals of its covariance, follow. R² and SSE have no interval of their own.
#[must_use]
pub fn parameters(report: &FitReport) -> CsvTable {
    let mut table = CsvTable::new(&[
        "condition",
        "curve",
        "parameter",
        "group",
        "estimate",
        "se",
        "low",
        "high",
        "p_value",
        "primary",
        "holm",
        "bh",
        "method",
        "reason",
    ]);
    for (phase, analysis) in report.analyses() {
        let (condition, curve) = (phase.to_string(), analysis.curve.to_string());
        let (condition, curve) = (condition.as_str(), curve.as_str());
        for (name, parameter) in [("alpha", &analysis.alpha), ("c_log10", &analysis.c_log10), ("c_e", &analysis.c_e)] {
            row(&mut table, [condition, curve, name, ""], parameter, Question::Other);
        }
        for (theta, test) in analysis.thetas.iter().zip(among_groups(&analysis.thetas)) {
            row(&mut table, [condition, curve, "theta", &theta.name.to_string()], &theta.estimate, Question::Own(test));
        }
        if let Some(hinge) = &analysis.hinge {
            for (name, own) in [("alpha", &hinge.alpha), ("c_log10", &hinge.c_log10), ("c_e", &hinge.c_e)] {
                row(&mut table, [condition, "hinge", name, ""], own, Question::Other);
            }
            for theta in &hinge.thetas {
                row(
                    &mut table,
                    [condition, "hinge", "theta", &theta.name.to_string()],
                    &theta.estimate,
                    Question::Other,
                );
            }
        }
        let marks = [("r_squared", analysis.r_squared), ("sse", analysis.sse)];
        for (name, value) in marks {
            plain(&mut table, [condition, curve, name, ""], value);
        }
        for one in analysis.counts.iter().flat_map(|counts| &counts.curves) {
            counts_rows(&mut table, condition, one);
        }
        for one in &analysis.curves {
            curve_rows(&mut table, condition, one);
        }
    }
    if let Some(changed) = &report.differences {
        for (theta, test) in changed.thetas.iter().zip(among_groups(&changed.thetas)) {
            let names = ["difference", "hinge", "theta", &theta.name.to_string()];
            row(&mut table, names, &theta.estimate, Question::Own(test));
        }
        for (name, parameter) in [("c", &changed.c), ("alpha", &changed.alpha), ("r_squared", &changed.r_squared)] {
            row(&mut table, ["difference", "hinge", name, ""], parameter, Question::Own(None));
        }
    }
    table
}

/// The curves of counts are named apart from those of the scores.
fn counts_rows(table: &mut CsvTable, condition: &str, one: &CountsCurve) {
    let curve = format!("counts_{}", one.curve);
    for (name, own) in [("slope", &one.slope), ("c_log10", &one.c_log10), ("c_e", &one.c_e)] {
        row(table, [condition, &curve, name, ""], own, Question::Other);
    }
    for theta in &one.thetas {
        row(table, [condition, &curve, "theta", &theta.name.to_string()], &theta.estimate, Question::Other);
    }
    let marks = [
        ("chance", one.chance),
        ("ceiling", one.ceiling),
        ("family_sd", one.family_sd),
        ("overdispersion", one.overdispersion),
        ("log_likelihood", one.log_likelihood),
        ("aic", one.aic),
    ];
    for (name, value) in marks {
        plain(table, [condition, &curve, name, ""], value);
    }
}

fn curve_rows(table: &mut CsvTable, condition: &str, one: &CurveReport) {
    let curve = one.curve.to_string();
    for named in &one.parameters {
        row(table, [condition, &curve, &format!("{curve}.{}", named.name), ""], &named.estimate, Question::Other);
    }
    let marks = [
        ("sse", one.sse),
        ("r_squared", one.r_squared),
        ("aicc", one.aicc),
        ("bic", one.bic),
        ("rmse_without_model", one.rmse_without_model),
        ("rmse_without_family", one.rmse_without_family),
    ];
    for (name, value) in marks {
        plain(table, [condition, &curve, &format!("{curve}.{name}"), ""], value);
    }
}

/// Whether a p-value is the one that answers its question.
#[derive(Clone, Copy)]
enum Question {
    /// It is; where several groups ask the same, with what all of them make of it.
    Own(Option<Adjusted>),
    /// Another one answers, or nothing is asked.
    Other,
}

fn row(table: &mut CsvTable, names: [&str; 4], parameter: &Estimate, question: Question) {
    let mut push =
        |se, Interval { low, high }: Interval, p_value: Option<f64>, question, method, reason: &Option<String>| {
            let mut cells: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            cells.extend([parameter.value, se, low, high, p_value].map(optional));
            let (primary, test) = match question {
                Question::Own(test) => (true, test),
                Question::Other => (false, None),
            };
            cells.push(p_value.map_or_else(String::new, |_| primary.to_string()));
            cells.extend([test.map(|test| test.holm), test.map(|test| test.benjamini_hochberg)].map(optional));
            cells.extend([method, reason.clone().unwrap_or_default()]);
            table.rows.push(cells);
        };
    let method = parameter.method.map(|method| method.to_string()).unwrap_or_default();
    push(parameter.se, parameter.interval, parameter.p_value, question, method, &parameter.reason);
    for other in &parameter.others {
        push(other.se, other.interval, other.p_value, Question::Other, other.method.to_string(), &other.reason);
    }
}

fn plain(table: &mut CsvTable, names: [&str; 4], value: Option<f64>) {
    let mut cells: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    cells.push(optional(value));
    cells.resize(table.columns.len(), String::new());
    table.rows.push(cells);
}

/// One row per point of a curve.
///
/// Columns: `condition`, `curve`, `group` (empty for the reference group), `kind` (`curve`: `low` and `high` are the
/// pointwise confidence band; `prediction`: they are the prediction interval of a new model), `x` (the predictor in its own
/// unit), `score`, `low`, `high`.
#[must_use]
pub fn predictions(report: &FitReport) -> CsvTable {
    let mut table = CsvTable::new(&["condition", "curve", "group", "kind", "x", "score", "low", "high"]);
    for (phase, analysis) in report.analyses() {
        for point in &analysis.line {
            table.rows.push(vec![
                phase.to_string(),
                point.curve.to_string(),
                point.group.as_ref().map(ToString::to_string).unwrap_or_default(),
                "curve".to_owned(),
                number(point.x),
                number(point.score),
                optional(point.interval.low),
                optional(point.interval.high),
            ]);
        }
        for (one, prediction) in analysis.curves.iter().flat_map(|c| c.predictions.iter().map(move |p| (c, p))) {
            table.rows.push(vec![
                phase.to_string(),
                one.curve.to_string(),
                prediction.group.as_ref().map(ToString::to_string).unwrap_or_default(),
                "prediction".to_owned(),
                number(prediction.x),
                optional(prediction.score),
                optional(prediction.interval.low),
                optional(prediction.interval.high),
            ]);
        }
    }
    table
}

/// One row per model, for the curve at the top of the report.
///
/// Columns: `condition`, `model`, `family`, `cluster`, `status` (`fitted`, `held_out`), `x`, one column per group, `score`,
/// `fitted`, `residual`, `standardized` (residual over the residual standard deviation), `leverage`,
/// `theta_without_cluster` (the first group's difference when the model's cluster is left out), `weight`, `low`, `high` (the
/// prediction interval of a held-out model). Models that were left out stand at the end, their reason as `status`.
#[must_use]
pub fn diagnostics(report: &FitReport) -> CsvTable {
    let groups: Vec<String> = report.groups.iter().map(|group| group.name.to_string()).collect();
    let mut columns: Vec<&str> = vec!["condition", "model", "family", "cluster", "status", "x"];
    columns.extend(groups.iter().map(String::as_str));
    columns.extend([
        "score",
        "fitted",
        "residual",
        "standardized",
        "leverage",
        "theta_without_cluster",
        "weight",
        "low",
        "high",
    ]);
    let mut table = CsvTable::new(&columns);
    for (phase, analysis) in report.analyses() {
        let condition = phase.to_string();
        for model in &analysis.models {
            let status = if model.held_out { "held_out" } else { "fitted" };
            let names = [&condition, &model.model, &model.family, &model.cluster, status];
            let mut cells: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            cells.push(number(model.x));
            cells.extend(model.groups.iter().map(|z| number(*z)));
            cells.push(number(model.score));
            let numbers = [
                model.fitted,
                model.residual,
                model.standardized,
                model.leverage,
                model.theta_without_cluster,
                model.weight,
                model.interval.low,
                model.interval.high,
            ];
            cells.extend(numbers.into_iter().map(optional));
            table.rows.push(cells);
        }
    }
    for dropped in &report.dropped_models {
        let mut cells = vec![String::new(); table.columns.len()];
        cells[1] = dropped.model.clone();
        cells[4] = dropped.reason.clone();
        table.rows.push(cells);
    }
    table
}
