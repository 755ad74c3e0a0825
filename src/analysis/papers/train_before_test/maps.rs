//! Heat maps: every pair of benchmarks, pairs of categories, perplexity against benchmarks.

use super::agreement::Harmony;
use super::data::{Category, TableBenchmark, Tables};
use super::number::Against;
use super::perplexity::Losses;
use crate::analysis::Phase;
use crate::analysis::figure::{Figure, Panel};
use crate::analysis::heat_map::{Places, heat_map};
use crate::stats::clusters::Clusters;

/// Space between two categories, in cells.
const GAP: f64 = 0.3;

/// Titles of the two conditions in figures.
pub(super) fn title(phase: Phase) -> &'static str {
    match phase {
        Phase::Unadjusted => "Direct evaluation",
        Phase::Adjusted => "Train-before-test",
    }
}

/// Benchmarks, those of one category together.
fn places(what: &str, benchmarks: &[TableBenchmark]) -> Places {
    let begins = |k: usize| k > 0 && benchmarks[k - 1].category != benchmarks[k].category;
    let names = benchmarks.iter().map(|benchmark| benchmark.name.clone()).collect();
    Places::spaced(what, names, |k| if begins(k) { GAP } else { 0.0 })
}

/// What most rows and columns are.
const BENCHMARK: &str = "Benchmark";
const SERIES: &str = "Kendall's τ-b";

fn figure(name: &str, caption: &str, panels: Vec<Panel>, columns: usize, aspect: f64) -> Figure {
    Figure {
        name: name.into(),
        caption: caption.into(),
        panels,
        columns,
        aspect,
        legend: Vec::new(),
        row_titles: Vec::new(),
        footer: "Kendall's τ-b in hundredths: orange below 0, white 0, dark 1.".into(),
        title: String::new(),
    }
}

/// Every pair of benchmarks before and after.
pub(super) fn agreement(tables: &Tables, all: &Harmony) -> Figure {
    let places = places(BENCHMARK, &tables.benchmarks);
    let panel = |phase: Phase| {
        let fit = all.fit(phase);
        heat_map(title(phase), SERIES, (&places, &places), |a, b| fit.tau.get(a, b).filter(|_| a != b), Vec::new())
    };
    let caption = "Kendall's τ-b of the ranks of 61 models on every pair of 24 benchmarks, in hundredths, before (top) and \
                   after (bottom) every model is fine-tuned on the benchmark's own training set. Benchmarks of one \
                   category stand together: language understanding, commonsense, question answering, science, math, \
                   medicine. White is 0, dark is 1.";
    figure("agreement", caption, Phase::BOTH.map(panel).to_vec(), 1, 1.55)
}

/// Means within and between categories.
pub(super) fn categories(tables: &Tables, all: &Harmony) -> Figure {
    let categories: Vec<Category> = tables.benchmarks.iter().map(|benchmark| benchmark.category).collect();
    let clusters = Clusters::new(&categories);
    let name = |g: usize| clusters.members(g).first().map_or("", |&k| categories[k].short_name()).to_owned();
    let places = Places::plain("Category", (0..clusters.count()).map(name).collect());
    let panel = |phase: Phase| {
        let means = all.fit(phase).tau.by_category(&clusters);
        heat_map(title(phase), SERIES, (&places, &places), |a, b| means[a][b], Vec::new())
    };
    let caption = "Mean Kendall's τ-b over the pairs of benchmarks within and between categories, in hundredths.";
    figure("categories", caption, Phase::BOTH.map(panel).to_vec(), 2, 1.25)
}

/// Perplexity against scores.
pub(super) fn perplexity(tables: &Tables, losses: &[Losses]) -> Figure {
    let (benchmarks, corpora) = (places(BENCHMARK, &tables.benchmarks), places("Text", &tables.corpora));
    let panels = losses.iter().filter(|one| one.against != Against::AcrossChat).map(|one| {
        let title = match one.against {
            Against::Before => "Perplexity and scores of direct evaluation",
            Against::After => "Perplexity and scores after train-before-test",
            Against::AcrossBase | Against::AcrossChat => {
                "Direct perplexity of base models and their scores after train-before-test"
            }
        };
        let first = tables.corpora.len();
        heat_map(title, SERIES, (&benchmarks, &corpora), |row, column| one.tau.get(row, first + column), Vec::new())
    });
    let caption = "Kendall's τ-b of minus the bits per byte of a text with the score on a benchmark, in hundredths. Models by \
                   Google have no perplexity in the published file.";
    figure("perplexity", caption, panels.collect(), 1, 9.5)
}
