//! The page and its questions behind HTTP.
//!
//! Three things keep other pages and other machines out. The server listens on the loopback interface unless it is told
//! otherwise. A request must name this machine by number or as `localhost` in its `Host` header, so that a name which an
//! attacker points at 127.0.0.1 is refused. A question must come from this page by its `Origin` header and be JSON by its
//! content type, which a page from elsewhere cannot send without asking first. There are two paths, `/` and `/refit`;
//! no file is served.

use std::collections::VecDeque;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::http::{self, BAD, FORBIDDEN, NO_FIT, NOT_ALLOWED, NOT_FOUND, NOT_JSON, OK, PATIENCE, Request, Status};
use super::{Explorer, Question};
use crate::error::{Error, Result};

/// Connections answered at a time, at most.
const MOST_CONNECTIONS: usize = 256;

/// Connections turned away that are still open, at most.
const MOST_LEAVING: usize = 64;

const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
const TEXT: &str = "text/plain; charset=utf-8";

/// A server that has its address and waits to be [`run`](Self::run).
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    explorer: Arc<Explorer>,
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
}

/// Ends a server from another thread.
#[derive(Debug, Clone)]
pub struct Stop {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
}

impl Server {
    /// Takes `address`; port 0 is any free port.
    ///
    /// # Errors
    /// [`Error::Listen`] when the address cannot be had.
    pub fn bind(explorer: Explorer, address: SocketAddr) -> Result<Self> {
        let failed = |source: std::io::Error| Error::Listen { address, source: source.into() };
        let listener = TcpListener::bind(address).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, explorer: Arc::new(explorer), address, stopped: Arc::default() })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What ends it.
    pub fn stop(&self) -> Stop {
        Stop { address: self.address, stopped: Arc::clone(&self.stopped) }
    }

    /// Answers until it is stopped. Answers under way then are not waited for.
    pub fn run(&self) {
        self.run_with(&|answer| std::thread::Builder::new().spawn(answer).map(drop));
    }

    /// The same with threads begun by `begin`.
    fn run_with(&self, begin: &dyn Fn(Box<dyn FnOnce() + Send>) -> std::io::Result<()>) {
        let open = Arc::new(AtomicUsize::new(0));
        let mut leaving = VecDeque::new();
        for stream in self.listener.incoming() {
            if self.stopped.load(Ordering::SeqCst) {
                return;
            }
            let Ok(stream) = stream else {
                // Out of file handles, most likely: some come back.
                std::thread::sleep(Duration::from_millis(50));
                continue;
            };
            if open.fetch_add(1, Ordering::SeqCst) >= MOST_CONNECTIONS {
                open.fetch_sub(1, Ordering::SeqCst);
                turn_away(stream, &mut leaving);
                continue;
            }
            let spare = stream.try_clone();
            let (explorer, address, open) = (Arc::clone(&self.explorer), self.address, Arc::clone(&open));
            // A panic must not keep the place of its connection, nor a thread that cannot start.
            let place = Place(open);
            let begun = begin(Box::new(move || {
                answer(&explorer, address, stream);
                drop(place);
            }));
            if let (Err(_), Ok(spare)) = (begun, spare) {
                turn_away(spare, &mut leaving);
            }
        }
    }
}

/// Answers a connection that there is no room for, without waiting for it: others are waiting. It is closed when more of
/// its kind have come, since closing one with unread bytes resets it, and the answer may be lost with it.
fn turn_away(mut stream: TcpStream, leaving: &mut VecDeque<TcpStream>) {
    let _ = stream.set_nonblocking(true);
    let _ = stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let _ = stream.shutdown(Shutdown::Write);
    leaving.push_back(stream);
    if leaving.len() > MOST_LEAVING {
        leaving.pop_front();
    }
}

/// One of the connections answered at a time.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Stop {
    /// Ends the server at once.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        // The server waits for a connection; an address of all interfaces is reached by the loopback one.
        let mut address = self.address;
        if address.ip().is_unspecified() {
            let loopback = match address {
                SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
                SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
            };
            address.set_ip(loopback);
        }
        let _ = TcpStream::connect_timeout(&address, Duration::from_secs(1));
    }
}

fn answer(explorer: &Explorer, address: SocketAddr, mut stream: TcpStream) {
    let timed = stream.set_read_timeout(Some(PATIENCE)).and_then(|()| stream.set_write_timeout(Some(PATIENCE)));
    if timed.is_err() {
        return;
    }
    let (status, kind, body) = match http::read(&mut stream) {
        Ok(None) => return,
        Ok(Some(request)) => route(explorer, address, &request),
        Err(status) => plain(status),
    };
    // Whoever asked may be gone.
    let _ = http::write(&mut stream, status, kind, &body);
}

