//! Tasks against lm-evaluation-harness: every line of its samples files is rebuilt from the task file, the data and the
//! model's answers, and every aggregate and standard error of its results files follows from them.
//!
//! `fixtures/tasks/reference.py` made the files under `fixtures/tasks/cases`; those under `fixtures/tasks/lm_eval` are
//! runs of two small models.

use std::path::{Path, PathBuf};

use crate::harness::request::{Request, Response};
use crate::harness::tasks::{AggregatedMetric, Draw, Items, Library, ScoredItem, Task, TaskGroup, Value, samples_hash};
use crate::registry::Limit;

use crate::support::fixture;

/// Sums of up to some hundred numbers in another order differ by a few units in the last place.
const ROUNDING: f64 = 1e-12;

fn fixtures() -> PathBuf {
    fixture("tasks")
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))).unwrap()
}

fn lines(path: &Path) -> Vec<String> {
    std::fs::read_to_string(path)
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()))
        .lines()
        .map(str::to_owned)
        .collect()
}

fn at<'v>(value: &'v Value, path: &[&str]) -> &'v Value {
    path.iter().fold(value, |value, key| value.get(key).unwrap_or_else(|| panic!("`{key}` of {path:?} is missing")))
}

/// The answers a samples line records, for the item's requests.
fn responses(line: &Value) -> Vec<Response> {
    let text = |value: &Value| value.as_text().expect("answers are recorded as text").to_owned();
    let answers = at(line, &["resps"]).as_list().expect("a list of answers");
    // The score of a whole text is a number with nothing beside it.
    let whole = at(line, &["arguments", "gen_args_0"]).get("arg_1").is_none();
    answers
        .iter()
        .map(|answer| match &answer.as_list().expect("a list per request")[0] {
            Value::List(pair) => {
                let value = text(&pair[0]).parse().expect("a log-likelihood");
                Response::LogLikelihood { value, greedy: text(&pair[1]) == "True" }
            }
            other if whole => Response::Rolling(text(other).parse().expect("a log-likelihood")),
            other => Response::Generated(text(other)),
        })
        .collect()
}

/// Equal, apart from rounding.
fn alike(have: &Value, want: &Value) -> bool {
    match (have, want) {
        (Value::Float(have), Value::Float(want)) => (have - want).abs() <= ROUNDING,
        (Value::List(have), Value::List(want)) => {
            have.len() == want.len() && have.iter().zip(want).all(|(have, want)| alike(have, want))
        }
        (Value::Map(have), Value::Map(want)) => {
            have.len() == want.len()
                && have.iter().zip(want).all(|(have, want)| have.0 == want.0 && alike(&have.1, &want.1))
        }
        (have, want) => have == want,
    }
}

/// Rebuilds the samples file of a task and compares every line; gives the scores.
fn compare_samples(task: &Task, items: &Items, file: &Path) -> Vec<ScoredItem> {
    let expected = lines(file);
    let filters = task.filters().len();
    assert_eq!(expected.len(), items.items.len() * filters, "{}", file.display());
    let mut scored = Vec::new();
    for (item, line) in items.items.iter().zip(&expected) {
        let answers = responses(&serde_json::from_str(line).unwrap());
        scored.push(task.score(item, &answers).unwrap());
    }
    for filter in 0..filters {
        for (number, item) in items.items.iter().enumerate() {
            let line = &expected[filter * items.items.len() + number];
            let answers = responses(&serde_json::from_str(line).unwrap());
            let record = scored[number].samples[filter].record(item, &answers);
            // Probabilities may differ in their last digit, where numpy has an exponential function of its own.
            let same = record.to_json() == *line || alike(&record, &serde_json::from_str(line).unwrap());
            assert!(same, "{} line {}:\n{}\n{line}", file.display(), number + 1, record.to_json());
        }
    }
    scored
}

