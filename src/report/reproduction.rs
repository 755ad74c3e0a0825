//! The reproduction report: every printed number, the same number recomputed, and whether it holds.

use super::csv::{CsvTable, number};
use super::terminal::{Align, TextTable};
use crate::analysis::papers::test_task::{Agreement, Conclusion, GapTest, PaperTable, Reproduction, ReproductionRow};

/// The report as CSV: figure, item, quantity, published (as printed), paper (recomputed by the published method), verdict
/// (`reproduced` or `differs`), corrected with its 95 % interval and, for differences, the smallest margin of equivalence,
/// models, families, note, conclusion (`stands`, `changes` or empty) and why. Then, for tests of a gap: the corrected p-value
/// (`p_value`, the primary one), the same by Holm and by Benjamini and Hochberg (`bh`) over all distinct tests, the
/// conclusion by each, and the number of the earlier row that prints the same test. Empty cells are unknown.
#[must_use]
pub fn csv(rows: &[ReproductionRow]) -> CsvTable {
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
        "equivalence_margin",
        "models",
        "families",
        "note",
        "conclusion",
        "why",
        "p_value",
        "p_holm",
        "p_bh",
        "conclusion_holm",
        "conclusion_bh",
        "repeats_row",
    ]);
    for row in rows {
        let gap = |of: &dyn Fn(&GapTest) -> Option<f64>| cell(row.gap.as_ref().and_then(of));
        let by = |of: &dyn Fn(&GapTest) -> Option<f64>| {
            let conclusion = row.gap.as_ref().and_then(|gap| gap.conclusion(of(gap)));
            conclusion.map(|conclusion| conclusion.to_string()).unwrap_or_default()
        };
        let repeats = row.gap.and_then(|gap| gap.repeats);
        let corrected = &row.corrected.estimate;
        table.rows.push(vec![
            row.printed.figure.to_string(),
            row.printed.item.to_string(),
            row.printed.quantity.to_string(),
            row.printed.text.clone(),
            cell(row.recomputed.estimate.value),
            Agreement::of(row.reproduced).to_string(),
            cell(corrected.value),
            cell(corrected.interval.low),
            cell(corrected.interval.high),
            cell(row.corrected.margin),
            row.corrected.models.to_string(),
            row.corrected.families.to_string(),
            row.note.clone(),
            row.conclusion.map(|conclusion| conclusion.to_string()).unwrap_or_default(),
            row.why.clone(),
            gap(&|gap| Some(gap.p_value)),
            gap(&|gap| gap.holm),
            gap(&|gap| gap.benjamini_hochberg),
            by(&|gap| gap.holm),
            by(&|gap| gap.benjamini_hochberg),
            // As a spreadsheet counts them, with the header as row 1.
            repeats.map(|place| (place + 2).to_string()).unwrap_or_default(),
        ]);
    }
    table
}

/// One table of the paper as CSV: item, quantity, value, low, high, models, families.
#[must_use]
pub(crate) fn table_csv(table: &PaperTable) -> CsvTable {
    let mut csv = CsvTable::new(&["item", "quantity", "value", "low", "high", "models", "families"]);
    for q in &table.quantities {
        csv.rows.push(vec![
            q.item.to_string(),
            q.quantity.to_string(),
            cell(q.estimate.value),
            cell(q.estimate.interval.low),
            cell(q.estimate.interval.high),
            q.models.to_string(),
            q.families.to_string(),
        ]);
    }
    csv
}

fn cell(value: Option<f64>) -> String {
    value.map_or_else(String::new, number)
}

/// The report for a terminal of `width` columns, with a closing line that counts the verdicts.
#[must_use]
pub fn terminal(reproduction: &Reproduction, width: usize) -> String {
    let mut table = TextTable::new(&[
        ("figure, item", Align::Left),
        ("quantity", Align::Left),
        ("paper", Align::Right),
        ("onset", Align::Right),
        ("corrected, 95 %", Align::Right),
        ("", Align::Left),
    ]);
    let mut figure = None;
    for row in &reproduction.rows {
        if figure.replace(row.printed.figure) != Some(row.printed.figure) {
            table.section(row.printed.figure.name());
        }
        let printed = &row.printed.text;
        let changes = row.conclusion == Some(Conclusion::Changes);
        table.push(vec![
            format!("  {}", row.printed.item),
            // The names that do not fit; the CSV has them in full.
            row.printed.quantity.short_name().to_owned(),
            printed.clone(),
            format!("{}{}", shown(printed, row.recomputed.estimate.value), if row.reproduced { " " } else { "!" }),
            interval(printed, row),
            if changes { "*" } else { "" }.to_owned(),
        ]);
    }
    let held = reproduction.rows.iter().filter(|row| row.reproduced).count();
    let changed = reproduction.rows.iter().filter(|row| row.conclusion == Some(Conclusion::Changes)).count();
    format!(
        "{}{held} of {} printed numbers reproduced, {} differ (!).\n\
         Corrected, {} (*); reproduction.csv says why.\n",
        table.render(width),
        reproduction.rows.len(),
        reproduction.rows.len() - held,
        if changed == 1 { "1 conclusion changes".to_owned() } else { format!("{changed} conclusions change") }
    )
}

/// The corrected number and its interval.
fn interval(printed: &str, row: &ReproductionRow) -> String {
    let corrected = &row.corrected.estimate;
    let value = shown(printed, corrected.value);
    match (corrected.interval.low, corrected.interval.high) {
        (None, None) => value,
        (low, high) => {
            let end = |end: Option<f64>| end.map_or_else(|| "…".to_owned(), |v| short(printed, v));
            format!("{value} [{}, {}]", end(low), end(high))
        }
    }
}

fn shown(printed: &str, value: Option<f64>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| like(printed, value, 1))
}

fn short(printed: &str, value: f64) -> String {
    like(printed, value, 0)
}

/// `value` with `more` digits more than `printed` has, in the same notation.
fn like(printed: &str, value: f64, more: usize) -> String {
    let (mantissa, exponent) = printed.split_once('e').map_or((printed, false), |(m, _)| (m, true));
    let decimals = more + mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    if exponent { format!("{value:.decimals$e}") } else { format!("{value:.decimals$}") }
}
