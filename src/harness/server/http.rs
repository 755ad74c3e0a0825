//! One POST with JSON in and out, repeated while there is hope.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::address::{address, userinfo, without_password};
use super::connection;
use super::settings::ServerSettings;
use crate::bounds::Bound;
use crate::encoding::{base64, without_escapes};
use crate::error::{Cause, Error, Result};

/// Longest pause between two tries, unless the server asks for more.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Longest pause a server can ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(300);

/// How often the first request to a server is tried.
const HASTY: u32 = 3;

/// How often a pause checks whether the work has ended.
const LOOK: Duration = Duration::from_millis(20);

#[derive(Debug, Clone)]
pub(super) struct Client {
    agent: ureq::Agent,
    url: String,
    /// The address without what opens it.
    shown: String,
    /// The name and password of the proxy on the way.
    proxy: Option<String>,
    attempts: u32,
    back_off: Duration,
    api_key: Option<String>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The server could not be reached, or would not work, as often as it was tried: another may.
    Away(Error),
    /// It answered what another would answer too, or what cannot be.
    Refused(Error),
}

impl From<Trouble> for Error {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Away(error) | Trouble::Refused(error) => error,
        }
    }
}

/// Where a question goes, below the address with its version or beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Completions,
    Chat,
    Models,
    Tokenize,
}

/// Why one try failed.
enum Failure {
    /// It may go better next time, after a pause if the server asked for one.
    Passing(Reason, Option<Duration>),
    /// It will fail again.
    Lasting(Reason),
}

/// What went wrong, in words, and the error it is known from.
struct Reason {
    problem: String,
    source: Option<Cause>,
}

impl Reason {
    /// A reason that needs no other error.
    fn plain(problem: String) -> Self {
        Self { problem, source: None }
    }

    fn of(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self { problem: error.to_string(), source: Some(Cause::of(error)) }
    }
}

impl Client {
    pub(super) fn new(url: &str, settings: &ServerSettings) -> Result<Self> {
        let url = address(url)?;
        let (agent, proxy) = connection::agent(&url, settings)?;
        Ok(Self {
            agent,
            proxy,
            shown: without_password(&url),
            url,
            attempts: settings.attempts.max(1),
            back_off: settings.back_off,
            api_key: settings.api_key.clone(),
        })
    }

    /// The same with no more than [`HASTY`] tries.
    pub(super) fn hasty(&self) -> Self {
        Self { attempts: self.attempts.min(HASTY), ..self.clone() }
    }

    /// The address, without a name and password in it.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// An answer that came whole and says something impossible.
    pub(super) fn broken(&self, problem: String) -> Trouble {
        Trouble::Refused(self.failed(Reason::plain(problem)))
    }

    fn failed(&self, reason: Reason) -> Error {
        Error::Server { url: self.shown.clone(), problem: self.without_secrets(reason.problem), source: reason.source }
    }

    /// Whether a text holds what must reach no file. A secret of a few letters may be any word.
    pub(super) fn holds_secret(&self, text: &str) -> bool {
        const TELLING: usize = 8;
        let text = without_escapes(text);
        self.secrets().iter().any(|secret| secret.len() >= TELLING && text.contains(secret))
    }

    /// A server may send back what it was sent. JSON may write any letter by its number.
    fn without_secrets(&self, text: String) -> String {
        self.secrets().iter().fold(without_escapes(&text), |text, secret| text.replace(secret, "[secret]"))
    }

    /// The key, and of an address or a proxy with a password everything that says it: as it stands there, and as the header
    /// `authorization` has it.
    fn secrets(&self) -> Vec<String> {
        let mut all: Vec<String> = self.api_key.iter().cloned().collect();
        for opened in userinfo(&self.url).into_iter().chain(self.proxy.as_deref()) {
            let password = opened.split_once(':').map_or("", |(_, password)| password);
            let plain = without_escapes(opened);
            all.extend([opened, password, &plain].map(str::to_owned));
            all.extend([opened, &plain].map(|opened| base64(opened.as_bytes())));
        }
        all.retain(|secret| !secret.is_empty());
        all
    }

