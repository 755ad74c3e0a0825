//! Exact scaling, so that nothing overflows on the way.

/// The power of two that brings the largest of `values` into [1, 2); 1 when all are zero. Dividing by it is exact.
pub(crate) fn binary_scale(values: impl Iterator<Item = f64>) -> f64 {
    let largest = values.map(f64::abs).fold(0.0, f64::max);
    if largest == 0.0 {
        return 1.0;
    }
    // Kept away from the ends of the range, so that the scale and its inverse are normal numbers.
    2.0_f64.powi(largest.log2().floor().clamp(-1020.0, 1020.0) as i32)
}
