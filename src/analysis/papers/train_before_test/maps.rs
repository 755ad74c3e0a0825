//! Heat maps: every pair of benchmarks, pairs of categories, perplexity against benchmarks.

use super::agreement::Harmony;
use super::data::{Category, TableBenchmark, Tables};
use super::number::Against;
use super::perplexity::Losses;
use crate::analysis::Phase;
use crate::analysis::figure::{Axis, Cell, Figure, Layer, Note, Panel, Scale};
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

/// A correlation as a cell has it: two digits after the point, which is left out with the zero before it.
pub(super) fn digits(value: f64) -> String {
    let text = format!("{:.0}", 100.0 * value.abs());
    let sign = if value < 0.0 && text != "0" { "−" } else { "" };
    if text == "100" { format!("{sign}1") } else { format!("{sign}{text:0>2}") }
}

/// A row of names, those of one category together; from left to right, or from the top down.
struct Places {
    at: Vec<f64>,
    names: Vec<String>,
}

impl Places {
    fn of(benchmarks: &[TableBenchmark]) -> Self {
        let mut gaps = 0.0;
        let at = benchmarks.iter().enumerate().map(|(k, benchmark)| {
            if k > 0 && benchmarks[k - 1].category != benchmark.category {
                gaps += GAP;
            }
            k as f64 + gaps
        });
        Self { at: at.collect(), names: benchmarks.iter().map(|benchmark| benchmark.name.clone()).collect() }
    }

    fn plain(names: Vec<String>) -> Self {
        Self { at: (0..names.len()).map(|k| k as f64).collect(), names }
    }

    fn across(&self) -> Axis {
        self.axis(self.at.clone())
    }

    fn downwards(&self) -> Axis {
        self.axis(self.at.iter().map(|at| -at).collect())
    }

    fn axis(&self, ticks: Vec<f64>) -> Axis {
        let (low, high) =
            ticks.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), t| (low.min(*t), high.max(*t)));
        Axis {
            label: String::new(),
            scale: Scale::Linear,
            range: Some((low - 0.5, high + 0.5)),
            ticks,
            tick_labels: self.names.clone(),
        }
    }
}

fn heat_map(
    title: &str,
    (across, downwards): (&Places, &Places),
    value: impl Fn(usize, usize) -> Option<f64>,
    notes: Vec<Note>,
) -> Panel {
    let mut cells = Vec::new();
    for (row, y) in downwards.at.iter().enumerate() {
        for (column, x) in across.at.iter().enumerate() {
            if let Some(value) = value(row, column) {
                let label = format!("{} and {}", downwards.names[row], across.names[column]);
                cells.push(Cell { label, x: *x, y: -y, value, text: digits(value) });
            }
        }
    }
    let layers = vec![Layer::Cells { series: "Kendall's τ-b".into(), cells }];
    Panel { title: title.into(), x: across.across(), y: downwards.downwards(), layers, notes }
}

fn figure(name: &str, caption: &str, panels: Vec<Panel>, columns: usize, aspect: f64) -> Figure {
    Figure {
        name: name.into(),
        caption: caption.into(),
        panels,
        columns,
        aspect,
        legend: Vec::new(),
        row_titles: Vec::new(),
    }
}

/// Every pair of benchmarks before and after.
pub(super) fn agreement(tables: &Tables, all: &Harmony) -> Figure {
    let places = Places::of(&tables.benchmarks);
    let panel = |phase: Phase| {
        let fit = all.fit(phase);
        heat_map(title(phase), (&places, &places), |a, b| fit.tau.get(a, b).filter(|_| a != b), Vec::new())
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
    let places = Places::plain((0..clusters.count()).map(name).collect());
    let panel = |phase: Phase| {
        let means = all.fit(phase).tau.by_category(&clusters);
        heat_map(title(phase), (&places, &places), |a, b| means[a][b], Vec::new())
    };
    let caption = "Mean Kendall's τ-b over the pairs of benchmarks within and between categories, in hundredths.";
    figure("categories", caption, Phase::BOTH.map(panel).to_vec(), 2, 1.25)
}

/// Perplexity against scores.
pub(super) fn perplexity(tables: &Tables, losses: &[Losses]) -> Figure {
    let (benchmarks, corpora) = (Places::of(&tables.benchmarks), Places::of(&tables.corpora));
    let panels = losses.iter().filter(|one| one.against != Against::AcrossChat).map(|one| {
        let title = match one.against {
            Against::Before => "Perplexity and scores of direct evaluation",
            Against::After => "Perplexity and scores after train-before-test",
            Against::AcrossBase | Against::AcrossChat => {
                "Direct perplexity of base models and their scores after train-before-test"
            }
        };
        let first = tables.corpora.len();
        heat_map(title, (&benchmarks, &corpora), |row, column| one.tau.get(row, first + column), Vec::new())
    });
    let caption = "Kendall's τ-b of minus the bits per byte of a text with the score on a benchmark, in hundredths. Models by \
                   Google have no perplexity in the published file.";
    figure("perplexity", caption, panels.collect(), 1, 9.5)
}

#[cfg(test)]
mod tests {
    use super::digits;

    #[test]
    fn a_cell_has_two_digits_and_a_sign_where_there_is_one() {
        assert_eq!([0.517, 0.05, 0.004, 1.0, -0.12, -0.001].map(digits), ["52", "05", "00", "1", "−12", "00"]);
    }
}
