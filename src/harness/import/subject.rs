//! Which model, and which state of its weights, is meant by what an evaluation calls its model.
//!
//! | called | model | revision |
//! | --- | --- | --- |
//! | `meta-llama/Llama-2-7b-hf` | the same | – |
//! | `/data/run-7b/checkpoint-1000`, `run-7b/global_step1000` | `run-7b` | `checkpoint-1000`, `global_step1000` |
//! | `…/hub/models--meta-llama--Llama-2-7b-hf/snapshots/HASH` | `meta-llama/Llama-2-7b-hf` | `HASH` |
//! | `__data__run-7b__checkpoint-final` (a path as part of a file's name) | `run-7b` | `checkpoint-final` |
//! | `https://huggingface.co/org/name/tree/step1000` | `org/name` | `step1000` |
//! | `/data/run-7b/fp16`, `/data/run-7b-step1000` | `run-7b` | `fp16`, `step1000` |
//! | `/tmp/model`, `/home/me/output/merged` | none: it may be any model | –, `merged` |

use super::progress::{Progress, plain};
use super::states::{is_general, is_size, is_state, says_no_model, says_nothing};

/// A model as an evaluation calls it, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::harness) struct Subject {
    /// The model's own name; empty when there is nothing but a checkpoint's, or words that any model may lie under.
    pub name: String,
    /// The folder of the model, where the name is only the last part of a path: two folders may be two models.
    pub place: Option<String>,
    /// Which weights of the model: branch, commit, or the folders of a checkpoint.
    pub revision: Option<String>,
    /// All that stands behind the model's own folder, words that say nothing too.
    pub within: Option<String>,
    /// The commit of the weights, where the evaluation says it besides the branch.
    pub commit: Option<String>,
    /// Where the results are, when the evaluation itself does not say which model it is of.
    pub unsaid: Option<Unsaid>,
    /// As it was called.
    pub called: String,
}

/// Where results are that do not say which model they are of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::harness) struct Unsaid {
    /// What two of them share that are of one model all the same: a folder, or nothing but the file.
    pub at: String,
    pub file: String,
}

impl Subject {
    /// A model whose name is known.
    pub(crate) fn named(name: impl Into<String>) -> Self {
        let name = name.into();
        Self { called: name.clone(), name, ..Self::default() }
    }

    /// Takes apart what an evaluation calls its model.
    pub(crate) fn parse(called: &str) -> Self {
        let called = called.trim();
        let mut text = called.strip_prefix("hf://").unwrap_or(called).replace('\\', "/");
        if text.starts_with("__") && !text.contains('/') {
            text = text.replace("__", "/");
        }
        let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        let subject = |name: &str, place: Option<String>, revision: &[&str]| Self {
            name: name.to_owned(),
            within: place.as_ref().filter(|_| !revision.is_empty()).map(|_| revision.join("/")),
            place,
            revision: joined(revision),
            called: called.to_owned(),
            ..Self::default()
        };
        if let [scheme, _, organisation, name, rest @ ..] = parts.as_slice()
            && scheme.starts_with("http")
            && scheme.ends_with(':')
        {
            return subject(&format!("{organisation}/{name}"), None, rest.strip_prefix(&["tree"]).unwrap_or(rest));
        }
        let cached = parts.iter().enumerate().find_map(|(at, part)| Some((at, part.strip_prefix("models--")?)));
        if let Some((at, id)) = cached {
            return subject(&id.replacen("--", "/", 1), None, &parts[at + 1..]);
        }
        let relative = !text.starts_with(['/', '.', '~']) && !text.ends_with('/');
        let nothing = |part: &str| is_state(part) || is_general(part);
        let is_id = match parts.as_slice() {
            [first, name] => relative && !(is_state(name) && has_separator(name)) && !(nothing(first) && nothing(name)),
            [name] => relative && !nothing(name),
            _ => false,
        };
        if is_id {
            let id = parts.join("/");
            return match id.split_once('@') {
                Some((id, branch)) if !id.is_empty() && !branch.is_empty() => subject(id, None, &[branch]),
                _ => subject(&id, None, &[]),
            };
        }
        let absolute = text.starts_with('/');
        let own = (0..parts.len()).rev().find(|at| !says_no_model(&parts, *at, absolute));
        let Some(mut own) = own else {
            // The states at the end of a path of general words.
            let from = parts.iter().rposition(|part| !is_state(part)).map_or(0, |at| at + 1);
            return subject("", None, &parts[from..]);
        };
        let mut name = parts[own].to_owned();
        let above = (0..own).rev().find(|at| !says_no_model(&parts, *at, absolute));
        if let Some(above) = above.filter(|_| is_size(&name)) {
            // `Qwen3/4B` is a model of a family, `run-7b/4B` a state of a model.
            if parts[above].split(['-', '_']).any(is_size) {
                own = above;
                name = parts[own].to_owned();
            } else {
                name = format!("{}/{name}", parts[above]);
            }
        }
        let root = if absolute { "/" } else { "" };
        let place = |name: &str| {
            let above = &parts[..own];
            (own > 0).then(|| format!("{root}{}/{name}", above.join("/")))
        };
        let behind = &parts[own + 1..];
        match with_step(&name).filter(|_| own > 0 || !relative) {
            Some((model, step)) => {
                let words: Vec<&str> = std::iter::once(step).chain(behind.iter().copied()).collect();
                subject(model, place(model), &words)
            }
            None => subject(&name, place(parts[own]), behind),
        }
    }

