//! What a loss of power, and a disk that fails, leave of an evaluation, a fine-tuning and a study.
//!
//! Every change to the disk goes through [`disk`](crate::registry::disk), where a test records it. A power cut is a number
//! of changes that happened and a rule for those that were not on the disk yet. What is left is laid out again, the run is
//! started again, and must end with the bytes of a run that nothing disturbed.

mod disk;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::executor::{LocalSettings, run};
use super::finetune::{Finetune, FinetuneEvent};
use super::plan::{Plan, Planned};
use super::real::Real;
use super::settings::Study;
use crate::error::{Error, Result};
use crate::harness::runner::{EvaluationSettings, Keep, Loaded, evaluate};
use crate::harness::tasks::Draw;
use crate::lm::Placement;
use crate::registry::Limit;
use crate::registry::disk::watch::{Kept, Watch};
use crate::train::data::Layout;
use crate::train::{AdamW, Encoding, Length, Schedule, TrainSettings};
use disk::{Disk, LOSSES, Loss};

/// Cuts of each kind of run.
const CUTS: usize = 50;

/// Steps between two saved states.
const STATE_EVERY: usize = 2;

/// A run in a folder that is watched; what it says of how it went on.
type Run<'a> = &'a dyn Fn(&Path) -> Result<usize>;

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn limit(items: usize) -> Draw {
    Draw { limit: Limit::new(items as f64).ok(), ..Draw::default() }
}

/// Evaluates; how many answers were known.
fn evaluated(out: &Path) -> Result<usize> {
    let model = repository("studies/tiny/models/neox-8");
    let loaded = Loaded::load(&model, &Placement::default(), None, 1 << 30)?;
    let settings = EvaluationSettings {
        tasks: vec!["toy_mc".into()],
        definitions: vec![repository("tests/fixtures/evaluate/tasks")],
        data: Some(repository("tests/fixtures/evaluate/data")),
        draw: limit(4),
        keep: Keep::Everything(out.to_owned()),
        ..EvaluationSettings::default()
    };
    Ok(evaluate(&loaded.subject(), &settings, &mut |_| ())?.remembered)
}

/// Fine-tunes; how many steps were done.
fn finetuned(out: &Path) -> Result<usize> {
    let asked = Finetune {
        model: repository("studies/tiny/models/neox-8"),
        data: vec![(Layout::Prompts, repository("studies/tiny/train.jsonl"))],
        tasks: Vec::new(),
        definitions: vec![repository("tests/fixtures/evaluate/tasks")],
        task_data: Some(repository("tests/fixtures/evaluate/data")),
        encoding: Encoding::default(),
        placement: Placement::default(),
        settings: TrainSettings {
            batch: 2,
            length: Length::Steps(7),
            schedule: Schedule::default(),
            optimiser: AdamW::default(),
            checkpoints: vec![6],
            ..TrainSettings::default()
        },
        rate: Some(1e-3),
        out: out.to_owned(),
        keep: None,
        state_every: STATE_EVERY,
        merged: false,
        evaluate: vec!["toy_mc".into()],
        limit: Some(2),
    };
    let mut before = 0;
    asked.prepare()?.run(&Arc::new(AtomicBool::new(false)), &mut |event| {
        if let FinetuneEvent::Start { done, .. } = event {
            before = done;
        }
    })?;
    Ok(before)
}

/// A study of one cell, in the folder `out` below; how many conditions were done.
fn studied(root: &Path) -> Result<usize> {
    let here = repository("");
    let text = format!(
        "[study]\nname = \"small\"\noutput = \"{out}\"\nseeds = [0]\n[[models]]\nname = \"neox-8\"\nparams = 10816\n\
         tokens = 15169\npath = \"{here}/studies/tiny/models/neox-8\"\n[evaluation]\ntasks = [\"toy_mc\"]\nlimit = 3\n\
         include = [\"{here}/tests/fixtures/evaluate/tasks\"]\ndata = \"{here}/tests/fixtures/evaluate/data\"\n\
         [adjustment]\nname = \"aux\"\ndata = [\"{here}/studies/tiny/train.jsonl\"]\ncheckpoints = [16, 32]\nbatch = 8\n\
         learning_rate = 1e-3\n",
        out = root.join("out").display(),
        here = here.display(),
    );
    let study = Study::parse(&text, &root.join("study.toml"))?;
    let work = Real::new(&study);
    let plan = Plan::new(&study, &work)?;
    let before = 3 - plan.cells.iter().map(Planned::missing).sum::<usize>();
    let settings = LocalSettings { cells: 1, ..LocalSettings::of(&study) };
    let outcome = run(&study, &work, &plan, &settings, &Arc::new(AtomicBool::new(false)), &())?;
    if let Some((_, why)) = outcome.failed.first() {
        return Err(Error::CheckFailed(why.clone()));
    }
    super::collect(&study, &Plan::new(&study, &work)?)?.write(&study)?;
    Ok(before)
}

