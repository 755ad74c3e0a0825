//! Squares and products of the two lead columns of a hinge, one set for every place where its break can lie.

use super::rows::{COLLINEAR, Rows};
use crate::stats::many::MANY;

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Gram {
    pub(super) ww: f64,
    pub(super) wx: f64,
    pub(super) xx: f64,
    /// Σ w over the rows.
    pub(super) mass: f64,
    /// 1/det, or 0 where the two columns are not independent.
    pub(super) inverse_det: f64,
}

impl Gram {
    /// Of the squares and the product of the two columns; below `rounding` of what they come from they are nothing.
    fn of([ww, wx, xx]: [f64; 3], mass: f64, rounding: f64) -> Self {
        let det = ww * xx - wx * wx;
        // x is scaled to a range of one, so the columns' own sizes are at most `mass`.
        let independent = ww > rounding * mass && xx > rounding * mass && det > rounding * ww * xx;
        let inverse_det = if independent { 1.0 / det } else { 0.0 };
        Self { ww, wx, xx, mass, inverse_det }
    }

    /// Of the rows from each distinct x on.
    pub(super) fn all(rows: &Rows) -> Vec<Self> {
        if rows.x.len() > MANY {
            return Self::running(rows);
        }
        (0..rows.levels())
            .map(|level| {
                let first = rows.starts[level];
                let mask = |value: &dyn Fn(usize) -> f64| -> Vec<f64> {
                    let column: Vec<f64> = (0..rows.x.len()).map(|i| if i < first { 0.0 } else { value(i) }).collect();
                    rows.partial_out(&column)
                };
                let (ones, xs) = (mask(&|_| 1.0), mask(&|i| rows.x[i]));
                let dot = |a: &[f64], b: &[f64]| -> f64 { (0..a.len()).map(|i| rows.w[i] * a[i] * b[i]).sum() };
                let (ww, wx, xx) = (dot(&ones, &ones), dot(&ones, &xs), dot(&xs, &xs));
                let mass: f64 = rows.w[first..].iter().sum();
                Self::of([ww, wx, xx], mass, COLLINEAR)
            })
            .collect()
    }

    /// The same by sums that run from the largest x down: with the projection P on the groups,
    /// |M 1[x>c]|² = Σ w - (Z'W 1[x>c])' P 1[x>c], and likewise for x 1[x>c].
    fn running(rows: &Rows) -> Vec<Self> {
        let q = rows.z.len();
        let (mut raw, mut mass) = ([0.0; 3], 0.0);
        // Per group Σ w z and Σ w z x, and what the projection's rows give: Σ p and Σ p x.
        let (mut sums, mut shares) = (vec![[0.0; 2]; q], vec![[0.0; 2]; q]);
        let mut grams = vec![Self::default(); rows.levels()];
        for level in (0..rows.levels()).rev() {
            for i in rows.starts[level]..rows.starts[level + 1] {
                let (w, x) = (rows.w[i], rows.x[i]);
                mass += w;
                raw = [raw[0] + w, raw[1] + w * x, raw[2] + w * x * x];
                for k in 0..q {
                    let (z, p) = (w * rows.z[k][i], rows.project[k][i]);
                    sums[k] = [sums[k][0] + z, sums[k][1] + z * x];
                    shares[k] = [shares[k][0] + p, shares[k][1] + p * x];
                }
            }
            let taken = |a: usize, b: usize| (0..q).map(|k| sums[k][a] * shares[k][b]).sum::<f64>();
            let left = [raw[0] - taken(0, 0), raw[1] - taken(0, 1), raw[2] - taken(1, 1)];
            grams[level] = Self::of(left, mass, RUNNING);
        }
        grams
    }
}

/// [`COLLINEAR`] of sums that run over many rows.
const RUNNING: f64 = 1e-9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn running_sums_give_the_products_of_every_break() {
        let mut x: Vec<f64> = (0..40).map(|i| 20.0 + 0.1 * f64::from(i / 2) + 0.01 * f64::from(i % 7)).collect();
        x.sort_by(f64::total_cmp);
        let groups: [Vec<f64>; 2] =
            [(0..40).map(|i| f64::from(i % 3 == 0)).collect(), (0..40).map(|i| f64::from(i % 5)).collect()];
        let weights: Vec<f64> = (0..40).map(|i| 1.0 + f64::from(i % 4)).collect();
        for free in [false, true] {
            let mut z = groups.to_vec();
            z.extend(free.then(|| vec![1.0; 40]));
            let rows = Rows::new(x.iter().map(|x| x / 2.0 - 10.5).collect(), weights.clone(), z).expect("a design");
            for (level, (one, sum)) in Gram::all(&rows).iter().zip(Gram::running(&rows)).enumerate() {
                let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * one.mass;
                assert!(close(one.ww, sum.ww) && close(one.wx, sum.wx) && close(one.xx, sum.xx), "{free} {level}");
                assert_eq!((one.mass, one.inverse_det > 0.0), (sum.mass, sum.inverse_det > 0.0), "{free} {level}");
            }
        }
    }
}
