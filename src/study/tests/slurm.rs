//! Studies on Slurm, with commands that only pretend: what is submitted, found in the queue, submitted again, cancelled.
//! `.ci/slurm` does the same with a real cluster of one node.

#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use super::idle::Nothing;
use crate::study::executor::{Queue, Slurm};
use crate::study::{
    Cell, Cells, ExecutorKind, LocalSettings, Plan, Study, StudyOutcome, Submission, Watch, follow, run,
};

/// What cells do: one score for every condition.
const FAKE: Nothing = Nothing { benchmarks: 1 };

/// A cluster that is a folder: `done` holds the results of a study that ran on this machine, tasks copy them from there.
struct Cluster(tempfile::TempDir);

const SBATCH: &str = r#"#!/bin/sh
here=$(dirname "$(dirname "$0")")
[ -e "$here/refuses" ] && { echo "sbatch: error: invalid partition specified: gpu" >&2; exit 1; }
echo "$@" >> "$here/submitted"
for script in "$@"; do :; done
job=$(($(cat "$here/job" 2>/dev/null || echo 100) + 1)); echo $job > "$here/job"
name=$(sed -n 's/^#SBATCH --job-name=//p' "$script"); echo "$job $name" >> "$here/names"
last=$(sed -n 's/^#SBATCH --array=0-\([0-9]*\).*/\1/p' "$script")
if [ ! -e "$here/holds" ]; then
  if [ -n "$last" ]; then
    for index in $(seq 0 "$last"); do SLURM_ARRAY_TASK_ID=$index bash "$script" >> "$here/log" 2>&1; done
  else
    bash "$script" >> "$here/log" 2>&1
  fi
fi
echo "$job;cluster"
"#;

/// What tasks run instead of onset: fails where a file says so, once for every line in it.
const PROGRAM: &str = r#"#!/bin/sh
here=$(dirname "$(dirname "$0")")
echo "$@" >> "$here/ran"
[ "$2" = run ] || exit 0
cell=$5
if [ -s "$here/fails-$cell" ]; then sed -i 1d "$here/fails-$cell"; exit 1; fi
mkdir -p "$here/out/cells"; cp -r "$here/done/cells/$cell" "$here/out/cells/"
"#;

const SQUEUE: &str = "#!/bin/sh\nhere=$(dirname \"$(dirname \"$0\")\")\ncat \"$here/queue\" 2>/dev/null || true\n";
const SACCT: &str = "#!/bin/sh\necho '101_1|OUT_OF_MEMORY'\necho '101_0|COMPLETED'\n";
const SCONTROL: &str = "#!/bin/sh\necho 'MaxArraySize            = 4'\n";
const SCANCEL: &str = "#!/bin/sh\necho \"$@\" > \"$(dirname \"$(dirname \"$0\")\")/cancelled\"\n";

