//! The live report over raw connections: who is let in, what is served, and that its answers are the library's.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::thread::JoinHandle;
use std::time::Duration;

use onset::analysis::fit::{ChanceLevel, CurveChoice, FitSettings, Inputs};
use onset::explore::{Explorer, Question, Server, Stage, Stop};
use onset::registry::modelset::{ModelSet, Settings};
use onset::registry::table::Table;
use onset::stats::covariance::Kind;
use onset::stats::curves::Curve;
use serde_json::{Value, json};

use crate::support::{PATIENCE, interrupt, paper_wide, program, until};

fn settings() -> FitSettings {
    FitSettings {
        tables: Settings { score: Some("mmlu".into()), adjusted: Some("mmlu_adjusted".into()), ..Settings::default() },
        curve: "hinge".parse().expect("a curve"),
        bootstrap: 99,
        ..FitSettings::default()
    }
}

fn paper() -> Inputs {
    Inputs { tables: vec![paper_wide().into()], ..Inputs::default() }
}

struct Running {
    address: SocketAddr,
    stop: Stop,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn start() -> Self {
        let explorer = Explorer::open(&paper(), &settings()).expect("the fixture can be fitted");
        let server = Server::bind(explorer, "127.0.0.1:0".parse().expect("an address")).expect("a free port");
        let (address, stop) = (server.address(), server.stop());
        Self { address, stop, thread: Some(std::thread::spawn(move || server.run())) }
    }

    /// Sends bytes as they are and gives back status and body.
    fn send(&self, bytes: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        // A refused request may be answered before all of it is sent.
        let _ = stream.write_all(bytes);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let text = String::from_utf8(answer).expect("UTF-8");
        let status = text.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_else(|| panic!("{text:?}"));
        (status, text.split_once("\r\n\r\n").expect("a body").1.to_owned())
    }

    fn get(&self, path: &str) -> (u16, String) {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address).as_bytes())
    }

    /// Posts to `/refit` with further headers, each ended by a line break.
    fn post(&self, headers: &str, body: &str) -> (u16, String) {
        let head = format!(
            "POST /refit HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n{headers}\r\n",
            self.address,
            body.len()
        );
        self.send(format!("{head}{body}").as_bytes())
    }

    fn ask(&self, question: &Question) -> Value {
        let body = serde_json::to_string(question).expect("JSON");
        let (status, answer) = self.post("Content-Type: application/json\r\n", &body);
        assert_eq!(status, 200, "{answer}");
        serde_json::from_str(&answer).expect("JSON")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.stop();
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the server ends");
        }
    }
}

fn question() -> Question {
    Question {
        stage: Stage::Quick,
        score: "mmlu".into(),
        adjusted: Some("mmlu_adjusted".into()),
        cutoff: "2023-11".parse().expect("a month"),
        without: Vec::new(),
        chance: ChanceLevel::Known,
        curve: CurveChoice::One(Curve::Hinge),
        covariance: Kind::Cr3,
    }
}

#[test]
fn an_address_that_is_taken_is_named_as_one_to_listen_at() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address");
    let explorer = Explorer::open(&paper(), &settings()).expect("the fixture can be fitted");
    let error = Server::bind(explorer, address).expect_err("it is taken");
    assert_eq!(error.kind(), onset::ErrorKind::Io);
    assert!(error.to_string().starts_with(&format!("cannot listen at {address}: ")), "{error}");
}

#[test]
fn the_page_is_served_with_its_controls_and_no_other_path_is() {
    let server = Running::start();
    let (status, page) = server.get("/");
    assert_eq!(status, 200);
    assert!(page.contains("connect-src &#x27;self&#x27;") && page.contains("id=\"live\""));
    let (_, data) = page.split_once("id=\"data\">").expect("data");
    let data: Value = serde_json::from_str(data.split_once("</script>").expect("its end").0).expect("JSON");
    let live = &data["live"];
    assert_eq!(live["settings"]["cutoff"], "2023-11");
    assert!(live["families"].as_array().is_some_and(|all| all.len() == 20), "{live}");
    let names: Vec<&str> =
        live["scores"].as_array().expect("scores").iter().filter_map(|s| s["name"].as_str()).collect();
    assert_eq!(names, ["mmlu", "mmlu_adjusted", "gsm8k", "gsm8k_adjusted"]);
    for path in [
        "/Cargo.toml",
        "/../Cargo.toml",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/etc/passwd",
        "//",
        "/refit/..",
        "/?x",
        "/favicon.ico",
    ] {
        let (status, body) = server.get(path);
        assert_eq!((status, body.as_str()), (404, "Not Found\n"), "{path}");
    }
    assert_eq!(server.get("/refit").0, 405);
}

