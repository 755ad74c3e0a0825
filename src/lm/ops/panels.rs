//! Products of the small matrices that one head of attention works with, panel by panel.

use std::ops::Range;

use pulp::Simd;

/// Numbers in the widest vector; rows of working matrices are padded to it.
pub(super) const LANES: usize = 16;
/// Rows that a product computes at a time.
pub(super) const ROWS: usize = 4;

/// The transpose: (width, padded tokens).
pub(super) fn transposed(rows: &[f32], tokens: usize, width: usize) -> Vec<f32> {
    let (from, to) = (width.next_multiple_of(LANES), tokens.next_multiple_of(LANES));
    let mut out = vec![0f32; width * to];
    for (token, row) in rows.chunks_exact(from).enumerate() {
        for (number, &value) in row[..width].iter().enumerate() {
            out[number * to + token] = value;
        }
    }
    out
}

/// A matrix whose element (i, k) is at i·`row` + k·`column`.
#[derive(Clone, Copy)]
pub(super) struct Left<'a> {
    pub(super) numbers: &'a [f32],
    pub(super) row: usize,
    pub(super) column: usize,
}

/// `out` += rows `rows` of `left` times `right`, over `inner` and the columns `columns` (whole vectors). `right` and `out`
/// have rows of their pitches.
#[inline(always)]
pub(super) fn add_product<S: Simd>(
    simd: S,
    left: Left<'_>,
    rows: Range<usize>,
    inner: Range<usize>,
    (right, right_pitch): (&[f32], usize),
    (out, out_pitch): (&mut [f32], usize),
    columns: Range<usize>,
) {
    let mut row = rows.start;
    while row < rows.end {
        if row + ROWS <= rows.end {
            panel::<S, ROWS>(simd, left, row, inner.clone(), (right, right_pitch), (out, out_pitch), columns.clone());
            row += ROWS;
        } else {
            panel::<S, 1>(simd, left, row, inner.clone(), (right, right_pitch), (out, out_pitch), columns.clone());
            row += 1;
        }
    }
}

/// `R` rows of the product, two vectors wide.
#[inline(always)]
fn panel<S: Simd, const R: usize>(
    simd: S,
    left: Left<'_>,
    row: usize,
    inner: Range<usize>,
    (right, right_pitch): (&[f32], usize),
    (out, out_pitch): (&mut [f32], usize),
    columns: Range<usize>,
) {
    let lanes = S::F32_LANES;
    let mut column = columns.start;
    while column < columns.end {
        let two = column + 2 * lanes <= columns.end;
        let mut sums = [[simd.splat_f32s(0.0); 2]; R];
        for k in inner.clone() {
            let right = S::as_simd_f32s(&right[k * right_pitch + column..][..if two { 2 * lanes } else { lanes }]).0;
            for (r, sums) in sums.iter_mut().enumerate() {
                let factor = simd.splat_f32s(left.numbers[(row + r) * left.row + k * left.column]);
                sums[0] = simd.mul_add_f32s(factor, right[0], sums[0]);
                if two {
                    sums[1] = simd.mul_add_f32s(factor, right[1], sums[1]);
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            let at = (row + r) * out_pitch + column;
            let out = S::as_mut_simd_f32s(&mut out[at..][..if two { 2 * lanes } else { lanes }]).0;
            for (out, sum) in out.iter_mut().zip(sums) {
                *out = simd.add_f32s(*out, *sum);
            }
        }
        column += if two { 2 * lanes } else { lanes };
    }
}

/// Whole vectors around `range`, of rows padded to [`LANES`].
pub(super) fn vectors(range: Range<usize>) -> Range<usize> {
    range.start / LANES * LANES..range.end.next_multiple_of(LANES)
}
