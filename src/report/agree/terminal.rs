//! The report for people.

use super::csv::{DIFFERENCE, quantities};
use crate::analysis::agree::{AgreeComponents, AgreeReport, PairAgreement};
use crate::analysis::words::{percent, signed};
use crate::registry::modelset::ClusterBy;
use crate::report::terminal::{Align, TextTable};
use crate::report::text::{Text, counted, p_value};
use crate::stats::estimate::Estimate;

/// Pairs that are listed at either end.
const LISTED: usize = 5;
/// Chance of even one pair that is called certain without agreement.
const SIZE: f64 = 0.05;

/// The report as text of at most `width` columns.
#[must_use]
pub fn terminal(report: &AgreeReport, width: usize) -> String {
    let mut text = Text { out: String::new(), width };
    heading(&mut text, report);
    overall(&mut text, report);
    components(&mut text, report);
    benchmarks(&mut text, report);
    for side in &report.scores {
        pairs(&mut text, report, &side.condition, &side.pairs);
    }
    if let Some(change) = &report.change {
        pairs(&mut text, report, DIFFERENCE, &change.pairs);
    }
    if !report.left_out.is_empty() {
        let each: Vec<String> = report.left_out.iter().map(|one| format!("{} ({})", one.name, one.reason)).collect();
        text.line("");
        text.paragraph(&format!("Left out: {}.", each.join(", ")));
    }
    for note in &report.notes {
        text.paragraph(&format!("Note: {note}."));
    }
    text.out
}

fn heading(text: &mut Text, report: &AgreeReport) {
    let (models, benchmarks) = (report.models.len(), report.benchmarks.len());
    let clusters = match &report.clustered_by {
        ClusterBy::Family => counted(report.clusters, "family", "families"),
        ClusterBy::Model => "counted as independent".to_owned(),
        by @ ClusterBy::Column(_) => format!("{} {}", report.clusters, by.plural()),
    };
    text.paragraph(&format!(
        "{} on {}, {clusters} (as good as {:.1} of equal size)",
        counted(models, "model", "models"),
        counted(benchmarks, "benchmark", "benchmarks"),
        report.effective_clusters
    ));
    for side in &report.scores {
        let of = if report.scores.len() == 1 { String::new() } else { format!("{}: ", side.condition) };
        let all = side.scores + side.missing;
        let missing = match side.missing {
            0 => "no cell is empty".to_owned(),
            n => format!("{n} of {all} cells are empty, and left out pair by pair"),
        };
        text.paragraph(&format!("{of}{} scores; {missing}", side.scores));
    }
    text.paragraph(&format!(
        "Intervals at {} from {} resamples of {}, and inside them of base models with what was made from them",
        percent(report.level),
        report.resamples,
        report.clustered_by.plural()
    ));
}

/// A value with its interval.
fn shown(estimate: &Estimate) -> String {
    let Some(value) = estimate.value else { return "–".to_owned() };
    match estimate.interval.ends() {
        Some((low, high)) => format!("{} [{}, {}]", signed(value, 2), signed(low, 2), signed(high, 2)),
        None => signed(value, 2),
    }
}

fn conditions(report: &AgreeReport) -> Vec<&str> {
    let change = report.change.iter().map(|_| DIFFERENCE);
    report.scores.iter().map(|side| side.condition.as_str()).chain(change).collect()
}

fn overall(text: &mut Text, report: &AgreeReport) {
    let mut header = vec![("", Align::Left)];
    header.extend(conditions(report).into_iter().map(|name| (name, Align::Right)));
    let mut table = TextTable::new(&header);
    let summaries = report.scores.iter().map(|side| &side.summary).chain(report.change.iter().map(|c| &c.summary));
    let columns: Vec<_> = summaries.map(quantities).collect();
    for k in 0..columns.first().map_or(0, |column| column.len()) {
        if columns.iter().all(|column| column[k].1.value.is_none()) {
            continue;
        }
        let mut row = vec![columns[0][k].0.to_owned()];
        row.extend(columns.iter().map(|column| shown(column[k].1)));
        table.push(row);
    }
    text.line("");
    text.table(&table);
    let sides = report.scores.iter().map(|side| (side.condition.as_str(), &side.without));
    let change = report.change.iter().map(|change| (DIFFERENCE, &change.without));
    for (condition, without) in sides.chain(change) {
        let known: Vec<_> = without.iter().filter_map(|left| Some((left.mean?, left.cluster.as_str()))).collect();
        let by = |a: &&(f64, &str), b: &&(f64, &str)| a.0.total_cmp(&b.0);
        let (Some(low), Some(high)) = (known.iter().min_by(by), known.iter().max_by(by)) else { continue };
        text.paragraph(&format!(
            "Mean τ-b ({condition}) without one of them: {} (without {}) to {} (without {})",
            signed(low.0, 2),
            low.1,
            signed(high.0, 2),
            high.1
        ));
    }
    if let Some(change) = &report.change {
        text.paragraph(&format!("Pairs that agree more after: {}", shown(&change.pairs_above)));
        if let Some(reason) = &change.pairs_above.reason {
            text.paragraph(&format!("  ({reason})"));
        }
    }
}

