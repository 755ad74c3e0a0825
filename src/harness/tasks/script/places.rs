//! The places that an index or a slice means.

use super::object::{Halt, Object, Res, raise, range_len};
use super::tree::Name;

/// The error of a key that is not there.
pub(super) fn raise_key<T>(key: &Object) -> Res<T> {
    let message = key.repr()?;
    let raised = Some((Name::from("KeyError"), vec![key.clone()]));
    Err(Box::new(Halt { raised, message, place: None }))
}

/// The place that an index means.
pub(super) fn place(index: &Object, length: usize, what: &str) -> Res<usize> {
    let Some(at) = index.as_int() else {
        return raise("TypeError", format!("{what} indices must be integers, not {}", index.kind()));
    };
    let at = if at < 0 { at + length as i64 } else { at };
    match usize::try_from(at).ok().filter(|at| *at < length) {
        Some(at) => Ok(at),
        None => raise("IndexError", format!("{what} index out of range")),
    }
}

/// Ends of a slice of step 1.
pub(super) fn contiguous(slice: &[Option<i64>; 3], length: usize) -> Option<(usize, usize)> {
    if slice[2].is_some_and(|step| step != 1) {
        return None;
    }
    let clamp = |at: i64| (if at < 0 { at + length as i64 } else { at }).clamp(0, length as i64) as usize;
    let (from, to) = (slice[0].map_or(0, clamp), slice[1].map_or(length, clamp));
    Some((from, to.max(from)))
}

/// The places of a slice, in its order.
pub(super) fn places(slice: &[Option<i64>; 3], length: usize) -> Res<Box<dyn Iterator<Item = usize>>> {
    let step = slice[2].unwrap_or(1);
    if step == 0 {
        return raise("ValueError", "slice step cannot be zero");
    }
    if let Some((from, to)) = contiguous(slice, length) {
        return Ok(Box::new(from..to));
    }
    let length = length as i64;
    let (low, high) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let clamp = |at: i64| (if at < 0 { at + length } else { at }).clamp(low, high);
    let from = slice[0].map_or(if step > 0 { low } else { high }, clamp);
    let to = slice[1].map_or(if step > 0 { high } else { low }, clamp);
    let count = range_len(from, to, step);
    Ok(Box::new((0..count).map(move |n| (from + n * step) as usize)))
}