fn compare_metrics(name: &str, metrics: &[AggregatedMetric], results: &Value) {
    let close = |have: f64, want: &Value, what: &str| {
        let want = match want {
            Value::Float(number) => *number,
            Value::Int(number) => *number as f64,
            other => panic!("{name} {what}: {other:?}"),
        };
        assert!((have - want).abs() <= ROUNDING * want.abs().max(1.0), "{name} {what}: {have} for {want}");
    };
    let recorded = match results {
        Value::Map(entries) => entries.iter().filter(|(key, _)| key.contains(',') && !key.contains("_stderr,")).count(),
        _ => 0,
    };
    assert_eq!(metrics.len(), recorded, "{name}: {metrics:?}");
    for metric in metrics {
        let key = format!("{},{}", metric.name, metric.filter);
        close(metric.value, at(results, &[&key]), &key);
        let key = format!("{}_stderr,{}", metric.name, metric.filter);
        match (metric.stderr, at(results, &[&key])) {
            (None, Value::Text(text)) => assert_eq!(text, "N/A", "{name} {key}"),
            (Some(error), want) => close(error, want, &key),
            (None, want) => panic!("{name} {key}: none for {want:?}"),
        }
    }
}

/// Compares configuration, shots, counts, hashes, lines and results of a task with a run of lm-evaluation-harness.
fn compare_task(task: &Task, draw: &Draw, run: &Path) -> Vec<AggregatedMetric> {
    let name = task.name();
    let results = json(&run.join("results.json"));
    let items = task.items(draw).unwrap();
    let scored = compare_samples(task, &items, &run.join(format!("samples_{name}.jsonl")));
    let metrics = task.aggregate(&scored).unwrap();
    compare_metrics(name, &metrics, at(&results, &["results", name]));
    assert_eq!(*task.version(), *at(&results, &["versions", name]));
    assert_eq!(Value::Int(items.shots as i64), *at(&results, &["n-shot", name]));
    assert_eq!(Value::Int(items.total as i64), *at(&results, &["n-samples", name, "original"]));
    assert_eq!(Value::from(samples_hash(&items.items, task.filters().len())), *at(&results, &["task_hashes", name]));
    compare_config(task, at(&results, &["configs", name]));
    metrics
}

/// The recorded configuration, apart from the model's name in `metadata`, functions (recorded as their source there)
/// and the shots of the command line.
fn compare_config(task: &Task, recorded: &Value) {
    let (Value::Map(have), Value::Map(want)) = (task.config(), recorded) else { panic!("no mapping") };
    let names = |entries: &[(String, Value)]| entries.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>();
    assert_eq!(names(have), names(want), "{}", task.name());
    for ((key, have), (_, want)) in have.iter().zip(want) {
        let function = |value: &Value| value.to_json().contains("!function");
        if !matches!(key.as_str(), "metadata" | "num_fewshot" | "dataset_kwargs") && !function(have) {
            assert_eq!(have.to_json(), want.to_json(), "{} {key}", task.name());
        }
    }
}

fn selected(files: &Path, data: &Path, names: &[&str]) -> (Vec<Task>, Vec<TaskGroup>) {
    let mut library = Library::built_in().unwrap();
    library.add(files).unwrap();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let selection = library.select(&names, Some(data)).unwrap();
    (selection.tasks, selection.groups)
}

#[test]
fn lines_and_results_of_two_models_are_those_of_lm_eval() {
    for model in ["neox-bytelevel", "gemma-metaspace"] {
        let run = fixtures().join("lm_eval").join(model);
        let (tasks, _) = selected(&fixtures().join("toy"), &fixtures().join("toy"), &["toy_*"]);
        assert_eq!(tasks.len(), 3);
        for task in &tasks {
            compare_task(task, &Draw::default(), &run);
        }
    }
}

#[test]
fn requests_are_the_prompt_and_what_follows_it() {
    let (tasks, _) = selected(&fixtures().join("toy"), &fixtures().join("toy"), &["toy_math", "toy_cloze"]);
    let draw = Draw { limit: Limit::new(2.0).ok(), shots: Some(1), ..Draw::default() };
    let math = tasks[0].items(&draw).unwrap();
    assert_eq!((math.items.len(), math.total, math.shots), (2, 12, 1));
    let Request::Generate { context, until, max_tokens } = &math.items[0].requests[0] else { panic!("not generated") };
    assert_eq!(context.matches("Question:").count(), 2);
    assert_eq!((until.as_slice(), *max_tokens), (["\n\n".to_owned(), "Question:".to_owned()].as_slice(), 64));
    let cloze = tasks[1].items(&draw).unwrap();
    assert_eq!(cloze.items[1].few_shot_ids, [0]);
    assert_eq!(cloze.items[1].requests.len(), 4);
}

