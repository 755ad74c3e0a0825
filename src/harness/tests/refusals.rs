//! What is wrong with a task is told before anything runs: file and line, or task and item.

use std::path::Path;

use crate::harness::request::Response;
use crate::harness::tasks::{Draw, Library, Task};

/// A task that works; tests replace one of its lines.
const SOUND: &str = r#"task: sound
dataset_path: json
dataset_kwargs: {data_files: {test: docs.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{question}}"
doc_to_choice: [a, b]
doc_to_target: answer
num_fewshot: 0
metric_list: [{metric: acc}]
"#;

const DOCS: &str = "{\"question\": \"q0\", \"answer\": 1}\n{\"question\": \"q1\", \"answer\": 0}\n";

fn load(folder: &Path, yaml: &str, docs: &str) -> crate::Result<Task> {
    std::fs::write(folder.join("sound.yaml"), yaml).unwrap();
    std::fs::write(folder.join("docs.jsonl"), docs).unwrap();
    let mut library = Library::built_in()?;
    library.add(&folder.join("sound.yaml"))?;
    Ok(library.select(&["sound".to_owned()], None)?.tasks.remove(0))
}

/// The error of reading the task, or of building its items.
fn refusal(yaml: &str, docs: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let error = load(folder.path(), yaml, docs).and_then(|task| task.items(&Draw::default())).unwrap_err().to_string();
    assert!(!error.contains('\n'), "one line: {error}");
    error
}

fn changed(line: &str, new: &str) -> String {
    assert!(SOUND.contains(line), "{line}");
    SOUND.replace(line, new)
}

#[test]
fn the_sound_task_is_sound() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(load(folder.path(), SOUND, DOCS).unwrap().items(&Draw::default()).unwrap().items.len(), 2);
}

#[test]
fn a_malformed_file_is_told_with_its_line() {
    let error = refusal(&changed("doc_to_choice: [a, b]", "doc_to_choice: [a, b"), DOCS);
    assert!(error.contains("sound.yaml: line 8"), "{error}");
}

#[test]
fn a_key_that_could_change_scores_is_refused_with_its_line() {
    for (line, new, place) in [
        ("num_fewshot: 0", "num_fewshots: 3", "line 9: the key `num_fewshots`"),
        ("num_fewshot: 0", "use_prompt: x", "line 9: the key `use_prompt`"),
        ("num_fewshot: 0", "fewshot_config: {sampler: first_n, fewshot_indices: [1]}", "`fewshot_indices`"),
        ("num_fewshot: 0", "fewshot_config: {sampler: balanced}", "`balanced`"),
        ("[{metric: acc}]", "[{metric: acc, weight: 2}]", "line 10: `weight`"),
        ("[{metric: acc}]", "[{metric: bleu}]", "line 10: the metric `bleu`"),
        ("[{metric: acc}]", "[{metric: acc, aggregation: f1}]", "the aggregation `f1`"),
        ("output_type: multiple_choice", "output_type: images", "line 5"),
        ("test_split: test", "dataset_kwargs2: 1\ntest_split: test", "`dataset_kwargs2`"),
        ("{data_files: {test: docs.jsonl}}", "{data_files: {test: docs.jsonl}, encoding: x}", "`encoding`"),
        (
            "doc_to_target: answer",
            "filter_list: [{name: n, filter: [{function: lowercase}]}]\ndoc_to_target: answer",
            "line 8",
        ),
    ] {
        let error = refusal(&changed(line, new), DOCS);
        assert!(error.contains(place), "{new}: {error}");
    }
}

#[test]
fn python_code_is_refused_by_name() {
    for (line, new) in [
        ("num_fewshot: 0", "process_docs: !function utils.process_docs"),
        ("doc_to_text: \"{{question}}\"", "doc_to_text: !function mine.text"),
        ("[{metric: acc}]", "[{metric: !function mine.metric}]"),
        ("[{metric: acc}]", "[{metric: acc, aggregation: !function mine.mean}]"),
        ("[{metric: acc}]", "[{metric: acc}]\nfilter_list: [{name: n, filter: [{function: !function mine.Filter}]}]"),
    ] {
        let error = refusal(&changed(line, new), DOCS);
        assert!(error.contains("Python code") && error.contains("line "), "{error}");
        assert!(error.contains("utils.process_docs") || error.contains("mine."), "{error}");
    }
    assert!(refusal("class: !function task.Mine\ntask: sound\n", DOCS).contains("Python"));
}

