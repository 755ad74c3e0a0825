//! AdamW with decoupled weight decay (Loshchilov and Hutter 2019, arXiv 1711.05101), step for step as torch does it.
//!
//! With gradient g, rate η and step t (from 1): w ← w·(1 − η·λ); m ← β₁·m + (1 − β₁)·g; v ← β₂·v + (1 − β₂)·g²;
//! w ← w − η/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + ε). Moments are held in single precision whatever the dtype of the weights;
//! weights of fewer bits have a copy in single precision too, since small steps would vanish in their rounding.

use std::sync::Mutex;

use candle_core::{CpuStorage, DType, InplaceOp2, Layout, Tensor, Var, bail};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The optimiser's constants.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AdamW {
    /// β₁: how much of the mean of gradients is kept at each step.
    pub beta1: f64,
    /// β₂: the same of the mean of their squares.
    pub beta2: f64,
    /// ε: keeps the division in range.
    pub eps: f64,
    /// λ: how much of a weight decays, per unit of the learning rate.
    pub decay: f64,
    /// Whether biases and the weights of norms decay as well.
    pub decay_vectors: bool,
}

impl Default for AdamW {
    /// The published constants.
    fn default() -> Self {
        Self { beta1: 0.9, beta2: 0.95, eps: 1e-8, decay: 0.1, decay_vectors: true }
    }
}

/// What the optimiser remembers of one parameter.
#[derive(Debug)]
pub(super) enum Moments {
    /// On the CPU in single precision, where a step is one pass over memory.
    Lists { first: Vec<f32>, second: Vec<f32> },
    /// Elsewhere.
    Tensors { weight: Tensor, first: Tensor, second: Tensor },
}

/// One step of all parameters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Update {
    pub optimiser: AdamW,
    pub rate: f64,
    /// From 1.
    pub step: usize,
    /// What gradients are multiplied by first.
    pub scale: f64,
}

impl AdamW {
    pub(super) fn check(&self) -> Result<()> {
        let Self { beta1, beta2, eps, decay, .. } = *self;
        if !(0.0..1.0).contains(&beta1) || !(0.0..1.0).contains(&beta2) || !(eps >= 0.0) || !(decay >= 0.0) {
            let problem = format!("AdamW with betas {beta1}, {beta2}, epsilon {eps} and decay {decay} is undefined");
            return Err(Error::Argument(problem));
        }
        Ok(())
    }
}

impl Moments {
    pub(crate) fn new(variable: &Var) -> Result<Self> {
        if variable.device().is_cpu() && variable.dtype() == DType::F32 {
            let zeros = vec![0.0; variable.elem_count()];
            return Ok(Self::Lists { first: zeros.clone(), second: zeros });
        }
        let weight = variable.as_detached_tensor().to_dtype(DType::F32)?.copy()?;
        let zeros = weight.zeros_like()?;
        Ok(Self::Tensors { weight, first: zeros.clone(), second: zeros })
    }

    /// What has to be saved: ending of the name, and the values.
    pub(crate) fn saved(&self, shape: &[usize]) -> Result<Vec<(&'static str, Tensor)>> {
        let list = |values: &[f32]| Tensor::from_slice(values, shape, &candle_core::Device::Cpu);
        Ok(match self {
            Self::Lists { first, second } => vec![("first", list(first)?), ("second", list(second)?)],
            Self::Tensors { weight, first, second } => {
                vec![("weight", weight.clone()), ("first", first.clone()), ("second", second.clone())]
            }
        })
    }

    /// Takes back what [`Moments::saved`] gave; `find` looks it up by the same ending.
    pub(crate) fn restore(&mut self, find: impl Fn(&str) -> Result<Tensor>) -> Result<()> {
        match self {
            Self::Lists { first, second } => {
                *first = find("first")?.flatten_all()?.to_vec1()?;
                *second = find("second")?.flatten_all()?.to_vec1()?;
            }
            Self::Tensors { weight, first, second } => {
                let device = weight.device().clone();
                for (held, ending) in [(weight, "weight"), (first, "first"), (second, "second")] {
                    *held = find(ending)?.to_device(&device)?;
                }
            }
        }
        Ok(())
    }
}

