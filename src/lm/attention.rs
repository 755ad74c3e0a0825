//! Attention of new tokens to all that came before, for a batch of sequences of any lengths.
//!
//! Tokens of all sequences lie one below the other, without padding: matrix products see one long list. Only here are
//! they taken apart. Sequences that are equally long and start from nothing are multiplied together, others one by one;
//! so no number of a sequence depends on what else is in its batch.

use std::sync::Arc;

use candle_core::Tensor;

use super::cache::Cache;
use super::config::{Config, Packing, QkNorm};
use super::kernels::{Part, Sequence, attend};
use super::linear::Linear;
use super::normaliser::Normaliser;
use super::ops::{self, Scores};
use super::position::{Alibi, Position, Rotation};
use crate::error::Result;

/// Attention of one layer.
#[derive(Debug, Clone)]
pub(super) struct Attention {
    pub inputs: Inputs,
    pub output: Linear,
    pub query_norm: Option<Normaliser>,
    pub key_norm: Option<Normaliser>,
    pub layer: usize,
}

/// The projections to queries, keys and values.
#[derive(Debug, Clone)]
pub(super) enum Inputs {
    Separate { query: Linear, key: Linear, value: Linear },
    Packed(Linear),
}

/// What the layers of one forward pass share.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    pub segments: Vec<Segment>,
    /// Angles of layers without and with a window.
    pub rotation: Option<Arc<Rotation>>,
    pub windowed_rotation: Option<Arc<Rotation>>,
    pub alibi: Option<(Alibi, Arc<Vec<f32>>)>,
    /// What the query of each token is multiplied by; none where that is 1 for all.
    pub growth: Option<Arc<Vec<f32>>>,
}

/// The new tokens of one sequence.
#[derive(Debug, Clone, Copy)]
pub(super) struct Segment {
    /// Row of the first new token.
    pub start: usize,
    /// New tokens.
    pub new: usize,
    /// Tokens before them.
    pub past: usize,
}

/// Queries handled at a time where no gradient is needed: keys that none of them sees are left out, and scores of long
/// prompts do not pile up.
const QUERIES: usize = 256;

/// New tokens of a sequence up to which keys and values are read where they lie, in the caches of all sequences of the batch
/// at once; the matrix products that longer ones get are on all cores, but for one sequence at a time.
const STEPS: usize = 256;

impl Attention {
    /// `x` of shape (tokens, hidden) becomes (tokens, hidden). `caches` has one cache per segment, or is empty.
    pub(crate) fn apply(&self, config: &Config, batch: &Batch, x: &Tensor, caches: &[&mut Cache]) -> Result<Tensor> {
        let (mut query, mut key, mut value) = self.project(config, x)?;
        query = normalise(&query, self.query_norm.as_ref(), config.attention.qk_norm)?;
        key = normalise(&key, self.key_norm.as_ref(), config.attention.qk_norm)?;
        if let Some(clip) = config.attention.clip {
            (query, key, value) = (query.clamp(-clip, clip)?, key.clamp(-clip, clip)?, value.clamp(-clip, clip)?);
        }
        let windowed = config.attention.windows[self.layer].is_some();
        let rotation = if windowed { &batch.windowed_rotation } else { &batch.rotation };
        if let (Some(rotation), true) = (rotation, config.attention.turned[self.layer]) {
            (query, key) = (ops::rotate(&query, rotation)?, ops::rotate(&key, rotation)?);
        }
        if let Some(growth) = &batch.growth {
            let factors = Tensor::from_slice(growth, (growth.len(), 1, 1), query.device())?.to_dtype(query.dtype())?;
            query = query.broadcast_mul(&factors)?;
        }
        let mixed = self.mix(config, batch, &Projected { query, key, value }, caches)?;
        self.output.apply(&mixed)
    }

