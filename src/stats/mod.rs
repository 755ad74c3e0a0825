//! Statistics of emergence curves. Slices and small structs in, structs out: nothing here knows of tables or models.
//!
//! Settings and fitted results are different types (`Hinge` is fitted to a `HingeFit`), and every fitted curve answers
//! to [`curve::FittedCurve`], which covariances, bootstraps and profiles are written against. The only door to argmin is
//! [`optimise`].

pub mod clusters;
pub mod covariance;
pub mod multiplicity;
pub mod random;
pub mod curve;
pub mod distribution;
pub mod hinge;
pub mod linear;
pub mod segmented;
pub mod spline;
pub mod two_segment;

mod observations;
mod one_break;
