//! A study around its cells: planning, restarting, sharing, collecting. What is done in a cell is a fake here.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::registry::{Condition, Measure, Metric, Observation, Provenance, RowKind, Setup};
use crate::study::cell::digest;
use crate::study::{
    Cell, CellResults, CellRun, Ended, LocalSettings, Owner, Plan, State, Study, StudyModel, TokenAmount, Watch, Work,
    collect, run,
};
use crate::{Error, Result};

/// Means of a few numbers below 1.
const ROUNDING: f64 = 1e-12;

/// Scores that are a function of model, seed, condition and benchmark.
#[derive(Default)]
struct Fake {
    /// Fingerprint of the tasks.
    tasks: String,
    /// How often each cell and condition was done.
    done: Mutex<BTreeMap<(String, Option<u64>), usize>>,
    /// Fails, stops or panics in the cell of this name before this condition.
    trouble: Option<(String, Option<u64>, Trouble)>,
    /// How long a condition takes.
    pause: Duration,
    /// Cells at work now, and the most that ever were.
    now: AtomicUsize,
    most: AtomicUsize,
}

#[derive(Clone, Copy, PartialEq)]
enum Trouble {
    Error,
    Panic,
    FullDisk,
    VanishedMount,
    Killed,
}

impl Work for Fake {
    fn model(&self, model: &StudyModel) -> Result<String> {
        Ok(format!("weights of {}", model.name))
    }

    fn tasks(&self) -> Result<String> {
        Ok(self.tasks.clone())
    }

    fn adjustment(&self) -> Result<String> {
        Ok("examples".into())
    }

    fn amount(&self) -> Result<TokenAmount> {
        Ok(TokenAmount { evaluation: 1e6, adjustment: 2e6, scores: 3.0 })
    }

    fn run(&self, run: &mut CellRun<'_>) -> Result<()> {
        self.most.fetch_max(self.now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let outcome = self.conditions(run);
        self.now.fetch_sub(1, Ordering::SeqCst);
        outcome
    }
}

impl Fake {
    fn conditions(&self, run: &mut CellRun<'_>) -> Result<()> {
        for condition in run.missing() {
            run.progress(0.5, "pretending")?;
            std::thread::sleep(self.pause);
            let name = run.cell().name.clone();
            if let Some((cell, examples, trouble)) = &self.trouble
                && *cell == name
                && *examples == condition.examples
            {
                let output = run.cell().folder.ancestors().nth(2).expect("cells stand in the output").to_owned();
                match trouble {
                    Trouble::Error => return Err(Error::Undetermined("the model is broken".into())),
                    Trouble::Panic => panic!("an index went astray"),
                    Trouble::FullDisk => {
                        let source = std::io::Error::from(std::io::ErrorKind::StorageFull).into();
                        return Err(Error::Write { path: output.join("cells/x"), source });
                    }
                    Trouble::VanishedMount => fs::rename(&output, output.with_extension("gone")).expect("renamed"),
                    Trouble::Killed => return Err(Error::Interrupted),
                }
            }
            let scores: Vec<Observation> =
                ["one", "two", "three"].iter().map(|b| observation(run.cell(), &condition, b)).collect();
            run.record(&condition, &scores)?;
            *self.done.lock().expect("no panic").entry((name, condition.examples)).or_default() += 1;
        }
        Ok(())
    }