type Reply = (Status, &'static str, Vec<u8>);

fn plain(status: Status) -> Reply {
    (status, TEXT, format!("{}\n", status.1).into_bytes())
}

fn route(explorer: &Explorer, address: SocketAddr, request: &Request) -> Reply {
    if let Err(status) = is_own(address, request) {
        return plain(status);
    }
    match (request.path.as_str(), request.method.as_str()) {
        ("/", "GET") => (OK, HTML, explorer.page().as_bytes().to_vec()),
        ("/refit", "POST") => refit(explorer, request),
        ("/" | "/refit", _) => plain(NOT_ALLOWED),
        _ => plain(NOT_FOUND),
    }
}

fn refit(explorer: &Explorer, request: &Request) -> Reply {
    let kind = request.header("content-type").ok().flatten().unwrap_or_default();
    if !kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(JSON) {
        return plain(NOT_JSON);
    }
    let error = |status: Status, problem: String| {
        (status, JSON, serde_json::json!({ "error": problem }).to_string().into_bytes())
    };
    let question: Question = match serde_json::from_slice(&request.body) {
        Ok(question) => question,
        Err(problem) => return error(BAD, format!("not a question: {problem}")),
    };
    match explorer.refit(&question).map(|answer| serde_json::to_vec(&answer)) {
        Ok(Ok(json)) => (OK, JSON, json),
        Ok(Err(problem)) => error(NO_FIT, problem.to_string()),
        Err(problem) => error(NO_FIT, problem.to_string()),
    }
}

/// Whether a request names this machine and comes from this page, or from no page at all.
fn is_own(address: SocketAddr, request: &Request) -> std::result::Result<(), Status> {
    let host = request.header("host")?.ok_or(BAD)?;
    if !names_this_machine(address, host) {
        return Err(FORBIDDEN);
    }
    if let Some(origin) = request.header("origin")?
        && origin != format!("http://{host}")
    {
        return Err(FORBIDDEN);
    }
    match request.header("sec-fetch-site")? {
        None | Some("same-origin" | "none") => Ok(()),
        Some(_) if request.method == "GET" && request.path == "/" => Ok(()),
        Some(_) => Err(FORBIDDEN),
    }
}

/// Whether a `Host` header is this server: an address in numbers or `localhost`, with its port. Names can be pointed
/// anywhere by whoever owns them, numbers cannot.
fn names_this_machine(address: SocketAddr, host: &str) -> bool {
    let Some((name, port)) = host.rsplit_once(':') else { return false };
    if port != address.port().to_string() {
        return false;
    }
    if name.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    bare.parse::<IpAddr>().is_ok_and(|ip| !address.ip().is_loopback() || ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::fit::{FitSettings, Inputs};
    use crate::registry::modelset::Settings;

    #[test]
    fn a_thread_that_cannot_start_is_an_answer_and_the_next_one_is_served() {
        use std::io::Read as _;
        let table = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/fit/paper_wide.csv");
        let inputs = Inputs { tables: vec![table.into()], ..Inputs::default() };
        let tables = Settings { score: Some("mmlu".into()), ..Settings::default() };
        let curve = "linear".parse().expect("a curve");
        let settings = FitSettings { tables, curve, bootstrap: 9, leave_out: false, ..FitSettings::default() };
        let explorer = Explorer::open(&inputs, &settings).expect("the fixture can be fitted");
        let server = Server::bind(explorer, "127.0.0.1:0".parse().expect("an address")).expect("a free port");
        let (address, stop) = (server.address(), server.stop());
        let ask = move || {
            let mut stream = TcpStream::connect(address).expect("it listens");
            let _ = stream.write_all(format!("GET / HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes());
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).expect("an answer");
            String::from_utf8_lossy(&answer[..12]).into_owned()
        };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let begun = AtomicUsize::new(0);
                server.run_with(&|answer| match begun.fetch_add(1, Ordering::SeqCst) {
                    0..=2 => Err(std::io::ErrorKind::WouldBlock.into()),
                    _ => std::thread::Builder::new().spawn(answer).map(drop),
                });
            });
            let answers: Vec<String> = (0..4).map(|_| ask()).collect();
            stop.stop();
            assert_eq!(answers[..3], ["HTTP/1.1 503"; 3]);
            assert_eq!(answers[3], "HTTP/1.1 200");
        });
    }

    #[test]
    fn only_numbers_and_localhost_name_this_machine() {
        let own: SocketAddr = "127.0.0.1:8123".parse().expect("an address");
        for host in ["127.0.0.1:8123", "localhost:8123", "LOCALHOST:8123", "[::1]:8123"] {
            assert!(names_this_machine(own, host), "{host}");
        }
        for host in
            ["evil.example:8123", "127.0.0.1", "127.0.0.1:80", "127.0.0.1.evil.example:8123", "10.0.0.1:8123", ""]
        {
            assert!(!names_this_machine(own, host), "{host}");
        }
        let open: SocketAddr = "0.0.0.0:8123".parse().expect("an address");
        assert!(names_this_machine(open, "10.0.0.1:8123") && !names_this_machine(open, "evil.example:8123"));
    }
}
