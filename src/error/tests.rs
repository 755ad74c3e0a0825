//! Errors keep their causes and say what kind they are.

use std::error::Error as _;

use super::*;

fn missing() -> Error {
    Error::read(Path::new("a.csv"))(std::io::ErrorKind::NotFound.into())
}

#[test]
fn a_cause_can_be_downcast_through_clones_and_wrappers() {
    let error = missing().within("the first table").with_help("name another with --table");
    let copy = error.clone();
    drop(error);
    let within = copy.source().expect("the error itself");
    let read = within.source().expect("the part");
    let cause = read.source().expect("the system's error");
    assert!(cause.is::<std::io::Error>());
    let parsed = serde_json::from_str::<u8>("x").map_err(Error::malformed(Path::new("a.json"), "is not JSON"));
    assert!(parsed.expect_err("x is no number").source().is_some_and(|cause| cause.is::<serde_json::Error>()));
}

#[test]
fn a_wrapper_has_the_kind_of_what_it_wraps_and_prints_its_help_last() {
    let error = missing().within("the first table").with_help("name another with --table");
    assert_eq!((error.kind(), error.help()), (ErrorKind::NotFound, Some("name another with --table")));
    let said = error.to_string();
    assert!(said.starts_with("the first table: cannot read a.csv: "), "{said}");
    assert!(said.ends_with("; name another with --table"), "{said}");
}

#[test]
fn a_request_that_a_server_failed_is_a_matter_of_the_server() {
    let server = Error::Server { url: "http://a".to_owned(), problem: "is down".to_owned(), source: None };
    let request = Error::Request { index: 2, problem: server.to_string(), source: Some(Cause::of(server)) };
    let item = request.of_item("arc", |index| 10 * index);
    assert_eq!((item.kind(), item.to_string().as_str()), (ErrorKind::Server, "task `arc`, item 20: http://a: is down"));
}
