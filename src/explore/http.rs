//! Just enough HTTP/1.1 for one page and its questions, with a bound on everything that a request can ask for.
//!
//! A request has a head of at most [`MOST_HEAD`] bytes and a body of at most [`MOST_BODY`], announced by its length, and must
//! be complete within [`PATIENCE`]. Every answer closes its connection.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// Bytes of a request line with its headers, at most.
pub(super) const MOST_HEAD: usize = 16 * 1024;
/// Bytes of a request's body, at most.
pub(super) const MOST_BODY: usize = 64 * 1024;
/// Time in which a request must have arrived.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of a refused request that are still read, so that its sender sees the answer.
const MOST_DRAINED: usize = 1024 * 1024;

/// A request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// An answer without its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Status(pub(super) u16, pub(super) &'static str);

pub(super) const OK: Status = Status(200, "OK");
pub(super) const BAD: Status = Status(400, "Bad Request");
pub(super) const FORBIDDEN: Status = Status(403, "Forbidden");
pub(super) const NOT_FOUND: Status = Status(404, "Not Found");
pub(super) const NOT_ALLOWED: Status = Status(405, "Method Not Allowed");
pub(super) const LATE: Status = Status(408, "Request Timeout");
pub(super) const NO_LENGTH: Status = Status(411, "Length Required");
pub(super) const TOO_LARGE: Status = Status(413, "Content Too Large");
pub(super) const NOT_JSON: Status = Status(415, "Unsupported Media Type");
pub(super) const NO_FIT: Status = Status(422, "Unprocessable Content");
pub(super) const LONG_HEAD: Status = Status(431, "Request Header Fields Too Large");

impl Request {
    /// The header of this name (in lower case), if it is there once.
    ///
    /// # Errors
    /// [`BAD`] when it is there several times.
    pub(super) fn header(&self, name: &str) -> Result<Option<&str>, Status> {
        let mut found = self.headers.iter().filter(|(own, _)| own == name).map(|(_, value)| value.as_str());
        match (found.next(), found.next()) {
            (first, None) => Ok(first),
            _ => Err(BAD),
        }
    }
}

/// Reads one request; `None` when the connection was closed before one began.
///
/// # Errors
/// The status to refuse it with.
pub(super) fn read(stream: &mut impl Read) -> Result<Option<Request>, Status> {
    let deadline = Instant::now() + PATIENCE;
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if bytes.len() > MOST_HEAD {
            return Err(LONG_HEAD);
        }
        if more(stream, &mut bytes, deadline)? == 0 {
            return if bytes.is_empty() { Ok(None) } else { Err(BAD) };
        }
    };
    if end > MOST_HEAD {
        return Err(LONG_HEAD);
    }
    let mut request = head(&bytes[..end])?;
    if request.header("transfer-encoding")?.is_some() {
        return Err(NO_LENGTH);
    }
    let length = match request.header("content-length")? {
        None => 0,
        Some(text) if text.bytes().all(|b| b.is_ascii_digit()) => text.parse::<usize>().map_err(|_| TOO_LARGE)?,
        Some(_) => return Err(BAD),
    };
    if length > MOST_BODY {
        return Err(TOO_LARGE);
    }
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        if more(stream, &mut body, deadline)? == 0 {
            return Err(BAD);
        }
    }
    body.truncate(length);
    request.body = body;
    Ok(Some(request))
}

