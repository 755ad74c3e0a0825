//! What is read when: prompts arranged so that no stretch of tokens is read twice, in batches that fit into memory.
//!
//! The tree of [`Prefixes`] is cut into *units*, subtrees small enough to be read together level by level, and *stems*,
//! stretches above units that are read by themselves and remembered until the last unit under them is done. A batch is a
//! run of units. The plan depends on the requests and the limits alone, so a run that was interrupted and goes on makes
//! the same batches, reads each that is not finished as it would have been read, and gets the same bits.

use std::collections::HashMap;

use super::encode::{Prompt, PromptWork};
use super::limits::Limits;
use super::prefixes::Prefixes;
use crate::lm::Query;

/// The plan.
#[derive(Debug)]
pub(super) struct Plan {
    sequences: Vec<Vec<u32>>,
    tree: Prefixes,
    /// What is asked at the tokens of each node.
    pub asked: Vec<Asked>,
    pub batches: Vec<Batch>,
}

/// Everything asked at the tokens of one node.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// In the order of their tokens.
    pub questions: Vec<Query>,
    pub scores: Vec<Score>,
    pub writes: Vec<Write>,
}

/// One token of a continuation.
#[derive(Debug)]
pub(super) struct Score {
    pub request: usize,
    /// Which question, and which of its tokens.
    pub question: usize,
    pub token: usize,
}

/// A continuation to be written.
#[derive(Debug)]
pub(super) struct Write {
    pub request: usize,
    pub question: usize,
    pub most: usize,
}

/// Nodes that are read together, and the requests they answer.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub units: Vec<usize>,
    /// Nodes above units that are asked about something themselves.
    pub stems: Vec<usize>,
    pub requests: Vec<usize>,
    /// Stems that no later batch needs.
    pub finished: Vec<usize>,
    tokens: usize,
    writes: usize,
}

impl Plan {
    pub(crate) fn new(prompts: Vec<Prompt>, limits: &Limits) -> Self {
        let mut sequences: Vec<Vec<u32>> = Vec::new();
        let mut known: HashMap<Vec<u32>, usize> = HashMap::new();
        let mut works = Vec::with_capacity(prompts.len());
        for Prompt { request, tokens, work } in prompts {
            let next = known.len();
            works.push(Wish { request, sequence: *known.entry(tokens).or_insert(next), work });
        }
        let mut order: Vec<(Vec<u32>, usize)> = known.into_iter().collect();
        order.sort_unstable();
        let mut place = vec![0; order.len()];
        for (sorted, (tokens, first)) in order.into_iter().enumerate() {
            place[first] = sorted;
            sequences.push(tokens);
        }
        let together = (limits.tokens / UNITS).max(1);
        let tree = Prefixes::new(&sequences, together);
        let asked = asked(&tree, &sequences, &place, &works);
        let mut plan = Self { sequences, tree, asked, batches: Vec::new() };
        plan.cut(limits, together);
        plan
    }

    /// Tokens of a node.
    pub(crate) fn tokens(&self, node: usize) -> &[u32] {
        let node = &self.tree.nodes[node];
        &self.sequences[node.sequence][node.from..node.to]
    }

    /// Position of a node's first token.
    pub(crate) fn from(&self, node: usize) -> usize {
        self.tree.nodes[node].from
    }

    pub(crate) fn parent(&self, node: usize) -> Option<usize> {
        self.tree.nodes[node].parent
    }

    pub(crate) fn children(&self, node: usize) -> &[usize] {
        &self.tree.nodes[node].children
    }

    pub(crate) fn nodes(&self) -> usize {
        self.tree.nodes.len()
    }

    /// Tokens that are read if nothing is known yet, those that are written aside.
    pub(crate) fn size(&self) -> usize {
        self.tree.roots.iter().map(|&root| self.tree.nodes[root].size).sum()
    }

    fn cut(&mut self, limits: &Limits, together: usize) {
        let mut batch = Batch::default();
        let mut latest: HashMap<usize, usize> = HashMap::new();
        let mut open: Vec<usize> = self.tree.roots.iter().rev().copied().collect();
        while let Some(node) = open.pop() {
            let unit = self.children(node).is_empty() || self.tree.nodes[node].size <= together;
            let added = if unit { self.unit(node) } else { self.stem(node) };
            if !batch.holds(&added, limits) {
                self.batches.push(std::mem::take(&mut batch));
            }
            batch.add(added);
            let mut above = if unit { self.parent(node) } else { Some(node) };
            while let Some(stem) = above {
                latest.insert(stem, self.batches.len());
                above = self.parent(stem);
            }
            if !unit {
                open.extend(self.children(node).iter().rev());
            }
        }
        self.batches.push(batch);
        for (stem, last) in latest {
            self.batches[last].finished.push(stem);
        }
        for batch in &mut self.batches {
            batch.requests.sort_unstable();
            batch.requests.dedup();
        }
    }

