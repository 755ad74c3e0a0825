//! A large study, with cells that do nothing: everything is planned, resumed and collected, and few files are left.
//! What this costs is measured by benches/study.rs; docs/scale.md has the numbers.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::Result;
use crate::registry::{Condition, Measure, Metric, Observation, Provenance, RowKind, Setup};
use crate::study::{Cell, CellRun, LocalSettings, Plan, Study, StudyModel, TokenAmount, Work, collect, run};

/// Gives every benchmark a score, and nothing else.
struct Nothing {
    benchmarks: usize,
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

fn study(folder: &Path, models: usize, seeds: usize, checkpoints: usize) -> Study {
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

/// Files below a folder.
fn files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).expect("readable").map(|entry| entry.expect("readable").path());
    entries.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

#[test]
fn ten_thousand_cells_are_planned_resumed_and_collected() {
    let (folder, stop) = (tempfile::tempdir().expect("a folder"), Arc::new(AtomicBool::new(false)));
    let (study, work) = (study(folder.path(), 1000, 10, 1), Nothing { benchmarks: 3 });
    let plan = Plan::new(&study, &work).expect("a plan");
    assert_eq!(plan.cells.len(), 10_000);
    // The first run ends in the middle.
    let first: Vec<String> = plan.cells.iter().take(5_000).map(|planned| planned.cell.name.clone()).collect();
    let first = Plan::of(&study, &work, &first).expect("a plan");
    run(&study, &work, &first, &LocalSettings::of(&study), &stop, &()).expect("nothing is wrong");
    let plan = Plan::new(&study, &work).expect("a plan");
    let outcome = run(&study, &work, &plan, &LocalSettings::of(&study), &stop, &()).expect("nothing is wrong");
    assert_eq!((outcome.before, outcome.done), (5_000, 5_000));
    let collected = collect(&study, &Plan::new(&study, &work).expect("a plan")).expect("collected");
    collected.write(&study).expect("written");
    assert_eq!((collected.observations.len(), collected.replicates.len()), (6_000, 33_000));
}

#[test]
fn a_hundred_models_at_twenty_checkpoints_on_sixty_tasks_leave_few_files() {
    let (folder, stop) = (tempfile::tempdir().expect("a folder"), Arc::new(AtomicBool::new(false)));
    let (study, work) = (study(folder.path(), 100, 1, 20), Nothing { benchmarks: 60 });
    let plan = Plan::new(&study, &work).expect("a plan");
    run(&study, &work, &plan, &LocalSettings::of(&study), &stop, &()).expect("nothing is wrong");
    // The results and the lock of each cell, and the study's marker.
    assert_eq!(files(&folder.path().join("out")), 2 * 100 + 1);
    let collected = collect(&study, &Plan::new(&study, &work).expect("a plan")).expect("collected");
    collected.write(&study).expect("written");
    assert_eq!(collected.observations.len(), 100 * 21 * 60);
}