    fn times(&self) -> Vec<usize> {
        self.done.lock().expect("no panic").values().copied().collect()
    }
}

/// A score that differs between models, seeds, conditions and benchmarks.
fn score(model: &str, seed: u64, examples: Option<u64>, benchmark: &str) -> f64 {
    let seen = examples.map(|n| n.to_string()).unwrap_or_default();
    let hash = digest([model, &seed.to_string(), &seen, benchmark]);
    f64::from(u32::from_str_radix(&hash[..7], 16).expect("hexadecimal")) / f64::from(1u32 << 28)
}

fn observation(cell: &Cell, condition: &Condition, benchmark: &str) -> Observation {
    Observation {
        model: cell.model.name.clone(),
        benchmark: benchmark.into(),
        kind: RowKind::Task,
        group: None,
        format: None,
        metric: Metric::plain(Measure::Accuracy),
        value: score(&cell.model.name, cell.seed, condition.examples, benchmark),
        stderr: Some(0.01),
        items: Some(100),
        setup: Setup { shots: Some(5), ..Setup::default() },
        condition: condition.clone(),
        provenance: Provenance::default(),
    }
}

fn text(models: usize, seeds: &str, checkpoints: &str) -> String {
    let mut text = format!("[study]\nname = \"fake\"\noutput = \"out\"\nseeds = {seeds}\n");
    for n in 0..models {
        text.push_str(&format!(
            "[[models]]\nname = \"m{n}\"\nfamily = \"f{}\"\nparams = {}e6\ntokens = 1e9\npath = \"model\"\n",
            n / 2,
            n + 1
        ));
    }
    text.push_str("[evaluation]\ntasks = [\"anything\"]\n");
    text.push_str(&format!(
        "[adjustment]\nname = \"aux\"\ndata = [\"train.jsonl\"]\nbatch = 10\ncheckpoints = {checkpoints}\n"
    ));
    text
}

pub(super) struct Folder(pub(super) tempfile::TempDir);

impl Folder {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("model"), "weights").expect("written");
        fs::write(folder.path().join("train.jsonl"), "{}").expect("written");
        Self(folder)
    }

    pub(super) fn study(&self, text: &str) -> Study {
        Study::parse(text, &self.0.path().join("study.toml")).expect("a good study")
    }

    fn small(&self) -> Study {
        self.study(&text(3, "[0, 1]", "[10, 20]"))
    }

    /// Names and contents of all files below `out`.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        fn walk(path: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
            for entry in fs::read_dir(path).expect("readable") {
                let path = entry.expect("readable").path();
                if path.is_dir() {
                    walk(&path, found);
                } else if path.extension().is_none_or(|ending| ending != "tmp") {
                    // What was being written when the folder vanished stays behind under its temporary name.
                    found.insert(path.clone(), fs::read(&path).expect("readable"));
                }
            }
        }
        let mut found = BTreeMap::new();
        let root = self.0.path().join("out");
        walk(&root, &mut found);
        found.into_iter().map(|(path, bytes)| (path.strip_prefix(&root).expect("below").to_owned(), bytes)).collect()
    }
}

fn quick(study: &Study) -> LocalSettings {
    LocalSettings { cells: 2, memory: u64::MAX, poll: Duration::from_millis(20), ..LocalSettings::of(study) }
}

fn go(study: &Study, fake: &Fake) -> Result<crate::study::StudyOutcome> {
    let plan = Plan::new(study, fake)?;
    run(study, fake, &plan, &quick(study), &Arc::new(AtomicBool::new(false)), &())
}

#[test]
fn every_cell_is_done_once_and_only_the_first_seed_evaluates_the_model_as_released() {
    let folder = Folder::new();
    let (study, fake) = (folder.small(), Fake::default());
    let outcome = go(&study, &fake).expect("nothing is wrong");
    assert_eq!((outcome.done, outcome.before, outcome.failed.len()), (6, 0, 0));
    assert_eq!(fake.times(), [1; 15]);
    assert!(fake.most.load(Ordering::SeqCst) <= 2);
    let again = go(&study, &fake).expect("nothing is left");
    assert_eq!((again.done, again.before), (0, 6));
    assert_eq!(fake.times(), [1; 15], "finished cells are not run again");
}

#[test]
fn a_cell_that_fails_or_panics_stops_no_other_and_is_tried_again() {
    for (trouble, said) in [(Trouble::Error, "the model is broken"), (Trouble::Panic, "panicked: an index went astray")]
    {
        let folder = Folder::new();
        let study = folder.small();
        let fake = Fake { trouble: Some(("m1--seed0".into(), Some(20), trouble)), ..Fake::default() };
        let outcome = go(&study, &fake).expect("the study goes on");
        assert_eq!(outcome.done, 5);
        assert_eq!(outcome.failed.len(), 1);
        assert!(outcome.failed[0].0 == "m1--seed0" && outcome.failed[0].1.contains(said), "{:?}", outcome.failed);
        let plan = Plan::new(&study, &fake).expect("a plan");
        let failed = plan.cells.iter().find(|planned| planned.cell.name == "m1--seed0").expect("it is there");
        assert!(matches!(&failed.state, State::Failed(failure) if failure.times == 1), "{:?}", failed.state);
        assert_eq!((failed.done, failed.wanted.len()), (2, 3), "what was finished stands");
        let better = Fake::default();
        assert_eq!(go(&study, &better).expect("nothing is wrong").done, 1);
        assert_eq!(better.times(), [1], "only what was missing is done");
    }
}

