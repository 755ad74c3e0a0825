//! How far a training run had come, as the names of its checkpoints say it.
//!
//! A name is read in pieces between `-`, `_`, `=`, `+`, `,` and blanks; in each a word, a number, or a word and a number.
//! Only what cannot mean anything else is a number of steps: a number is never cut, so that `step10.5k` is 10,500 steps or
//! nothing, and never 10.

use super::pieces::{Number, Piece, Unit};

/// The training step that a revision names, and the tokens where it names them too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::harness) struct Progress {
    /// Optimiser steps.
    pub step: Option<u64>,
    /// Tokens, rounded as they stand in the name.
    pub tokens: Option<u64>,
    /// Whether it is a branch of a hub, such as `step1000`, and not the folder of somebody's own run.
    pub branch: bool,
    /// Whether it has a number that may be one of steps or tokens, and may be another.
    pub unsure: bool,
    /// Whether it is a step of a later stage of training (`stage2`, `sft`), where they begin anew.
    pub later: bool,
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counted {
    Steps,
    /// Nothing but a number stands there.
    Bare,
    Epochs,
    Tokens,
    Stage,
    /// A number that may be one of steps.
    Unsure,
}

/// Words before or after a number of steps.
const STEPS: [&str; 14] = [
    "step",
    "steps",
    "globalstep",
    "checkpoint",
    "ckpt",
    "chkpt",
    "iteration",
    "iterations",
    "iter",
    "iters",
    "it",
    "ba",
    "update",
    "updates",
];
/// Short words, which may begin a model's name: what stands behind them must be known to the last piece.
const SHORT: [&str; 4] = ["it", "ba", "ep", "s"];
const EPOCHS: [&str; 3] = ["epoch", "epochs", "ep"];
const TOKENS: [&str; 3] = ["tokens", "token", "tok"];
/// Words that may stand beside a number without changing what it counts.
const BESIDE: [&str; 12] = [
    "hf",
    "tmp",
    "global",
    "unsharded",
    "sharded",
    "merged",
    "converted",
    "final",
    "last",
    "best",
    "full",
    "consolidated",
];
/// Words whose numbers count something else.
const OTHER: [&str; 3] = ["rank", "seed", "ingredient"];
/// Parts that are stages after pretraining.
const LATER: [&str; 9] = ["sft", "dpo", "ppo", "rlhf", "grpo", "finetune", "finetuned", "lora", "adapter"];

/// Endings of files with weights.
const WEIGHTS: [&str; 9] = [".bin", ".safetensors", ".pt", ".pth", ".ckpt", ".gguf", ".ggml", ".nemo", ".distcp"];

/// A part of a path as it is compared: in lower case, without the ending of a file with weights.
pub(super) fn plain(part: &str) -> String {
    let part = part.to_ascii_lowercase();
    let end = WEIGHTS.iter().find_map(|ending| part.strip_suffix(ending)).map(str::len);
    end.map_or(part.clone(), |end| part[..end].to_owned())
}

impl Progress {
    /// Of a revision such as `step1000`, `checkpoint-1000`, `iter_0001000` or `stage1-step1000-tokens5B`. Nothing of a later
    /// stage, whose steps begin anew.
    pub(crate) fn of(revision: &str) -> Self {
        let mut found = Self::default();
        if revision.starts_with("refs/") {
            // A pull request on a hub is numbered otherwise.
            return found;
        }
        let (mut steps, mut bare) = (Vec::new(), Vec::new());
        for part in revision.split('/').map(plain) {
            let read = Reading::of(&part);
            found.later |= LATER.contains(&part.as_str());
            for (counted, number) in read.numbers {
                match (counted, number) {
                    (Counted::Stage, Some(1)) | (Counted::Epochs, _) => {}
                    (Counted::Stage, _) => found.later = true,
                    (Counted::Steps, Some(step)) => steps.push(step),
                    (Counted::Bare, Some(step)) => bare.push(step),
                    (Counted::Tokens, Some(tokens)) => found.tokens = Some(tokens),
                    (Counted::Unsure | Counted::Steps | Counted::Bare | Counted::Tokens, _) => found.unsure = true,
                }
            }
        }
        if found.later {
            let counts = !steps.is_empty() || !bare.is_empty() || found.tokens.is_some();
            return Self { later: counts, ..Self::default() };
        }
        let named = if steps.is_empty() { bare } else { steps };
        found.unsure |= named.iter().any(|step| *step != named[0]);
        found.step = named.first().copied();
        if found.unsure {
            return Self { unsure: true, ..Self::default() };
        }
        let name = revision.to_ascii_lowercase();
        let plain = name.strip_prefix("stage1-").unwrap_or(&name);
        found.branch = plain.strip_prefix("step").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        found
    }

    /// Whether a folder's name, in lower case, is nothing but such a state.
    pub(super) fn is_all_of(name: &str) -> bool {
        let read = Reading::of(name);
        let counts = read.numbers.iter().any(|(counted, number)| match counted {
            Counted::Steps | Counted::Epochs | Counted::Tokens => true,
            Counted::Bare | Counted::Stage => number.is_some(),
            Counted::Unsure => read.known,
        });
        counts && (read.known || read.begins)
    }
}