const PUBLISHED: [(&str, Option<usize>); 13] = [
    ("mmlu_abstract_algebra", None),
    ("mmlu_anatomy", None),
    ("mmlu_anatomy_cloze", None),
    ("arc_challenge", Some(3)),
    ("hellaswag", Some(2)),
    ("winogrande", Some(3)),
    ("winogrande_mc", Some(2)),
    ("truthfulqa_mc2", None),
    ("gsm8k", Some(2)),
    ("leaderboard_musr_object_placements", None),
    ("leaderboard_bbh_boolean_expressions", None),
    ("leaderboard_bbh_object_counting", None),
    ("leaderboard_mmlu_pro", Some(2)),
];

#[test]
fn the_definitions_that_come_with_onset_ask_and_score_as_lm_eval_does() {
    let (cases, expected) = (fixtures().join("cases"), fixtures().join("cases/expected"));
    for (name, shots) in PUBLISHED {
        let (tasks, _) = selected(&cases, &cases.join("data"), &[name]);
        let items = tasks[0].items(&Draw { shots, ..Draw::default() }).unwrap();
        let scored = compare_samples(&tasks[0], &items, &expected.join(format!("samples_{name}.jsonl")));
        let results = json(&expected.join("results.json"));
        compare_metrics(name, &tasks[0].aggregate(&scored).unwrap(), at(&results, &["results", name]));
        assert_eq!(Value::Int(items.shots as i64), *at(&results, &["n-shot", name]));
    }
}

const TRAIN_BEFORE_TEST: [&str; 20] = [
    "mnli",
    "qqp",
    "qnli",
    "sst2",
    "cola",
    "mrpc",
    "rte",
    "boolq",
    "wic",
    "anli_r1",
    "commonsense_qa",
    "social_iqa",
    "piqa",
    "sciq",
    "openbookqa",
    "arc_easy",
    "headqa_en",
    "mathqa",
    "medmcqa",
    "nq_open",
];

#[test]
fn the_benchmarks_of_train_before_test_ask_and_score_as_lm_eval_does() {
    let (cases, expected) = (fixtures().join("cases"), fixtures().join("cases/expected"));
    let results = json(&expected.join("results.json"));
    for name in TRAIN_BEFORE_TEST {
        let (tasks, _) = selected(&cases, &cases.join("data"), &[name]);
        let items = tasks[0].items(&Draw { shots: Some(2), ..Draw::default() }).unwrap();
        let scored = compare_samples(&tasks[0], &items, &expected.join(format!("samples_{name}.jsonl")));
        let recorded = at(&results, &["results", name]);
        let (summed, means): (Vec<AggregatedMetric>, Vec<AggregatedMetric>) =
            tasks[0].aggregate(&scored).unwrap().into_iter().partition(|m| ["f1", "mcc"].contains(&m.name.as_str()));
        let without = |entries: &[(String, Value)]| {
            let kept = entries.iter().filter(|(key, _)| !key.starts_with("f1") && !key.starts_with("mcc"));
            Value::Map(kept.cloned().collect())
        };
        let Value::Map(entries) = recorded else { panic!("no mapping") };
        compare_metrics(name, &means, &without(entries));
        // Their errors were drawn a hundred times less often in the reference.
        for metric in summed {
            let key = format!("{},{}", metric.name, metric.filter);
            assert!(alike(&Value::Float(metric.value), at(recorded, &[&key])), "{name} {key}: {}", metric.value);
        }
        assert_eq!(*tasks[0].version(), *at(&results, &["versions", name]));
    }
}

#[test]
fn the_group_of_train_before_test_asks_all_its_benchmarks_without_examples() {
    let selection = Library::built_in().unwrap().select(&["train_before_test".to_owned()], None).unwrap();
    assert_eq!(selection.tasks.len(), 24);
    for name in TRAIN_BEFORE_TEST.iter().chain(&["arc_challenge", "hellaswag", "winogrande", "gsm8k"]) {
        let task = selection.tasks.iter().find(|task| task.name() == *name).expect("one of the group");
        let shots = task.config().get("num_fewshot");
        assert!(matches!(shots, None | Some(Value::Int(0) | Value::Null)), "{name}: {shots:?}");
    }
    let arc = selection.tasks.iter().find(|task| task.name() == "arc_challenge").expect("one of the group");
    assert!(arc.config().to_json().contains("acc_norm"), "{}", arc.config().to_json());
}

