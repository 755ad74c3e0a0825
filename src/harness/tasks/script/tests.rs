//! Scripts against what CPython makes of them.

use std::path::Path;

use super::super::value::Value;
use super::{Script, World};

const IMPORTS: &str = "import itertools, random, re, string\nfrom collections import Counter, OrderedDict, defaultdict\n\
                       from functools import partial, reduce\n";

fn read(folder: &Path, source: &str, function: &str) -> Result<Script, String> {
    // Files are told apart by what is in them, so that one name does for all.
    std::fs::write(folder.join("utils.py"), source).unwrap();
    Script::read(folder, &format!("utils.{function}"))
}

fn document(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

fn field(source: &str, json: &str) -> Result<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let script = read(folder.path(), source, "f")?;
    script.of_document(&World::default(), &document(json)).map(|(value, _)| value.to_json())
}

fn rows(source: &str, json: &[&str]) -> Result<Vec<String>, String> {
    let folder = tempfile::tempdir().unwrap();
    let script = read(folder.path(), source, "f")?;
    let rows: Vec<Value> = json.iter().map(|row| document(row)).collect();
    let made =
        script.documents(&World::default(), &rows).map_err(|(at, problem)| format!("document {at}: {problem}"))?;
    Ok(made.iter().map(Value::to_json).collect())
}

