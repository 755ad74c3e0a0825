//! What the fused forms are made of: lists that are filled by all cores and the widest vectors, and sums over them.

use candle_core::{CpuStorage, DType, Layout, Result, Shape, Storage, Tensor, bail};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

/// Whether the fused form applies.
pub(in crate::lm) fn fused(x: &Tensor) -> bool {
    x.device().is_cpu() && x.dtype() == DType::F32
}

/// Elements of one piece of work: enough to outweigh handing it to another core.
const PIECE: usize = 16 * 1024;

/// Work that fills a list, piece by piece. What a number is may depend on its place only, so the result does not depend
/// on the number of cores.
pub(super) trait Fill: Sync {
    /// Fills `out`, which starts at place `start`. To be compiled for the vectors of the machine, implementations and
    /// all they call must be marked `#[inline(always)]`.
    fn fill<S: Simd>(&self, simd: S, start: usize, out: &mut [f32]);
}

/// Fills a list of `count` numbers in pieces of whole `unit`s, on all cores.
pub(super) fn filled(count: usize, unit: usize, work: &impl Fill) -> Vec<f32> {
    let mut out = vec![0f32; count];
    let size = (PIECE / unit.max(1)).max(1) * unit.max(1);
    let piece = |(index, out): (usize, &mut [f32])| vectorised(Piece { work, start: index * size, out });
    if count <= 2 * PIECE {
        out.chunks_mut(size).enumerate().for_each(piece);
    } else {
        out.par_chunks_mut(size).enumerate().for_each(piece);
    }
    out
}

struct Piece<'a, F> {
    work: &'a F,
    start: usize,
    out: &'a mut [f32],
}

impl<F: Fill> WithSimd for Piece<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        self.work.fill(simd, self.start, self.out);
    }
}

/// Runs `work` compiled for the widest vectors that this machine has.
pub(in crate::lm) fn vectorised<R>(work: impl WithSimd<Output = R>) -> R {
    pulp::Arch::new().dispatch(work)
}

/// Σ aᵢ·bᵢ of two lists of equal length, in four vectors of running sums.
#[inline(always)]
pub(in crate::lm) fn dot<S: Simd>(simd: S, a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (S::as_simd_f32s(a), S::as_simd_f32s(b));
    let zero = simd.splat_f32s(0.0);
    let mut sums = [zero; 4];
    let (a_fours, a_ones) = a.as_chunks::<4>();
    let (b_fours, b_ones) = b.as_chunks::<4>();
    for (a, b) in a_fours.iter().zip(b_fours) {
        for lane in 0..4 {
            sums[lane] = simd.mul_add_f32s(a[lane], b[lane], sums[lane]);
        }
    }
    for (&a, &b) in a_ones.iter().zip(b_ones) {
        sums[0] = simd.mul_add_f32s(a, b, sums[0]);
    }
    let pairs = (simd.add_f32s(sums[0], sums[1]), simd.add_f32s(sums[2], sums[3]));
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    simd.reduce_sum_f32s(simd.add_f32s(pairs.0, pairs.1)) + rest
}

/// Σ aᵢ.
#[inline(always)]
pub(in crate::lm) fn sum<S: Simd>(simd: S, a: &[f32]) -> f32 {
    let (a, rest) = S::as_simd_f32s(a);
    let mut sums = [simd.splat_f32s(0.0); 4];
    let (fours, ones) = a.as_chunks::<4>();
    for a in fours {
        for lane in 0..4 {
            sums[lane] = simd.add_f32s(sums[lane], a[lane]);
        }
    }
    for &a in ones {
        sums[0] = simd.add_f32s(sums[0], a);
    }
    let pairs = (simd.add_f32s(sums[0], sums[1]), simd.add_f32s(sums[2], sums[3]));
    simd.reduce_sum_f32s(simd.add_f32s(pairs.0, pairs.1)) + rest.iter().sum::<f32>()
}

/// Σ (aᵢ − mean)².
#[inline(always)]
pub(super) fn spread<S: Simd>(simd: S, a: &[f32], mean: f32) -> f32 {
    let (a, rest) = S::as_simd_f32s(a);
    let middle = simd.splat_f32s(mean);
    let mut total = simd.splat_f32s(0.0);
    for &a in a {
        let difference = simd.sub_f32s(a, middle);
        total = simd.mul_add_f32s(difference, difference, total);
    }
    simd.reduce_sum_f32s(total) + rest.iter().map(|a| (a - mean) * (a - mean)).sum::<f32>()
}

/// The largest of a list; minus infinity of none.
#[inline(always)]
pub(in crate::lm) fn largest<S: Simd>(simd: S, a: &[f32]) -> f32 {
    let (a, rest) = S::as_simd_f32s(a);
    let mut most = simd.splat_f32s(f32::NEG_INFINITY);
    for &a in a {
        most = simd.max_f32s(most, a);
    }
    rest.iter().copied().fold(simd.reduce_max_f32s(most), f32::max)
}

/// The single-precision numbers of a contiguous operand.
pub(super) fn numbers<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let all = storage.as_slice::<f32>()?;
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&all[start..end]),
        None => bail!("a fused operation needs its operands contiguous, not {layout:?}"),
    }
}

/// The same of a tensor on the CPU.
pub(in crate::lm) fn with_numbers<R>(tensor: &Tensor, f: impl FnOnce(&[f32]) -> Result<R>) -> Result<R> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    f(memory(&storage, layout)?)
}

/// The same of what a tensor keeps its numbers in.
pub(in crate::lm) fn memory<'a>(storage: &'a Storage, layout: &Layout) -> Result<&'a [f32]> {
    match storage {
        Storage::Cpu(storage) => numbers(storage, layout),
        _ => bail!("a fused operation was called with a tensor that is not on the CPU"),
    }
}

/// The result of a fused operation.
pub(super) fn done(values: Vec<f32>, shape: &Shape) -> Result<(CpuStorage, Shape)> {
    Ok((CpuStorage::F32(values), shape.clone()))
}
