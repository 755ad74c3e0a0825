//! What is computed of a run of keys, and of one of values, at a time.

use std::array::from_fn;

use pulp::Simd;

use crate::lm::kernels::product::dots;

/// Values that are added at once.
pub(super) const VALUES: usize = 4;

/// Scores of `R` queries for a run of keys, `C` at a time, into places `place` and on of each row of `scores`.
#[inline(always)]
pub(super) fn score<S: Simd, const R: usize, const C: usize>(
    simd: S,
    query: [&[f32]; R],
    run: &[f32],
    scores: &mut [f32],
    place: usize,
    keys: usize,
) {
    let width = query[0].len();
    let some = run.chunks_exact(C * width);
    let rest = some.remainder().chunks_exact(width);
    let mut key = place;
    for some in some {
        let found = dots::<S, R, C>(simd, query, from_fn(|at| &some[at * width..][..width]));
        for (row, found) in found.iter().enumerate() {
            scores[row * keys + key..][..C].copy_from_slice(found);
        }
        key += C;
    }
    for one in rest {
        for (row, [found]) in dots::<S, R, 1>(simd, query, [one]).into_iter().enumerate() {
            scores[row * keys + key] = found;
        }
        key += 1;
    }
}

/// Adds up to four values, each times its weight.
#[inline(always)]
pub(super) fn mix<S: Simd>(simd: S, weights: &[f32], values: &[f32], mixed: &mut [f32]) {
    let width = mixed.len();
    let (wide, rest) = S::as_mut_simd_f32s(mixed);
    let done = width - rest.len();
    if values.len() == VALUES * width {
        let weight: [f32; VALUES] = from_fn(|at| weights[at]);
        let values: [&[f32]; VALUES] = from_fn(|at| &values[at * width..][..width]);
        let (weights_wide, values_wide) = (weight.map(|w| simd.splat_f32s(w)), values.map(|v| S::as_simd_f32s(v).0));
        for (at, mixed) in wide.iter_mut().enumerate() {
            for (&weight, values) in weights_wide.iter().zip(&values_wide) {
                *mixed = simd.mul_add_f32s(weight, values[at], *mixed);
            }
        }
        for (at, mixed) in rest.iter_mut().enumerate() {
            *mixed += weight.iter().zip(&values).map(|(weight, values)| weight * values[done + at]).sum::<f32>();
        }
        return;
    }
    for (weight, values) in weights.iter().zip(values.chunks_exact(width)) {
        let splat = simd.splat_f32s(*weight);
        for (mixed, &value) in wide.iter_mut().zip(S::as_simd_f32s(values).0) {
            *mixed = simd.mul_add_f32s(splat, value, *mixed);
        }
        for (mixed, value) in rest.iter_mut().zip(&values[done..]) {
            *mixed += weight * value;
        }
    }
}

/// Adds all values of a run, each times its weight, to `R` rows, two vectors of each at a time; a row of weights begins
/// `pitch` after the one before. The order of additions is that of [`mix`].
#[inline(always)]
pub(super) fn mix_rows<S: Simd, const R: usize>(
    simd: S,
    weights: &[f32],
    pitch: usize,
    values: &[f32],
    mixed: &mut [f32],
) {
    let (width, lanes) = (mixed.len() / R, S::F32_LANES);
    let wide = width / lanes * lanes;
    for column in (0..wide).step_by(2 * lanes) {
        match column + 2 * lanes <= wide {
            true => mix_columns::<S, R, 2>(simd, (weights, pitch), (values, width), mixed, column),
            false => mix_columns::<S, R, 1>(simd, (weights, pitch), (values, width), mixed, column),
        }
    }
    for row in 0..R {
        for column in wide..width {
            let pairs = values.chunks_exact(width).zip(&weights[row * pitch..]);
            mixed[row * width + column] += pairs.map(|(value, weight)| weight * value[column]).sum::<f32>();
        }
    }
}

/// The same of the `C` vectors from `column` on.
#[inline(always)]
fn mix_columns<S: Simd, const R: usize, const C: usize>(
    simd: S,
    (weights, pitch): (&[f32], usize),
    (values, width): (&[f32], usize),
    mixed: &mut [f32],
    column: usize,
) {
    let mut sums: [[_; C]; R] = from_fn(|row| {
        let own = S::as_simd_f32s(&mixed[row * width + column..][..C * S::F32_LANES]).0;
        from_fn(|at| own[at])
    });
    let weights: [&[f32]; R] = from_fn(|row| &weights[row * pitch..][..values.len() / width]);
    for (key, value) in values.chunks_exact(width).enumerate() {
        let value = S::as_simd_f32s(&value[column..][..C * S::F32_LANES]).0;
        for (sums, weights) in sums.iter_mut().zip(&weights) {
            let weight = simd.splat_f32s(weights[key]);
            for (sum, &value) in sums.iter_mut().zip(value) {
                *sum = simd.mul_add_f32s(weight, value, *sum);
            }
        }
    }
    for (row, sums) in sums.iter().enumerate() {
        let own = S::as_mut_simd_f32s(&mut mixed[row * width + column..][..C * S::F32_LANES]).0;
        own.copy_from_slice(sums);
    }
}
