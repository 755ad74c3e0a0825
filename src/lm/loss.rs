//! What training asks of a decoder beside its layers: the loss of rows, and where to send a gradient.

use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor};

use super::decoder::{Decoder, Pass};
use super::ops;
use crate::error::Result;

impl Decoder {
    /// Rows `rows` of what [`Decoder::finish`] returns.
    ///
    /// # Errors
    /// [`Error::Backend`](crate::Error::Backend) if there is no such row or the device fails.
    pub fn finish_rows(&self, pass: Pass, rows: Vec<u32>) -> Result<Tensor> {
        let count = rows.len();
        Ok(ops::rows(&self.finish(pass)?, &Tensor::from_vec(rows, count, self.device())?)?)
    }

    /// Negative log-probabilities, in nats, of one target token per row of what [`Decoder::finish`] returned: (rows).
    /// The logits of all rows are held at once; call it with as many rows as there is room for.
    ///
    /// # Errors
    /// [`Error::Backend`](crate::Error::Backend) if `targets` do not fit or the device fails.
    pub fn losses(&self, hidden: &Tensor, targets: &[u32]) -> Result<Tensor> {
        Ok(ops::cross_entropy(&self.logits(hidden)?, targets)?)
    }
}

/// A number whose gradient with respect to `x` is `gradient`: the end of a part of the network whose continuation was
/// differentiated elsewhere. Its value means nothing.
///
/// # Errors
/// `Error::Backend` if the shapes differ.
pub(super) fn continued(x: &Tensor, gradient: Tensor) -> Result<Tensor> {
    if x.shape() != gradient.shape() {
        let shapes = format!("a gradient of shape {:?} for {:?}", gradient.shape(), x.shape());
        return Err(crate::Error::Backend(shapes));
    }
    if x.device().is_cpu() {
        return Ok(x.apply_op1(Continued { gradient })?);
    }
    Ok((x * gradient)?.sum_all()?)
}

struct Continued {
    gradient: Tensor,
}

impl CustomOp1 for Continued {
    fn name(&self) -> &'static str {
        "continued"
    }

    fn cpu_fwd(&self, _: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let zero = match self.gradient.dtype() {
            candle_core::DType::BF16 => CpuStorage::BF16(vec![half::bf16::ZERO]),
            candle_core::DType::F16 => CpuStorage::F16(vec![half::f16::ZERO]),
            candle_core::DType::F32 => CpuStorage::F32(vec![0.0]),
            other => candle_core::bail!("no gradients of {other:?} for {layout:?}"),
        };
        Ok((zero, Shape::from(())))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, _: &Tensor) -> candle_core::Result<Option<Tensor>> {
        Ok(Some(self.gradient.clone()))
    }
}
