//! RMS norm, y = x / √(mean x² + ε) · w, and LayerNorm, y = (x − mean x) / √(var x + ε) · w + b, over the last dimension.
//!
//! With x̂ the normalised input, ĝ = g·w and r = 1 / √(…), the gradients are r·(ĝ − [mean ĝ] − x̂·mean(ĝ·x̂)) for x (the
//! bracket for LayerNorm only), Σ g·x̂ for w and Σ g for b (Zhang and Sennrich 2019, arXiv 1910.07467; Ba et al. 2016,
//! arXiv 1607.06450).

use candle_core::{CpuStorage, CustomOp3, D, DType, Layout, Result, Shape, Tensor};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::tape::{record, recording};
use super::vectors::{Fill, done, dot, filled, fused, numbers, spread, sum, vectorised, with_numbers};

/// What a norm does, without its weights.
#[derive(Debug, Clone, Copy)]
pub(in crate::lm) struct NormShape {
    /// LayerNorm: the mean is taken off first.
    pub centred: bool,
    pub eps: f32,
    /// Added to the weights.
    pub offset: f32,
}

/// Normalises rows of width d = the last dimension of `x`. `weight` and `bias` hold a multiple k·d of numbers: row i uses
/// the (i mod k)th d of them, so that each head may have its own.
pub(in crate::lm) fn norm(shape: NormShape, x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    if !fused(x) {
        return shape.plain(x, weight, bias);
    }
    let x = x.contiguous()?;
    if recording(&[&x, weight, bias]) {
        shape.recorded(x, weight.clone(), bias.clone())
    } else {
        x.apply_op3(weight, bias, shape)
    }
}

impl NormShape {
    /// In single precision whatever the dtype, as the mean of squares needs it.
    fn plain(self, x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
        let dtype = x.dtype();
        let width = x.dim(D::Minus1)?;
        let groups = weight.elem_count() / width;
        let rows = x.elem_count() / width / groups;
        let wide = x.to_dtype(DType::F32)?.reshape((rows, groups, width))?;
        let centred = if self.centred { wide.broadcast_sub(&wide.mean_keepdim(D::Minus1)?)? } else { wide };
        let spread = (centred.sqr()?.mean_keepdim(D::Minus1)? + f64::from(self.eps))?.sqrt()?;
        let weight = (weight.to_dtype(DType::F32)? + f64::from(self.offset))?.reshape((groups, width))?;
        let bias = bias.to_dtype(DType::F32)?.reshape((groups, width))?;
        let y = centred.broadcast_div(&spread)?.broadcast_mul(&weight)?.broadcast_add(&bias)?;
        y.reshape(x.shape())?.to_dtype(dtype)
    }

    fn recorded(self, x: Tensor, weight: Tensor, bias: Tensor) -> Result<Tensor> {
        let width = x.dim(D::Minus1)?;
        let y = with_numbers(&x, |x| {
            with_numbers(&weight, |weight| {
                with_numbers(&bias, |bias| {
                    Ok(filled(x.len(), width, &Normalised { shape: self, x, weight, bias, width }))
                })
            })
        })?;
        record(y, x.shape().clone(), move |grad, sums| {
            let (for_x, for_weight, for_bias) = with_numbers(&x, |x| {
                with_numbers(&weight, |weight| {
                    let for_x = filled(x.len(), width, &InputGradient { shape: self, x, weight, grad: &grad, width });
                    let (for_weight, for_bias) = self.weight_gradients(x, &grad, weight.len(), width);
                    Ok((for_x, for_weight, for_bias))
                })
            })?;
            sums.list(&x, for_x)?;
            sums.list(&weight, for_weight)?;
            sums.list(&bias, for_bias)
        })
    }

    /// Mean (0 for an RMS norm) and 1 / √(…) of a row.
    #[inline(always)]
    fn moments<S: Simd>(self, simd: S, x: &[f32]) -> (f32, f32) {
        let count = x.len() as f32;
        let mean = if self.centred { sum(simd, x) / count } else { 0.0 };
        let around = spread(simd, x, mean) / count;
        (mean, (around + self.eps).sqrt().recip())
    }

    /// For weight and bias: sums over rows in blocks of fixed size, so that the order of additions is always the same.
    fn weight_gradients(self, x: &[f32], grad: &[f32], length: usize, width: usize) -> (Vec<f32>, Vec<f32>) {
        let block = 256 * length;
        let partial = |(x, grad): (&[f32], &[f32])| vectorised(WeightGradients { shape: self, x, grad, length, width });
        let partials: Vec<_> = x.par_chunks(block).zip(grad.par_chunks(block)).map(partial).collect();
        let mut total = (vec![0f32; length], vec![0f32; length]);
        for (weight, bias) in partials {
            total.0.iter_mut().zip(weight).for_each(|(total, part)| *total += part);
            total.1.iter_mut().zip(bias).for_each(|(total, part)| *total += part);
        }
        total
    }
}

/// The norm of every row.
struct Normalised<'a> {
    shape: NormShape,
    x: &'a [f32],
    weight: &'a [f32],
    bias: &'a [f32],
    width: usize,
}

