//! Work that may panic, recurse or go on for longer than anybody waits, made to end in a sentence.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

thread_local! {
    /// Whether a panic of this thread is caught and told as an error.
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Lets a library work that trusts its input in places. What it does not survive is an error.
///
/// # Errors
/// What the panic said.
pub(crate) fn survive<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let before = CAUGHT.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(work));
    CAUGHT.set(before);
    outcome.map_err(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a word").to_owned()
    })
}

/// Keeps what [`survive`] catches off standard error. For programs: the hook is that of the whole process.
pub(crate) fn hide_caught_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !CAUGHT.get() {
                usual(panic);
            }
        }));
    });
}

type Job = Box<dyn FnOnce() + Send>;

/// A thread that does one piece of work after another for the thread that it belongs to.
struct Helper {
    jobs: Sender<Job>,
    stack: usize,
}

thread_local! {
    static HELPER: RefCell<Option<Helper>> = const { RefCell::new(None) };
}

/// How often who waits looks whether it has waited long enough. A program that was halted meanwhile counts one look.
const LOOK: Duration = Duration::from_millis(50);

/// Runs `work` on a stack of so many bytes, on another thread, which is left to itself when the work has not ended after
/// `patience`: a thread cannot be stopped from outside, and ends with the program.
///
/// # Errors
/// A sentence, where the work does not end in time or panics, or where the system gives no such stack.
pub(crate) fn elsewhere<T: Send + 'static>(
    stack: usize,
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, String> {
    let (sender, receiver) = mpsc::channel();
    let job: Job = Box::new(move || drop(sender.send(survive(work))));
    HELPER.with_borrow_mut(|helper| {
        if helper.as_ref().is_none_or(|helper| helper.stack < stack) {
            *helper = Some(Helper::new(stack)?);
        }
        let unsent = helper.as_ref().is_none_or(|helper| helper.jobs.send(job).is_err());
        if unsent { Err("the thread for it died".to_owned()) } else { Ok(()) }
    })?;
    let mut waited = Duration::ZERO;
    loop {
        match receiver.recv_timeout(LOOK) {
            Ok(outcome) => return outcome,
            Err(RecvTimeoutError::Timeout) if waited < patience => waited += LOOK,
            Err(error) => {
                HELPER.set(None);
                let late = format!("did not end within {} seconds", patience.as_secs_f64());
                return Err(if error == RecvTimeoutError::Timeout {
                    late
                } else {
                    "the thread for it died".to_owned()
                });
            }
        }
    }
}

impl Helper {
    fn new(stack: usize) -> Result<Self, String> {
        let (jobs, work) = mpsc::channel::<Job>();
        let spawned = thread::Builder::new().stack_size(stack).spawn(move || work.iter().for_each(|job| job()));
        spawned.map_err(|error| format!("the system gives no stack of {stack} bytes: {error}"))?;
        Ok(Self { jobs, stack })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(left: usize) -> usize {
        std::hint::black_box([left; 64]);
        if left == 0 { 0 } else { 1 + std::hint::black_box(depth(left - 1)) }
    }

    #[test]
    fn what_panics_is_an_error() {
        assert_eq!(survive(|| 1), Ok(1));
        assert_eq!(survive(|| -> u8 { panic!("of {}", 3) }), Err("of 3".to_owned()));
    }

    #[test]
    fn what_recurses_gets_its_stack_and_what_does_not_end_is_left_and_what_comes_after_is_done() {
        let long = Duration::from_secs(600);
        assert_eq!(elsewhere(1 << 30, long, || depth(200_000)), Ok(200_000));
        assert_eq!(elsewhere(1 << 20, long, || -> u8 { panic!("of {}", 3) }), Err("of 3".to_owned()));
        let ended = elsewhere(1 << 20, Duration::ZERO, || {
            loop {
                thread::park();
            }
        });
        assert_eq!(ended, Err::<(), _>("did not end within 0 seconds".to_owned()));
        assert_eq!(elsewhere(1 << 20, long, || 2), Ok(2));
    }
}
