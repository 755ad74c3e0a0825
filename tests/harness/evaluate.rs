//! `onset evaluate` against lm-evaluation-harness, and against itself after an interruption.

#![cfg(feature = "models")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use onset::Error;
use onset::harness::evaluation::Evaluation;
use onset::harness::lm_eval;
use onset::harness::runner::{EvaluationEvent, EvaluationSettings, Keep, Loaded, evaluate};
use onset::lm::Placement;
use onset::registry::{Limit, Observation, Provenance};
use serde_json::Value;

use crate::support::{self, program, until};

const MODELS: [&str; 2] = ["neox-bytelevel", "gemma-metaspace"];
const TASKS: [&str; 3] = ["toy_mc", "toy_cloze", "toy_math"];

/// Largest difference of a log-likelihood from PyTorch's.
const LIKELIHOOD: f64 = 1e-3;

/// Largest difference of a score that is made of log-likelihoods; others are equal.
const SCORE: f64 = 1e-5;

fn fixture(path: &str) -> PathBuf {
    support::fixture("evaluate").join(path)
}

fn settings(out: Option<&Path>) -> EvaluationSettings {
    EvaluationSettings {
        tasks: TASKS.map(str::to_owned).into(),
        definitions: vec![fixture("tasks")],
        data: Some(fixture("data")),
        keep: out.map_or(Keep::Nothing, |out| Keep::Everything(out.to_owned())),
        ..EvaluationSettings::default()
    }
}

fn load(model: &str) -> Loaded {
    let path = fixture("models").join(model);
    Loaded::load(&path, &Placement::default(), None, 1 << 30).expect("the fixture is a model")
}

fn run(model: &str, settings: &EvaluationSettings) -> Evaluation {
    evaluate(&load(model).subject(), settings, &mut |_| ()).expect("the fixture can be evaluated")
}

fn command(out: &Path, more: &[&str]) -> Command {
    let mut command = program();
    command.arg("evaluate").arg(fixture("models/neox-bytelevel"));
    command.arg("--task-dir").arg(fixture("tasks")).arg("--data").arg(fixture("data"));
    command.arg("--out").arg(out).args(more);
    command
}

fn output(out: &Path, more: &[&str]) -> Output {
    command(out, more).output().expect("the program starts")
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).expect("the file is there")).expect("it is JSON")
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("the file is there");
    text.lines().map(|line| serde_json::from_str(line).expect("it is JSON")).collect()
}

/// The one file of a folder whose name begins so.
fn named(folder: &Path, beginning: &str) -> PathBuf {
    let entries = std::fs::read_dir(folder).expect("the folder is there").map(|entry| entry.expect("readable").path());
    let begins = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(beginning));
    let found: Vec<PathBuf> = entries.filter(begins).collect();
    assert_eq!(found.len(), 1, "{beginning} in {}: {found:?}", folder.display());
    found[0].clone()
}

fn number(value: &Value) -> f64 {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).unwrap_or_else(|| panic!("{value} is no number"))
}

#[test]
fn samples_are_those_of_lm_evaluation_harness() {
    for model in MODELS {
        let out = tempfile::tempdir().expect("a temporary folder");
        run(model, &settings(Some(out.path())));
        for task in TASKS {
            let ours = lines(&named(&out.path().join(model), &format!("samples_{task}_")));
            let theirs = lines(&fixture("expected").join(model).join(format!("samples_{task}.jsonl")));
            assert_eq!(ours.len(), theirs.len());
            for (ours, theirs) in ours.iter().zip(&theirs) {
                let at = format!("{model}, {task}, item {}", theirs["doc_id"]);
                for (key, expected) in theirs.as_object().expect("a sample is an object") {
                    let found = &ours[key];
                    match key.as_str() {
                        "resps" | "filtered_resps" if task != "toy_math" => {
                            same_answers(found, expected, &at);
                        }
                        "brier_score" => assert_eq!(found[0], expected[0], "{at}"),
                        _ => assert_eq!(found, expected, "{at}, {key}"),
                    }
                }
                // What the fixture leaves out is there.
                assert!(ours["arguments"]["gen_args_0"]["arg_0"].is_string() && ours["doc"].is_object(), "{at}");
            }
        }
    }
}

