//! The list of curves that are fitted by name: by the command line, study files, the live page and the comparison of
//! curves.
//!
//! A further curve is one file with its own `Entry`, and one line in the list below; everything else reads the list.
//!
//! ```
//! use onset::stats::curves::Curve;
//! use onset::stats::sample::Sample;
//!
//! let sample = Sample::new(&[20.0, 21.0, 22.0, 23.0, 24.0], &[0.25, 0.25, 0.25, 0.35, 0.45])?;
//! let fit = "hinge".parse::<Curve>()?.fit(Some(0.25), &sample)?;
//! assert!((fit.predict(23.5, &[]) - 0.40).abs() < 1e-9);
//! # Ok::<(), onset::Error>(())
//! ```

pub use super::curve::Levels;

use super::curve::{Entry, FittedCurve};
use super::sample::Sample;
use super::{broken, flat, hinge, linear, logistic, plateau, richards, segmented};
use crate::Result;
use crate::serial::read_by_name;

macro_rules! curves {
    ($($(#[$doc:meta])* $curve:ident = $entry:expr;)+) => {
        /// A curve by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Curve { $($(#[$doc])* $curve),+ }

        impl Curve {
            /// Every curve, the constant level last.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$curve),+];

            fn entry(self) -> &'static Entry {
                match self { $(Self::$curve => &$entry),+ }
            }
        }
    };
}

curves! {
    /// Chance, then a straight rise.
    Hinge = hinge::ENTRY;
    /// A straight line.
    Linear = linear::ENTRY;
    /// Two free lines.
    Segmented = segmented::ENTRY;
    /// A logistic from chance to a free upper level.
    Logistic = logistic::ENTRY;
    /// A Richards curve from chance to a free upper level.
    Richards = richards::ENTRY;
    /// Chance, a straight rise, and a ceiling.
    Plateau = plateau::ENTRY;
    /// A power law with one break, for those who ask for it by name.
    Broken = broken::ONCE;
    /// A power law with two breaks, likewise.
    BrokenTwice = broken::TWICE;
    /// A constant level, with which the others are compared.
    Flat = flat::ENTRY;
}

impl Curve {
    /// The curves that rise and are compared where none is named.
    pub(crate) fn rising() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|curve| *curve != Self::Flat && curve.entry().compared)
    }

    /// Every curve that can be asked for: all but the constant level.
    pub(crate) fn named() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|curve| *curve != Self::Flat)
    }

    /// The name as printed and in files.
    pub(crate) fn name(self) -> &'static str {
        self.entry().name
    }

    /// The formula, groups aside.
    pub fn formula(self) -> &'static str {
        self.entry().formula
    }

    /// Whether chance can be estimated with the curve's other parameters, or plays no part in it.
    pub(crate) fn frees_chance(self) -> bool {
        self.entry().frees_chance
    }

    /// Fits the curve to a sample, with chance and ceiling held at a level or estimated (`None`; 0 for the chance of a curve
    /// that cannot).
    ///
    /// # Errors
    /// Those of the curve: `NotEnoughModels` for fewer models than parameters, `Undetermined` for a constant predictor.
    pub fn fit(self, levels: impl Into<Levels>, sample: &Sample) -> Result<Box<dyn FittedCurve>> {
        (self.entry().fit)(levels.into(), sample)
    }
}

read_by_name!(Curve, "curve", Curve::ALL);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_curve_is_read_as_it_is_written_and_can_be_fitted() {
        let x: Vec<f64> = (0..16).map(|i| 20.0 + 0.25 * f64::from(i)).collect();
        let y: Vec<f64> = (0..16).map(|i| 0.25 + 0.1 * (x[i] - 22.0).max(0.0) + 0.004 * ((i * 7) % 5) as f64).collect();
        let sample = Sample::new(&x, &y).and_then(|s| s.with_groups(&[(0..16).map(|i| f64::from(i % 2)).collect()]));
        let sample = sample.expect("a sample");
        for curve in Curve::ALL {
            assert_eq!(curve.to_string().parse::<Curve>().expect("a curve"), *curve);
            assert!(curve.formula().starts_with("y = "), "{curve}");
            let fit = curve.fit(Some(0.25), &sample).expect("a fit");
            assert_eq!(fit.names().len(), fit.estimates().len(), "{curve}");
        }
    }

    #[test]
    fn whole_weights_are_copies_for_every_curve() {
        let x: Vec<f64> = (0..12).map(|i| 20.0 + 0.33 * f64::from(i)).collect();
        let y = [0.25, 0.27, 0.24, 0.26, 0.25, 0.29, 0.33, 0.36, 0.44, 0.45, 0.52, 0.49];
        let group: Vec<f64> = (0..12).map(|i| f64::from(i % 3 == 1)).collect();
        let weights: Vec<f64> = (0..12).map(|i| f64::from(1 + i % 3)).collect();
        let copied: Vec<usize> = (0..12).flat_map(|i| vec![i; weights[i] as usize]).collect();
        let copy = |values: &[f64]| copied.iter().map(|&i| values[i]).collect::<Vec<f64>>();
        let sample = |x: &[f64], y: &[f64], group: Vec<f64>| {
            Sample::new(x, y).and_then(|s| s.with_groups(&[group])).expect("a sample")
        };
        let weighted = sample(&x, &y, group.clone()).with_weights(&weights).expect("weights");
        let plain = sample(&x, &y, group.clone());
        let copies = sample(&copy(&x), &copy(&y), copy(&group));
        for curve in Curve::ALL {
            let fits = [&weighted, &copies, &plain].map(|s| curve.fit(Some(0.25), s).expect("a fit"));
            assert_eq!(fits[0].names(), fits[1].names(), "{curve}");
            for (a, b) in fits[0].estimates().iter().zip(fits[1].estimates()) {
                assert!((a - b).abs() < 1e-4 * b.abs().max(1.0), "{curve}: {a} {b}");
            }
            assert!((fits[0].sse() - fits[1].sse()).abs() < 1e-9, "{curve}");
            assert_ne!(fits[0].estimates(), fits[2].estimates(), "{curve}: the weights count");
        }
    }
}
