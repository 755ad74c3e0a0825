//! Attention of the newest tokens of every sequence to all that their caches hold, read where it lies.
//!
//! For query q of head h at position i and the keys k and values v at the visible positions j the result is
//! Σⱼ e^(sⱼ − m)·vⱼ / Σⱼ e^(sⱼ − m) with sⱼ the score of the definition in `ops/softmax.rs` and m the largest of them. The
//! positions are cut into spans of fixed places; each span gives its own m and sums, and those of all spans are put
//! together at the end (Dao 2023, "Flash-Decoding"; the cut does not depend on cores or batch, so neither do the numbers):
//! M = max m, then Σ e^(m − M)·sums.

mod runs;

use std::array::from_fn;
use std::ops::Range;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use crate::lm::ops::math::{exp, tanh};
use crate::lm::ops::{Scores, largest, sum, vectorised};
use runs::{VALUES, mix, mix_rows, score};

/// Positions of a span.
const SPAN: usize = 256;

/// Queries that are multiplied with a key at once.
const ROWS: usize = 4;

/// Multiplications below which handing work to another core costs more than it saves.
const PIECE: usize = 256 * 1024;

/// The newest tokens of one sequence and everything it holds, they included.
pub(in crate::lm) struct Sequence<'a> {
    /// Queries of the new tokens: (new, heads, width).
    pub query: &'a [f32],
    /// New tokens.
    pub new: usize,
    /// Tokens before them.
    pub past: usize,
    /// Keys and values at all positions, in order.
    pub parts: Vec<Part<'a>>,
}

/// Keys and values at some positions: (key heads, capacity, width), of which the first `length` of every head count.
pub(in crate::lm) struct Part<'a> {
    pub keys: &'a [f32],
    pub values: &'a [f32],
    pub capacity: usize,
    pub length: usize,
}

/// (all new tokens, heads × width). `place` says how scores become weights; the places in it are not read.
pub(in crate::lm) fn attend(sequences: &[Sequence<'_>], place: &Scores, heads: usize, width: usize) -> Vec<f32> {
    let group = heads / place.kv_heads;
    let mut items = Vec::new();
    let mut work = 0;
    for sequence in sequences {
        let to = sequence.past + sequence.new;
        let from = place.window.map_or(0, |window| (sequence.past + 1).saturating_sub(window));
        work += sequence.new * heads * width * (to - from);
        for head in 0..place.kv_heads {
            for span in from / SPAN..to.div_ceil(SPAN) {
                let span = (span * SPAN).max(from)..((span + 1) * SPAN).min(to);
                items.push(Item { sequence, place, head, group, width, first: span.start == from, span });
            }
        }
    }
    let shares: Vec<Share> = match work < PIECE {
        true => items.iter().map(|item| vectorised(item.clone())).collect(),
        false => items.par_iter().with_max_len(1).map(|item| vectorised(item.clone())).collect(),
    };
    let shares: Vec<&[Share]> = shares.chunk_by(|_, next| !next.first).collect();
    let mut out = vec![0f32; sequences.iter().map(|sequence| sequence.query.len()).sum()];
    let mut rest = out.as_mut_slice();
    let mut own = Vec::with_capacity(sequences.len());
    for (sequence, shares) in sequences.iter().zip(shares.chunks(place.kv_heads)) {
        let (first, others) = rest.split_at_mut(sequence.query.len());
        own.push((shares, first));
        rest = others;
    }
    let of_sequence = |(shares, out): (&[&[Share]], &mut [f32])| {
        for (token, out) in out.chunks_exact_mut(heads * width).enumerate() {
            for (row, out) in out.chunks_exact_mut(width).enumerate() {
                together(shares[row / group], token * group + row % group, out);
            }
        }
    };
    match work < PIECE {
        true => own.into_iter().for_each(of_sequence),
        false => own.into_par_iter().for_each(of_sequence),
    }
    out
}

/// The result of a row from its shares.
fn together(shares: &[Share], row: usize, out: &mut [f32]) {
    let most = shares.iter().map(|share| share.most[row]).fold(f32::NEG_INFINITY, f32::max);
    let factor = |share: &Share| exp(share.most[row] - most);
    let total: f32 = shares.iter().map(|share| factor(share) * share.total[row]).sum();
    for share in shares {
        let factor = factor(share) / total;
        let mixed = &share.mixed[row * out.len()..];
        for (out, mixed) in out.iter_mut().zip(mixed) {
            *out += factor * mixed;
        }
    }
}

/// One key head of one sequence at the positions of a span. Its rows are the new tokens, and for each the query heads that
/// share the key head.
#[derive(Clone)]
struct Item<'a> {
    sequence: &'a Sequence<'a>,
    place: &'a Scores,
    head: usize,
    group: usize,
    width: usize,
    span: Range<usize>,
    first: bool,
}