/// A part of a revision, read.
struct Reading {
    numbers: Vec<(Counted, Option<u64>)>,
    /// Whether every piece is understood.
    known: bool,
    /// Whether it begins with a long word for a state and its number; then anything may follow.
    begins: bool,
}

impl Reading {
    fn of(part: &str) -> Self {
        let pieces: Vec<Piece<'_>> = part
            .split(['-', '_', '=', '+', ',', ' '])
            .filter(|text| !text.is_empty())
            .map(|text| Piece::of(text, counted_word))
            .collect();
        let mut read = Self { numbers: Vec::new(), known: !pieces.is_empty(), begins: false };
        // 32 hexadecimal digits and more are a commit; a short commit's hash has letters, and is no number.
        let whole = part.len() < 32 && part.bytes().all(|b| b.is_ascii_digit());
        if whole && !part.is_empty() {
            read.count(Counted::Bare, Number::read(part, counted_word).map(|(number, _)| number));
            return read;
        }
        let (mut at, mut lead) = (0, true);
        while at < pieces.len() {
            at += read.take(&pieces, at, lead);
            lead &= pieces[..at].iter().all(|piece| {
                piece.number.is_none() && (BESIDE.contains(&piece.word) || piece.word.is_empty())
                    || piece.word == "stage"
            });
        }
        read
    }

