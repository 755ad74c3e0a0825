//! From scores to attention weights in one step: scale, cap, bias, mask, softmax.
//!
//! Row r of head h belongs to query i; its weight for key j is the softmax over visible j of
//! s(qᵢ·kⱼ·scale) + slopeₕ·(j − i), where s is the identity or cap·tanh(·/cap), and j is visible if i − window < j ≤ i.
//! Invisible keys get the weight 0. With weights p and their gradient g, the gradient of the scores is
//! p·(g − Σ p·g)·s'·scale.

use std::sync::Arc;

use candle_core::{CpuStorage, CustomOp1, D, DType, Layout, Result, Shape, Tensor};
use pulp::Simd;

use super::math::{exp, tanh};
use super::vectors::{Fill, done, dot, filled, fused, largest, numbers, sum, with_numbers};
use crate::lm::position::Alibi;

/// Where a block of scores lies and how it becomes weights.
#[derive(Debug, Clone)]
pub(in crate::lm) struct Scores {
    pub scale: f32,
    pub softcap: Option<f32>,
    pub window: Option<usize>,
    /// Slopes of all query heads.
    pub alibi: Option<(Alibi, Arc<Vec<f32>>)>,
    /// Key heads: matrix m of the block belongs to key head m mod `kv_heads`.
    pub kv_heads: usize,
    /// Queries per head; row r of a matrix is query r mod `queries` of the (r / `queries`)th head of its group.
    pub queries: usize,
    /// Position of the first query.
    pub first_query: usize,
    /// Position of the first key.
    pub first_key: usize,
}

/// Weights of `scores`, of shape (sequences × key heads, heads per key head × queries, keys).
pub(in crate::lm) fn softmax(scores: &Tensor, place: &Scores) -> Result<Tensor> {
    if fused(scores) { scores.contiguous()?.apply_op1(place.clone()) } else { place.plain(scores) }
}

impl Scores {
    /// Head, and the visible keys as a range of columns, of row `row` of all matrices one below the other.
    #[inline(always)]
    fn place(&self, row: usize, rows: usize, keys: usize) -> (usize, usize, std::ops::Range<usize>) {
        let (matrix, row) = (row / rows, row % rows);
        let head = matrix % self.kv_heads * (rows / self.queries) + row / self.queries;
        let query = self.first_query + row % self.queries;
        let end = (query + 1).saturating_sub(self.first_key).min(keys);
        let start = self.window.map_or(0, |window| (query + 1).saturating_sub(window + self.first_key)).min(end);
        (head, query, start..end)
    }

    /// What is added to a score of `head`.
    #[inline(always)]
    pub(in crate::lm) fn bias(&self, head: usize, query: usize, column: usize) -> f32 {
        self.alibi.as_ref().map_or(0.0, |(alibi, slopes)| {
            let bias = alibi.bias(slopes[head], query, self.first_key + column);
            if alibi.falcon { bias * self.scale } else { bias }
        })
    }

    fn plain(&self, scores: &Tensor) -> Result<Tensor> {
        let (matrices, rows, keys) = scores.dims3()?;
        let (dtype, device) = (scores.dtype(), scores.device());
        let mut mask = vec![f32::NEG_INFINITY; self.kv_heads * rows * keys];
        for (row, mask) in mask.chunks_exact_mut(keys).enumerate() {
            let (head, query, visible) = self.place(row, rows, keys);
            for column in visible {
                mask[column] = self.bias(head, query, column);
            }
        }
        let mask = Tensor::from_vec(mask, (1, self.kv_heads, rows, keys), device)?;
        let scaled = (scores.to_dtype(DType::F32)? * f64::from(self.scale))?;
        let capped = match self.softcap.map(f64::from) {
            Some(cap) => ((scaled / cap)?.tanh()? * cap)?,
            None => scaled,
        };
        let biased = capped.reshape((matrices / self.kv_heads, self.kv_heads, rows, keys))?.broadcast_add(&mask)?;
        // The largest value of a row only keeps exponentials in range: no gradient passes through it.
        let largest = biased.detach().max_keepdim(D::Minus1)?;
        let powers = biased.broadcast_sub(&largest)?.exp()?;
        let weights = powers.broadcast_div(&powers.sum_keepdim(D::Minus1)?)?;
        weights.reshape((matrices, rows, keys))?.to_dtype(dtype)
    }
}

/// The weights of every row.
struct Weights<'a> {
    place: &'a Scores,
    scores: &'a [f32],
    rows: usize,
    keys: usize,
}