    /// A subtree as a batch of its own.
    fn unit(&self, top: usize) -> Batch {
        let mut batch = Batch { units: vec![top], tokens: self.tree.nodes[top].size, ..Batch::default() };
        let mut open = vec![top];
        while let Some(node) = open.pop() {
            self.count(node, &mut batch);
            open.extend(self.children(node));
        }
        batch
    }

    fn stem(&self, node: usize) -> Batch {
        let mut batch = Batch::default();
        self.count(node, &mut batch);
        if !batch.requests.is_empty() {
            batch.stems.push(node);
        }
        batch
    }

    fn count(&self, node: usize, batch: &mut Batch) {
        let Asked { scores, writes, .. } = &self.asked[node];
        batch.requests.extend(scores.iter().map(|score| score.request));
        batch.requests.extend(writes.iter().map(|write| write.request));
        batch.writes += writes.len();
        batch.tokens += writes.iter().map(|write| write.most).sum::<usize>();
    }
}

/// Units in a batch, at least: a batch should not end far below its limit because the next unit is large.
const UNITS: usize = 4;

impl Batch {
    /// Whether `more` can be read with this.
    fn holds(&self, more: &Self, limits: &Limits) -> bool {
        let nothing = |batch: &Self| batch.units.is_empty() && batch.stems.is_empty();
        if nothing(self) || nothing(more) {
            return true;
        }
        let (tokens, writes) = (self.tokens + more.tokens, self.writes + more.writes);
        match (self.writes > 0, more.writes > 0) {
            (false, false) => tokens <= limits.tokens,
            (true, true) => writes <= limits.sequences && tokens <= limits.remembered,
            _ => false,
        }
    }

    fn add(&mut self, more: Self) {
        self.units.extend(more.units);
        self.stems.extend(more.stems);
        self.requests.extend(more.requests);
        self.tokens += more.tokens;
        self.writes += more.writes;
    }
}

/// What a request wants of a sequence; the sequences are numbered as they came.
struct Wish {
    request: usize,
    sequence: usize,
    work: PromptWork,
}

/// One thing asked at a token.
#[derive(Debug, Clone)]
struct Mark {
    /// The token's place in its node.
    after: usize,
    request: usize,
    wanted: Wanted,
}

#[derive(Debug, Clone)]
enum Wanted {
    /// The probability of this token.
    Token(u32),
    /// So many tokens; whether they are drawn.
    Text(usize, bool),
}

/// Distributes what is asked of each prompt over the nodes it passes.
fn asked(tree: &Prefixes, sequences: &[Vec<u32>], place: &[usize], wishes: &[Wish]) -> Vec<Asked> {
    let mut marks: Vec<Vec<Mark>> = vec![Vec::new(); tree.nodes.len()];
    for &Wish { request, sequence: first, ref work } in wishes {
        let sequence = place[first];
        let (last, length) = (tree.last[sequence], sequences[sequence].len());
        let mut mark = |position: usize, wanted: Wanted| {
            let node = tree.holder(last, position);
            marks[node].push(Mark { after: position - tree.nodes[node].from, request, wanted });
        };
        match work {
            PromptWork::Score(scored) => {
                for (position, &token) in (length - scored.len()..).zip(scored) {
                    mark(position, Wanted::Token(token));
                }
            }
            PromptWork::Write(most) => mark(length - 1, Wanted::Text(*most, false)),
            PromptWork::Draw(most) => mark(length - 1, Wanted::Text(*most, true)),
        }
    }
    marks.into_iter().map(of_node).collect()
}

fn of_node(mut marks: Vec<Mark>) -> Asked {
    marks.sort_by_key(|mark| (mark.after, mark.request));
    let mut asked = Asked::default();
    for Mark { after, request, wanted } in marks {
        if asked.questions.last().is_none_or(|question| question.after != after) {
            asked.questions.push(Query { after, ..Query::default() });
        }
        let question = asked.questions.len() - 1;
        match wanted {
            Wanted::Text(most, drawn) => {
                asked.questions[question].logits |= drawn;
                asked.writes.push(Write { request, question, most });
            }
            Wanted::Token(token) => {
                let tokens = &mut asked.questions[question].tokens;
                let known = tokens.iter().position(|&known| known == token);
                let token = known.unwrap_or_else(|| {
                    tokens.push(token);
                    tokens.len() - 1
                });
                asked.scores.push(Score { request, question, token });
            }
        }
    }
    asked
}