    /// Reads the pieces from `at` on that belong together, and says how many they are.
    fn take(&mut self, pieces: &[Piece<'_>], at: usize, lead: bool) -> usize {
        let piece = pieces[at];
        let alone = |at: usize| {
            pieces.get(at).filter(|next| next.word.is_empty() && next.number.is_some() && next.behind.is_empty())
        };
        let (number, used) = match piece.number {
            Some(number) => (Some(number), 1),
            None => match alone(at + 1) {
                Some(next) => (next.number, 2),
                None => (None, 1),
            },
        };
        let behind = pieces[at + used - 1].behind;
        let counted = match (piece.word, behind) {
            ("", behind) => match pieces.get(at + 1) {
                // `4B-tokens`, `1000-steps`: the word follows, and has no number of its own.
                Some(next) if behind.is_empty() && next.number.is_none() && alone(at + 2).is_none() => {
                    let of = counted(next.word).filter(|of| match of {
                        Counted::Steps => !matches!(number, Some(Number { unit: Unit::Billion | Unit::Trillion, .. })),
                        Counted::Tokens | Counted::Epochs => true,
                        Counted::Bare | Counted::Stage | Counted::Unsure => false,
                    });
                    // `2b-it` is a model, tuned to instructions.
                    let of = of.filter(|_| !SHORT.contains(&next.word));
                    if let Some(of) = of {
                        self.count(of, number);
                        return 2;
                    }
                    None
                }
                _ => counted(behind).filter(|_| !behind.is_empty()),
            },
            (word, "") => counted(word),
            _ => None,
        };
        let doubled = alone(at + used).is_some() && counted.is_some();
        match (counted, number) {
            // `step_1_000` has two numbers, and which of them counts is not said.
            (Some(of), Some(_)) if doubled => {
                self.count(if of == Counted::Epochs { of } else { Counted::Unsure }, None);
                self.begins |= lead && !SHORT.contains(&piece.word);
                return used + 1;
            }
            (Some(of), Some(number)) => {
                let short = SHORT.contains(&piece.word);
                if short && !matches!(number.unit, Unit::None | Unit::Thousand) {
                    // `it-7b` is a model.
                    self.known = false;
                    return used;
                }
                self.count(of, Some(number));
                self.begins |= lead && of != Counted::Stage && !piece.word.is_empty() && !short;
            }
            (None, Some(number)) if OTHER.contains(&piece.word) && behind.is_empty() => _ = number,
            // A number between words that change nothing: `1000-hf`, `hf_1000`.
            (None, Some(number)) if behind.is_empty() && self.is_only_number(pieces) => {
                let word = if piece.word.is_empty() { pieces[0].word } else { piece.word };
                let long = number.value().is_some_and(|value| value >= 100) && number.unit == Unit::None;
                match word {
                    "s" | "model" if long => self.count(Counted::Unsure, Some(number)),
                    "s" | "model" => self.known = false,
                    _ if number.unit == Unit::None => self.count(Counted::Bare, Some(number)),
                    _ => self.known = false,
                }
                // What is only a size (`4B`) may be tokens.
                if pieces.len() == 1 && piece.word.is_empty() && number.unit != Unit::None {
                    self.numbers.push((Counted::Unsure, None));
                }
            }
            (None, Some(_)) => self.known = false,
            // `step10.5x`: a word for steps, and what follows cannot be read.
            (_, None) => {
                let cut = counted_word(piece.word) && !piece.behind.is_empty();
                if cut && lead {
                    self.numbers.push((Counted::Unsure, None));
                }
                self.known &= BESIDE.contains(&piece.word) && piece.behind.is_empty();
            }
        }
        used
    }

    fn is_only_number(&self, pieces: &[Piece<'_>]) -> bool {
        let numbers = pieces.iter().filter(|piece| piece.number.is_some()).count();
        let words = |piece: &Piece<'_>| {
            piece.word.is_empty() || ["s", "model"].contains(&piece.word) || BESIDE.contains(&piece.word)
        };
        self.numbers.is_empty() && numbers == 1 && pieces.iter().all(|piece| words(piece) && piece.behind.is_empty())
    }

    fn count(&mut self, of: Counted, number: Option<Number>) {
        let value = number.and_then(|number| match (of, number.unit) {
            (Counted::Tokens, Unit::None) => number.value().filter(|tokens| *tokens >= 1_000_000),
            (Counted::Tokens, _) | (_, Unit::None | Unit::Thousand) => number.value(),
            (Counted::Steps, Unit::Million) => number.value(),
            _ => None,
        });
        // Few steps may as well be epochs, or a version.
        let few = of == Counted::Bare && value.is_none_or(|value| value < 100);
        self.numbers.push(if few { (Counted::Unsure, None) } else { (of, value) });
    }
}

fn counted(word: &str) -> Option<Counted> {
    [(&STEPS[..], Counted::Steps), (&EPOCHS, Counted::Epochs), (&TOKENS, Counted::Tokens), (&["stage"], Counted::Stage)]
        .into_iter()
        .find_map(|(words, counted)| words.contains(&word).then_some(counted))
}

fn counted_word(word: &str) -> bool {
    counted(word).is_some() && !SHORT.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(revision: &str) -> (Option<u64>, Option<u64>) {
        let progress = Progress::of(revision);
        (progress.step, progress.tokens)
    }

    #[test]
    fn steps_and_tokens_are_read_from_revisions() {
        for (revision, step) in [
            ("step1000", 1000),
            ("step0", 0),
            ("checkpoint-500", 500),
            ("tmp-checkpoint-100", 100),
            ("global_step1000/hf", 1000),
            ("global_step_1000", 1000),
            ("iter_0001000", 1000),
            ("iteration-1000", 1000),
            ("it1000", 1000),
            ("update_1000", 1000),
            ("ba1000", 1000),
            ("ep0-ba1000-rank0.pt", 1000),
            ("epoch=3-step=1000.ckpt", 1000),
            ("step=1000-epoch=3", 1000),
            ("seed42-step1000", 1000),
            ("1000", 1000),
            ("1000.pth", 1000),
            ("1000-hf", 1000),
            ("hf_1000", 1000),
            ("1000steps", 1000),
            ("step-1k", 1000),
            ("step1M", 1_000_000),
            ("step10.5k", 10_500),
            ("step1e3", 1000),
            ("step1000-seq2048", 1000),
            ("checkpoint-1000-of-5000", 1000),
            ("stage1/step1000", 1000),
            ("checkpoints/step_1000", 1000),
        ] {
            assert_eq!(read(revision), (Some(step), None), "{revision}");
        }
        for (revision, step, tokens) in [
            ("stage1-step140000-tokens294B", Some(140_000), 294e9),
            ("step1000-4Btokens", Some(1000), 4e9),
            ("step1000-tokens1.2T", Some(1000), 1.2e12),
            ("tokens-4B", None, 4e9),
            ("4B-tokens", None, 4e9),
            ("step1000-tokens4000000000", Some(1000), 4e9),
        ] {
            assert_eq!(read(revision), (step, Some(tokens as u64)), "{revision}");
        }
    }

    #[test]
    fn what_is_not_sure_is_no_number_of_steps() {
        for revision in
            ["step_1_000", "step1,000", "s1000", "model_1000", "4B", "step1B", "step10.55x", "checkpoint-1.5"]
        {
            let progress = Progress::of(revision);
            assert_eq!((progress.step, progress.tokens, progress.unsure), (None, None, true), "{revision}");
        }
        for revision in
            ["ep1", "epoch-2", "checkpoint-final", "refs/pr/3", "6fdf2e60", "abcdef1", "v1.0", "lr0.1", "4bit", "fp16"]
        {
            assert_eq!(read(revision), (None, None), "{revision}");
            assert!(!Progress::of(revision).unsure, "{revision}");
        }
        for revision in ["stage2/step1000", "stage2-ingredient1-step10-tokens1B", "sft/checkpoint-100"] {
            let progress = Progress::of(revision);
            assert_eq!((progress.step, progress.later), (None, true), "{revision}");
        }
    }

    #[test]
    fn a_branch_of_a_hub_is_told_from_a_folder() {
        assert!(["step1000", "stage1-step10-tokens1B"].iter().all(|name| Progress::of(name).branch));
        assert!(["checkpoint-10", "iter_10", "step_10"].iter().all(|name| !Progress::of(name).branch));
    }
}
