//! PyTorch's `.bin`: a zip archive with a pickle of shapes, read through candle.
//!
//! candle follows a pickle without a bound: an object that is used again is copied with all it holds, and one that is deep
//! is as deep on the stack. [`weighed`] goes through the same steps before with numbers only.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use candle_core::Tensor;
use candle_core::pickle::PthTensors;

use crate::bounds::{self, Bound};
use crate::error::{Error, Result};
use crate::lm::source::Source;

/// Names and shapes.
pub(super) fn list(path: &Path) -> Result<Vec<(String, Vec<usize>)>> {
    let size = Source::open(path)?.length();
    let tensors = opened(path)?;
    let mut list = Vec::new();
    for (name, info) in tensors.tensor_infos() {
        let shape = info.layout.dims().to_vec();
        let bytes = shape.iter().try_fold(info.dtype.size_in_bytes(), |product, &size| product.checked_mul(size));
        if bytes.is_none_or(|bytes| bytes as u64 > size) {
            let problem = format!("of shape {shape:?} cannot be in a file of {size} bytes");
            return Err(Error::Tensor { path: path.to_owned(), tensor: name.clone(), problem });
        }
        list.push((name.clone(), shape));
    }
    match list.is_empty() {
        true => Err(problem(path, "holds no tensors that can be read")),
        false => Ok(list),
    }
}

/// One tensor, on the CPU.
pub(super) fn read(path: &Path, name: &str) -> Result<Tensor> {
    let tensors = opened(path)?;
    match guarded(path, || tensors.get(name))? {
        Some(tensor) => Ok(tensor.contiguous()?),
        None => Err(problem(path, "lost a tensor while being read")),
    }
}

fn opened(path: &Path) -> Result<PthTensors> {
    weighed(path)?;
    guarded(path, || PthTensors::new(path, None))
}

/// The reader of pickles trusts its input in places; what it does not survive is an error like any other.
fn guarded<T>(path: &Path, read: impl FnOnce() -> candle_core::Result<T>) -> Result<T> {
    match bounds::survive(read) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(problem(path, &format!("is not a PyTorch archive: {}", Error::from(error)))),
        Err(_) => Err(problem(path, "is damaged")),
    }
}

fn problem(path: &Path, problem: &str) -> Error {
    Error::File { path: path.to_owned(), problem: problem.to_owned() }
}

/// Fails for an archive whose pickles would be deeper or larger in memory than allowed.
fn weighed(path: &Path) -> Result<()> {
    let not_one = |error: &dyn std::fmt::Display| problem(path, &format!("is not a PyTorch archive: {error}"));
    let file = File::open(path).map_err(Error::read(path))?;
    let archive =
        bounds::survive(|| zip::ZipArchive::new(BufReader::new(file))).map_err(|_| problem(path, "is damaged"))?;
    let mut archive = archive.map_err(|error| not_one(&error))?;
    // As candle goes through the archive.
    let names: Vec<String> = archive.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect();
    for name in names.iter().filter(|name| name.ends_with("data.pkl")) {
        let entry = archive.by_name(name).map_err(|error| not_one(&error))?;
        let mut bytes = Vec::new();
        let most = Bound::PickleBytes.get().saturating_add(1);
        entry.take(most).read_to_end(&mut bytes).map_err(|error| not_one(&error))?;
        Bound::PickleBytes.check(bytes.len()).and_then(|()| weigh(&bytes)).map_err(|said| problem(path, &said))?;
    }
    Ok(())
}

/// Bytes of text that count as one object more.
const BYTES_PER_VALUE: usize = 64;

/// An object on the pickle's stack: of how many it is made, and on how many levels. A text counts by its length too.
#[derive(Debug, Clone, Copy)]
struct Weight {
    values: usize,
    depth: usize,
    mark: bool,
}

#[derive(Default)]
struct Scale {
    stack: Vec<Weight>,
    memo: HashMap<u32, Weight>,
    /// Of everything on the stack and in the memo.
    values: usize,
}

