//! Plan, state and results of a study as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::report::terminal::{Align, TextTable};
use crate::study::{Collected, FitAt, Plan, Planned, State, StudyOutcome, Task};

/// The cells that are in a queue, by name, with the queue's.
type Queued = BTreeMap<String, (&'static str, Task)>;

/// What there is to do and what it costs.
pub(crate) fn plan(plan: &Plan, width: usize) -> String {
    let mut table = TextTable::new(&[
        ("cell", Align::Left),
        ("done", Align::Right),
        ("state", Align::Left),
        ("FLOPs left", Align::Right),
        ("memory", Align::Right),
        ("disk", Align::Right),
    ]);
    for planned in &plan.cells {
        let cost = &planned.cost;
        table.push(vec![
            planned.cell.name.clone(),
            share(planned),
            state(planned),
            cost.flops.map(|flops| format!("{flops:.1e}")).unwrap_or_default(),
            bytes(cost.memory as f64),
            bytes(cost.disk),
        ]);
    }
    let mut text = table.render(width);
    // Models behind a server cost nothing here.
    let flops = plan.amount.map(|_| plan.cells.iter().filter_map(|planned| planned.cost.flops).sum::<f64>());
    let results: Option<f64> = plan.cells.iter().map(|planned| planned.cost.results).sum();
    let most = plan.cells.iter().map(|planned| planned.cost.memory).max().unwrap_or(0);
    totals(&mut text, plan);
    text.push('\n');
    let mut left = Vec::new();
    left.extend(flops.map(|flops| format!("about {flops:.1e} FLOPs left")));
    left.extend(results.map(|results| format!("{} of results", bytes(results))));
    left.push(format!("at most {} of memory in one cell", bytes(most as f64)));
    text + &left.join(", ") + "\n"
}

/// How far the study is; `queued` are its cells in a queue, with the name of each one's.
pub(crate) fn status(plan: &Plan, queued: &Queued, width: usize) -> String {
    let mut table = TextTable::new(&[("cell", Align::Left), ("done", Align::Right), ("state", Align::Left)]);
    for planned in &plan.cells {
        let mut state = state(planned);
        if let Some((queue, task)) = queued.get(&planned.cell.name) {
            let _ = write!(state, " ({queue} {}: {})", task.job, task.state.to_lowercase());
        }
        table.push(vec![planned.cell.name.clone(), share(planned), state]);
    }
    let mut text = table.render(width);
    totals(&mut text, plan);
    text.push('\n');
    for planned in plan.unfinished() {
        if let State::Failed(failure) = &planned.state {
            let times = if failure.times == 1 { String::new() } else { format!(" ({} times)", failure.times) };
            let _ = writeln!(text, "{} failed{times}: {}", planned.cell.name, failure.error);
        }
    }
    text
}

/// Plan or state as JSON: a cell has `done` of `wanted` evaluations, a `state` (`done`, `waiting`, `running`, `failed`) and
/// what the rest costs as far as that is known; `queued` are its cells in a queue.
pub(crate) fn plan_json(plan: &Plan, queued: &Queued) -> Value {
    let cell = |planned: &Planned| {
        let (state, about) = match &planned.state {
            State::Done => ("done", Value::Null),
            State::Waiting => ("waiting", Value::Null),
            State::Running(owner) => ("running", json!({ "host": owner.host, "pid": owner.pid, "doing": owner.doing })),
            State::Failed(failure) => ("failed", json!({ "error": failure.error, "times": failure.times })),
        };
        let task = queued.get(&planned.cell.name).map(|(_, task)| json!({ "job": task.job, "state": task.state }));
        let cost = &planned.cost;
        json!({
            "cell": planned.cell.name, "done": planned.done, "wanted": planned.wanted.len(), "state": state,
            "about": about, "queued": task, "flops_left": cost.flops, "memory_bytes": cost.memory,
            "disk_bytes": cost.disk, "results_bytes": cost.results,
        })
    };
    json!({ "cells": plan.cells.iter().map(cell).collect::<Vec<Value>>() })
}

/// What a run came to, on one line.
pub(crate) fn outcome(outcome: &StudyOutcome) -> String {
    let mut parts = vec![format!("{} cells done", outcome.done)];
    let further = [
        (outcome.before, "done before"),
        (outcome.elsewhere, "done elsewhere"),
        (outcome.failed.len(), "failed"),
        (outcome.others.len(), "in the hands of others"),
        (outcome.left, "left"),
    ];
    parts.extend(further.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")));
    parts.join(", ")
}

/// What was collected into the folder `tables`, on one line per thing to know.
pub(crate) fn collected(collected: &Collected, tables: &Path) -> String {
    let (rows, single) = (collected.observations.len(), collected.replicates.len());
    let mut text = format!("{rows} scores");
    if single > rows {
        let _ = write!(text, " (means of {single} over seeds)");
    }
    if !collected.unfinished.is_empty() {
        let _ = write!(text, "; {} cells are not finished", collected.unfinished.len());
    }
    let _ = write!(text, "; tables in {}", tables.display());
    for warning in &collected.warnings {
        let _ = write!(text, "\n{warning}");
    }
    text
}

/// What the fits say as a function of the task examples seen.
pub(crate) fn trajectory(fits: &[FitAt], width: usize) -> String {
    let mut table = TextTable::new(&[
        ("examples", Align::Right),
        ("models", Align::Right),
        ("theta", Align::Right),
        ("c_e", Align::Right),
        ("R²", Align::Right),
        ("", Align::Left),
    ]);
    let mut last = None;
    for fit in fits {
        let name = (&fit.benchmark, &fit.metric);
        if last != Some(name) {
            table.section(&format!("{} ({})", fit.benchmark, fit.metric));
            last = Some(name);
        }
        let analysis = fit.analysis();
        let reason = fit.fit.as_ref().err().cloned();
        table.push(vec![
            // Without a number of examples the adjustment has a name, `none` for the released model.
            fit.condition
                .examples
                .map_or_else(|| fit.condition.adjustment.to_string(), |examples| examples.to_string()),
            fit.points.len().to_string(),
            analysis.and_then(|a| a.theta.value).map(|v| format!("{v:.3}")).unwrap_or_default(),
            analysis.and_then(|a| a.c_e.value).map(|v| format!("{v:.1e}")).unwrap_or_default(),
            analysis.and_then(|a| a.r_squared).map(|v| format!("{v:.3}")).unwrap_or_default(),
            reason.or_else(|| analysis.and_then(|a| a.theta.reason.clone())).unwrap_or_default(),
        ]);
    }
    table.render(width)
}

fn share(planned: &Planned) -> String {
    format!("{}/{}", planned.done, planned.wanted.len())
}

fn state(planned: &Planned) -> String {
    match &planned.state {
        State::Done => "done".into(),
        State::Waiting if planned.done > 0 => "begun".into(),
        State::Waiting => "to do".into(),
        State::Failed(_) => "failed".into(),
        State::Running(owner) if owner.doing.is_empty() => format!("{owner}"),
        State::Running(owner) => format!("{owner}: {}", owner.doing),
    }
}

fn totals(text: &mut String, plan: &Plan) {
    let done = plan.cells.iter().filter(|planned| planned.state == State::Done).count();
    let conditions: usize = plan.cells.iter().map(|planned| planned.wanted.len()).sum();
    let finished: usize = plan.cells.iter().map(|planned| planned.done).sum();
    let all = plan.cells.len();
    let _ = write!(text, "{done} of {all} cells and {finished} of {conditions} evaluations done");
}

/// Bytes in a unit that leaves few digits.
fn bytes(bytes: f64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let (mut value, mut unit) = (bytes, 0);
    while value >= 1000.0 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{value:.0} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}
