//! What Python hands over as tables: paths, frames of any library that speaks Arrow, and columns or records of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use onset::analysis::fit;
use onset::registry::table::{Reading, Table};
use polars_arrow::array::{
    Array, BinaryViewArrayGeneric, BooleanArray, DictionaryArray, DictionaryKey, PrimitiveArray, StructArray, Utf8Array,
};
use polars_arrow::datatypes::{ArrowDataType, IntegerType, TimeUnit};
use polars_arrow::ffi::{ArrowArrayStream, ArrowArrayStreamReader};
use polars_arrow::types::NativeType;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyString};

use super::errors::{input, raised};
use super::frame::{Frame, Values};

/// What messages call a frame.
const NAME: &str = "the frame (rows from 0)";

/// A table, or where it is.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Path(PathBuf),
    Frame(Frame),
}

/// What was given, and sentences about what of it cannot be read.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sources {
    pub(crate) given: Vec<Source>,
    pub(crate) warnings: Vec<String>,
}

impl Sources {
    /// Of a path, a frame, a dict of columns, or a list of these; nothing of `None`.
    pub(crate) fn of(given: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let mut sources = Self::default();
        if let Some(given) = given {
            let py = given.py();
            let listed = py.import("onset_curves._frames")?.getattr("sources")?.call1((given,))?;
            for one in listed.try_iter()? {
                let source = sources.source(&one?)?;
                sources.given.push(source);
            }
        }
        Ok(sources)
    }

    fn source(&mut self, one: &Bound<'_, PyAny>) -> PyResult<Source> {
        if let Ok(frame) = one.cast::<Frame>() {
            return Ok(Source::Frame(frame.get().clone()));
        }
        if let Ok(columns) = one.cast::<PyDict>() {
            return Ok(Source::Frame(of_columns(columns)?));
        }
        if one.hasattr("__arrow_c_stream__")? {
            let (frame, warnings) = of_arrow(one)?;
            self.warnings.extend(warnings);
            return Ok(Source::Frame(frame));
        }
        Ok(Source::Path(one.extract()?))
    }

    /// The tables, in the order in which they were given.
    pub(crate) fn tables(self, reading: &Reading) -> onset::Result<(Vec<Table>, Vec<String>)> {
        let Self { given, mut warnings } = self;
        let mut tables = Vec::new();
        for source in given {
            match source {
                Source::Path(path) => {
                    let (read, more) = fit::tables(&[path], reading)?;
                    tables.extend(read);
                    warnings.extend(more);
                }
                Source::Frame(frame) => {
                    let wrong = |error: PyErr| onset::Error::Argument(error.to_string());
                    let frame = frame.polars().map_err(wrong)?;
                    tables.push(Table::from_frame(&frame, Path::new(NAME), &[])?.counted_from(0));
                }
            }
        }
        Ok((tables, warnings))
    }
}