/// Lists of (log-likelihood, greedy), however deep.
fn same_answers(ours: &Value, theirs: &Value, at: &str) {
    match (ours.as_array(), theirs.as_array()) {
        (Some(ours), Some(theirs)) => {
            assert_eq!(ours.len(), theirs.len(), "{at}");
            ours.iter().zip(theirs).for_each(|(ours, theirs)| same_answers(ours, theirs, at));
        }
        _ if matches!(theirs.as_str(), Some("True" | "False")) => assert_eq!(ours, theirs, "{at}"),
        _ => assert!((number(ours) - number(theirs)).abs() < LIKELIHOOD, "{at}: {ours} {theirs}"),
    }
}

#[test]
fn results_are_those_of_lm_evaluation_harness() {
    for model in MODELS {
        let out = tempfile::tempdir().expect("a temporary folder");
        run(model, &settings(Some(out.path())));
        let ours = json(&named(&out.path().join(model), "results_"));
        let theirs = json(&fixture("expected").join(model).join("results.json"));
        for key in theirs.as_object().expect("results are an object").keys() {
            assert!(ours.get(key).is_some(), "{key} is missing");
        }
        for key in ["versions", "n-shot", "higher_is_better", "n-samples", "task_hashes", "max_length"] {
            assert_eq!(ours[key], theirs[key], "{model}, {key}");
        }
        for key in ["model_name", "model_name_sanitized", "tokenizer_eos_token", "eot_token_id", "group_subtasks"] {
            assert_eq!(ours[key], theirs[key], "{model}, {key}");
        }
        for task in TASKS {
            for (metric, expected) in theirs["results"][task].as_object().expect("a task has scores") {
                let found = &ours["results"][task][metric];
                match metric.starts_with("brier_score,") {
                    true => assert!((number(found) - number(expected)).abs() < SCORE, "{model}, {task}, {metric}"),
                    false => assert_eq!(found, expected, "{model}, {task}, {metric}"),
                }
            }
            let config = |results: &Value| {
                let mut config = results["configs"][task].clone();
                // Where the definition is, and how the model was loaded.
                config.as_object_mut().expect("a config is an object").remove("metadata");
                config
            };
            assert_eq!(config(&ours), config(&theirs), "{model}, {task}");
        }
    }
}

#[test]
fn import_reads_what_was_written_and_fit_reads_the_observations() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let mut settings = settings(Some(out.path()));
    settings.facts.family = Some("neox".into());
    settings.facts.tokens = Some(3e11);
    settings.facts.release = Some("2023-02".parse().expect("a month"));
    let evaluation = run("neox-bytelevel", &settings);
    let folder = out.path().join("neox-bytelevel");
    let imported = lm_eval::import(&[out.path().to_owned()], &lm_eval::ImportSettings::default()).expect("readable");
    assert_eq!(imported.warnings, []);
    assert_eq!(
        imported.observations,
        evaluation
            .observations
            .iter()
            .map(|own| {
                let source = format!("neox-bytelevel/{}", own.provenance.source);
                let provenance = Provenance { source, ..own.provenance.clone() };
                Observation { provenance, ..own.clone() }
            })
            .collect::<Vec<_>>()
    );
    let row = imported.observations.iter().find(|row| row.benchmark == "toy_mc").expect("every task has a row");
    assert_eq!((row.model.as_str(), row.items, row.setup.shots), ("neox-bytelevel", Some(48), Some(5)));

    // Two models make a table for fits; `onset fit` says how many it needs, having read all the rest.
    let table = std::fs::read_to_string(named(&folder, "observations_")).expect("the table is there");
    let header: Vec<&str> = table.lines().next().expect("a header").split(',').collect();
    for column in ["model", "benchmark", "metric", "value", "family", "params", "tokens", "release"] {
        assert!(header.contains(&column), "{header:?}");
    }
    let fit = program()
        .arg("fit")
        .arg(named(&folder, "observations_"))
        .args(["--score", "toy_cloze", "--metric", "acc"])
        .output()
        .expect("the program starts");
    let said = String::from_utf8_lossy(&fit.stderr);
    assert!(said.contains("not enough models: 1 usable"), "{said}");
}