/// All files of a folder that stand for results; without wall times, which differ, and without what is read again only.
fn results(folder: &Path) -> BTreeMap<PathBuf, String> {
    fn collect(folder: &Path, root: &Path, found: &mut BTreeMap<PathBuf, String>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            if path.is_dir() {
                collect(&path, root, found);
            } else if name != "answers.jsonl" && name != "lock" {
                let bytes = fs::read(&path).expect("readable");
                let mut text = String::from_utf8_lossy(&bytes).into_owned();
                if name == "metrics.jsonl" {
                    text = text.lines().map(|line| line.split(",\"seconds\"").next().unwrap_or_default()).collect();
                }
                found.insert(path.strip_prefix(root).expect("below").to_owned(), text);
            }
        }
    }
    let mut found = BTreeMap::new();
    collect(folder, folder, &mut found);
    found
}

/// Files that are in one only, or are not the same.
fn differing(one: &BTreeMap<PathBuf, String>, other: &BTreeMap<PathBuf, String>) -> Vec<PathBuf> {
    let names = one.keys().chain(other.keys()).filter(|name| one.get(*name) != other.get(*name));
    names.cloned().collect()
}

/// A folder for one run after another, always of the same name.
struct Place {
    _above: tempfile::TempDir,
    root: PathBuf,
}

impl Place {
    fn new() -> Self {
        let above = tempfile::tempdir().expect("a folder");
        let root = above.path().canonicalize().expect("there").join("root");
        fs::create_dir(&root).expect("made");
        Self { _above: above, root }
    }

    fn cleared(&self) -> &Path {
        fs::remove_dir_all(&self.root).expect("removed");
        fs::create_dir(&self.root).expect("made");
        &self.root
    }
}

/// Some places among so many steps, spread evenly.
fn spread(steps: usize, most: usize) -> Vec<usize> {
    let count = steps.min(most);
    (0..count).map(|at| at * steps / count).collect()
}

/// Cuts the power at many places of a run. `least` says from the steps before a cut how far the next run must find itself.
fn survives_cuts(run: Run<'_>, losses: &dyn Fn(usize) -> Vec<Loss>, least: &dyn Fn(&[Kept]) -> usize) {
    let place = Place::new();
    let watch = Watch::of(&place.root, None);
    run(&place.root).expect("an undisturbed run");
    let steps = watch.steps();
    drop(watch);
    let expected = results(&place.root);
    assert!(!expected.is_empty() && steps.len() >= CUTS, "{} steps", steps.len());
    for cut in spread(steps.len() + 1, CUTS) {
        for loss in losses(cut) {
            let root = place.cleared();
            Disk::after(&steps[..cut]).lay_out(0, loss, root);
            let found = run(root).unwrap_or_else(|error| panic!("cut before step {cut}, {loss:?} lost: {error}"));
            let least = least(&steps[..cut]);
            assert!(found >= least, "cut before step {cut}, {loss:?} lost: {found} are left of {least}");
            let other = differing(&results(root), &expected);
            assert!(other.is_empty(), "cut before step {cut}, {loss:?} lost: {other:?}");
        }
    }
}

/// Lets steps of a run fail, one in each run, and runs it again.
fn survives_failures(run: Run<'_>, most: usize) {
    let place = Place::new();
    let watch = Watch::of(&place.root, None);
    run(&place.root).expect("an undisturbed run");
    let steps = watch.steps().len();
    drop(watch);
    let expected = results(&place.root);
    let mut failed = 0;
    for at in spread(steps, most) {
        let root = place.cleared();
        let watch = Watch::of(root, Some(at));
        failed += usize::from(run(root).is_err());
        drop(watch);
        run(root).unwrap_or_else(|error| panic!("after step {at} failed: {error}"));
        let other = differing(&results(root), &expected);
        assert!(other.is_empty(), "after step {at} failed: {other:?}");
    }
    assert!(failed > steps.min(most) / 2, "{failed} failures were told");
}

