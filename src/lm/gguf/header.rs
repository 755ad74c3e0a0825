//! The header of a GGUF file: settings by name, then name, shape, dtype and place of each tensor.
//!
//! Layout after the specification of the format, versions 2 and 3, little endian. Every length is checked against what is
//! left of the file before anything is allocated for it.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;

use candle_core::quantized::GgmlDType;

use crate::error::{Error, Result};
use crate::lm::source::Source;

/// Bytes between tensors where the file does not say.
const DEFAULT_ALIGNMENT: u64 = 32;

/// Bytes of a file that are read at first for its header.
const FIRST_PART: u64 = 1 << 20;

/// Settings and tensors of a GGUF file.
#[derive(Debug)]
pub(crate) struct Header {
    /// Settings by name.
    pub settings: HashMap<String, MetadataValue>,
    /// The tensors, in the order of the file.
    pub tensors: Vec<TensorPlace>,
}

/// A setting.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum MetadataValue {
    /// A whole number of any width.
    Whole(i64),
    /// A floating-point number.
    Number(f64),
    /// True or false.
    Flag(bool),
    /// A text; bytes that are not UTF-8 are replaced.
    Text(String),
    /// A list of numbers or flags.
    Numbers(Vec<f64>),
    /// A list of texts.
    Texts(Vec<String>),
}

impl fmt::Display for MetadataValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(number) => write!(f, "{number}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Text(text) => write!(f, "`{text}`"),
            Self::Numbers(numbers) => write!(f, "a list of {} numbers", numbers.len()),
            Self::Texts(texts) => write!(f, "a list of {} texts", texts.len()),
        }
    }
}

/// Where a tensor is; `bytes` are counted from the start of the file.
#[derive(Debug, Clone)]
pub(crate) struct TensorPlace {
    /// Its name.
    pub name: String,
    /// Of its blocks.
    pub dtype: GgmlDType,
    /// Outputs before inputs.
    pub shape: Vec<usize>,
    /// Its bytes.
    pub bytes: Range<usize>,
}

