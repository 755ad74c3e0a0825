//! Long work beside a Python that stays alive: the lock is let go, and Ctrl-C is heard within a tenth of a second.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// How often Python is asked whether Ctrl-C was pressed.
const EVERY: Duration = Duration::from_millis(50);
/// How long work that heeds the flag may take to end in order.
const PATIENCE: Duration = Duration::from_millis(900);

/// Runs `work` on a thread of its own and waits. It is given a flag that Ctrl-C raises; work that does not heed it is left
/// behind, and what it finds is dropped.
pub(crate) fn run<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce(Arc<AtomicBool>) -> onset::Result<T> + Send + 'static,
) -> PyResult<T> {
    let stop = Arc::new(AtomicBool::new(false));
    let (send, receive) = channel();
    let flag = Arc::clone(&stop);
    let worker = thread::Builder::new().name("onset".into()).spawn(move || {
        // Nobody listens any more after an interruption that the work did not heed.
        let _ = send.send(work(flag));
    });
    worker.map_err(|error| PyRuntimeError::new_err(format!("no thread can be started: {error}")))?;
    let mut interrupted: Option<(PyErr, Instant)> = None;
    // A receiver is not to be shared between threads, but is lent to one at a time here.
    let mut receive = Some(receive);
    loop {
        let Some(channel) = receive.take() else { return Err(PyRuntimeError::new_err("the work is lost")) };
        let (answer, channel) = py.detach(move || (channel.recv_timeout(EVERY), channel));
        receive = Some(channel);
        match answer {
            Ok(answer) => {
                return interrupted.map_or_else(|| answer.map_err(super::errors::raised), |(error, _)| Err(error));
            }
            Err(RecvTimeoutError::Disconnected) => {
                return Err(PyRuntimeError::new_err("onset failed inside; please report this with what was asked"));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        match &interrupted {
            Some((_, since)) if since.elapsed() > PATIENCE => break,
            Some(_) => {}
            None => {
                if let Err(error) = py.check_signals() {
                    stop.store(true, Ordering::Relaxed);
                    interrupted = Some((error, Instant::now()));
                }
            }
        }
    }
    match interrupted {
        Some((error, _)) => Err(error),
        None => Err(PyRuntimeError::new_err("the work is lost")),
    }
}
