//! `onset finetune`: a model on task data, with checkpoints on the way.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::{Args, ValueEnum};
use indicatif::ProgressBar;

use super::output::{Format, print};
use super::{interrupt, progress};
use crate::error::{Error, Result};
use crate::lm::Placement;
use crate::plot::{Theme, draw};
use crate::registry::{destination, write};
use crate::report::{finetune as report, json};
use crate::study::finetune::{Finetune, FinetuneEvent, Finetuned, Prepared};
use crate::study::loss_figure;
use crate::train::data::Layout;
use crate::train::{
    AdamW, Encoding, Ending, Length, Lora, Overlong, PAPER_CHECKPOINTS, Schedule, ScheduleShape, TrainSettings, Warmup,
    keep_freed_memory,
};

/// Fine-tune a language model on task data.
///
/// The recipe is that of arXiv 2407.07890 unless you say otherwise: 600 tokens from the end of each example, prompts
/// masked, batches of 64, AdamW, a cosine to a tenth of the peak. A run that was interrupted, even by kill -9, goes on
/// when the same command is given again, and ends with the same weights, bit for bit.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    onset finetune pythia-160m --data mmlu-aux=auxiliary_train --out adjusted\n  \
    onset finetune pythia-160m --data metamath=MetaMathQA.json --data orca-math=orca.jsonl --out adjusted\n  \
    onset finetune gemma-2b --data mine.jsonl --lora 16 --evaluate mmlu --task-data benchmarks --out adjusted\n  \
    onset finetune pythia-160m --data mine.jsonl --dry-run\n\n\
    Exit codes: 0 success, 2 bad input or a loss that is no number, 130 stopped by Ctrl-C with a\ncheckpoint.")]
pub(super) struct FinetuneArgs {
    /// Model to start from: a folder as on the hub.
    model: PathBuf,

    /// Training data as LAYOUT=PATH; layouts: mmlu-aux, metamath, orca-math, prompts (fields `prompt` and
    /// `completion`, also meant by a path alone). May be repeated.
    #[arg(long, value_name = "LAYOUT=PATH")]
    data: Vec<String>,

    /// Train on the training split of these tasks (names or globs).
    #[arg(long, value_name = "TASKS", value_delimiter = ',')]
    task: Vec<String>,

    /// Folder of the run: checkpoints, state, metrics.jsonl, loss figure.
    #[arg(long, value_name = "DIR", default_value = "finetuned")]
    out: PathBuf,

    /// Show the first examples with what is masked, the histogram of lengths and what is cut, and stop.
    #[arg(long)]
    dry_run: bool,

    /// Epochs [default: 1].
    #[arg(long, value_name = "N", conflicts_with = "steps", help_heading = "Recipe")]
    epochs: Option<usize>,

    /// Optimiser steps, instead of epochs.
    #[arg(long, value_name = "N", help_heading = "Recipe")]
    steps: Option<usize>,

    /// Examples per optimiser step.
    #[arg(long, value_name = "N", default_value_t = 64, help_heading = "Recipe")]
    batch: usize,

    /// Peak learning rate [default: 2e-5; 2e-6 from 11 billion parameters].
    #[arg(long, value_name = "RATE", help_heading = "Recipe")]
    lr: Option<f64>,

    /// How the learning rate falls.
    #[arg(long, value_enum, default_value_t = Fall::Cosine, help_heading = "Recipe")]
    schedule: Fall,

    /// Where it ends, as a share of the peak.
    #[arg(long, value_name = "SHARE", default_value_t = 0.1, help_heading = "Recipe")]
    floor: f64,

    /// Warm-up, as a share of all steps.
    #[arg(long, value_name = "SHARE", default_value_t = 0.01, help_heading = "Recipe")]
    warmup: f64,

    /// Warm-up in steps, instead of a share.
    #[arg(long, value_name = "N", help_heading = "Recipe")]
    warmup_steps: Option<usize>,

    /// AdamW's betas.
    #[arg(long, num_args = 2, value_names = ["BETA1", "BETA2"], default_values_t = [0.9, 0.95], help_heading = "Recipe")]
    betas: Vec<f64>,

    /// AdamW's epsilon.
    #[arg(long, value_name = "X", default_value_t = 1e-8, help_heading = "Recipe")]
    epsilon: f64,

    /// Decoupled weight decay.
    #[arg(long, value_name = "X", default_value_t = 0.1, help_heading = "Recipe")]
    weight_decay: f64,

    /// Leave biases and the weights of norms out of the decay.
    #[arg(long, help_heading = "Recipe")]
    decay_matrices_only: bool,

    /// Longest gradient; 0 for any.
    #[arg(long, value_name = "X", default_value_t = 1.0, help_heading = "Recipe")]
    clip: f64,

