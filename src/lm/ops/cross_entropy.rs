//! The negative logarithm of a softmax: ℓ = ln Σ e^(zⱼ) − z_t for every row of logits z with the target t.
//!
//! The gradient of ℓ is softmax(z) − e_t. The forward pass keeps one number per row: ln Σ e^(zⱼ) is ℓ + z_t, so the
//! backward pass needs neither probabilities nor a second sum.

use std::sync::Arc;

use candle_core::{CpuStorage, CustomOp1, D, Layout, Result, Shape, Tensor, bail};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::math::exp;
use super::tape::{record, recording};
use super::vectors::{Fill, filled, fused, largest, numbers, vectorised, with_numbers};

/// ℓ of every row of `logits`, of shape (rows, vocabulary); `targets` has a token per row.
pub(in crate::lm) fn cross_entropy(logits: &Tensor, targets: &[u32]) -> Result<Tensor> {
    let (rows, vocab) = logits.dims2()?;
    if targets.len() != rows || targets.iter().any(|&target| target as usize >= vocab) {
        bail!("{} targets do not fit logits of shape ({rows}, {vocab})", targets.len());
    }
    if !fused(logits) {
        return plain(logits, targets);
    }
    let (logits, op) = (logits.contiguous()?, CrossEntropy { targets: targets.into() });
    if !recording(&[&logits]) {
        return logits.apply_op1(op);
    }
    let losses = with_numbers(&logits, |logits| Ok(op.losses(logits, vocab)))?;
    let kept = losses.clone();
    record(losses, rows, move |grad, sums| {
        let out = with_numbers(&logits, |values| {
            let work = Gradient { logits: values, losses: &kept, grad: &grad, targets: &op.targets, vocab };
            Ok(filled(values.len(), vocab, &work))
        })?;
        sums.list(&logits, out)
    })
}

fn plain(logits: &Tensor, targets: &[u32]) -> Result<Tensor> {
    let targets = Tensor::from_slice(targets, (targets.len(), 1), logits.device())?;
    let shifted = logits.broadcast_sub(&logits.detach().max_keepdim(D::Minus1)?)?;
    let total = shifted.exp()?.sum_keepdim(D::Minus1)?.log()?;
    (total - shifted.gather(&targets, D::Minus1)?)?.squeeze(D::Minus1)
}

struct CrossEntropy {
    targets: Arc<[u32]>,
}

impl CrossEntropy {
    fn losses(&self, logits: &[f32], vocab: usize) -> Vec<f32> {
        let rows = logits.par_chunks_exact(vocab).zip(self.targets.par_iter());
        // A logit that is not a number must not vanish in a comparison.
        rows.map(|(logits, &target)| vectorised(LogSum(logits)) - logits[target as usize]).collect()
    }
}

/// ln Σ eᶻ.
struct LogSum<'a>(&'a [f32]);

impl WithSimd for LogSum<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let most = largest(simd, self.0);
        // Independent sums let the loop become vector instructions without reordering additions.
        let mut sums = [0f32; 16];
        let (wide, rest) = self.0.as_chunks::<16>();
        for logits in wide {
            for (sum, logit) in sums.iter_mut().zip(logits) {
                *sum += exp(logit - most);
            }
        }
        let rest: f32 = rest.iter().map(|logit| exp(logit - most)).sum();
        most + (sums.iter().map(|&sum| f64::from(sum)).sum::<f64>() + f64::from(rest)).ln() as f32
    }
}

impl CustomOp1 for CrossEntropy {
    fn name(&self) -> &'static str {
        "cross-entropy"
    }

    fn cpu_fwd(&self, logits: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (rows, vocab) = layout.shape().dims2()?;
        Ok((CpuStorage::F32(self.losses(numbers(logits, layout)?, vocab)), Shape::from(rows)))
    }

    fn bwd(&self, logits: &Tensor, losses: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let vocab = logits.dim(1)?;
        let out = with_numbers(logits, |values| {
            with_numbers(losses, |losses| {
                with_numbers(grad, |grad| {
                    let work = Gradient { logits: values, losses, grad, targets: &self.targets, vocab };
                    Ok(filled(values.len(), vocab, &work))
                })
            })
        })?;
        Tensor::from_vec(out, logits.shape(), logits.device()).map(Some)
    }
}

struct Gradient<'a> {
    logits: &'a [f32],
    losses: &'a [f32],
    grad: &'a [f32],
    targets: &'a [u32],
    vocab: usize,
}

impl Fill for Gradient<'_> {
    #[inline(always)]
    fn fill<S: Simd>(&self, _simd: S, start: usize, out: &mut [f32]) {
        let first = start / self.vocab;
        let inputs = self.logits[start..].chunks_exact(self.vocab);
        for (row, (out, logits)) in (first..).zip(out.chunks_exact_mut(self.vocab).zip(inputs)) {
            let (target, grad) = (self.targets[row] as usize, self.grad[row]);
            let total = self.losses[row] + logits[target];
            for (out, logit) in out.iter_mut().zip(logits) {
                *out = exp(logit - total) * grad;
            }
            out[target] -= grad;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{agree, sample};
    use super::*;

    #[test]
    fn fused_and_plain_cross_entropies_agree_in_values_and_gradients() {
        for vocab in [5, 16, 333] {
            let logits = sample((7, vocab), 3);
            let targets: Vec<u32> = (0..7).map(|row| row * 31 % vocab as u32).collect();
            agree(&[&logits], || cross_entropy(&logits, &targets), || plain(&logits, &targets));
        }
    }

    #[test]
    fn targets_beyond_the_vocabulary_are_refused() {
        assert!(cross_entropy(&sample((2, 5), 3), &[0, 5]).is_err());
        assert!(cross_entropy(&sample((2, 5), 3), &[0]).is_err());
    }
}