/// A dict of columns: anything that can be gone through, cells as `_frames.cell` makes them plain.
fn of_columns(columns: &Bound<'_, PyDict>) -> PyResult<Frame> {
    let py = columns.py();
    let plain = py.import("onset_curves._frames")?.getattr("cells")?;
    let mut frame = Frame::default();
    let mut height = None;
    for (name, cells) in columns.iter() {
        let name = name.str()?.to_string_lossy().into_owned();
        let (kind, cells): (String, Bound<'_, PyAny>) = plain.call1((&name, cells))?.extract()?;
        let values = match kind.as_str() {
            "text" => Values::Text(cells.extract()?),
            "flag" => Values::Flag(cells.extract()?),
            _ => Values::Number(cells.extract()?),
        };
        match height {
            None => height = Some((name.clone(), values.len())),
            Some((ref first, rows)) if rows != values.len() => {
                return Err(input(&format!(
                    "column `{first}` has {rows} values, column `{name}` {}: all columns need the same number",
                    values.len()
                )));
            }
            Some(_) => {}
        }
        frame.columns.push((name, values));
    }
    Ok(frame)
}

/// Anything that gives an Arrow stream. Columns that hold neither texts nor numbers, truth values or dates are left out, each
/// with a sentence.
fn of_arrow(data: &Bound<'_, PyAny>) -> PyResult<(Frame, Vec<String>)> {
    let stream = data.call_method0("__arrow_c_stream__")?;
    let capsule = stream.cast::<PyCapsule>().map_err(|_| input("the frame gives no Arrow stream"))?;
    let pointer = capsule.pointer_checked(Some(c"arrow_array_stream"))?.cast::<ArrowArrayStream>();
    // SAFETY: the Arrow PyCapsule interface promises a valid stream behind this name. It is moved out, so that the capsule finds
    // it released and does not release it again.
    let stream = unsafe { std::mem::replace(&mut *pointer.as_ptr(), ArrowArrayStream::empty()) };
    let read = catch_unwind(AssertUnwindSafe(|| batches(stream)));
    let batches = match read {
        Ok(batches) => batches.map_err(|problem| input(&format!("the frame cannot be read: {problem}")))?,
        Err(_) => return Err(input("the frame holds a type of Arrow that cannot be read")),
    };
    let Some(fields) = batches.0 else { return Err(input("the Arrow stream holds no columns")) };
    let mut frame = Frame::default();
    let mut warnings = Vec::new();
    for (at, (name, dtype)) in fields.into_iter().enumerate() {
        let parts: Vec<&dyn Array> = batches.1.iter().map(|batch| &*batch.values()[at]).collect();
        match column(&dtype, &parts) {
            Ok(values) => frame.columns.push((name, values)),
            Err(what) => warnings.push(format!("column `{name}` holds {what}: it is left out")),
        }
    }
    Ok((frame, warnings))
}

type Batches = (Option<Vec<(String, ArrowDataType)>>, Vec<StructArray>);

fn batches(stream: ArrowArrayStream) -> Result<Batches, String> {
    // SAFETY: the stream is as its producer made it.
    let mut reader = unsafe { ArrowArrayStreamReader::try_new(Box::new(stream)) }.map_err(|error| error.to_string())?;
    let fields = match reader.field().dtype() {
        ArrowDataType::Struct(fields) => {
            Some(fields.iter().map(|field| (field.name.to_string(), field.dtype().clone())).collect())
        }
        _ => None,
    };
    let mut found = Vec::new();
    // SAFETY: as above.
    while let Some(batch) = unsafe { reader.next() } {
        let batch = batch.map_err(|error| error.to_string())?;
        if let Some(batch) = batch.as_any().downcast_ref::<StructArray>() {
            found.push(batch.clone());
        }
    }
    Ok((fields, found))
}

/// The batches of one column as values, or what it holds instead.
fn column(dtype: &ArrowDataType, parts: &[&dyn Array]) -> Result<Values, String> {
    use ArrowDataType as Type;
    match dtype {
        Type::Null => Ok(Values::Text(vec![None; parts.iter().map(|part| part.len()).sum()])),
        Type::Boolean => {
            let each = |part: &BooleanArray, row: usize| Some(part.value(row));
            gathered(parts, each).map(Values::Flag)
        }
        Type::Int8 => numbers::<i8>(parts, f64::from),
        Type::Int16 => numbers::<i16>(parts, f64::from),
        Type::Int32 => numbers::<i32>(parts, f64::from),
        Type::Int64 => numbers::<i64>(parts, |n| n as f64),
        Type::UInt8 => numbers::<u8>(parts, f64::from),
        Type::UInt16 => numbers::<u16>(parts, f64::from),
        Type::UInt32 => numbers::<u32>(parts, f64::from),
        Type::UInt64 => numbers::<u64>(parts, |n| n as f64),
        Type::Float32 => numbers::<f32>(parts, f64::from),
        Type::Float64 => numbers::<f64>(parts, |n| n),
        Type::Utf8 => texts(parts, |part: &Utf8Array<i32>, row| part.value(row).to_owned()),
        Type::LargeUtf8 => texts(parts, |part: &Utf8Array<i64>, row| part.value(row).to_owned()),
        Type::Utf8View => texts(parts, |part: &BinaryViewArrayGeneric<str>, row| part.value(row).to_owned()),
        Type::Decimal(_, scale) => {
            let one = 10_f64.powi(i32::try_from(*scale).unwrap_or_default());
            numbers::<i128>(parts, |n| n as f64 / one)
        }
        Type::Date32 => dates(parts, |days: i32| i64::from(days) * 86_400),
        Type::Date64 => dates(parts, |milliseconds: i64| milliseconds.div_euclid(1000)),
        // A month may be another one in another zone; whose month is meant is not for onset to choose.
        Type::Timestamp(_, Some(zone)) if !["UTC", "utc", "+00:00", "Etc/UTC", "Z"].contains(&zone.as_str()) => {
            Err(format!(
                "times of the zone {zone}, whose month may differ from that in others; make them dates without a zone"
            ))
        }
        Type::Timestamp(unit, _) => {
            let a_second = match unit {
                TimeUnit::Second => 1,
                TimeUnit::Millisecond => 1_000,
                TimeUnit::Microsecond => 1_000_000,
                TimeUnit::Nanosecond => 1_000_000_000,
            };
            dates(parts, move |ticks: i64| ticks.div_euclid(a_second))
        }
        Type::Dictionary(key, values, _) => match key {
            IntegerType::Int8 => categories::<i8>(values, parts),
            IntegerType::Int16 => categories::<i16>(values, parts),
            IntegerType::Int32 => categories::<i32>(values, parts),
            IntegerType::Int64 => categories::<i64>(values, parts),
            IntegerType::UInt8 => categories::<u8>(values, parts),
            IntegerType::UInt16 => categories::<u16>(values, parts),
            IntegerType::UInt32 => categories::<u32>(values, parts),
            IntegerType::UInt64 => categories::<u64>(values, parts),
            IntegerType::Int128 | IntegerType::UInt128 => Err("categories of a kind that cannot be read".to_owned()),
        },
        other => Err(format!("{other:?}")),
    }
}

/// The cells of all batches, `None` where there is no value.
fn gathered<A: Array, T>(
    parts: &[&dyn Array],
    cell: impl Fn(&A, usize) -> Option<T>,
) -> Result<Vec<Option<T>>, String> {
    let mut cells = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        let part = part.as_any().downcast_ref::<A>().ok_or("another type than it says")?;
        cells.extend((0..part.len()).map(|row| if part.is_null(row) { None } else { cell(part, row) }));
    }
    Ok(cells)
}

