//! `onset models`: what can be run, what a model on disk is, and whether it computes the numbers it should.

use std::fmt::Write as _;
use std::path::PathBuf;

use candle_core::DType;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::output::{Format, print};
use super::place;
use crate::error::{Error, Result};
use crate::lm::{Architecture, Check, Finding, Found, Placement};
use crate::registry::known_models;
use crate::report::json;
use crate::report::terminal::{Align, TextTable};
use crate::train::check_training;

/// Language models: what is supported, what a model on disk is, and whether its numbers are right.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  onset models\n  onset models show pythia-70m\n  onset models show hf:EleutherAI/pythia-70m\n  onset models check fixtures/llama"
)]
pub(super) struct ModelsArgs {
    #[command(subcommand)]
    what: Option<What>,

    /// How the findings are printed.
    #[arg(long, value_enum, default_value_t, global = true)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The architectures that can be run and the models of the registry (the default).
    #[command(after_help = "Examples:\n  onset models list")]
    List,
    /// What a model is: architecture, size, context, tokenizer and the memory it needs.
    #[command(after_help = "Examples:\n  onset models show pythia-70m\n  onset models show model.gguf")]
    Show {
        /// Folder as on the hub, weights file, GGUF file, or `hf:ORG/NAME` in a build with the feature `hub`.
        #[arg(value_name = "MODEL")]
        path: PathBuf,
    },
    /// Compare a model with the reference.safetensors beside it; exit code 1 beyond tolerance.
    #[command(
        after_help = "Examples:\n  onset models check fixtures/llama\n  onset models check fixtures/llama --gradients"
    )]
    Check(CheckArgs),
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// Folder with a model and its reference.
    path: PathBuf,

    /// Compare gradients too.
    #[arg(long)]
    gradients: bool,

    /// Take the reference's optimiser steps and compare loss and gradient before each.
    #[arg(long)]
    training: bool,

    /// Largest absolute difference of a logit.
    #[arg(long, value_name = "X", default_value_t = 2e-4)]
    tolerance: f64,

    /// Device to run on: cpu, cuda, cuda:1, metal.
    #[arg(long, default_value = "cpu")]
    device: String,

    /// Number format of weights and activations: f32, bf16, f16.
    #[arg(long, default_value = "f32")]
    dtype: String,
}

pub(super) fn run(args: &ModelsArgs) -> Result<()> {
    match (&args.what, args.format) {
        (None | Some(What::List), Format::Table) => print(list()?),
        (None | Some(What::List), Format::Json) => print(json::text(&list_json()?)?),
        (Some(What::Show { path }), format) => {
            let found = Found::at(&place::model(path)?)?;
            print(match format {
                Format::Table => show(&found),
                Format::Json => json::text(&show_json(&found))?,
            })
        }
        (Some(What::Check(args)), format) => check(args, format),
    }
}

/// Architectures that are read from GGUF files.
const GGUF: [&str; 5] = ["llama", "qwen2", "qwen3", "gemma3", "phi3"];

fn list() -> Result<String> {
    let mut kinds =
        TextTable::new(&[("architecture", Align::Left), ("model_type", Align::Left), ("class", Align::Left)]);
    for kind in Architecture::ALL {
        // A class a line: no name may be cut where the terminal is narrow.
        for (line, class) in kind.classes().iter().enumerate() {
            let once = |text: String| if line == 0 { text } else { String::new() };
            let types = once(kind.model_types().join(", "));
            kinds.push(vec![once(kind.name().to_owned()), types, (*class).to_owned()]);
        }
    }
    let columns =
        [("model", Align::Left), ("architecture", Align::Left), ("params", Align::Right), ("tokens", Align::Right)];
    let mut models = TextTable::new(&columns);
    for model in known_models()?.iter() {
        let architecture = model.architecture.clone().unwrap_or_default();
        models.push(vec![model.name.clone(), architecture, short(model.params), short(model.tokens)]);
    }
    Ok(format!("{}\nGGUF: {}\n\n{}", kinds.render(80), GGUF.join(", "), models.render(80)))
}

fn list_json() -> Result<Value> {
    let kinds: Vec<Value> = Architecture::ALL
        .iter()
        .map(
            |kind| json!({ "architecture": kind.name(), "model_types": kind.model_types(), "classes": kind.classes() }),
        )
        .collect();
    let models: Vec<Value> = known_models()?
        .iter()
        .map(|m| json!({ "model": m.name, "architecture": m.architecture, "params": m.params, "tokens": m.tokens }))
        .collect();
    Ok(json!({ "architectures": kinds, "gguf": GGUF, "models": models }))
}

