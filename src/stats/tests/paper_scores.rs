//! The paper's 53 models and the reference numbers computed from them, as the statistics tests read them.

use crate::stats::clusters::Clusters;
use crate::stats::sample::Sample;

/// The four score columns and the chance level of each.
pub(crate) const COLUMNS: [(&str, f64); 4] =
    [("mmlu", 0.25), ("mmlu_adjusted", 0.25), ("gsm8k", 0.0), ("gsm8k_adjusted", 0.0)];

/// The 53 models with one score column.
pub(crate) struct Scores {
    pub families: Clusters,
    pub x: Vec<f64>,
    pub new: Vec<f64>,
    pub y: Vec<f64>,
}

impl Scores {
    /// The models as a sample, with these groups.
    pub(crate) fn sample(&self, groups: &[Vec<f64>]) -> Sample {
        super::sample(&self.x, &self.y, groups, &self.families).expect("columns of one length")
    }
}

fn fixture(name: &str) -> Vec<Vec<String>> {
    let path = crate::support::fixture("stats").join(name);
    let text = std::fs::read_to_string(path).expect("the fixture is part of the repository");
    text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

pub(crate) fn scores(column: &str) -> Scores {
    let rows = fixture("paper_scores.csv");
    let at = |name: &str| rows[0].iter().position(|c| c == name).expect("the column exists");
    let number = |name: &str| -> Vec<f64> {
        rows[1..].iter().map(|row| row[at(name)].parse().expect("the column is numeric")).collect()
    };
    let text = |name: &str| -> Vec<&str> { rows[1..].iter().map(|row| row[at(name)].as_str()).collect() };
    Scores {
        families: Clusters::new(&text("family")),
        x: number("log10_compute"),
        new: text("release").iter().map(|r| f64::from(*r >= "2023-11")).collect(),
        y: number(column),
    }
}