    /// Seed of the order of the data and of new adapters.
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "Recipe")]
    seed: u64,

    /// Keep the order of the data.
    #[arg(long, help_heading = "Recipe")]
    no_shuffle: bool,

    /// Most tokens of an example.
    #[arg(long, value_name = "TOKENS", default_value_t = 600, help_heading = "Examples")]
    block: usize,

    /// How a longer example is treated.
    #[arg(long, value_enum, default_value_t = Long::KeepEnd, help_heading = "Examples")]
    overlong: Long,

    /// Learn the prompts too.
    #[arg(long, help_heading = "Examples")]
    no_mask: bool,

    /// Put no end token after examples.
    #[arg(long, help_heading = "Examples")]
    no_end: bool,

    /// Train adapters of this rank instead of all weights.
    #[arg(long, value_name = "RANK", help_heading = "Adapters")]
    lora: Option<usize>,

    /// Alpha of the adapters.
    #[arg(long, value_name = "X", default_value_t = 16.0, requires = "lora", help_heading = "Adapters")]
    lora_alpha: f64,

    /// Matrices that get adapters, such as q_proj,v_proj [default: all of every layer].
    #[arg(long, value_name = "NAMES", value_delimiter = ',', requires = "lora", help_heading = "Adapters")]
    lora_targets: Vec<String>,

    /// Save whole models with the adapters added, instead of adapters.
    #[arg(long, requires = "lora", help_heading = "Adapters")]
    merge: bool,

    /// Numbers of examples after which a checkpoint is written [default: the paper's].
    #[arg(long, value_name = "EXAMPLES", value_delimiter = ',', help_heading = "Checkpoints")]
    checkpoints: Option<Vec<usize>>,

    /// Checkpoints that stay on disk [default: all].
    #[arg(long, value_name = "N", help_heading = "Checkpoints")]
    keep: Option<usize>,

    /// Steps between two saved states of the run.
    #[arg(long, value_name = "STEPS", default_value_t = 100, help_heading = "Checkpoints")]
    state_every: usize,

    /// Evaluate every checkpoint on these tasks (names or globs).
    #[arg(long, value_name = "TASKS", value_delimiter = ',', help_heading = "Evaluation")]
    evaluate: Vec<String>,

    /// YAML file, or folder of them, that defines more tasks; may be repeated.
    #[arg(long, value_name = "DIR", help_heading = "Evaluation")]
    task_dir: Vec<PathBuf>,

    /// Folder with the data of tasks.
    #[arg(long, value_name = "DIR", help_heading = "Evaluation")]
    task_data: Option<PathBuf>,

    /// Items of each task [default: all].
    #[arg(long, value_name = "N", help_heading = "Evaluation")]
    limit: Option<usize>,

    /// Device: cpu, cuda, cuda:N or metal.
    #[arg(long, value_name = "DEVICE", default_value = "cpu", help_heading = "Running")]
    device: String,

    /// Type of the weights: f32, bf16 or f16; the optimiser always has single precision.
    #[arg(long, value_name = "DTYPE", default_value = "f32", help_heading = "Running")]
    dtype: String,

    /// Tokens of one forward pass: a batch is taken in as many passes as that needs.
    #[arg(long, value_name = "TOKENS", default_value_t = 2048, help_heading = "Running")]
    pass_tokens: usize,

    /// Compute the insides of layers again on the way back instead of keeping them: less memory, the same numbers.
    #[arg(long, help_heading = "Running")]
    recompute: bool,

    /// How the scores of the checkpoints are printed.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// How the learning rate falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Fall {
    /// Half a cosine wave.
    Cosine,
    /// A straight line.
    Linear,
    /// Not at all.
    Constant,
}

/// How an example longer than the block is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Long {
    /// Its last tokens are kept.
    KeepEnd,
    /// It is left out.
    Drop,
    /// It is an error.
    Refuse,
}

pub(super) fn run(args: &FinetuneArgs) -> Result<()> {
    let prepared = asked(args)?.prepare()?;
    prepared.left_out.iter().for_each(|file| complain!("onset: left out: {file}"));
    if args.dry_run {
        return print(report::preview(&prepared.encoded, prepared.too_long, &prepared.tokenizer, 3)?);
    }
    for line in cuts(&prepared) {
        complain!("onset: {line}");
    }
    keep_freed_memory();
    let mut progress = Progress { bar: ProgressBar::hidden() };
    let stop = interrupt::stop_flag("finishing this step")?;
    let finetuned = finetune(args, prepared, &stop, &mut |event| progress.show(event))?;
    progress.bar.finish_and_clear();
    print(match args.format {
        Format::Table => report::table(&finetuned.points, 80),
        Format::Json => json::text(&report::json(&finetuned.points))?,
    })?;
    if args.format == Format::Table {
        print(format!("{}\n", args.out.display()))?;
    }
    match finetuned.ending {
        Ending::Finished => Ok(()),
        Ending::Stopped => Err(Error::Helped {
            source: Error::Interrupted.into(),
            help: "a checkpoint is written, and the same command goes on from there".to_owned(),
        }),
    }
}