impl Scale {
    fn push(&mut self, weight: Weight) -> Option<()> {
        self.values = self.values.saturating_add(weight.values);
        self.stack.push(weight);
        Some(())
    }

    /// Takes the objects from this place on off the stack.
    fn take(&mut self, from: usize) -> Weight {
        let taken = self.stack.drain(from..);
        let sum = taken
            .fold((0_usize, 0), |(values, depth), item| (values.saturating_add(item.values), depth.max(item.depth)));
        self.values = self.values.saturating_sub(sum.0);
        Weight { values: sum.0, depth: sum.1, mark: false }
    }

    fn last(&mut self, count: usize) -> Option<Weight> {
        let from = self.stack.len().checked_sub(count)?;
        Some(self.take(from))
    }

    /// Those after the last mark, which goes too.
    fn marked(&mut self) -> Option<Weight> {
        let mark = self.stack.iter().rposition(|item| item.mark)?;
        let items = self.take(mark + 1);
        self.last(1)?;
        Some(items)
    }

    /// An object that holds these.
    fn hold(&mut self, items: Weight) -> Option<()> {
        self.push(Weight { values: items.values.saturating_add(1), depth: items.depth + 1, mark: false })
    }

    /// Puts these into the last object.
    fn add(&mut self, items: Weight) -> Option<()> {
        let into = self.last(1)?;
        let depth = into.depth.max(items.depth + 1);
        self.push(Weight { values: into.values.saturating_add(items.values), depth, mark: false })
    }

    fn keep(&mut self, number: u32) -> Option<()> {
        let kept = *self.stack.last()?;
        let before = self.memo.insert(number, kept).map_or(0, |before| before.values);
        self.values = self.values.saturating_add(kept.values).saturating_sub(before);
        Some(())
    }
}

/// How many bytes of argument follow a step; `None` where the pickle ends within it.
fn argument(step: u8, rest: &[u8]) -> Option<usize> {
    Some(match step {
        0x80 | b'K' | b'q' | b'h' => 1,
        b'M' => 2,
        b'J' | b'r' | b'j' => 4,
        b'G' => 8,
        0x8a => 1 + usize::from(*rest.first()?),
        b'X' => (u32::from_le_bytes(*rest.first_chunk()?) as usize).saturating_add(4),
        b'c' => rest.iter().enumerate().filter(|(_, byte)| **byte == b'\n').nth(1)?.0 + 1,
        _ => 0,
    })
}

