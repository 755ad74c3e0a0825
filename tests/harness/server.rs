//! Models behind a completions server, against a small server that can misbehave.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use onset::Error;
use onset::harness::request::{Request, Respond, Response};
use onset::harness::server::{Server, ServerSettings};
use serde_json::{Value, json};

use crate::support::{PATIENCE, until};

/// Sums of a few logarithms that went through JSON and back agree to the last bits.
const ROUNDING: f64 = 1e-9;

/// What a server does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Status 500.
    Broken,
    /// Status 429 with a pause of no seconds.
    Busy,
    /// Half of the JSON.
    Truncated,
    /// An answer after the client's time-out.
    Slow,
    /// An answer that comes drop by drop, and is not there at the client's time-out.
    Dripping,
}

/// How a server answers when it does.
#[derive(Debug, Clone, Default)]
struct Manners {
    /// Faults before good answers, by request in order of arrival; the probes are requests 0 and 1.
    faults: BTreeMap<usize, Fault>,
    /// Leaves `logprobs` out.
    no_logprobs: bool,
    /// Sends the new text only.
    no_echo: bool,
    /// Sends null for every probability.
    null_logprobs: bool,
    /// Puts a token of its own before every prompt.
    begins: bool,
    /// Does not say how many tokens there are.
    no_usage: bool,
    /// Writes tokens as its vocabulary spells them.
    raw_spelling: bool,
    /// Refuses prompts with this word.
    refuses: Option<&'static str>,
    /// Says that the prompt has so many tokens more or fewer than it has.
    miscounts: i64,
    /// Answers as llama.cpp does: it does not hear `echo`, and tells the probabilities of new tokens in a layout of its own.
    llama_cpp: bool,
    /// Gives a token a probability above 1.
    impossible: bool,
    /// Never ends an answer.
    endless: bool,
    /// Takes so long for every answer.
    pause: Duration,
}

struct Running {
    url: String,
    server: Arc<tiny_http::Server>,
    seen: Arc<AtomicUsize>,
    most_at_once: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    workers: Vec<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for _ in &self.workers {
            self.server.unblock();
        }
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
    }
}

fn start(manners: Manners) -> Running {
    start_at("127.0.0.1:0", manners)
}