/// Trains, and draws the loss beside the checkpoints.
pub(super) fn finetune(
    args: &FinetuneArgs,
    prepared: Prepared,
    stop: &Arc<AtomicBool>,
    watch: &mut dyn FnMut(FinetuneEvent<'_>),
) -> Result<Finetuned> {
    let finetuned = prepared.run(stop, watch)?;
    let drawing = draw(&loss_figure(&finetuned.steps), &Theme::default())?;
    write::bytes(&args.out.join("loss.svg"), drawing.svg().as_bytes())?;
    Ok(finetuned)
}

/// What of the examples was cut or left out, a sentence each.
pub(super) fn cuts(prepared: &Prepared) -> Vec<String> {
    let cuts = report::cuts(&prepared.encoded, prepared.too_long);
    cuts.lines().map(|line| format!("of the examples {line}")).collect()
}

pub(super) fn asked(args: &FinetuneArgs) -> Result<Finetune> {
    if !args.dry_run {
        destination::folder(&args.out)?;
    }
    let overlong = match args.overlong {
        Long::KeepEnd => Overlong::KeepEnd,
        Long::Drop => Overlong::Drop,
        Long::Refuse => Overlong::Refuse,
    };
    Ok(Finetune {
        model: args.model.clone(),
        data: args.data.iter().map(|data| source(data)).collect::<Result<_>>()?,
        tasks: args.task.clone(),
        definitions: args.task_dir.clone(),
        task_data: args.task_data.clone(),
        encoding: Encoding { block: args.block, overlong, mask_prompt: !args.no_mask, end: !args.no_end },
        placement: Placement::named(&args.device, &args.dtype)?,
        settings: settings(args),
        rate: args.lr,
        out: args.out.clone(),
        keep: args.keep,
        state_every: args.state_every,
        merged: args.merge,
        evaluate: args.evaluate.clone(),
        limit: args.limit,
    })
}

fn source(data: &str) -> Result<(Layout, PathBuf)> {
    let Some((name, path)) = data.split_once('=') else { return Ok((Layout::Prompts, data.into())) };
    match Layout::NAMES.iter().find(|(known, _)| *known == name) {
        Some((_, layout)) => Ok((*layout, path.into())),
        None => {
            let known = Layout::NAMES.map(|(name, _)| name).join(", ");
            Err(Error::Argument(format!("`{name}` is no layout of training data; there are {known}")))
        }
    }
}

fn settings(args: &FinetuneArgs) -> TrainSettings {
    let shape = match args.schedule {
        Fall::Cosine => ScheduleShape::Cosine,
        Fall::Linear => ScheduleShape::Linear,
        Fall::Constant => ScheduleShape::Constant,
    };
    TrainSettings {
        batch: args.batch,
        length: args.steps.map_or(Length::Epochs(args.epochs.unwrap_or(1)), Length::Steps),
        schedule: Schedule {
            floor: args.floor,
            warmup: args.warmup_steps.map_or(Warmup::Share(args.warmup), Warmup::Steps),
            shape,
            ..Schedule::default()
        },
        optimiser: AdamW {
            beta1: args.betas[0],
            beta2: args.betas[1],
            eps: args.epsilon,
            decay: args.weight_decay,
            decay_vectors: !args.decay_matrices_only,
        },
        clip: (args.clip != 0.0).then_some(args.clip),
        seed: args.seed,
        shuffle: !args.no_shuffle,
        pass_tokens: args.pass_tokens,
        recompute: args.recompute,
        lora: args.lora.map(|rank| Lora { rank, alpha: args.lora_alpha, targets: args.lora_targets.clone() }),
        checkpoints: args.checkpoints.clone().unwrap_or_else(|| PAPER_CHECKPOINTS.to_vec()),
    }
}

/// A bar with loss, tokens per second and the time left; nothing where standard error is no terminal.
struct Progress {
    bar: ProgressBar,
}

impl Progress {
    fn show(&mut self, event: FinetuneEvent<'_>) {
        match event {
            FinetuneEvent::Start { done, of } => {
                self.bar = progress::bar(of as u64, "{wide_bar} {pos}/{len} steps  {msg}  {eta} left");
                self.bar.set_position(done as u64);
                self.bar.reset_eta();
            }
            FinetuneEvent::Step(step) => {
                self.bar.set_position(step.step as u64);
                let rate = step.tokens as f64 / step.seconds.max(1e-9);
                self.bar.set_message(format!("loss {:.4}  {rate:.0} tokens/s", step.loss));
            }
            FinetuneEvent::Evaluating => self.bar.tick(),
            FinetuneEvent::Damaged(error) => complain!("onset: {error}; going on from the state before"),
        }
    }
}
