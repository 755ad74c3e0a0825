//! Benchmarks in the files their authors published, as the documents lm-evaluation-harness sees.
//!
//! | data set | files under the data folder (or a folder of the benchmark's name in it) |
//! | --- | --- |
//! | MMLU | `{dev,val,test}/<subject>_{dev,val,test}.csv`, no header |
//! | ARC | `ARC-Challenge/ARC-Challenge-{Train,Dev,Test}.jsonl` |
//! | HellaSwag | `hellaswag_{train,val}.jsonl` |
//! | Winogrande | `train_xl.jsonl`, `dev.jsonl` in `winogrande_1.1` |
//! | TruthfulQA | `mc_task.json` |
//! | GSM8K | `{train,test}.jsonl` in `gsm8k` or `grade_school_math/data` |
//! | GPQA | `gpqa_{main,diamond,extended}.csv` |
//! | MuSR | `murder_mystery.json`, `object_placements.json`, `team_allocation.json`, or `.csv` |
//! | BIG-Bench Hard | `<task>.json` in `bbh` |
//! | MATH | `{train,test}/<subject>/<number>.json` in `MATH` |

use std::path::{Path, PathBuf};

use super::documents::{read_cells, read_csv, read_json};
use super::value::Value;
use crate::error::{Error, Result};

/// The documents of a split, where the data set is known and its original files are there.
pub(super) fn original(dataset: &str, name: Option<&str>, split: &str, data: &Path) -> Option<Result<Vec<Value>>> {
    let short = dataset.rsplit('/').next().unwrap_or(dataset);
    let name = name.unwrap_or_default();
    let half = if split == "validation" { "val" } else { split };
    let find = |folders: &[&str], file: &str| -> Option<PathBuf> {
        folders.iter().map(|folder| data.join(folder).join(file)).find(|path| path.exists())
    };
    match short {
        "mmlu" | "mmlu_no_train" => {
            find(&["", "data", "mmlu", "MMLU", "mmlu/data"], &format!("{half}/{name}_{half}.csv"))
                .map(|path| mmlu(&path, name))
        }
        "ai2_arc" => {
            let part = match split {
                "train" => "Train",
                "validation" => "Dev",
                _ => "Test",
            };
            let folders = ["", "ARC-V1-Feb2018-2", "ARC-V1-Feb2018", "arc", "ai2_arc"];
            find(&folders, &format!("{name}/{name}-{part}.jsonl")).map(|path| each(&path, arc))
        }
        "hellaswag" => find(&["", "hellaswag", "hellaswag/data"], &format!("hellaswag_{half}.jsonl"))
            .map(|path| each(&path, hellaswag)),
        "winogrande" => {
            let size = name.strip_prefix("winogrande_").unwrap_or("xl");
            let file = if split == "train" { format!("train_{size}.jsonl") } else { "dev.jsonl".to_owned() };
            find(&["winogrande_1.1", "winogrande"], &file)
                .map(|path| each(&path, |row| pick(row, &["sentence", "option1", "option2", "answer"])))
        }
        "truthful_qa" => find(&["", "TruthfulQA/data", "TruthfulQA", "truthfulqa", "truthful_qa"], "mc_task.json")
            .map(|path| each(&path, truthful)),
        "gsm8k" => {
            let folders = ["gsm8k", "gsm8k/main", "grade_school_math/data", "grade-school-math/grade_school_math/data"];
            find(&folders, &format!("{split}.jsonl")).map(|path| each(&path, |row| pick(row, &["question", "answer"])))
        }
        "gpqa" => find(&["", "gpqa", "gpqa/dataset", "dataset"], &format!("{name}.csv"))
            .map(|path| read_csv(&path, b',', None)),
        "MuSR" => {
            let file = if split == "murder_mysteries" { "murder_mystery" } else { split };
            find(&["", "MuSR/datasets", "MuSR", "musr", "datasets"], &format!("{file}.json"))
                .map(|path| Ok(each(&path, musr)?.into_iter().flat_map(questions).collect()))
        }
        "bbh" => find(&["", "bbh", "BIG-Bench-Hard/bbh"], &format!("{name}.json"))
            .map(|path| read_json(&path, Some("examples"))),
        "MATH-Hard" | "hendrycks_math" => find(&["", "MATH", "MATH-Hard", "math"], &format!("{split}/{name}"))
            .filter(|p| p.is_dir())
            .map(|p| math(&p)),
        _ => None,
    }
}

/// The name under which the hub has the documents of a data set today, where that is another.
pub(super) fn current(dataset: &str) -> Option<&'static str> {
    const RENAMED: [(&str, &str); 6] = [
        ("ai2_arc", "allenai/ai2_arc"),
        ("gsm8k", "openai/gsm8k"),
        ("hails/mmlu_no_train", "cais/mmlu"),
        ("hellaswag", "Rowan/hellaswag"),
        ("truthful_qa", "truthfulqa/truthful_qa"),
        ("winogrande", "allenai/winogrande"),
    ];
    RENAMED.iter().find(|(old, _)| *old == dataset).map(|(_, new)| *new)
}

