//! Where a tensor is, and what is known of it before it is read.

use std::ops::Range;
#[cfg(any(test, fuzzing))]
use std::path::Path;

use candle_core::quantized::GgmlDType;
use candle_core::{DType, Tensor};

#[cfg(any(test, fuzzing))]
use super::safetensors;
#[cfg(any(test, fuzzing))]
use crate::error::Result;

/// Where a tensor is.
#[derive(Debug, Clone)]
pub(super) enum Stored {
    Dense { file: usize, dtype: DType, shape: Vec<usize>, bytes: Range<usize> },
    Blocks { file: usize, dtype: GgmlDType, shape: Vec<usize>, bytes: Range<usize> },
    Pickled { file: usize, shape: Vec<usize> },
    Held(Tensor),
}

impl Stored {
    /// The number of the file it is in.
    pub(super) fn file(&self) -> Option<usize> {
        match self {
            Self::Dense { file, .. } | Self::Blocks { file, .. } | Self::Pickled { file, .. } => Some(*file),
            Self::Held(_) => None,
        }
    }

    pub(super) fn shape(&self) -> &[usize] {
        match self {
            Self::Dense { shape, .. } | Self::Blocks { shape, .. } | Self::Pickled { shape, .. } => shape,
            Self::Held(tensor) => tensor.dims(),
        }
    }

    pub(super) fn dtype_name(&self) -> String {
        match self {
            Self::Dense { dtype, .. } => dtype.as_str().to_owned(),
            Self::Blocks { dtype, .. } => format!("{dtype:?}").to_lowercase(),
            Self::Pickled { .. } => "pickled".to_owned(),
            Self::Held(tensor) => tensor.dtype().as_str().to_owned(),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Dense { bytes, .. } | Self::Blocks { bytes, .. } => bytes.len(),
            Self::Pickled { shape, .. } => shape.iter().product::<usize>() * 4,
            Self::Held(tensor) => tensor.elem_count() * tensor.dtype().size_in_bytes(),
        }
    }
}

/// Name, dtype and shape of a stored tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TensorInfo {
    /// The name in the file.
    pub name: String,
    /// Of a number, or of a block of numbers.
    pub dtype: String,
    /// Outputs before inputs.
    pub shape: Vec<usize>,
    /// Bytes on disk.
    pub bytes: usize,
}

impl TensorInfo {
    /// Whether its numbers are stored in blocks with a common scale.
    pub(crate) fn is_quantised(&self) -> bool {
        !matches!(self.dtype.as_str(), "f64" | "f32" | "f16" | "bf16" | "pickled")
    }

    /// The tensors that the header of a safetensors file names; `file` is all its bytes and `path` is for messages.
    ///
    /// # Errors
    /// [`Error::File`](crate::Error::File) or [`Error::Tensor`](crate::Error::Tensor) for anything that contradicts the format or the length of the file.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn of_safetensors(path: &Path, file: &[u8]) -> Result<Vec<Self>> {
        let info = |entry: safetensors::Entry| Self {
            name: entry.name,
            dtype: entry.dtype.as_str().to_owned(),
            shape: entry.shape,
            bytes: entry.bytes.len(),
        };
        Ok(safetensors::parse(path, file)?.into_iter().map(info).collect())
    }
}
