//! A large study, with cells that do nothing: everything is planned, resumed and collected, and few files are left.
//! What this costs is measured by benches/study.rs; docs/scale.md has the numbers.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::idle::{Nothing, study};
use crate::study::{LocalSettings, Plan, collect, run};

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
