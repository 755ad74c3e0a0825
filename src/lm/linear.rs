//! A matrix of weights, dense or quantised, and what it does to rows.

use std::sync::Arc;

use candle_core::quantized::{QMatMul, QTensor};
use candle_core::{DType, Module, Tensor};

use super::ops;
use crate::error::Result;

/// A matrix that maps rows of width `in` to rows of width `out`.
#[derive(Debug, Clone)]
pub(super) enum Matrix {
    /// (out, in).
    Dense(Tensor),
    /// (in, out): GPT-2 stores its matrices so.
    Transposed(Tensor),
    /// (out, in) in blocks of small integers; multiplied as they are.
    Quantised(Arc<QTensor>),
    /// Another matrix plus a product of two small ones.
    Adapted(Arc<Matrix>, Adapter),
}

/// A change of low rank to a matrix W of shape (out, in): W + scale · up · down (Hu et al. 2021, arXiv 2106.09685).
#[derive(Debug, Clone)]
pub(crate) struct Adapter {
    /// A: (rank, in).
    pub down: Tensor,
    /// B: (out, rank).
    pub up: Tensor,
    /// Alpha over rank.
    pub scale: f64,
}

/// A matrix with or without bias.
#[derive(Debug, Clone)]
pub(super) struct Linear {
    pub matrix: Matrix,
    pub bias: Option<Tensor>,
}

impl Matrix {
    /// `x` of shape (rows, in) becomes (rows, out).
    pub(crate) fn apply(&self, x: &Tensor) -> Result<Tensor> {
        Ok(match self {
            Self::Dense(weight) => ops::affine(x, weight, None, None)?,
            Self::Transposed(weight) => x.matmul(weight)?,
            Self::Quantised(weight) => QMatMul::QTensor(Arc::clone(weight)).forward(&x.contiguous()?)?,
            Self::Adapted(matrix, adapter) => {
                let narrow = ops::affine(x, &adapter.down, None, None)?;
                (matrix.apply(x)? + (ops::affine(&narrow, &adapter.up, None, None)? * adapter.scale)?)?
            }
        })
    }

    /// Rows `ids` of the matrix, in `dtype`.
    pub(crate) fn rows(&self, ids: &Tensor, dtype: DType) -> Result<Tensor> {
        Ok(match self {
            Self::Dense(weight) => ops::rows(weight, ids)?,
            Self::Transposed(weight) => weight.t()?.contiguous()?.index_select(ids, 0)?,
            Self::Quantised(weight) => weight.embedding(ids)?.to_dtype(dtype)?,
            // Adapters are put on the matrices of layers only.
            Self::Adapted(matrix, _) => matrix.rows(ids, dtype)?,
        })
    }
}

impl Linear {
    /// `x` of shape (rows, in) becomes (rows, out).
    pub(crate) fn apply(&self, x: &Tensor) -> Result<Tensor> {
        if let Matrix::Dense(weight) = &self.matrix {
            return Ok(ops::affine(x, weight, self.bias.as_ref(), None)?);
        }
        let y = self.matrix.apply(x)?;
        Ok(match &self.bias {
            Some(bias) => y.broadcast_add(bias)?,
            None => y,
        })
    }

    /// The same, split into `heads` of `width`: (rows, heads, width).
    pub(crate) fn heads(&self, x: &Tensor, heads: usize, width: usize) -> Result<Tensor> {
        if let Matrix::Dense(weight) = &self.matrix {
            return Ok(ops::affine(x, weight, self.bias.as_ref(), Some((heads, width)))?);
        }
        Ok(self.apply(x)?.reshape((x.dim(0)?, heads, width))?)
    }
}
