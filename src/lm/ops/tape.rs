//! Backward passes without a tensor per gradient.
//!
//! candle's automatic differentiation makes every gradient a tensor of zeros first and then adds to it. Here the fused
//! operations write down what they did, on a tape of the thread, and the tape is read backwards: a gradient is a list
//! that the first contribution becomes and the others are added to, and products add to it where it lies.
//!
//! A fused operation that is recorded ends the part of the graph that candle sees: its result is a variable. Between two
//! of them any operation of candle may stand; its gradient is then left to candle. So the tape is a matter of speed only,
//! and where nothing fused is recorded (another device, another dtype) all of it is candle's.

use std::cell::RefCell;
use std::collections::HashMap;

use candle_core::{DType, Device, Result, Shape, Tensor, TensorId, Var};
use rayon::prelude::*;

use super::continued::continued;
use super::vectors::{fused, with_numbers};

type Back = Box<dyn FnOnce(Vec<f32>, &mut Sums) -> Result<()> + Send>;

/// The operations of a part of the network, in their order.
#[derive(Default)]
pub(crate) struct Tape {
    nodes: Vec<(TensorId, Back)>,
}

impl std::fmt::Debug for Tape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tape of {} operations", self.nodes.len())
    }
}

thread_local! {
    /// A thread that waits for others may be given another recording to do meanwhile, so tapes nest.
    static TAPE: RefCell<Option<Tape>> = const { RefCell::new(None) };
}

/// Makes a tape the thread's current one, and restores the previous one when dropped.
struct Nested(Option<Tape>);

impl Drop for Nested {
    fn drop(&mut self) {
        TAPE.with(|tape| *tape.borrow_mut() = self.0.take());
    }
}

impl Tape {
    /// Runs `work` and records what it does to tensors that are variables or come from such.
    ///
    /// # Errors
    /// Those of `work`.
    pub(crate) fn record<R>(work: impl FnOnce() -> crate::Result<R>) -> crate::Result<(R, Self)> {
        let nested = Nested(TAPE.with(|tape| tape.borrow_mut().replace(Self::default())));
        let result = work();
        let tape = TAPE.with(|tape| tape.borrow_mut().take()).unwrap_or_default();
        drop(nested);
        Ok((result?, tape))
    }

    /// Adds to `sums` the gradients of all variables that `output` comes from, given its own.
    ///
    /// # Errors
    /// [`Error::Backend`](crate::Error::Backend) if shapes differ or the device fails.
    pub(crate) fn back(self, output: &Tensor, gradient: Sum, sums: &mut Sums) -> crate::Result<()> {
        sums.add(output, gradient)?;
        for (made, back) in self.nodes.into_iter().rev() {
            // What nothing was made of has no gradient.
            if let Some(gradient) = sums.lists.remove(&made) {
                back(gradient.into_list()?, sums)?;
            }
        }
        Ok(())
    }
}

/// Whether an operation on `inputs` is to be recorded.
pub(super) fn recording(inputs: &[&Tensor]) -> bool {
    inputs.iter().any(|input| input.track_op()) && TAPE.with(|tape| tape.borrow().is_some())
}

/// Records an operation: its result, and what turns the gradient of that into gradients of its inputs.
pub(super) fn record(
    values: Vec<f32>,
    shape: impl Into<Shape>,
    back: impl FnOnce(Vec<f32>, &mut Sums) -> Result<()> + Send + 'static,
) -> Result<Tensor> {
    let result = Var::from_vec(values, shape, &Device::Cpu)?.into_inner();
    TAPE.with(|tape| {
        if let Some(tape) = tape.borrow_mut().as_mut() {
            tape.nodes.push((result.id(), Box::new(back)));
        }
    });
    Ok(result)
}

/// A sum of gradients.
#[derive(Debug)]
pub(crate) enum Sum {
    /// In single precision on the CPU.
    List(Vec<f32>),
    /// Elsewhere.
    Tensor(Tensor),
}

impl Sum {
    /// A tensor's numbers, in single precision.
    ///
    /// # Errors
    /// [`Error::Backend`](crate::Error::Backend) if the device fails.
    pub(crate) fn of(tensor: &Tensor) -> crate::Result<Self> {
        let tensor = tensor.to_dtype(DType::F32)?;
        Ok(match tensor.device().is_cpu() {
            true => Self::List(tensor.flatten_all()?.to_vec1()?),
            false => Self::Tensor(tensor),
        })
    }

    /// Several one below the other; none of none.
    ///
    /// # Errors
    /// [`Error::Backend`](crate::Error::Backend) if the device fails.
    pub(crate) fn joined(mut sums: Vec<Self>) -> crate::Result<Option<Self>> {
        if sums.len() < 2 {
            return Ok(sums.pop());
        }
        let mut tensors = Vec::new();
        let mut list = Vec::new();
        for sum in sums {
            match sum {
                Self::List(numbers) => list.extend(numbers),
                Self::Tensor(tensor) => tensors.push(tensor),
            }
        }
        Ok(Some(if tensors.is_empty() { Self::List(list) } else { Self::Tensor(Tensor::cat(&tensors, 0)?) }))
    }

    fn into_list(self) -> Result<Vec<f32>> {
        match self {
            Self::List(list) => Ok(list),
            Self::Tensor(tensor) => tensor.flatten_all()?.to_vec1(),
        }
    }

    /// As a tensor of this shape.
    ///
    /// # Errors
    /// [`Error::Backend`](crate::Error::Backend) if it has another number of elements.
    pub(crate) fn into_tensor(self, shape: &Shape) -> crate::Result<Tensor> {
        Ok(match self {
            Self::List(list) => Tensor::from_vec(list, shape, &Device::Cpu)?,
            Self::Tensor(tensor) => tensor,
        })
    }

