//! The linear and broken-line fits: against an independent brute-force search, at the limits of what data can say, and
//! for invariance to units.

use crate::Error;
use crate::stats::curve::FittedCurve;
use crate::stats::hinge::{Hinge, Outcome};
use crate::stats::linear::{LeastSquares, Linear};
use crate::stats::sample::Sample;
use crate::stats::segmented::Segmented;
use crate::stats::spline::Spline;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// Two ways to compute one least-squares optimum agree to this relative difference of the sum of squares.
const SAME_SSE: f64 = 1e-9;
/// Sums of squares below this share of the total are rounding error of the test's own Gram-Schmidt.
const ROUNDING: f64 = 1e-13;

/// A search that shares nothing with the library: Gram-Schmidt instead of moments and QR, every interval and every end
/// computed, and a grid of breaks beside them.
mod brute {
    #[derive(Clone, Copy, PartialEq, Debug)]
    pub(crate) enum Left {
        Zero,
        Level,
        Line,
    }

    /// Residual sum of squares of `y` on `columns` (dependent ones dropped), with coefficients where none was.
    pub(crate) fn regress(columns: &[Vec<f64>], y: &[f64], w: &[f64]) -> (f64, Option<Vec<f64>>) {
        let n = y.len();
        let root: Vec<f64> = w.iter().map(|w| w.sqrt()).collect();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let mut basis: Vec<Vec<f64>> = Vec::new();
        let mut r: Vec<Vec<f64>> = Vec::new();
        let mut full = true;
        for column in columns {
            let mut v: Vec<f64> = (0..n).map(|i| column[i] * root[i]).collect();
            let whole = dot(&v, &v).sqrt();
            let mut coordinates = vec![0.0; basis.len()];
            for _ in 0..2 {
                for (q, c) in basis.iter().zip(&mut coordinates) {
                    let product = dot(q, &v);
                    *c += product;
                    v.iter_mut().zip(q).for_each(|(v, q)| *v -= product * q);
                }
            }
            let rest = dot(&v, &v).sqrt();
            if rest <= 1e-10 * whole {
                full = false;
                continue;
            }
            v.iter_mut().for_each(|v| *v /= rest);
            coordinates.push(rest);
            basis.push(v);
            r.push(coordinates);
        }
        let mut e: Vec<f64> = (0..n).map(|i| y[i] * root[i]).collect();
        let mut on_basis = vec![0.0; basis.len()];
        for _ in 0..2 {
            for (q, c) in basis.iter().zip(&mut on_basis) {
                let product = dot(q, &e);
                *c += product;
                e.iter_mut().zip(q).for_each(|(e, q)| *e -= product * q);
            }
        }
        let coefficients = full.then(|| {
            let k = basis.len();
            let mut b = on_basis;
            for j in (0..k).rev() {
                for l in j + 1..k {
                    b[j] -= r[l][j] * b[l];
                }
                b[j] /= r[j][j];
            }
            b
        });
        (dot(&e, &e), coefficients)
    }

    pub(crate) struct Data<'a> {
        pub x: &'a [f64],
        pub y: &'a [f64],
        pub z: &'a [Vec<f64>],
        pub w: &'a [f64],
        pub left: Left,
        pub within: bool,
    }

    impl Data<'_> {
        fn with(&self, mut lead: Vec<Vec<f64>>) -> (f64, Option<Vec<f64>>) {
            // Groups that the base determines (an empty one, say) would hide whether the rest has full rank.
            let mut known = self.base();
            for z in self.z {
                let (rest, _) = regress(&known, z, self.w);
                if rest > 1e-12 {
                    known.push(z.clone());
                    lead.push(z.clone());
                }
            }
            regress(&lead, self.y, self.w)
        }

        fn base(&self) -> Vec<Vec<f64>> {
            match self.left {
                Left::Zero => vec![],
                Left::Level => vec![vec![1.0; self.x.len()]],
                Left::Line => vec![vec![1.0; self.x.len()], self.x.to_vec()],
            }
        }

        /// Sum of squares with the break held at `c`.
        pub(crate) fn at(&self, c: f64) -> f64 {
            let mut lead = self.base();
            lead.push(self.x.iter().map(|x| (x - c).max(0.0)).collect());
            self.with(lead).0
        }

        /// Least sum of squares over all intervals and ends.
        pub(crate) fn exact(&self) -> f64 {
            let mut xs: Vec<f64> = (0..self.x.len()).filter(|i| self.w[*i] > 0.0).map(|i| self.x[i]).collect();
            xs.sort_by(f64::total_cmp);
            xs.dedup();
            let mut best = self.with(self.base()).0;
            if self.left == Left::Zero && !self.within {
                best = best.min(self.with(vec![vec![1.0; self.x.len()]]).0);
                let (sse, b) = self.with(vec![vec![1.0; self.x.len()], self.x.to_vec()]);
                if b.is_none_or(|b| -b[0] / b[1] <= xs[0]) {
                    best = best.min(sse);
                }
            }
            for (k, &low) in xs.iter().enumerate() {
                best = best.min(self.at(low));
                let Some(&high) = xs.get(k + 1) else { continue };
                let right = |v: fn(f64) -> f64| self.x.iter().map(|x| if *x > low { v(*x) } else { 0.0 }).collect();
                let mut lead = self.base();
                lead.push(right(|_| 1.0));
                lead.push(right(|x| x));
                let at = lead.len() - 2;
                let (sse, b) = self.with(lead);
                let meets = |b: Vec<f64>| (low..=high).contains(&(-b[at] / b[at + 1]));
                if b.is_some_and(meets) {
                    best = best.min(sse);
                }
            }
            best
        }

        /// Least sum of squares over a grid of breaks.
        pub(crate) fn grid(&self) -> f64 {
            let counted = || (0..self.x.len()).filter(|i| self.w[*i] > 0.0).map(|i| self.x[i]);
            let low = counted().fold(f64::INFINITY, f64::min);
            let high = counted().fold(f64::NEG_INFINITY, f64::max);
            let inside = (0..=400).map(|j| low + (high - low) * f64::from(j) / 400.0);
            let left = (0..20).map(|j| low - (high - low) * 1.7_f64.powi(j - 6));
            let outside: Vec<f64> = if self.within { vec![] } else { left.collect() };
            inside.chain(outside).map(|c| self.at(c)).fold(f64::INFINITY, f64::min)
        }
    }
}

