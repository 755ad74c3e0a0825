//! Loss and gradients of some sequences, layer by layer.
//!
//! A pass is cut into parts of whole sequences, as many as the size of the model says and never as the number of cores
//! does; cores take the parts, and their gradients are added in the order of the parts. So a small model's operations,
//! too short to be shared among cores, still keep all of them busy, and the sums are the same on any machine.
//!
//! Every layer has a tape of its own ([`Tape`]). On the way back the gradient of a layer's input is what the layer before
//! it receives, and activations are freed as soon as their layer is done. *Recomputing* (Chen et al. 2016, arXiv
//! 1604.06174) differs only in recording a layer on the way back instead of on the way forth; the operations and their
//! order are the same, and so is every bit.
//!
//! Only rows before a learned token reach the vocabulary, in blocks: the logits of a block are gone before those of the
//! next exist.

use candle_core::{Tensor, Var};
use rayon::prelude::*;

use super::sequence::Sequence;
use crate::error::Result;
use crate::lm::{Decoder, Pass, Sum, Sums, Tape};

/// Logits that exist at a time.
const LOGITS: usize = 8 << 20;

/// Most numbers in the gradients of all parts of a pass together, where it has more than one.
const GRADIENTS: usize = 32 << 20;

/// Most parts of a pass, and tokens that a part has at least.
const PARTS: usize = 8;
const PART_TOKENS: usize = 128;

/// √Σ g² over all parameters.
pub(super) fn norm(gradients: &[Tensor]) -> Result<f64> {
    let squares = gradients.iter().map(squares).collect::<Result<Vec<_>>>()?;
    Ok(squares.iter().sum::<f64>().sqrt())
}

/// Σ g², in pieces of fixed size that are added in order.
fn squares(gradient: &Tensor) -> Result<f64> {
    if !gradient.device().is_cpu() {
        return Ok(f64::from(gradient.sqr()?.sum_all()?.to_scalar::<f32>()?));
    }
    let gradient = gradient.contiguous()?;
    let (storage, layout) = gradient.storage_and_layout();
    let (candle_core::Storage::Cpu(numbers), Some((start, end))) = (&*storage, layout.contiguous_offsets()) else {
        return Ok(f64::from(gradient.sqr()?.sum_all()?.to_scalar::<f32>()?));
    };
    let piece = |piece: &[f32]| -> f64 {
        let mut sums = [0f32; 16];
        let (wide, rest) = piece.as_chunks::<16>();
        for numbers in wide {
            for (sum, number) in sums.iter_mut().zip(numbers) {
                *sum += number * number;
            }
        }
        sums.iter().chain(&rest.iter().map(|x| x * x).collect::<Vec<_>>()).map(|&sum| f64::from(sum)).sum()
    };
    let sums: Vec<f64> = numbers.as_slice::<f32>()?[start..end].par_chunks(4096).map(piece).collect();
    Ok(sums.iter().sum())
}

/// What is differentiated, and how.
pub(super) struct Backward<'a> {
    pub decoder: &'a Decoder,
    /// Numbers that are trained.
    pub trainable: usize,
    pub recompute: bool,
    /// What each learned token's loss is multiplied by.
    pub share: f64,
}