    /// The answer to `body`; a raised `stop` ends the pauses between tries.
    pub(super) fn post(&self, place: Place, body: &Value, stop: &AtomicBool) -> Result<Value, Trouble> {
        let bytes = body.to_string().into_bytes();
        let mut pause = self.back_off;
        for attempt in 1.. {
            let (reason, asked) = match self.once(place, Some(&bytes)) {
                Ok(answer) => return Ok(answer),
                Err(Failure::Lasting(reason)) => return Err(Trouble::Refused(self.failed(reason))),
                Err(Failure::Passing(reason, asked)) => (reason, asked),
            };
            if attempt >= self.attempts || stop.load(Ordering::Relaxed) {
                let tries = if attempt == 1 { "once".to_owned() } else { format!("{attempt} times") };
                let problem = format!("{} (tried {tries})", reason.problem);
                return Err(Trouble::Away(self.failed(Reason { problem, ..reason })));
            }
            wait(asked.map_or(pause, |asked| asked.min(LONGEST_ASKED)), stop);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        Err(self.broken("was never asked".into()))
    }

    /// The answer of a place that not every server has, where this one has it.
    pub(super) fn perhaps(&self, place: Place, body: Option<&Value>) -> Option<Value> {
        let bytes = body.map(|body| body.to_string().into_bytes());
        self.once(place, bytes.as_deref()).ok()
    }

    fn url_of(&self, place: Place) -> String {
        match place {
            Place::Completions => format!("{}/completions", self.url),
            Place::Chat => format!("{}/chat/completions", self.url),
            Place::Models => format!("{}/models", self.url),
            // This one has no version.
            Place::Tokenize => format!("{}/tokenize", self.url.rsplit_once('/').map_or("", |(root, _)| root)),
        }
    }

    fn once(&self, place: Place, body: Option<&[u8]>) -> Result<Value, Failure> {
        let authorization = self.api_key.as_ref().map(|key| format!("Bearer {key}"));
        let sent = match body {
            Some(body) => {
                let request = self.agent.post(self.url_of(place)).header("content-type", "application/json");
                authorization.iter().fold(request, |request, key| request.header("authorization", key)).send(body)
            }
            None => {
                let request = self.agent.get(self.url_of(place));
                authorization.iter().fold(request, |request, key| request.header("authorization", key)).call()
            }
        };
        let mut response = sent.map_err(failure)?;
        let status = response.status().as_u16();
        let asked = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        let asked = asked.and_then(|text| text.trim().parse().ok()).map(Duration::from_secs);
        // An echo of a long prompt with its probabilities is a few megabytes.
        let limit = Bound::AnswerBytes.get();
        let text = response.body_mut().with_config().limit(limit).read_to_vec().map_err(failure)?;
        // Values take many times their bytes in memory.
        Bound::AnswerValues
            .check(text.iter().filter(|byte| matches!(byte, b',' | b'{' | b'[')).count())
            .map_err(|problem| Failure::Lasting(Reason::plain(format!("the answer {problem}"))))?;
        if (200..300).contains(&status) {
            return serde_json::from_slice(&text).map_err(|error| {
                let problem = format!("the answer is not whole JSON: {error}");
                Failure::Passing(Reason { problem, ..Reason::of(error) }, None)
            });
        }
        let problem = Reason::plain(format!(
            "status {status}: {}",
            said(self.without_secrets(String::from_utf8_lossy(&text).into_owned()).as_bytes())
        ));
        if status == 408 || status == 429 || status >= 500 {
            Err(Failure::Passing(problem, asked))
        } else {
            Err(Failure::Lasting(problem))
        }
    }
}

fn failure(error: ureq::Error) -> Failure {
    match error {
        ureq::Error::BodyExceedsLimit(_) => Failure::Lasting(Reason {
            problem: format!("the answer {}", Bound::AnswerBytes.exceeded()),
            ..Reason::of(error)
        }),
        ureq::Error::LargeResponseHeader(..) => {
            let problem = format!("the answer {}", Bound::AnswerHeaderBytes.exceeded());
            Failure::Lasting(Reason { problem, ..Reason::of(error) })
        }
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => Failure::Lasting(Reason::of(error)),
        distrust if connection::is_distrust(&distrust) => Failure::Lasting(Reason {
            problem: format!("its certificate is not trusted ({distrust}); --certificates names that of its authority"),
            ..Reason::of(distrust)
        }),
        other => Failure::Passing(Reason::of(other), None),
    }
}

/// The message in an error's body: `error.message`, `message`, `detail`, or its beginning as it is.
fn said(body: &[u8]) -> String {
    const SHOWN: usize = 300;
    let text = String::from_utf8_lossy(body);
    let json: Option<Value> = serde_json::from_str(&text).ok();
    let message = json.as_ref().and_then(|json| {
        let places = ["/error/message", "/message", "/detail", "/error"];
        places.iter().find_map(|place| json.pointer(place).and_then(Value::as_str))
    });
    let message = message.unwrap_or(&text).trim();
    let line: String = message.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN).collect();
    if line.is_empty() { "without a word".into() } else { line }
}

fn wait(pause: Duration, stop: &AtomicBool) {
    let start = Instant::now();
    while start.elapsed() < pause && !stop.load(Ordering::Relaxed) {
        std::thread::sleep(LOOK.min(pause.saturating_sub(start.elapsed())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_sends_back_shows_no_secret() {
        let settings = ServerSettings { api_key: Some("k-123".into()), ..ServerSettings::default() };
        let client = Client::new("http://me:pa55@host", &settings).expect("an address");
        let error = Error::from(client.broken("you sent k-123 as me:pa55 and pa55".into())).to_string();
        assert!(!error.contains("k-123") && !error.contains("pa55"), "{error}");
    }

    /// What a client says of a server that gives every connection this answer.
    fn told(answer: Vec<u8>) -> String {
        use std::io::{Read as _, Write as _};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            // The client may have heard enough.
            let _ = stream.write_all(&answer);
            // A connection closed with something unread in it is reset, and an answer on its way may be lost with it.
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = stream.read_to_end(&mut Vec::new());
        });
        let settings = ServerSettings { attempts: 1, ..ServerSettings::default() };
        let client = Client::new(&url, &settings).expect("an address");
        let refused = client.post(Place::Completions, &Value::Null, &AtomicBool::new(false)).expect_err("refused");
        let said = Error::from(refused).to_string();
        drop(client);
        server.join().expect("ended");
        said
    }

    #[test]
    fn an_answer_beyond_a_bound_is_refused_with_its_name() {
        let of = |headers: &str, body: &str| {
            format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
        };
        let header = format!("X: {}\r\n", "a".repeat(Bound::AnswerHeaderBytes.size()));
        assert!(told(of(&header, "{}")).contains("--bound answer-header-bytes=NUMBER"));
        let values = format!("[{}]", "{},".repeat(Bound::AnswerValues.size()));
        assert!(told(of("", &values)).contains("--bound answer-values=NUMBER"));
        let bytes = "a".repeat(Bound::AnswerBytes.size() + 1);
        assert!(told(of("", &bytes)).contains("--bound answer-bytes=NUMBER"));
        let elsewhere = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n";
        assert!(told(elsewhere.to_vec()).contains("status 302"), "{}", told(elsewhere.to_vec()));
    }
}