#[derive(Debug, Clone)]
struct Scores {
    x: Vec<f64>,
    y: Vec<f64>,
    z: Vec<Vec<f64>>,
    w: Vec<f64>,
}

/// Data with ties, repeated models, empty and full groups, several shapes and weights that may be zero.
fn scores() -> impl Strategy<Value = Scores> {
    (3usize..26, 0usize..3, 0u8..4, 0u8..5).prop_flat_map(|(n, groups, grid, shape)| {
        let x = prop::collection::vec((0u32..1000, 0u32..8), n);
        let noise = prop::collection::vec(-1.0f64..1.0, n);
        let z = prop::collection::vec((0u8..4, prop::collection::vec(0u8..2, n)), groups);
        let w = (0u8..3, prop::collection::vec((0u8..4, 0.1f64..3.0), n));
        (x, noise, z, w, -1.5f64..1.5).prop_map(move |(x, noise, z, (weighting, w), bend)| {
            let x: Vec<f64> = x
                .iter()
                .map(|&(fine, coarse)| match grid {
                    0 => f64::from(coarse),
                    1 => f64::from(coarse / 2) - 3.0,
                    _ => f64::from(fine) / 125.0,
                })
                .collect();
            let z: Vec<Vec<f64>> = z
                .iter()
                .map(|(kind, member)| match kind {
                    0 => vec![0.0; x.len()],
                    1 => vec![1.0; x.len()],
                    _ => member.iter().map(|m| f64::from(*m)).collect(),
                })
                .collect();
            let y = (0..x.len())
                .map(|i| {
                    let rise = bend * (x[i] - 3.0).max(0.0) + z.first().map_or(0.0, |z| 0.3 * z[i]);
                    match shape {
                        0 => noise[i],
                        1 => rise + 0.1 * noise[i],
                        2 => rise,
                        3 => 2.0 + 0.3 * x[i] + 0.2 * noise[i],
                        _ => 0.0,
                    }
                })
                .collect();
            let w = w
                .iter()
                .map(|&(count, weight)| match weighting {
                    0 => 1.0,
                    1 => f64::from(count),
                    _ => weight,
                })
                .collect();
            Scores { x, y, z, w }
        })
    })
}

/// The library's optimum is neither above what any break reaches nor below what is possible, and is what its own curve
/// leaves.
fn agrees(data: &brute::Data<'_>, sse: f64, predicted: &[f64]) -> Result<(), TestCaseError> {
    let total: f64 = data.y.iter().zip(data.w).map(|(y, w)| w * y * y).sum();
    let slack = ROUNDING * total;
    let exact = data.exact();
    prop_assert!(sse <= exact * (1.0 + SAME_SSE) + slack, "{sse} above {exact}");
    prop_assert!(sse >= exact * (1.0 - SAME_SSE) - slack, "{sse} below {exact}");
    let grid = data.grid();
    prop_assert!(sse <= grid * (1.0 + SAME_SSE) + slack, "{sse} above {grid} on the grid");
    let left: f64 = (0..data.y.len()).map(|i| data.w[i] * (data.y[i] - predicted[i]).powi(2)).sum();
    prop_assert!((left - sse).abs() <= SAME_SSE * sse + slack, "{sse} but the curve leaves {left}");
    Ok(())
}