#[test]
fn an_interrupted_study_ends_with_the_bytes_of_one_that_was_not() {
    let (whole, parts) = (Folder::new(), Folder::new());
    go(&whole.small(), &Fake::default()).expect("nothing is wrong");
    let study = parts.small();
    for (cell, examples) in
        [("m0--seed0", None), ("m0--seed1", Some(20)), ("m2--seed0", Some(10)), ("m2--seed0", Some(20))]
    {
        let fake = Fake { trouble: Some((cell.into(), examples, Trouble::Killed)), ..Fake::default() };
        let plan = Plan::of(&study, &fake, &[cell.into()]).expect("a plan");
        let outcome =
            run(&study, &fake, &plan, &quick(&study), &Arc::new(AtomicBool::new(false)), &()).expect("stopped");
        assert_eq!(outcome.left, 1);
    }
    go(&study, &Fake::default()).expect("nothing is wrong");
    assert_eq!(parts.files(), whole.files());
}

#[test]
fn two_runs_of_one_study_share_the_work_and_do_nothing_twice() {
    let folder = Folder::new();
    let study = folder.study(&text(6, "[0]", "[10]"));
    let fake = Fake { pause: Duration::from_millis(10), ..Fake::default() };
    // Both plan before either has done anything.
    let plans = [Plan::new(&study, &fake).expect("a plan"), Plan::new(&study, &fake).expect("a plan")];
    let stop = Arc::new(AtomicBool::new(false));
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let (study, fake, stop) = (&study, &fake, &stop);
        let start =
            |plan| scope.spawn(move || run(study, fake, plan, &quick(study), stop, &()).expect("nothing is wrong"));
        let both: Vec<_> = plans.iter().map(start).collect();
        both.into_iter().map(|run| run.join().expect("no panic")).collect()
    });
    assert_eq!(outcomes.iter().map(|outcome| outcome.done).sum::<usize>(), 6);
    assert!(outcomes.iter().all(|outcome| outcome.done + outcome.elsewhere == 6), "{outcomes:?}");
    assert_eq!(fake.times(), [1; 12]);
}

#[test]
fn a_cell_in_other_hands_is_left_to_them_when_nobody_waits() {
    let folder = Folder::new();
    let (study, fake) = (folder.small(), Fake::default());
    let plan = Plan::new(&study, &fake).expect("a plan");
    let cell = plan.cells[0].cell.folder.clone();
    fs::create_dir_all(&cell).expect("made");
    let far = r#"{"host":"far-away","pid":7,"boot":"","job":"12_3","doing":"evaluating"}"#;
    fs::write(cell.join("lock"), far).expect("written");
    let settings = LocalSettings { wait: false, ..quick(&study) };
    let outcome = run(&study, &fake, &plan, &settings, &Arc::new(AtomicBool::new(false)), &()).expect("fine");
    assert_eq!((outcome.done, outcome.others.len()), (5, 1));
    assert_eq!(outcome.others[0].1.to_string(), "job 12_3 on far-away");
    let plan = Plan::new(&study, &fake).expect("a plan");
    assert!(matches!(&plan.cells[0].state, State::Running(owner) if owner.doing == "evaluating"));
}

#[test]
fn a_full_disk_ends_the_study_with_what_to_do_and_keeps_what_is_finished() {
    let folder = Folder::new();
    let study = folder.small();
    let fake = Fake { trouble: Some(("m1--seed0".into(), Some(10), Trouble::FullDisk)), ..Fake::default() };
    let error = go(&study, &fake).expect_err("no space").to_string();
    assert!(error.contains("no space is left") && error.contains("run the study again"), "{error}");
    let before = Plan::new(&study, &Fake::default()).expect("a plan");
    assert!(before.cells.iter().any(|planned| planned.done > 0));
    go(&study, &Fake::default()).expect("space is back");
    assert!(Plan::new(&study, &Fake::default()).expect("a plan").unfinished().next().is_none());
}