    /// Queries, keys and values of shape (tokens, heads, width).
    fn project(&self, config: &Config, x: &Tensor) -> Result<(Tensor, Tensor, Tensor)> {
        let tokens = x.dim(0)?;
        let (heads, kv, group, width) = (config.heads, config.kv_heads, config.group(), config.head_dim);
        match &self.inputs {
            Inputs::Separate { query, key, value } => {
                Ok((query.heads(x, heads, width)?, key.heads(x, kv, width)?, value.heads(x, kv, width)?))
            }
            Inputs::Packed(packed) => {
                let all = packed.apply(x)?;
                if config.attention.packing == Packing::Grouped {
                    let all = all.reshape((tokens, kv, group + 2, width))?;
                    let query = all.narrow(2, 0, group)?.contiguous()?.reshape((tokens, heads, width))?;
                    return Ok((query, all.narrow(2, group, 1)?.squeeze(2)?, all.narrow(2, group + 1, 1)?.squeeze(2)?));
                }
                if config.attention.packing == Packing::Quarters {
                    let all = all.reshape((tokens, 4, 3, heads / 4, width))?;
                    let part = |part| all.narrow(2, part, 1)?.contiguous()?.reshape((tokens, heads, width));
                    return Ok((part(0)?, part(2)?, part(1)?));
                }
                let all = all.reshape((tokens, heads + 2 * kv, width))?;
                Ok((all.narrow(1, 0, heads)?, all.narrow(1, heads, kv)?, all.narrow(1, heads + kv, kv)?))
            }
        }
    }

    /// Weighs values by scores: (tokens, heads × width).
    fn mix(&self, config: &Config, batch: &Batch, projected: &Projected, caches: &[&mut Cache]) -> Result<Tensor> {
        let width = config.heads * config.head_dim;
        let learning = projected.query.track_op() || projected.value.track_op();
        if caches.is_empty() && learning && ops::fused(&projected.query) {
            let lengths = batch.segments.iter().map(|segment| segment.new).collect();
            let Projected { query, key, value } = projected;
            return Ok(ops::attention(query, key, value, lengths, &self.scores(config, batch))?);
        }
        let mut outputs = Vec::new();
        let mut index = 0;
        while index < batch.segments.len() {
            let first = batch.segments[index];
            let rest = &batch.segments[index..];
            let stepped = match caches.get(index..) {
                Some(_) if projected.fits_kernel() => rest.iter().take_while(|s| s.new <= STEPS).count(),
                _ => 0,
            };
            if let Some(caches) = caches.get(index..index + stepped).filter(|caches| !caches.is_empty()) {
                let place = self.scores(config, batch);
                outputs.push(projected.stepped(config, &place, &rest[..stepped], caches, self.layer)?);
                index += stepped;
                continue;
            }
            let alike = if caches.is_empty() { rest.iter().take_while(|s| s.new == first.new).count() } else { 1 };
            let place = self.scores(config, batch);
            let mixed = match caches.get(index) {
                None => projected.fresh(config, &place, first, alike)?,
                Some(cache) => projected.continued(config, &place, first, cache, self.layer)?,
            };
            outputs.push(mixed.reshape((alike * first.new, width))?);
            index += alike;
        }
        match outputs.as_slice() {
            [only] => Ok(only.clone()),
            several => Ok(Tensor::cat(several, 0)?),
        }
    }

    fn scores(&self, config: &Config, batch: &Batch) -> Scores {
        Scores {
            scale: config.attention.scales[self.layer] as f32,
            softcap: config.attention.softcap.map(|cap| cap as f32),
            window: config.attention.windows[self.layer],
            alibi: batch.alibi.clone(),
            kv_heads: config.kv_heads,
            queries: 0,
            first_query: 0,
            first_key: 0,
        }
    }
}

/// Queries, keys and values of all new tokens.
struct Projected {
    query: Tensor,
    key: Tensor,
    value: Tensor,
}