impl Fill for Normalised<'_> {
    #[inline(always)]
    fn fill<S: Simd>(&self, simd: S, start: usize, out: &mut [f32]) {
        let (width, groups) = (self.width, self.weight.len() / self.width);
        let rows = out.chunks_exact_mut(width).zip(self.x[start..].chunks_exact(width));
        for (row, (y, x)) in rows.enumerate() {
            let at = (start / width + row) % groups * width;
            let (weight, bias) = (&self.weight[at..][..width], &self.bias[at..][..width]);
            let (mean, r) = self.shape.moments(simd, x);
            for (((y, x), weight), bias) in y.iter_mut().zip(x).zip(weight).zip(bias) {
                *y = (x - mean) * r * (weight + self.shape.offset) + bias;
            }
        }
    }
}

/// The gradient of the input.
struct InputGradient<'a> {
    shape: NormShape,
    x: &'a [f32],
    weight: &'a [f32],
    grad: &'a [f32],
    width: usize,
}

impl Fill for InputGradient<'_> {
    #[inline(always)]
    fn fill<S: Simd>(&self, simd: S, start: usize, out: &mut [f32]) {
        let (width, groups) = (self.width, self.weight.len() / self.width);
        let inputs = self.x[start..].chunks_exact(width).zip(self.grad[start..].chunks_exact(width));
        for (row, (out, (x, grad))) in out.chunks_exact_mut(width).zip(inputs).enumerate() {
            let weight = &self.weight[(start / width + row) % groups * width..][..width];
            let (mean, r) = self.shape.moments(simd, x);
            for ((out, grad), weight) in out.iter_mut().zip(grad).zip(weight) {
                *out = grad * (weight + self.shape.offset);
            }
            let level = if self.shape.centred { sum(simd, out) / width as f32 } else { 0.0 };
            // Σ ĝ·(x − mean)·r, where the mean is 0 for an RMS norm.
            let along = r * (dot(simd, out, x) / width as f32 - mean * level);
            for (out, x) in out.iter_mut().zip(x) {
                *out = r * (*out - level - (x - mean) * r * along);
            }
        }
    }
}

/// The gradients of weight and bias from some rows.
struct WeightGradients<'a> {
    shape: NormShape,
    x: &'a [f32],
    grad: &'a [f32],
    length: usize,
    width: usize,
}

impl WithSimd for WeightGradients<'_> {
    type Output = (Vec<f32>, Vec<f32>);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Self::Output {
        let (mut for_weight, mut for_bias) = (vec![0f32; self.length], vec![0f32; self.length]);
        let (width, groups) = (self.width, self.length / self.width);
        for (row, (x, grad)) in self.x.chunks_exact(width).zip(self.grad.chunks_exact(width)).enumerate() {
            let (mean, r) = self.shape.moments(simd, x);
            let at = row % groups * width;
            for ((weight, grad), x) in for_weight[at..at + width].iter_mut().zip(grad).zip(x) {
                *weight += grad * (x - mean) * r;
            }
            for (bias, grad) in for_bias[at..at + width].iter_mut().zip(grad) {
                *bias += grad;
            }
        }
        (for_weight, for_bias)
    }
}

impl CustomOp3 for NormShape {
    fn name(&self) -> &'static str {
        "norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (x, weight, bias) = (numbers(x, x_layout)?, numbers(weight, weight_layout)?, numbers(bias, bias_layout)?);
        let width = x_layout.shape().dims().last().copied().unwrap_or(1);
        let y = filled(x.len(), width, &Normalised { shape: *self, x, weight, bias, width });
        done(y, x_layout.shape())
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let width = x.dim(D::Minus1)?;
        with_numbers(x, |x_| {
            with_numbers(grad, |grad| {
                let for_x = with_numbers(weight, |weight| {
                    let gradient = InputGradient { shape: *self, x: x_, weight, grad, width };
                    Ok(filled(x_.len(), width, &gradient))
                })?;
                let for_x = Tensor::from_vec(for_x, x.shape(), x.device())?;
                let (for_weight, for_bias) = self.weight_gradients(x_, grad, weight.elem_count(), width);
                Ok((
                    Some(for_x),
                    Some(Tensor::from_vec(for_weight, weight.shape(), x.device())?),
                    Some(Tensor::from_vec(for_bias, bias.shape(), x.device())?),
                ))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{agree, sample};
    use super::*;

    #[test]
    fn fused_and_plain_norms_agree_in_values_and_gradients() {
        for (centred, offset, groups) in [(false, 0.0, 1), (false, 1.0, 1), (true, 0.0, 1), (true, 0.0, 4)] {
            let shape = NormShape { centred, eps: 1e-5, offset };
            let x = sample((300, 4, 37), 1);
            let (weight, bias) = (sample((groups, 37), 2), sample((groups, 37), 3));
            agree(&[&x, &weight, &bias], || norm(shape, &x, &weight, &bias), || shape.plain(&x, &weight, &bias));
        }
    }

    #[test]
    fn a_normalised_row_has_mean_square_one() -> Result<()> {
        let x = sample((2, 640), 5);
        let shape = NormShape { centred: false, eps: 0.0, offset: 0.0 };
        let y = norm(shape, &x, &x.ones_like()?.get(0)?, &x.zeros_like()?.get(0)?)?;
        for square in y.sqr()?.mean(1)?.to_vec1::<f32>()? {
            assert!((square - 1.0).abs() < super::super::testing::ROUNDING);
        }
        Ok(())
    }
}
