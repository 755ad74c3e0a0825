//! The reproduction report: every printed number, the same number recomputed, and whether it holds.

use super::csv::{CsvTable, number};
use super::terminal::{Align, TextTable};
use crate::analysis::paper::{PaperTable, Reproduction, ReproductionRow};

/// The report as CSV: figure, item, quantity, published (as printed), paper (recomputed by the published method), verdict
/// (`reproduced` or `differs`), models, families, note.
#[must_use]
pub fn csv(rows: &[ReproductionRow]) -> CsvTable {
    let mut table =
        CsvTable::new(&["figure", "item", "quantity", "published", "paper", "verdict", "models", "families", "note"]);
    for row in rows {
        table.rows.push(vec![
            row.printed.figure.clone(),
            row.printed.item.clone(),
            row.printed.quantity.clone(),
            row.printed.text.clone(),
            number(row.recomputed.value),
            verdict(row).to_owned(),
            row.recomputed.models.to_string(),
            row.recomputed.families.to_string(),
            row.note.clone(),
        ]);
    }
    table
}

/// One table of the paper as CSV: item, quantity, value, models, families.
#[must_use]
pub fn table_csv(table: &PaperTable) -> CsvTable {
    let mut csv = CsvTable::new(&["item", "quantity", "value", "models", "families"]);
    for q in &table.quantities {
        csv.rows.push(vec![
            q.item.clone(),
            q.quantity.clone(),
            number(q.value),
            q.models.to_string(),
            q.families.to_string(),
        ]);
    }
    csv
}

/// The report for a terminal of `width` columns, with a closing line that counts the verdicts.
#[must_use]
pub fn terminal(reproduction: &Reproduction, width: usize) -> String {
    let mut table = TextTable::new(&[
        ("figure, item", Align::Left),
        ("quantity", Align::Left),
        ("paper", Align::Right),
        ("onset", Align::Right),
        ("verdict", Align::Left),
    ]);
    let mut figure = "";
    for row in &reproduction.rows {
        if row.printed.figure != figure {
            figure = &row.printed.figure;
            table.section(figure);
        }
        table.push(vec![
            format!("  {}", row.printed.item),
            // The one name that does not fit; the CSV has it in full.
            row.printed.quantity.replace("balanced_accuracy_percent", "accuracy (%)"),
            row.printed.text.clone(),
            like(&row.printed.text, row.recomputed.value),
            if row.reproduced { "holds" } else { "differs" }.to_owned(),
        ]);
    }
    let held = reproduction.rows.iter().filter(|row| row.reproduced).count();
    format!(
        "{}{held} of {} printed numbers reproduced, {} differ; reproduction.csv says why.\n",
        table.render(width),
        reproduction.rows.len(),
        reproduction.rows.len() - held
    )
}

fn verdict(row: &ReproductionRow) -> &'static str {
    if row.reproduced { "reproduced" } else { "differs" }
}

/// `value` with one digit more than `printed` has, in the same notation.
fn like(printed: &str, value: f64) -> String {
    let (mantissa, exponent) = printed.split_once('e').map_or((printed, false), |(m, _)| (m, true));
    let decimals = 1 + mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    if exponent { format!("{value:.decimals$e}") } else { format!("{value:.decimals$}") }
}
