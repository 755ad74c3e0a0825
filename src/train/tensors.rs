//! Safetensors files, written tensor by tensor.
//!
//! Eight bytes with the length of a JSON header, the header, the numbers
//! (<https://github.com/huggingface/safetensors#format>). A tensor is copied to the host only when its turn comes.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use serde_json::{Map, Value, json};

use crate::error::{Error, Result};
use crate::registry::{disk, write};

/// Writes `tensors` in the order of their names.
pub(super) fn write_tensors(path: &Path, tensors: &BTreeMap<String, Tensor>) -> Result<()> {
    let mut header = Map::new();
    // PyTorch's loader asks for the framework that wrote the file.
    header.insert("__metadata__".to_owned(), json!({"format": "pt"}));
    let mut start = 0;
    for (name, tensor) in tensors {
        let end = start + tensor.elem_count() * tensor.dtype().size_in_bytes();
        let dtype = match tensor.dtype() {
            DType::F32 => "F32",
            DType::BF16 => "BF16",
            DType::F16 => "F16",
            other => return Err(Error::backend(format!("tensor `{name}` of {other:?} cannot be saved"))),
        };
        header.insert(name.clone(), json!({"dtype": dtype, "shape": tensor.dims(), "data_offsets": [start, end]}));
        start = end;
    }
    let mut header = Value::Object(header).to_string();
    // Numbers begin at a multiple of eight.
    header.push_str(&" ".repeat(header.len().next_multiple_of(8) - header.len()));
    write::with(path, |out| {
        out.write_all(&(header.len() as u64).to_le_bytes())?;
        out.write_all(header.as_bytes())?;
        tensors.values().try_for_each(|tensor| numbers(tensor, out))
    })
}

fn numbers(tensor: &Tensor, out: &mut dyn Write) -> std::io::Result<()> {
    let failed = |error: candle_core::Error| std::io::Error::other(error);
    let flat = tensor.to_device(&Device::Cpu).and_then(|t| t.flatten_all()).map_err(failed)?;
    let bytes: Vec<u8> = match flat.dtype() {
        DType::F32 => flat.to_vec1::<f32>().map_err(failed)?.into_iter().flat_map(f32::to_le_bytes).collect(),
        DType::BF16 => {
            flat.to_vec1::<half::bf16>().map_err(failed)?.into_iter().flat_map(half::bf16::to_le_bytes).collect()
        }
        _ => flat.to_vec1::<half::f16>().map_err(failed)?.into_iter().flat_map(half::f16::to_le_bytes).collect(),
    };
    out.write_all(&bytes)
}

/// All tensors of a file, on the CPU.
pub(super) fn read_tensors(path: &Path) -> Result<BTreeMap<String, Tensor>> {
    let bytes = disk::read(path).map_err(Error::read(path))?;
    let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu);
    Ok(tensors.map_err(Error::malformed(path, "is not safetensors"))?.into_iter().collect())
}
