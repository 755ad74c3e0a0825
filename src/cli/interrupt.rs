//! What Ctrl-C does, for every command that works long.

#[cfg(feature = "models")]
use std::sync::Arc;
#[cfg(feature = "models")]
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Cause, Error, Result};

/// A flag that the first interruption raises, with `said` on standard error; the second ends the program at once, which
/// loses nothing that is finished. Called once in the life of the program.
///
/// # Errors
/// When the system does not let the program listen.
#[cfg(feature = "models")]
pub(super) fn stop_flag(said: &'static str) -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let raised = Arc::clone(&stop);
    on_interrupt(move || {
        if raised.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        complain!("\nonset: {said}; once more to stop at once");
    })?;
    Ok(stop)
}

/// Runs `handler` at every interruption.
///
/// # Errors
/// When the system does not let the program listen.
pub(super) fn on_interrupt(handler: impl FnMut() + Send + 'static) -> Result<()> {
    ctrlc::set_handler(handler).map_err(|error| Error::System { what: "listen for Ctrl-C", source: Cause::of(error) })
}
