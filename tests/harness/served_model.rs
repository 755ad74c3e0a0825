//! A model behind a server and the same model in this process give the same scores.
#![cfg(feature = "models")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use onset::harness::request::{Request, Respond, Response};
use onset::harness::runner::{Encoder, Limits, LocalModel};
use onset::harness::server::{Server, ServerSettings};
use onset::harness::tasks::{Draw, Library};
use onset::lm::{LanguageModel, LoadedModel, Passage, Placement, Query};
use onset::registry::Limit;
use serde_json::{Value, json};

use crate::support;

/// Sums of single-precision logarithms in another order.
const ROUNDING: f64 = 1e-4;

fn fixture(path: &str) -> PathBuf {
    support::fixture("evaluate").join(path)
}

/// Answers as a completions server does: the prompt's tokens with their probabilities, and greedy text.
fn complete(model: &LoadedModel, asked: &Value) -> Value {
    let tokenizer = model.tokenizer.as_ref().expect("a tokenizer");
    let prompt = asked["prompt"].as_str().expect("a prompt");
    let ids = tokenizer.encode(prompt, false).expect("tokens");
    let text = |ids: &[u32]| tokenizer.decode(ids, false).expect("text");
    if asked["echo"] != true {
        let mut all = ids.clone();
        for _ in 0..asked["max_tokens"].as_u64().expect("a number") {
            let best = likeliest(model, &all, all.len() - 1)[0];
            if Some(best) == tokenizer.eos {
                break;
            }
            all.push(best);
        }
        return json!({"choices": [{"text": text(&all[ids.len()..])}]});
    }
    let best = likeliest(model, &ids, 0);
    let wanted = |at: usize| vec![ids[at + 1], best[at]];
    let questions: Vec<Query> =
        (0..ids.len() - 1).map(|after| Query { after, tokens: wanted(after), logits: false }).collect();
    let mut reading = [Passage { tokens: &ids, cache: None, questions: &questions }];
    let answers = model.decoder.read(&mut reading).expect("answers").remove(0);
    let mut values = vec![Value::Null];
    let mut tops = vec![Value::Null];
    for answer in &answers {
        values.push(answer.log_probabilities[0].into());
        tops.push(json!({ "own": answer.log_probabilities[0], "best": answer.log_probabilities[1] }));
    }
    // The one token that was asked for, after the prompt.
    values.push((-0.5).into());
    tops.push(json!({ "next": -0.5 }));
    let mut tokens: Vec<String> = ids.iter().map(|id| text(&[*id])).collect();
    tokens.push("next".into());
    let whole = format!("{prompt}next");
    json!({
        "choices": [{"text": whole, "logprobs": {"tokens": tokens, "token_logprobs": values, "top_logprobs": tops}}],
        "usage": {"prompt_tokens": ids.len(), "completion_tokens": 1},
    })
}

/// The likeliest tokens after each from place `from` on.
fn likeliest(model: &LoadedModel, ids: &[u32], from: usize) -> Vec<u32> {
    let questions: Vec<Query> =
        (from..ids.len()).map(|after| Query { after, tokens: Vec::new(), logits: false }).collect();
    let mut reading = [Passage { tokens: ids, cache: None, questions: &questions }];
    model.decoder.read(&mut reading).expect("answers").remove(0).iter().map(|answer| answer.best).collect()
}

