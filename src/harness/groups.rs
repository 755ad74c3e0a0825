//! Groups of tasks: which task is a part of which group, and what a group says because all of its tasks say it.

use std::collections::{BTreeMap, HashMap};

use crate::registry::{Format, Observation, RowKind, benchmark};

/// The groups of an evaluation and what they are made of.
#[derive(Debug, Default)]
pub(super) struct Groups<'a> {
    members: HashMap<&'a str, Vec<&'a str>>,
    named: Vec<&'a str>,
    parent: HashMap<&'a str, &'a str>,
}

impl<'a> Groups<'a> {
    /// From groups with what is directly in them, and the names of groups that are known to be such.
    pub(crate) fn new(groups: impl IntoIterator<Item = (&'a str, Vec<&'a str>)>, named: Vec<&'a str>) -> Self {
        let mut tree = Self { named, ..Self::default() };
        for (group, members) in groups {
            if members.is_empty() {
                continue;
            }
            for &member in &members {
                // Where a task is in several groups, the smallest of them says most about it.
                let size = |name: &str| tree.members.get(name).map_or(usize::MAX, Vec::len);
                let known = tree.parent.get(member).is_some_and(|known| size(known) <= members.len());
                if !known && member != group {
                    tree.parent.insert(member, group);
                }
            }
            tree.members.insert(group, members);
        }
        tree
    }

    /// Whether this is a group or a task.
    pub(crate) fn kind(&self, name: &str) -> RowKind {
        match self.members.contains_key(name) || self.named.contains(&name) {
            true => RowKind::Group,
            false => RowKind::Task,
        }
    }

    /// The group that a task or a group is a part of.
    pub(crate) fn parent(&self, name: &str) -> Option<&'a str> {
        self.parent.get(name).copied()
    }

    /// The task itself, or all tasks of a group, also through inner groups.
    pub(crate) fn tasks<'n>(&'n self, name: &'n str) -> Vec<&'n str> {
        let mut leaves = Vec::new();
        self.leaves(name, &mut leaves, 0);
        leaves
    }

    /// What `of` says of a task, or of all tasks of a group when it says the same of each.
    pub(crate) fn common<T: PartialEq + Copy>(&self, name: &str, of: &dyn Fn(&str) -> Option<T>) -> Option<T> {
        let leaves = self.tasks(name);
        let first = of(leaves.first()?)?;
        leaves.iter().all(|leaf| of(leaf) == Some(first)).then_some(first)
    }

    /// How the questions of a task or of all tasks of a group are put: as the registry knows of the benchmark, or of one
    /// that it is a part of; else as `defined` says of the task.
    pub(crate) fn format(&self, name: &str, defined: &dyn Fn(&str) -> Option<Format>) -> Option<Format> {
        self.common(name, &|task| {
            let above = std::iter::successors(Some(task), |name| self.parent(name)).take(DEEPEST);
            above.into_iter().find_map(benchmark).map(|known| known.format).or_else(|| defined(task))
        })
    }

    fn leaves<'n>(&'n self, name: &'n str, out: &mut Vec<&'n str>, depth: usize) {
        match self.members.get(name) {
            Some(members) if depth < DEEPEST => {
                members.iter().for_each(|member| self.leaves(member, out, depth + 1));
            }
            _ => out.push(name),
        }
    }
}

/// Groups within groups, at most. No suite nests this deep; a file that does so names a group within itself.
const DEEPEST: usize = 8;

/// Sets the items of every group to the sum over its parts, where all of them are known; parts before wholes.
pub(super) fn sum_items(rows: &mut [Observation]) {
    let mut items: HashMap<String, Option<u32>> = HashMap::new();
    let mut parts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in rows.iter() {
        if row.kind == RowKind::Task {
            items.insert(row.benchmark.clone(), row.items);
        }
        if let Some(group) = &row.group {
            let parts = parts.entry(group.clone()).or_default();
            if !parts.contains(&row.benchmark) {
                parts.push(row.benchmark.clone());
            }
        }
    }
    for _ in 0..parts.len() {
        for (group, members) in &parts {
            if let Some(known) = members.iter().map(|member| items.get(member).copied()).collect::<Option<Vec<_>>>() {
                items.insert(group.clone(), known.into_iter().sum());
            }
        }
    }
    for row in rows.iter_mut().filter(|row| row.kind == RowKind::Group) {
        row.items = items.get(&row.benchmark).copied().flatten();
    }
}
