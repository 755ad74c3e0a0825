//! The journal of answers: what was answered is known again, and damage is left out.

#![cfg(feature = "models")]

use crate::harness::request::{Request, Response};
use crate::harness::runner::{Journal, Key};

fn question(continuation: &str) -> Request {
    Request::LogLikelihood { context: "a".into(), continuation: continuation.into() }
}

#[test]
fn answers_survive_and_a_torn_last_line_is_cut_off() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("model/answers.jsonl");
    let key = |continuation: &str| Key::new("model").request(&question(continuation));
    let given = [
        Response::LogLikelihood { value: -1.234_567_890_123_456_7, greedy: true },
        Response::LogLikelihood { value: f64::NEG_INFINITY, greedy: false },
        Response::Generated("a \"text\"\nof two lines \u{1F600}".into()),
    ];
    let mut journal = Journal::open(&path).expect("a new journal");
    for (number, response) in given.iter().enumerate() {
        journal.append(&key(&number.to_string()), response).expect("the disk has room");
    }
    assert_eq!(journal.start(&Key::new("run"), 17).expect("written"), 17);
    drop(journal);
    let whole = std::fs::read(&path).expect("the journal is there");
    for torn in [0, 1, 30, whole.len()] {
        let bytes = [&whole[..], &whole[..torn.min(20)]].concat();
        std::fs::write(&path, bytes).expect("writable");
        let mut journal = Journal::open(&path).expect("a torn line is no error");
        for (number, response) in given.iter().enumerate() {
            assert_eq!(journal.get(&key(&number.to_string())), Some(response));
        }
        assert_eq!(journal.get(&key("other")), None);
        assert_eq!(journal.start(&Key::new("run"), 99).expect("known"), 17);
        assert_eq!(journal.len(), given.len());
        drop(journal);
        assert_eq!(std::fs::read(&path).expect("the journal is there"), whole);
    }
}

#[test]
fn a_damaged_line_is_left_out_and_what_stands_around_it_is_known() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("answers.jsonl");
    let (before, after) = (Key::new("before"), Key::new("after"));
    let line = |key: &Key| format!("{{\"key\": \"{key}\", \"text\": \"b\"}}\n", key = digits(key));
    for damaged in ["{\"key\": \"a\"}\n", "nothing\n", "{\"key\": 3, \"text\": \"a\"}\n", "\n", "{\"key\": \"to"] {
        std::fs::write(&path, format!("{}{damaged}\n{}", line(&before), line(&after))).expect("writable");
        let journal = Journal::open(&path).expect("damage is no error");
        assert_eq!(journal.len(), 2, "{damaged:?}");
        assert!(journal.get(&before).is_some() && journal.get(&after).is_some(), "{damaged:?}");
    }
}

/// The digits of a key, as a journal writes them.
fn digits(key: &Key) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("one.jsonl");
    let mut journal = Journal::open(&path).expect("a new journal");
    journal.append(key, &Response::Generated("x".into())).expect("written");
    let text = std::fs::read_to_string(&path).expect("there");
    text.split('"').nth(3).expect("the key is the first value").to_owned()
}

#[test]
fn a_journal_has_one_writer_at_a_time() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("answers.jsonl");
    let first = Journal::open(&path).expect("a new journal");
    let error = Journal::open(&path).expect_err("it is in use").to_string();
    assert!(error.contains("in use by another run"), "{error}");
    drop(first);
    Journal::open(&path).expect("it is free again");
}

#[test]
fn no_two_questions_share_a_key() {
    let write = |until: &[&str], max_tokens| Request::Generate {
        context: "a".into(),
        until: until.iter().map(|&stop| stop.to_owned()).collect(),
        max_tokens,
    };
    let requests = [
        question("b"),
        question("bc"),
        Request::LogLikelihood { context: "ab".into(), continuation: "c".into() },
        Request::LogLikelihood { context: "a".into(), continuation: "".into() },
        write(&[], 1),
        write(&[], 11),
        write(&["b"], 1),
        write(&["b", "c"], 1),
        write(&["bc"], 1),
    ];
    let mut keys: Vec<Key> = ["model", "another"]
        .iter()
        .flat_map(|model| requests.iter().map(move |request| Key::new(model).request(request)))
        .collect();
    let count = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), count);
}
