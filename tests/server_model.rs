//! A model behind a server and the same model in this process give the same scores.
#![cfg(feature = "models")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use onset::harness::request::{Request, Respond, Response};
use onset::harness::runner::{Encoder, Limits, Local};
use onset::harness::server::{Server, Settings};
use onset::harness::tasks::{Draw, Library};
use onset::lm::{LanguageModel, Model, Placement, Question, Reading};
use serde_json::{Value, json};

/// Sums of single-precision logarithms in another order.
const ROUNDING: f64 = 1e-4;

fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/evaluate").join(path)
}

/// Answers as a completions server does: the prompt's tokens with their probabilities, and greedy text.
fn complete(model: &Model, asked: &Value) -> Value {
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
    let questions: Vec<Question> =
        (0..ids.len() - 1).map(|after| Question { after, tokens: wanted(after), logits: false }).collect();
    let mut reading = [Reading { tokens: &ids, cache: None, questions: &questions }];
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
fn likeliest(model: &Model, ids: &[u32], from: usize) -> Vec<u32> {
    let questions: Vec<Question> =
        (from..ids.len()).map(|after| Question { after, tokens: Vec::new(), logits: false }).collect();
    let mut reading = [Reading { tokens: ids, cache: None, questions: &questions }];
    model.decoder.read(&mut reading).expect("answers").remove(0).iter().map(|answer| answer.best).collect()
}

#[test]
fn a_served_model_answers_as_it_does_in_this_process() {
    let model = Model::load(&fixture("models/neox-bytelevel"), &Placement::default()).expect("a model");
    let tokenizer = model.tokenizer.as_ref().expect("a tokenizer");
    let mut library = Library::built_in().expect("definitions");
    library.add(&fixture("tasks")).expect("tasks");
    let names = ["toy_mc".to_owned(), "toy_cloze".to_owned(), "toy_math".to_owned()];
    let selection = library.select(&names, Some(&fixture("data"))).expect("a selection");
    let draw = Draw { limit: Some(2), ..Draw::default() };
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
    let here = collect(&mut Local::new(&model.decoder, tokenizer, encoder, Limits::default()));

    let listening = Arc::new(tiny_http::Server::http("127.0.0.1:0").expect("a free port"));
    let url = format!("http://{}", listening.server_addr());
    let stop = AtomicBool::new(false);
    let there = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                let Ok(mut request) = listening.recv() else { continue };
                let asked: Value = serde_json::from_reader(request.as_reader()).expect("JSON");
                let answer = complete(&model, &asked).to_string();
                request.respond(tiny_http::Response::from_string(answer)).expect("sent");
            }
        });
        // The small server has four threads for connections, and one that waits for a fifth waits for ever.
        let settings = Settings { concurrency: 3, ..Settings::default() };
        let mut server = Server::connect(&url, "neox", &settings).expect("a good server");
        let there = collect(&mut server);
        stop.store(true, Ordering::Relaxed);
        listening.unblock();
        there
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