fn start_at(address: &str, manners: Manners) -> Running {
    let server = Arc::new(tiny_http::Server::http(address).expect("a free port"));
    let url = format!("http://{}", server.server_addr());
    let (seen, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let (at_once, most_at_once) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let workers = (0..4)
        .map(|_| {
            let (server, seen, stop, manners) = (server.clone(), seen.clone(), stop.clone(), manners.clone());
            let (at_once, most_at_once) = (at_once.clone(), most_at_once.clone());
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let Ok(request) = server.recv() else { continue };
                    let number = seen.fetch_add(1, Ordering::SeqCst);
                    most_at_once.fetch_max(at_once.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    serve(request, number, &manners);
                    at_once.fetch_sub(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    Running { url, server, seen, most_at_once, stop, workers }
}

fn serve(mut request: tiny_http::Request, number: usize, manners: &Manners) {
    let mut body = String::new();
    request.as_reader().read_to_string(&mut body).expect("a body");
    assert_eq!(request.url(), "/v1/completions");
    let asked: Value = serde_json::from_str(&body).expect("JSON");
    let prompt = asked["prompt"].as_str().expect("a prompt");
    if manners.refuses.is_some_and(|word| prompt.contains(word)) {
        let refusal = json!({"error": {"message": "this prompt is too long for the model"}}).to_string();
        return request.respond(tiny_http::Response::from_string(refusal).with_status_code(400)).unwrap_or(());
    }
    std::thread::sleep(manners.pause);
    let answer = complete(&asked, manners).to_string();
    let sent = match manners.faults.get(&number) {
        Some(Fault::Broken) => request.respond(tiny_http::Response::from_string("oops").with_status_code(500)),
        Some(Fault::Busy) => {
            let header = tiny_http::Header::from_bytes("Retry-After", "0").expect("a header");
            request.respond(tiny_http::Response::from_string("").with_status_code(429).with_header(header))
        }
        Some(Fault::Truncated) => request.respond(tiny_http::Response::from_string(&answer[..answer.len() / 2])),
        Some(Fault::Slow) => {
            std::thread::sleep(Duration::from_millis(1300));
            request.respond(tiny_http::Response::from_string(answer))
        }
        Some(Fault::Dripping) => {
            let length = Some(answer.len());
            let drops = Drops { text: answer.into_bytes(), at: 0 };
            request.respond(tiny_http::Response::new(200.into(), Vec::new(), drops, length, None))
        }
        None if manners.endless => {
            request.respond(tiny_http::Response::new(200.into(), Vec::new(), std::io::repeat(b' '), None, None))
        }
        None => request.respond(tiny_http::Response::from_string(answer)),
    };
    // A client that has given up is no fault of the server.
    sent.unwrap_or(());
}

/// Text of which the second half comes byte by byte.
struct Drops {
    text: Vec<u8>,
    at: usize,
}

impl std::io::Read for Drops {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let half = self.text.len() / 2;
        let wanted = if self.at < half { half - self.at } else { 1.min(self.text.len() - self.at) };
        if self.at >= half {
            std::thread::sleep(Duration::from_millis(10));
        }
        let length = wanted.min(buffer.len());
        buffer[..length].copy_from_slice(&self.text[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}

/// Words with the space before them, numbers digit by digit.
fn tokens(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut last = ' ';
    for c in text.chars() {
        let begins = match c {
            ' ' => true,
            c if c.is_alphabetic() => !(last.is_alphabetic() || last == ' ' && !found.is_empty()),
            _ => last != ' ' || found.is_empty(),
        };
        if begins || found.is_empty() {
            found.push(String::new());
        }
        if let Some(token) = found.last_mut() {
            token.push(c);
        }
        last = c;
    }
    found
}

/// ln p of a token after others: any fixed function of both will do.
fn log_probability(before: &[String], token: &str) -> f64 {
    let mut hash = 1469598103934665603u64;
    for byte in before.concat().bytes().chain(token.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(1099511628211);
    }
    -((hash >> 40) as f64 / 2e6) - 0.01
}

fn complete(asked: &Value, manners: &Manners) -> Value {
    let prompt = asked["prompt"].as_str().expect("a prompt");
    let mut of_prompt = tokens(prompt);
    if manners.begins {
        of_prompt.insert(0, "<s>".into());
    }
    if asked["echo"] != true {
        let words = [" red", " green", " blue", "\n", "Question", ":", " more"];
        let most = usize::try_from(asked["max_tokens"].as_u64().expect("a number")).expect("small");
        return json!({"choices": [{"text": words[..most.min(words.len())].concat()}]});
    }
    if manners.llama_cpp {
        let new = json!({"id": 5, "token": " next", "bytes": [32, 110], "logprob": -0.1, "top_logprobs": []});
        return json!({
            "choices": [{"text": " next", "index": 0, "logprobs": {"content": [new]}, "finish_reason": "length"}],
            "object": "text_completion",
            "usage": {"prompt_tokens": of_prompt.len(), "completion_tokens": 1},
        });
    }
    let all = [&of_prompt[..], &[" next".to_owned()]].concat();
    let shown = if manners.no_echo { &all[of_prompt.len()..] } else { &all[..] };
    let (mut values, mut tops) = (Vec::new(), Vec::new());
    for (index, token) in all.iter().enumerate().skip(all.len() - shown.len()) {
        let value = log_probability(&all[..index], token);
        // Every third token is not the likeliest.
        let top = if index % 3 == 0 { json!({ token: value, "other": -0.001 }) } else { json!({ token: value }) };
        let silent = manners.null_logprobs || index == 0;
        let value = if manners.impossible { 0.5 } else { value };
        values.push(if silent { Value::Null } else { json!(value) });
        tops.push(if silent { Value::Null } else { top });
    }
    let spelled = |token: &String| if manners.raw_spelling { token.replace(' ', "▁") } else { token.clone() };
    let shown: Vec<String> = shown.iter().map(spelled).collect();
    let mut answer = json!({
        "choices": [{
            "text": all.concat(),
            "logprobs": {"tokens": shown, "token_logprobs": values, "top_logprobs": tops},
        }],
        "usage": {"prompt_tokens": of_prompt.len() as i64 + manners.miscounts, "completion_tokens": 1},
    });
    if manners.no_usage {
        answer.as_object_mut().expect("an object").remove("usage");
    }
    if manners.no_logprobs {
        answer["choices"][0]["logprobs"] = Value::Null;
    }
    answer
}

/// What the server's model says, computed here.
fn expected(context: &str, continuation: &str, begins: bool) -> (f64, bool) {
    let mut all = tokens(&format!("{context}{continuation}"));
    let mut from = tokens(context).len();
    if begins {
        all.insert(0, "<s>".into());
        from += 1;
    }
    let value = (from..all.len()).map(|index| log_probability(&all[..index], &all[index])).sum();
    (value, (from..all.len()).all(|index| index % 3 != 0))
}

fn quick() -> ServerSettings {
    ServerSettings {
        // The small server has four threads for connections; one is for those that were given up.
        concurrency: 3,
        attempts: 4,
        timeout: Duration::from_secs(1),
        back_off: Duration::from_millis(5),
        ..ServerSettings::default()
    }
}

fn asked(context: &str, continuation: &str) -> Request {
    Request::LogLikelihood { context: context.into(), continuation: continuation.into() }
}

fn questions() -> Vec<(String, &'static str)> {
    (0..24).map(|n| (format!("Question {n}: what is it? Answer:"), [" a dog", " a cat", " 12"][n % 3])).collect()
}

fn answers(server: &mut Server, requests: &[Request]) -> Result<Vec<Response>, Error> {
    let found = Mutex::new(vec![None; requests.len()]);
    server.respond(requests, &mut |index, answer| {
        let twice = found.lock().expect("no panic")[index].replace(answer);
        assert!(twice.is_none(), "answer {index} came twice");
        Ok(())
    })?;
    Ok(found.into_inner().expect("no panic").into_iter().map(|answer| answer.expect("every answer")).collect())
}

fn agrees(manners: Manners) -> Running {
    let begins = manners.begins;
    let running = start(manners);
    let mut server = Server::connect(&running.url, "m", &quick()).expect("a good server");
    let requests: Vec<Request> = questions().iter().map(|(x, c)| asked(x, c)).collect();
    let found = answers(&mut server, &requests).expect("answers");
    for ((context, continuation), answer) in questions().iter().zip(found) {
        let (value, greedy) = expected(context, continuation, begins);
        match answer {
            Response::LogLikelihood { value: v, greedy: g } => {
                assert!((v - value).abs() < ROUNDING, "{context}{continuation}: {v} is not {value}");
                assert_eq!(g, greedy, "{context}{continuation}");
            }
            other => panic!("{other:?} was not asked for"),
        }
    }
    running
}

#[test]
fn log_likelihoods_are_those_of_the_model_behind_the_server() {
    let running = agrees(Manners { pause: Duration::from_millis(20), ..Manners::default() });
    assert_eq!(running.seen.load(Ordering::SeqCst), 26, "two probes, and one request per question");
    assert!(running.most_at_once.load(Ordering::SeqCst) > 1, "requests go side by side");
}

#[test]
fn a_token_at_the_beginning_of_every_prompt_changes_nothing() {
    agrees(Manners { begins: true, ..Manners::default() });
}

#[test]
fn a_server_that_does_not_count_tokens_is_understood() {
    agrees(Manners { no_usage: true, ..Manners::default() });
}

#[test]
fn errors_time_outs_and_broken_json_are_tried_again() {
    let faults = [
        (0, Fault::Broken),
        (3, Fault::Slow),
        (5, Fault::Truncated),
        (6, Fault::Busy),
        (9, Fault::Broken),
        (12, Fault::Dripping),
    ];
    let running = agrees(Manners { faults: faults.into(), ..Manners::default() });
    assert_eq!(running.seen.load(Ordering::SeqCst), 26 + faults.len());
}

#[test]
fn a_server_that_never_recovers_is_named_with_what_it_said() {
    let faults = (2..200).map(|n| (n, Fault::Broken)).collect();
    let running = start(Manners { faults, ..Manners::default() });
    let mut server = Server::connect(&running.url, "m", &quick()).expect("the probe is answered");
    let error = answers(&mut server, &[asked("a b", " c")]).expect_err("no answer ever").to_string();
    assert_eq!(error, format!("request 0: {}/v1: status 500: oops (tried 4 times)", running.url));
    assert_eq!(running.seen.load(Ordering::SeqCst), 6);
}

#[test]
fn a_refusal_is_not_tried_again_and_earlier_answers_stand() {
    let running = start(Manners { refuses: Some("enormous"), ..Manners::default() });
    let settings = ServerSettings { concurrency: 1, ..quick() };
    let mut server = Server::connect(&running.url, "m", &settings).expect("a good server");
    let requests = [asked("a b", " c"), asked("an enormous", " c"), asked("d e", " f")];
    let mut stood = Vec::new();
    let error = server
        .respond(&requests, &mut |index, _| {
            stood.push(index);
            Ok(())
        })
        .expect_err("the second is refused");
    let said = format!("request 1: {}/v1: status 400: this prompt is too long for the model", running.url);
    assert_eq!(error.to_string(), said);
    assert_eq!(stood.first(), Some(&0));
    assert!(!stood.contains(&1));
}

#[test]
fn an_answer_without_end_is_given_up() {
    let running = start(Manners { endless: true, ..Manners::default() });
    let settings = ServerSettings { timeout: Duration::from_secs(60), ..quick() };
    let error = Server::connect(&running.url, "m", &settings).expect_err("it never ends").to_string();
    assert!(error.contains("answer-bytes"), "{error}");
}

#[test]
fn the_layout_of_vllm_is_understood() {
    // As vLLM writes it for `echo`, `logprobs: 1` and `max_tokens: 1`: a token at the beginning, and nothing for it.
    let answer = json!({
        "id": "cmpl-1", "object": "text_completion", "model": "m",
        "choices": [{
            "index": 0, "text": "The sky is blue.", "finish_reason": "length", "stop_reason": null,
            "prompt_logprobs": null,
            "logprobs": {
                "text_offset": [0, 5, 8, 12, 15, 20],
                "tokens": ["<s>", "The", " sky", " is", " blue", "."],
                "token_logprobs": [null, -3.5, -1.25, -0.5, -0.75, -0.1],
                "top_logprobs": [null, {"The": -3.5, "I": -1.0}, {" sky": -1.25}, {" is": -0.5}, {" blue": -0.75}, {".": -0.1}],
            },
        }],
        "usage": {"prompt_tokens": 5, "total_tokens": 6, "completion_tokens": 1},
    });
    let server = Arc::new(tiny_http::Server::http("127.0.0.1:0").expect("a free port"));
    let url = format!("http://{}", server.server_addr());
    let probe = json!({"choices": [{"logprobs": {
        "tokens": ["<s>", "The quick brown fox jumps over the lazy", " dog", "."],
        "token_logprobs": [null, -9.0, -1.0, -1.0], "top_logprobs": [null, {}, {}, {}],
    }}]});
    let plain = json!({"choices": [{"text": " today"}]});
    let answers = [probe.to_string(), plain.to_string(), answer.to_string()];
    let serving = std::thread::spawn({
        let server = server.clone();
        move || {
            for answer in answers {
                let request = server.recv().expect("a request");
                request.respond(tiny_http::Response::from_string(answer)).expect("sent");
            }
        }
    });
    let mut server = Server::connect(&url, "m", &ServerSettings { concurrency: 1, ..quick() }).expect("a good server");
    let found = answers_of(&mut server, &[asked("The sky", " is blue")]);
    assert_eq!(found, [Response::LogLikelihood { value: -1.25, greedy: true }]);
    serving.join().expect("no panic");
}

#[test]
fn a_stop_ends_the_work_though_the_server_is_silent() {
    let faults = (2..200).map(|n| (n, Fault::Broken)).collect();
    let running = start(Manners { faults, ..Manners::default() });
    let settings = ServerSettings { attempts: 100, back_off: Duration::from_secs(3600), ..quick() };
    let stop = Arc::new(AtomicBool::new(false));
    let mut server = Server::connect(&running.url, "m", &settings).expect("the probe is answered").stop(&stop);
    let probes = running.seen.load(Ordering::SeqCst);
    let (says, hears) = std::sync::mpsc::channel();
    std::thread::spawn(move || says.send(answers(&mut server, &[asked("a b", " c")])));
    until("the first question", || running.seen.load(Ordering::SeqCst) > probes);
    stop.store(true, Ordering::Relaxed);
    let error = hears.recv_timeout(PATIENCE).expect("the stop is heard").expect_err("it was stopped");
    assert!(matches!(error, Error::Interrupted), "{error}");
}

#[test]
fn a_server_that_dies_and_comes_back_loses_nothing() {
    let first = start(Manners::default());
    let address = first.url.trim_start_matches("http://").to_owned();
    let settings = ServerSettings { attempts: 40, back_off: Duration::from_millis(50), concurrency: 2, ..quick() };
    let mut server = Server::connect(&first.url, "m", &settings).expect("a good server");
    drop(first);
    let back = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(400));
        start_at(&address, Manners::default())
    });
    let requests: Vec<Request> = questions().iter().map(|(x, c)| asked(x, c)).collect();
    let found = answers_of(&mut server, &requests);
    for ((context, continuation), answer) in questions().iter().zip(found) {
        let (value, _) = expected(context, continuation, false);
        assert!(matches!(answer, Response::LogLikelihood { value: v, .. } if (v - value).abs() < ROUNDING));
    }
    drop(back.join().expect("no panic"));
}

fn answers_of(server: &mut Server, requests: &[Request]) -> Vec<Response> {
    answers(server, requests).expect("answers")
}

#[test]
fn an_error_of_the_receiver_ends_the_work() {
    let running = start(Manners::default());
    let settings = ServerSettings { concurrency: 1, ..quick() };
    let mut server = Server::connect(&running.url, "m", &settings).expect("a good server");
    let requests: Vec<Request> = questions().iter().map(|(x, c)| asked(x, c)).collect();
    let error = server.respond(&requests, &mut |_, _| Err(Error::Argument("full".into()))).expect_err("it is full");
    assert_eq!(error.to_string(), "full");
    assert!(running.seen.load(Ordering::SeqCst) < requests.len());
}

#[test]
fn a_server_without_log_probabilities_of_prompts_is_refused() {
    for (manners, said) in [
        (Manners { no_logprobs: true, ..Manners::default() }, "no `logprobs`"),
        (
            Manners { no_echo: true, ..Manners::default() },
            "1 tokens came back for a prompt of 9 and one token after it",
        ),
        (Manners { null_logprobs: true, ..Manners::default() }, "has no log-probability"),
        (Manners { raw_spelling: true, ..Manners::default() }, "not those of the prompt"),
        (Manners { llama_cpp: true, ..Manners::default() }, "no `logprobs.tokens`"),
        (Manners { impossible: true, ..Manners::default() }, "has no log-probability"),
        (
            Manners { miscounts: -3, ..Manners::default() },
            "10 tokens came back for a prompt of 6 and one token after it",
        ),
        (
            Manners { miscounts: 2, ..Manners::default() },
            "10 tokens came back for a prompt of 11 and one token after it",
        ),
    ] {
        let running = start(manners.clone());
        let mut server = Server::connect(&running.url, "m", &quick()).expect("it can write");
        let error = answers(&mut server, &[asked("a b", " c")]).expect_err("it cannot score");
        assert!(matches!(error, Error::Unsupported { .. }), "{manners:?}: {error}");
        assert!(error.to_string().contains(said), "{manners:?}: {error}");
    }
}

#[test]
fn a_token_over_the_boundary_is_found_by_counting() {
    let running = start(Manners::default());
    let mut server = Server::connect(&running.url, "m", &quick()).expect("a good server");
    // `snow` + `ball` is one token of the whole; the context alone has two tokens, so the whole has none left.
    let error = answers(&mut server, &[asked("a snow", "ball")]).expect_err("nothing is left").to_string();
    assert!(error.ends_with("the continuation adds no token to its context"), "{error}");
    let found = answers(&mut server, &[asked("a snow", "ball fight")]).expect("one token is left");
    let all = tokens("a snowball fight");
    let value = log_probability(&all[..2], &all[2]);
    assert!(matches!(found[0], Response::LogLikelihood { value: v, .. } if (v - value).abs() < ROUNDING));
}

#[test]
fn spaces_at_the_end_of_a_context_belong_to_the_continuation() {
    let running = start(Manners::default());
    let mut server = Server::connect(&running.url, "m", &quick()).expect("a good server");
    let found = answers(&mut server, &[asked("a b ", "c"), asked("a b", " c")]).expect("answers");
    assert_eq!(found[0], found[1]);
}

#[test]
fn text_with_nothing_before_it_has_no_likelihood_without_a_first_token() {
    let running = start(Manners::default());
    let mut server = Server::connect(&running.url, "m", &quick()).expect("a good server");
    let error = answers(&mut server, &[asked("", "a b")]).expect_err("nothing comes before").to_string();
    assert!(error.contains("the first token of a text with nothing before it"), "{error}");
    let running = start(Manners { begins: true, ..Manners::default() });
    let mut server = Server::connect(&running.url, "m", &quick()).expect("a good server");
    let found = answers(&mut server, &[asked("", "a b")]).expect("the first token comes before");
    let (value, greedy) = expected("", "a b", true);
    assert!(
        matches!(found[0], Response::LogLikelihood { value: v, greedy: g } if (v - value).abs() < ROUNDING && g == greedy)
    );
}

#[test]
fn what_is_written_ends_before_the_first_stop() {
    let running = start(Manners::default());
    let mut server = Server::connect(&running.url, "m", &quick()).expect("a good server");
    let write = |until: &[&str], max_tokens| Request::Generate {
        context: "colours:".into(),
        until: until.iter().map(|s| (*s).to_owned()).collect(),
        max_tokens,
    };
    let requests = [write(&["Question:", "\n"], 7), write(&[], 2), write(&["absent"], 3)];
    let found = answers(&mut server, &requests).expect("answers");
    let texts = [" red green blue", " red green", " red green blue"];
    assert_eq!(found, texts.map(|text| Response::Generated(text.into())));
}

#[test]
fn an_address_that_cannot_be_used_is_told_from_a_server_that_is_away() {
    if cfg!(not(feature = "https")) {
        let encrypted = Server::connect("https://example.org", "m", &quick()).expect_err("no encryption").to_string();
        assert!(encrypted.contains("ssh -L") && encrypted.contains("feature `https`"), "{encrypted}");
    }
    assert!(matches!(Server::connect("localhost", "m", &quick()), Err(Error::Argument(_))));
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port");
    let error = Server::connect(&format!("http://{free}/v1/"), "m", &ServerSettings { attempts: 2, ..quick() });
    assert!(matches!(error, Err(Error::Server { url, .. }) if url == format!("http://{free}/v1")));
}
