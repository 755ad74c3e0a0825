//! Tidy tables: pairs, benchmarks, ranks, and what is said of all together.

use crate::analysis::agree::{AgreeReport, PairAgreement};
use crate::report::csv::{CsvTable, number};
use crate::stats::agreement::Summary;
use crate::stats::estimate::Estimate;

/// What the rows of a difference are called in the column `condition`.
pub(super) const DIFFERENCE: &str = "after minus before";

fn cell(value: Option<f64>) -> String {
    value.map_or_else(String::new, number)
}

fn value_low_high(estimate: &Estimate) -> [String; 3] {
    [estimate.value, estimate.interval.low, estimate.interval.high].map(cell)
}

/// A row for every pair of benchmarks and condition: τ-b or its difference, standard error, interval, p-value of 0 alone and
/// among all pairs (Holm; Benjamini and Hochberg), models with both scores, share of the noise ceiling, τ of the true scores.
#[must_use]
pub fn pairs(report: &AgreeReport) -> CsvTable {
    let mut table = CsvTable::new(&[
        "benchmark_a",
        "benchmark_b",
        "condition",
        "tau",
        "se",
        "low",
        "high",
        "p",
        "p_holm",
        "p_bh",
        "models",
        "share_of_ceiling",
        "tau_of_true_scores",
    ]);
    let sides = report.scores.iter().map(|side| (side.condition.as_str(), &side.pairs));
    let change = report.change.iter().map(|change| (DIFFERENCE, &change.pairs));
    for (condition, pairs) in sides.chain(change) {
        for pair in pairs {
            table.rows.push(row(report, condition, pair));
        }
    }
    table
}

fn row(report: &AgreeReport, condition: &str, pair: &PairAgreement) -> Vec<String> {
    let name = |k: usize| report.benchmarks.get(k).map(|one| one.name.clone()).unwrap_or_default();
    let mut row = vec![name(pair.a), name(pair.b), condition.to_owned(), cell(pair.tau.value), cell(pair.tau.se)];
    row.extend([pair.tau.interval.low, pair.tau.interval.high, pair.tau.p_value, pair.p_holm, pair.p_bh].map(cell));
    row.push(pair.models.to_string());
    row.extend([pair.share_of_ceiling, pair.disattenuated].map(cell));
    row
}

/// A row for every benchmark and condition.
#[must_use]
pub fn benchmarks(report: &AgreeReport) -> CsvTable {
    let mut table = CsvTable::new(&[
        "benchmark",
        "metric",
        "condition",
        "models",
        "mean_tau",
        "low",
        "high",
        "ceiling",
        "reliability",
        "ranks_left",
    ]);
    for side in &report.scores {
        for (benchmark, own) in report.benchmarks.iter().zip(&side.benchmarks) {
            let mut row = vec![
                benchmark.name.clone(),
                benchmark.metric.clone().unwrap_or_default(),
                side.condition.clone(),
                own.models.to_string(),
            ];
            row.extend(value_low_high(&own.mean));
            row.extend([own.ceiling, own.reliability, own.ranks_left].map(cell));
            table.rows.push(row);
        }
    }
    if let Some(change) = &report.change {
        for ((benchmark, own), mean) in
            report.benchmarks.iter().zip(&report.scores[0].benchmarks).zip(&change.benchmarks)
        {
            let metric = benchmark.metric.clone().unwrap_or_default();
            let mut row = vec![benchmark.name.clone(), metric, DIFFERENCE.to_owned(), own.models.to_string()];
            row.extend(value_low_high(mean));
            row.extend([String::new(), String::new(), String::new()]);
            table.rows.push(row);
        }
    }
    table
}

/// A row for every benchmark, condition and model with a score: its rank, and the ranks that noise leaves, where it is known.
#[must_use]
pub fn ranks(report: &AgreeReport) -> CsvTable {
    let mut table = CsvTable::new(&["benchmark", "condition", "model", "cluster", "rank", "best", "worst"]);
    let place = |rank: Option<usize>| rank.map_or_else(String::new, |rank| rank.to_string());
    for side in &report.scores {
        for (benchmark, ranks) in report.benchmarks.iter().zip(&side.ranks) {
            for (model, rank) in report.models.iter().zip(ranks) {
                let Some(rank) = rank else { continue };
                table.rows.push(vec![
                    benchmark.name.clone(),
                    side.condition.clone(),
                    model.name.clone(),
                    model.cluster.clone(),
                    number(rank.rank),
                    place(rank.best),
                    place(rank.worst),
                ]);
            }
        }
    }
    table
}

/// What is said of a table: names, and the estimates of a summary in their order.
pub(super) fn quantities(summary: &Summary<Estimate>) -> [(&'static str, &Estimate); 5] {
    [
        ("mean τ-b of all pairs", &summary.mean),
        ("mean noise ceiling", &summary.ceiling),
        ("τ-b as a share of its ceiling", &summary.share_of_ceiling),
        ("τ-b of the true scores", &summary.disattenuated),
        ("share of the first component", &summary.first_share),
    ]
}

/// What is said of all pairs together, a row a quantity and condition.
#[must_use]
pub fn summary(report: &AgreeReport) -> CsvTable {
    let mut table = CsvTable::new(&["quantity", "condition", "value", "low", "high", "reason"]);
    let mut push = |quantity: &str, condition: &str, estimate: &Estimate| {
        let mut row = vec![quantity.to_owned(), condition.to_owned()];
        row.extend(value_low_high(estimate));
        row.push(estimate.reason.clone().unwrap_or_default());
        table.rows.push(row);
    };
    for side in &report.scores {
        for (quantity, estimate) in quantities(&side.summary) {
            push(quantity, &side.condition, estimate);
        }
        for left in &side.without {
            let estimate = left.mean.map(Estimate::of).unwrap_or_default();
            push(&format!("mean τ-b without {}", left.cluster), &side.condition, &estimate);
        }
        if let Some(parts) = &side.components {
            for (place, estimate) in parts.shares.iter().enumerate() {
                push(&format!("share of component {}", place + 1), &side.condition, estimate);
            }
            for (place, share) in parts.unrelated_upper.iter().enumerate() {
                let quantity = format!("share of component {} of unrelated benchmarks, 95 %", place + 1);
                push(&quantity, &side.condition, &Estimate::of(*share));
            }
            if let Some(share) = parts.one_ability {
                let quantity = "share of the first component of one ability and the noise of items";
                push(quantity, &side.condition, &Estimate::of(share));
            }
        }
    }
    if let Some(change) = &report.change {
        for (quantity, estimate) in quantities(&change.summary) {
            push(quantity, DIFFERENCE, estimate);
        }
        push("share of the pairs that agree more after", DIFFERENCE, &change.pairs_above);
        for left in &change.without {
            let estimate = left.mean.map(Estimate::of).unwrap_or_default();
            push(&format!("mean τ-b without {}", left.cluster), DIFFERENCE, &estimate);
        }
    }
    table
}