impl Projected {
    /// `count` sequences that start from nothing, all as long as `first`.
    fn fresh(&self, config: &Config, place: &Scores, first: Segment, count: usize) -> Result<Tensor> {
        let (kv, width) = (config.kv_heads, config.head_dim);
        let heads_first = |t: &Tensor| -> Result<Tensor> {
            let rows = t.narrow(0, first.start, count * first.new)?.contiguous()?;
            let split = rows.reshape((count, first.new, kv, width))?.transpose(1, 2)?;
            Ok(split.contiguous()?.reshape((count * kv, first.new, width))?)
        };
        let (keys, values) = (heads_first(&self.key)?, heads_first(&self.value)?);
        let step = if self.query.track_op() { first.new } else { QUERIES };
        self.blocks(config, place, first, count, step, |from, to| {
            Ok(vec![(keys.narrow(1, from, to - from)?, values.narrow(1, from, to - from)?)])
        })
    }

    /// One sequence that continues what is in `cache`, where its own keys and values are put first.
    fn continued(
        &self,
        config: &Config,
        place: &Scores,
        segment: Segment,
        cache: &Cache,
        layer: usize,
    ) -> Result<Tensor> {
        self.write(segment, cache, layer)?;
        self.blocks(config, place, segment, 1, QUERIES, |from, to| cache.view(layer, from, to))
    }

    /// Whether the kernel for few new tokens knows device and dtype, and no gradient is wanted.
    fn fits_kernel(&self) -> bool {
        ops::fused(&self.query) && !self.query.track_op()
    }

    /// A few new tokens of each of several neighbouring sequences, which continue what is in their caches.
    fn stepped(
        &self,
        config: &Config,
        place: &Scores,
        segments: &[Segment],
        caches: &[&mut Cache],
        layer: usize,
    ) -> Result<Tensor> {
        let (heads, width) = (config.heads, config.head_dim);
        for (&segment, cache) in segments.iter().zip(caches) {
            self.write(segment, cache, layer)?;
        }
        let held: Vec<_> = caches.iter().map(|cache| cache.hold(layer)).collect();
        let mixed = ops::with_numbers(&self.query, |query| {
            let mut sequences = Vec::with_capacity(segments.len());
            for (segment, held) in segments.iter().zip(&held) {
                let mut parts = Vec::with_capacity(held.len());
                for (keys, values, layout, length) in held {
                    let (keys, values) = (ops::memory(keys, layout)?, ops::memory(values, layout)?);
                    parts.push(Part {
                        keys,
                        values,
                        capacity: keys.len() / (config.kv_heads * width),
                        length: *length,
                    });
                }
                let query = &query[segment.start * heads * width..][..segment.new * heads * width];
                sequences.push(Sequence { query, new: segment.new, past: segment.past, parts });
            }
            Ok(attend(&sequences, place, heads, width))
        })?;
        let tokens = mixed.len() / (heads * width);
        Ok(Tensor::from_vec(mixed, (tokens, heads * width), self.query.device())?)
    }

    /// Puts the keys and values of a sequence into its cache.
    fn write(&self, segment: Segment, cache: &Cache, layer: usize) -> Result<()> {
        let heads_first = |t: &Tensor| t.narrow(0, segment.start, segment.new)?.transpose(0, 1)?.contiguous();
        cache.write(layer, &heads_first(&self.key)?, &heads_first(&self.value)?)
    }

