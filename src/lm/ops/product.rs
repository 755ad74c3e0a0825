//! x·Wᵀ, with a kernel of its own for a few rows of x.
//!
//! Generating text multiplies one row, or a few, with every matrix of the model. The time is that of reading W once, so
//! the work is to read W on all cores; the general matrix product reads it on one where x has a single row.

use candle_core::{Result, Tensor};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::{dot, fused, vectorised, with_numbers};

/// Rows of x up to which the kernel is used; beyond, the general product reuses W from cache and wins.
const FEW: usize = 8;

/// Numbers of W read by one core at a time.
const PIECE: usize = 64 * 1024;

/// `x` of shape (rows, in) times the transpose of `w`, of shape (out, in).
pub(in crate::lm) fn product(x: &Tensor, w: &Tensor) -> Result<Tensor> {
    let (rows, width) = x.dims2()?;
    let tracked = x.track_op() || w.track_op();
    if rows > FEW || rows * width == 0 || tracked || !fused(x) || !fused(w) || !w.is_contiguous() {
        return x.matmul(&w.t()?);
    }
    let outputs = w.dim(0)?;
    let by_output = with_numbers(x, |x| with_numbers(w, |w| Ok(few(x, w, rows, width))))?;
    let by_output = Tensor::from_vec(by_output, (outputs, rows), x.device())?;
    if rows == 1 { by_output.reshape((1, outputs)) } else { by_output.t()?.contiguous() }
}

/// Products of every row of `w` with every row of `x`; those of one row of `w` lie together.
fn few(x: &[f32], w: &[f32], rows: usize, width: usize) -> Vec<f32> {
    let mut out = vec![0f32; w.len() / width * rows];
    let per_piece = (PIECE / width).max(1);
    let fill = |(out, w): (&mut [f32], &[f32])| vectorised(Products { x, w, out, rows, width });
    let pieces = out.par_chunks_mut(per_piece * rows).zip(w.par_chunks(per_piece * width));
    if w.len() <= PIECE {
        fill((&mut out, w))
    } else {
        pieces.for_each(fill)
    }
    out
}

struct Products<'a> {
    x: &'a [f32],
    w: &'a [f32],
    out: &'a mut [f32],
    rows: usize,
    width: usize,
}

impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let width = self.width;
        for (out, w) in self.out.chunks_exact_mut(self.rows).zip(self.w.chunks_exact(width)) {
            let whole = self.rows - self.rows % 4;
            for (out, x) in out[..whole].chunks_exact_mut(4).zip(self.x.chunks_exact(4 * width)) {
                let (a, b) = x.split_at(2 * width);
                let ((a, b), (c, d)) = (a.split_at(width), b.split_at(width));
                out.copy_from_slice(&four(simd, w, [a, b, c, d]));
            }
            for (out, x) in out[whole..].iter_mut().zip(self.x[whole * width..].chunks_exact(width)) {
                *out = dot(simd, x, w);
            }
        }
    }
}

/// Products of `w` with four rows at once: each number of `w` is read once.
#[inline(always)]
fn four<S: Simd>(simd: S, w: &[f32], x: [&[f32]; 4]) -> [f32; 4] {
    let (wide, rest) = S::as_simd_f32s(w);
    let rows = x.map(|x| S::as_simd_f32s(x).0);
    let zero = simd.splat_f32s(0.0);
    let mut sums = [[zero; 2]; 4];
    let (pairs, single) = wide.as_chunks::<2>();
    for (at, w) in pairs.iter().enumerate() {
        for (sums, x) in sums.iter_mut().zip(rows) {
            sums[0] = simd.mul_add_f32s(w[0], x[2 * at], sums[0]);
            sums[1] = simd.mul_add_f32s(w[1], x[2 * at + 1], sums[1]);
        }
    }
    for (&w, at) in single.iter().zip(2 * pairs.len()..) {
        for (sums, x) in sums.iter_mut().zip(rows) {
            sums[0] = simd.mul_add_f32s(w, x[at], sums[0]);
        }
    }
    let start = w.len() - rest.len();
    let mut out = [0f32; 4];
    for ((out, sums), x) in out.iter_mut().zip(sums).zip(x) {
        let tail: f32 = rest.iter().zip(&x[start..]).map(|(w, x)| w * x).sum();
        *out = simd.reduce_sum_f32s(simd.add_f32s(sums[0], sums[1])) + tail;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ROUNDING, largest_difference, sample};
    use super::*;

    #[test]
    fn the_kernel_for_few_rows_agrees_with_the_general_product() -> Result<()> {
        for (rows, outputs, width) in [(1, 700, 333), (3, 5, 16), (4, 2000, 129)] {
            let (x, w) =
                (sample((rows, width), 1).as_tensor().detach(), sample((outputs, width), 2).as_tensor().detach());
            let difference = largest_difference(&product(&x, &w)?, &x.matmul(&w.t()?)?);
            assert!(difference < ROUNDING * (width as f32).sqrt(), "{difference}");
        }
        Ok(())
    }
}