impl Backward<'_> {
    /// Adds the gradients of the loss of `sequences` to `into`; returns the sum of the losses, in nats, not multiplied.
    pub(crate) fn run(&self, sequences: &[&Sequence], into: &mut Sums) -> Result<f64> {
        let done: Vec<(f64, Sums)> =
            parts(sequences, self.trainable).into_par_iter().map(|part| self.part(part)).collect::<Result<_>>()?;
        let mut total = 0.0;
        for (loss, sums) in done {
            total += loss;
            into.merge(sums)?;
        }
        Ok(total)
    }

    fn part(&self, sequences: &[&Sequence]) -> Result<(f64, Sums)> {
        let (mut rows, mut targets, mut start) = (Vec::new(), Vec::new(), 0);
        for sequence in sequences {
            for place in sequence.from.max(1)..sequence.tokens.len() {
                rows.push((start + place - 1) as u32);
                targets.push(sequence.tokens[place]);
            }
            // The last token is only ever a target.
            start += sequence.tokens.len() - 1;
        }
        let mut sums = Sums::default();
        if targets.is_empty() {
            return Ok((0.0, sums));
        }
        let read: Vec<&[u32]> = sequences.iter().map(|s| &s.tokens[..s.tokens.len() - 1]).collect();
        let (mut pass, entry) = Tape::record(|| self.decoder.start(&read))?;
        let entered = pass.stream.clone();
        let mut layers = Vec::new();
        for layer in 0..self.decoder.config().layers {
            let (input, output, tape) = self.layer(layer, &mut pass)?;
            layers.push((input, (!self.recompute).then_some((output, tape))));
        }
        pass.stream = alone(&pass.stream)?;
        let mut upstream = pass.stream.clone();
        let again = pass.clone();
        let (learned, tape) = Tape::record(|| self.decoder.finish_rows(pass, rows))?;
        let (loss, gradient) = self.head(&learned, &targets, &mut sums)?;
        if let Some(gradient) = gradient {
            tape.back(&learned, gradient, &mut sums)?;
        }
        drop(learned);
        let mut pass = again;
        for (number, (input, kept)) in layers.into_iter().enumerate().rev() {
            // Nothing below a tensor without gradient is trained.
            let Some(gradient) = sums.take(&upstream) else { return Ok((loss, sums)) };
            let (output, tape) = match kept {
                Some(kept) => kept,
                None => {
                    pass.stream = input.clone();
                    let (_, output, tape) = self.layer(number, &mut pass)?;
                    (output, tape)
                }
            };
            tape.back(&output, gradient, &mut sums)?;
            upstream = input;
        }
        if let Some(gradient) = sums.take(&upstream) {
            entry.back(&entered, gradient, &mut sums)?;
        }
        Ok((loss, sums))
    }

    /// Takes `pass` through a layer: what went in, what came out, and the tape between the two.
    fn layer(&self, layer: usize, pass: &mut Pass) -> Result<(Tensor, Tensor, Tape)> {
        let input = alone(&pass.stream)?;
        pass.stream = input.clone();
        let (done, tape) = Tape::record(|| self.decoder.layer(layer, pass.clone()))?;
        *pass = done;
        Ok((input, pass.stream.clone(), tape))
    }

    /// Loss of rows, and its gradient with respect to them if they have one.
    fn head(&self, rows: &Tensor, targets: &[u32], sums: &mut Sums) -> Result<(f64, Option<Sum>)> {
        let at_once = (LOGITS / self.decoder.config().vocab_size).max(1);
        let mut loss = 0.0;
        let mut gradients = Vec::new();
        for (number, targets) in targets.chunks(at_once).enumerate() {
            let block = alone(&rows.narrow(0, number * at_once, targets.len())?)?;
            let (losses, tape) = Tape::record(|| self.decoder.losses(&block, targets))?;
            loss += losses.to_vec1::<f32>()?.into_iter().map(f64::from).sum::<f64>();
            tape.back(&losses, Sum::of(&(losses.detach().ones_like()? * self.share)?)?, sums)?;
            gradients.extend(sums.take(&block));
        }
        Ok((loss, Sum::joined(gradients)?))
    }
}

/// A tensor with whose gradient a part of the network ends: the tensor itself where it is a variable, or has no gradient.
fn alone(tensor: &Tensor) -> Result<Tensor> {
    if tensor.is_variable() || !tensor.track_op() {
        return Ok(tensor.clone());
    }
    Ok(Var::from_tensor(&tensor.detach().contiguous()?)?.into_inner())
}

/// Cuts the sequences of a pass into parts of about as many tokens each.
fn parts<'a, 'b>(sequences: &'a [&'b Sequence], trainable: usize) -> Vec<&'a [&'b Sequence]> {
    let tokens: usize = sequences.iter().map(|sequence| sequence.tokens.len()).sum();
    let most = (GRADIENTS / trainable.max(1)).min(PARTS).min(tokens / PART_TOKENS).max(1);
    // Two cores, or four, have equal shares of a power of two.
    let count = 1 << most.ilog2();
    let (mut parts, mut start, mut before) = (Vec::new(), 0, 0);
    for (place, sequence) in sequences.iter().enumerate() {
        before += sequence.tokens.len();
        if before * count >= tokens * (parts.len() + 1) {
            parts.push(&sequences[start..=place]);
            start = place + 1;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_hold_every_sequence_once_and_about_equal_numbers_of_tokens() {
        let sequences: Vec<Sequence> = [3, 90, 500, 40, 41, 300, 7, 7, 2].map(|n| Sequence::packed(vec![1; n])).into();
        let pass: Vec<&Sequence> = sequences.iter().collect();
        for trainable in [1, 1000, 5 << 20, 20 << 20, usize::MAX] {
            let parts = parts(&pass, trainable);
            assert_eq!(parts.concat(), pass, "{trainable}");
            assert!(parts.iter().all(|part| !part.is_empty()) && parts.len() <= PARTS);
        }
        assert_eq!(parts(&pass, usize::MAX).len(), 1);
        let tokens = |part: &[&Sequence]| part.iter().map(|sequence| sequence.tokens.len()).sum::<usize>();
        assert_eq!(parts(&pass, 16 << 20).iter().map(|part| tokens(part)).collect::<Vec<_>>(), [593, 397]);
    }
}
