//! What training asks of a decoder beside its layers: the loss of rows.

use candle_core::Tensor;

use super::decoder::{Decoder, Pass};
use super::ops;
use crate::error::Result;

impl Decoder {
    /// Rows `rows` of what [`Decoder::finish`] returns.
    ///
    /// # Errors
    /// [`Error::Backend`](crate::Error::Backend) if there is no such row or the device fails.
    pub(crate) fn finish_rows(&self, pass: Pass, rows: Vec<u32>) -> Result<Tensor> {
        let count = rows.len();
        Ok(ops::rows(&self.finish(pass)?, &Tensor::from_vec(rows, count, self.device())?)?)
    }

    /// Negative log-probabilities, in nats, of one target token per row of what [`Decoder::finish`] returned: (rows).
    /// The logits of all rows are held at once; call it with as many rows as there is room for.
    ///
    /// # Errors
    /// [`Error::Backend`](crate::Error::Backend) if `targets` do not fit or the device fails.
    pub(crate) fn losses(&self, hidden: &Tensor, targets: &[u32]) -> Result<Tensor> {
        Ok(ops::cross_entropy(&self.logits(hidden)?, targets)?)
    }
}
