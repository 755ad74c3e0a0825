//! What a large study costs the program that coordinates it, with cells that do nothing: processor seconds, because wall
//! time says more about whatever else the machine does. `cargo bench --bench study`; docs/scale.md has the numbers.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

#[path = "../tests/support/idle_study.rs"]
mod idle;

use idle::{Nothing, study};
use onset::study::{LocalSettings, Plan, collect, run};

/// Seconds of processor time that this process has used; of wall time where the system does not say.
fn spent(start: Instant) -> f64 {
    /// Clock ticks a second, on every Linux there is.
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The second field is the program's name in brackets; user and system time are the 14th and 15th.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |n: usize| fields.get(n).and_then(|field| field.parse::<f64>().ok());
    match (ticks(11), ticks(12)) {
        (Some(user), Some(system)) => (user + system) / TICKS,
        _ => start.elapsed().as_secs_f64(),
    }
}

/// Files and bytes below a folder.
fn size(folder: &Path) -> (usize, u64) {
    let (mut files, mut bytes) = (0, 0);
    for entry in fs::read_dir(folder).expect("readable") {
        let path = entry.expect("readable").path();
        let (more, larger) = match path.is_dir() {
            true => size(&path),
            false => (1, fs::metadata(&path).expect("readable").len()),
        };
        (files, bytes) = (files + more, bytes + larger);
    }
    (files, bytes)
}

fn ten_thousand_cells() {
    let (folder, start, stop) =
        (tempfile::tempdir().expect("a folder"), Instant::now(), Arc::new(AtomicBool::new(false)));
    let (study, work) = (study(folder.path(), 1000, 10, 1), Nothing { benchmarks: 3 });
    let plan = Plan::new(&study, &work).expect("a plan");
    assert_eq!(plan.cells.len(), 10_000);
    // The first run ends in the middle; what follows is measured.
    let first: Vec<String> = plan.cells.iter().take(5_000).map(|planned| planned.cell.name.clone()).collect();
    let first = Plan::of(&study, &work, &first).expect("a plan");
    run(&study, &work, &first, &LocalSettings::of(&study), &stop, &()).expect("nothing is wrong");
    let before = spent(start);
    let plan = Plan::new(&study, &work).expect("a plan");
    let planned = spent(start);
    let outcome = run(&study, &work, &plan, &LocalSettings::of(&study), &stop, &()).expect("nothing is wrong");
    let resumed = spent(start);
    assert_eq!((outcome.before, outcome.done), (5_000, 5_000));
    let collected = collect(&study, &Plan::new(&study, &work).expect("a plan")).expect("collected");
    collected.write(&study).expect("written");
    let all = spent(start);
    assert_eq!((collected.observations.len(), collected.replicates.len()), (6_000, 33_000));
    let (files, bytes) = size(&folder.path().join("out"));
    println!(
        "10,000 cells: planned in {:.1} s, 5,000 resumed in {:.1} s, collected in {:.1} s; {files} files, {bytes} bytes",
        planned - before,
        resumed - planned,
        all - resumed
    );
}

fn a_hundred_models() {
    let (folder, start, stop) =
        (tempfile::tempdir().expect("a folder"), Instant::now(), Arc::new(AtomicBool::new(false)));
    let (study, work) = (study(folder.path(), 100, 1, 20), Nothing { benchmarks: 60 });
    let plan = Plan::new(&study, &work).expect("a plan");
    run(&study, &work, &plan, &LocalSettings::of(&study), &stop, &()).expect("nothing is wrong");
    let (files, bytes) = size(&folder.path().join("out"));
    let before = spent(start);
    let plan = Plan::new(&study, &work).expect("a plan");
    let planned = spent(start);
    let collected = collect(&study, &plan).expect("collected");
    collected.write(&study).expect("written");
    assert_eq!(collected.observations.len(), 100 * 21 * 60);
    let largest = size(&plan.cells[0].cell.folder).1;
    let (plan_time, collect_time) = (planned - before, spent(start) - planned);
    println!(
        "100 models x 20 checkpoints x 60 tasks: {files} files, {bytes} bytes, {largest} in one cell; planned in \
         {plan_time:.2} s, collected in {collect_time:.2} s"
    );
}

fn main() {
    ten_thousand_cells();
    a_hundred_models();
}
