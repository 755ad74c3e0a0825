//! The files that authors published give the same documents as the same data written out with the columns of the hub.

use std::fs;
use std::path::Path;

use crate::harness::tasks::{Draw, Items, Library, Value};

use crate::support::fixture;

fn data() -> std::path::PathBuf {
    fixture("tasks/cases/data")
}

fn rows(file: &str) -> Vec<Value> {
    let text = fs::read_to_string(data().join(file)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn write(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn text(row: &Value, key: &str) -> String {
    row.get(key).unwrap_or_else(|| panic!("{key}")).python()
}

fn json(row: &Value, key: &str) -> String {
    row.get(key).unwrap_or_else(|| panic!("{key}")).to_json()
}

fn items(task: &str, data: &Path) -> Items {
    let selection = Library::built_in().unwrap().select(&[task.to_owned()], Some(data)).unwrap();
    selection.tasks[0].items(&Draw { shots: Some(2), ..Draw::default() }).unwrap()
}

/// Documents, prompts and the hash over everything are the same from both folders.
fn same(task: &str, original: &Path) {
    let (have, want) = (items(task, original), items(task, &data()));
    for (have, want) in have.items.iter().zip(&want.items) {
        assert_eq!(have.doc.to_json(), want.doc.to_json(), "{task}");
        assert_eq!(have.requests, want.requests, "{task}");
    }
    assert_eq!(have.hash, want.hash, "{task}");
}

#[test]
fn mmlu_from_its_tables() {
    let folder = tempfile::tempdir().unwrap();
    for (split, short) in [("dev", "dev"), ("test", "test")] {
        let cell = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let line = |row: &Value| {
            let choices = row.get("choices").unwrap().as_list().unwrap();
            let mut cells = vec![cell(&text(row, "question"))];
            cells.extend(choices.iter().map(|choice| cell(&choice.python())));
            cells.push("ABCD"[text(row, "answer").parse::<usize>().unwrap()..][..1].to_owned());
            cells.join(",") + "\n"
        };
        let table: String = rows(&format!("hails/mmlu_no_train/anatomy/{split}.jsonl")).iter().map(line).collect();
        write(folder.path(), &format!("data/{short}/anatomy_{short}.csv"), &table);
    }
    same("mmlu_anatomy", folder.path());
    same("mmlu_anatomy_cloze", folder.path());
    write(folder.path(), "data/test/anatomy_test.csv", "q,a,b,c,d,E\n");
    let selection = Library::built_in().unwrap().select(&["mmlu_anatomy".to_owned()], Some(folder.path())).unwrap();
    assert!(selection.tasks[0].items(&Draw::default()).unwrap_err().to_string().contains("row 1"));
}

#[test]
fn arc_from_its_nested_lines() {
    let folder = tempfile::tempdir().unwrap();
    for (split, part) in [("train", "Train"), ("test", "Test")] {
        let line = |row: &Value| {
            let choices = row.get("choices").unwrap();
            let column = |key: &str| choices.get(key).unwrap().as_list().unwrap().to_vec();
            let pairs: Vec<String> = column("text")
                .iter()
                .zip(&column("label"))
                .map(|(text, label)| format!(r#"{{"text": {}, "label": {}}}"#, text.to_json(), label.to_json()))
                .collect();
            let stem = json(row, "question");
            let (id, key) = (json(row, "id"), json(row, "answerKey"));
            let question = format!(r#"{{"stem": {stem}, "choices": [{}]}}"#, pairs.join(", "));
            format!(r#"{{"id": {id}, "question": {question}, "answerKey": {key}}}"#) + "\n"
        };
        let lines: String = rows(&format!("allenai/ai2_arc/ARC-Challenge/{split}.jsonl")).iter().map(line).collect();
        write(folder.path(), &format!("ARC-V1-Feb2018-2/ARC-Challenge/ARC-Challenge-{part}.jsonl"), &lines);
    }
    same("arc_challenge", folder.path());
}

#[test]
fn hellaswag_winogrande_and_gsm8k_from_their_lines() {
    let folder = tempfile::tempdir().unwrap();
    let copy = |from: &str, to: &str, change: &dyn Fn(String) -> String| {
        let lines: String = rows(from).iter().map(|row| change(row.to_json()) + "\n").collect();
        write(folder.path(), to, &lines);
    };
    let number = |line: String| {
        let (head, label) = line.rsplit_once("\"label\": \"").unwrap();
        format!("{head}\"label\": {}}}", label.trim_end_matches("\"}"))
    };
    copy("hellaswag/train.jsonl", "hellaswag/hellaswag_train.jsonl", &number);
    copy("hellaswag/validation.jsonl", "hellaswag/hellaswag_val.jsonl", &number);
    same("hellaswag", folder.path());
    let numbered = |line: String| line.replacen('{', "{\"qID\": \"X-1\", ", 1);
    copy("winogrande/winogrande_xl/train.jsonl", "winogrande_1.1/train_xl.jsonl", &numbered);
    copy("winogrande/winogrande_xl/validation.jsonl", "winogrande_1.1/dev.jsonl", &numbered);
    same("winogrande", folder.path());
    copy("gsm8k/main/train.jsonl", "grade_school_math/data/train.jsonl", &|line| line);
    copy("gsm8k/main/test.jsonl", "grade_school_math/data/test.jsonl", &|line| line);
    same("gsm8k", folder.path());
}

#[test]
fn truthfulqa_and_musr_from_their_lists() {
    let folder = tempfile::tempdir().unwrap();
    let targets = |row: &Value, key: &str| {
        let column = |name: &str| row.get(key).unwrap().get(name).unwrap().as_list().unwrap().to_vec();
        let pairs = column("choices").into_iter().zip(column("labels"));
        let pairs: Vec<String> =
            pairs.map(|(text, label)| format!("{}: {}", text.to_json(), label.to_json())).collect();
        format!("{{{}}}", pairs.join(", "))
    };
    let question = |row: &Value| {
        let (one, two) = (targets(row, "mc1_targets"), targets(row, "mc2_targets"));
        format!(
            r#"{{"question": {}, "mc0_targets": {{}}, "mc1_targets": {one}, "mc2_targets": {two}}}"#,
            json(row, "question")
        )
    };
    let all: Vec<String> = rows("truthful_qa/multiple_choice/validation.jsonl").iter().map(question).collect();
    write(folder.path(), "TruthfulQA/data/mc_task.json", &format!("[{}]", all.join(",\n")));
    same("truthfulqa_mc2", folder.path());

    let story = |row: &Value| {
        // The choices are a Python list, kept as text.
        let choices: Value =
            serde_json::from_str(&format!("[{}]", text(row, "choices").trim_matches(['[', ']'])).replace('\'', "\""))
                .ok()?;
        let question = format!(
            r#"{{"question": {}, "choices": {}, "answer": {}}}"#,
            json(row, "question"),
            choices.to_json(),
            text(row, "answer_index")
        );
        Some(format!(r#"{{"context": {}, "questions": [{question}]}}"#, json(row, "narrative")))
    };
    let rows = rows("TAUR-Lab/MuSR/object_placements.jsonl");
    let simple: Vec<(usize, String)> =
        rows.iter().enumerate().filter_map(|(at, row)| Some((at, story(row)?))).collect();
    assert!(!simple.is_empty(), "no story without quotes in its choices");
    let stories: Vec<&str> = simple.iter().map(|(_, story)| story.as_str()).collect();
    write(folder.path(), "MuSR/datasets/object_placements.json", &format!("[{}]", stories.join(",\n")));
    let (have, want) = (
        items("leaderboard_musr_object_placements", folder.path()),
        items("leaderboard_musr_object_placements", &data()),
    );
    for ((at, _), item) in simple.iter().zip(&have.items) {
        assert_eq!(item.doc.to_json(), want.items[*at].doc.to_json());
    }
}

#[test]
fn gpqa_and_math_from_their_files() {
    let folder = tempfile::tempdir().unwrap();
    let header = "Question,Correct Answer,Incorrect Answer 1,Incorrect Answer 2,Incorrect Answer 3\n";
    write(
        folder.path(),
        "dataset/gpqa_main.csv",
        &format!("{header}Which?,right [note] one,w1,w2,w3\nWhat?,4,1,2,3\n"),
    );
    let gpqa = items("leaderboard_gpqa_main", folder.path());
    for item in &gpqa.items {
        let letter = item.doc.get("answer").unwrap().python();
        let place = "ABCD".find(&letter[1..2]).unwrap();
        let right = item.doc.get(&format!("choice{}", place + 1)).unwrap().python();
        assert!(right == "right  one" || right == "right one" || right == "4", "{right}");
        assert_eq!(item.requests.len(), 4);
    }
    for (number, level, answer) in [(10, 5, "\\\\boxed{\\\\frac12}"), (2, 5, "\\\\boxed{3}"), (1, 4, "\\\\boxed{1}")] {
        let problem = format!(
            r#"{{"problem": "P{number}", "level": "Level {level}", "type": "Algebra", "solution": "S {answer}"}}"#
        );
        write(folder.path(), &format!("MATH/test/algebra/{number}.json"), &problem);
    }
    let math = items("leaderboard_math_algebra_hard", folder.path());
    let seen: Vec<(String, String)> =
        math.items.iter().map(|item| (text(&item.doc, "problem"), item.target.python())).collect();
    assert_eq!(seen, [("P2".to_owned(), "3".to_owned()), ("P10".to_owned(), r"\frac{1}{2}".to_owned())]);
    assert_eq!(math.items[0].few_shot_ids, [0, 1]);
}