    fn plus(self, other: Self) -> Result<Self> {
        match (self, other) {
            (Self::List(mut sum), Self::List(other)) if sum.len() == other.len() => {
                add(&mut sum, &other);
                Ok(Self::List(sum))
            }
            (Self::Tensor(sum), Self::Tensor(other)) => Ok(Self::Tensor((sum + other)?)),
            (sum, other) => candle_core::bail!("gradients that do not fit: {sum:?} and {other:?}"),
        }
    }
}

/// Numbers that one core adds at a time.
const PIECE: usize = 64 * 1024;

fn add(sum: &mut [f32], other: &[f32]) {
    let pieces = sum.par_chunks_mut(PIECE).zip(other.par_chunks(PIECE));
    pieces.for_each(|(sum, other)| sum.iter_mut().zip(other).for_each(|(sum, other)| *sum += other));
}

/// Gradients of variables and of results of recorded operations, by their identity.
#[derive(Debug, Default)]
pub(crate) struct Sums {
    lists: HashMap<TensorId, Sum>,
}

impl Sums {
    /// Takes out the gradient of a variable.
    pub(crate) fn take(&mut self, variable: &Tensor) -> Option<Sum> {
        self.lists.remove(&variable.id())
    }

    /// Adds all of `other`.
    ///
    /// # Errors
    /// [`Error::Backend`](crate::Error::Backend) if shapes differ or the device fails.
    pub(crate) fn merge(&mut self, other: Self) -> crate::Result<()> {
        for (id, sum) in other.lists {
            self.put(id, sum)?;
        }
        Ok(())
    }

    fn put(&mut self, id: TensorId, sum: Sum) -> Result<()> {
        let sum = match self.lists.remove(&id) {
            None => sum,
            Some(held) => held.plus(sum)?,
        };
        self.lists.insert(id, sum);
        Ok(())
    }

    /// Adds the gradient of a tensor: to its own sum, or through candle's graph to those of the variables that it comes
    /// from.
    ///
    /// # Errors
    /// [`Error::Backend`](crate::Error::Backend) if shapes differ or the device fails.
    pub(crate) fn add(&mut self, tensor: &Tensor, gradient: Sum) -> crate::Result<()> {
        if tensor.is_variable() {
            return Ok(self.put(tensor.id(), gradient)?);
        }
        if !tensor.track_op() {
            return Ok(());
        }
        let graph = continued(tensor, gradient.into_tensor(tensor.shape())?.to_dtype(tensor.dtype())?)?;
        let mut found = graph.backward()?;
        for variable in graph.sorted_nodes().into_iter().filter(|node| node.is_variable()) {
            let Some(gradient) = found.remove(variable) else { continue };
            self.put(variable.id(), Sum::of(&gradient)?)?;
        }
        Ok(())
    }

    /// Adds a list to the gradient of a tensor.
    pub(super) fn list(&mut self, tensor: &Tensor, gradient: Vec<f32>) -> Result<()> {
        self.add(tensor, Sum::List(gradient)).map_err(candle_core::Error::wrap)
    }

    /// Lets `into` add to the gradient of a tensor where it lies. Nothing is done for one without gradient.
    pub(super) fn within(&mut self, tensor: &Tensor, into: impl FnOnce(&mut [f32]) -> Result<()>) -> Result<()> {
        if !tensor.track_op() {
            return Ok(());
        }
        if tensor.is_variable()
            && let Some(Sum::List(list)) = self.lists.get_mut(&tensor.id())
        {
            return into(list);
        }
        let mut list = vec![0f32; tensor.elem_count()];
        into(&mut list)?;
        self.list(tensor, list)
    }
}

/// a + b, both of the same shape.
pub(in crate::lm) fn plus(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    if !fused(a) || a.shape() != b.shape() || !recording(&[a, b]) {
        return a + b;
    }
    let mut values = with_numbers(a, |a| Ok(a.to_vec()))?;
    with_numbers(b, |b| {
        add(&mut values, b);
        Ok(())
    })?;
    let (shape, a, b) = (a.shape().clone(), a.clone(), b.clone());
    record(values, shape, move |gradient, sums| {
        sums.within(&a, |sum| {
            add(sum, &gradient);
            Ok(())
        })?;
        sums.list(&b, gradient)
    })
}

/// One of several matrices that lie one below the other: (m, n) of (count, m, n).
pub(in crate::lm) fn matrix(stack: &Tensor, number: usize) -> Result<Tensor> {
    if !fused(stack) || !recording(&[stack]) {
        return stack.get(number);
    }
    let part = stack.detach().get(number)?;
    let (shape, size, stack) = (part.shape().clone(), part.elem_count(), stack.clone());
    record(part.flatten_all()?.to_vec1()?, shape, move |gradient, sums| {
        sums.within(&stack, |sum| {
            add(&mut sum[number * size..][..size], &gradient);
            Ok(())
        })
    })
}

/// Rows `ids` of a matrix.
pub(in crate::lm) fn rows(table: &Tensor, ids: &Tensor) -> Result<Tensor> {
    if !fused(table) || !recording(&[table]) {
        return table.index_select(ids, 0);
    }
    let width = table.dim(1)?;
    let picked = table.detach().index_select(ids, 0)?;
    let (ids, table) = (ids.to_vec1::<u32>()?, table.clone());
    let shape = picked.shape().clone();
    record(picked.flatten_all()?.to_vec1()?, shape, move |gradient, sums| {
        sums.within(&table, |sum| {
            for (id, gradient) in ids.iter().zip(gradient.chunks_exact(width)) {
                let row = &mut sum[*id as usize * width..][..width];
                row.iter_mut().zip(gradient).for_each(|(sum, gradient)| *sum += gradient);
            }
            Ok(())
        })
    })
}