#[test]
fn a_vanished_mount_is_named_and_nothing_is_written_in_its_place() {
    let whole = Folder::new();
    go(&whole.small(), &Fake::default()).expect("nothing is wrong");
    // Many times: what the other threads are doing when the mount vanishes differs.
    for _ in 0..20 {
        let folder = Folder::new();
        let study = folder.small();
        let trouble = Some(("m1--seed0".into(), Some(10), Trouble::VanishedMount));
        let error = go(&study, &Fake { trouble, ..Fake::default() }).expect_err("the folder is gone").to_string();
        assert!(error.contains("is not there any more (a vanished mount?)"), "{error}");
        assert!(!folder.0.path().join("out").exists(), "nothing was made below the mount point");
        fs::rename(folder.0.path().join("out.gone"), folder.0.path().join("out")).expect("mounted again");
        go(&study, &Fake::default()).expect("it goes on");
        assert_eq!(folder.files(), whole.files());
    }
}

#[test]
fn what_scores_depend_on_makes_cells_run_again_and_nothing_else_does() {
    let folder = Folder::new();
    let original = text(2, "[0]", "[10, 20]");
    let left = |text: &str, fake: &Fake| -> usize {
        Plan::new(&folder.study(text), fake).expect("a plan").cells.iter().map(crate::study::Planned::missing).sum()
    };
    let fake = Fake::default();
    go(&folder.study(&original), &fake).expect("nothing is wrong");
    assert_eq!(left(&original, &fake), 0);
    assert_eq!(left(&original.replace("tokens = 1e9", "tokens = 2e9"), &fake), 0, "facts are no input");
    assert_eq!(left(&original.replace("[10, 20]", "[10, 20, 30]"), &fake), 2, "a new checkpoint");
    assert_eq!(left(&original.replace("[10, 20]", "[20]"), &fake), 0, "a checkpoint less");
    assert_eq!(left(&original.replace("batch = 10", "batch = 5"), &fake), 4, "another recipe");
    assert_eq!(left(&format!("{original}[run]\ndtype = \"bf16\"\n"), &fake), 6, "another precision");
    assert_eq!(left(&original, &Fake { tasks: "other".into(), ..Fake::default() }), 6, "other tasks");
    assert_eq!(left(&text(2, "[0, 1]", "[10, 20]"), &fake), 4, "another seed");
}

#[test]
fn cells_run_side_by_side_only_as_far_as_memory_goes() {
    let folder = Folder::new();
    let study = folder.study(&text(6, "[0]", "[10]"));
    let one =
        Plan::new(&study, &Fake::default()).expect("a plan").cells.iter().map(|p| p.cost.memory).max().expect("cells");
    for (memory, most) in [(one, 1), (2 * one, 2), (1, 1)] {
        let fake = Fake { pause: Duration::from_millis(5), tasks: memory.to_string(), ..Fake::default() };
        let plan = Plan::new(&study, &fake).expect("a plan");
        let settings = LocalSettings { cells: 4, memory, ..quick(&study) };
        let outcome = run(&study, &fake, &plan, &settings, &Arc::new(AtomicBool::new(false)), &()).expect("fine");
        assert_eq!(outcome.done, 6);
        assert!(
            fake.most.load(Ordering::SeqCst) <= most,
            "{} cells in {memory} bytes",
            fake.most.load(Ordering::SeqCst)
        );
    }
}

#[test]
fn every_cell_is_heard_from_its_beginning_to_its_end() {
    #[derive(Default)]
    struct Ears(Mutex<Vec<String>>);
    impl Watch for Ears {
        fn begins(&self, cell: &Cell) {
            self.0.lock().expect("no panic").push(format!("{} begins", cell.name));
        }
        fn ends(&self, cell: &Cell, ended: &Ended) {
            self.0.lock().expect("no panic").push(format!("{} {ended:?}", cell.name));
        }
        fn waits(&self, others: &[(String, Owner)]) {
            panic!("nobody else works here: {others:?}");
        }
    }
    let folder = Folder::new();
    let (study, fake, ears) = (folder.study(&text(2, "[0]", "[10]")), Fake::default(), Ears::default());
    let plan = Plan::new(&study, &fake).expect("a plan");
    let settings = LocalSettings { cells: 1, ..quick(&study) };
    run(&study, &fake, &plan, &settings, &Arc::new(AtomicBool::new(false)), &ears).expect("fine");
    let heard = ears.0.into_inner().expect("no panic");
    assert_eq!(heard, ["m0--seed0 begins", "m0--seed0 Done", "m1--seed0 begins", "m1--seed0 Done"]);
}