fn more(stream: &mut impl Read, bytes: &mut Vec<u8>, deadline: Instant) -> Result<usize, Status> {
    let mut piece = [0; 4096];
    loop {
        if Instant::now() > deadline {
            return Err(LATE);
        }
        match stream.read(&mut piece) {
            Ok(count) => {
                bytes.extend_from_slice(&piece[..count]);
                return Ok(count);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return Err(LATE),
            Err(_) => return Err(BAD),
        }
    }
}

/// The request line and the headers.
fn head(bytes: &[u8]) -> Result<Request, Status> {
    let text = std::str::from_utf8(bytes).map_err(|_| BAD)?;
    let mut lines = text.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (Some(method), Some(path), Some(version), None) = (first.next(), first.next(), first.next(), first.next())
    else {
        return Err(BAD);
    };
    if !version.starts_with("HTTP/1.") || !path.starts_with('/') {
        return Err(BAD);
    }
    let headers = lines
        .map(|line| {
            let (name, value) = line.split_once(':').ok_or(BAD)?;
            let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic());
            if is_name { Ok((name.to_ascii_lowercase(), value.trim().to_owned())) } else { Err(BAD) }
        })
        .collect::<Result<_, _>>()?;
    Ok(Request { method: method.to_owned(), path: path.to_owned(), headers, body: Vec::new() })
}

/// Writes an answer and closes the connection.
///
/// # Errors
/// When the other side is gone. The server can ignore that.
pub(super) fn write(stream: &mut TcpStream, status: Status, kind: &str, body: &[u8]) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 {} {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\nCache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\n\
         Cross-Origin-Resource-Policy: same-origin\r\n\r\n",
        status.0,
        status.1,
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)?;
    stream.flush()?;
    stream.shutdown(Shutdown::Write)?;
    // Closing a connection with unread bytes resets it, and the answer may be lost with it.
    stream.set_read_timeout(Some(Duration::from_millis(300)))?;
    let mut piece = [0; 4096];
    let mut drained = 0;
    while drained < MOST_DRAINED {
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => break,
            Ok(count) => drained += count,
        }
    }
    Ok(())
}

/// Reads any bytes.
#[cfg(any(test, fuzzing))]
pub(crate) fn read_any(mut bytes: &[u8]) {
    if let Ok(Some(request)) = read(&mut bytes) {
        assert!(request.path.starts_with('/') && request.body.len() <= MOST_BODY);
        let _ = (request.header("host"), request.header("origin"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> Result<Option<Request>, Status> {
        read(&mut text.as_bytes())
    }

    #[test]
    fn a_request_is_read_with_its_body() {
        let found =
            request("POST /refit HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}rest").expect("read");
        let found = found.expect("a request");
        assert_eq!((found.method.as_str(), found.path.as_str(), found.body.as_slice()), ("POST", "/refit", &b"{}"[..]));
        assert_eq!(found.header("host"), Ok(Some("localhost")));
    }

    #[test]
    fn what_is_no_request_is_refused_and_nothing_is_not() {
        assert_eq!(request(""), Ok(None));
        let refused = [
            ("GET / HTTP/1.1\r\n", BAD),
            ("GET /\r\n\r\n", BAD),
            ("GET http://elsewhere/ HTTP/1.1\r\n\r\n", BAD),
            ("GET / HTTP/1.1\r\nno colon\r\n\r\n", BAD),
            ("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", BAD),
            ("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", BAD),
            ("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab", BAD),
            ("POST / HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n\r\n", TOO_LARGE),
            ("POST / HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\n", TOO_LARGE),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", NO_LENGTH),
        ];
        for (text, status) in refused {
            assert_eq!(request(text), Err(status), "{text:?}");
        }
    }

    #[test]
    fn a_head_without_end_is_refused_at_its_bound() {
        let endless = format!("GET / HTTP/1.1\r\nX: {}", "a".repeat(4 * MOST_HEAD));
        assert_eq!(request(&endless), Err(LONG_HEAD));
    }

    #[test]
    fn any_bytes_are_a_request_or_refused() {
        let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus/http");
        let mut count = 0;
        for entry in std::fs::read_dir(corpus).expect("a folder") {
            let whole = std::fs::read(entry.expect("an entry").path()).expect("there");
            for at in 0..whole.len() {
                read_any(&whole[..at]);
                for value in [0, 0xff, whole[at] ^ 1, b'9', b'\n'] {
                    let mut changed = whole.clone();
                    changed[at] = value;
                    read_any(&changed);
                }
            }
            count += 1;
        }
        assert!(count >= 3, "{count} files");
    }
}