impl Header {
    /// Reads the header of `file`, which is all bytes of `path`.
    ///
    /// # Errors
    /// [`Error::File`] or [`Error::Tensor`] for anything that contradicts the format or the length of the file.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn parse(path: &Path, file: &[u8]) -> Result<Self> {
        Self::begun(path, &mut Reader { file, at: 0, length: file.len(), short: false })
    }

    /// Reads as much of a file as its header takes.
    ///
    /// # Errors
    /// As [`Header::parse`], and that the file cannot be read.
    pub(in crate::lm) fn of(source: &Source) -> Result<Self> {
        let mut most = FIRST_PART;
        loop {
            let head = source.head(most)?;
            let length = usize::try_from(source.length()).unwrap_or(usize::MAX);
            let mut reader = Reader { file: &head, at: 0, length, short: false };
            let outcome = Self::begun(source.path(), &mut reader);
            if !reader.short {
                return outcome;
            }
            most = most.saturating_mul(4);
        }
    }

    fn begun(path: &Path, reader: &mut Reader<'_>) -> Result<Self> {
        let problem = |problem| Error::File { path: path.to_owned(), problem };
        let (settings, count) = reader.settings().map_err(problem)?;
        let mut places = Vec::new();
        for _ in 0..count {
            places.push(reader.tensor().map_err(problem)?);
        }
        let alignment = match settings.get("general.alignment") {
            None => DEFAULT_ALIGNMENT,
            Some(MetadataValue::Whole(alignment @ 1..=0xffff_ffff)) => *alignment as u64,
            Some(other) => {
                return Err(problem(format!("`general.alignment` is {other}; it is a whole number of bytes above 0")));
            }
        };
        let length = reader.length as u64;
        let start = (reader.at as u64).next_multiple_of(alignment);
        let place = |(name, shape, dtype, offset): (String, Vec<usize>, u32, u64)| {
            let place = place(&shape, dtype, start, offset, length);
            match place {
                Ok((dtype, bytes)) => Ok(TensorPlace { name, dtype, shape, bytes }),
                Err(problem) => Err(Error::Tensor { path: path.to_owned(), tensor: name, problem }),
            }
        };
        Ok(Self { settings, tensors: places.into_iter().map(place).collect::<Result<_>>()? })
    }

    /// A text setting.
    pub(in crate::lm) fn text(&self, name: &str) -> Option<&str> {
        match self.settings.get(name)? {
            MetadataValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A flag.
    pub(in crate::lm) fn flag(&self, name: &str) -> Option<bool> {
        match self.settings.get(name)? {
            MetadataValue::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    /// A token id or other small whole number.
    pub(in crate::lm) fn whole(&self, name: &str) -> Option<u32> {
        match self.settings.get(name)? {
            MetadataValue::Whole(number) => u32::try_from(*number).ok(),
            _ => None,
        }
    }

    /// A list of texts.
    pub(in crate::lm) fn texts(&self, name: &str) -> Option<&[String]> {
        match self.settings.get(name)? {
            MetadataValue::Texts(texts) => Some(texts),
            _ => None,
        }
    }

    /// A list of numbers.
    pub(in crate::lm) fn numbers(&self, name: &str) -> Option<&[f64]> {
        match self.settings.get(name)? {
            MetadataValue::Numbers(numbers) => Some(numbers),
            _ => None,
        }
    }
}

/// Dtype and bytes of a tensor at `offset` after `start` of a file of `length` bytes.
fn place(
    shape: &[usize],
    dtype: u32,
    start: u64,
    offset: u64,
    length: u64,
) -> Result<(GgmlDType, Range<usize>), String> {
    let supported = "F32, F16, BF16, Q4_0, Q5_0, Q8_0, Q4_K, Q5_K, Q6_K";
    let dtype = match dtype {
        0 => GgmlDType::F32,
        1 => GgmlDType::F16,
        2 => GgmlDType::Q4_0,
        3 => GgmlDType::Q4_1,
        6 => GgmlDType::Q5_0,
        7 => GgmlDType::Q5_1,
        8 => GgmlDType::Q8_0,
        12 => GgmlDType::Q4K,
        13 => GgmlDType::Q5K,
        14 => GgmlDType::Q6K,
        30 => GgmlDType::BF16,
        other => return Err(format!("has the type {other} of ggml, which is not supported; supported: {supported}")),
    };
    let elements = shape.iter().try_fold(1u64, |product, &size| product.checked_mul(size as u64));
    let elements = elements.ok_or_else(|| format!("of shape {shape:?} has more than 2^64 numbers"))?;
    let block = dtype.block_size() as u64;
    if shape.last().is_none_or(|&row| !(row as u64).is_multiple_of(block)) {
        return Err(format!("of shape {shape:?} does not divide into blocks of {block}"));
    }
    let needed = (elements / block).checked_mul(dtype.type_size() as u64);
    let end = needed.and_then(|needed| start.checked_add(offset)?.checked_add(needed));
    match end {
        Some(end) if end <= length => Ok((dtype, (start + offset) as usize..end as usize)),
        _ => Err(format!("of shape {shape:?} does not fit: the file has {length} bytes and is cut short or damaged")),
    }
}

struct Reader<'a> {
    /// The whole file or its beginning.
    file: &'a [u8],
    at: usize,
    /// Of the whole file.
    length: usize,
    /// Whether more of the file is needed.
    short: bool,
}

type Outcome<T> = Result<T, String>;

impl Reader<'_> {
    fn settings(&mut self) -> Outcome<(HashMap<String, MetadataValue>, u64)> {
        if self.take(4)? != b"GGUF" {
            return Err("does not start with GGUF".to_owned());
        }
        let version = self.u32()?;
        if !matches!(version, 2 | 3) {
            return Err(format!("is GGUF version {version}; supported: 2, 3"));
        }
        let (tensors, settings) = (self.u64()?, self.u64()?);
        // The shortest setting takes 13 bytes, the shortest tensor 24.
        self.room(settings, 13, "settings")?;
        self.room(tensors, 24, "tensors")?;
        let mut map = HashMap::new();
        for _ in 0..settings {
            let name = self.text()?;
            let kind = self.u32()?;
            let value = self.value(kind).map_err(|problem| format!("setting `{name}`: {problem}"))?;
            map.insert(name, value);
        }
        Ok((map, tensors))
    }

    fn tensor(&mut self) -> Outcome<(String, Vec<usize>, u32, u64)> {
        let name = self.text()?;
        let dimensions = self.u32()?;
        if !(1..=4).contains(&dimensions) {
            return Err(format!("tensor `{name}` has {dimensions} dimensions"));
        }
        let mut shape = Vec::new();
        for _ in 0..dimensions {
            let size = self.u64()?;
            shape.push(usize::try_from(size).map_err(|_| format!("tensor `{name}` has a dimension of {size}"))?);
        }
        // The file counts from the innermost dimension.
        shape.reverse();
        Ok((name, shape, self.u32()?, self.u64()?))
    }

    fn value(&mut self, kind: u32) -> Outcome<MetadataValue> {
        Ok(match kind {
            8 => MetadataValue::Text(self.text()?),
            7 => MetadataValue::Flag(self.take(1)?[0] != 0),
            6 | 12 => MetadataValue::Number(self.number(kind)?),
            0..=5 | 10 | 11 => MetadataValue::Whole(self.whole(kind)?),
            9 => {
                let (kind, count) = (self.u32()?, self.u64()?);
                if kind == 8 {
                    self.room(count, 8, "texts")?;
                    return Ok(MetadataValue::Texts((0..count).map(|_| self.text()).collect::<Outcome<_>>()?));
                }
                self.room(count, width(kind).ok_or_else(|| format!("a list of type {kind}"))? as u64, "numbers")?;
                MetadataValue::Numbers((0..count).map(|_| self.number(kind)).collect::<Outcome<_>>()?)
            }
            other => return Err(format!("the type {other} is unknown")),
        })
    }

    fn whole(&mut self, kind: u32) -> Outcome<i64> {
        let bytes = self.take(width(kind).unwrap_or(1))?;
        let mut padded = [0u8; 8];
        padded[..bytes.len()].copy_from_slice(bytes);
        let number = i64::from_le_bytes(padded);
        let unused = 64 - 8 * bytes.len() as u32;
        // Of 8, 16 and 32 bits the odd kinds are signed, of 64 bits kind 11.
        let signed = matches!(kind, 1 | 3 | 5 | 11);
        Ok(if signed { number << unused >> unused } else { number })
    }

    fn number(&mut self, kind: u32) -> Outcome<f64> {
        let short = |b: &[u8]| b.try_into().map(f32::from_le_bytes).unwrap_or_default();
        let long = |b: &[u8]| b.try_into().map(f64::from_le_bytes).unwrap_or_default();
        match kind {
            6 => Ok(f64::from(short(self.take(4)?))),
            12 => Ok(long(self.take(8)?)),
            7 => Ok(f64::from(self.take(1)?[0])),
            _ => Ok(self.whole(kind)? as f64),
        }
    }

    fn text(&mut self) -> Outcome<String> {
        let length = self.u64()?;
        self.room(length, 1, "bytes of text")?;
        Ok(String::from_utf8_lossy(self.take(length as usize)?).trim_end_matches('\0').to_owned())
    }

    fn u32(&mut self) -> Outcome<u32> {
        Ok(self.whole(4)? as u32)
    }

    fn u64(&mut self) -> Outcome<u64> {
        Ok(self.whole(10)? as u64)
    }

    /// Fails unless `count` things of at least `size` bytes can follow.
    fn room(&self, count: u64, size: u64, what: &str) -> Outcome<()> {
        let left = (self.length - self.at) as u64;
        if count.checked_mul(size).is_some_and(|needed| needed <= left) {
            return Ok(());
        }
        Err(format!("claims {count} {what} at byte {}, where {left} bytes are left", self.at))
    }

    fn take(&mut self, count: usize) -> Outcome<&[u8]> {
        let end = self.at.checked_add(count).filter(|&end| end <= self.length);
        let end = end.ok_or_else(|| format!("ends at byte {} within its header", self.length))?;
        if end > self.file.len() {
            self.short = true;
            return Err("is not read far enough".to_owned());
        }
        let bytes = &self.file[self.at..end];
        self.at = end;
        Ok(bytes)
    }
}

/// Bytes of a number of each kind.
fn width(kind: u32) -> Option<usize> {
    match kind {
        0 | 1 | 7 => Some(1),
        2 | 3 => Some(2),
        4..=6 => Some(4),
        10..=12 => Some(8),
        _ => None,
    }
}
