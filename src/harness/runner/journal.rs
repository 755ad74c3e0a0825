//! Answers on disk as they come, so that nothing is asked twice.
//!
//! A journal is a file of JSON lines that only grows: it is appended to, against the habit of writing files whole, because
//! an answer must be safe as soon as it is known. Each line is written at once, which a killed program cannot take back,
//! and put on the disk within [`SYNC_EVERY`], which is what a loss of power can take. A last line that an interruption
//! tore is cut off when the file is opened. Each line ends with a checksum: a line that is damaged, wherever it stands, is
//! left out, counted, and asked again. Lines without a checksum, as earlier versions wrote them, are read. The file is
//! locked while it is open.
//!
//! An answer is found by its [`Key`]: the SHA-256 of everything that it depends on, which is the request's text, the
//! model's weights, its tokenizer and the settings that change numbers. Anything else may change without harm, and nothing
//! that matters can change unnoticed.

use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::harness::request::{Request, Response};
use crate::registry::disk::{self, Step};
use crate::registry::seal::{sealed, unsealed};

/// Answers of so long a time can be lost with the power, and no more. Tests have no time.
const SYNC_EVERY: Duration = if cfg!(test) { Duration::ZERO } else { Duration::from_secs(5) };

/// What an answer is found by: 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key(String);

impl Key {
    /// The key of everything that is the same for all requests: a text that says it all.
    #[must_use]
    pub(crate) fn new(what: &str) -> Self {
        Self::of(&[b"onset answers 1", what.as_bytes()])
    }