/// NaN is how pandas says that there is no value.
fn numbers<N: NativeType>(parts: &[&dyn Array], number: impl Fn(N) -> f64) -> Result<Values, String> {
    let cell = |part: &PrimitiveArray<N>, row: usize| Some(number(part.value(row))).filter(|n| !n.is_nan());
    gathered(parts, cell).map(Values::Number)
}

fn texts<A: Array>(parts: &[&dyn Array], text: impl Fn(&A, usize) -> String) -> Result<Values, String> {
    gathered(parts, |part: &A, row| Some(text(part, row))).map(Values::Text)
}

/// Dates as texts, of seconds since 1970.
fn dates<N: NativeType>(parts: &[&dyn Array], seconds: impl Fn(N) -> i64) -> Result<Values, String> {
    let cell = |part: &PrimitiveArray<N>, row: usize| {
        time::OffsetDateTime::from_unix_timestamp(seconds(part.value(row))).ok().map(|moment| {
            let date = moment.date();
            format!("{:04}-{:02}-{:02}", date.year(), u8::from(date.month()), date.day())
        })
    };
    gathered(parts, cell).map(Values::Text)
}

fn categories<K: DictionaryKey + NativeType>(values: &ArrowDataType, parts: &[&dyn Array]) -> Result<Values, String> {
    let (mut text, mut number) = (Vec::new(), Vec::new());
    for part in parts {
        let part = part.as_any().downcast_ref::<DictionaryArray<K>>().ok_or("another type than it says")?;
        let keys = (0..part.len()).map(|row| (!part.keys().is_null(row)).then(|| part.key_value(row)));
        match column(values, &[&**part.values()])? {
            Values::Text(known) => text.extend(keys.map(|key| known.get(key?).cloned().flatten())),
            Values::Number(known) => number.extend(keys.map(|key| known.get(key?).copied().flatten())),
            Values::Whole(_) | Values::Flag(_) => {
                return Err("categories that are neither texts nor numbers".to_owned());
            }
        }
    }
    Ok(if number.is_empty() { Values::Text(text) } else { Values::Number(number) })
}

/// Options of a subcommand from a dict of texts, made by `_options.texts`.
pub(crate) fn options(given: &Bound<'_, PyDict>) -> PyResult<Vec<(String, Vec<String>)>> {
    let one = |(name, values): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
        let name = name.cast::<PyString>()?.to_string_lossy().into_owned();
        Ok((name, values.extract::<Vec<String>>()?))
    };
    given.iter().map(one).collect()
}

/// For `map_err` where the library's error is to be raised.
pub(crate) fn raise<T>(result: onset::Result<T>) -> PyResult<T> {
    result.map_err(raised)
}