/// Stops a run at some places, lets one reading fail in the next, and runs it a third time.
fn survives_failed_reads(run: Run<'_>, places: usize, most: usize) {
    let place = Place::new();
    let watch = Watch::of(&place.root, None);
    run(&place.root).expect("an undisturbed run");
    let steps = watch.steps().len();
    drop(watch);
    let expected = results(&place.root);
    let mut failed = 0;
    for at in spread(steps, places + 1).into_iter().skip(1) {
        let stopped = || {
            let root = place.cleared();
            let watch = Watch::of(root, Some(at));
            let _ = run(root);
            drop(watch);
            root
        };
        let root = stopped();
        let watch = Watch::failing_to_read(root, usize::MAX);
        run(root).expect("nothing fails");
        let reads = watch.reads();
        drop(watch);
        assert!(reads > 0, "nothing is read after step {at}");
        for read in spread(reads, most) {
            let root = stopped();
            let watch = Watch::failing_to_read(root, read);
            failed += usize::from(run(root).is_err());
            drop(watch);
            run(root).unwrap_or_else(|error| panic!("stopped at step {at}, reading {read} failed: {error}"));
            let other = differing(&results(root), &expected);
            assert!(other.is_empty(), "stopped at step {at}, reading {read} failed: {other:?}");
        }
    }
    assert!(failed > 0, "no failure was told");
}

fn lines(steps: &[Kept], name: &str) -> usize {
    let to = |step: &&Kept| matches!(step, Kept::Write(path, _) if path.ends_with(name));
    steps.iter().filter(to).count()
}

/// Answers that were written, but for the last, which may not have been put on the disk yet; the first line says when the
/// run began.
fn answers(steps: &[Kept]) -> usize {
    lines(steps, "answers.jsonl").saturating_sub(2)
}

#[test]
fn an_evaluation_survives_a_loss_of_power_with_all_answers_but_the_last() {
    survives_cuts(&evaluated, &|_| LOSSES.to_vec(), &answers);
}

#[test]
fn a_fine_tuning_survives_a_loss_of_power_from_its_last_state() {
    survives_cuts(&finetuned, &|_| LOSSES.to_vec(), &|steps| {
        let done = lines(steps, "metrics.jsonl").saturating_sub(1);
        done / STATE_EVERY * STATE_EVERY
    });
}

#[test]
fn a_study_survives_a_loss_of_power_with_all_its_scores() {
    // A study takes a second: one loss for each cut.
    survives_cuts(&studied, &|cut| vec![LOSSES[cut % LOSSES.len()]], &|steps| {
        let written = |step: &Kept| matches!(step, Kept::Rename(_, to) if to.ends_with("results.json"));
        let mut conditions = 0;
        let mut open = false;
        for step in steps {
            open |= written(step);
            if open && matches!(step, Kept::SyncFolder(_)) {
                (conditions, open) = (conditions + 1, false);
            }
        }
        conditions
    });
}

#[test]
fn an_evaluation_whose_disk_fails_once_ends_with_the_same_bytes() {
    survives_failures(&evaluated, usize::MAX);
}

#[test]
fn a_fine_tuning_whose_disk_fails_once_ends_with_the_same_bytes() {
    survives_failures(&finetuned, 40);
}

#[test]
fn a_study_whose_disk_fails_once_ends_with_the_same_bytes() {
    survives_failures(&studied, 40);
}

#[test]
fn an_evaluation_whose_journal_cannot_be_read_once_ends_with_the_same_bytes() {
    survives_failed_reads(&evaluated, 3, usize::MAX);
}

#[test]
fn a_fine_tuning_whose_state_cannot_be_read_once_ends_with_the_same_bytes() {
    survives_failed_reads(&finetuned, 4, usize::MAX);
}

#[test]
fn a_study_whose_results_cannot_be_read_once_ends_with_the_same_bytes() {
    survives_failed_reads(&studied, 3, 12);
}
