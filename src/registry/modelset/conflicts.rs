//! What several tables, or several columns, say differently of one model. The first counts, and the reader is told.

use std::collections::BTreeMap;

use super::layout::Layout;
use super::records::{Cell, Record, Records};
use super::scores::shortened;
use super::sizes::Sizes;
use crate::registry::columns::{ACTIVE_PARAMS, COMPUTE, FAMILY, PARAMS, RELEASE, TOKENS};
use crate::registry::table::{Column, Table, fold};

/// Sizes are written rounded, and names round them more: a 7B model has 6.7 billion parameters.
const ROUNDED: f64 = 1.1;

/// Scores are written with two or three digits.
const SAME_SCORE: f64 = 1.01;

/// Compute that is this many times 6·N·D, or as small a part of it, is in another unit.
const OTHER_UNIT: f64 = 10.0;

/// A sentence for everything that these models have twice with different values.
pub(super) fn between_tables(records: &Records<'_>, models: &[&Record], wants_adjusted: bool) -> Vec<String> {
    let sizes = [&COMPUTE, &PARAMS, &ACTIVE_PARAMS, &TOKENS];
    let of_column = |column: &'static Column, same: fn(&Cell<'_>, &Cell<'_>) -> bool| {
        sentence(column.name, models, |record| records.cells(record, column), same)
    };
    let of_scores = |what: &str, adjusted: bool| {
        sentence(what, models, |record| records.scores(record, adjusted).collect(), same_score)
    };
    let mut found: Vec<Option<String>> = vec![of_scores("the score", false)];
    if wants_adjusted {
        found.push(of_scores("the score after adjustment", true));
    }
    found.extend(sizes.map(|column| of_column(column, same_size)));
    found.push(of_column(&RELEASE, |one, other| either_fails(one.month(), other.month(), |a, b| a == b)));
    found.push(of_column(&FAMILY, |one, other| fold(one.text()) == fold(other.text())));
    found.into_iter().flatten().collect()
}

fn sentence<'t>(
    what: &str,
    models: &[&Record],
    cells: impl Fn(&Record) -> Vec<Cell<'t>>,
    same: impl Fn(&Cell<'t>, &Cell<'t>) -> bool,
) -> Option<String> {
    let differing: Vec<(&Record, Cell<'t>, Cell<'t>)> = models
        .iter()
        .filter_map(|record| {
            let cells = cells(record);
            let first = *cells.first()?;
            let other = cells.iter().skip(1).find(|other| !same(&first, other))?;
            Some((*record, first, *other))
        })
        .collect();
    let (record, first, other) = differing.first()?;
    let models = if differing.len() == 1 { "1 model" } else { &format!("{} models", differing.len()) };
    Some(format!(
        "{what} of {models} stands in two places with different values, of which the first counts: `{}` has {} in {} and {} in \
         {}",
        record.name,
        first.text(),
        first.place(),
        other.text(),
        other.place()
    ))
}

/// Cells that cannot be read are another matter.
fn either_fails<T>(one: crate::Result<T>, other: crate::Result<T>, same: impl Fn(T, T) -> bool) -> bool {
    match (one, other) {
        (Ok(one), Ok(other)) => same(one, other),
        _ => true,
    }
}

fn within(factor: f64) -> impl Fn(f64, f64) -> bool {
    move |one, other| {
        let (small, large) = (one.abs().min(other.abs()), one.abs().max(other.abs()));
        one.signum() == other.signum() && large <= small * factor || one == other
    }
}

fn same_size(one: &Cell<'_>, other: &Cell<'_>) -> bool {
    either_fails(one.size(), other.size(), within(ROUNDED))
}

/// One may be in percent and the other a share.
fn same_score(one: &Cell<'_>, other: &Cell<'_>) -> bool {
    let same = within(SAME_SCORE);
    either_fails(one.number(), other.number(), |a, b| same(a, b) || same(100.0 * a, b) || same(a, 100.0 * b))
}

