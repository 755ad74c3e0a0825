//! PyTorch's `.bin`: a zip archive with a pickle of shapes, read through candle.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use candle_core::Tensor;
use candle_core::pickle::PthTensors;

use crate::error::{Error, Result};

/// Names and shapes.
pub(super) fn list(path: &Path) -> Result<Vec<(String, Vec<usize>)>> {
    let size = std::fs::metadata(path).map_err(Error::read(path))?.len();
    let tensors = guarded(path, || PthTensors::new(path, None))?;
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
    match guarded(path, || PthTensors::new(path, None)?.get(name))? {
        Some(tensor) => Ok(tensor.contiguous()?),
        None => Err(problem(path, "lost a tensor while being read")),
    }
}

/// The reader of pickles trusts its input in places; what it does not survive is an error like any other.
fn guarded<T>(path: &Path, read: impl FnOnce() -> candle_core::Result<T>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(read)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(problem(path, &format!("is not a PyTorch archive: {}", Error::from(error)))),
        Err(_) => Err(problem(path, "is damaged")),
    }
}

fn problem(path: &Path, problem: &str) -> Error {
    Error::File { path: path.to_owned(), problem: problem.to_owned() }
}
