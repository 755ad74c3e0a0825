//! How often the intervals of repeated experiments hold a difference that is not there, and find one that is.

use super::csv::{CsvTable, number};
use super::terminal::{Align, TextTable};
use crate::lab::LabReport;
use crate::registry::Format;
use crate::stats::itemnoise::wilson;

/// The differences that were estimated in many worlds.
#[derive(Debug, Clone, Default)]
pub struct Coverage {
    rows: Vec<Row>,
}

#[derive(Debug, Clone)]
struct Row {
    seed: u64,
    truth: String,
    condition: (Format, usize),
    kind: String,
    theta: Option<f64>,
    interval: Option<(f64, f64)>,
}

/// Intervals of one condition over all worlds.
struct Count<'a> {
    row: &'a Row,
    intervals: usize,
    below: usize,
    above: usize,
}

impl Count<'_> {
    /// Share of the intervals that hold 0, with Wilson's interval.
    fn rate(&self) -> Option<(f64, (f64, f64))> {
        let share = (self.intervals - self.below - self.above) as f64 / self.intervals as f64;
        (self.intervals > 0).then(|| (share, wilson(share, self.intervals)))
    }
}

impl Coverage {
    /// Adds what was found in the world of a seed; `truth` says how kinds of models differ in it.
    pub fn add(&mut self, seed: u64, truth: &str, report: &LabReport) {
        for (condition, kind, theta) in report.differences() {
            self.rows.push(Row {
                seed,
                truth: truth.to_owned(),
                condition,
                kind: kind.to_owned(),
                theta: theta.and_then(|theta| theta.value),
                interval: theta.and_then(|theta| theta.interval.low.zip(theta.interval.high)),
            });
        }
    }

    /// Every estimate.
    #[must_use]
    pub fn estimates(&self) -> CsvTable {
        let mut table =
            CsvTable::new(&["seed", "difference", "score", "examples", "kind", "theta", "theta_low", "theta_high"]);
        let shown = |value: Option<f64>| value.map(number).unwrap_or_default();
        for Row { seed, truth, condition: (score, examples), kind, theta, interval } in &self.rows {
            let (low, high) = interval.unzip();
            let mut row =
                vec![seed.to_string(), truth.clone(), score.words().to_owned(), examples.to_string(), kind.clone()];
            row.extend([shown(*theta), shown(low), shown(high)]);
            table.rows.push(row);
        }
        table
    }

    /// How many intervals hold 0 and how many lie on either side, for each condition.
    #[must_use]
    pub fn counts(&self) -> CsvTable {
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
        for count in self.counted() {
            let Count { row, intervals, below, above } = &count;
            let (rate, ends) = count.rate().unzip();
            let (low, high) = ends.unzip();
            let shown = |value: Option<f64>| value.map(number).unwrap_or_default();
            let (score, examples) = row.condition;
            table.rows.push(vec![
                row.truth.clone(),
                score.words().to_owned(),
                examples.to_string(),
                row.kind.clone(),
                intervals.to_string(),
                below.to_string(),
                (intervals - below - above).to_string(),
                above.to_string(),
                shown(rate),
                shown(low),
                shown(high),
            ]);
        }
        table
    }

    /// The same for people, at most `width` columns wide.
    #[must_use]
    pub fn terminal(&self, width: usize) -> String {
        let mut table = TextTable::new(&[
            ("score", Align::Left),
            ("examples", Align::Right),
            ("intervals", Align::Right),
            ("above 0", Align::Right),
            ("hold 0", Align::Right),
            ("95 % interval", Align::Right),
        ]);
        let mut section = String::new();
        for count in self.counted() {
            let row = count.row;
            let title = format!("difference {}: {}", row.truth, row.kind);
            if title != section {
                table.section(&title);
                section = title;
            }
            let (rate, ends) = count.rate().unzip();
            table.push(vec![
                row.condition.0.words().to_owned(),
                row.condition.1.to_string(),
                count.intervals.to_string(),
                count.above.to_string(),
                rate.map(|rate| format!("{rate:.3}")).unwrap_or_default(),
                ends.map(|(low, high)| format!("{low:.3} … {high:.3}")).unwrap_or_default(),
            ]);
        }
        table.render(width)
    }

    /// Conditions by truth and kind, in the order in which they were first met.
    fn counted(&self) -> Vec<Count<'_>> {
        let mut counts: Vec<Count<'_>> = Vec::new();
        for row in &self.rows {
            let key = |row: &Row| (row.truth.clone(), row.kind.clone(), row.condition);
            let place = counts.iter().position(|count| key(count.row) == key(row)).unwrap_or_else(|| {
                counts.push(Count { row, intervals: 0, below: 0, above: 0 });
                counts.len() - 1
            });
            let count = &mut counts[place];
            if let Some((low, high)) = row.interval {
                count.intervals += 1;
                count.below += usize::from(high < 0.0);
                count.above += usize::from(low > 0.0);
            }
        }
        counts.sort_by_key(|count| (count.row.truth.clone(), count.row.kind.clone()));
        counts
    }
}
