//! Which model, and which state of its weights, is meant by what an evaluation calls its model.
//!
//! | called | model | revision |
//! | --- | --- | --- |
//! | `meta-llama/Llama-2-7b-hf` | the same | – |
//! | `/data/run-7b/checkpoint-1000`, `run-7b/global_step1000` | `run-7b` | `checkpoint-1000`, `global_step1000` |
//! | `…/hub/models--meta-llama--Llama-2-7b-hf/snapshots/HASH` | `meta-llama/Llama-2-7b-hf` | `HASH` |
//! | `__data__run-7b__checkpoint-final` (a path as part of a file's name) | `run-7b` | `checkpoint-final` |
//! | `https://huggingface.co/org/name/tree/step1000` | `org/name` | `step1000` |

/// A model as an evaluation calls it, taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::harness) struct Subject {
    /// The model's own name; empty when there is nothing but a checkpoint's.
    pub name: String,
    /// The folder of the model, where the name is only the last part of a path: two folders may be two models.
    pub place: Option<String>,
    /// Which weights of the model: branch, commit, or the folders of a checkpoint.
    pub revision: Option<String>,
    /// As it was called.
    pub called: String,
}

impl Subject {
    /// A model whose name is known.
    pub(crate) fn named(name: impl Into<String>) -> Self {
        let name = name.into();
        Self { called: name.clone(), name, place: None, revision: None }
    }