fn components(text: &mut Text, report: &AgreeReport) {
    for side in &report.scores {
        let of = if report.scores.len() == 1 { String::new() } else { format!(" ({})", side.condition) };
        match &side.components {
            Some(parts) => text.paragraph(&format!("Components{of}: {}", of_components(parts, report.models.len()))),
            None => text.paragraph(&format!("Components{of}: too few models have a score on every benchmark")),
        }
    }
}

fn of_components(parts: &AgreeComponents, models: usize) -> String {
    let shares: Vec<String> = parts.shares.iter().filter_map(|share| share.value).map(|v| signed(v, 2)).collect();
    let upper = parts.unrelated_upper.first().map_or_else(String::new, |share| {
        format!("; of unrelated benchmarks the first stays below {} (95 %)", signed(*share, 2))
    });
    let one = parts.one_ability.map_or_else(String::new, |share| {
        format!("; one ability and the noise of items would give {}", signed(share, 2))
    });
    let complete = if parts.models == models {
        String::new()
    } else {
        format!(", of the {} models with every score", parts.models)
    };
    let beyond = match parts.beyond_unrelated {
        1 => "1 is".to_owned(),
        n => format!("{n} are"),
    };
    format!("shares {}{complete}; {beyond} larger than those of unrelated benchmarks{upper}{one}", shares.join(", "))
}

fn benchmarks(text: &mut Text, report: &AgreeReport) {
    let two = report.scores.len() == 2;
    let mut header = vec![("benchmark", Align::Left), ("models", Align::Right)];
    for (k, _) in report.scores.iter().enumerate() {
        let names = match (two, k) {
            (false, _) => ["mean τ-b", "ceiling", "ranks left"],
            (true, 0) => ["before", "ceiling", "ranks"],
            (true, _) => ["after", "ceiling", "ranks"],
        };
        header.extend(names.map(|name| (name, Align::Right)));
    }
    let mut table = TextTable::new(&header);
    let number = |value: Option<f64>, decimals: usize| value.map_or_else(|| "–".to_owned(), |v| signed(v, decimals));
    for (k, benchmark) in report.benchmarks.iter().enumerate() {
        let models = report.scores.first().map_or(0, |side| side.benchmarks[k].models);
        let turned = if benchmark.turned { " (turned)" } else { "" };
        let mut row = vec![format!("{}{turned}", benchmark.name), models.to_string()];
        for side in &report.scores {
            let own = &side.benchmarks[k];
            row.extend([shown(&own.mean), number(own.ceiling, 2), number(own.ranks_left, 0)]);
        }
        table.push(row);
    }
    text.line("");
    text.table(&table);
    text.paragraph(
        "mean τ-b: with all others; ceiling: with itself on fresh items; ranks left: how many places noise leaves a model, \
         the median",
    );
}

fn pairs(text: &mut Text, report: &AgreeReport, condition: &str, pairs: &[PairAgreement]) {
    let mut known: Vec<&PairAgreement> = pairs.iter().filter(|pair| pair.tau.value.is_some()).collect();
    known.sort_by(|a, b| b.tau.value.partial_cmp(&a.tau.value).unwrap_or(std::cmp::Ordering::Equal));
    let certain = known.iter().filter(|pair| pair.p_holm.is_some_and(|p| p < SIZE)).count();
    text.line("");
    let verb = if condition == DIFFERENCE { "differ from 0" } else { "agree or disagree" };
    let undefined = pairs.len() - known.len();
    let without = if undefined == 0 { String::new() } else { format!("; {undefined} more have no τ-b") };
    text.paragraph(&format!(
        "Pairs ({condition}): {certain} of {} {verb} with certainty (Holm, {} for all together){without}",
        known.len(),
        percent(SIZE)
    ));
    let name = |k: usize| report.benchmarks.get(k).map(|one| one.name.clone()).unwrap_or_default();
    let mut table = TextTable::new(&[
        ("pair", Align::Left),
        ("", Align::Left),
        ("τ-b", Align::Right),
        ("models", Align::Right),
        ("p (Holm)", Align::Right),
    ]);
    let mut push = |pair: &PairAgreement| {
        table.push(vec![
            name(pair.a),
            name(pair.b),
            shown(&pair.tau),
            pair.models.to_string(),
            pair.p_holm.map_or_else(|| "–".to_owned(), p_value),
        ]);
    };
    if known.len() <= 2 * LISTED {
        known.iter().for_each(|pair| push(pair));
    } else {
        known[..LISTED].iter().for_each(|pair| push(pair));
        known[known.len() - LISTED..].iter().for_each(|pair| push(pair));
    }
    text.table(&table);
    if known.len() > 2 * LISTED {
        text.paragraph(&format!("the {LISTED} largest and the {LISTED} smallest; --out or --format csv has all"));
    }
}
