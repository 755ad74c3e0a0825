//! `onset study` as a user runs it, on the models of `studies/tiny.toml`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use crate::support::{argument, program, repository, tiny_study, until};

fn onset(arguments: &[&str]) -> Output {
    program().arg("study").args(arguments).output().expect("the program starts")
}

/// Runs and expects success; answers what was printed on standard output and on standard error.
fn fine(arguments: &[&str]) -> (String, String) {
    let run = onset(arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(run.status.code(), Some(0), "{arguments:?}: {}", text(&run.stderr));
    (text(&run.stdout), text(&run.stderr))
}

/// The tiny study with fewer items and one seed, with its output in this folder.
fn smaller(folder: &Path, models: &[&str]) -> String {
    let text = tiny_study("out");
    let (head, rest) = text.split_once("[[models]]").expect("it has models");
    let (listed, rest) = rest.split_once("[evaluation]").expect("it has tasks");
    let mut study = head.replace("seeds = [0, 1]", "seeds = [0]");
    for model in listed.split("[[models]]").filter(|model| models.iter().any(|m| model.contains(&format!("\"{m}\"")))) {
        study.push_str(&format!("[[models]]{model}"));
    }
    study.push_str(&format!("[evaluation]\nlimit = 6{rest}"));
    let study = study.replace("[64, 256]", "[64]");
    let path = folder.join("study.toml");
    fs::write(&path, study).expect("written");
    argument(path)
}

const ALL: [&str; 6] = ["neox-8", "neox-16", "neox-24", "neox-40", "gemma-metaspace", "neox-bytelevel"];

/// The results of all cells.
fn results(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let cells = fs::read_dir(folder.join("out/cells")).expect("cells");
    let files = cells.map(|cell| cell.expect("readable").path().join("results.json"));
    files.map(|file| (file.strip_prefix(folder).expect("below").to_owned(), fs::read(&file).expect("there"))).collect()
}

#[test]
fn one_file_and_one_command_end_with_tables_and_figures() {
    let folder = tempfile::tempdir().expect("a folder");
    let study = smaller(folder.path(), &ALL);
    let (plan, _) = fine(&["plan", &study]);
    assert!(plan.contains("0 of 6 cells and 0 of 12 evaluations done\n"), "{plan}");
    let (report, said) = fine(&["run", &study]);
    assert!(said.contains("6 cells done\n"), "{said}");
    assert!(report.contains("toy_mc (acc)") && report.contains("toy_cloze (acc)"), "{report}");
    for file in [
        "tables/evaluations.csv",
        "tables/models.csv",
        "tables/replicates.csv",
        "tables/seeds.csv",
        "report/fits.csv",
        "report/trajectories.svg",
        "report/trajectories.csv",
        "report/emergence.svg",
        "report/emergence.png",
        "report/emergence.pdf",
        "report/toy_mc/fit.svg",
        "report/toy_mc/report.json",
    ] {
        assert!(folder.path().join("out").join(file).exists(), "{file}");
    }
    let fits = fs::read_to_string(folder.path().join("out/report/fits.csv")).expect("a table");
    // Two tasks, as released and after 64 examples.
    assert_eq!(fits.lines().count(), 5, "{fits}");
    assert!(fits.contains("\ntoy_mc,acc,toy-aux,64,6,"), "{fits}");
    let (status, _) = fine(&["status", &study]);
    assert!(status.contains("6 of 6 cells and 12 of 12 evaluations done"), "{status}");
    let before = results(folder.path());
    let (_, said) = fine(&["run", &study]);
    assert!(said.contains("0 cells done, 6 done before"), "{said}");
    assert_eq!(results(folder.path()), before);
}

#[test]
fn a_killed_study_goes_on_and_ends_with_the_same_bytes() {
    let (whole, killed) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let models = ["neox-24", "neox-40"];
    fine(&["run", &smaller(whole.path(), &models)]);
    let study = smaller(killed.path(), &models);
    // Killed as soon as a cell is locked, then as soon as one has its first results, then left alone.
    for file in ["out/cells/neox-24--seed0/lock", "out/cells/neox-24--seed0/results.json"] {
        let mut child = program()
            .args(["study", "run", &study, "--cells", "1"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let file = killed.path().join(file);
        until("its file", || fs::metadata(&file).is_ok_and(|found| found.len() > 0));
        child.kill().expect("killed");
        child.wait().expect("ended");
    }
    let (_, said) = fine(&["run", &study]);
    assert!(said.contains("cells done"), "{said}");
    assert_eq!(results(killed.path()), results(whole.path()));
    let left = fs::read_dir(killed.path().join("out/cells/neox-24--seed0")).expect("a cell");
    let mut left: Vec<String> = left.map(|f| f.expect("readable").file_name().to_string_lossy().into_owned()).collect();
    left.sort();
    assert_eq!(left, ["lock", "results.json"], "what helped the restart is gone");
}

#[test]
fn a_failed_cell_is_named_and_the_others_are_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    let study = smaller(folder.path(), &ALL[..2]);
    // A whole model as far as can be seen without its weights, which are no numbers.
    let (good, broken) = (repository("studies/tiny/models/neox-8"), folder.path().join("broken"));
    fs::create_dir(&broken).expect("made");
    for file in ["config.json", "tokenizer.json"] {
        fs::copy(good.join(file), broken.join(file)).expect("copied");
    }
    let mut weights = fs::read(good.join("model.safetensors")).expect("weights");
    let header = u64::from_le_bytes(weights[..8].try_into().expect("eight bytes"));
    weights[8 + usize::try_from(header).expect("small")..].fill(0xff);
    fs::write(broken.join("model.safetensors"), weights).expect("written");
    let text = fs::read_to_string(&study).expect("the study");
    let model = "[[models]]\nname = \"broken\"\nparams = 1\ntokens = 1\nrelease = \"2024-01\"\npath = \"broken\"\n";
    fs::write(&study, text.replace("[evaluation]", &format!("{model}[evaluation]"))).expect("written");
    let run = onset(&["run", &study]);
    let said = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(1), "{said}");
    assert!(said.contains("1 cells failed, the first of them broken--seed0: "), "{said}");
    assert!(folder.path().join("out/report/fits.csv").exists());
    let (status, _) = fine(&["status", &study]);
    assert!(status.contains("broken--seed0 failed: "), "{status}");
}

#[test]
fn all_that_a_study_names_is_looked_at_before_anything_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let study = smaller(folder.path(), &ALL[..2]);
    fs::create_dir(folder.path().join("broken")).expect("made");
    fs::write(folder.path().join("broken/config.json"), "{}").expect("written");
    let text = fs::read_to_string(&study).expect("the study");
    let model = "[[models]]\nname = \"broken\"\nparams = 1\ntokens = 1\npath = \"broken\"\n";
    let text = text.replace("[evaluation]", &format!("{model}[evaluation]"));
    let text = text.replace("[\"toy_mc\"", "[\"no_such_task\", \"nor_this\", \"toy_mc\"");
    fs::write(&study, text.replace("[64]", "[64, 1600000]").replace("seeds = [0]", "seeds = [0, 0]")).expect("written");
    for command in ["plan", "run"] {
        let run = onset(&[command, &study]);
        let said = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(2), "{said}");
        for expected in [
            "line 8: `seeds` must be different numbers",
            "`tasks`: there is no task, group or tag `no_such_task`",
            "`tasks`: there is no task, group or tag `nor_this`",
            "`checkpoints`: 1600000 is never reached: the data give ",
            "model `broken`: ",
        ] {
            assert!(said.contains(expected), "`{expected}` is not in:\n{said}");
        }
    }
    assert!(!folder.path().join("out").exists());
}

#[test]
fn the_example_is_written_once_and_a_bad_file_is_refused_with_its_lines() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("study.toml");
    let path = path.to_str().expect("UTF-8");
    fine(&["init", path]);
    let again = onset(&["init", path]);
    assert_eq!(again.status.code(), Some(2));
    let plan = onset(&["plan", path]);
    assert_eq!(plan.status.code(), Some(2));
    let said = String::from_utf8_lossy(&plan.stderr);
    assert!(
        said.contains("several problems:\n  line 12: ") || said.contains("several problems\n  line 12: "),
        "{said}"
    );
}