    /// The key of a request, given the key of everything else.
    #[must_use]
    pub(crate) fn request(&self, request: &Request) -> Self {
        match request {
            Request::LogLikelihood { context, continuation } => {
                Self::of(&[self.0.as_bytes(), b"log-likelihood", context.as_bytes(), continuation.as_bytes()])
            }
            Request::Rolling { text } => Self::of(&[self.0.as_bytes(), b"rolling", text.as_bytes()]),
            Request::Sample { context, until, max_tokens, how } => {
                let (most, how) = (max_tokens.to_string(), format!("{how:?}"));
                let mut parts = vec![self.0.as_bytes(), b"sample", context.as_bytes(), most.as_bytes(), how.as_bytes()];
                parts.extend(until.iter().map(String::as_bytes));
                Self::of(&parts)
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
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    answers: HashMap<Key, Response>,
    /// When each run began, in nanoseconds since 1970.
    starts: HashMap<Key, i128>,
    /// Bytes of whole lines.
    length: u64,
    damaged: usize,
    synced: Instant,
}

impl Journal {
    /// Opens the journal at `path`, which need not exist, and locks it until it is dropped.
    ///
    /// # Errors
    /// [`Error::InUse`] if another program has it open, [`Error::Read`] or [`Error::Write`].
    pub(crate) fn open(path: &Path) -> Result<Self> {
        if let Some(folder) = path.parent() {
            disk::make_folders(folder).map_err(Error::write(folder))?;
        }
        if !path.exists() {
            disk::step(Step::Make(path, false), || Ok(())).map_err(Error::write(path))?;
        }
        let opened = OpenOptions::new().read(true).append(true).create(true).open(path);
        let mut file = opened.map_err(Error::write(path))?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Error::InUse { path: path.to_owned() },
            TryLockError::Error(source) => Error::write(path)(source),
        })?;
        let mut bytes = Vec::new();
        disk::reading(path, || file.read_to_end(&mut bytes)).map_err(Error::read(path))?;
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
        if whole < bytes.len() {
            disk::cut(&file, path, whole as u64).map_err(Error::write(path))?;
        }
        file.seek(SeekFrom::End(0)).map_err(Error::read(path))?;
        if whole == 0
            && let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty())
        {
            disk::sync_folder(folder).map_err(Error::write(path))?;
        }
        let mut journal = Self {
            path: path.to_owned(),
            file,
            answers: HashMap::new(),
            starts: HashMap::new(),
            length: whole as u64,
            damaged: 0,
            synced: Instant::now(),
        };
        for line in bytes[..whole].split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let read = unsealed(line).and_then(|line| journal.remember(&line));
            journal.damaged += usize::from(read.is_none());
        }
        Ok(journal)
    }

    /// Lines that are damaged; what they said is asked again.
    #[must_use]
    pub(crate) fn damaged(&self) -> usize {
        self.damaged
    }

    /// The answer to a request, if it is known.
    #[must_use]
    pub(crate) fn get(&self, key: &Key) -> Option<&Response> {
        self.answers.get(key)
    }

    /// Number of answers.
    #[must_use]
    #[cfg(any(test, fuzzing))]
    pub(crate) fn len(&self) -> usize {
        self.answers.len()
    }

    /// Writes an answer down.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub(crate) fn append(&mut self, key: &Key, response: &Response) -> Result<()> {
        let line = match response {
            Response::LogLikelihood { value, greedy } => {
                json!({"key": key.0, "value": value, "greedy": greedy})
            }
            Response::Rolling(total) => json!({"key": key.0, "total": total}),
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
    pub(crate) fn start(&mut self, key: &Key, now: i128) -> Result<i128> {
        if let Some(&start) = self.starts.get(key) {
            return Ok(start);
        }
        self.write(&json!({"run": key.0, "started": now.to_string()}))?;
        self.starts.insert(key.clone(), now);
        Ok(now)
    }

    fn write(&mut self, line: &Value) -> Result<()> {
        let line = sealed(&line.to_string());
        if let Err(error) = disk::append(&mut self.file, &self.path, line.as_bytes()) {
            // A full disk may have taken half of the line. What cannot be cut off now is left out by its checksum later.
            let _ = disk::cut(&self.file, &self.path, self.length);
            return Err(Error::write(&self.path)(error));
        }
        self.length += line.len() as u64;
        if self.synced.elapsed() >= SYNC_EVERY {
            self.sync()?;
        }
        Ok(())
    }

    /// Puts what was written on the disk.
    ///
    /// # Errors
    /// [`Error::Write`].
    pub(crate) fn sync(&mut self) -> Result<()> {
        self.synced = Instant::now();
        disk::sync(&self.file, &self.path).map_err(Error::write(&self.path))
    }

    fn remember(&mut self, line: &[u8]) -> Option<()> {
        let line: Value = serde_json::from_slice(line).ok()?;
        let text = |name: &str| line.get(name).and_then(Value::as_str);
        if let Some(run) = text("run") {
            self.starts.insert(Key(run.to_owned()), text("started")?.parse().ok()?);
            return Some(());
        }
        // JSON has no word for what is not finite; an impossible text is written as null.
        let finite = |value: &Value| match value {
            Value::Null => Some(f64::NEG_INFINITY),
            value => value.as_f64(),
        };
        let response = match (text("text"), line.get("total")) {
            (Some(text), _) => Response::Generated(text.to_owned()),
            (None, Some(total)) => Response::Rolling(finite(total)?),
            (None, None) => {
                Response::LogLikelihood { value: finite(line.get("value")?)?, greedy: line.get("greedy")?.as_bool()? }
            }
        };
        self.answers.insert(Key(text("key")?.to_owned()), response);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_holds() -> crate::Result<()> {
        use crate::harness::request::{Request, Response};
        use crate::harness::runner::{Journal, Key};

        let folder = tempfile::tempdir().expect("a folder for a moment");
        let key = Key::new("the hash of a model")
            .request(&Request::LogLikelihood { context: "2 + 2 =".into(), continuation: " 4".into() });
        let mut journal = Journal::open(&folder.path().join("answers.jsonl"))?;
        journal.append(&key, &Response::LogLikelihood { value: -0.5, greedy: true })?;
        assert_eq!(journal.get(&key), Some(&Response::LogLikelihood { value: -0.5, greedy: true }));
        Ok(())
    }

    fn key(number: usize) -> Key {
        Key::new(&number.to_string())
    }

    /// What the journal is given as answer `number`.
    fn answer(number: usize) -> Response {
        match number % 3 {
            2 => Response::Rolling(-0.375 * number as f64),
            0 => Response::LogLikelihood { value: -0.125 * number as f64, greedy: number.is_multiple_of(4) },
            _ => Response::Generated(format!("text {number} \"}} \n end")),
        }
    }

    fn written(path: &Path, answers: usize) -> Vec<u8> {
        let mut journal = Journal::open(path).expect("opened");
        journal.start(&key(99), 7).expect("begun");
        (0..answers).for_each(|number| journal.append(&key(number), &answer(number)).expect("written"));
        drop(journal);
        std::fs::read(path).expect("there")
    }

    #[test]
    fn no_flipped_bit_changes_an_answer() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("answers.jsonl");
        let whole = written(&path, 4);
        for place in 0..whole.len() * 8 {
            let mut flipped = whole.clone();
            flipped[place / 8] ^= 1 << (place % 8);
            std::fs::write(&path, &flipped).expect("written");
            let journal = Journal::open(&path).expect("opened");
            let lost = (0..4).filter(|&number| match journal.get(&key(number)) {
                Some(found) => {
                    assert_eq!(*found, answer(number), "bit {place}");
                    false
                }
                None => true,
            });
            // One bit can join two lines.
            assert!(lost.count() <= 2, "bit {place}");
        }
    }

    #[test]
    fn a_line_torn_anywhere_is_counted_and_left_out() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("answers.jsonl");
        let whole = written(&path, 3);
        let lines: Vec<&[u8]> = whole.split_inclusive(|&byte| byte == b'\n').collect();
        for cut in 1..lines[2].len() - 1 {
            // A disk that was full for a moment: half a line, then whole ones.
            let torn = [lines[0], lines[1], &lines[2][..cut], b"\n", lines[3]].concat();
            std::fs::write(&path, torn).expect("written");
            let journal = Journal::open(&path).expect("opened");
            assert_eq!((journal.damaged(), journal.len()), (1, 2), "cut at {cut}");
            assert_eq!(journal.get(&key(2)), Some(&answer(2)));
        }
    }

    #[test]
    fn a_journal_cut_at_any_byte_keeps_the_answers_before() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("answers.jsonl");
        let whole = written(&path, 4);
        for cut in 0..whole.len() {
            std::fs::write(&path, &whole[..cut]).expect("written");
            let lines = whole[..cut].iter().filter(|&&byte| byte == b'\n').count();
            let mut journal = Journal::open(&path).expect("opened");
            assert_eq!((journal.len(), journal.damaged()), (lines.saturating_sub(1), 0), "cut at {cut}");
            journal.start(&key(99), 7).expect("begun");
            (0..4)
                .filter(|&number| journal.get(&key(number)).is_none())
                .collect::<Vec<_>>()
                .into_iter()
                .for_each(|number| journal.append(&key(number), &answer(number)).expect("written"));
            drop(journal);
            assert_eq!(std::fs::read(&path).expect("there"), whole, "cut at {cut}");
        }
    }

    #[test]
    fn lines_of_an_earlier_version_are_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("answers.jsonl");
        std::fs::write(&path, format!("{{\"key\":\"{}\",\"text\":\"yes\"}}\n", key(1).as_str())).expect("written");
        let journal = Journal::open(&path).expect("opened");
        assert_eq!(journal.get(&key(1)), Some(&Response::Generated("yes".into())));
    }
}