/// Goes through the steps of a pickle. Steps that are not known, and its end, end it: candle says what is wrong there.
fn weigh(mut bytes: &[u8]) -> Result<(), String> {
    let mut scale = Scale::default();
    while let Some((&step, rest)) = bytes.split_first().filter(|(step, _)| **step != b'.') {
        let Some(length) = argument(step, rest) else { break };
        // Room for what a length promises is made before it is read.
        let Some((said, after)) = rest.split_at_checked(length) else {
            return Err(format!("is cut short or damaged: its pickle needs {length} bytes, {} are left", rest.len()));
        };
        bytes = after;
        let number = said.iter().rev().fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
        let plain = Weight { values: 1 + length / BYTES_PER_VALUE, depth: 1, mark: step == b'(' };
        let done = match step {
            0x80 => Some(()),
            b'X' | b'c' | b'K' | b'M' | b'J' | b'G' | 0x8a | 0x88 | 0x89 | b'N' | b')' | b'}' | b']' | b'd' | b'(' => {
                scale.push(plain)
            }
            b't' => scale.marked().and_then(|items| scale.hold(items)),
            0x85 | b'Q' => scale.last(1).and_then(|items| scale.hold(items)),
            0x86 | b'R' | b'b' | 0x81 => scale.last(2).and_then(|items| scale.hold(items)),
            0x87 => scale.last(3).and_then(|items| scale.hold(items)),
            b'a' => scale.last(1).and_then(|items| scale.add(items)),
            b's' => scale.last(2).and_then(|items| scale.add(items)),
            b'e' | b'u' => scale.marked().and_then(|items| scale.add(items)),
            b'q' | b'r' => scale.keep(number),
            b'h' | b'j' => scale.memo.get(&number).copied().and_then(|kept| scale.push(kept)),
            _ => None,
        };
        if done.is_none() {
            break;
        }
        Bound::PickleValues.check(scale.values)?;
        Bound::PickleDepth.check(scale.stack.last().map_or(0, |top| top.depth))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pickle as a file that is found to be a PyTorch archive as far as its pickle goes.
    fn file(folder: &Path, pickle: &[u8]) -> std::path::PathBuf {
        let path = folder.join("pytorch_model.bin");
        std::fs::write(&path, stored("archive/data.pkl", pickle)).expect("written");
        path
    }

    /// A zip archive with one entry that is not packed.
    fn stored(name: &str, bytes: &[u8]) -> Vec<u8> {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        let (length, named) = ((bytes.len() as u32).to_le_bytes(), (name.len() as u16).to_le_bytes());
        let fields =
            [&[20, 0, 0, 0, 0, 0, 0, 0, 0, 0], &crc.sum().to_le_bytes()[..], &length, &length, &named, &[0, 0]]
                .concat();
        let mut out = [b"PK\x03\x04", &fields[..], name.as_bytes(), bytes].concat();
        let (at, entry) = (out.len() as u32, [b"PK\x01\x02\x14\x00", &fields[..], &[0; 14], name.as_bytes()].concat());
        out.extend_from_slice(&entry);
        out.extend(
            [b"PK\x05\x06\0\0\0\0\x01\0\x01\0", &(entry.len() as u32).to_le_bytes()[..], &at.to_le_bytes(), &[0, 0]]
                .concat(),
        );
        out
    }

    fn refusal(pickle: &[u8]) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        list(&file(folder.path(), pickle)).expect_err("refused").to_string()
    }

    #[test]
    fn an_object_that_is_used_again_counts_each_time() {
        // A list, then a list of it twice, and so on: the objects double with every five bytes.
        let mut pickle = b"\x80\x02]q\0".to_vec();
        (0..60_u8).for_each(|n| pickle.extend([b']', b'h', n, b'a', b'h', n, b'a', b'q', n + 1]));
        pickle.push(b'.');
        assert!(refusal(&pickle).contains("--bound pickle-values=NUMBER"), "{}", refusal(&pickle));
        let text = [b"X\xff\0\0\0", &[b'a'; 255][..], b"q\0"].concat();
        let many = [b"\x80\x02".to_vec(), text, b"h\0".repeat(2_000_000), b".".to_vec()].concat();
        assert!(refusal(&many).contains("pickle-values"));
    }

    #[test]
    fn no_object_is_deeper_than_the_stack() {
        for (before, step) in [
            ("N", &b"\x85"[..]),
            ("N", b"Q"),
            ("N", b"N\x86"),
            ("N", b"NR"),
            ("N", b"Nb"),
            ("N", b"N\x81"),
            ("]", b"q\0]h\0a"),
        ] {
            let pickle = [before.as_bytes(), &step.repeat(200_000), b"."].concat();
            assert!(refusal(&pickle).contains("--bound pickle-depth=NUMBER"), "{}", refusal(&pickle));
        }
        let opened = [b"(".repeat(200_000), b"t".repeat(200_000), b".".to_vec()].concat();
        assert!(refusal(&opened).contains("pickle-depth"));
    }

    #[test]
    fn a_length_that_the_file_does_not_hold_is_told() {
        assert!(refusal(b"X\xff\xff\xff\x7fabc").contains("are left"));
        assert!(refusal(b"\x8a\x09a").contains("are left"));
        for damaged in [&b""[..], b"\xff", b"t.", b"a.", b"h\x07.", b"c", b"cx\n", b"X\0", b"N."] {
            assert!(!refusal(damaged).is_empty());
        }
    }
}