/// Contents of all files but the journal, with the date taken out of names and texts.
fn undated(folder: &Path) -> BTreeMap<String, String> {
    let results = named(folder, "results_");
    let date = results.file_stem().expect("a name").to_string_lossy().replace("results_", "");
    let table = std::fs::read_to_string(named(folder, "observations_")).expect("text");
    let cells: Vec<Vec<&str>> = table.lines().take(2).map(|line| line.split(',').collect()).collect();
    let column = cells[0].iter().position(|name| *name == "date").expect("scores have a date");
    let told = cells[1][column];
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("readable").path();
        let name = path.file_name().expect("a name").to_string_lossy().replace(&date, "DATE");
        if name == "answers.jsonl" {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("text").replace(&date, "DATE").replace(told, "DATE");
        let timeless = |line: &&str| !line.trim_start().starts_with("\"date\": ");
        files.insert(name, text.lines().filter(timeless).collect::<Vec<_>>().join("\n"));
    }
    files
}

#[test]
fn a_run_that_was_killed_goes_on_and_writes_the_same_bytes() {
    let tasks = ["--tasks", "toy_*", "--memory", "1", "--batch", "2"];
    let folder = |out: &Path| out.join("neox-bytelevel");
    let whole = tempfile::tempdir().expect("a temporary folder");
    assert!(output(whole.path(), &tasks).status.success());
    let expected = undated(&folder(whole.path()));
    let answers = |out: &Path| std::fs::read_to_string(folder(out).join("answers.jsonl")).unwrap_or_default();
    let all = answers(whole.path()).lines().count();
    let mut cut_short = 0;
    for at in [1, 70, 200, 385] {
        let out = tempfile::tempdir().expect("a temporary folder");
        let mut child = command(out.path(), &tasks).stdout(Stdio::null()).spawn().expect("the program starts");
        until("answers", || answers(out.path()).lines().count() >= at || child.try_wait().expect("a child").is_some());
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        let before = answers(out.path()).lines().count();
        cut_short += usize::from(before < all);
        let again = output(out.path(), &tasks);
        assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
        assert_eq!(undated(&folder(out.path())), expected, "killed after {before} of {all} lines");
        // Nothing was asked twice.
        assert_eq!(answers(out.path()).lines().count(), all);
    }
    assert!(cut_short >= 2, "the runs were not killed in time");
}

#[test]
fn the_same_command_again_asks_nothing_and_changes_no_byte() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let settings = settings(Some(out.path()));
    let first = run("neox-bytelevel", &settings);
    let bytes = |path: &Option<PathBuf>| std::fs::read(path.as_ref().expect("it was written")).expect("readable");
    let before = (bytes(&first.results), bytes(&first.table));
    let second = run("neox-bytelevel", &settings);
    assert_eq!((second.asked, second.remembered), (0, first.asked));
    assert_eq!(second.results, first.results);
    assert_eq!((bytes(&second.results), bytes(&second.table)), before);
}

#[test]
fn an_evaluation_without_a_folder_finds_what_one_with_a_folder_writes() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let written = run("neox-bytelevel", &settings(Some(out.path())));
    let asked = EvaluationSettings { samples: true, ..settings(None) };
    let told = run("neox-bytelevel", &asked);
    assert_eq!((&told.results, &told.table), (&None, &None));
    let undated = |evaluation: &Evaluation| {
        let rows = evaluation.observations.iter().cloned();
        rows.map(|row| Observation { provenance: Provenance::default(), ..row }).collect::<Vec<_>>()
    };
    assert_eq!(undated(&told), undated(&written));
    let setup = &told.observations[0].setup;
    let known = [&setup.dtype, &setup.harness, &setup.harness_version, &setup.prompt.chat_template];
    assert_eq!(known.map(Option::as_deref), [Some("float32"), Some("onset"), Some(env!("CARGO_PKG_VERSION")), None]);
    assert_eq!(setup.limit, None);
    assert!(written.observations.iter().all(|row| row.provenance.date.is_some()));

    let folder = out.path().join("neox-bytelevel");
    for task in &told.tasks {
        let samples = task.samples.as_ref().expect("they were asked for");
        let text = std::fs::read_to_string(named(&folder, &format!("samples_{}_", task.name))).expect("written");
        let filters = samples.scored[0].samples.len();
        let items = samples.items.iter().zip(&samples.responses).zip(&samples.scored);
        let mut lines = Vec::new();
        for filter in 0..filters {
            let line = |((item, responses), scored): ((_, &Vec<_>), &onset::harness::tasks::ScoredItem)| {
                scored.samples[filter].record(item, responses).to_json()
            };
            lines.extend(items.clone().map(line));
        }
        assert_eq!(text.lines().collect::<Vec<_>>(), lines, "{}", task.name);
    }
    assert!(written.tasks.iter().all(|task| task.samples.is_none()));
}

