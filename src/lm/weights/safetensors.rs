//! The header of a safetensors file: eight bytes that hold its length, then a JSON object of dtype, shape and byte range
//! of each tensor, then the bytes. Nothing is believed that the length of the file contradicts.

use std::ops::Range;
use std::path::Path;

use candle_core::DType;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::lm::keys::parse_object;
use crate::lm::source::Source;

/// The format's own limit.
const LONGEST_HEADER: u64 = 100_000_000;

/// A tensor of the file; `bytes` are counted from its start.
pub(crate) struct Entry {
    pub name: String,
    pub dtype: DType,
    pub shape: Vec<usize>,
    pub bytes: Range<usize>,
}

#[cfg(any(test, fuzzing))]
pub(crate) fn parse(path: &Path, file: &[u8]) -> Result<Vec<Entry>> {
    let start = start(path, file, file.len())?;
    entries(path, &file[8..start], start, file.len())
}

/// The same, with no more of the file read than its header.
pub(crate) fn of(source: &Source) -> Result<Vec<Entry>> {
    let length = usize::try_from(source.length()).unwrap_or(usize::MAX);
    let start = start(source.path(), &source.head(8)?, length)?;
    entries(source.path(), &source.bytes(&(8..start))?, start, length)
}

/// Where the tensors begin in a file of `length` bytes that begins with `head`.
fn start(path: &Path, head: &[u8], length: usize) -> Result<usize> {
    let problem = |problem: String| Error::File { path: path.to_owned(), problem };
    let Some((header, _)) = head.split_first_chunk::<8>() else {
        return Err(problem(format!("has {length} bytes, not even a safetensors header")));
    };
    let header = u64::from_le_bytes(*header);
    if header > LONGEST_HEADER || header > length as u64 - 8 {
        let text = format!("claims a header of {header} bytes; the file has {length} (cut short, or not safetensors)");
        return Err(problem(text));
    }
    Ok(8 + header as usize)
}

fn entries(path: &Path, header: &[u8], start: usize, length: usize) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for (name, value) in parse_object(path, header)? {
        if name != "__metadata__" {
            let entry = entry(&name, &value, start, length - start);
            entries.push(entry.map_err(|problem| Error::Tensor { path: path.to_owned(), tensor: name, problem })?);
        }
    }
    Ok(entries)
}

fn entry(name: &str, value: &Value, start: usize, available: usize) -> Result<Entry, String> {
    let dtype = value["dtype"].as_str().ok_or("has no dtype")?;
    let sizes = |key: &str| -> Result<Vec<usize>, String> {
        let list = value[key].as_array().ok_or(format!("has no {key}"))?;
        let size = |value: &Value| value.as_u64().and_then(|size| usize::try_from(size).ok());
        list.iter().map(size).collect::<Option<_>>().ok_or(format!("has {key} that are not whole numbers"))
    };
    let shape = sizes("shape")?;
    let [from, to] = sizes("data_offsets")?[..] else { return Err("needs two data_offsets".to_owned()) };
    if from > to || to > available {
        return Err(format!("lies at bytes {from}..{to} of {available}: the file is cut short or damaged"));
    }
    let (dtype, size) = match dtype {
        "F64" => (DType::F64, 8),
        "F32" => (DType::F32, 4),
        "F16" => (DType::F16, 2),
        "BF16" => (DType::BF16, 2),
        "I64" => (DType::I64, 8),
        "I32" => (DType::I32, 4),
        "U32" => (DType::U32, 4),
        "I16" => (DType::I16, 2),
        // Masks that older checkpoints carry; nothing reads them.
        "BOOL" | "U8" | "I8" => (DType::U8, 1),
        other => return Err(format!("has the dtype {other}; supported: F64, F32, F16, BF16")),
    };
    let needed = shape.iter().try_fold(size, |product: usize, &size| product.checked_mul(size));
    if needed != Some(to - from) {
        let needed = needed.map_or("more than 2^64".to_owned(), |needed| needed.to_string());
        return Err(format!("of shape {shape:?} needs {needed} bytes and has {}", to - from));
    }
    Ok(Entry { name: name.to_owned(), dtype, shape, bytes: start + from..start + to })
}