#[test]
fn a_template_that_fails_is_told_with_item_and_line() {
    let error = refusal(&changed("\"{{question}}\"", "\"{% if question %}\""), DOCS);
    assert!(error.contains("line 6") && error.contains("template"), "{error}");
    let error = refusal(&changed("\"{{question}}\"", "\"first\\n{{no_such_column}}\""), DOCS);
    assert!(error.contains("task `sound`, item 0") && error.contains("template line 2"), "{error}");
    let docs = DOCS.replace("\"q1\"", "null");
    let error = refusal(&changed("\"{{question}}\"", "\"{{question.strip()}}\""), &docs);
    assert!(error.contains("item 1"), "{error}");
}

#[test]
fn files_that_include_each_other_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("part.yaml"), "include: sound.yaml\n").unwrap();
    let error = load(folder.path(), &format!("include: part.yaml\n{SOUND}"), DOCS).unwrap_err().to_string();
    assert!(error.contains("include cycle") && error.contains("part.yaml"), "{error}");
    let error = load(folder.path(), &format!("include: none.yaml\n{SOUND}"), DOCS).unwrap_err().to_string();
    assert!(error.contains("line 1: cannot include"), "{error}");
}

#[test]
fn a_group_that_contains_itself_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("group.yaml");
    std::fs::write(&file, "group: outer\ntask:\n- group: inner\n  task: [outer]\n").unwrap();
    let mut library = Library::built_in().unwrap();
    library.add(&file).unwrap();
    let error = library.select(&["outer".to_owned()], None).unwrap_err().to_string();
    assert!(error.contains("contains itself"), "{error}");
    std::fs::write(&file, "group: outer\ntask:\n- mmlu_anatomi\n").unwrap();
    library.add(&file).unwrap();
    let error = library.select(&["outer".to_owned()], None).unwrap_err().to_string();
    assert!(error.contains("line 3") && error.contains("near: mmlu"), "{error}");
}

#[test]
fn data_that_are_missing_or_broken_are_told() {
    let error = refusal(&changed("test: docs.jsonl", "test: none.jsonl"), DOCS);
    assert!(error.contains("task `sound`") && error.contains("none.jsonl"), "{error}");
    let error = refusal(&changed("test_split: test", "test_split: dev"), DOCS);
    assert!(error.contains("no split `dev`"), "{error}");
    let error = refusal(SOUND, "{\"question\": 1}\nnot json\n");
    assert!(error.contains("docs.jsonl: line 2"), "{error}");
    assert!(refusal(SOUND, "").contains("no documents"));
    let library = Library::built_in().unwrap();
    let gsm8k = library.select(&["gsm8k".to_owned()], None).unwrap().tasks.remove(0);
    assert!(gsm8k.items(&Draw::default()).unwrap_err().to_string().contains("name the folder"));
    let empty = tempfile::tempdir().unwrap();
    let gsm8k = library.select(&["gsm8k".to_owned()], Some(empty.path())).unwrap().tasks.remove(0);
    assert!(gsm8k.items(&Draw::default()).unwrap_err().to_string().contains("looked for"));
}

#[test]
fn an_item_without_an_answer_is_named() {
    for (docs, problem) in [
        (DOCS.replace("\"answer\": 0", "\"answer\": null"), "no answer"),
        (DOCS.replace("\"answer\": 0", "\"answer\": 2"), "choice 2"),
        (DOCS.replace("\"answer\": 0", "\"answer\": -1"), "choice -1"),
        (
            DOCS.replace("\"answer\": 1", "\"answer\": \"a\"").replace("\"answer\": 0", "\"answer\": \"c\""),
            "`c` is not among",
        ),
    ] {
        let error = refusal(SOUND, &docs);
        assert!(error.contains("task `sound`, item 1") && error.contains(problem), "{error}");
    }
}

