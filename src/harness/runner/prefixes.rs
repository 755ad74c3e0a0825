//! A tree of token sequences in which what several begin with is stored, and later read, once.
//!
//! Each node continues its parent by a stretch of tokens. Sharing a stretch of e tokens among k continuations saves
//! (k − 1)·e tokens and costs a forward pass more, so stretches that save little are given back to the continuations.

/// The tree.
#[derive(Debug)]
pub(super) struct Prefixes {
    pub nodes: Vec<Node>,
    /// Nodes without a parent, in the order of their sequences.
    pub roots: Vec<usize>,
    /// For each sequence the node that holds its last token.
    pub last: Vec<usize>,
}

/// A stretch of tokens.
#[derive(Debug)]
pub(super) struct Node {
    pub parent: Option<usize>,
    /// A sequence that has this stretch.
    pub sequence: usize,
    /// The stretch's place in it.
    pub from: usize,
    pub to: usize,
    pub children: Vec<usize>,
    /// Tokens of this node and all below it.
    pub size: usize,
}

/// Shorter stretches are never shared: the pieces of attention they would make cost more than they save.
const SHORTEST: usize = 8;

/// Tokens that must be saved by sharing among sequences that are read together, and among many that are not, for which
/// the stretch is read by itself.
const WORTH_A_STEP: usize = 16;
const WORTH_A_PASS: usize = 64;

impl Prefixes {
    /// The tree of `sequences`, which must be sorted and different from each other and have at least one token each;
    /// what has more than `together` tokens will not be read together.
    pub(crate) fn new<T: AsRef<[u32]>>(sequences: &[T], together: usize) -> Self {
        let mut tree = Self { nodes: Vec::new(), roots: Vec::new(), last: Vec::with_capacity(sequences.len()) };
        let mut path: Vec<usize> = Vec::new();
        for (sequence, tokens) in sequences.iter().enumerate() {
            let tokens = tokens.as_ref();
            let before = sequence.checked_sub(1).map_or(&[][..], |before| sequences[before].as_ref());
            let alike = before.iter().zip(tokens).take_while(|(a, b)| a == b).count();
            while path.last().is_some_and(|&node| tree.nodes[node].from >= alike) {
                path.pop();
            }
            if let Some(&node) = path.last()
                && tree.nodes[node].to > alike
            {
                tree.split(node, alike);
                path.pop();
                path.push(tree.nodes.len() - 1);
            }
            let node = tree.add(path.last().copied(), sequence, alike, tokens.len());
            path.push(node);
            tree.last.push(node);
        }
        tree.thin(together);
        tree
    }

    /// The node under `last` that holds the token at `position` of its sequence.
    pub(crate) fn holder(&self, last: usize, position: usize) -> usize {
        let mut node = last;
        while position < self.nodes[node].from {
            match self.nodes[node].parent {
                Some(parent) => node = parent,
                None => break,
            }
        }
        node
    }

    fn add(&mut self, parent: Option<usize>, sequence: usize, from: usize, to: usize) -> usize {
        let node = self.nodes.len();
        self.nodes.push(Node { parent, sequence, from, to, children: Vec::new(), size: 0 });
        self.siblings(parent).push(node);
        node
    }

    /// The first tokens of `node`, up to position `at`, become its parent: the newest node.
    fn split(&mut self, node: usize, at: usize) {
        let first = self.nodes.len();
        let Node { parent, sequence, from, .. } = self.nodes[node];
        self.nodes.push(Node { parent, sequence, from, to: at, children: vec![node], size: 0 });
        for sibling in self.siblings(parent) {
            if *sibling == node {
                *sibling = first;
            }
        }
        self.nodes[node].parent = Some(first);
        self.nodes[node].from = at;
    }

    fn siblings(&mut self, parent: Option<usize>) -> &mut Vec<usize> {
        match parent {
            Some(parent) => &mut self.nodes[parent].children,
            None => &mut self.roots,
        }
    }

    /// Gives stretches that save little back to what continues them, and adds up sizes.
    fn thin(&mut self, together: usize) {
        let mut gone: Vec<Option<usize>> = vec![None; self.nodes.len()];
        for node in self.upward() {
            let Node { parent, from, to, .. } = self.nodes[node];
            let children = std::mem::take(&mut self.nodes[node].children);
            let (length, count) = (to - from, children.len());
            let size = length + children.iter().map(|&child| self.nodes[child].size).sum::<usize>();
            let saved = length * count.saturating_sub(1);
            let worth = if size > together { WORTH_A_PASS } else { WORTH_A_STEP };
            if count == 0 || (length >= SHORTEST && saved >= worth) {
                self.nodes[node].size = size;
                self.nodes[node].children = children;
                continue;
            }
            for &child in &children {
                self.nodes[child].parent = parent;
                self.nodes[child].from = from;
                self.nodes[child].size += length;
            }
            gone[node] = Some(children[0]);
            let siblings = self.siblings(parent);
            if let Some(place) = siblings.iter().position(|&sibling| sibling == node) {
                siblings.splice(place..=place, children);
            }
        }
        for last in &mut self.last {
            while let Some(first) = gone[*last] {
                *last = first;
            }
        }
    }

    /// All nodes, each after those below it.
    fn upward(&self) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.nodes.len());
        let mut open = self.roots.clone();
        while let Some(node) = open.pop() {
            order.push(node);
            open.extend_from_slice(&self.nodes[node].children);
        }
        order.reverse();
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelled(tree: &Prefixes, sequences: &[Vec<u32>], node: usize) -> Vec<u32> {
        let Node { parent, sequence, from, to, .. } = tree.nodes[node];
        let mut tokens = parent.map_or_else(Vec::new, |parent| spelled(tree, sequences, parent));
        assert_eq!(tokens.len(), from);
        tokens.extend_from_slice(&sequences[sequence][from..to]);
        tokens
    }

    #[test]
    fn every_sequence_is_spelled_by_its_path_and_long_prefixes_are_stored_once() {
        let prefix: Vec<u32> = (0..100).collect();
        let mut sequences = Vec::new();
        for item in 0..5u32 {
            let context = [&prefix[..], &[200 + item; 20][..]].concat();
            for choice in 0..4 {
                sequences.push([&context[..], &[300 + choice, 7]].concat());
            }
            // A sequence that others begin with.
            sequences.push(context);
        }
        sequences.push(vec![9, 9]);
        sequences.sort();
        let tree = Prefixes::new(&sequences, 50);
        for (sequence, tokens) in sequences.iter().enumerate() {
            let spelled = spelled(&tree, &sequences, tree.last[sequence]);
            assert!(spelled.starts_with(tokens), "{tokens:?} {spelled:?}");
            let last = &tree.nodes[tree.last[sequence]];
            assert!(last.from < tokens.len() && tokens.len() <= last.to);
        }
        let stored: usize = tree.roots.iter().map(|&root| tree.nodes[root].size).sum();
        assert_eq!(stored, 100 + 5 * (20 + 4 * 2) + 2);
    }

    #[test]
    fn what_saves_little_is_not_shared() {
        // All begin with one token, and two of them with two.
        let sequences: Vec<Vec<u32>> = vec![vec![1, 2, 3], vec![1, 2, 4], vec![1, 5, 6]];
        let tree = Prefixes::new(&sequences, 1000);
        assert_eq!(tree.roots.len(), 3);
        assert!(tree.roots.iter().all(|&root| tree.nodes[root].from == 0 && tree.nodes[root].size == 3));
    }
}