#[test]
fn answers_alone_are_enough_to_go_on() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let settings = EvaluationSettings { keep: Keep::Answers(out.path().to_owned()), ..settings(None) };
    let first = run("neox-bytelevel", &settings);
    let left: Vec<_> = std::fs::read_dir(out.path().join("neox-bytelevel")).expect("a folder").collect();
    assert_eq!(left.len(), 1, "nothing but the journal: {left:?}");
    let second = run("neox-bytelevel", &settings);
    assert_eq!((second.asked, second.remembered), (0, first.asked));
    assert_eq!(second.observations, first.observations);
}

#[test]
fn a_limit_that_left_items_out_is_told_with_the_scores() {
    let limited = |limit: usize| {
        let draw = onset::harness::tasks::Draw { limit: Limit::new(limit as f64).ok(), ..Default::default() };
        let settings = EvaluationSettings { draw, tasks: vec!["toy_cloze".into()], ..settings(None) };
        run("neox-bytelevel", &settings).observations[0].setup.limit.map(|limit| limit.to_string())
    };
    assert_eq!([limited(5), limited(48)], [Some("5".to_owned()), None]);
}

#[test]
fn a_changed_task_or_model_or_setting_uses_no_old_answer() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let loaded = load("neox-bytelevel");
    let settings = EvaluationSettings { tasks: vec!["toy_cloze".into()], ..settings(Some(out.path())) };
    let asked = |settings: &EvaluationSettings, weights: &str, tokenizer: &str| {
        let mut subject = loaded.subject();
        subject.identity.weights = weights.into();
        subject.identity.tokenizer = tokenizer.into();
        evaluate(&subject, settings, &mut |_| ()).expect("the fixture can be evaluated").asked
    };
    let all = asked(&settings, "a", "b");
    assert_eq!(all, 48 * 4);
    assert_eq!(asked(&settings, "a", "b"), 0);
    assert_eq!(asked(&settings, "other", "b"), all);
    assert_eq!(asked(&settings, "a", "other"), all);
    let mut one_shot = settings.clone();
    one_shot.draw.shots = Some(1);
    assert_eq!(asked(&one_shot, "a", "b"), all);
    let begun = EvaluationSettings { special: Some(true), ..settings.clone() };
    assert_eq!(asked(&begun, "a", "b"), all);
    // Fewer items are known already.
    let mut few = settings;
    few.draw.limit = Limit::new(10.0).ok();
    assert_eq!(asked(&few, "a", "b"), 0);
}

#[test]
fn progress_counts_every_item_once() {
    let settings = EvaluationSettings {
        draw: onset::harness::tasks::Draw { limit: Limit::new(5.0).ok(), ..Default::default() },
        ..settings(None)
    };
    let (mut items, mut all, mut names) = (0, 0, Vec::new());
    let loaded = load("neox-bytelevel");
    let evaluation = evaluate(&loaded.subject(), &settings, &mut |event| match event {
        EvaluationEvent::LeftOut(file) => panic!("no folder was given, yet {file}"),
        EvaluationEvent::Damaged(lines) => panic!("nobody touched the journal, yet {lines} lines are damaged"),
        EvaluationEvent::Refused(member) => panic!("no group was asked for, yet {member}"),
        EvaluationEvent::Replaced(names) => panic!("no file was given, yet {names:?}"),
        EvaluationEvent::FirstPrompt { name, .. } => panic!("nobody asked for the prompt of {name}"),
        EvaluationEvent::Begin { items, tasks } => (all, _) = (items, assert_eq!(tasks, 3)),
        EvaluationEvent::Task { name, known, .. } => {
            assert_eq!(known, 0);
            names.push(name.to_owned());
        }
        EvaluationEvent::Item => items += 1,
    })
    .expect("the fixture can be evaluated");
    assert_eq!((items, all), (15, 15));
    assert_eq!(names, TASKS);
    assert_eq!((evaluation.results, evaluation.table), (None, None));
}

