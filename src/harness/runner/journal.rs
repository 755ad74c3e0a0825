//! Answers on disk as they come, so that nothing is asked twice.
//!
//! A journal is a file of JSON lines that only grows: it is appended to, against the habit of writing files whole, because
//! an answer must be safe as soon as it is known. Each line is written at once; a last line that an interruption tore is
//! cut off when the file is opened. The file is locked while it is open.
//!
//! An answer is found by its [`Key`]: the SHA-256 of everything that it depends on, which is the request's text, the
//! model's weights, its tokenizer and the settings that change numbers. Anything else may change without harm, and nothing
//! that matters can change unnoticed.
//!
//! ```
//! use onset::harness::request::{Request, Response};
//! use onset::harness::runner::{Journal, Key};
//!
//! let folder = tempfile::tempdir().expect("a folder for a moment");
//! let key = Key::new("the hash of a model").request(&Request::LogLikelihood {
//!     context: "2 + 2 =".into(),
//!     continuation: " 4".into(),
//! });
//! let mut journal = Journal::open(&folder.path().join("answers.jsonl"))?;
//! journal.append(&key, &Response::LogLikelihood { value: -0.5, greedy: true })?;
//! assert_eq!(journal.get(&key), Some(&Response::LogLikelihood { value: -0.5, greedy: true }));
//! # Ok::<(), onset::Error>(())
//! ```

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::harness::request::{Request, Response};

/// What an answer is found by: 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(String);

impl Key {
    /// The key of everything that is the same for all requests: a text that says it all.
    #[must_use]
    pub fn new(what: &str) -> Self {
        Self::of(&[b"onset answers 1", what.as_bytes()])
    }

    /// The key of a request, given the key of everything else.
    #[must_use]
    pub fn request(&self, request: &Request) -> Self {
        match request {
            Request::LogLikelihood { context, continuation } => {
                Self::of(&[self.0.as_bytes(), b"log-likelihood", context.as_bytes(), continuation.as_bytes()])
            }
            Request::Generate { context, until, max_tokens } => {
                let most = max_tokens.to_string();
                let mut parts = vec![self.0.as_bytes(), b"generate", context.as_bytes(), most.as_bytes()];
                parts.extend(until.iter().map(String::as_bytes));
                Self::of(&parts)
            }
        }
    }

    /// The digits.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Lengths go before parts, so that no two lists of parts give the same bytes.
    fn of(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Self(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    answers: HashMap<Key, Response>,
    /// When each run began, in nanoseconds since 1970.
    starts: HashMap<Key, i128>,
}

impl Journal {
    /// Opens the journal at `path`, which need not exist, and locks it until it is dropped.
    ///
    /// # Errors
    /// [`Error::InUse`] if another program has it open, [`Error::File`] naming the line if it is damaged elsewhere
    /// than at its end, [`Error::Read`] or [`Error::Write`].
    pub fn open(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(Error::write(folder))?;
        }
        let opened = OpenOptions::new().read(true).append(true).create(true).open(path);
        let mut file = opened.map_err(Error::write(path))?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Error::InUse { path: path.to_owned() },
            TryLockError::Error(source) => Error::write(path)(source),
        })?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(Error::read(path))?;
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
        if whole < bytes.len() {
            file.set_len(whole as u64).map_err(Error::write(path))?;
        }
        file.seek(SeekFrom::End(0)).map_err(Error::read(path))?;
        let mut journal = Self { path: path.to_owned(), file, answers: HashMap::new(), starts: HashMap::new() };
        for (number, line) in bytes[..whole].split_inclusive(|&byte| byte == b'\n').enumerate() {
            if journal.remember(line).is_none() {
                let problem = format!("line {} is damaged; remove the line, or the file to begin anew", number + 1);
                return Err(Error::File { path: path.to_owned(), problem });
            }
        }
        Ok(journal)
    }

    /// The answer to a request, if it is known.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&Response> {
        self.answers.get(key)
    }

    /// Number of answers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.answers.len()
    }

    /// Whether there are no answers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }

    /// Writes an answer down.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn append(&mut self, key: &Key, response: &Response) -> Result<()> {
        let line = match response {
            Response::LogLikelihood { value, greedy } => {
                json!({"key": key.0, "value": value, "greedy": greedy})
            }
            Response::Generated(text) => json!({"key": key.0, "text": text}),
        };
        self.write(&line)?;
        self.answers.insert(key.clone(), response.clone());
        Ok(())
    }

    /// When the run `key` began, in nanoseconds since 1970: `now` if it begins now.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub fn start(&mut self, key: &Key, now: i128) -> Result<i128> {
        if let Some(&start) = self.starts.get(key) {
            return Ok(start);
        }
        self.write(&json!({"run": key.0, "started": now.to_string()}))?;
        self.starts.insert(key.clone(), now);
        Ok(now)
    }

    fn write(&mut self, line: &Value) -> Result<()> {
        self.file.write_all(format!("{line}\n").as_bytes()).map_err(Error::write(&self.path))
    }

    fn remember(&mut self, line: &[u8]) -> Option<()> {
        let line: Value = serde_json::from_slice(line).ok()?;
        let text = |name: &str| line.get(name).and_then(Value::as_str);
        if let Some(run) = text("run") {
            self.starts.insert(Key(run.to_owned()), text("started")?.parse().ok()?);
            return Some(());
        }
        let response = match text("text") {
            Some(text) => Response::Generated(text.to_owned()),
            None => Response::LogLikelihood {
                // JSON has no word for what is not finite; an impossible continuation is written as null.
                value: match line.get("value")? {
                    Value::Null => f64::NEG_INFINITY,
                    value => value.as_f64()?,
                },
                greedy: line.get("greedy")?.as_bool()?,
            },
        };
        self.answers.insert(Key(text("key")?.to_owned()), response);
        Some(())
    }
}
