//! How often intervals held the truth, as CSV and for a terminal.

use super::csv::{CsvTable, number};
use super::terminal::{Align, TextTable};
use crate::lab::Coverage;

/// Every estimate: seed, difference (how kinds of models differ), score, examples, kind, theta with its interval.
#[must_use]
pub(crate) fn estimates(coverage: &Coverage) -> CsvTable {
    let mut table =
        CsvTable::new(&["seed", "difference", "score", "examples", "kind", "theta", "theta_low", "theta_high"]);
    let shown = |value: Option<f64>| value.map(number).unwrap_or_default();
    for estimate in &coverage.estimates {
        let (score, examples) = estimate.condition;
        let (low, high) = estimate.interval.unzip();
        table.rows.push(vec![
            estimate.seed.to_string(),
            estimate.truth.to_string(),
            score.words().to_owned(),
            examples.to_string(),
            estimate.kind.clone(),
            shown(estimate.theta),
            shown(low),
            shown(high),
        ]);
    }
    table
}

/// How many intervals hold 0 and how many lie on either side, for each condition.
#[must_use]
pub(crate) fn counts(coverage: &Coverage) -> CsvTable {
    let mut table = CsvTable::new(&[
        "difference",
        "score",
        "examples",
        "kind",
        "intervals",
        "below_0",
        "hold_0",
        "above_0",
        "rate",
        "rate_low",
        "rate_high",
    ]);
    let shown = |value: Option<f64>| value.map(number).unwrap_or_default();
    for count in coverage.counts() {
        let (rate, ends) = count.rate().unzip();
        let (low, high) = ends.unzip();
        let (score, examples) = count.condition;
        table.rows.push(vec![
            count.truth.to_string(),
            score.words().to_owned(),
            examples.to_string(),
            count.kind.clone(),
            count.intervals.to_string(),
            count.below.to_string(),
            count.hold().to_string(),
            count.above.to_string(),
            shown(rate),
            shown(low),
            shown(high),
        ]);
    }
    table
}

/// The same for people, at most `width` columns wide.
#[must_use]
pub(crate) fn terminal(coverage: &Coverage, width: usize) -> String {
    let mut table = TextTable::new(&[
        ("score", Align::Left),
        ("examples", Align::Right),
        ("intervals", Align::Right),
        ("above 0", Align::Right),
        ("hold 0", Align::Right),
        ("95 % interval", Align::Right),
    ]);
    let mut section = String::new();
    for count in coverage.counts() {
        let title = format!("difference {}: {}", count.truth, count.kind);
        if title != section {
            table.section(&title);
            section = title;
        }
        let (rate, ends) = count.rate().unzip();
        table.push(vec![
            count.condition.0.words().to_owned(),
            count.condition.1.to_string(),
            count.intervals.to_string(),
            count.above.to_string(),
            rate.map(|rate| format!("{rate:.3}")).unwrap_or_default(),
            ends.map(|(low, high)| format!("{low:.3} … {high:.3}")).unwrap_or_default(),
        ]);
    }
    table.render(width)
}
