//! The servers that people have: several at once, chats, token ids, and those that tell wrong probabilities.
#![cfg(feature = "models")]

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use onset::Error;
use onset::harness::request::{Request, Respond, Response};
use onset::harness::server::{Server, ServerApi, ServerSettings};
use serde_json::{Value, json};

use crate::support;

fn fixture(path: &str) -> PathBuf {
    support::fixture("evaluate").join(path)
}

/// A server that answers by a function of the path and what was asked; `None` is a refusal.
struct Scripted {
    url: String,
    seen: Arc<Mutex<Vec<(String, Value)>>>,
    stop: Arc<AtomicBool>,
    server: Arc<tiny_http::Server>,
    worker: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.server.unblock();
        let _ = self.worker.take().map(std::thread::JoinHandle::join);
    }
}

fn start(answer: impl Fn(&str, &Value) -> Result<Value, u16> + Send + 'static) -> Scripted {
    let server = Arc::new(tiny_http::Server::http("127.0.0.1:0").expect("a free port"));
    let url = format!("http://{}", server.server_addr());
    let (seen, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
    let worker = std::thread::spawn({
        let (server, seen, stop) = (server.clone(), seen.clone(), stop.clone());
        move || {
            while !stop.load(Ordering::Relaxed) {
                let Ok(mut request) = server.recv() else { continue };
                let asked: Value = serde_json::from_reader(request.as_reader()).unwrap_or(Value::Null);
                let path = request.url().to_owned();
                let sent = match answer(&path, &asked) {
                    Ok(answer) => request.respond(tiny_http::Response::from_string(answer.to_string())),
                    Err(status) => request.respond(tiny_http::Response::from_string("no").with_status_code(status)),
                };
                seen.lock().expect("no panic").push((path, asked));
                // A client that has given up is no fault of the server.
                sent.unwrap_or(());
            }
        }
    });
    Scripted { url, seen, stop, server, worker: Some(worker) }
}

fn quick() -> ServerSettings {
    let back_off = std::time::Duration::from_millis(2);
    ServerSettings { concurrency: 2, attempts: 2, back_off, ..ServerSettings::default() }
}

/// Completions of words: the log-probability of a token is minus its length, with `shift` for another model.
fn words(asked: &Value, shift: f64, misaligned: bool) -> Value {
    let prompt = asked["prompt"].as_str().expect("text");
    let mut all: Vec<String> = prompt.split_inclusive(' ').map(str::to_owned).collect();
    let count = all.len();
    if asked["echo"] != true {
        let value = -9.0 - shift;
        let told = json!({"tokens": ["more"], "token_logprobs": [value], "top_logprobs": [{}]});
        return json!({"choices": [{"text": " more", "logprobs": told}]});
    }
    all.push("x".into());
    let value = |at: usize| -((if misaligned && at + 1 < all.len() { at + 1 } else { at }) as f64) - shift;
    let values: Vec<Value> = (0..all.len()).map(|at| if at == 0 { Value::Null } else { json!(value(at)) }).collect();
    let tops: Vec<Value> = all.iter().map(|_| json!({})).collect();
    let told = json!({"tokens": all, "token_logprobs": values, "top_logprobs": tops});
    json!({"choices": [{"text": "", "logprobs": told}], "usage": {"prompt_tokens": count}})
}

fn asked(context: &str, continuation: &str) -> Request {
    Request::LogLikelihood { context: context.into(), continuation: continuation.into() }
}

fn answers(server: &mut dyn Respond, requests: &[Request]) -> Result<Vec<Response>, Error> {
    let mut found = vec![None; requests.len()];
    server.respond(requests, &mut |index, answer| {
        assert!(found[index].replace(answer).is_none(), "answer {index} came twice");
        Ok(())
    })?;
    Ok(found.into_iter().map(|answer| answer.expect("every answer")).collect())
}

#[test]
fn several_servers_share_the_work_and_one_that_goes_away_loses_nothing() {
    let good = start(|_, asked| Ok(words(asked, 0.0, false)));
    let count = AtomicUsize::new(0);
    // Three probes and two questions, then nothing more.
    let dying = start(move |_, asked| match count.fetch_add(1, Ordering::SeqCst) {
        0..5 => Ok(words(asked, 0.0, false)),
        _ => Err(503),
    });
    let mut server = Server::connect_all(&[&dying.url, &good.url], "m", &quick()).expect("two servers");
    let requests: Vec<Request> = (0..30).map(|n| asked(&format!("question {n} is "), "this")).collect();
    let found = answers(&mut server, &requests).expect("all answers");
    assert_eq!(found.len(), 30);
    assert!(found.iter().all(|answer| matches!(answer, Response::LogLikelihood { .. })));
    assert!(dying.seen.lock().expect("no panic").len() > 5, "it was asked until it was gone");
}

#[test]
fn servers_of_two_models_are_not_mixed() {
    let (one, other) = (start(|_, asked| Ok(words(asked, 0.0, false))), start(|_, asked| Ok(words(asked, 2.0, false))));
    let error = Server::connect_all(&[&one.url, &other.url], "m", &quick()).expect_err("two models").to_string();
    assert!(error.contains("do not serve the same model"), "{error}");
}

#[test]
fn all_servers_gone_is_an_error_and_not_a_short_list() {
    let of = || {
        let count = AtomicUsize::new(0);
        start(move |_, asked| match count.fetch_add(1, Ordering::SeqCst) {
            0..4 => Ok(words(asked, 0.0, false)),
            _ => Err(503),
        })
    };
    let (one, other) = (of(), of());
    let mut server = Server::connect_all(&[&one.url, &other.url], "m", &quick()).expect("two servers");
    let requests: Vec<Request> = (0..9).map(|n| asked(&format!("question {n} is "), "this")).collect();
    let error = answers(&mut server, &requests).expect_err("nobody is left").to_string();
    assert!(error.contains("status 503"), "{error}");
}

#[test]
fn probabilities_of_the_next_token_are_found_out() {
    let running = start(|_, asked| Ok(words(asked, 0.0, true)));
    let mut server = Server::connect(&running.url, "m", &quick()).expect("it can write");
    let error = answers(&mut server, &[asked("a ", "b")]).expect_err("it cannot score").to_string();
    assert!(error.contains("other log-probabilities when it reads them"), "{error}");
}

fn chat(path: &str, asked: &Value) -> Result<Value, u16> {
    if path != "/base/v1/chat/completions" {
        return Err(404);
    }
    let turns = asked["messages"].as_array().expect("turns");
    let last = turns[turns.len() - 1]["content"].as_str().expect("text");
    let said = format!("{} turns, {}\nmore", turns.len(), last.len());
    Ok(json!({"choices": [{"message": {"role": "assistant", "content": said}, "finish_reason": "stop"}]}))
}

#[test]
fn a_chat_writes_and_refuses_to_score() {
    let running = start(chat);
    let settings = ServerSettings { api: ServerApi::Chat, ..quick() };
    let url = format!("{}/base", running.url);
    let mut server = Server::connect(&url, "m", &settings).expect("a chat");
    let write = Request::Generate { context: "four".into(), until: vec!["\n".into()], max_tokens: 9 };
    let found = answers(&mut server, std::slice::from_ref(&write)).expect("an answer");
    assert_eq!(found, [Response::Generated("1 turns, 4".into())]);
    let before = running.seen.lock().expect("no panic").len();
    let error = answers(&mut server, &[write, asked("a", " b")]).expect_err("a chat cannot score");
    assert!(matches!(&error, Error::Unsupported { .. }), "{error}");
    assert!(error.to_string().contains("chat/completions") && error.to_string().contains("generate_until"), "{error}");
    assert_eq!(running.seen.lock().expect("no panic").len(), before, "nothing was asked before that was found");
}

fn onset(arguments: &[&str]) -> (Option<i32>, String, String) {
    let run = support::onset(arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (run.status.code(), text(&run.stdout), text(&run.stderr))
}

/// `onset evaluate` with the tasks of the fixtures.
fn evaluate(tasks: &str, out: &std::path::Path, more: &[&str]) -> (Option<i32>, String, String) {
    let show = |path: PathBuf| path.display().to_string();
    let (definitions, data, out) = (show(fixture("tasks")), show(fixture("data")), out.display().to_string());
    let own = [
        "evaluate",
        "--tasks",
        tasks,
        "--task-dir",
        &definitions,
        "--data",
        &data,
        "--out",
        &out,
        "--limit",
        "2",
        "--concurrency",
        "3",
    ];
    onset(&own.into_iter().chain(more.iter().copied()).collect::<Vec<_>>())
}

#[test]
fn the_command_asks_a_chat_in_turns_with_a_key_from_a_file_that_no_file_shows() {
    let folder = tempfile::tempdir().expect("a folder");
    let running = start(chat);
    let url = format!("{}/base", running.url);
    let key = folder.path().join("key");
    std::fs::write(&key, "sk-very-secret\n").expect("written");
    let key = key.to_str().expect("UTF-8").to_owned();
    let out = folder.path().join("out");
    let common = ["--server", &url, "--served-model", "m", "--server-api", "chat", "--api-key-file", &key];
    let (code, _, said) = evaluate("toy_math", &out, &[&common[..], &["--system-instruction", "Be brief."]].concat());
    assert_eq!(code, Some(0), "{said}");
    let seen = running.seen.lock().expect("no panic").clone();
    let turns = seen.last().expect("a question").1["messages"].as_array().expect("turns").clone();
    assert_eq!(turns[0]["role"], "system");
    assert!(turns[0]["content"].as_str().is_some_and(|text| text.starts_with("Be brief.")), "{turns:?}");
    assert_eq!(turns[turns.len() - 1]["role"], "user");
    for entry in std::fs::read_dir(out.join("m")).expect("a folder") {
        let text = std::fs::read_to_string(entry.expect("an entry").path()).expect("text");
        assert!(!text.contains("very-secret"));
    }
    let (code, _, said) = evaluate("toy_mc", &out, &common);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("task `toy_mc`") && said.contains("chat/completions"), "{said}");
    // What the server would not hear of is no part of the question.
    let switched = [&common[..], &["--chat-template-args", "enable_thinking=false"]].concat();
    let (code, _, said) = evaluate("toy_math", &out, &switched);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("--chat-template-args"), "{said}");
}