#[test]
fn collecting_means_over_seeds_and_keeps_their_spread() {
    let folder = Folder::new();
    let (study, fake) = (folder.small(), Fake::default());
    go(&study, &fake).expect("nothing is wrong");
    let collected = collect(&study, &Plan::new(&study, &fake).expect("a plan")).expect("collected");
    // 3 models x 3 benchmarks x 3 conditions; every condition but the first has two seeds.
    assert_eq!((collected.observations.len(), collected.replicates.len()), (27, 45));
    assert!(collected.unfinished.is_empty() && collected.warnings.is_empty());
    let row = |model: &str, examples: Option<u64>| {
        let found = |o: &&Observation| o.model == model && o.benchmark == "two" && o.condition.examples == examples;
        collected.observations.iter().find(found).expect("a row").clone()
    };
    assert_eq!(row("m1", None).value, score("m1", 0, None, "two"));
    let mean = 0.5 * (score("m1", 0, Some(20), "two") + score("m1", 1, Some(20), "two"));
    assert!((row("m1", Some(20)).value - mean).abs() < ROUNDING);
    assert!((row("m1", Some(20)).stderr.expect("known") - 0.01).abs() < ROUNDING, "seeds share their items");
    let spread = |examples| {
        let found = |s: &&crate::study::SeedSpread| s.benchmark == "two" && s.condition.examples == examples;
        collected.spread.iter().find(found).expect("a row").clone()
    };
    assert_eq!(spread(None).within, None, "one seed has no spread");
    // The mean square within models: half the squared difference of two seeds, averaged over models.
    let half = |m: &str| (score(m, 0, Some(10), "two") - score(m, 1, Some(10), "two")).powi(2) / 2.0;
    let within = (half("m0") + half("m1") + half("m2")) / 3.0;
    assert!((spread(Some(10)).within.expect("two seeds") - within).abs() < ROUNDING);
    collected.write(&study).expect("written");
    let files = folder.files();
    let table = |name: &str| String::from_utf8(files[Path::new("tables").join(name).as_path()].clone()).expect("UTF-8");
    assert_eq!(table("evaluations.csv").lines().count(), 28);
    assert!(table("replicates.csv").starts_with("seed,model,benchmark,"));
    assert!(table("models.csv").contains("m2,f1,3e6,1e9,"));
    let models = crate::registry::table::Table::read(&folder.0.path().join("out/tables/models.csv"), &[]);
    assert_eq!(models.expect("a table").rows(), 3);
}

#[test]
fn an_unfinished_study_is_collected_as_far_as_it_goes_and_an_empty_one_is_not() {
    let folder = Folder::new();
    let study = folder.small();
    let fake = Fake { trouble: Some(("m1--seed0".into(), Some(10), Trouble::Error)), ..Fake::default() };
    let plan = Plan::new(&study, &fake).expect("a plan");
    assert!(collect(&study, &plan).expect_err("nothing yet").to_string().contains("nothing is finished yet"));
    go(&study, &fake).expect("the others go on");
    let collected = collect(&study, &Plan::new(&study, &fake).expect("a plan")).expect("collected");
    assert_eq!(collected.unfinished, ["m1--seed0"]);
}

#[test]
fn imported_results_are_joined_and_those_of_unknown_models_named() {
    let folder = Folder::new();
    let file = |model: &str| {
        let path = folder.0.path().join(format!("imported/{model}-arc_challenge.json"));
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        let json = r#"{"results": {"arc_challenge": {"acc,none": 0.5, "acc_stderr,none": 0.01}}, "n-shot": {"arc_challenge": 25},
                       "config": {"model": "hf"}}"#;
        fs::write(path, json).expect("written");
    };
    file("elsewhere");
    file("stranger");
    let text = format!(
        "{}[import]\nlm_eval = [\"imported\"]\n[[models]]\nname = \"elsewhere\"\nparams = 1e9\ntokens = 1e9\nimported = true\n",
        text(2, "[0]", "[10]")
    );
    let (study, fake) = (folder.study(&text), Fake::default());
    assert_eq!(Cell::all(&study).len(), 2, "an imported model has no cell");
    go(&study, &fake).expect("nothing is wrong");
    let collected = collect(&study, &Plan::new(&study, &fake).expect("a plan")).expect("collected");
    let imported: Vec<_> = collected.replicates.iter().filter(|(seed, _)| seed.is_none()).collect();
    assert_eq!(imported.len(), 1);
    assert_eq!((imported[0].1.model.as_str(), imported[0].1.value), ("elsewhere", 0.5));
    assert!(collected.warnings[0].contains("`stranger` are left out"), "{:?}", collected.warnings);
}