impl Update {
    /// Changes `variable` and its moments.
    pub(crate) fn apply(&self, variable: &Var, gradient: &Tensor, moments: &mut Moments) -> Result<()> {
        let decays = self.optimiser.decay_vectors || variable.rank() > 1;
        let decay = if decays { self.optimiser.decay } else { 0.0 };
        let kept = 1.0 - self.rate * decay;
        let power = i32::try_from(self.step).unwrap_or(i32::MAX);
        let length = self.rate / (1.0 - self.optimiser.beta1.powi(power));
        let root = (1.0 - self.optimiser.beta2.powi(power)).sqrt();
        let AdamW { beta1, beta2, eps, .. } = self.optimiser;
        match moments {
            Moments::Lists { first, second } => {
                let lists = Mutex::new((first.as_mut_slice(), second.as_mut_slice()));
                let constants = Constants {
                    scale: self.scale as f32,
                    kept: kept as f32,
                    beta1: beta1 as f32,
                    beta2: beta2 as f32,
                    rest1: (1.0 - beta1) as f32,
                    rest2: (1.0 - beta2) as f32,
                    root: root as f32,
                    eps: eps as f32,
                    length: length as f32,
                };
                variable.as_tensor().inplace_op2(&gradient.contiguous()?, &InPlace { lists, constants })?;
            }
            Moments::Tensors { weight, first, second } => {
                let gradient = (gradient.to_dtype(DType::F32)? * self.scale)?;
                *first = ((&*first * beta1)? + (&gradient * (1.0 - beta1))?)?;
                *second = ((&*second * beta2)? + (gradient.sqr()? * (1.0 - beta2))?)?;
                let size = ((second.sqrt()? / root)? + eps)?;
                *weight = ((&*weight * kept)? - ((&*first / size)? * length)?)?;
                variable.set(&weight.to_dtype(variable.dtype())?)?;
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Constants {
    scale: f32,
    kept: f32,
    beta1: f32,
    beta2: f32,
    rest1: f32,
    rest2: f32,
    root: f32,
    eps: f32,
    length: f32,
}

struct InPlace<'a> {
    lists: Mutex<(&'a mut [f32], &'a mut [f32])>,
    constants: Constants,
}

/// Numbers that one core changes at a time.
const PIECE: usize = 16 * 1024;

impl InplaceOp2 for InPlace<'_> {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn cpu_fwd(
        &self,
        weight: &mut CpuStorage,
        layout: &Layout,
        gradient: &CpuStorage,
        gradient_layout: &Layout,
    ) -> candle_core::Result<()> {
        let (CpuStorage::F32(weight), CpuStorage::F32(gradient)) = (weight, gradient) else {
            bail!("weights and gradients must be in single precision")
        };
        let (Some((from, to)), Some((start, end))) =
            (layout.contiguous_offsets(), gradient_layout.contiguous_offsets())
        else {
            bail!("weights and gradients must be contiguous")
        };
        let (weight, gradient) = (&mut weight[from..to], &gradient[start..end]);
        let mut lists = self.lists.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (first, second) = &mut *lists;
        if weight.len() != gradient.len() || weight.len() != first.len() {
            bail!("{} gradients for {} weights", gradient.len(), weight.len())
        }
        let constants = self.constants;
        let pieces = weight.par_chunks_mut(PIECE).zip(gradient.par_chunks(PIECE));
        let pieces = pieces.zip(first.par_chunks_mut(PIECE)).zip(second.par_chunks_mut(PIECE));
        pieces.for_each(|(((weight, gradient), first), second)| {
            pulp::Arch::new().dispatch(Piece { constants, weight, gradient, first, second });
        });
        Ok(())
    }
}

struct Piece<'a> {
    constants: Constants,
    weight: &'a mut [f32],
    gradient: &'a [f32],
    first: &'a mut [f32],
    second: &'a mut [f32],
}

impl WithSimd for Piece<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let c = self.constants;
        let moments = self.first.iter_mut().zip(self.second.iter_mut());
        for ((weight, gradient), (first, second)) in self.weight.iter_mut().zip(self.gradient).zip(moments) {
            let gradient = gradient * c.scale;
            *first = c.beta1 * *first + c.rest1 * gradient;
            *second = c.beta2 * *second + c.rest2 * gradient * gradient;
            *weight = *weight * c.kept - c.length * (*first / (second.sqrt() / c.root + c.eps));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn one_pass_over_memory_and_tensor_operations_take_the_same_steps() -> Result<()> {
        let values = |seed: f32| (0..1000).map(move |i| ((i as f32) * seed).sin()).collect::<Vec<f32>>();
        let start = Tensor::from_vec(values(0.7), (10, 100), &Device::Cpu)?;
        let (lists, tensors) = (Var::from_tensor(&start)?, Var::from_tensor(&start)?);
        let mut held = Moments::new(&lists)?;
        let zeros = start.zeros_like()?;
        let mut other = Moments::Tensors { weight: start.copy()?, first: zeros.clone(), second: zeros };
        for step in 1..=5 {
            let gradient = Tensor::from_vec(values(step as f32), (10, 100), &Device::Cpu)?;
            let update = Update { optimiser: AdamW::default(), rate: 0.01, step, scale: 0.5 };
            update.apply(&lists, &gradient, &mut held)?;
            update.apply(&tensors, &gradient, &mut other)?;
        }
        let difference = (lists.as_tensor() - tensors.as_tensor())?.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?;
        let moved = (lists.as_tensor() - start)?.abs()?.flatten_all()?.max(0)?.to_scalar::<f32>()?;
        // Five steps of the rate, and single precision.
        assert!(difference < 1e-6 && moved > 0.01, "{difference} {moved}");
        Ok(())
    }

    #[test]
    fn the_first_step_is_as_long_as_the_rate_whatever_the_gradient() -> Result<()> {
        let weight = Var::from_slice(&[1.0f32, -2.0], 2, &Device::Cpu)?;
        let mut moments = Moments::new(&weight)?;
        let optimiser = AdamW { decay: 0.0, ..AdamW::default() };
        let gradient = Tensor::new(&[1e-3f32, -50.0], &Device::Cpu)?;
        Update { optimiser, rate: 0.1, step: 1, scale: 1.0 }.apply(&weight, &gradient, &mut moments)?;
        let after = weight.to_vec1::<f32>()?;
        assert!((after[0] - 0.9).abs() < 1e-4 && (after[1] + 1.9).abs() < 1e-4, "{after:?}");
        Ok(())
    }
}