    /// Takes apart what an evaluation calls its model.
    pub(crate) fn parse(called: &str) -> Self {
        let called = called.trim();
        let mut text = called.replace('\\', "/");
        if text.starts_with("__") && !text.contains('/') {
            text = text.replace("__", "/");
        }
        let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        let subject = |name: &str, place: Option<String>, revision: &[&str]| Self {
            name: name.to_owned(),
            place,
            revision: joined(revision),
            called: called.to_owned(),
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
        let is_id = match parts.as_slice() {
            [_, name] => relative && !(is_state(name) && has_separator(name)),
            [name] => relative && !is_state(name),
            _ => false,
        };
        if is_id {
            return subject(&text, None, &[]);
        }
        let own = parts.iter().rposition(|part| !is_state(part));
        let Some(own) = own else { return subject("", None, &parts) };
        let place = (own > 0).then(|| {
            let root = if text.starts_with('/') { "/" } else { "" };
            format!("{root}{}", parts[..=own].join("/"))
        });
        subject(parts[own], place, &parts[own + 1..])
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
        let says_nothing = word.is_empty() || SAYS_NOTHING.contains(&word) || kept.contains(&word);
        if !says_nothing {
            kept.push(word);
        }
    }
    (!kept.is_empty()).then(|| kept.join("/"))
}

/// Words that tell no state from another: the default branch, and folders that only hold the files.
const SAYS_NOTHING: [&str; 10] =
    ["main", "snapshots", "model", "models", "hf", "huggingface", "weights", "output", "outputs", "pytorch_model"];

/// Folders that hold some state of a model and not the model.
const STATES: [&str; 31] = [
    "snapshots",
    "checkpoint",
    "checkpoints",
    "ckpt",
    "ckpts",
    "final",
    "final_model",
    "final-model",
    "final_checkpoint",
    "final-checkpoint",
    "last",
    "latest",
    "best",
    "best_model",
    "best-model",
    "model",
    "models",
    "hf",
    "hf_model",
    "hf_ckpt",
    "hf_checkpoint",
    "huggingface",
    "consolidated",
    "converted",
    "merged",
    "merged_model",
    "output",
    "outputs",
    "weights",
    "pytorch_model",
    "export",
];

/// How the names of numbered states begin.
const NUMBERED: [&str; 9] =
    ["global_step", "global-step", "globalstep", "checkpoint", "ckpt", "step", "iteration", "iter", "epoch"];

/// Whether a folder's name says a state of a model: `checkpoint-1000`, `global_step1000`, `checkpoint-final`,
/// `stage1-step1000-tokens5B`, `final`, a commit's hash.
pub(in crate::harness) fn is_state(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let hash = name.len() >= 32 && name.bytes().all(|b| b.is_ascii_hexdigit());
    let behind = |rest: &str| {
        let rest = rest.trim_start_matches(['-', '_', '=']);
        let number = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let ends = number.chars().next().is_none_or(|c| !c.is_alphanumeric());
        (number.len() < rest.len() && ends) || STATES.contains(&rest)
    };
    let unstaged = match name.split_once('-') {
        Some((stage, rest)) if is_stage(stage) => rest,
        _ => &name,
    };
    let numbered = NUMBERED.iter().any(|prefix| unstaged.strip_prefix(prefix).is_some_and(behind));
    // A folder that is called by a number, as some trainers call their checkpoints.
    let bare = !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
    hash || bare || numbered || STATES.contains(&name.as_str())
}

fn is_stage(text: &str) -> bool {
    text.strip_prefix("stage").is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

/// `step3` may be a model's name on a hub; `step_3`, `checkpoint-3` and `global_step3` are not.
fn has_separator(name: &str) -> bool {
    !name.to_ascii_lowercase().starts_with("step") || name.contains('_')
}

/// The training step that a revision names, and the tokens where it names them too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::harness) struct Progress {
    /// Optimiser steps.
    pub step: Option<u64>,
    /// Tokens, rounded as they stand in the name.
    pub tokens: Option<u64>,
    /// Whether it is a branch of a hub, such as `step1000`, and not the folder of somebody's own run.
    pub branch: bool,
}

impl Progress {
    /// Of a revision such as `step1000`, `checkpoint-1000`, `iter_0001000` or `stage1-step1000-tokens5B`. Nothing of a later
    /// stage, whose steps begin anew.
    pub(crate) fn of(revision: &str) -> Self {
        let name = revision.to_ascii_lowercase();
        let later = |part: &str| is_stage(part) && part != "stage1";
        if name.split(['-', '_', '/']).any(later) {
            return Self::default();
        }
        let number_after = |prefix: &str| {
            let (_, rest) = name.rsplit_once(prefix)?;
            let rest = rest.trim_start_matches(['-', '_', '=']);
            let digits = &rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len())];
            Some((digits.parse::<u64>().ok()?, &rest[digits.len()..]))
        };
        let bare = || name.parse::<u64>().ok().filter(|_| name.bytes().all(|b| b.is_ascii_digit()));
        let named = ["step", "checkpoint", "ckpt", "iteration", "iter"].into_iter().find_map(number_after);
        let step = named.map(|(step, _)| step).or_else(bare);
        let tokens = number_after("tokens").and_then(|(number, unit)| {
            let unit = match unit.as_bytes().first()? {
                b'm' => 1_000_000,
                b'b' => 1_000_000_000,
                b't' => 1_000_000_000_000,
                _ => return None,
            };
            number.checked_mul(unit)
        });
        let plain = name.strip_prefix("stage1-").unwrap_or(&name);
        let branch =
            plain.strip_prefix("step").is_some_and(|rest| rest.bytes().next().is_some_and(|b| b.is_ascii_digit()));
        Self { step, tokens, branch }
    }
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

    #[test]
    fn steps_and_tokens_are_read_from_revisions() {
        let read = |revision: &str| {
            let progress = Progress::of(revision);
            (progress.step, progress.tokens, progress.branch)
        };
        assert_eq!(read("step1000"), (Some(1000), None, true));
        assert_eq!(read("stage1-step140000-tokens294B"), (Some(140_000), Some(294_000_000_000), true));
        assert_eq!(read("checkpoint-500"), (Some(500), None, false));
        assert_eq!(read("global_step1000/hf"), (Some(1000), None, false));
        assert_eq!(read("iter_0001000"), (Some(1000), None, false));
        assert_eq!(read("1000"), (Some(1000), None, false));
        assert_eq!(read("stage2-ingredient1-step10-tokens1B"), (None, None, false));
        assert_eq!(["checkpoint-final", "6fdf2e60", "v1.0"].map(|r| read(r).0), [None; 3]);
    }
}
