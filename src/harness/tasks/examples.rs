//! Which examples stand before an item.
//!
//! lm-evaluation-harness keeps an item out of its own examples only where the task names the tested split as that of its
//! examples, or names neither. A task that names a tested split and nothing to draw from draws from the tested split all
//! the same, and then an item may stand among its own examples, with its answer.

use super::config::{Config, Sampler};
use super::draw::Draw;
use super::sampling::Random;
use super::value::Value;

/// The documents that examples are drawn from.
pub(super) struct Examples<'a> {
    config: &'a Config,
    pub docs: Vec<Value>,
    /// Whether they are the documents that are tested, in the same order.
    tested: bool,
    pub shots: usize,
    no_self: bool,
    /// Where the draw begins.
    pub seed: u64,
    random: Random,
}

impl<'a> Examples<'a> {
    /// `tested` says whether `docs` are those that are tested.
    pub(crate) fn new(config: &'a Config, docs: Vec<Value>, tested: bool, draw: &Draw) -> Self {
        let shots = match (config.shots, draw.shots) {
            (Some(0), _) => 0,
            (own, asked) => asked.or(own).unwrap_or(0),
        };
        let (no_self, seed) = (draw.no_self_shots, draw.seed);
        Self { config, docs, tested, shots, no_self, seed, random: Random::new(seed) }
    }

    /// Whether an example is the item itself: the same document, or the same place of the same split.
    pub(crate) fn is_own(&self, id: usize, doc_id: usize, doc: &Value) -> bool {
        is_own(&self.docs, self.tested, id, doc_id, doc)
    }

    /// The examples before one item. The sampler's state runs on from item to item.
    pub(crate) fn draw(&mut self, doc_id: usize, doc: &Value) -> Result<Vec<usize>, String> {
        let (count, few) = (self.shots, &self.config.few_shot);
        if count == 0 {
            return Ok(Vec::new());
        }
        let named = few.split == self.config.test;
        let all = self.docs.len();
        let (docs, random, no_self, tested) = (&self.docs, &mut self.random, self.no_self, self.tested);
        let own = |id: usize| match no_self {
            true => is_own(docs, tested, id, doc_id, doc),
            false => named && docs[id] == *doc,
        };
        let enough = |ids: Vec<usize>| match ids.len() {
            have if have < count => Err(format!("{count} few-shot examples are asked for, there are {have}")),
            _ => Ok(ids),
        };
        match few.sampler {
            Sampler::First => enough((0..all).filter(|id| !own(*id)).take(count).collect()),
            Sampler::Random if !named && !no_self => random.sample(all, count),
            Sampler::Random => {
                let most = if no_self { (count + 1).min(all) } else { count + 1 };
                let drawn = random.sample(all, most)?;
                let mut ids: Vec<usize> = drawn.into_iter().filter(|id| !own(*id)).collect();
                ids.truncate(count);
                if ids.len() < count {
                    let pool: Vec<usize> = (0..all).filter(|id| !own(*id)).collect();
                    ids = random.sample(pool.len(), count)?.into_iter().map(|at| pool[at]).collect();
                }
                Ok(ids)
            }
        }
    }
}

fn is_own(docs: &[Value], tested: bool, id: usize, doc_id: usize, doc: &Value) -> bool {
    (tested && id == doc_id) || docs.get(id) == Some(doc)
}