/// Errors a fit of arbitrary small data may end in.
fn is_expected(error: &Error) -> bool {
    matches!(error, Error::NotEnoughModels { .. } | Error::Undetermined(_))
}

fn weighted(s: &Scores, weights: &[f64]) -> Sample {
    Sample::new(&s.x, &s.y).and_then(|x| x.with_groups(&s.z)).and_then(|x| x.with_weights(weights)).unwrap()
}

fn rows(s: &Scores) -> impl Iterator<Item = (f64, Vec<f64>)> + '_ {
    (0..s.x.len()).map(|i| (s.x[i], s.z.iter().map(|z| z[i]).collect()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, rng_seed: RngSeed::Fixed(1), ..ProptestConfig::default() })]

    #[test]
    fn the_hinge_is_the_global_optimum(s in scores(), within: bool, free: bool) {
        let hinge = if free { Hinge::new().free_chance() } else { Hinge::new().chance(0.1) };
        let fit = match hinge.within_data(within).fit_sample(&weighted(&s, &s.w)) {
            Ok(fit) => fit,
            Err(error) => { prop_assert!(is_expected(&error), "{error}"); return Ok(()); }
        };
        let (left, chance) = if free { (brute::Left::Level, 0.0) } else { (brute::Left::Zero, 0.1) };
        let y: Vec<f64> = s.y.iter().map(|y| y - chance).collect();
        let predicted: Vec<f64> = rows(&s).map(|(x, z)| fit.predict(x, &z) - chance).collect();
        agrees(&brute::Data { x: &s.x, y: &y, z: &s.z, w: &s.w, left, within }, fit.sse, &predicted)?;
        let mut xs: Vec<f64> = (0..s.x.len()).filter(|i| s.w[*i] > 0.0).map(|i| s.x[i]).collect();
        xs.sort_by(f64::total_cmp);
        match fit.outcome {
            Outcome::Break => prop_assert!(fit.alpha > 0.0 && fit.c > xs[0] && fit.c < xs[xs.len() - 1]),
            Outcome::NoBreak => prop_assert!(fit.alpha > 0.0 && fit.c <= xs[0] + 1e-12),
            Outcome::Flat => prop_assert!(fit.alpha <= 0.0),
        }
        if within && fit.outcome != Outcome::Flat {
            prop_assert!(fit.c >= xs[0] - 1e-12);
        }
    }

    #[test]
    fn two_segments_are_the_global_optimum(s in scores()) {
        let fit = match Segmented::new().fit_sample(&weighted(&s, &s.w)) {
            Ok(fit) => fit,
            Err(error) => { prop_assert!(is_expected(&error), "{error}"); return Ok(()); }
        };
        let predicted: Vec<f64> = rows(&s).map(|(x, z)| fit.predict(x, &z)).collect();
        let data = brute::Data { x: &s.x, y: &s.y, z: &s.z, w: &s.w, left: brute::Left::Line, within: true };
        agrees(&data, fit.sse, &predicted)?;
    }

    #[test]
    fn a_solver_gives_what_the_plain_fit_gives(s in scores(), free: bool) {
        let hinge = if free { Hinge::new().free_chance() } else { Hinge::new().chance(0.1) };
        let mut solver = hinge.solver(&s.x, &s.z).unwrap();
        let other: Vec<f64> = s.y.iter().map(|y| 1.0 - y).collect();
        let _ = solver.fit(&other, None);
        match (solver.fit(&s.y, Some(&s.w)), hinge.fit_sample(&weighted(&s, &s.w))) {
            (Ok(a), Ok(b)) => {
                prop_assert_eq!(a.alpha, b.alpha);
                prop_assert_eq!(a.c, b.c);
                prop_assert_eq!(a.theta, b.theta);
                prop_assert_eq!(a.outcome, b.outcome);
            }
            (Err(a), Err(b)) => prop_assert_eq!(a.to_string(), b.to_string()),
            (a, b) => prop_assert!(false, "{a:?} but {b:?}"),
        }
    }

    #[test]
    fn the_profile_is_least_at_the_fitted_break(s in scores(), share in 0.0f64..1.0) {
        let Ok(fit) = Hinge::new().fit_sample(&weighted(&s, &s.w)) else { return Ok(()) };
        let mut solver = Hinge::new().solver(&s.x, &s.z).unwrap();
        let total: f64 = s.y.iter().zip(&s.w).map(|(y, w)| w * y * y).sum();
        if fit.outcome == Outcome::Break {
            let here = solver.sse_at(&s.y, Some(&s.w), fit.c).unwrap();
            prop_assert!((here - fit.sse).abs() <= SAME_SSE * fit.sse + ROUNDING * total);
        }
        let c = 8.0 * share;
        let profile = solver.sse_at(&s.y, Some(&s.w), c).unwrap();
        prop_assert!(profile >= fit.sse * (1.0 - SAME_SSE) - ROUNDING * total);
        let data = brute::Data { x: &s.x, y: &s.y, z: &s.z, w: &s.w, left: brute::Left::Zero, within: false };
        prop_assert!((profile - data.at(c)).abs() <= SAME_SSE * profile + ROUNDING * total);
    }

    #[test]
    fn repeating_a_model_is_weighting_it(s in scores()) {
        let counts: Vec<usize> = s.w.iter().map(|w| *w as usize).collect();
        let repeat = |v: &[f64]| -> Vec<f64> {
            v.iter().zip(&counts).flat_map(|(v, n)| std::iter::repeat_n(*v, *n)).collect()
        };
        let z: Vec<Vec<f64>> = s.z.iter().map(|z| repeat(z)).collect();
        let weights: Vec<f64> = counts.iter().map(|n| *n as f64).collect();
        let weighted = Hinge::new().fit_sample(&weighted(&s, &weights));
        let (Ok(a), Ok(b)) = (weighted, Hinge::new().fit(&repeat(&s.x), &repeat(&s.y), &z)) else { return Ok(()) };
        let total: f64 = s.y.iter().zip(&weights).map(|(y, w)| w * y * y).sum();
        prop_assert!((a.sse - b.sse).abs() <= SAME_SSE * a.sse + ROUNDING * total);
    }

    #[test]
    fn units_do_not_matter(s in scores(), power in -900i32..900, far in 0u8..2) {
        // Powers of two and a far origin that keeps every x exact: the numbers are then the same up to the unit.
        let unit = 2.0f64.powi(power);
        let origin = if far == 1 { 134_217_728.0 } else { 0.0 };
        let step = |x: &f64| (x * 125.0).round() / 128.0;
        let x: Vec<f64> = s.x.iter().map(step).collect();
        let moved: Vec<f64> = x.iter().map(|x| x + origin).collect();
        let y: Vec<f64> = s.y.iter().map(|y| y * unit).collect();
        match (Hinge::new().fit(&x, &s.y, &s.z), Hinge::new().fit(&moved, &y, &s.z)) {
            (Ok(a), Ok(b)) => {
                prop_assert_eq!(a.outcome, b.outcome);
                prop_assert_eq!(a.alpha * unit, b.alpha);
                prop_assert!((0..x.len()).all(|i| (a.fitted[i] * unit - b.fitted[i]).abs() <= 1e-14 * b.fitted[i].abs()));
                prop_assert!(!b.sse.is_nan());
            }
            (Err(a), Err(b)) => prop_assert_eq!(a.to_string(), b.to_string()),
            (a, b) => prop_assert!(false, "{a:?} but {b:?}"),
        }
    }

    #[test]
    fn every_curve_has_the_gradient_of_its_prediction(s in scores()) {
        if let Ok(fit) = Hinge::new().chance(0.1).fit(&s.x, &s.y, &s.z) {
            has_consistent_columns(&fit, &s)?;
        }
        if let Ok(fit) = Segmented::new().fit(&s.x, &s.y, &s.z) {
            has_consistent_columns(&fit, &s)?;
        }
        if let Ok(fit) = Linear::new().fit(&s.x, &s.y, &s.z) {
            has_consistent_columns(&fit, &s)?;
        }
        if let Ok(fit) = Spline::new(&[2.0, 5.0]).unwrap().fit(&s.x, &s.y, &s.z) {
            has_consistent_columns(&fit, &s)?;
        }
    }
}

/// Names, estimates, Jacobian and gradient agree in number and value, the residuals are what the prediction leaves, and
/// no listed parameter is one the data leave open.
fn has_consistent_columns(fit: &impl FittedCurve, s: &Scores) -> Result<(), TestCaseError> {
    let jacobian = fit.jacobian();
    prop_assert_eq!(fit.names().len(), fit.estimates().len());
    prop_assert_eq!(fit.names().len(), jacobian.len());
    prop_assert!(fit.names().len() <= fit.free_parameters());
    if !jacobian.is_empty() {
        let rank = LeastSquares::fit(&jacobian, &s.y, None);
        prop_assert!(rank.is_ok(), "{rank:?} for {:?}", fit.names());
    }
    for (i, (x, z)) in rows(s).enumerate() {
        let gradient = fit.gradient(x, &z);
        prop_assert!((0..jacobian.len()).all(|j| jacobian[j][i] == gradient[j]));
        let scale = 1.0 + s.y[i].abs() + fit.estimates().iter().map(|b| b.abs()).fold(0.0, f64::max);
        prop_assert!((s.y[i] - fit.predict(x, &z) - fit.residuals()[i]).abs() <= 1e-11 * scale);
    }
    Ok(())
}
