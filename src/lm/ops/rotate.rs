//! Rotary positions: the pair (a, b) of every head becomes (a·cos − b·sin, b·cos + a·sin).
//!
//! A rotation is undone by the opposite angle, and its gradient is that: the backward pass is the same operation with
//! the sines negated.

use std::sync::Arc;

use candle_core::{CpuStorage, CustomOp1, D, Layout, Result, Shape, Tensor};
use pulp::Simd;

use super::tape::{record, recording};
use super::vectors::{Fill, done, filled, fused, numbers, with_numbers};
use crate::lm::position::Rotation;

/// Turns `x`, of shape (tokens, heads, width), by the angle of each token.
pub(in crate::lm) fn rotate(x: &Tensor, rotation: &Arc<Rotation>) -> Result<Tensor> {
    if !fused(x) {
        return plain(x, rotation);
    }
    let (x, turn) = (x.contiguous()?, Turn { rotation: Arc::clone(rotation), direction: 1.0 });
    if !recording(&[&x]) {
        return x.apply_op1(turn);
    }
    let y = with_numbers(&x, |numbers| turn.apply(numbers, x.shape()))?;
    record(y, x.shape().clone(), move |grad, sums| sums.list(&x, turn.back().apply(&grad, x.shape())?))
}

fn plain(x: &Tensor, rotation: &Rotation) -> Result<Tensor> {
    let (tokens, heads, width) = x.dims3()?;
    let (pairs, dims) = (rotation.pairs, 2 * rotation.pairs);
    let angles = |values: &[f32]| Tensor::from_slice(values, (tokens, 1, pairs), x.device())?.to_dtype(x.dtype());
    let (cos, sin) = (angles(&rotation.cos)?, angles(&rotation.sin)?);
    let turned = x.narrow(D::Minus1, 0, dims)?;
    let (a, b) = if rotation.interleaved {
        let halves = turned.reshape((tokens, heads, pairs, 2))?;
        (halves.narrow(D::Minus1, 0, 1)?.squeeze(D::Minus1)?, halves.narrow(D::Minus1, 1, 1)?.squeeze(D::Minus1)?)
    } else {
        (turned.narrow(D::Minus1, 0, pairs)?, turned.narrow(D::Minus1, pairs, pairs)?)
    };
    let first = (a.broadcast_mul(&cos)? - b.broadcast_mul(&sin)?)?;
    let second = (b.broadcast_mul(&cos)? + a.broadcast_mul(&sin)?)?;
    let turned = if rotation.interleaved {
        Tensor::stack(&[first, second], D::Minus1)?.reshape((tokens, heads, dims))?
    } else {
        Tensor::cat(&[first, second], D::Minus1)?
    };
    if dims == width { Ok(turned) } else { Tensor::cat(&[turned, x.narrow(D::Minus1, dims, width - dims)?], D::Minus1) }
}

struct Turn {
    rotation: Arc<Rotation>,
    /// 1, or −1 to turn back.
    direction: f32,
}

impl Turn {
    fn back(&self) -> Self {
        Self { rotation: Arc::clone(&self.rotation), direction: -self.direction }
    }

    fn apply(&self, x: &[f32], shape: &Shape) -> Result<Vec<f32>> {
        let (_, heads, width) = shape.dims3()?;
        let turned = Turned { rotation: &self.rotation, direction: self.direction, x, heads, width };
        Ok(filled(x.len(), heads * width, &turned))
    }
}

/// Every head of every token, turned.
struct Turned<'a> {
    rotation: &'a Rotation,
    direction: f32,
    x: &'a [f32],
    heads: usize,
    width: usize,
}

impl Fill for Turned<'_> {
    #[inline(always)]
    fn fill<S: Simd>(&self, _simd: S, start: usize, out: &mut [f32]) {
        let pairs = self.rotation.pairs;
        let inputs = self.x[start..].chunks_exact(self.width);
        for (index, (x, out)) in inputs.zip(out.chunks_exact_mut(self.width)).enumerate() {
            let token = (start / self.width + index) / self.heads;
            let cos = &self.rotation.cos[token * pairs..][..pairs];
            let sin = &self.rotation.sin[token * pairs..][..pairs];
            let (x_turned, x_kept) = x.split_at(2 * pairs);
            let (out_turned, out_kept) = out.split_at_mut(2 * pairs);
            out_kept.copy_from_slice(x_kept);
            if self.rotation.interleaved {
                let angles = cos.iter().zip(sin);
                for ((out, x), (cos, sin)) in out_turned.chunks_exact_mut(2).zip(x_turned.chunks_exact(2)).zip(angles) {
                    let sin = sin * self.direction;
                    (out[0], out[1]) = (x[0] * cos - x[1] * sin, x[1] * cos + x[0] * sin);
                }
            } else {
                let (left, right) = x_turned.split_at(pairs);
                let (out_left, out_right) = out_turned.split_at_mut(pairs);
                for i in 0..pairs {
                    let sin = sin[i] * self.direction;
                    out_left[i] = left[i] * cos[i] - right[i] * sin;
                    out_right[i] = right[i] * cos[i] + left[i] * sin;
                }
            }
        }
    }
}

impl CustomOp1 for Turn {
    fn name(&self) -> &'static str {
        "rotate"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        done(self.apply(numbers(x, layout)?, layout.shape())?, layout.shape())
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let turned = with_numbers(grad, |grad| self.back().apply(grad, x.shape()))?;
        Tensor::from_vec(turned, x.shape(), x.device()).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{agree, sample};
    use super::*;
    use crate::lm::position::{Rope, Scaling};

    #[test]
    fn fused_and_plain_rotations_agree_in_values_and_gradients() {
        for (dims, interleaved) in [(16, false), (4, false), (16, true), (6, true)] {
            let rope = Rope { theta: 10_000.0, dims, interleaved, scaling: Scaling::None };
            let rotation = Arc::new(rope.rotation((0..7).map(|position| (position, 7))));
            let x = sample((7, 3, 16), 4);
            agree(&[&x], || rotate(&x, &rotation), || plain(&x, &rotation));
        }
    }
}
