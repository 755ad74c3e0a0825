//! Scores of an evaluation for people at a terminal.

use std::fmt::Write;

use crate::harness::evaluation::Evaluation;
use crate::harness::runner::{Preview, TaskPreview};
use crate::harness::tasks::AggregatedMetric;
use crate::report::terminal::{Align, TextTable};

/// The scores as a table of at most `width` columns, and where they were written.
#[must_use]
pub(crate) fn terminal(evaluation: &Evaluation, width: usize) -> String {
    let mut table = TextTable::new(&[
        ("task", Align::Left),
        ("shots", Align::Right),
        ("items", Align::Right),
        ("metric", Align::Left),
        ("score", Align::Right),
        ("± s.e.", Align::Right),
        ("95 % interval", Align::Right),
    ]);
    for task in &evaluation.tasks {
        let (shots, items) = (task.shots.to_string(), task.items.to_string());
        rows(&mut table, [task.alias.clone(), shots, items], &task.metrics);
    }
    if !evaluation.groups.is_empty() {
        table.section("groups");
    }
    for group in &evaluation.groups {
        let items = group.metrics.first().map(|metric| metric.n.to_string()).unwrap_or_default();
        rows(&mut table, [group.alias.clone(), String::new(), items], &group.metrics);
    }
    let mut text = table.render(width);
    for task in &evaluation.tasks {
        notes(&mut text, &task.name, task.items, task.see_themselves, task.without_system);
    }
    for group in evaluation.groups.iter().filter(|group| !group.whole) {
        let _ = writeln!(text, "{}: not all of its members could be run, so it has no score of its own", group.name);
    }
    let Evaluation { asked, remembered, seconds, .. } = evaluation;
    let _ = write!(text, "\n{asked} answers in {}", duration(*seconds));
    if *remembered > 0 {
        let _ = write!(text, ", {remembered} from earlier runs");
    }
    text.push('\n');
    for path in [&evaluation.results, &evaluation.table].into_iter().flatten() {
        let _ = writeln!(text, "{}", path.display());
    }
    text
}

fn rows(table: &mut TextTable, first: [String; 3], metrics: &[AggregatedMetric]) {
    let mut first = Some(first);
    for metric in metrics {
        let mut row: Vec<String> = first.take().unwrap_or_default().into();
        let name =
            if metric.filter == "none" { metric.name.clone() } else { format!("{},{}", metric.name, metric.filter) };
        row.push(name + if metric.higher_is_better { " ↑" } else { " ↓" });
        row.push(number(metric.value));
        row.push(metric.stderr.map(number).unwrap_or_default());
        row.push(metric.interval.map(|(low, high)| format!("{low:.4}–{high:.4}")).unwrap_or_default());
        table.push(row);
    }
}

/// Four decimals; a perplexity without bound takes a power of ten, so that it does not widen the table.
fn number(value: f64) -> String {
    if value.abs() < 1e6 { format!("{value:.4}") } else { format!("{value:.3e}") }
}

/// What a reader of the scores must know of the prompts.
fn notes(text: &mut String, task: &str, items: usize, see_themselves: usize, without_system: usize) {
    if see_themselves > 0 {
        let _ = writeln!(
            text,
            "{task}: {see_themselves} of {items} items stand among their own examples, with the answer, as in \
             lm-evaluation-harness; --no-self-shots keeps them out"
        );
    }
    if without_system > 0 {
        let _ = writeln!(
            text,
            "{task}: the chat template refuses a system turn; the description and instruction of {without_system} of \
             {items} items were left out, as in lm-evaluation-harness"
        );
    }
}

/// What an evaluation would ask: the first prompt of each task with its tokens, counts and an estimate.
#[must_use]
pub(crate) fn preview(preview: &Preview) -> String {
    let mut text = String::new();
    for task in &preview.tasks {
        of_task(&mut text, task);
    }
    let sum = |of: fn(&TaskPreview) -> usize| preview.tasks.iter().map(of).sum::<usize>();
    let (items, read, written) = (sum(|task| task.items), sum(|task| task.read), sum(|task| task.written));
    let _ = write!(text, "{items} items, {read} tokens to read");
    if written > 0 {
        let _ = write!(text, ", at most {written} to write");
    }
    if let Some(seconds) = preview.seconds {
        let _ = write!(text, ": about {} on this machine", duration(seconds));
    }
    text.push('\n');
    text
}

fn of_task(text: &mut String, task: &TaskPreview) {
    let TaskPreview { name, items, total, shots, requests, tokens, read, written, .. } = task;
    let _ = writeln!(text, "── {name}: {items} of {total} items, {shots} examples, {requests} requests");
    let _ = write!(text, "   {tokens} tokens in all prompts, {read} to read");
    if *written > 0 {
        let _ = write!(text, ", at most {written} to write");
    }
    let _ = writeln!(text, "\n\n{}", task.prompt);
    let _ = writeln!(text, "\n{} tokens: {:?}", task.prompt_ids.len(), task.prompt_ids);
    for (continuation, ids) in &task.continuations {
        let _ = writeln!(text, "{continuation:?}: {ids:?}");
    }
    notes(text, name, *items, task.see_themselves, task.without_system);
    text.push('\n');
}

/// Seconds, minutes or hours.
fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{s:.1} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}
