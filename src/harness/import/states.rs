//! Which parts of a path say a state of a model's weights, and which say nothing of a model at all.

use super::progress::{Progress, plain};

/// Words that tell no state from another: the default branch, and folders that only hold the files.
const SAYS_NOTHING: [&str; 19] = [
    "main",
    "snapshots",
    "snapshot",
    "model",
    "models",
    "hf",
    "huggingface",
    "weights",
    "out",
    "output",
    "outputs",
    "results",
    "converted_hf",
    "pytorch_model",
    "resolve",
    "transformers",
    "pytorch",
    "default",
    "ckpts",
];

/// Folders and files that hold some state of a model and not the model.
const STATES: [&str; 42] = [
    "snapshots",
    "snapshot",
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
    "best-checkpoint",
    "best_checkpoint",
    "last-checkpoint",
    "last_checkpoint",
    "model",
    "models",
    "model_final",
    "full_model",
    "saved_model",
    "lit_model",
    "hf",
    "hf_model",
    "hf_ckpt",
    "hf_checkpoint",
    "huggingface",
    "consolidated",
    "converted",
    "converted_hf",
    "merged",
    "merged_model",
    "output",
    "outputs",
    "weights",
    "pytorch_model",
    "export",
    "adapter_model",
];

/// Folders that say nothing of the model in them: stages and kinds of its weights, and places where anything may lie.
const GENERAL: [&str; 66] = [
    "actor",
    "adapter",
    "adapters",
    "artifacts",
    "awq",
    "base",
    "bf16",
    "cache",
    "content",
    "data",
    "default",
    "dpo",
    "drive",
    "finetune",
    "finetuned",
    "fp16",
    "fp32",
    "fsx",
    "gdrive",
    "ggml",
    "gguf",
    "gptq",
    "grpo",
    "home",
    "input",
    "inputs",
    "int4",
    "int8",
    "job",
    "kaggle",
    "local",
    "logs",
    "lora",
    "main",
    "mnt",
    "mydrive",
    "none",
    "out",
    "ppo",
    "project",
    "projects",
    "pytorch",
    "quantized",
    "resolve",
    "result",
    "results",
    "rlhf",
    "root",
    "safetensors",
    "scratch",
    "sft",
    "share",
    "shared",
    "storage",
    "temp",
    "tmp",
    "train",
    "training",
    "transformers",
    "user",
    "users",
    "volume",
    "work",
    "workdir",
    "workspace",
    "4bit",
];

/// Whether a folder's name says a state of a model: `checkpoint-1000`, `global_step1000`, `checkpoint-final`,
/// `stage1-step1000-tokens5B`, `ep0-ba1000-rank0.pt`, `final`, a commit's hash.
pub(in crate::harness) fn is_state(name: &str) -> bool {
    let name = plain(name);
    let hash = name.len() >= 32 && name.bytes().all(|b| b.is_ascii_hexdigit());
    // llama.cpp's own name for whatever it converts.
    let converted = name.starts_with("ggml-model");
    let final_of = ["checkpoint", "ckpt", "step", "epoch", "global_step", "global-step", "iter"]
        .iter()
        .filter_map(|prefix| name.strip_prefix(prefix))
        .any(|rest| STATES.contains(&rest.trim_start_matches(['-', '_', '='])));
    // Meta's own files, and folders of seeds of one run.
    let digits = |rest: &str| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit());
    let numbered =
        ["consolidated.", "seed_", "seed-", "seed"].iter().any(|word| name.strip_prefix(word).is_some_and(digits));
    hash || converted || final_of || numbered || STATES.contains(&name.as_str()) || Progress::is_all_of(&name)
}

/// Whether a folder's name says nothing of a model, though no state of one either.
pub(in crate::harness) fn is_general(name: &str) -> bool {
    GENERAL.contains(&plain(name).as_str())
}

/// Folders that say nothing of a model where they stand first.
const ROOTS: [&str; 10] = ["app", "dev", "etc", "lib", "media", "nfs", "opt", "srv", "usr", "var"];

/// Whether the part of a path at this place says nothing of the model: its own words, or its place.
pub(super) fn says_no_model(parts: &[&str], at: usize, absolute: bool) -> bool {
    let part = parts[at];
    let above = at.checked_sub(1).map(|above| parts[above]);
    let user = absolute && at == 1 && above.is_some_and(|above| ["home", "Users"].contains(&above));
    let root = absolute && at == 0 && ROOTS.contains(&part);
    // `C:`, `s3:` and the bucket behind it.
    let bucket = at == 1 && above.is_some_and(|above| above.len() > 2 && above.ends_with(':'));
    let scheme = at == 0 && part.ends_with(':');
    // Python's folders for a while.
    let temporary = above == Some("tmp") && part.starts_with("tmp") && part.len() == 11;
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    let date = digits >= 8 && part.chars().all(|c| c.is_ascii_digit() || "-_T:.+Z".contains(c));
    let place = user || root || bucket || scheme || temporary || date;
    place || is_state(part) || is_general(part) || part.starts_with('.') || part == "~"
}

/// Whether this word of a revision tells no state from another.
pub(super) fn says_nothing(word: &str) -> bool {
    SAYS_NOTHING.contains(&plain(word).as_str())
}

/// `4B`, `1.5b`, `70M`: the size of a model, or a number of tokens, and nothing else.
pub(super) fn is_size(part: &str) -> bool {
    let digits = part.strip_suffix(['b', 'B', 'm', 'M', 't', 'T']);
    digits.is_some_and(|digits| digits.starts_with(|c: char| c.is_ascii_digit()) && digits.parse::<f64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_states_are_told_from_folders_of_models() {
        for state in [
            "checkpoint-1000",
            "tmp-checkpoint-100",
            "global_step1000",
            "iter_0001000_hf",
            "step1000-unsharded",
            "ba1000",
            "ep0-ba1000-rank0.pt",
            "ep1",
            "it1000",
            "update_1000",
            "epoch=3-step=1000.ckpt",
            "1000",
            "1000-hf",
            "hf_1000",
            "1000.pth",
            "model_1000",
            "s1000",
            "1000steps",
            "step-1k",
            "step10.5k",
            "step_1_000",
            "tokens-4B",
            "stage2",
            "last.ckpt",
            "checkpoint-final",
            "model.safetensors",
            "ggml-model-Q4_K_M.gguf",
            "consolidated.00.pth",
            "last-checkpoint",
            "seed_1",
        ] {
            assert!(is_state(state), "{state}");
        }
        for model in [
            "run-7b",
            "llama-7b",
            "it-7b",
            "2b-it",
            "model-7b",
            "model_1",
            "s1",
            "s1-32b",
            "pythia-1.4b",
            "ba",
            "v1.0",
            "gpt2",
            "opt",
            "batch_32",
            "7b-update",
        ] {
            assert!(!is_state(model) && !is_general(model), "{model}");
        }
    }

    #[test]
    fn a_place_says_no_model() {
        for path in [
            "/opt/model",
            "/home/ann/model",
            "/tmp/tmpab12cd34/model",
            "/scratch/2024-05-01/model",
            "/mnt/12345678/out",
        ] {
            let parts: Vec<&str> = path.split('/').skip(1).collect();
            assert!((0..parts.len()).all(|at| says_no_model(&parts, at, true)), "{path}");
        }
        assert!(!says_no_model(&["models", "opt", "checkpoint-1"], 1, true));
        assert!((0..3).all(|at| says_no_model(&["s3:", "bucket", "model"], at, false)));
        assert!(!says_no_model(&["C:", "run", "model"], 1, false));
    }
}