#[test]
fn a_stop_from_outside_keeps_what_was_answered() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let mut settings = settings(Some(out.path()));
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    settings.stop = Some(std::sync::Arc::clone(&stop));
    let loaded = load("neox-bytelevel");
    let mut subject = loaded.subject();
    subject.limits.tokens = 64;
    let mut items = 0;
    let outcome = evaluate(&subject, &settings, &mut |event| {
        items += usize::from(event == EvaluationEvent::Item);
        if items == 10 {
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        }
    });
    assert!(matches!(outcome, Err(Error::Interrupted)), "{outcome:?}");
    stop.store(false, std::sync::atomic::Ordering::Relaxed);
    let rest = evaluate(&subject, &settings, &mut |_| ()).expect("it goes on");
    assert!(rest.remembered >= 40 && rest.asked > 0, "{} {}", rest.remembered, rest.asked);
}

#[test]
fn a_dry_run_shows_the_first_prompt_with_its_tokens_and_writes_nothing() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let dry = output(out.path(), &["--tasks", "toy_cloze", "--dry-run"]);
    let text = String::from_utf8_lossy(&dry.stdout);
    assert!(dry.status.success(), "{}", String::from_utf8_lossy(&dry.stderr));
    for part in
        ["toy_cloze: 48 of 48 items, 2 examples, 192 requests", "Who is the tallest?\nAnswer: Finn\n\n", "\" v\": ["]
    {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert_eq!(std::fs::read_dir(out.path()).expect("the folder is there").count(), 0);
}

#[test]
fn scores_are_printed_as_a_table_as_json_and_as_csv() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let print = |format: &str| {
        let printed = output(out.path(), &["--tasks", "toy_cloze", "--format", format]);
        assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
        assert!(printed.stderr.is_empty(), "a progress bar is for terminals");
        String::from_utf8(printed.stdout).expect("text")
    };
    let table = print("table");
    assert!(table.lines().take(5).all(|line| line.chars().count() <= 80), "{table}");
    assert!(table.contains("acc_norm ↑") && table.contains("0.5833  0.0719  0.4428–0.7115"), "{table}");
    let results: Value = serde_json::from_str(&print("json")).expect("it is JSON");
    assert_eq!(results["n-samples"]["toy_cloze"]["effective"], 48);
    assert!(print("csv").starts_with("model,benchmark,"));
}

#[test]
fn bad_input_is_named_with_exit_code_2() {
    let out = tempfile::tempdir().expect("a temporary folder");
    let tasks = out.path().join("tasks");
    std::fs::create_dir(&tasks).expect("writable");
    let write = |name: &str, text: &str| std::fs::write(tasks.join(name), text).expect("writable");
    let long = "Finn is tall. ".repeat(400);
    write("items.jsonl", &format!("{{\"q\": \"Who?\", \"a\": \"Finn\"}}\n{{\"q\": \"{long}\", \"a\": \"Dan\"}}\n"));
    write(
        "long.yaml",
        "task: long\ndataset_path: json\ndataset_kwargs: {data_files: {test: items.jsonl}}\ntest_split: test\n\
         output_type: multiple_choice\ndoc_to_text: \"{{q}}\"\ndoc_to_choice: [\"Finn\", \"Dan\"]\ndoc_to_target: a\n\
         metric_list: [{metric: acc}]\n",
    );
    let tasks = tasks.to_string_lossy().into_owned();
    let refused = |more: &[&str], part: &str| {
        let outcome = output(out.path(), more);
        let said = String::from_utf8_lossy(&outcome.stderr);
        assert_eq!(outcome.status.code(), Some(2), "{more:?}: {said}");
        assert!(said.contains(part) && said.lines().count() == 1, "{more:?}: {said}");
    };
    let own = ["--task-dir", tasks.as_str(), "--data", tasks.as_str()];
    refused(&[&own[..2], &["--tasks", "long"]].concat(), "task `long`, item 1: the prompt has ");
    refused(&["--tasks", "nothing"], "`nothing`");
    refused(&["--tasks", "toy_mc", "--shots", "9"], "task `toy_mc`");
    refused(&["--tasks", "toy_mc", "--device", "abacus"], "abacus");
    refused(&["--tasks", "toy_mc", "--params", "0"], "--params");
    refused(&["--tasks", "toy_mc", "--batch", "0"], "--batch");
    // With the prompt's end alone it is an item like any other.
    let cut = output(out.path(), &[&own[..2], &["--tasks", "long", "--truncate"]].concat());
    assert!(cut.status.success(), "{}", String::from_utf8_lossy(&cut.stderr));
    let nowhere =
        program().args(["evaluate", "no/such/model", "--tasks", "toy_mc"]).output().expect("the program starts");
    assert_eq!(nowhere.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("no/such/model"));
}