/// Calls `ask` with the address of a server for the model. A faulty one answers some requests with status 500 and breaks
/// off some answers.
fn served<T>(model: &LoadedModel, faulty: bool, ask: impl FnOnce(&str) -> T) -> T {
    let listening = Arc::new(tiny_http::Server::http("127.0.0.1:0").expect("a free port"));
    let url = format!("http://{}", listening.server_addr());
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            while !stop.load(Ordering::Relaxed) {
                let Ok(mut request) = listening.recv() else { continue };
                number += 1;
                let asked: Value = serde_json::from_reader(request.as_reader()).expect("JSON");
                let answer = complete(model, &asked).to_string();
                let sent = match number % 11 {
                    4 if faulty => tiny_http::Response::from_string("out of memory").with_status_code(500),
                    8 if faulty => tiny_http::Response::from_string(&answer[..answer.len() / 2]),
                    _ => tiny_http::Response::from_string(answer),
                };
                // A client that was stopped is no fault of the server.
                request.respond(sent).unwrap_or(());
            }
        });
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| ask(&url)));
        stop.store(true, Ordering::Relaxed);
        listening.unblock();
        outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn neox() -> LoadedModel {
    LoadedModel::load(&fixture("models/neox-bytelevel"), &Placement::default()).expect("a model")
}

fn onset(arguments: &[&str]) -> (Option<i32>, String, String) {
    let run = support::onset(arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (run.status.code(), text(&run.stdout), text(&run.stderr))
}

/// Benchmark, metric, value, items and shots of every row of a table of observations.
fn scores(table: &str) -> Vec<(String, f64)> {
    let mut lines = table.lines();
    let head: Vec<&str> = lines.next().expect("a head").split(',').collect();
    let at = |name: &str| head.iter().position(|column| *column == name).expect("a column");
    let named = ["benchmark", "metric", "items", "shots", "adjustment", "examples"].map(at);
    let value = at("value");
    let row = |line: &str| {
        // Metrics with a filter have a comma, and quotation marks for it.
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
        let cells = reader.records().next().expect("a row").expect("CSV");
        (named.map(|at| cells[at].to_owned()).join(" "), cells[value].parse().expect("a number"))
    };
    lines.map(row).collect()
}

#[test]
fn the_command_gives_a_served_model_the_scores_it_has_on_this_machine() {
    let (folder, model) = (tempfile::tempdir().expect("a folder"), neox());
    let (tasks, data) = (fixture("tasks"), fixture("data"));
    let common = |out: &str| -> Vec<String> {
        let out = folder.path().join(out);
        let own = ["--tasks", "toy_mc,toy_cloze,toy_math", "--limit", "2", "--format", "csv", "--name", "neox"];
        let mut all: Vec<String> = own.map(str::to_owned).into();
        for (name, path) in [("--task-dir", &tasks), ("--data", &data), ("--out", &out)] {
            all.extend([name.to_owned(), path.to_str().expect("UTF-8").to_owned()]);
        }
        all
    };
    let evaluate = |first: &[&str], out: &str| {
        let more = common(out);
        onset(&["evaluate"].iter().chain(first).copied().chain(more.iter().map(String::as_str)).collect::<Vec<_>>())
    };
    let path = fixture("models/neox-bytelevel");
    let (code, here, said) = evaluate(&[path.to_str().expect("UTF-8")], "here");
    assert_eq!(code, Some(0), "{said}");
    let there = |url: &str| evaluate(&["--server", url, "--served-model", "anything", "--concurrency", "3"], "there");
    // The answers of this one are kept for the next, which has the same name at another address.
    let (code, first, said) = served(&model, true, there);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(scores(&first).len(), scores(&here).len());
    for ((name, value), (expected_name, expected)) in scores(&first).into_iter().zip(scores(&here)) {
        assert_eq!(name, expected_name);
        assert!((value - expected).abs() < ROUNDING, "{name}: {value} there, {expected} here");
    }
    let silent = served(&model, false, |url| {
        let (code, again, said) = there(url);
        assert_eq!(code, Some(0), "{said}");
        again
    });
    assert_eq!(silent, first);
    for wrong in [&["--server", "http://x"][..], &["m", "--server", "http://x", "--served-model", "m"], &[]] {
        assert_eq!(evaluate(wrong, "wrong").0, Some(2));
    }
}

#[test]
fn a_study_asks_a_server_and_goes_on_when_it_is_back() {
    let (folder, model) = (tempfile::tempdir().expect("a folder"), neox());
    let study = |url: &str, path: &str| {
        let show = |path: PathBuf| path.display().to_string();
        let text = format!(
            "[study]\nname = \"served\"\noutput = \"out\"\n[[models]]\nname = \"here\"\nparams = 1e5\ntokens = 1e6\n\
             path = \"{}\"\n[[models]]\nname = \"there\"\nparams = 1e5\ntokens = 1e6\nserver = \"{url}\"\n\
             served_model = \"neox\"\nconcurrency = 3\n[evaluation]\ntasks = [\"toy_mc\", \"toy_math\"]\nlimit = 2\n\
             include = [\"{}\"]\ndata = \"{}\"\n",
            show(fixture("models/neox-bytelevel")),
            show(fixture("tasks")),
            show(fixture("data"))
        );
        let file = folder.path().join(path);
        std::fs::write(&file, text).expect("written");
        onset(&["study", "run", file.to_str().expect("UTF-8")])
    };
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port");
    let (code, _, said) = study(&format!("http://{free}"), "study.toml");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("there--seed0: FAILED: ") && said.contains("here--seed0: done"), "{said}");
    let (code, _, said) = served(&model, true, |url| study(url, "study.toml"));
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("1 cells done, 1 done before"), "{said}");
    let table = std::fs::read_to_string(folder.path().join("out/tables/evaluations.csv")).expect("a table");
    let of = |model: &str| -> Vec<(String, f64)> {
        let rows = table.lines().enumerate().filter(|(at, line)| *at == 0 || line.starts_with(model));
        scores(&rows.map(|(_, line)| line).collect::<Vec<_>>().join("\n"))
    };
    assert_eq!(of("here,").len(), of("there,").len());
    for ((name, here), (_, there)) in of("here,").into_iter().zip(of("there,")) {
        assert!((here - there).abs() < ROUNDING, "{name}: {here} here, {there} there");
    }
}

