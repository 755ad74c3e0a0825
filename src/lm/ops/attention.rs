//! Attention of whole sequences to themselves, in one step each way.
//!
//! For every head of every sequence, with P = softmax(mask(s(Q·Kᵀ))) as in `softmax.rs`: O = P·V. Scores of a head exist
//! only while it is at hand; the backward pass computes P again from Q and K (Dao et al. 2022, arXiv 2205.14135) and then,
//! with G the gradient of O: dV = Pᵀ·G, dP = G·Vᵀ, dS = P∘(dP − Σ P∘dP)·s'·scale, dQ = dS·K, dK = dSᵀ·Q. Keys that no
//! query of a block sees are left out of all five products.

use std::ops::Range;
use std::sync::Arc;

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};
use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::math::{exp, tanh};
use super::panels::{LANES, Left, ROWS, add_product, transposed, vectors};
use super::softmax::Scores;
use super::tape::{record, recording};
use super::vectors::{dot, largest, numbers, sum, vectorised, with_numbers};

/// Attention of sequences that start from nothing and lie one below the other; `lengths` are theirs. `query` has the
/// shape (tokens, heads, width), `key` and `value` (tokens, key heads, width); the result is (tokens, heads × width).
pub(in crate::lm) fn attention(
    query: &Tensor,
    key: &Tensor,
    value: &Tensor,
    lengths: Vec<usize>,
    place: &Scores,
) -> Result<Tensor> {
    let (_, heads, width) = query.dims3()?;
    let place = Scores { first_query: 0, first_key: 0, queries: 1, ..place.clone() };
    let op = Attend { place, lengths, heads, width };
    let (query, key, value) = (query.contiguous()?, key.contiguous()?, value.contiguous()?);
    if !recording(&[&query, &key, &value]) {
        return query.apply_op3(&key, &value, op);
    }
    let y = with_three([&query, &key, &value], |query, key, value| op.forward(query, key, value))?;
    let kept: Arc<[f32]> = y.as_slice().into();
    record(y, (query.dim(0)?, heads * width), move |grad, sums| {
        let [q, k, v] =
            with_three([&query, &key, &value], |query, key, value| op.backward(query, key, value, &kept, &grad))?;
        sums.list(&query, q)?;
        sums.list(&key, k)?;
        sums.list(&value, v)
    })
}

fn with_three<R>(tensors: [&Tensor; 3], work: impl FnOnce(&[f32], &[f32], &[f32]) -> R) -> Result<R> {
    let [a, b, c] = tensors;
    with_numbers(a, |a| with_numbers(b, |b| with_numbers(c, |c| Ok(work(a, b, c)))))
}

struct Attend {
    place: Scores,
    lengths: Vec<usize>,
    heads: usize,
    width: usize,
}

/// One key head of one sequence.
#[derive(Clone, Copy)]
struct Task {
    first_row: usize,
    tokens: usize,
    head: usize,
}

impl Attend {
    fn tasks(&self) -> Vec<Task> {
        let mut first_row = 0;
        let mut tasks = Vec::with_capacity(self.lengths.len() * self.place.kv_heads);
        for &tokens in &self.lengths {
            tasks.extend((0..self.place.kv_heads).map(|head| Task { first_row, tokens, head }));
            first_row += tokens;
        }
        tasks
    }

    fn group(&self) -> usize {
        self.heads / self.place.kv_heads
    }

    fn forward(&self, query: &[f32], key: &[f32], value: &[f32]) -> Vec<f32> {
        let tasks = self.tasks();
        let work = |task: &Task| vectorised(Forward { of: self, task: *task, query, key, value });
        let parts: Vec<Vec<f32>> = tasks.par_iter().map(work).collect();
        let mut out = vec![0f32; query.len()];
        for (task, part) in tasks.iter().zip(&parts) {
            scatter(&mut out, part, *task, self.heads, self.group(), self.width);
        }
        out
    }

