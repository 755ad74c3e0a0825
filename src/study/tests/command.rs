//! Studies in a queue of the user's own commands: what is submitted, found in the queue, submitted again, cancelled.

#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::idle::Nothing;
use crate::study::executor::{Commanded, Executor, Queue, Queued};
use crate::study::{Cell, Cells, LocalSettings, Plan, Study, StudyOutcome, run};

/// What cells do: one score for every condition.
const FAKE: Nothing = Nothing { benchmarks: 1 };

/// What tasks run instead of onset: copies the results of a study that ran on this machine, or fails where a file says so,
/// once for every line in it.
const PROGRAM: &str = r#"#!/bin/sh
here=$(dirname "$0")
echo "$ONSET_JOB $*"
cell=$5
if [ -s "$here/fails-$cell" ]; then sed -i 1d "$here/fails-$cell"; echo "no memory left"; exit 1; fi
mkdir -p "$here/out/cells"; cp -r "$here/done/cells/$cell" "$here/out/cells/"
"#;

/// Runs a task at once.
const AT_ONCE: &str = "submit = 'sh {script} || true; echo job-{name}'\nstatus = 'cat queue-{name} 2>/dev/null || true'\n\
                       cancel = 'echo {job} >> cancelled; rm queue-{name}'\n";

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().expect("a folder"));
        fs::write(place.path("onset"), PROGRAM).expect("written");
        fs::set_permissions(place.path("onset"), fs::Permissions::from_mode(0o755)).expect("set");
        fs::write(place.path("model"), "").expect("written");
        let here = place.study("done", AT_ONCE);
        let plan = Plan::new(&here, &FAKE).expect("a plan");
        run(&here, &FAKE, &plan, &LocalSettings::of(&here), &Arc::new(AtomicBool::new(false)), &()).expect("it runs");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn study(&self, output: &str, command: &str) -> Study {
        let mut text = format!("[study]\nname = \"Any Queue\"\noutput = \"{output}\"\n[evaluation]\ntasks = [\"t\"]\n");
        for n in 0..3 {
            text.push_str(&format!("[[models]]\nname = \"m{n}\"\nparams = 1e6\ntokens = 1e9\npath = \"model\"\n"));
        }
        let program = self.path("onset");
        text.push_str(&format!("[command]\npoll = 0.01\nprogram = \"{}\"\n{command}", program.display()));
        Study::parse(&text, &self.path("study.toml")).expect("a good study")
    }

    fn follow(&self, study: &Study) -> crate::Result<StudyOutcome> {
        let cells = Cells { study, work: &FAKE, only: &[] };
        Queued(Commanded::of(study)).run(&cells, &Arc::new(AtomicBool::new(false)), &())
    }
}

#[test]
fn every_cell_is_a_job_and_what_failed_is_submitted_again() {
    let place = Place::new();
    let study = place.study("out", AT_ONCE);
    fs::write(place.path("fails-m1--seed0"), "once\n").expect("written");
    let outcome = place.follow(&study).expect("followed");
    assert_eq!((outcome.done, outcome.failed.len(), outcome.left), (3, 0, 0));
    for n in 0..3 {
        let of = |output: &str| fs::read(place.path(output).join(format!("cells/m{n}--seed0/results.json")));
        assert_eq!(of("out").expect("there"), of("done").expect("there"));
    }
    assert_eq!(fs::read_to_string(place.path("out/command/0002/cells")).expect("a list"), "m1--seed0\n");
    let log = fs::read_to_string(place.path("out/command/0001/1.log")).expect("a log");
    assert!(log.starts_with("onset-anyqueue-") && log.contains("-0001-1 study run /"), "{log}");
    assert!(log.contains("--only m1--seed0") && log.contains("no memory left"), "{log}");
}

#[test]
fn what_fails_again_is_told_with_its_log() {
    let place = Place::new();
    let study = place.study("out", &format!("resubmit = 0\n{AT_ONCE}"));
    fs::write(place.path("fails-m2--seed0"), "once\n").expect("written");
    let outcome = place.follow(&study).expect("followed");
    assert_eq!((outcome.done, outcome.failed.len()), (2, 1));
    assert!(outcome.failed[0].1.contains("command/0001/2.log"), "{:?}", outcome.failed);
}

#[test]
fn jobs_that_wait_are_not_submitted_again_and_can_be_cancelled() {
    let place = Place::new();
    let waits = AT_ONCE.replace("sh {script} || true", "true {script}; echo queued > queue-{name}");
    let study = place.study("out", &waits);
    let queue = Commanded::of(&study);
    let all = Cell::all(&study);
    let submission = queue.submit(&all.iter().collect::<Vec<_>>()).expect("submitted").remove(0);
    let there = queue.in_flight().expect("asked");
    assert_eq!(there.len(), 3);
    assert_eq!(there["m0--seed0"].state, "queued");
    fs::remove_file(place.path(&format!("queue-{}-0", submission.job.to_lowercase()))).expect("there");
    assert_eq!(queue.in_flight().expect("asked").len(), 2, "one has ended");
    assert!(submission.folder.join("0.ended").exists());
    assert_eq!(queue.cancel().expect("cancelled").len(), 2);
    assert_eq!(fs::read_to_string(place.path("cancelled")).expect("a list").lines().count(), 2);
    assert!(queue.in_flight().expect("asked").is_empty());
}

#[test]
fn one_question_can_be_about_all_jobs() {
    let place = Place::new();
    let waits = "submit = 'echo {cell}'\nstatus = 'for job in {jobs}; do [ $job = m1--seed0 ] || echo $job RUNNING; done; # {script}'\n\
                 cancel = 'true # {job}'\n"
        .replace("'echo {cell}'", "'echo {cell} # {script}'");
    let study = place.study("out", &waits);
    let queue = Commanded::of(&study);
    let all = Cell::all(&study);
    queue.submit(&all.iter().collect::<Vec<_>>()).expect("submitted");
    let there = queue.in_flight().expect("asked");
    assert_eq!(there.keys().collect::<Vec<_>>(), ["m0--seed0", "m2--seed0"]);
    assert_eq!(there["m0--seed0"].state, "RUNNING");
}

#[test]
fn commands_that_fail_say_what_was_said_and_none_is_guessed() {
    let place = Place::new();
    let refused = AT_ONCE.replace("sh {script} || true", "echo no such partition >&2; exit 3; sh {script}");
    let error = place.follow(&place.study("out", &refused)).expect_err("refused").to_string();
    assert!(error.contains("`submit` failed") && error.contains("no such partition"), "{error}");
    let silent = AT_ONCE.replace("echo job-{name}", "true");
    let error = place.follow(&place.study("silent", &silent)).expect_err("no name").to_string();
    assert!(error.contains("`submit` must print the job's name"), "{error}");
    let spaced = AT_ONCE.replace("echo job-{name}", "echo x y");
    let error = place.follow(&place.study("spaced", &spaced)).expect_err("no name").to_string();
    assert!(error.contains("without spaces"), "{error}");
    let text = "[study]\nname = \"s\"\n[[models]]\nname = \"m\"\nparams = 1\ntokens = 1\nimported = true\n[evaluation]\n\
                tasks = [\"t\"]\n[command]\nsubmit = 'x'\nstatus = 'y'\n";
    let error = Study::parse(text, &place.path("study.toml")).expect_err("incomplete").to_string();
    for part in ["`submit` must hold {script}", "`status` must hold {job}", "cancel"] {
        assert!(error.contains(part), "{part}: {error}");
    }
}