fn each(path: &Path, change: impl Fn(&Value) -> Option<Value>) -> Result<Vec<Value>> {
    let rows = read_json(path, None)?;
    let changed = rows.iter().enumerate().map(|(at, row)| {
        change(row).ok_or_else(|| Error::File {
            path: path.to_owned(),
            problem: format!("document {} lacks a key of this benchmark", at + 1),
        })
    });
    changed.collect()
}

/// The keys in this order, where the document has them all.
fn pick(row: &Value, keys: &[&str]) -> Option<Value> {
    keys.iter().map(|key| Some(((*key).to_owned(), row.get(key)?.clone()))).collect::<Option<_>>().map(Value::Map)
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

fn mmlu(path: &Path, subject: &str) -> Result<Vec<Value>> {
    let rows = read_cells(path, b',')?;
    let documents = rows.into_iter().enumerate().map(|(at, row)| {
        let letter = row.get(5).and_then(|letter| "ABCD".find(letter.trim()).filter(|_| letter.trim().len() == 1));
        let (Some(answer), 6) = (letter, row.len()) else {
            let problem = format!("row {}: a question, four choices and a letter are needed", at + 1);
            return Err(Error::File { path: path.to_owned(), problem });
        };
        Ok(map([
            ("question", row[0].as_str().into()),
            ("subject", subject.into()),
            ("choices", row[1..5].to_vec().into()),
            ("answer", Value::Int(answer as i64)),
        ]))
    });
    documents.collect()
}

fn arc(row: &Value) -> Option<Value> {
    let question = row.get("question")?;
    let choices = question.get("choices")?.as_list()?;
    let column = |key| choices.iter().map(|choice| choice.get(key).cloned()).collect::<Option<Vec<_>>>();
    Some(map([
        ("id", row.get("id")?.clone()),
        ("question", question.get("stem")?.clone()),
        ("choices", map([("text", Value::List(column("text")?)), ("label", Value::List(column("label")?))])),
        ("answerKey", row.get("answerKey")?.clone()),
    ]))
}

fn hellaswag(row: &Value) -> Option<Value> {
    let keys = ["ind", "activity_label", "ctx_a", "ctx_b", "ctx", "endings", "source_id", "split", "split_type"];
    let mut document = pick(row, &keys)?;
    document.set("label", row.get("label").map(|label| label.python().into()).unwrap_or_else(|| "".into()));
    Some(document)
}

fn truthful(row: &Value) -> Option<Value> {
    let columns = |key| {
        let Value::Map(targets) = row.get(key)? else { return None };
        let (choices, labels) = targets.iter().map(|(text, label)| (Value::from(text.as_str()), label.clone())).unzip();
        Some(map([("choices", Value::List(choices)), ("labels", Value::List(labels))]))
    };
    Some(map([
        ("question", row.get("question")?.clone()),
        ("mc1_targets", columns("mc1_targets")?),
        ("mc2_targets", columns("mc2_targets")?),
    ]))
}

/// A list with one document per question of a story.
fn musr(row: &Value) -> Option<Value> {
    let document = |question: &Value| {
        let choices = question.get("choices")?;
        let answer = question.get("answer")?.as_index()?;
        Some(map([
            ("narrative", row.get("context")?.clone()),
            ("question", question.get("question")?.clone()),
            ("choices", choices.python().into()),
            ("answer_index", Value::Int(answer)),
            ("answer_choice", choices.as_list()?.get(usize::try_from(answer).ok()?)?.clone()),
        ]))
    };
    row.get("questions")?.as_list()?.iter().map(document).collect::<Option<_>>().map(Value::List)
}

fn questions(story: Value) -> Vec<Value> {
    match story {
        Value::List(questions) => questions,
        other => vec![other],
    }
}

/// All problems of a folder, by the numbers of their files.
fn math(folder: &Path) -> Result<Vec<Value>> {
    let entries = std::fs::read_dir(folder).map_err(Error::read(folder))?;
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(Error::read(folder))?.path();
        if path.extension().is_some_and(|ending| ending == "json") {
            let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse::<u64>().ok());
            files.push((number.unwrap_or(u64::MAX), path));
        }
    }
    files.sort();
    let problem = |(_, path): &(u64, PathBuf)| {
        let text = std::fs::read_to_string(path).map_err(Error::read(path))?;
        let row: Value = serde_json::from_str(&text).map_err(Error::malformed(path, "is not JSON"))?;
        pick(&row, &["problem", "level", "type", "solution"])
            .ok_or_else(|| Error::File { path: path.clone(), problem: "a key of MATH is missing".to_owned() })
    };
    files.iter().map(problem).collect()
}