    fn backward(&self, query: &[f32], key: &[f32], value: &[f32], out: &[f32], grad: &[f32]) -> [Vec<f32>; 3] {
        let tasks = self.tasks();
        let work = |task: &Task| vectorised(Backward { of: self, task: *task, query, key, value, out, grad });
        let parts: Vec<[Vec<f32>; 3]> = tasks.par_iter().map(work).collect();
        let mut all = [vec![0f32; query.len()], vec![0f32; key.len()], vec![0f32; value.len()]];
        for (task, [for_query, for_key, for_value]) in tasks.iter().zip(&parts) {
            scatter(&mut all[0], for_query, *task, self.heads, self.group(), self.width);
            scatter(&mut all[1], for_key, *task, self.place.kv_heads, 1, self.width);
            scatter(&mut all[2], for_value, *task, self.place.kv_heads, 1, self.width);
        }
        all
    }

    /// Keys that queries `rows` see.
    #[inline(always)]
    fn seen(&self, rows: Range<usize>) -> Range<usize> {
        let start = self.place.window.map_or(0, |window| (rows.start + 1).saturating_sub(window));
        start..rows.end
    }

    /// Turns rows of products q·k into weights; of a capped score, `slopes` keeps 1 − tanh².
    #[inline(always)]
    fn weights<S: Simd>(&self, simd: S, head: usize, scores: &mut [f32], slopes: &mut [f32], pitch: usize) {
        for (query, row) in scores.chunks_exact_mut(pitch).enumerate() {
            let seen = self.seen(query..query + 1);
            let (before, rest) = row.split_at_mut(seen.start);
            let (row, after) = rest.split_at_mut(seen.len());
            before.fill(0.0);
            after.fill(0.0);
            for score in row.iter_mut() {
                *score *= self.place.scale;
            }
            if let Some(cap) = self.place.softcap {
                let slopes = slopes.get_mut(query * pitch + seen.start..).unwrap_or_default();
                let mut kept = slopes.iter_mut();
                for score in row.iter_mut() {
                    let bent = tanh(*score / cap);
                    if let Some(slope) = kept.next() {
                        *slope = 1.0 - bent * bent;
                    }
                    *score = cap * bent;
                }
            }
            if self.place.alibi.is_some() {
                for (score, key) in row.iter_mut().zip(seen) {
                    *score += self.place.bias(head, query, key);
                }
            }
            let most = largest(simd, row);
            for score in row.iter_mut() {
                *score = exp(*score - most);
            }
            let share = sum(simd, row).recip();
            for score in row.iter_mut() {
                *score *= share;
            }
        }
    }
}

/// Rows of one head, as a matrix of (tokens, padded width).
fn gathered(all: &[f32], task: Task, head: usize, heads: usize, width: usize) -> Vec<f32> {
    let pitch = width.next_multiple_of(LANES);
    let mut out = vec![0f32; task.tokens * pitch];
    for (token, out) in out.chunks_exact_mut(pitch).enumerate() {
        let start = ((task.first_row + token) * heads + head) * width;
        out[..width].copy_from_slice(&all[start..start + width]);
    }
    out
}

/// Puts the heads of a task, one below the other in `part`, where they belong.
fn scatter(all: &mut [f32], part: &[f32], task: Task, heads: usize, group: usize, width: usize) {
    let pitch = width.next_multiple_of(LANES);
    for (member, rows) in part.chunks_exact(task.tokens * pitch).enumerate() {
        for (token, row) in rows.chunks_exact(pitch).enumerate() {
            let start = ((task.first_row + token) * heads + task.head * group + member) * width;
            all[start..start + width].copy_from_slice(&row[..width]);
        }
    }
}

struct Forward<'a> {
    of: &'a Attend,
    task: Task,
    query: &'a [f32],
    key: &'a [f32],
    value: &'a [f32],
}