/// What an item contributes to each of its rows.
struct Share {
    /// The largest score.
    most: Vec<f32>,
    /// Σ e^(s − most).
    total: Vec<f32>,
    /// Σ e^(s − most)·v.
    mixed: Vec<f32>,
    /// Whether this is the first span of its sequence and head.
    first: bool,
}

impl<'a> Item<'a> {
    fn query(&self, row: usize) -> &'a [f32] {
        let head = self.head * self.group + row % self.group;
        let heads = self.place.kv_heads * self.group;
        &self.sequence.query[(row / self.group * heads + head) * self.width..][..self.width]
    }

    /// Keys and values of the span, part by part, with the place of the first in it.
    fn runs(&self) -> impl Iterator<Item = (usize, &'a [f32], &'a [f32])> {
        let (span, head, width) = (self.span.clone(), self.head, self.width);
        let mut position = 0;
        self.sequence.parts.iter().filter_map(move |part| {
            let (start, end) = (span.start.max(position), span.end.min(position + part.length));
            let first = head * part.capacity + start.saturating_sub(position);
            position += part.length;
            let numbers = first * width..(first + end.checked_sub(start).filter(|&count| count > 0)?) * width;
            Some((start - span.start, &part.keys[numbers.clone()], &part.values[numbers]))
        })
    }

    /// Turns scores of a row into e^(s − most); returns most and their sum.
    #[inline(always)]
    fn weigh<S: Simd>(&self, simd: S, row: usize, scores: &mut [f32]) -> (f32, f32) {
        let position = self.sequence.past + row / self.group;
        let end = (position + 1).saturating_sub(self.span.start).min(scores.len());
        let start =
            self.place.window.map_or(0, |window| (position + 1).saturating_sub(window + self.span.start)).min(end);
        scores[..start].fill(0.0);
        scores[end..].fill(0.0);
        let visible = &mut scores[start..end];
        for score in visible.iter_mut() {
            *score *= self.place.scale;
        }
        if let Some(cap) = self.place.softcap {
            for score in visible.iter_mut() {
                *score = cap * tanh(*score / cap);
            }
        }
        if self.place.alibi.is_some() {
            let head = self.head * self.group + row % self.group;
            for (score, key) in visible.iter_mut().zip(self.span.start + start..) {
                *score += self.place.bias(head, position, key);
            }
        }
        let most = largest(simd, visible);
        for score in visible.iter_mut() {
            *score = exp(*score - most);
        }
        (most, sum(simd, visible))
    }
}