#[test]
fn broken_results_and_a_folder_of_another_study_are_refused() {
    let folder = Folder::new();
    let (study, fake) = (folder.small(), Fake::default());
    go(&study, &fake).expect("nothing is wrong");
    let results = Cell::all(&study)[0].results();
    fs::write(&results, "{\"schema\":").expect("written");
    let error = Plan::new(&study, &fake).expect_err("half a file").to_string();
    assert!(error.contains("delete it to have the cell run again"), "{error}");
    fs::remove_file(&results).expect("removed");
    assert_eq!(go(&study, &fake).expect("done again").done, 1);
    let other = folder.study(&text(1, "[0]", "[10]").replace("\"fake\"", "\"other\""));
    let error = go(&other, &fake).expect_err("not its folder").to_string();
    assert!(error.contains("the folder holds the study `fake`"), "{error}");
}

#[test]
fn what_a_killed_cell_left_behind_is_swept_by_the_next_run() {
    let folder = Folder::new();
    let (study, fake) = (folder.small(), Fake::default());
    go(&study, &fake).expect("nothing is wrong");
    let tidy = folder.files();
    let cell = Cell::all(&study)[0].folder.clone();
    for left in ["training/abc", "evaluations/abc"] {
        fs::create_dir_all(cell.join(left)).expect("made");
        fs::write(cell.join(left).join("state"), "gigabytes").expect("written");
    }
    fs::write(cell.join("failed.json"), r#"{"error": "killed", "times": 1}"#).expect("written");
    let outcome = go(&study, &fake).expect("nothing is wrong");
    assert_eq!((outcome.done, outcome.before), (0, 6));
    assert_eq!(folder.files(), tidy);
    assert!(!cell.join("training").exists() && !cell.join("evaluations").exists());
}

#[test]
fn a_results_file_that_a_power_failure_left_empty_is_no_result() {
    let folder = Folder::new();
    let (study, fake) = (folder.small(), Fake::default());
    go(&study, &fake).expect("nothing is wrong");
    let whole = folder.files();
    fs::write(Cell::all(&study)[1].results(), "").expect("written");
    assert_eq!(go(&study, &fake).expect("it is run again").done, 1);
    assert_eq!(folder.files(), whole);
}

#[test]
fn a_plan_of_one_cell_looks_at_no_other() {
    let folder = Folder::new();
    let (study, fake) = (folder.small(), Fake::default());
    go(&study, &fake).expect("nothing is wrong");
    fs::write(Cell::all(&study)[0].results(), "broken").expect("written");
    let plan = Plan::of(&study, &fake, &["m1--seed1".into()]).expect("the broken one is another");
    assert_eq!(plan.cells.len(), 1);
    let error = Plan::of(&study, &fake, &["m9--seed0".into()]).expect_err("there is none").to_string();
    assert_eq!(error, "the study has no cell `m9--seed0`");
}

#[test]
fn costs_follow_from_parameters_and_tokens() {
    let folder = Folder::new();
    let (study, fake) = (folder.study(&text(1, "[0]", "[10, 20]")), Fake::default());
    let plan = Plan::new(&study, &fake).expect("a plan").with_costs(&study, &fake).expect("costs");
    let cost = &plan.cells[0].cost;
    // Three evaluations of 1e6 tokens at 2 FLOPs a parameter, and 2e6 tokens of learning at 6, with 1e6 parameters.
    assert_eq!(cost.flops, Some(3.0 * 2e12 + 6.0 * 2e12));
    assert_eq!(cost.disk, 12e6);
    go(&study, &fake).expect("nothing is wrong");
    let plan = Plan::new(&study, &fake).expect("a plan").with_costs(&study, &fake).expect("costs");
    assert_eq!((plan.cells[0].cost.flops, plan.cells[0].cost.disk), (Some(0.0), 0.0));
}

#[test]
fn the_results_of_a_cell_are_read_back_as_they_were() {
    let folder = Folder::new();
    let (study, fake) = (folder.small(), Fake::default());
    go(&study, &fake).expect("nothing is wrong");
    let cell = &Cell::all(&study)[0];
    let results = CellResults::read(cell).expect("results");
    assert_eq!((results.model.as_str(), results.seed, results.conditions.len()), ("m0", 0, 3));
    assert_eq!(results.onset, env!("CARGO_PKG_VERSION"));
}