impl WithSimd for Forward<'_> {
    type Output = Vec<f32>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Vec<f32> {
        let (of, task, width) = (self.of, self.task, self.of.width);
        let (tokens, kv, pitch) = (task.tokens, of.place.kv_heads, width.next_multiple_of(LANES));
        let long = tokens.next_multiple_of(LANES);
        let keys = transposed(&gathered(self.key, task, task.head, kv, width), tokens, width);
        let values = gathered(self.value, task, task.head, kv, width);
        let mut out = vec![0f32; of.group() * tokens * pitch];
        let mut scores = vec![0f32; tokens * long];
        for (member, out) in out.chunks_exact_mut(tokens * pitch).enumerate() {
            let head = task.head * of.group() + member;
            let queries = gathered(self.query, task, head, of.heads, width);
            scores.fill(0.0);
            for start in (0..tokens).step_by(ROWS) {
                let rows = start..(start + ROWS).min(tokens);
                let left = Left { numbers: &queries, row: pitch, column: 1 };
                let columns = vectors(of.seen(rows.clone()));
                add_product(simd, left, rows, 0..width, (&keys, long), (&mut scores, long), columns);
            }
            of.weights(simd, head, &mut scores, &mut [], long);
            for start in (0..tokens).step_by(ROWS) {
                let rows = start..(start + ROWS).min(tokens);
                let left = Left { numbers: &scores, row: long, column: 1 };
                add_product(simd, left, rows.clone(), of.seen(rows), (&values, pitch), (out, pitch), 0..pitch);
            }
        }
        out
    }
}

struct Backward<'a> {
    of: &'a Attend,
    task: Task,
    query: &'a [f32],
    key: &'a [f32],
    value: &'a [f32],
    out: &'a [f32],
    grad: &'a [f32],
}

impl WithSimd for Backward<'_> {
    type Output = [Vec<f32>; 3];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> [Vec<f32>; 3] {
        let (of, task, width) = (self.of, self.task, self.of.width);
        let (tokens, kv, pitch) = (task.tokens, of.place.kv_heads, width.next_multiple_of(LANES));
        let long = tokens.next_multiple_of(LANES);
        let keys = gathered(self.key, task, task.head, kv, width);
        let keys_across = transposed(&keys, tokens, width);
        let values_across = transposed(&gathered(self.value, task, task.head, kv, width), tokens, width);
        let mut for_query = vec![0f32; of.group() * tokens * pitch];
        let (mut for_key, mut for_value) = (vec![0f32; tokens * pitch], vec![0f32; tokens * pitch]);
        let (mut weights, mut changes) = (vec![0f32; tokens * long], vec![0f32; tokens * long]);
        let mut slopes = vec![1f32; if of.place.softcap.is_some() { tokens * long } else { 0 }];
        for (member, for_query) in for_query.chunks_exact_mut(tokens * pitch).enumerate() {
            let head = task.head * of.group() + member;
            let of_head = |all| gathered(all, task, head, of.heads, width);
            let (queries, outs, grads) = (of_head(self.query), of_head(self.out), of_head(self.grad));
            weights.fill(0.0);
            changes.fill(0.0);
            for start in (0..tokens).step_by(ROWS) {
                let rows = start..(start + ROWS).min(tokens);
                let columns = vectors(of.seen(rows.clone()));
                let left = |numbers| Left { numbers, row: pitch, column: 1 };
                let scores = (weights.as_mut_slice(), long);
                add_product(
                    simd,
                    left(&queries),
                    rows.clone(),
                    0..width,
                    (&keys_across, long),
                    scores,
                    columns.clone(),
                );
                let changes = (changes.as_mut_slice(), long);
                add_product(simd, left(&grads), rows, 0..width, (&values_across, long), changes, columns);
            }
            of.weights(simd, head, &mut weights, &mut slopes, long);
            for (token, (changes, weights)) in
                changes.chunks_exact_mut(long).zip(weights.chunks_exact(long)).enumerate()
            {
                let row = token * pitch..token * pitch + pitch;
                // Σ P∘dP of a row is the product of O and its gradient.
                let mean = dot(simd, &outs[row.clone()], &grads[row]);
                for (change, weight) in changes.iter_mut().zip(weights) {
                    *change = weight * (*change - mean) * of.place.scale;
                }
                for (change, slope) in changes.iter_mut().zip(slopes.iter().skip(token * long)) {
                    *change *= slope;
                }
            }
            for start in (0..tokens).step_by(ROWS) {
                let rows = start..(start + ROWS).min(tokens);
                let left = Left { numbers: &changes, row: long, column: 1 };
                let seen = of.seen(rows.clone());
                add_product(simd, left, rows.clone(), seen, (&keys, pitch), (for_query, pitch), 0..pitch);
                // The queries that see keys `rows`: from the keys themselves on, as far as the window reaches.
                let last = of.place.window.map_or(tokens, |window| (rows.end - 1).saturating_add(window).min(tokens));
                let seeing = rows.start..last;
                let left = |numbers| Left { numbers, row: 1, column: long };
                let to = (for_key.as_mut_slice(), pitch);
                add_product(simd, left(&changes), rows.clone(), seeing.clone(), (&queries, pitch), to, 0..pitch);
                let to = (for_value.as_mut_slice(), pitch);
                add_product(simd, left(&weights), rows, seeing, (&grads, pitch), to, 0..pitch);
            }
        }
        [for_query, for_key, for_value]
    }
}