/// That the tables' own compute is in another unit than 6·N·D, by the model in the middle; or else which models' is far from
/// it.
pub(super) fn beside_six_n_d(models: &[(&str, &Sizes)]) -> Option<String> {
    let ratio = |sizes: &Sizes| {
        let (n, d) = (sizes.active_params.or(sizes.params)?, sizes.tokens?);
        Some(sizes.compute.filter(|_| !sizes.computed)?.0 / (6.0 * n * d))
    };
    let mut ratios: Vec<(f64, &str)> = models.iter().filter_map(|(name, sizes)| Some((ratio(sizes)?, *name))).collect();
    ratios.sort_by(|a, b| a.0.total_cmp(&b.0));
    let middle = ratios.get(ratios.len() / 2)?.0;
    let usual = 1.0 / OTHER_UNIT..=OTHER_UNIT;
    if !usual.contains(&middle) {
        return Some(format!(
            "the tables' own compute is {middle:.3e} times 6 × params × tokens in the model in the middle; check the units, or \
             have compute from the others by leaving its column out"
        ));
    }
    let far: Vec<String> = ratios
        .iter()
        .filter(|(ratio, _)| !usual.contains(ratio))
        .map(|(ratio, name)| format!("{name} ({ratio:.2e} times)"))
        .collect();
    (!far.is_empty())
        .then(|| format!("the tables' own compute is far from 6 × params × tokens for {}; check them", shortened(&far)))
}

/// Checkpoints that have seen more tokens than their whole run, or runs whose last checkpoint has seen next to none: the tokens
/// of a step were given wrongly.
pub(super) fn tokens_of_checkpoints(records: &Records<'_>, models: &[(&Record, &Sizes)]) -> Vec<String> {
    let checkpoints = models.iter().filter(|(record, _)| record.is_checkpoint());
    let (mut over, mut last): (Vec<String>, BTreeMap<&str, f64>) = Default::default();
    for (record, sizes) in checkpoints {
        let Some(seen) = sizes.tokens else { continue };
        let most = last.entry(record.run()).or_default();
        *most = most.max(seen);
        let whole = records.tokens_of_run(record).and_then(|cell| cell.size().ok());
        if let Some(whole) = whole.filter(|whole| seen > ROUNDED * whole) {
            over.push(format!("{} ({seen:.3e} of {whole:.3e})", record.name));
        }
    }
    let few: Vec<String> = last
        .into_iter()
        .filter(|(_, seen)| *seen < FEWEST_TOKENS)
        .map(|(run, seen)| format!("{run} ({seen})"))
        .collect();
    let mut notes = Vec::new();
    if !over.is_empty() {
        notes.push(format!(
            "checkpoints have seen more tokens than their whole run: {}; check `--tokens-per-step` of `onset import`",
            shortened(&over)
        ));
    }
    if !few.is_empty() {
        notes.push(format!(
            "the last checkpoints of runs have seen fewer than 10^6 tokens: {}; check `--tokens-per-step` of `onset import`",
            shortened(&few)
        ));
    }
    notes
}

/// Tokens below which no run ends.
const FEWEST_TOKENS: f64 = 1e6;

/// The columns that hold a size under another name, with other values than the column that is read.
pub(super) fn unread_columns(tables: &[Table], layouts: &[Layout]) -> Vec<String> {
    let mut found = Vec::new();
    for (table, layout) in tables.iter().zip(layouts) {
        for column in [&COMPUTE, &PARAMS, &ACTIVE_PARAMS, &TOKENS] {
            let Some(read) = layout.get(column) else { continue };
            for (at, name) in table.names().iter().enumerate().filter(|(at, _)| !layout.is_taken(*at)) {
                let Some(unit) = table.unit_as(column, at) else { continue };
                let differs = |row: &usize| {
                    let sizes = (table.size_at(*row, read.index, read.unit), table.size_at(*row, at, unit));
                    matches!(sizes, (Ok(one), Ok(other)) if !within(ROUNDED)(one, other))
                };
                if let Some(row) = (0..table.rows()).find(differs) {
                    found.push(format!(
                        "{} come from `{}`; `{name}` is not read and differs, first in row {} ({} there)",
                        column.name,
                        table.names()[read.index],
                        table.line(row),
                        table.at(row, at).unwrap_or_default()
                    ));
                }
            }
        }
    }
    found
}

/// Models whose names differ by case and signs only, and which count as several all the same.
pub(super) fn almost_alike<'n>(names: impl Iterator<Item = &'n str>) -> Option<String> {
    let mut by_key: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    names.for_each(|name| by_key.entry(fold(name)).or_default().push(name));
    let alike: Vec<String> = by_key
        .into_iter()
        .filter(|(key, names)| !key.is_empty() && names.len() > 1)
        .map(|(_, names)| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and "))
        .collect();
    (!alike.is_empty())
        .then(|| format!("names that differ by case or signs only count as models of their own: {}", shortened(&alike)))
}
