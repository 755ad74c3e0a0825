//! Single-precision functions without branches, so that loops over them become vector instructions.
//!
//! Errors against the true value are below 3·10⁻⁷ of max(1, |value|), a few units in the last place; the tests hold them
//! to that. Multiplications and additions are kept apart (no fused multiply-add), so results are the same on every
//! machine.

/// eˣ by the reduction x = n·ln 2 + r, |r| ≤ ln 2 / 2, and the Taylor polynomial of eʳ to r⁷ (remainder 2·10⁻⁸).
/// Arguments beyond the range of the format are clamped to it.
#[inline(always)]
pub(in crate::lm) fn exp(x: f32) -> f32 {
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    // Adding and subtracting 1.5·2²³ rounds to the nearest whole number.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    let p = 1.0 / 5040.0;
    let p = p * r + 1.0 / 720.0;
    let p = p * r + 1.0 / 120.0;
    let p = p * r + 1.0 / 24.0;
    let p = p * r + 1.0 / 6.0;
    let p = p * r + 0.5;
    let p = (p * r + 1.0) * r + 1.0;
    // The last bits of the shifted number are n: moved into the exponent they are 2ⁿ.
    p * f32::from_bits(shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23)
}

/// 1 / (1 + e⁻ˣ).
#[inline(always)]
pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// tanh x as 2·sigmoid(2x) − 1.
#[inline(always)]
pub(in crate::lm) fn tanh(x: f32) -> f32 {
    2.0 * sigmoid(2.0 * x) - 1.0
}

/// erf x. Within |x| < 1 the Taylor series to x¹⁵ (remainder 2·10⁻⁷ at 1 is halved by the last term's own rounding);
/// beyond, 1 − t·P(t)·e^(−x²) with t = 1 / (1 + x/2), the Chebyshev fit of Numerical Recipes (error below 1.2·10⁻⁷).
#[inline(always)]
pub(super) fn erf(x: f32) -> f32 {
    let a = x.abs();
    let t = 1.0 / (1.0 + 0.5 * a);
    let p = 0.170_872_77f32;
    let p = p * t - 0.822_152_23;
    let p = p * t + 1.488_515_9;
    let p = p * t - 1.135_204;
    let p = p * t + 0.278_868_07;
    let p = p * t - 0.186_288_06;
    let p = p * t + 0.096_784_18;
    let p = p * t + 0.374_091_96;
    let p = p * t + 1.000_023_7;
    let p = p * t - 1.265_512_2;
    let far = 1.0 - t * exp(p - a * a);
    let s = x * x;
    let q = -1.0 / 75_600.0f32;
    let q = q * s + 1.0 / 9_360.0;
    let q = q * s - 1.0 / 1_320.0;
    let q = q * s + 1.0 / 216.0;
    let q = q * s - 1.0 / 42.0;
    let q = q * s + 1.0 / 10.0;
    let q = q * s - 1.0 / 3.0;
    let near = std::f32::consts::FRAC_2_SQRT_PI * x * (q * s + 1.0);
    if a < 0.75 { near } else { far.copysign(x) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A few units in the last place of a single-precision number near 1.
    const ROUNDING: f64 = 3e-7;

    fn grid(from: f64, to: f64) -> impl Iterator<Item = f64> {
        (0..=20_000).map(move |i| from + (to - from) * f64::from(i) / 20_000.0)
    }

    /// erf by its series, which converges everywhere.
    fn exact_erf(x: f64) -> f64 {
        let (mut term, mut sum) = (x, x);
        for n in 1..200 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        sum * std::f64::consts::FRAC_2_SQRT_PI
    }

    #[test]
    fn exp_is_exact_to_rounding() {
        for x in grid(-86.0, 87.0) {
            let (ours, exact) = (f64::from(exp(x as f32)), f64::from(x as f32).exp());
            assert!((ours / exact - 1.0).abs() < ROUNDING, "{x}: {ours} {exact}");
        }
    }

    #[test]
    fn exp_of_what_does_not_fit_stays_finite() {
        assert!(exp(f32::INFINITY).is_finite() && exp(f32::NEG_INFINITY) < 1e-37);
    }

    #[test]
    fn sigmoid_tanh_and_erf_are_exact_to_rounding() {
        for x in grid(-9.0, 9.0) {
            let single = x as f32;
            let double = f64::from(single);
            assert!((f64::from(sigmoid(single)) - 1.0 / (1.0 + (-double).exp())).abs() < ROUNDING, "{x}");
            assert!((f64::from(tanh(single)) - double.tanh()).abs() < ROUNDING, "{x}");
            if x.abs() < 4.0 {
                assert!((f64::from(erf(single)) - exact_erf(double)).abs() < ROUNDING, "{x} {}", erf(single));
            }
        }
    }
}