#[test]
fn a_file_that_defines_a_built_in_task_anew_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own.yaml");
    let task = "task: piqa\ndataset_path: json\noutput_type: multiple_choice\ntest_split: test\n\
                doc_to_text: \"{{a}}\"\ndoc_to_target: 0\ndoc_to_choice: [x, y]\n";
    std::fs::write(&file, task).unwrap();
    let mut library = Library::built_in().unwrap();
    library.add(folder.path()).unwrap();
    let chosen = |name: &str| library.select(&[name.to_owned()], None).unwrap().replaced;
    assert_eq!(chosen("piqa"), [("piqa".to_owned(), file)]);
    assert_eq!(chosen("sciq"), []);
}

#[test]
fn samplers_templates_filters_and_metrics_do_what_lm_eval_does() {
    let (cases, expected) = (fixtures().join("cases"), fixtures().join("cases/expected"));
    for name in [
        "random_far",
        "first_same",
        "last_word",
        "filters",
        "targets",
        "letters",
        "colours_task",
        "whole",
        "translated",
    ] {
        let (tasks, _) = selected(&cases, &cases.join("data"), &[name]);
        compare_task(&tasks[0], &Draw::default(), &expected);
    }
}

#[test]
fn groups_pass_settings_on_and_pool_their_tasks_as_lm_eval_does() {
    let (cases, expected) = (fixtures().join("cases"), fixtures().join("cases/expected"));
    let (tasks, groups) = selected(&cases, &cases.join("data"), &["colours"]);
    let names: Vec<&str> = tasks.iter().map(Task::name).collect();
    assert_eq!(names, ["colours_task", "random_far", "random_same", "first_same"]);
    assert_eq!(tasks[2].alias(), "again");
    let metrics: Vec<Vec<AggregatedMetric>> =
        tasks.iter().map(|task| compare_task(task, &Draw::default(), &expected)).collect();
    let of = |name: &str| names.iter().position(|other| *other == name).map(|at| metrics[at].as_slice());
    let results = json(&expected.join("results.json"));
    assert_eq!(groups.iter().map(TaskGroup::name).collect::<Vec<_>>(), ["colours::inner", "colours"]);
    for group in &groups {
        compare_metrics(group.name(), &group.aggregate(of), at(&results, &["groups", group.name()]));
        let members = at(&results, &["group_subtasks", group.name()]);
        assert_eq!(Value::from(group.members().to_vec()), *members);
    }
    assert_eq!((groups[1].alias(), groups[1].version()), ("Colours", "3"));
}

#[test]
fn several_drawn_answers_are_filtered_together() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("drawn.yaml");
    let text = "task: drawn\ndataset_path: json\ndataset_kwargs: {data_files: {test: gen.jsonl}}\ntest_split: test\n\
                doc_to_text: \"{{q}}\"\ndoc_to_target: \"{{gold}}\"\nrepeats: 3\n\
                generation_kwargs: {do_sample: true, temperature: 0.7, top_p: 0.9}\n\
                filter_list: [{name: most, filter: [{function: majority_vote}, {function: take_first}]}]\n\
                metric_list: [{metric: exact_match}]\n";
    std::fs::write(&file, text).unwrap();
    let (tasks, _) = selected(&file, &fixtures().join("cases/data"), &["drawn"]);
    let items = tasks[0].items(&Draw::default()).unwrap();
    let item = &items.items[1];
    let how: Vec<(Option<f64>, Option<f64>, u64, usize)> = item
        .requests
        .iter()
        .map(|request| match request {
            Request::Sample { how, .. } => (how.temperature, how.top_p, how.seed, how.number),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(how, [0, 1, 2].map(|number| (Some(0.7), Some(0.9), 1234, number)));
    let said = ["5", "4", "4"].map(|text| Response::Generated(text.to_owned()));
    let scored = tasks[0].score(item, &said).unwrap();
    assert_eq!(scored.samples[0].metrics[0].1.number(), 1.0);
    let line = scored.samples[0].record(item, &said);
    assert_eq!(at(&line, &["resps"]).to_json(), r#"[["5", "4", "4"]]"#);
    assert_eq!(at(&line, &["filtered_resps"]).to_json(), r#"["4"]"#);
    assert!(at(&line, &["arguments"]).get("gen_args_1").is_none());
}
