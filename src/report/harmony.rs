//! What was found on the second paper, as tables: every printed number, what a careful reader asks, every curve.

use super::csv::{CsvTable, number};
use super::terminal::{Align, TextTable};
use crate::analysis::papers::test_task::{Agreement, Conclusion};
use crate::analysis::papers::train_before_test::{CurveRow, Finding, Harmonised, NumberRow};
use crate::stats::estimate::Estimate;

fn cell(value: Option<f64>) -> String {
    value.map_or_else(String::new, number)
}

/// The report as CSV: figure, item, quantity, published (as printed), paper (recomputed by the published method), verdict
/// (`reproduced` or `differs`), corrected with its 95 % interval, models, makers, note, conclusion (`stands`, `changes` or
/// empty) and why.
#[must_use]
pub fn numbers(rows: &[NumberRow]) -> CsvTable {
    let mut table = CsvTable::new(&[
        "figure",
        "item",
        "quantity",
        "published",
        "paper",
        "verdict",
        "corrected",
        "low",
        "high",
        "models",
        "makers",
        "note",
        "conclusion",
        "why",
    ]);
    for row in rows {
        table.rows.push(vec![
            row.printed.figure.clone(),
            row.printed.subject.to_string(),
            row.printed.quantity.to_string(),
            row.printed.text.clone(),
            number(row.recomputed),
            Agreement::of(row.reproduced).to_string(),
            cell(row.corrected.value),
            cell(row.corrected.interval.low),
            cell(row.corrected.interval.high),
            row.models.to_string(),
            row.makers.to_string(),
            row.note.clone(),
            row.conclusion.map(|conclusion| conclusion.to_string()).unwrap_or_default(),
            row.why.clone(),
        ]);
    }
    table
}

/// The answers as CSV: question, quantity, value, low, high, method, reason.
#[must_use]
pub(crate) fn findings(findings: &[Finding]) -> CsvTable {
    let mut table = CsvTable::new(&["question", "quantity", "value", "low", "high", "method", "reason"]);
    for finding in findings {
        let mut row = vec![finding.question.to_owned(), finding.quantity.clone()];
        row.extend(estimate(&finding.estimate));
        row.push(finding.estimate.method.map(|method| method.to_string()).unwrap_or_default());
        row.push(finding.estimate.reason.clone().unwrap_or_default());
        table.rows.push(row);
    }
    table
}

/// Value, low, high.
fn estimate(estimate: &Estimate) -> [String; 3] {
    [estimate.value, estimate.interval.low, estimate.interval.high].map(cell)
}

/// Every benchmark's curve as CSV, a row a benchmark and condition. Points of emergence are log10 FLOPs; `gained` is R²
/// after minus before; `chat` and the columns of makers are differences of scores at equal compute. `_p` is the p-value as if
/// it were the only one, `_holm` and `_bh` the same adjusted for all benchmarks under the condition; the first component is
/// none of them.
#[must_use]
pub(crate) fn curves(rows: &[CurveRow]) -> CsvTable {
    let mut columns: Vec<String> = ["benchmark", "condition", "verdict", "curve"].map(str::to_owned).to_vec();
    let makers: Vec<&str> = rows.first().map_or_else(Vec::new, |row| row.makers.iter().map(|m| m.0.as_str()).collect());
    for name in ["r_squared", "gained", "c", "chat"].into_iter().chain(makers) {
        columns.extend(["", "_low", "_high"].map(|end| format!("{name}{end}")));
    }
    for name in ["gained", "chat"] {
        columns.extend(["_p", "_holm", "_bh"].map(|end| format!("{name}{end}")));
    }
    let mut table = CsvTable { columns, rows: Vec::new() };
    for row in rows {
        let mut cells = vec![
            row.benchmark.clone(),
            row.phase.to_string(),
            row.verdict.name().to_owned(),
            row.selected.name().to_owned(),
        ];
        for one in [&row.r_squared, &row.gained, &row.emergence, &row.chat] {
            cells.extend(estimate(one));
        }
        for (_, one) in &row.makers {
            cells.extend(estimate(one));
        }
        for (one, test) in [(&row.gained, row.gained_test), (&row.chat, row.chat_test)] {
            cells.push(cell(one.p_value));
            cells.extend([test.map(|test| test.holm), test.map(|test| test.benjamini_hochberg)].map(cell));
        }
        table.rows.push(cells);
    }
    table
}

/// The report for a terminal of `width` columns, with a closing line that counts the verdicts.
#[must_use]
pub fn terminal(harmonised: &Harmonised, width: usize) -> String {
    let mut table = TextTable::new(&[
        ("figure, item", Align::Left),
        ("quantity", Align::Left),
        ("paper", Align::Right),
        ("onset", Align::Right),
        ("95 %", Align::Right),
        ("", Align::Left),
    ]);
    let mut figure = None;
    for row in &harmonised.rows {
        if figure.replace(&row.printed.figure) != Some(&row.printed.figure) {
            table.section(&row.printed.figure);
        }
        let decimals = 1 + row.printed.text.split_once('.').map_or(0, |(_, digits)| digits.len());
        let mark = if row.reproduced { " " } else { "!" };
        let interval = row.corrected.interval.ends();
        table.push(vec![
            format!("  {}", row.printed.subject),
            row.printed.quantity.to_string(),
            row.printed.text.clone(),
            format!("{:.decimals$}{mark}", row.recomputed),
            interval.map_or_else(String::new, |(low, high)| format!("[{low:.3}, {high:.3}]")),
            if row.conclusion == Some(Conclusion::Changes) { "*" } else { "" }.to_owned(),
        ]);
    }
    let held = harmonised.rows.iter().filter(|row| row.reproduced).count();
    let changed = harmonised.rows.iter().filter(|row| row.conclusion == Some(Conclusion::Changes)).count();
    format!(
        "{}{held} of {} printed numbers reproduced, {} differ (!).\n\
         {} (*); train-before-test/reproduction.csv and findings.csv say more.\n",
        table.render(width),
        harmonised.rows.len(),
        harmonised.rows.len() - held,
        if changed == 1 { "1 conclusion changes".to_owned() } else { format!("{changed} conclusions change") }
    )
}