    /// The same with further words for its revision, before those that are known.
    pub(crate) fn at_revision(mut self, words: &[&str]) -> Self {
        let known = self.revision.take();
        let all: Vec<&str> = words.iter().copied().chain(known.as_deref()).collect();
        self.revision = joined(&all);
        self
    }
}

/// The revision that these words make together; none for the default branch.
fn joined(words: &[&str]) -> Option<String> {
    let mut kept: Vec<&str> = Vec::new();
    for word in words.iter().map(|word| word.trim().trim_matches('/')) {
        if !(word.is_empty() || says_nothing(word) || kept.contains(&word)) {
            kept.push(word);
        }
    }
    (!kept.is_empty()).then(|| kept.join("/"))
}

/// `step3` may be a model's name on a hub; `step_3`, `checkpoint-3` and `global_step3` are not.
fn has_separator(name: &str) -> bool {
    !name.to_ascii_lowercase().starts_with("step") || name.contains('_')
}

/// The model and the step in the name of a folder such as `run-7b-step1000`.
fn with_step(name: &str) -> Option<(&str, &str)> {
    const WORDS: [&str; 7] = ["global_step", "globalstep", "step", "checkpoint", "ckpt", "iter", "iteration"];
    let signs = name.match_indices(['-', '_']).map(|(at, _)| at);
    let mut ends = signs.map(|at| (&name[..at], &name[at + 1..])).filter(|(model, _)| !model.is_empty());
    ends.find(|(model, end)| {
        let plain = plain(end);
        let step =
            WORDS.iter().find_map(|word| plain.strip_prefix(word)).map(|n| n.trim_start_matches(['-', '_', '=']));
        let number = step.is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
        number && Progress::of(&plain).step.is_some() && !is_state(model) && !is_general(model)
    })
}

/// For every one of different folders the shortest end of it that no other has.
pub(super) fn shortest_ends(places: &[&str]) -> Vec<String> {
    let parts: Vec<Vec<&str>> = places.iter().map(|p| p.split('/').filter(|part| !part.is_empty()).collect()).collect();
    let end = |of: &[&str], length: usize| of[of.len().saturating_sub(length)..].join("/");
    let longest = parts.iter().map(Vec::len).max().unwrap_or(0);
    let shortest = |at: usize| {
        let alone = |length: &usize| {
            let own = end(&parts[at], *length);
            parts.iter().enumerate().all(|(other, of)| other == at || end(of, *length) != own)
        };
        (1..=longest).find(alone).map_or_else(|| places[at].to_owned(), |length| end(&parts[at], length))
    };
    (0..places.len()).map(shortest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_called_by_its_own_name_and_not_by_its_checkpoints() {
        let hash = "6fdf2e60f86ff2481f2241aaee459f85b5b0bbb9";
        let cache = format!("/home/u/.cache/huggingface/hub/models--meta-llama--Llama-2-7b-hf/snapshots/{hash}");
        let without = format!("/hub/models--gpt2/snapshots/{hash}/");
        for (called, name, revision) in [
            ("meta-llama/Llama-2-7b-hf", "meta-llama/Llama-2-7b-hf", None),
            ("gpt2", "gpt2", None),
            ("stepfun-ai/step3", "stepfun-ai/step3", None),
            ("/scratch/run-1b/checkpoint-1000", "run-1b", Some("checkpoint-1000")),
            ("run-1b/checkpoint-1000", "run-1b", Some("checkpoint-1000")),
            ("./run-1b/global_step1000/hf", "run-1b", Some("global_step1000")),
            ("/x/run-1b/step_10/", "run-1b", Some("step_10")),
            ("/x/run-1b/iter_0001000_hf", "run-1b", Some("iter_0001000_hf")),
            ("/x/run-1b/1000", "run-1b", Some("1000")),
            ("/x/run-1b/consolidated", "run-1b", Some("consolidated")),
            ("C:\\runs\\run-1b\\checkpoint-final", "run-1b", Some("checkpoint-final")),
            ("__scratch__me__runs__Qwen2.5-0.5B-ft__checkpoint-final", "Qwen2.5-0.5B-ft", Some("checkpoint-final")),
            (&cache, "meta-llama/Llama-2-7b-hf", Some(hash)),
            (&without, "gpt2", Some(hash)),
            ("https://huggingface.co/org/name/tree/step1000", "org/name", Some("step1000")),
            ("hf://org/name", "org/name", None),
            ("/models/llama-7b-hf/consolidated.00.pth", "llama-7b-hf", Some("consolidated.00.pth")),
            ("checkpoint-1000", "", Some("checkpoint-1000")),
        ] {
            let subject = Subject::parse(called);
            assert_eq!((subject.name.as_str(), subject.revision.as_deref()), (name, revision), "{called}");
        }
    }

    #[test]
    fn a_folder_is_kept_where_the_name_is_only_its_last_part() {
        assert_eq!(Subject::parse("/a/run/checkpoint-1").place.as_deref(), Some("/a/run"));
        assert_eq!(
            ["org/name", "run/checkpoint-1", "run"].map(|called| Subject::parse(called).place),
            [const { None }; 3]
        );
        let ends = shortest_ends(&["/a/x/run", "/b/x/run", "/a/y/run"]);
        assert_eq!(ends, ["a/x/run", "b/x/run", "y/run"]);
    }

    #[test]
    fn the_default_branch_is_no_revision_of_its_own() {
        assert_eq!(Subject::named("a").at_revision(&["main"]).revision, None);
        let both = Subject::parse("/a/run/checkpoint-1").at_revision(&["ft", "checkpoint-1"]);
        assert_eq!(both.revision.as_deref(), Some("ft/checkpoint-1"));
    }
}