fn show_json(found: &Found) -> Value {
    let config = &found.config;
    let tokenizer = found.tokenizer.as_ref().map(|t| json!({ "tokens": t.len(), "bos": t.bos, "eos": t.eos }));
    let memory = |dtype: DType| json!({ "weights": found.weight_bytes(dtype), "cache_per_token": found.cache_bytes_per_token(dtype) });
    json!({
        "architecture": config.architecture.name(),
        "parameters": found.parameters(),
        "parameters_without_embeddings": found.parameters_without_embeddings(),
        "stored_as": stored_as(found),
        "layers": config.layers,
        "hidden_size": config.hidden_size,
        "heads": config.heads,
        "head_width": config.head_dim,
        "key_heads": config.kv_heads,
        "vocabulary": config.vocab_size,
        "context": config.context,
        "tokenizer": tokenizer,
        "bytes": { "f32": memory(DType::F32), "bf16": memory(DType::BF16) },
    })
}

/// The formats of the numbers in the file.
fn stored_as(found: &Found) -> Vec<&str> {
    let mut dtypes: Vec<&str> = found.tensors.iter().map(|tensor| tensor.dtype.as_str()).collect();
    dtypes.sort_unstable();
    dtypes.dedup();
    dtypes
}

fn show(found: &Found) -> String {
    let config = &found.config;
    let tokenizer = match &found.tokenizer {
        Some(tokenizer) => {
            let special = |id: Option<u32>| id.map_or("none".to_owned(), |id| id.to_string());
            format!("{} tokens, bos {}, eos {}", tokenizer.len(), special(tokenizer.bos), special(tokenizer.eos))
        }
        None => "none".to_owned(),
    };
    let memory = |dtype: DType| {
        let cache = config.context * found.cache_bytes_per_token(dtype);
        format!("{} weights + {} cache at {} tokens", bytes(found.weight_bytes(dtype)), bytes(cache), config.context)
    };
    let lines = [
        ("architecture", config.architecture.name().to_owned()),
        ("parameters", found.parameters().to_string()),
        ("without embeddings", found.parameters_without_embeddings().to_string()),
        ("stored as", stored_as(found).join(", ")),
        ("layers", config.layers.to_string()),
        ("hidden size", config.hidden_size.to_string()),
        ("heads", format!("{} of width {}, {} for keys", config.heads, config.head_dim, config.kv_heads)),
        ("vocabulary", config.vocab_size.to_string()),
        ("context", config.context.to_string()),
        ("tokenizer", tokenizer),
        ("memory in f32", memory(DType::F32)),
        ("memory in bf16", memory(DType::BF16)),
    ];
    let mut text = String::new();
    for (name, value) in lines {
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{name:<20}{value}");
    }
    text
}

fn check(args: &CheckArgs, format: Format) -> Result<()> {
    let settings = Check { logits: args.tolerance, gradients: args.gradients, ..Check::default() };
    let placement = Placement::named(&args.device, &args.dtype)?;
    let path = place::model(&args.path)?;
    let mut findings = settings.run(&path, &placement)?;
    if args.training {
        findings.extend(check_training(&path, &placement)?);
    }
    let columns =
        [("compared", Align::Left), ("difference", Align::Right), ("allowed", Align::Right), ("", Align::Left)];
    let mut table = TextTable::new(&columns);
    // Of gradients, one per tensor and the largest first, those that fail and the five largest say enough.
    let (gradients, others): (Vec<&Finding>, Vec<&Finding>) =
        findings.iter().partition(|finding| finding.what.starts_with("grad."));
    let shown = gradients.iter().enumerate().filter(|(place, finding)| *place < 5 || !finding.passed());
    for finding in others.into_iter().chain(shown.map(|(_, finding)| *finding)) {
        let verdict = if finding.passed() { "ok" } else { "TOO LARGE" };
        let (difference, allowed) = (format!("{:.2e}", finding.difference), format!("{:.0e}", finding.allowed));
        table.push(vec![finding.what.clone(), difference, allowed, verdict.to_owned()]);
    }
    let one = |f: &Finding| json!({ "compared": f.what, "difference": f.difference, "allowed": f.allowed, "passed": f.passed() });
    print(match format {
        Format::Table => table.render(80),
        Format::Json => json::text(&findings.iter().map(one).collect::<Vec<Value>>())?,
    })?;
    match findings.iter().filter(|finding| !finding.passed()).count() {
        0 => Ok(()),
        failed => Err(Error::CheckFailed(format!("{failed} of {} comparisons failed", findings.len()))),
    }
}

/// 7.0B, 1.40T.
fn short(count: f64) -> String {
    let (value, unit) = match count {
        count if count >= 1e12 => (count / 1e12, "T"),
        count if count >= 1e9 => (count / 1e9, "B"),
        count => (count / 1e6, "M"),
    };
    format!("{value:.2}{unit}")
}

fn bytes(count: usize) -> String {
    let gigabytes = count as f64 / (1u64 << 30) as f64;
    if gigabytes >= 1.0 { format!("{gigabytes:.2} GiB") } else { format!("{:.1} MiB", gigabytes * 1024.0) }
}