// The file is what tests/tools/python_expressions.py prints with CPython 3.11.
#[test]
fn expressions_have_the_values_that_cpython_gives_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = Vec::new();
    for line in include_str!("../../../../tests/fixtures/python/expressions.txt").lines() {
        let (expression, expected) = line.split_once('\t').unwrap();
        let source = format!("{IMPORTS}def f(doc):\n    value = {expression}\n    return repr(value)\n");
        let made = read(folder.path(), &source, "f").and_then(|script| {
            script.of_document(&World::default(), &Value::Map(Vec::new())).map(|(value, _)| value.python())
        });
        let fits = match &made {
            Ok(value) => value == expected,
            Err(problem) => problem.contains(&format!(": {expected}")),
        };
        if !fits {
            wrong.push(format!("{expression}\n  cpython {expected}\n  here    {made:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn statements_run_as_in_python() {
    let source = r#"
import re

LETTERS = ["A", "B"]
TOTAL = 0
SEEN = {}

def helper(text, *rest, upper=False, **more):
    """What it says."""
    out = text
    for part in rest:
        if part is None:
            continue
        elif part == "stop":
            break
        out += f"|{part}"
    else:
        out += "!"
    return out.upper() if upper else out

def outer():
    count = 0
    def inner(step=2):
        return count + step
    count = 5
    return inner()

def f(doc):
    global TOTAL
    TOTAL = 1
    a, *b = [1, 2, 3]
    b[0], x = x_y = ("q", 4)
    n = 0
    while True:
        n += 1
        if n > 3:
            break
    try:
        int("x")
    except (KeyError, ValueError) as error:
        caught = str(error)
    finally:
        n += 10
    try:
        doc["nothing"]
    except Exception:
        caught += "; missing"
    LETTERS.append("C")
    return [a, b, x, list(x_y), n, caught, helper("a", "b", None, "c"), helper("a", "stop", upper=True), outer(),
            LETTERS, TOTAL, {k: v for k, v in sorted(doc.items())}]
"#;
    let made = field(source, r#"{"z": 1, "a": [true, null]}"#).unwrap();
    let expected = r#"[1, ["q", 3], 4, ["q", 4], 14, "invalid literal for int() with base 10: 'x'; missing", "a|b|c!", "A", 7, ["A", "B", "C"], 1, {"a": [true, null], "z": 1}]"#;
    assert_eq!(made, expected);
}

// Each expected row is what `datasets` 4 gives for the same function.
#[test]
fn documents_change_as_in_a_data_set() {
    let source = "def f(dataset):\n    def one(doc):\n        doc['t'] = doc['t'].strip()\n        return {'n': len(doc['t']), \
                  'pair': (1, 2.5)}\n    return dataset.map(one).filter(lambda d: d['n'] > 1)\n";
    let made = rows(source, &[r#"{"t": " ab "}"#, r#"{"t": "c"}"#]).unwrap();
    assert_eq!(made, [r#"{"t": " ab ", "n": 2, "pair": [1.0, 2.5]}"#]);
    let source = "from functools import partial\ndef keep(dataset, subject):\n    return dataset.filter(lambda x: \
                  x['s'] == subject)\nnames = {f'process_{s}': partial(keep, subject=s) for s in ['law', 'f']}\n\
                  globals().update(names)\nf = names['process_law']\n";
    assert_eq!(rows(source, &[r#"{"s": "law"}"#, r#"{"s": "art"}"#]).unwrap(), [r#"{"s": "law"}"#]);
    let source = "def f(dataset):\n    return [{'q': d['q'], 'at': i} for i, d in enumerate(dataset)]\n";
    assert_eq!(rows(source, &[r#"{"q": "x"}"#]).unwrap(), [r#"{"q": "x", "at": 0}"#]);
}

#[test]
fn what_is_not_supported_is_told_with_its_line_before_anything_runs() {
    for (source, expected) in [
        ("import evaluate\ndef f(doc):\n    return evaluate.load('bleu')\n", "line 3: the module `evaluate`"),
        ("def f(doc):\n    return open('x').read()\n", "line 2: `open`"),
        ("def f(doc):\n    return g(doc)\ndef g(doc):\n    return doc.encode('utf8')\n", "line 4: the method `encode`"),
        ("import os\ndef f(doc):\n    return os.system('x')\n", "line 3: `os.system`"),
        ("class A:\n    pass\ndef f(doc):\n    return A()\n", "line 1: a class"),
        ("def f(doc):\n    yield doc\n", "line 2: `yield`"),
        ("def g(doc):\n    return doc\n", "there is no `f`"),
        ("def f(doc):\n    return (1\n", "not closed"),
        ("@g\ndef f(doc):\n    return 1\ndef g(x):\n    return x\n", "decorator of `f`"),
        ("names = {}\nglobals().update(names)\n", "there is no `f`"),
    ] {
        let problem = field(source, "{}").unwrap_err();
        assert!(problem.contains(expected), "{source}: {problem}");
    }
    // What the function does not need may be anything.
    let source =
        "import torch\nimport evaluate\nx = evaluate.load('y')\nclass A:\n    pass\ndef f(doc):\n    return 1\n";
    assert_eq!(field(source, "{}").unwrap(), "1");
}

#[test]
fn what_fails_while_it_runs_names_the_exception_file_line_and_document() {
    let problem = field("def f(doc):\n    return doc['b']\n", r#"{"a": 1}"#).unwrap_err();
    assert!(problem.contains("utils.py: line 2: KeyError: 'b'"), "{problem}");
    let source = "def f(dataset):\n    return dataset.map(lambda d: {'x': int(d['t'])})\n";
    let problem = rows(source, &[r#"{"t": "1"}"#, r#"{"t": "one"}"#]).unwrap_err();
    assert!(problem.contains("document 1:") && problem.contains("ValueError"), "{problem}");
    let source = "def f(dataset):\n    return dataset.map(lambda d: {'x': d['t'] or 'none'})\n";
    let problem = rows(source, &[r#"{"t": 1}"#, r#"{"t": 0}"#]).unwrap_err();
    assert!(problem.contains("`x`: a column holds both"), "{problem}");
}

#[test]
fn scripts_are_bounded_and_leave_nothing_to_chance() {
    for (source, expected) in [
        ("def f(doc):\n    while True:\n        pass\n", "too many steps"),
        ("def f(doc):\n    return 'a' * 10 ** 12\n", "too much memory"),
        ("def f(doc):\n    return f(doc)\n", "nested too deeply"),
        ("def f(doc):\n    return 2 ** 64\n", "beyond 64 bits"),
        ("def f(doc):\n    return list({'a', 'b'})\n", "the order of a set"),
        (
            "def f(doc):\n    try:\n        return ''.join({'a', 'b'})\n    except Exception:\n        return 1\n",
            "the order of a set",
        ),
    ] {
        let problem = field(source, "{}").unwrap_err();
        assert!(problem.contains(expected), "{source}: {problem}");
    }
}

#[test]
fn a_document_that_a_function_changes_is_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let script = read(folder.path(), "def f(doc):\n    doc['a'].sort()\n    return doc['a'][0]\n", "f").unwrap();
    let (value, after) = script.of_document(&World::default(), &document(r#"{"a": [2, 1]}"#)).unwrap();
    assert_eq!((value, after.unwrap().to_json()), (Value::Int(1), r#"{"a": [1, 2]}"#.to_owned()));
}

#[test]
fn a_changed_file_has_another_digest() {
    let folder = tempfile::tempdir().unwrap();
    let first = read(folder.path(), "def f(doc):\n    return 1\n", "f").unwrap();
    let second = read(folder.path(), "def f(doc):\n    return 2\n", "f").unwrap();
    assert!(first != second && first.digest() != second.digest());
}

#[test]
fn scores_come_from_process_results_and_aggregations() {
    let folder = tempfile::tempdir().unwrap();
    let source = "def f(doc, results):\n    (first, greedy), second = results[0], results[1]\n    return {'acc': \
                  float(first > second[0]), 'pair': (doc['gold'], greedy)}\ndef total(items):\n    golds, flags = \
                  zip(*items)\n    return sum(golds) / len(flags)\n";
    let script = read(folder.path(), source, "f").unwrap();
    let answer = |log: f64| Value::List(vec![log.into(), true.into()]);
    let scores = script.of_answers(&document(r#"{"gold": 3}"#), &[answer(-1.0), answer(-2.0)], true).unwrap();
    assert_eq!(Value::Map(scores).to_json(), r#"{"acc": 1.0, "pair": [3, true]}"#);
    let total = Script::read(folder.path(), "utils.total").unwrap();
    let pair = |gold: i64| Value::List(vec![gold.into(), true.into()]);
    assert_eq!(total.of_scores(&[pair(1), pair(4)]).unwrap(), 2.5);
}

#[test]
fn a_task_runs_with_functions_for_documents_prompts_scores_and_results() {
    use super::super::{Draw, Library};
    use crate::harness::request::Response;

    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("sums.jsonl", "{\"a\": 2, \"b\": 3}\n{\"a\": 1, \"b\": 9}\n{\"a\": 0, \"b\": 0}\n");
    write(
        "utils.py",
        "def docs(dataset):\n    return dataset.filter(lambda d: d['a'] > 0).map(lambda d: {'sum': d['a'] + d['b']})\n\
         def text(doc):\n    return f\"{doc['a']} + {doc['b']} =\"\n\
         def results(doc, results):\n    return {'right': int(results[0].strip() == str(doc['sum'])), 'length': \
         len(results[0])}\n\
         def share(items):\n    return 100 * sum(items) / len(items)\n",
    );
    let task = "task: sums\ndataset_path: json\ndataset_kwargs: {data_files: {test: sums.jsonl}}\ntest_split: test\n\
                process_docs: !function utils.docs\ndoc_to_text: !function utils.text\ndoc_to_target: sum\n\
                process_results: !function utils.results\nmetric_list:\n  - metric: right\n    aggregation: !function \
                utils.share\n    higher_is_better: true\n";
    write("sums.yaml", task);
    let mut library = Library::built_in().unwrap();
    library.add(folder.path()).unwrap();
    let selection = library.select(&["sums".to_owned()], None).unwrap();
    let task = &selection.tasks[0];
    let items = task.items(&Draw::default()).unwrap();
    assert_eq!(items.items.iter().map(|item| item.prompt()).collect::<Vec<_>>(), ["2 + 3 =", "1 + 9 ="]);
    let answers = [" 5", " 11"].map(|answer| vec![Response::Generated(answer.to_owned())]);
    let scored: Vec<_> =
        items.items.iter().zip(&answers).map(|(item, answer)| task.score(item, answer).unwrap()).collect();
    let results = task.aggregate(&scored).unwrap();
    let values: Vec<(&str, f64)> = results.iter().map(|metric| (metric.name.as_str(), metric.value)).collect();
    // What the function gives beside the metrics that are named is averaged.
    assert_eq!(values, [("right", 50.0), ("length", 2.5)]);
    let before = task.hash();
    write("utils.py", &(std::fs::read_to_string(folder.path().join("utils.py")).unwrap() + "# changed\n"));
    let changed = library.select(&["sums".to_owned()], None).unwrap();
    assert_ne!(changed.tasks[0].hash(), before);
}
