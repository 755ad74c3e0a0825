//! Keys and values of tokens already read, so that they need not be read again.
//!
//! A cache belongs to one sequence. It is a list of chunks; the last may be growing. [`Cache::fork`] copies the list, not
//! the chunks: a prefix that a thousand sequences share is stored once. A chunk grows only while a single cache holds it.
//! [`Cache::rewind`] shortens the list's view of its chunks.

use std::ops::Deref;
use std::sync::Arc;

use candle_core::{Layout, Storage, Tensor};

use crate::error::{Error, Result};

/// Room in a chunk that is started for a single token, which more will follow one by one; several tokens at once are
/// rarely continued and get a chunk of their own size.
const FIRST_STEPS: usize = 64;
const MOST_STEPS: usize = 1024;

/// Keys and values of the first tokens of one sequence.
#[derive(Debug, Clone, Default)]
pub struct Cache {
    parts: Vec<Part>,
}

/// The first `length` tokens of a chunk.
#[derive(Debug, Clone)]
struct Part {
    chunk: Arc<Chunk>,
    length: usize,
}

#[derive(Debug)]
struct Chunk {
    /// Per layer: keys and values of shape (key heads, capacity, width).
    layers: Vec<(Tensor, Tensor)>,
    capacity: usize,
}

impl Cache {
    /// An empty cache.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Tokens whose keys and values are held.
    #[must_use]
    pub(crate) fn len(&self) -> usize {
        self.parts.iter().map(|part| part.length).sum()
    }

    /// A second cache with the same tokens; what is held is shared, and either can be continued.
    #[must_use]
    pub fn fork(&self) -> Self {
        self.clone()
    }

    /// Forgets all tokens but the first `length`.
    ///
    /// # Errors
    /// [`Error::Argument`] if fewer are held.
    pub(crate) fn rewind(&mut self, length: usize) -> Result<()> {
        let held = self.len();
        if length > held {
            return Err(Error::Argument(format!("a cache of {held} tokens cannot be rewound to {length}")));
        }
        let mut left = length;
        for part in &mut self.parts {
            part.length = part.length.min(left);
            left -= part.length;
        }
        self.parts.retain(|part| part.length > 0);
        Ok(())
    }

    /// Makes room for `count` more tokens of a model with `layers` layers; the new tokens are counted at once, and
    /// [`Cache::write`] must follow for every layer.
    pub(super) fn reserve(
        &mut self,
        count: usize,
        layers: usize,
        empty: impl Fn(usize) -> Result<Tensor>,
    ) -> Result<()> {
        if let Some(last) = self.parts.last_mut()
            && last.length + count <= last.chunk.capacity
            && Arc::strong_count(&last.chunk) == 1
        {
            last.length += count;
            return Ok(());
        }
        let grown = self.parts.last().filter(|last| Arc::strong_count(&last.chunk) == 1);
        let capacity = match (count, grown) {
            (1, Some(last)) => (2 * last.chunk.capacity).clamp(FIRST_STEPS, MOST_STEPS),
            (1, None) => FIRST_STEPS,
            _ => count,
        };
        let layers = (0..layers).map(|_| Ok((empty(capacity)?, empty(capacity)?))).collect::<Result<_>>()?;
        self.parts.push(Part { chunk: Arc::new(Chunk { layers, capacity }), length: count });
        Ok(())
    }

    /// Stores keys and values, of shape (key heads, tokens, width), of the tokens reserved last.
    pub(super) fn write(&self, layer: usize, keys: &Tensor, values: &Tensor) -> Result<()> {
        let Some(last) = self.parts.last() else { return Ok(()) };
        let at = last.length - keys.dim(1)?;
        let (all_keys, all_values) = &last.chunk.layers[layer];
        all_keys.slice_set(&keys.contiguous()?, 1, at)?;
        all_values.slice_set(&values.contiguous()?, 1, at)?;
        Ok(())
    }

    /// What keys and values of a layer are stored in, chunk by chunk, their common layout and the tokens that count.
    pub(super) fn hold(
        &self,
        layer: usize,
    ) -> Vec<(impl Deref<Target = Storage>, impl Deref<Target = Storage>, &Layout, usize)> {
        let mut held = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            let (keys, values) = &part.chunk.layers[layer];
            let ((keys, layout), (values, _)) = (keys.storage_and_layout(), values.storage_and_layout());
            held.push((keys, values, layout, part.length));
        }
        held
    }

    /// Keys and values of a layer at positions `from..to`, chunk by chunk, as views.
    pub(super) fn view(&self, layer: usize, from: usize, to: usize) -> Result<Vec<(Tensor, Tensor)>> {
        let mut views = Vec::with_capacity(self.parts.len());
        let mut position = 0;
        for part in &self.parts {
            let (start, end) = (from.max(position), to.min(position + part.length));
            if start < end {
                let (keys, values) = &part.chunk.layers[layer];
                let view = |t: &Tensor| t.narrow(1, start - position, end - start);
                views.push((view(keys)?, view(values)?));
            }
            position += part.length;
        }
        Ok(views)
    }
}