impl WithSimd for Item<'_> {
    type Output = Share;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Share {
        let (rows, keys, width) = (self.sequence.new * self.group, self.span.len(), self.width);
        let mut scores = vec![0f32; rows * keys];
        for (place, run, _) in self.runs() {
            for (first, scores) in (0..rows).step_by(ROWS).zip(scores.chunks_mut(ROWS * keys)) {
                // The first rows bring the keys into the cache: memory is read fastest in one stream.
                match (rows - first, first) {
                    (1, _) => score::<S, 1, 1>(simd, from_fn(|row| self.query(first + row)), run, scores, place, keys),
                    (2, _) => score::<S, 2, 1>(simd, from_fn(|row| self.query(first + row)), run, scores, place, keys),
                    (3, _) => score::<S, 3, 1>(simd, from_fn(|row| self.query(first + row)), run, scores, place, keys),
                    (_, 0) => score::<S, 4, 1>(simd, from_fn(|row| self.query(first + row)), run, scores, place, keys),
                    _ => score::<S, 4, 3>(simd, from_fn(|row| self.query(first + row)), run, scores, place, keys),
                }
            }
        }
        let (mut most, mut total) = (vec![0f32; rows], vec![0f32; rows]);
        // A loop: what an iterator calls would not be compiled for the vectors of the machine.
        for (row, scores) in scores.chunks_exact_mut(keys).enumerate() {
            (most[row], total[row]) = self.weigh(simd, row, scores);
        }
        let mut mixed = vec![0f32; rows * width];
        for (place, _, run) in self.runs() {
            let mut fours = mixed.chunks_mut(ROWS * width).zip(scores.chunks(ROWS * keys));
            if let Some((mixed, weights)) = fours.next() {
                for (number, values) in run.chunks(VALUES * width).enumerate() {
                    let from = place + number * VALUES;
                    for (mixed, weights) in mixed.chunks_exact_mut(width).zip(weights.chunks_exact(keys)) {
                        mix(simd, &weights[from..], values, mixed);
                    }
                }
            }
            for (mixed, weights) in fours {
                let weights = &weights[place..];
                match mixed.len() / width {
                    1 => mix_rows::<S, 1>(simd, weights, keys, run, mixed),
                    2 => mix_rows::<S, 2>(simd, weights, keys, run, mixed),
                    3 => mix_rows::<S, 3>(simd, weights, keys, run, mixed),
                    _ => mix_rows::<S, ROWS>(simd, weights, keys, run, mixed),
                }
            }
        }
        Share { most, total, mixed, first: self.first }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::lm::position::Alibi;

    /// Some hundred weighted values of at most 1 in single precision.
    const ROUNDING: f32 = 1e-5;

    const KV_HEADS: usize = 2;
    const WIDTH: usize = 20;

    fn numbers(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let next = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..count).map(next).collect()
    }

    /// The definition, in double precision.
    fn expected(sequence: &Sequence<'_>, place: &Scores, heads: usize) -> Vec<f32> {
        let mut out = Vec::new();
        for (row, query) in sequence.query.chunks_exact(WIDTH).enumerate() {
            let (position, head) = (sequence.past + row / heads, row % heads);
            let first = place.window.map_or(0, |window| (position + 1).saturating_sub(window));
            let mut sums = [0f64; WIDTH];
            let mut total = 0.0;
            let mut key = 0;
            for part in &sequence.parts {
                for at in 0..part.length {
                    let start = (head / (heads / KV_HEADS) * part.capacity + at) * WIDTH;
                    let pairs = query.iter().zip(&part.keys[start..]);
                    let dot: f64 = pairs.map(|(q, k)| f64::from(*q) * f64::from(*k)).sum();
                    let mut score = dot * f64::from(place.scale);
                    if let Some(cap) = place.softcap.map(f64::from) {
                        score = cap * (score / cap).tanh();
                    }
                    score += f64::from(place.bias(head, position, key));
                    if (first..=position).contains(&key) {
                        total += score.exp();
                        for (sum, value) in sums.iter_mut().zip(&part.values[start..]) {
                            *sum += score.exp() * f64::from(*value);
                        }
                    }
                    key += 1;
                }
            }
            out.extend(sums.map(|sum| (sum / total) as f32));
        }
        out
    }

    #[test]
    fn new_tokens_see_what_the_definition_says_across_parts_spans_and_windows() {
        let alibi = Alibi { falcon: false };
        for (group, softcap, window, biased) in
            [(1, None, None, false), (3, Some(0.9), None, false), (4, None, Some(270), false), (3, None, Some(5), true)]
        {
            let heads = KV_HEADS * group;
            let place = Scores {
                scale: 0.8,
                softcap,
                window,
                alibi: biased.then(|| (alibi, Arc::new(alibi.slopes(heads)))),
                kv_heads: KV_HEADS,
                queries: 0,
                first_query: 0,
                first_key: 0,
            };
            // Chunks of (capacity, tokens that count); the last tokens are the new ones.
            let shapes: [(usize, &[(usize, usize)]); 5] = [
                (1, &[(1, 1)]),
                (1, &[(300, 290), (64, 21)]),
                (5, &[(7, 7), (600, 513), (9, 2)]),
                (8, &[(8, 8)]),
                (37, &[(300, 299), (37, 37)]),
            ];
            let held: Vec<Vec<(Vec<f32>, Vec<f32>)>> = shapes
                .iter()
                .map(|(_, parts)| {
                    let size = |capacity: usize| KV_HEADS * capacity * WIDTH;
                    parts.iter().map(|&(c, l)| (numbers(size(c), l as u32), numbers(size(c), 7 + l as u32))).collect()
                })
                .collect();
            let queries: Vec<Vec<f32>> =
                shapes.iter().map(|(new, _)| numbers(new * heads * WIDTH, *new as u32 + 40)).collect();
            let sequences: Vec<Sequence<'_>> = shapes
                .iter()
                .zip(held.iter().zip(&queries))
                .map(|(&(new, parts), (held, query))| {
                    let parts: Vec<Part<'_>> = parts
                        .iter()
                        .zip(held)
                        .map(|(&(capacity, length), (keys, values))| Part { keys, values, capacity, length })
                        .collect();
                    let total: usize = parts.iter().map(|part| part.length).sum();
                    Sequence { query, new, past: total - new, parts }
                })
                .collect();
            let found = attend(&sequences, &place, heads, WIDTH);
            let expected: Vec<f32> = sequences.iter().flat_map(|sequence| expected(sequence, &place, heads)).collect();
            assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(&expected) {
                assert!((found - expected).abs() < ROUNDING, "{found} is not {expected}");
            }
        }
    }
}
