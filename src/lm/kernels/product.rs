//! x·Wᵀ for a few rows of x.
//!
//! Generating text multiplies one row, or a few, with every matrix of the model. The time is that of reading W once, so
//! the work is to read W on all cores; the general matrix product reads it on one where x has a single row, and copies
//! it into another order where there are a few.

use std::array::from_fn;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::lm::ops::{dot, vectorised};

/// Rows of x up to which the kernel wins; beyond, the general product makes more of what is in cache.
pub(in crate::lm) const FEW: usize = 32;

/// Numbers of W read by one core at a time: enough to outweigh handing them over, small enough to share out evenly.
const PIECE: usize = 16 * 1024;

/// The largest matrices are cut into so many pieces.
const MOST_PIECES: usize = 256;

/// Rows of W that stay in the second cache while all rows of x are multiplied with them.
const STRIP: usize = 24;

/// Rows of x and of W multiplied at once: their sums fit into sixteen registers.
const ROWS: usize = 4;
const COLUMNS: usize = 3;

/// Products of every row of `x` with every row of `w`, both `width` long: (rows of x, rows of w).
pub(in crate::lm) fn few(x: &[f32], w: &[f32], width: usize) -> Vec<f32> {
    let outputs = w.len() / width;
    let mut out = vec![0f32; x.len() / width * outputs];
    let each = (PIECE / width).max(outputs.div_ceil(MOST_PIECES)).max(1);
    let mut rows: Vec<_> = out.chunks_exact_mut(outputs).map(|row| row.chunks_mut(each)).collect();
    let mut pieces: Vec<Products<'_>> = w
        .chunks(each * width)
        .map(|w| Products { x, w, out: rows.iter_mut().filter_map(Iterator::next).collect(), width })
        .collect();
    match pieces.len() {
        1 => pieces.drain(..).for_each(vectorised),
        _ => pieces.into_par_iter().for_each(vectorised),
    }
    out
}

/// A piece of W, and its place in every row of the result.
struct Products<'a> {
    x: &'a [f32],
    w: &'a [f32],
    out: Vec<&'a mut [f32]>,
    width: usize,
}

impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { x, w, mut out, width } = self;
        if let [out] = out.as_mut_slice() {
            for (out, w) in out.iter_mut().zip(w.chunks_exact(width)) {
                *out = dot(simd, x, w);
            }
            return;
        }
        for (number, strip) in w.chunks(STRIP * width).enumerate() {
            let at = number * STRIP;
            let mut fours = x.chunks(ROWS * width).zip(out.chunks_mut(ROWS));
            // The first rows of x bring the strip into the cache: memory is read fastest in one stream.
            if let Some((x, out)) = fours.next() {
                match out.len() {
                    2 => multiply::<S, 2, 1>(simd, x, strip, out, at, width),
                    3 => multiply::<S, 3, 1>(simd, x, strip, out, at, width),
                    _ => multiply::<S, ROWS, 1>(simd, x, strip, out, at, width),
                }
            }
            for (x, out) in fours {
                match out.len() {
                    1 => multiply::<S, 1, COLUMNS>(simd, x, strip, out, at, width),
                    2 => multiply::<S, 2, COLUMNS>(simd, x, strip, out, at, width),
                    3 => multiply::<S, 3, COLUMNS>(simd, x, strip, out, at, width),
                    _ => multiply::<S, ROWS, COLUMNS>(simd, x, strip, out, at, width),
                }
            }
        }
    }
}

/// Products of `R` rows of x with a strip of W, `C` rows of it at a time, into places `at` and on of each row of the
/// result.
#[inline(always)]
fn multiply<S: Simd, const R: usize, const C: usize>(
    simd: S,
    x: &[f32],
    strip: &[f32],
    out: &mut [&mut [f32]],
    at: usize,
    width: usize,
) {
    let x: [&[f32]; R] = from_fn(|row| &x[row * width..][..width]);
    let tiles = strip.chunks_exact(C * width);
    let rest = tiles.remainder();
    let mut place = at;
    for tile in tiles {
        let sums = dots::<S, R, C>(simd, x, from_fn(|column| &tile[column * width..][..width]));
        for (out, sums) in out.iter_mut().zip(&sums) {
            out[place..][..C].copy_from_slice(sums);
        }
        place += C;
    }
    for row in rest.chunks_exact(width) {
        let sums = dots::<S, R, 1>(simd, x, [row]);
        for (out, [sum]) in out.iter_mut().zip(&sums) {
            out[place] = *sum;
        }
        place += 1;
    }
}

/// Products of every one of `x` with every one of `w`, all equally long: each number is read once.
#[inline(always)]
pub(super) fn dots<S: Simd, const R: usize, const C: usize>(simd: S, x: [&[f32]; R], w: [&[f32]; C]) -> [[f32; C]; R] {
    // Iterators, since an index into each of several lists is checked each time.
    let mut x_wide: [_; R] = from_fn(|row| S::as_simd_f32s(x[row]).0.iter());
    let mut w_wide: [_; C] = from_fn(|column| S::as_simd_f32s(w[column]).0.iter());
    let mut sums = [[simd.splat_f32s(0.0); C]; R];
    let mut done = 0;
    'vectors: loop {
        let mut column = [simd.splat_f32s(0.0); C];
        for (column, w) in column.iter_mut().zip(&mut w_wide) {
            let Some(&w) = w.next() else { break 'vectors };
            *column = w;
        }
        for (sums, x) in sums.iter_mut().zip(&mut x_wide) {
            let Some(&x) = x.next() else { break 'vectors };
            for (sum, &w) in sums.iter_mut().zip(&column) {
                *sum = simd.mul_add_f32s(x, w, *sum);
            }
        }
        done += S::F32_LANES;
    }
    let mut products = [[0f32; C]; R];
    for row in 0..R {
        for column in 0..C {
            let rest: f32 = x[row][done..].iter().zip(&w[column][done..]).map(|(x, w)| x * w).sum();
            products[row][column] = simd.reduce_sum_f32s(sums[row][column]) + rest;
        }
    }
    products
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums of some hundred products of numbers below 1 in single precision.
    const ROUNDING: f32 = 2e-5;

    /// Numbers between −1 and 1 without pattern.
    fn numbers(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let next = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..count).map(next).collect()
    }

    #[test]
    fn every_product_is_that_of_the_definition_whatever_the_sizes() {
        for (rows, outputs, width) in
            [(1, 700, 333), (3, 5, 16), (4, 2000, 129), (7, 100, 640), (32, 53, 257), (2, 1, 1)]
        {
            let (x, w) = (numbers(rows * width, 1), numbers(outputs * width, 2));
            let found = few(&x, &w, width);
            for (row, found) in found.chunks_exact(outputs).enumerate() {
                for (column, found) in found.iter().enumerate() {
                    let pairs = x[row * width..][..width].iter().zip(&w[column * width..][..width]);
                    let expected: f64 = pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                    assert!((f64::from(*found) - expected).abs() < f64::from(ROUNDING), "{rows} {outputs} {width}");
                }
            }
        }
    }
}