#[test]
fn a_served_model_answers_as_it_does_in_this_process() {
    let model = neox();
    let tokenizer = model.tokenizer.as_ref().expect("a tokenizer");
    let mut library = Library::built_in().expect("definitions");
    library.add(&fixture("tasks")).expect("tasks");
    let names = ["toy_mc".to_owned(), "toy_cloze".to_owned(), "toy_math".to_owned()];
    let selection = library.select(&names, Some(&fixture("data"))).expect("a selection");
    let draw = Draw { limit: Limit::new(2.0).ok(), ..Draw::default() };
    let items = selection.tasks.iter().flat_map(|task| task.items(&draw).expect("items").items);
    let requests: Vec<Request> = items.flat_map(|item| item.requests).collect();
    assert!(requests.iter().any(|request| matches!(request, Request::Generate { .. })));

    let collect = |answerer: &mut dyn Respond| {
        let mut answers = vec![None; requests.len()];
        answerer
            .respond(&requests, &mut |index, answer| {
                answers[index] = Some(answer);
                Ok(())
            })
            .expect("answers");
        answers.into_iter().map(|answer| answer.expect("every answer")).collect::<Vec<Response>>()
    };
    let encoder = Encoder::new(tokenizer, 1024).expect("an encoder");
    let here = collect(&mut LocalModel::new(&model.decoder, tokenizer, encoder, Limits::default()));

    let there = served(&model, false, |url| {
        // The small server has four threads for connections, and one that waits for a fifth waits for ever.
        let settings = ServerSettings { concurrency: 3, ..ServerSettings::default() };
        let mut server = Server::connect(url, "neox", &settings).expect("a good server");
        collect(&mut server)
    });
    for ((request, here), there) in requests.iter().zip(here).zip(there) {
        match (here, there) {
            (Response::LogLikelihood { value: a, greedy: g }, Response::LogLikelihood { value: b, greedy: h }) => {
                assert!((a - b).abs() < ROUNDING && g == h, "{a} {g} here, {b} {h} there: {request:?}");
            }
            (here, there) => assert_eq!(here, there, "{request:?}"),
        }
    }
}
