//! Kernels of inference on the CPU: single precision, no gradients.
//!
//! Generating text reads every weight, and every key and value, once per step; the time is that of reading them. What is
//! here reads them on all cores, as they lie in memory, for a few rows at a time. Wherever a gradient is wanted, and on
//! every other device or dtype, the compositions of tensor operations in `ops/` and `attention.rs` are used instead;
//! tests hold the two against each other.

mod attend;
mod product;

pub(super) use attend::{Part, Sequence, attend};
pub(super) use product::{FEW, few};
