//! Statistics of emergence curves. Slices and small structs in, structs out: nothing here knows of tables or models.
//!
//! Settings and fitted results are different types (`Hinge` is fitted to a `HingeFit`), and every fitted curve answers
//! to [`curve::FittedCurve`], which covariances, bootstraps and profiles are written against. The only door to argmin is
//! `optimise`.

pub mod agreement;
pub(crate) mod best_of;
pub mod bootstrap;
pub mod breaktest;
pub(crate) mod broken;
pub mod ceiling;
pub mod clusters;
pub mod components;
pub mod concordance;
pub mod counts;
pub mod covariance;
pub mod curve;
pub mod curves;
pub mod direction;
pub mod distribution;
pub mod emergence_law;
pub mod equivalence;
pub mod estimate;
pub mod hinge;
pub mod hinge_bootstrap;
pub mod inference;
pub mod itemnoise;
pub mod linear;
pub mod logistic;
pub mod loss_law;
pub mod loss_then_score;
pub mod multiplicity;
mod multistart;
pub mod nested;
pub mod observational;
pub(crate) mod optimise;
pub mod pair_matrix;
pub mod parameter;
pub mod permutation;
pub mod principal;
pub mod profile;
pub mod random;
pub mod rank;
pub(crate) mod rank_range;
pub mod richards;
pub mod sample;
pub mod segmented;
pub mod selection;
pub mod sensitivity;
pub mod simex;
pub(crate) mod spline;
pub(crate) mod two_segment;
pub mod wild;

mod cross_products;
mod design;
pub(crate) mod disattenuation;
mod fixed_hinge;
mod flat;
mod least_squares;
pub(crate) mod many;
pub(crate) mod observations;
mod one_break;
mod plateau;
mod scaling;
mod sigmoid;
#[cfg(test)]
mod tests;
mod wild_draws;
mod wild_hinge;
mod wild_linear;
mod wild_model;
pub(crate) mod within;