    /// Attention of `count` equal sequences, `step` queries at a time; `view` gives keys and values at positions
    /// `from..to` in pieces of shape (sequences × key heads, keys, width). Returns (sequences, tokens, heads × width).
    fn blocks(
        &self,
        config: &Config,
        place: &Scores,
        first: Segment,
        count: usize,
        step: usize,
        view: impl Fn(usize, usize) -> Result<Vec<(Tensor, Tensor)>>,
    ) -> Result<Tensor> {
        let (kv, group, width) = (config.kv_heads, config.group(), config.head_dim);
        let rows = self.query.narrow(0, first.start, count * first.new)?.contiguous()?;
        let by_sequence = rows.reshape((count, first.new, kv * group, width))?;
        let mut outputs = Vec::new();
        for start in (0..first.new).step_by(step.max(1)) {
            let queries = step.min(first.new - start);
            let first_query = first.past + start;
            let to = first_query + queries;
            let from = place.window.map_or(0, |window| (first_query + 1).saturating_sub(window));
            let place = Scores { queries, first_query, first_key: from, ..place.clone() };
            let query = by_sequence.narrow(1, start, queries)?.transpose(1, 2)?.contiguous()?;
            let query = query.reshape((count * kv, group * queries, width))?;
            let mixed = weigh(&query, &view(from, to)?, &place)?;
            let mixed = mixed.reshape((count, kv * group, queries, width))?.transpose(1, 2)?.contiguous()?;
            outputs.push(mixed.reshape((count, queries, kv * group * width))?);
        }
        match outputs.as_slice() {
            [only] => Ok(only.clone()),
            several => Ok(Tensor::cat(several, 1)?),
        }
    }
}

/// softmax(q·kᵀ)·v with keys and values in pieces.
fn weigh(query: &Tensor, pieces: &[(Tensor, Tensor)], place: &Scores) -> Result<Tensor> {
    if let [(keys, values)] = pieces {
        let weights = ops::softmax(&query.matmul(&keys.t()?)?, place)?;
        return Ok(weights.matmul(values)?);
    }
    let scores: Vec<Tensor> = pieces.iter().map(|(keys, _)| query.matmul(&keys.t()?)).collect::<Result<_, _>>()?;
    let weights = ops::softmax(&Tensor::cat(&scores, 2)?, place)?;
    let mut start = 0;
    let mut total: Option<Tensor> = None;
    for (_, values) in pieces {
        let keys = values.dim(1)?;
        let part = weights.narrow(2, start, keys)?.contiguous()?.matmul(values)?;
        total = Some(match total {
            None => part,
            Some(total) => (total + part)?,
        });
        start += keys;
    }
    // A sequence has at least one new token, whose own key is in the last piece.
    Ok(total.unwrap_or_else(|| query.clone()))
}

/// Norms of heads: of each alone, or of all together.
fn normalise(x: &Tensor, norm: Option<&Normaliser>, kind: QkNorm) -> Result<Tensor> {
    let Some(norm) = norm else { return Ok(x.clone()) };
    match kind {
        QkNorm::All(_) => Ok(norm.apply(&x.contiguous()?.flatten_from(1)?)?.reshape(x.shape())?),
        _ => norm.apply(x),
    }
}

impl Batch {
    /// Rows, angles and biases of sequences given as (tokens before, new tokens).
    pub(crate) fn new(config: &Config, sequences: impl Iterator<Item = (usize, usize)>) -> Self {
        let mut segments = Vec::new();
        let mut start = 0;
        for (past, new) in sequences {
            segments.push(Segment { start, new, past });
            start += new;
        }
        let places =
            || segments.iter().flat_map(|s| (s.past..s.past + s.new).map(|position| (position, s.past + s.new)));
        let (rotation, windowed_rotation) = match &config.position {
            Position::Rope { every, windowed } => {
                let rotation = Arc::new(every.rotation(places()));
                let windowed = windowed.as_ref().map(|rope| Arc::new(rope.rotation(places())));
                (Some(Arc::clone(&rotation)), Some(windowed.unwrap_or(rotation)))
            }
            _ => (None, None),
        };
        let alibi = match &config.position {
            Position::Alibi(alibi) => Some((*alibi, Arc::new(alibi.slopes(config.heads)))),
            _ => None,
        };
        let growth = config.attention.growth.map(|growth| places().map(|(p, _)| growth.at(p)).collect::<Vec<f32>>());
        let growth = growth.filter(|factors| factors.iter().any(|factor| *factor != 1.0)).map(Arc::new);
        Self { segments, rotation, windowed_rotation, alibi, growth }
    }
}