#[test]
fn more_examples_than_there_are_is_told() {
    let error = refusal(&changed("num_fewshot: 0", "num_fewshot: 5\nfewshot_split: test"), DOCS);
    assert!(error.contains("6 few-shot examples") && error.contains("there are 2"), "{error}");
}

#[test]
fn a_regular_expression_that_never_ends_is_an_error_of_the_item() {
    let yaml = r#"task: sound
dataset_path: json
dataset_kwargs: {data_files: {test: docs.jsonl}}
test_split: test
doc_to_text: question
doc_to_target: answer
filter_list: [{name: bad, filter: [{function: regex, regex_pattern: '^(a+)+\1$'}, {function: take_first}]}]
metric_list: [{metric: exact_match}]
"#;
    let folder = tempfile::tempdir().unwrap();
    let task = load(folder.path(), yaml, DOCS).unwrap();
    let items = task.items(&Draw::default()).unwrap().items;
    let answer = |text: &str| [Response::Generated(text.to_owned())];
    assert!(task.score(&items[0], &answer("aa")).is_ok());
    let error = task.score(&items[1], &answer(&("a".repeat(60) + "b"))).unwrap_err().to_string();
    assert!(error.contains("task `sound`, item 1") && error.contains("filter `bad`"), "{error}");
    let error = load(folder.path(), &yaml.replace("(a+)+", "(a+"), DOCS).unwrap_err().to_string();
    assert!(error.contains("line 7"), "{error}");
}

#[test]
fn answers_that_do_not_fit_the_requests_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let task = load(folder.path(), SOUND, DOCS).unwrap();
    let items = task.items(&Draw::default()).unwrap().items;
    assert!(task.score(&items[0], &[]).unwrap_err().to_string().contains("0 answers to 2 requests"));
    let text = || Response::Generated("a".to_owned());
    assert!(task.score(&items[0], &[text(), text()]).unwrap_err().to_string().contains("another kind"));
    assert!(task.aggregate(&[]).is_err());
}

#[test]
fn a_changed_task_datum_or_draw_changes_the_hash() {
    let folder = tempfile::tempdir().unwrap();
    let hash = |yaml: &str, docs: &str, draw: &Draw| load(folder.path(), yaml, docs).unwrap().items(draw).unwrap().hash;
    let base = hash(SOUND, DOCS, &Draw::default());
    assert_eq!(base, hash(SOUND, DOCS, &Draw::default()));
    assert_ne!(base, hash(&changed("[a, b]", "[a, c]"), DOCS, &Draw::default()));
    assert_ne!(base, hash(SOUND, &DOCS.replace("q1", "q2"), &Draw::default()));
    assert_ne!(base, hash(SOUND, DOCS, &Draw { seed: 1, ..Draw::default() }));
}

#[test]
fn a_folder_leaves_broken_files_out_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("good.yaml"), SOUND).unwrap();
    std::fs::write(folder.path().join("bad.yaml"), "task: [\n").unwrap();
    let mut library = Library::built_in().unwrap();
    library.add(folder.path()).unwrap();
    let left_out = library.select(&["gsm8k".to_owned()], None).unwrap().left_out;
    assert_eq!(left_out.len(), 1);
    assert!(left_out[0].contains("bad.yaml"));
    let error = library.select(&["bad".to_owned()], None).unwrap_err().to_string();
    assert!(error.contains("1 files were left out") && error.contains("bad.yaml"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_fifo_among_the_files_of_tasks_is_left_out_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("good.yaml"), SOUND).unwrap();
    let made = std::process::Command::new("mkfifo").arg(folder.path().join("pipe.yaml")).status().unwrap();
    assert!(made.success());
    let mut library = Library::built_in().unwrap();
    library.add(folder.path()).unwrap();
    let left_out = library.select(&["sound".to_owned()], None).unwrap().left_out;
    assert!(left_out.len() == 1 && left_out[0].contains("FIFO"), "{left_out:?}");
}