#[test]
fn a_server_that_takes_token_ids_gets_those_of_the_model_s_folder_and_no_token_more() {
    let model = fixture("models/neox-bytelevel");
    let loaded = onset::lm::LoadedModel::load(&model, &onset::lm::Placement::default()).expect("a model");
    let tokenizer = loaded.tokenizer.clone().expect("a tokenizer");
    let of_ids = move |path: &str, asked: &Value| {
        if path == "/tokenize" {
            let ids = tokenizer.encode(asked["prompt"].as_str().expect("text"), false).expect("ids");
            return Ok(json!({"count": ids.len(), "tokens": ids}));
        }
        if path == "/v1/models" {
            return Ok(json!({"data": [{"id": "m", "max_model_len": 512}]}));
        }
        // A server that puts a token before texts.
        let ids: Vec<u32> = match &asked["prompt"] {
            Value::String(text) => [vec![0], tokenizer.encode(text, false).expect("ids")].concat(),
            ids => serde_json::from_value(ids.clone()).expect("ids"),
        };
        if asked["echo"] != true {
            return Ok(json!({"choices": [{"text": " 4"}], "usage": {"prompt_tokens": ids.len()}}));
        }
        let mut tokens: Vec<String> = ids.iter().map(|id| tokenizer.decode(&[*id], false).expect("text")).collect();
        tokens.push("x".into());
        let values: Vec<Value> =
            (0..tokens.len()).map(|at| if at == 0 { Value::Null } else { json!(-(at as f64) / 64.0) }).collect();
        let tops: Vec<Value> = tokens.iter().map(|_| json!({})).collect();
        let told = json!({"tokens": tokens, "token_logprobs": values, "top_logprobs": tops});
        Ok(json!({"choices": [{"text": "", "logprobs": told}], "usage": {"prompt_tokens": ids.len()}}))
    };
    let running = start(of_ids);
    let folder = tempfile::tempdir().expect("a folder");
    let path = model.to_str().expect("UTF-8");
    let common = ["--server", &running.url, "--served-model", "m", "--tokenizer", path];
    let (code, _, said) = evaluate("toy_mc,toy_math", folder.path(), &common);
    assert_eq!(code, Some(0), "{said}");
    let seen = running.seen.lock().expect("no panic").clone();
    let questions: Vec<&Value> =
        seen.iter().filter(|(path, _)| path == "/v1/completions").map(|(_, asked)| &asked["prompt"]).collect();
    let texts = questions.iter().filter(|prompt| prompt.is_string()).count();
    assert!(texts <= 3, "only the probes are text: {texts}");
    assert!(questions.len() > 6 && questions.iter().skip(4).all(|prompt| prompt.is_array()), "{questions:?}");

    // The tokenizer of another model.
    let other = fixture("models/gemma-metaspace");
    let common = ["--server", &running.url, "--served-model", "m", "--tokenizer", other.to_str().expect("UTF-8")];
    let (code, _, said) = evaluate("toy_mc", folder.path(), &common);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("its tokenizer is not that of --tokenizer"), "{said}");
}
