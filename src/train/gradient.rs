//! Loss and gradients of some sequences, layer by layer.
//!
//! Every layer is a graph of its own: its input is a variable, and on the way back the gradient of that variable is what
//! the layer before it receives. So activations are freed as soon as their layer is done, and *recomputing* (Chen et al.
//! 2016, arXiv 1604.06174) differs only in building the graph of a layer on the way back instead of on the way forth;
//! the operations and their order are the same, and so is every bit.
//!
//! Only rows before a learned token reach the vocabulary, in blocks: the logits of a block are gone before those of the
//! next exist.

use candle_core::backprop::GradStore;
use candle_core::{DType, Tensor, Var};
use rayon::prelude::*;

use super::sequence::Sequence;
use crate::error::Result;
use crate::lm::{Decoder, Pass, continued};

/// Logits that exist at a time.
const LOGITS: usize = 8 << 20;

/// The gradient of every parameter, by its place.
#[derive(Debug)]
pub(super) struct Gradients {
    tensors: Vec<Option<Tensor>>,
}

impl Gradients {
    pub fn none(parameters: usize) -> Self {
        Self { tensors: (0..parameters).map(|_| None).collect() }
    }

    pub fn get(&self, place: usize) -> Option<&Tensor> {
        self.tensors.get(place).and_then(Option::as_ref)
    }

    /// √Σ g² over all parameters.
    pub fn norm(&self) -> Result<f64> {
        let mut total = 0.0;
        for gradient in self.tensors.iter().flatten() {
            total += squares(gradient)?;
        }
        Ok(total.sqrt())
    }

    /// Adds the gradients of `variables` in `store`; sums are in single precision.
    fn absorb(&mut self, variables: &[Var], store: &mut GradStore) -> Result<()> {
        for (held, variable) in self.tensors.iter_mut().zip(variables) {
            let Some(gradient) = store.remove(variable.as_tensor()) else { continue };
            let gradient = gradient.to_dtype(DType::F32)?;
            *held = Some(match held.take() {
                None => gradient,
                Some(sum) => (sum + gradient)?,
            });
        }
        Ok(())
    }
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
    pub variables: &'a [Var],
    pub recompute: bool,
    /// What each learned token's loss is multiplied by.
    pub share: f64,
}

impl Backward<'_> {
    /// Adds the gradients of the loss of `sequences` to `into`; returns the sum of the losses, in nats, not multiplied.
    pub fn run(&self, sequences: &[&Sequence], into: &mut Gradients) -> Result<f64> {
        let (mut rows, mut targets, mut start) = (Vec::new(), Vec::new(), 0);
        for sequence in sequences {
            for place in sequence.from.max(1)..sequence.tokens.len() {
                rows.push((start + place - 1) as u32);
                targets.push(sequence.tokens[place]);
            }
            // The last token is only ever a target.
            start += sequence.tokens.len() - 1;
        }
        let read: Vec<&[u32]> = sequences.iter().map(|s| &s.tokens[..s.tokens.len() - 1]).collect();
        let mut pass = self.decoder.start(&read)?;
        let first = pass.stream.clone();
        let mut layers = Vec::new();
        for layer in 0..self.decoder.config().layers {
            let input = Var::from_tensor(&pass.stream.detach())?;
            pass.stream = input.as_tensor().clone();
            pass = self.decoder.layer(layer, pass)?;
            let output = (!self.recompute).then(|| pass.stream.clone());
            pass.stream = pass.stream.detach();
            layers.push((input, output));
        }
        let input = Var::from_tensor(&pass.stream)?;
        pass.stream = input.as_tensor().clone();
        let (hidden, mut pass) = self.finish(pass)?;
        let rows = Tensor::from_vec(rows, targets.len(), self.decoder.device())?;
        let learned = hidden.index_select(&rows, 0)?;
        let (loss, gradient) = self.head(&learned.detach(), &targets, into)?;
        let mut store = continued(&learned, gradient)?.backward()?;
        drop((hidden, learned));
        let mut upstream = self.taken(&mut store, &input, into)?;
        for (number, (input, output)) in layers.into_iter().enumerate().rev() {
            let output = match output {
                Some(output) => output,
                None => {
                    pass.stream = input.as_tensor().clone();
                    pass = self.decoder.layer(number, pass)?;
                    std::mem::replace(&mut pass.stream, input.as_detached_tensor())
                }
            };
            let mut store = continued(&output, upstream)?.backward()?;
            drop(output);
            upstream = self.taken(&mut store, &input, into)?;
        }
        if first.track_op() {
            into.absorb(self.variables, &mut continued(&first, upstream)?.backward()?)?;
        }
        Ok(loss)
    }

    /// The last norm. The pass is given back for its places.
    fn finish(&self, pass: Pass) -> Result<(Tensor, Pass)> {
        let mut again = pass.clone();
        again.stream = pass.stream.detach();
        Ok((self.decoder.finish(pass)?, again))
    }

    /// Loss of rows and its gradient with respect to them.
    fn head(&self, rows: &Tensor, targets: &[u32], into: &mut Gradients) -> Result<(f64, Tensor)> {
        let at_once = (LOGITS / self.decoder.config().vocab_size).max(1);
        let mut loss = 0.0;
        let mut gradients = Vec::new();
        for (number, targets) in targets.chunks(at_once).enumerate() {
            let block = Var::from_tensor(&rows.narrow(0, number * at_once, targets.len())?.contiguous()?)?;
            let losses = self.decoder.losses(block.as_tensor(), targets)?;
            loss += losses.to_vec1::<f32>()?.into_iter().map(f64::from).sum::<f64>();
            let shares = (losses.ones_like()?.detach() * self.share)?;
            let mut store = continued(&losses, shares)?.backward()?;
            gradients.push(self.taken(&mut store, &block, into)?);
        }
        Ok((loss, if gradients.len() == 1 { gradients.remove(0) } else { Tensor::cat(&gradients, 0)? }))
    }

    /// The gradient of a part's input; those of parameters go into the sums.
    fn taken(&self, store: &mut GradStore, input: &Var, into: &mut Gradients) -> Result<Tensor> {
        into.absorb(self.variables, store)?;
        // A decoder without adapters or variables before some layer passes no gradient through it.
        store.remove(input.as_tensor()).map_or_else(|| Ok(input.as_tensor().zeros_like()?.detach()), Ok)
    }
}