impl CustomOp3 for Attend {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(
        &self,
        q: &CpuStorage,
        ql: &Layout,
        k: &CpuStorage,
        kl: &Layout,
        v: &CpuStorage,
        vl: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let out = self.forward(numbers(q, ql)?, numbers(k, kl)?, numbers(v, vl)?);
        let tokens = self.lengths.iter().sum::<usize>();
        Ok((CpuStorage::F32(out), Shape::from((tokens, self.heads * self.width))))
    }

    fn bwd(
        &self,
        query: &Tensor,
        key: &Tensor,
        value: &Tensor,
        out: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let [q, k, v] = with_numbers(out, |out| {
            with_numbers(grad, |grad| {
                with_three([query, key, value], |query, key, value| self.backward(query, key, value, out, grad))
            })
        })?;
        let tensor = |values, like: &Tensor| Tensor::from_vec(values, like.shape(), like.device()).map(Some);
        Ok((tensor(q, query)?, tensor(k, key)?, tensor(v, value)?))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::softmax;
    use super::super::testing::{agree, sample};
    use super::*;
    use crate::lm::position::Alibi;

    /// The same sequence by sequence, with matrix products and a softmax of its own.
    fn stepwise(q: &Tensor, k: &Tensor, v: &Tensor, lengths: &[usize], place: &Scores) -> Result<Tensor> {
        let (mut start, mut outputs) = (0, Vec::new());
        let (heads, width, kv) = (q.dim(1)?, q.dim(2)?, place.kv_heads);
        for &tokens in lengths {
            let part = |t: &Tensor| t.narrow(0, start, tokens)?.transpose(0, 1)?.contiguous();
            let query = part(q)?.reshape((kv, heads / kv * tokens, width))?;
            let place = Scores { queries: tokens, first_query: 0, first_key: 0, ..place.clone() };
            let weights = softmax(&query.matmul(&part(k)?.transpose(1, 2)?)?, &place)?;
            let mixed = weights.matmul(&part(v)?)?.reshape((heads, tokens, width))?.transpose(0, 1)?.contiguous()?;
            outputs.push(mixed.reshape((tokens, heads * width))?);
            start += tokens;
        }
        Tensor::cat(&outputs, 0)
    }

    #[test]
    fn attention_in_one_step_agrees_with_products_and_softmax_in_values_and_gradients() {
        let plain = Scores {
            scale: 0.2,
            softcap: None,
            window: None,
            alibi: None,
            kv_heads: 2,
            queries: 1,
            first_query: 0,
            first_key: 0,
        };
        let slopes = |alibi: Alibi| Some((alibi, Arc::new(alibi.slopes(4))));
        let places = [
            plain.clone(),
            Scores { softcap: Some(0.9), ..plain.clone() },
            Scores { window: Some(5), ..plain.clone() },
            Scores { alibi: slopes(Alibi { falcon: false }), ..plain.clone() },
            Scores { alibi: slopes(Alibi { falcon: true }), window: Some(20), softcap: Some(2.0), ..plain },
        ];
        for width in [6, 16, 40] {
            let lengths = [1, 37, 18];
            let q = sample((56, 4, width), 1);
            let (k, v) = (sample((56, 2, width), 2), sample((56, 2, width), 3));
            for place in &places {
                let fused = || attention(&q, &k, &v, lengths.to_vec(), place);
                agree(&[&q, &k, &v], fused, || stepwise(&q, &k, &v, &lengths, place));
            }
        }
    }
}