#[test]
fn a_request_for_another_host_or_from_another_page_is_refused() {
    let server = Running::start();
    let port = server.address.port();
    let get = |host: &str| server.send(format!("GET / HTTP/1.1\r\n{host}\r\n").as_bytes()).0;
    assert_eq!(get(&format!("Host: localhost:{port}\r\n")), 200);
    assert_eq!(get(&format!("Host: evil.example:{port}\r\n")), 403);
    assert_eq!(get("Host: 127.0.0.1:1\r\n"), 403);
    assert_eq!(get(""), 400);
    assert_eq!(get(&format!("Host: localhost:{port}\r\nHost: evil.example:{port}\r\n")), 400);
    let json = "Content-Type: application/json\r\n";
    let body = serde_json::to_string(&question()).expect("JSON");
    let own = format!("{json}Origin: http://{}\r\nSec-Fetch-Site: same-origin\r\n", server.address);
    assert_eq!(server.post(&own, &body).0, 200);
    for foreign in ["Origin: http://evil.example\r\n", "Origin: null\r\n", "Sec-Fetch-Site: cross-site\r\n"] {
        assert_eq!(server.post(&format!("{json}{foreign}"), &body).0, 403, "{foreign}");
    }
    assert_eq!(server.post("Content-Type: text/plain\r\n", &body).0, 415);
}

#[test]
fn a_request_larger_than_its_bound_is_refused_unread() {
    let server = Running::start();
    let json = "Content-Type: application/json\r\n";
    let declared = |length: &str| {
        let head =
            format!("POST /refit HTTP/1.1\r\nHost: {}\r\n{json}Content-Length: {length}\r\n\r\n", server.address);
        server.send(head.as_bytes()).0
    };
    assert_eq!(server.post(json, &"x".repeat(100_000)).0, 413);
    assert_eq!(declared("1000000000000"), 413);
    assert_eq!(declared("99999999999999999999999999"), 413);
    assert_eq!(server.post(&format!("{json}Transfer-Encoding: chunked\r\n"), "").0, 411);
    assert_eq!(server.post(&format!("X-Long: {}\r\n", "a".repeat(60_000)), "").0, 431);
    // And it still answers.
    assert_eq!(server.get("/").0, 200);
}

