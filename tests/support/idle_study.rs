//! A study whose cells do nothing, for tests of what is around them and for `benches/study.rs`.

use std::fs;
use std::path::Path;

use onset::Result;
use onset::registry::{Condition, Measure, Metric, Observation, Provenance, RowKind, Setup};
use onset::study::{Cell, CellRun, Study, StudyModel, TokenAmount, Work};

/// Gives every benchmark a score, and nothing else.
pub struct Nothing {
    pub benchmarks: usize,
}

impl Work for Nothing {
    fn model(&self, model: &StudyModel) -> Result<String> {
        Ok(model.name.clone())
    }

    fn tasks(&self) -> Result<String> {
        Ok("tasks".into())
    }

    fn adjustment(&self) -> Result<String> {
        Ok("examples".into())
    }

    fn amount(&self) -> Result<TokenAmount> {
        Ok(TokenAmount::default())
    }

    fn run(&self, run: &mut CellRun<'_>) -> Result<()> {
        for condition in run.missing() {
            let scores: Vec<Observation> = (0..self.benchmarks).map(|n| score(run.cell(), &condition, n)).collect();
            run.record(&condition, &scores)?;
        }
        Ok(())
    }
}

fn score(cell: &Cell, condition: &Condition, benchmark: usize) -> Observation {
    Observation {
        model: cell.model.name.clone(),
        benchmark: format!("benchmark_{benchmark}"),
        kind: RowKind::Task,
        group: None,
        format: None,
        metric: Metric::plain(Measure::Accuracy),
        value: 1.0 / (3.0 + benchmark as f64 + cell.seed as f64),
        stderr: Some(0.01),
        items: Some(1000),
        setup: Setup { shots: Some(5), ..Setup::default() },
        condition: condition.clone(),
        provenance: Provenance::default(),
    }
}

/// A study of `models` models, by `seeds` seeds, each before adjustment and at `checkpoints` checkpoints.
pub fn study(folder: &Path, models: usize, seeds: usize, checkpoints: usize) -> Study {
    fs::write(folder.join("model"), "").expect("written");
    let seeds: Vec<usize> = (0..seeds).collect();
    let checkpoints: Vec<usize> = (1..=checkpoints).map(|n| 64 * n).collect();
    let mut text =
        format!("[study]\nname = \"large\"\noutput = \"out\"\nseeds = {seeds:?}\n[evaluation]\ntasks = [\"t\"]\n");
    text.push_str(&format!("[adjustment]\nname = \"aux\"\ndata = [\"model\"]\ncheckpoints = {checkpoints:?}\n"));
    for n in 0..models {
        text.push_str(&format!("[[models]]\nname = \"m{n}\"\nparams = 1e9\ntokens = 1e12\npath = \"model\"\n"));
    }
    Study::parse(&text, &folder.join("study.toml")).expect("a good study")
}