impl Cluster {
    fn new() -> Self {
        let cluster = Self(tempfile::tempdir().expect("a folder"));
        fs::create_dir(cluster.path("bin")).expect("made");
        for (name, text) in [
            ("sbatch", SBATCH),
            ("squeue", SQUEUE),
            ("sacct", SACCT),
            ("scontrol", SCONTROL),
            ("scancel", SCANCEL),
            ("onset", PROGRAM),
        ] {
            let path = cluster.path("bin").join(name);
            fs::write(&path, text).expect("written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("set");
        }
        fs::write(cluster.path("model"), "").expect("written");
        let here = cluster.study("done", "");
        let plan = Plan::new(&here, &FAKE).expect("a plan");
        run(&here, &FAKE, &plan, &LocalSettings::of(&here), &Arc::new(AtomicBool::new(false)), &())
            .expect("nothing is wrong");
        cluster
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn study(&self, output: &str, slurm: &str) -> Study {
        let mut text =
            format!("[study]\nname = \"on a cluster\"\noutput = \"{output}\"\n[evaluation]\ntasks = [\"t\"]\n");
        for n in 0..5 {
            text.push_str(&format!("[[models]]\nname = \"m{n}\"\nparams = 1e6\ntokens = 1e9\npath = \"model\"\n"));
        }
        let bin = self.path("bin");
        text.push_str(&format!(
            "[slurm]\npoll = 0.01\nbin = \"{}\"\nprogram = \"{}\"\n{slurm}",
            bin.display(),
            bin.join("onset").display()
        ));
        Study::parse(&text, &self.path("study.toml")).expect("a good study")
    }

    fn files(&self, output: &str) -> Vec<Vec<u8>> {
        (0..5)
            .map(|n| fs::read(self.path(output).join(format!("cells/m{n}--seed0/results.json"))).expect("there"))
            .collect()
    }
}

fn cells(study: &Study) -> Vec<Cell> {
    Cell::all(study)
}

fn submit_all(study: &Study) -> Vec<Submission> {
    let cells = cells(study);
    Slurm::of(study).submit(&cells.iter().collect::<Vec<_>>()).expect("submitted")
}

/// Follows what was submitted of the cells `only`; of all where there are none.
fn follow_all(study: &Study, only: &[String], submissions: Vec<Submission>, watch: &dyn Watch) -> StudyOutcome {
    let cells = Cells { study, work: &FAKE, only };
    follow(&Slurm::of(study), &cells, submissions, &AtomicBool::new(false), watch).expect("followed")
}

/// Hears how many cells are in each state of the queue.
#[derive(Default)]
struct Ears(Mutex<Vec<BTreeMap<String, usize>>>);

impl Watch for Ears {
    fn queued(&self, states: &BTreeMap<String, usize>) {
        self.0.lock().expect("no panic").push(states.clone());
    }
}

#[test]
fn one_array_has_a_task_for_every_cell_and_a_job_after_it_collects() {
    let cluster = Cluster::new();
    let study = cluster.study(
        "out",
        "partition = \"gpu\"\naccount = \"mine\"\ngpus = 2\ncpus = 8\nmemory = \"64G\"\ntime = \"12:00:00\"\nat_once = 2\n\
         extra = [\"#SBATCH --constraint=a100\"]\nsetup = [\"echo module load cuda\"]\n",
    );
    let submissions = submit_all(&study);
    // The cluster allows arrays of three.
    let of: Vec<(&str, usize)> = submissions.iter().map(|s| (s.job.as_str(), s.cells.len())).collect();
    assert_eq!(of, [("101", 3), ("102", 2)]);
    let script = fs::read_to_string(submissions[0].folder.join("array.sh")).expect("a script");
    for line in [
        "#!/bin/bash",
        "#SBATCH --array=0-2%2",
        "#SBATCH --partition=gpu",
        "#SBATCH --account=mine",
        "#SBATCH --gpus=2",
        "#SBATCH --cpus-per-task=8",
        "#SBATCH --mem=64G",
        "#SBATCH --time=12:00:00",
        "#SBATCH --constraint=a100",
        "echo module load cuda",
    ] {
        assert!(script.lines().any(|own| own == line), "`{line}` is not in:\n{script}");
    }
    let collecting = fs::read_to_string(submissions[1].folder.join("collect.sh")).expect("a script");
    assert!(!collecting.contains("--gpus") && collecting.contains("study collect"), "{collecting}");
    assert!(cluster.read("submitted").contains("--parsable --dependency=afterany:101:102"));
    assert_eq!(cluster.files("out"), cluster.files("done"), "tasks ran their own cells");
    assert_eq!(cluster.read("ran").lines().filter(|line| line.contains("--only")).count(), 5);
}

#[test]
fn only_what_failed_is_submitted_again() {
    let cluster = Cluster::new();
    let study = cluster.study("out", "resubmit = 1\n");
    fs::write(cluster.path("fails-m1--seed0"), "once\n").expect("written");
    let ears = Ears::default();
    let followed = follow_all(&study, &[], submit_all(&study), &ears);
    assert_eq!((followed.done, followed.failed.len(), followed.left), (5, 0, 0));
    assert_eq!(*ears.0.lock().expect("no panic"), [BTreeMap::new(), BTreeMap::new()], "the queue was empty both times");
    assert_eq!(fs::read_to_string(cluster.path("out/slurm/0003/cells")).expect("a list"), "m1--seed0\n");
    assert_eq!(cluster.files("out"), cluster.files("done"));
}

#[test]
fn of_a_study_only_the_cells_that_are_meant_are_followed() {
    let cluster = Cluster::new();
    let study = cluster.study("out", "resubmit = 1\n");
    fs::write(cluster.path("fails-m1--seed0"), "once\n").expect("written");
    let only = ["m1--seed0".to_owned()];
    let all = cells(&study);
    let submissions = Slurm::of(&study).submit(&[&all[1]]).expect("submitted");
    let followed = follow_all(&study, &only, submissions, &());
    assert_eq!((followed.done, followed.failed.len()), (1, 0));
    assert_eq!(fs::read_to_string(cluster.path("out/slurm/0002/cells")).expect("a list"), "m1--seed0\n");
    assert!(!cluster.path("out/slurm/0003").exists());
}

#[test]
fn what_fails_again_and_again_is_told_with_how_its_task_ended() {
    let cluster = Cluster::new();
    let study = cluster.study("out", "resubmit = 0\n");
    fs::write(cluster.path("fails-m1--seed0"), "once\ntwice\n").expect("written");
    let followed = follow_all(&study, &[], submit_all(&study), &());
    assert_eq!(followed.done, 4);
    let (cell, reason) = &followed.failed[0];
    assert_eq!(cell, "m1--seed0");
    assert!(reason.starts_with("its task ended out_of_memory; see ") && reason.ends_with("/1.log"), "{reason}");
}

#[test]
fn tasks_in_the_queue_are_found_by_their_cells_and_cancelled_by_their_jobs() {
    let cluster = Cluster::new();
    let study = cluster.study("out", "");
    fs::write(cluster.path("holds"), "").expect("written");
    submit_all(&study);
    let names = cluster.read("names");
    let name =
        |job: &str| names.lines().find_map(|line| line.strip_prefix(&format!("{job} "))).expect("a name").to_owned();
    let queue = format!(
        "101|1|RUNNING|{first}\n102|0|PENDING|{second}\n103|N/A|PENDING|{collect}\n7|0|RUNNING|somebody-else\n",
        first = name("101"),
        second = name("102"),
        collect = name("103")
    );
    fs::write(cluster.path("queue"), queue).expect("written");
    let found = Slurm::of(&study).in_flight().expect("the queue answers");
    let found: Vec<(&str, &str, &str)> =
        found.iter().map(|(cell, task)| (cell.as_str(), task.job.as_str(), task.state.as_str())).collect();
    assert_eq!(found, [("m1--seed0", "101", "RUNNING"), ("m3--seed0", "102", "PENDING")]);
    assert_eq!(Slurm::of(&study).cancel().expect("cancelled"), ["101", "102", "103"]);
    assert_eq!(cluster.read("cancelled"), "101 102 103\n");
    let other = cluster.study("elsewhere", "");
    assert!(Slurm::of(&other).in_flight().expect("the queue answers").is_empty(), "another folder is another study");
}

#[test]
fn what_slurm_says_is_passed_on() {
    let cluster = Cluster::new();
    fs::write(cluster.path("refuses"), "").expect("written");
    let study = cluster.study("out", "");
    let all = cells(&study);
    let error = Slurm::of(&study).submit(&all.iter().collect::<Vec<_>>()).expect_err("no such partition").to_string();
    assert_eq!(error, "Slurm: sbatch failed: sbatch: error: invalid partition specified: gpu");
    fs::remove_dir_all(cluster.path("bin")).expect("removed");
    let error = Slurm::of(&study).in_flight().expect_err("no commands").to_string();
    assert!(error.contains("squeue cannot be run") && error.contains("part of a Slurm cluster?"), "{error}");
}

#[test]
fn the_executor_hands_over_what_is_open_and_counts_what_it_finished() {
    let cluster = Cluster::new();
    let study = cluster.study("out", "resubmit = 0\n");
    let cells = Cells { study: &study, work: &FAKE, only: &[] };
    let stop = Arc::new(AtomicBool::new(false));
    fs::write(cluster.path("fails-m1--seed0"), "once\n").expect("written");
    let executor = ExecutorKind::Slurm.executor(&study);
    let first = executor.run(&cells, &stop, &()).expect("it runs");
    assert_eq!((first.before, first.done, first.failed.len(), first.left), (0, 4, 1, 0));
    let second = executor.run(&cells, &stop, &()).expect("it runs");
    assert_eq!((second.before, second.done, second.failed.len(), second.left), (4, 1, 0, 0));
    assert_eq!(cluster.files("out"), cluster.files("done"));
    assert_eq!(ExecutorKind::used(&study).len(), 1);
    assert!(ExecutorKind::used(&cluster.study("elsewhere", "")).is_empty());
}

#[test]
fn a_task_tells_the_cell_in_which_job_it_is() {
    let cluster = Cluster::new();
    let submissions = submit_all(&cluster.study("out", ""));
    let script = fs::read_to_string(submissions[0].folder.join("array.sh")).expect("a script");
    assert!(script.contains("export ONSET_JOB=\"${SLURM_ARRAY_JOB_ID:-}_$SLURM_ARRAY_TASK_ID\"\n"), "{script}");
}