#[test]
fn clients_that_send_nothing_or_read_nothing_or_hang_up_half_way_keep_nobody_from_the_page() {
    let server = Running::start();
    let connect = || TcpStream::connect(server.address).expect("the server listens");
    let whole = format!("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
    let mut slow: Vec<TcpStream> = (0..100).map(|_| connect()).collect();
    slow.iter_mut().for_each(|stream| stream.write_all(b"G").expect("sent"));
    for _ in 0..32 {
        let mut half = connect();
        half.write_all(whole.as_bytes()).expect("sent");
        half.shutdown(std::net::Shutdown::Write).expect("half closed");
        slow.push(half);
        let mut deaf = connect();
        deaf.write_all(whole.as_bytes()).expect("sent");
        slow.push(deaf);
    }
    assert_eq!(server.get("/").0, 200);
    // All places taken is an answer too.
    let mut taken: Vec<TcpStream> = (0..300).map(|_| connect()).collect();
    taken.iter_mut().for_each(|stream| drop(stream.write_all(b"G")));
    assert_eq!(server.get("/").0, 503);
}

#[test]
fn a_refit_is_the_librarys_fit() {
    let server = Running::start();
    let table = Table::read(paper_wide().as_ref(), &[]).expect("the fixture");
    let asked = Question {
        cutoff: "2023-07".parse().expect("a month"),
        without: vec!["qwen".into(), "llama-1".into()],
        chance: ChanceLevel::Given(0.2),
        covariance: Kind::Hc3,
        ..question()
    };
    let mut settings = settings();
    settings.tables.cutoff = "2023-07".parse().expect("a month");
    settings.chance = ChanceLevel::Given(0.2);
    settings.covariance = Kind::Hc3;
    // A quick answer does not wait for the fits without each model.
    settings.leave_out = false;
    let mut set = ModelSet::from_tables(&[table], &settings.tables).expect("models");
    set.rows.retain(|row| row.family != "qwen" && row.family != "llama-1");
    let library = settings.fit(&set).expect("a fit");
    let mut library: Value = serde_json::from_str(&library.to_json().expect("JSON")).expect("JSON");
    let answer = server.ask(&asked);
    let notes = answer["fit"]["report"]["notes"].as_array().expect("notes");
    assert!(notes.contains(&json!("families left out on request: qwen, llama-1")));
    library["notes"] = answer["fit"]["report"]["notes"].clone();
    assert_eq!(answer["fit"]["report"], library);
    assert!(answer["fit"]["unadjusted"]["models"].as_array().is_some_and(|all| all.len() == set.rows.len()));
    assert!(answer["regions"]["summary"].as_str().is_some_and(|html| html.contains("released from 2023-07 on")));
    assert!(answer["milliseconds"].as_f64().is_some_and(|ms| ms > 0.0));
}

#[test]
fn a_question_without_an_answer_is_told_why() {
    let server = Running::start();
    let json = "Content-Type: application/json\r\n";
    let refused = |question: Value, status: u16, said: &str| {
        let (found, answer) = server.post(json, &question.to_string());
        assert_eq!(found, status, "{answer}");
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        assert!(answer["error"].as_str().is_some_and(|error| error.contains(said)), "{answer}");
    };
    let with = |field: &str, value: Value| {
        let mut question = serde_json::to_value(question()).expect("JSON");
        question[field] = value;
        question
    };
    refused(with("score", json!("arc")), 422, "no table has a score `arc`");
    refused(with("cutoff", json!("soon")), 400, "is not a month");
    refused(with("curve", json!("cubic")), 400, "unknown curve");
    refused(with("chance", json!("NaN")), 400, "chance is `NaN`");
    refused(with("tables", json!(["/etc/passwd"])), 400, "unknown field");
    refused(json!(17), 400, "not a question");
    let everyone: Vec<String> = Table::read(paper_wide().as_ref(), &[])
        .map(|table| {
            (0..table.rows()).filter_map(|row| table.optional_text(row, "family").map(str::to_owned)).collect()
        })
        .expect("the fixture");
    refused(with("without", json!(everyone)), 422, "no model");
}

#[test]
fn a_full_answer_has_the_settings_replicates_and_curves() {
    let server = Running::start();
    let full = server.ask(&Question { stage: Stage::Full, curve: CurveChoice::All, adjusted: None, ..question() });
    let named = |answer: &Value| -> Vec<String> {
        let curves = answer["fit"]["report"]["curves"].as_array().expect("curves");
        let mut names: Vec<String> = curves.iter().map(|curve| curve["curve"].to_string()).collect();
        names.sort();
        names
    };
    // The six curves of the list, and the constant level that they are compared with.
    assert_eq!(named(&full).len(), 7);
    let quick = server.ask(&Question { curve: CurveChoice::All, adjusted: None, ..question() });
    // The same curve leads both, so that no answer contradicts the one before it.
    assert_eq!(named(&quick), named(&full));
    for field in ["/curve", "/selected", "/theta/estimate", "/hinge/theta/estimate"] {
        assert_eq!(
            quick.pointer(&format!("/fit/report{field}")),
            full.pointer(&format!("/fit/report{field}")),
            "{field}"
        );
    }
}

#[test]
fn a_stopped_server_leaves_its_port() {
    let server = Running::start();
    let address = server.address;
    drop(server);
    assert!(TcpStream::connect_timeout(&address, Duration::from_secs(2)).is_err());
}

#[cfg(unix)]
#[test]
fn the_program_says_where_it_serves_and_ends_at_an_interrupt() {
    let mut child = program()
        .args(["explore", "--score", "mmlu", "--bootstrap", "99", "--curve", "hinge"])
        .arg(paper_wide())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    assert!(line.starts_with("http://127.0.0.1:"), "{line}");
    interrupt(&child);
    until("its end", || child.try_wait().expect("a child").is_some());
    assert_eq!(child.wait().expect("a child").code(), Some(0));
}