impl Fill for Weights<'_> {
    #[inline(always)]
    fn fill<S: Simd>(&self, simd: S, start: usize, out: &mut [f32]) {
        let inputs = self.scores[start..].chunks_exact(self.keys);
        for (index, (out, scores)) in out.chunks_exact_mut(self.keys).zip(inputs).enumerate() {
            let (head, query, visible) = self.place.place(start / self.keys + index, self.rows, self.keys);
            let (out, scores) = (&mut out[visible.clone()], &scores[visible.clone()]);
            for (out, &score) in out.iter_mut().zip(scores) {
                *out = score * self.place.scale;
            }
            if let Some(cap) = self.place.softcap {
                for out in out.iter_mut() {
                    *out = cap * tanh(*out / cap);
                }
            }
            if self.place.alibi.is_some() {
                for (out, column) in out.iter_mut().zip(visible) {
                    *out += self.place.bias(head, query, column);
                }
            }
            let most = largest(simd, out);
            for out in out.iter_mut() {
                *out = exp(*out - most);
            }
            let share = sum(simd, out).recip();
            for out in out.iter_mut() {
                *out *= share;
            }
        }
    }
}

/// The gradient of the scores.
struct ScoreGradient<'a> {
    of: Weights<'a>,
    weights: &'a [f32],
    grad: &'a [f32],
}

impl Fill for ScoreGradient<'_> {
    #[inline(always)]
    fn fill<S: Simd>(&self, simd: S, start: usize, out: &mut [f32]) {
        let Weights { place, scores, rows, keys } = self.of;
        for (index, out) in out.chunks_exact_mut(keys).enumerate() {
            let at = start + index * keys;
            let (_, _, visible) = place.place(start / keys + index, rows, keys);
            let out = &mut out[visible.clone()];
            let weights = &self.weights[at..][visible.clone()];
            let grad = &self.grad[at..][visible.clone()];
            let mean = dot(simd, weights, grad);
            for (out, (weight, grad)) in out.iter_mut().zip(weights.iter().zip(grad)) {
                *out = weight * (grad - mean) * place.scale;
            }
            if let Some(cap) = place.softcap {
                for (out, score) in out.iter_mut().zip(&scores[at..][visible]) {
                    let t = tanh(score * place.scale / cap);
                    *out *= 1.0 - t * t;
                }
            }
        }
    }
}

impl CustomOp1 for Scores {
    fn name(&self) -> &'static str {
        "attention-weights"
    }

    fn cpu_fwd(&self, scores: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (_, rows, keys) = layout.shape().dims3()?;
        let scores = numbers(scores, layout)?;
        done(filled(scores.len(), keys, &Weights { place: self, scores, rows, keys }), layout.shape())
    }

    fn bwd(&self, scores: &Tensor, weights: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let (_, rows, keys) = scores.dims3()?;
        let out = with_numbers(scores, |scores| {
            with_numbers(weights, |weights| {
                with_numbers(grad, |grad| {
                    let of = Weights { place: self, scores, rows, keys };
                    Ok(filled(scores.len(), keys, &ScoreGradient { of, weights, grad }))
                })
            })
        })?;
        Tensor::from_vec(out, scores.shape(), scores.device()).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{agree, largest_difference, sample};
    use super::*;

    fn places() -> Vec<Scores> {
        let plain = Scores {
            scale: 0.35,
            softcap: None,
            window: None,
            alibi: None,
            kv_heads: 2,
            queries: 5,
            first_query: 6,
            first_key: 2,
        };
        let slopes = |alibi: Alibi| Some((alibi, Arc::new(alibi.slopes(6))));
        vec![
            plain.clone(),
            Scores { softcap: Some(0.9), ..plain.clone() },
            Scores { window: Some(3), ..plain.clone() },
            Scores { alibi: slopes(Alibi { falcon: false }), ..plain.clone() },
            Scores { alibi: slopes(Alibi { falcon: true }), window: Some(4), softcap: Some(2.0), ..plain },
        ]
    }

    #[test]
    fn fused_and_plain_attention_weights_agree_in_values_and_gradients() {
        for place in places() {
            // Two sequences of two key heads, three query heads each; keys at positions 2 to 10.
            let scores = sample((4, 15, 9), 8);
            agree(&[&scores], || softmax(&scores, &place), || place.plain(&scores));
        }
    }

    #[test]
    fn weights_of_a_row_sum_to_one_and_invisible_keys_have_none() -> Result<()> {
        let scores = sample((4, 15, 9), 8);
        for place in places() {
            let weights = softmax(&scores, &place)?;
            let ones = weights.sum(2)?;
            assert!(largest_difference(&ones, &ones.ones_like()?) < super::super::testing::ROUNDING);
            // The first query is at position 6: keys at 7 and later, columns 5 and on, are in its future.
            assert_eq!(weights.get(0)?.get(0)?.to_vec1::<f32>()?[5..], [0.0; 4]);
        }
        Ok(())
    }
}
