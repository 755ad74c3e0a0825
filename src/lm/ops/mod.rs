//! The few operations between matrix products, each in two forms.
//!
//! *Plain*: a composition of tensor operations, for every device and dtype. *Fused*: one pass over single-precision
//! memory on the CPU, on all cores and with the widest vectors of the machine. Both can be differentiated: the fused
//! form carries its written-out backward pass. Tests hold values and gradients of the two against each other.

mod activation;
mod attention;
mod continued;
mod cross_entropy;
pub(in crate::lm) mod math;
mod norm;
mod panels;
mod product;
mod rotate;
mod softmax;
mod tape;
mod vectors;

pub(crate) use activation::Activation;
pub(super) use activation::{activate, gate};
pub(super) use attention::attention;
pub(super) use cross_entropy::cross_entropy;
pub(super) use norm::{NormShape, norm};
pub(super) use product::{affine, product};
pub(super) use rotate::rotate;
pub(super) use softmax::{Scores, softmax};
pub(crate) use tape::Sum;
pub(crate) use tape::Sums;
pub(crate) use tape::Tape;
pub(super) use tape::{matrix, plus, rows};
pub(in crate::lm) use vectors::{dot, fused, largest, memory, sum, vectorised, with_numbers};

#[cfg(test)]
mod testing {
    use candle_core::{Device, Result, Tensor, Var};

    /// Two ways of computing the same thing in single precision.
    pub(crate) const ROUNDING: f32 = 2e-5;

    /// Numbers between −2 and 2 without pattern, the same every time.
    pub(crate) fn sample(shape: impl Into<candle_core::Shape>, seed: u32) -> Var {
        let shape = shape.into();
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
        let values: Vec<f32> = (0..shape.elem_count())
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1 << 22) as f32 - 2.0
            })
            .collect();
        let tensor = Tensor::from_vec(values, shape, &Device::Cpu).expect("as many values as the shape has");
        Var::from_tensor(&tensor).expect("a copy of a tensor")
    }

    pub(crate) fn largest_difference(a: &Tensor, b: &Tensor) -> f32 {
        let difference = (a - b).and_then(|d| d.abs()).and_then(|d| d.flatten_all()?.max(0)).expect("equal shapes");
        difference.to_scalar().expect("a single number")
    }

    /// Values and all gradients of two functions of `inputs` agree, for a loss that weighs every output differently.
    pub(crate) fn agree(inputs: &[&Var], one: impl Fn() -> Result<Tensor>, other: impl Fn() -> Result<Tensor>) {
        let (a, b) = (one().expect("fused"), other().expect("plain"));
        assert!(largest_difference(&a, &b) < ROUNDING, "values differ by {}", largest_difference(&a, &b));
        let weights = sample(a.shape().clone(), 99);
        let gradients = |t: &Tensor| (t * weights.as_tensor()).and_then(|t| t.sum_all()?.backward()).expect("backward");
        let (ga, gb) = (gradients(&a), gradients(&b));
        for (index, input) in inputs.iter().enumerate() {
            let (x, y) = (ga.get(input).expect("a gradient"), gb.get(input).expect("a gradient"));
            let difference = largest_difference(x, y);
            assert!(difference < 20.0 * ROUNDING, "gradient {index} differs by {difference}");
        }
    }
}
