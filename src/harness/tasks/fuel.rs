//! What data cost in the steps of a template.

use minijinja::{Error, ErrorKind, State};

/// Bytes of data that cost as much as one step.
pub(super) const BYTES_PER_STEP: usize = 64;

/// Fails where the steps that are left do not pay for so many bytes.
pub(super) fn afford(state: &State<'_, '_>, bytes: usize) -> Result<(), Error> {
    match state.fuel_levels() {
        Some((_, left)) if (bytes / BYTES_PER_STEP) as u64 > left => Err(ErrorKind::OutOfFuel.into()),
        _ => Ok(()),
    }
}
