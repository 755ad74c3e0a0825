//! The benchmarks that come with onset: those of arXiv 2407.07890 in both formats, leaderboard v2, and those of arXiv
//! 2507.05195.
//!
//! Each file has a mapping `shared`, and lists `tasks` and `groups`; a task is `shared` with its own keys over it.

use std::path::Path;

use super::node::{Content, Node};
use super::yaml;
use crate::error::Result;

const FILES: [(&str, &str); 9] = [
    ("built-in/mmlu.yaml", include_str!("definitions/mmlu.yaml")),
    ("built-in/mmlu_cloze.yaml", include_str!("definitions/mmlu_cloze.yaml")),
    ("built-in/paper.yaml", include_str!("definitions/paper.yaml")),
    ("built-in/mmlu_pro.yaml", include_str!("definitions/mmlu_pro.yaml")),
    ("built-in/gpqa.yaml", include_str!("definitions/gpqa.yaml")),
    ("built-in/musr.yaml", include_str!("definitions/musr.yaml")),
    ("built-in/bbh.yaml", include_str!("definitions/bbh.yaml")),
    ("built-in/math_hard.yaml", include_str!("definitions/math_hard.yaml")),
    ("built-in/train_before_test.yaml", include_str!("definitions/train_before_test.yaml")),
];

/// Every task and group, as if each stood in a file of its own.
pub(super) fn definitions() -> Result<Vec<Node>> {
    let mut all = Vec::new();
    for (name, text) in FILES {
        let file = yaml::parse(Path::new(name), text)?;
        for task in list(&file, "tasks") {
            let mut merged = Node { content: Content::Map(Vec::new()), ..task.clone() };
            let shared = file.get("shared").map(Node::entries).unwrap_or_default();
            for (key, value) in shared.iter().chain(task.entries()) {
                merged.set(key, value.clone());
            }
            all.push(merged);
        }
        all.extend(list(&file, "groups").iter().cloned());
    }
    Ok(all)
}

/// Whether a definition is read from the program, and from no file.
pub(super) fn holds(file: &Path) -> bool {
    FILES.iter().any(|(name, _)| file == Path::new(name))
}

fn list<'a>(file: &'a Node, key: &str) -> &'a [Node] {
    match file.get(key).map(|node| &node.content) {
        Some(Content::List(nodes)) => nodes,
        _ => &[],
    }
}
