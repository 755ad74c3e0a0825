//! `onset finetune`: a model on task data, with checkpoints on the way.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};

use super::{Format, print};
use crate::error::{Error, Result};
use crate::harness::request::Request;
use crate::harness::runner::{EvaluationSettings, Identity, Limits, Subject, evaluate};
use crate::harness::tasks::{Draw, Library, Task, Value};
use crate::lm::{Found, Placement, Tokenizer, Weights};
use crate::plot::{Theme, draw};
use crate::registry::write;
use crate::report::{finetune as report, json};
use crate::train::data::{Example, Layout};
use crate::train::{
    AdamW, Checkpoint, Encoding, Ending, Length, Lora, ModelFiles, Next, Observer, Overlong, PAPER_CHECKPOINTS, Run,
    Schedule, Sequence, Settings, Shape, Step, Trainer, Warmup,
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
    Exit codes: 0 success or stopped by Ctrl-C with a checkpoint, 2 bad input or a loss that is no number.")]
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

    /// How the scores of the checkpoints are printed.
    #[arg(long, value_enum, default_value_t)]
    format: Format,

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

    /// What becomes of a longer example.
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

/// What becomes of an example longer than the block.
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
    let placement = Placement::named(&args.device, &args.dtype)?;
    let found = Found::at(&args.model)?;
    let tokenizer = found.tokenizer.clone().ok_or_else(|| Error::File {
        path: args.model.clone(),
        problem: "has no tokenizer.json: text cannot be turned into tokens".to_owned(),
    })?;
    let settings = settings(args, &found);
    let (examples, too_long) = examples(args)?;
    let overlong = match args.overlong {
        Long::KeepEnd => Overlong::KeepEnd,
        Long::Drop => Overlong::Drop,
        Long::Refuse => Overlong::Refuse,
    };
    let encoding = Encoding { block: args.block, overlong, mask_prompt: !args.no_mask, end: !args.no_end };
    let encoded = encoding.encode(&tokenizer, &examples)?;
    if args.dry_run {
        return print(report::preview(&encoded, too_long, &tokenizer, 3)?);
    }
    train(args, &placement, settings, &encoded.sequences, found, &tokenizer)
}

fn settings(args: &FinetuneArgs, found: &Found) -> Settings {
    let name = args.model.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let shape = match args.schedule {
        Fall::Cosine => Shape::Cosine,
        Fall::Linear => Shape::Linear,
        Fall::Constant => Shape::Constant,
    };
    Settings {
        batch: args.batch,
        length: args.steps.map_or(Length::Epochs(args.epochs.unwrap_or(1)), Length::Steps),
        schedule: Schedule {
            peak: args.lr.unwrap_or_else(|| Schedule::published_peak(found.parameters(), &name)),
            floor: args.floor,
            warmup: args.warmup_steps.map_or(Warmup::Share(args.warmup), Warmup::Steps),
            shape,
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

/// All training data, and how many examples had too many characters.
fn examples(args: &FinetuneArgs) -> Result<(Vec<Example>, usize)> {
    let (mut examples, mut too_long) = (Vec::new(), 0);
    for data in &args.data {
        let (layout, path) = match data.split_once('=') {
            None => (Layout::Prompts, data.as_str()),
            Some((name, path)) => match Layout::NAMES.iter().find(|(known, _)| *known == name) {
                Some((_, layout)) => (*layout, path),
                None => {
                    let known = Layout::NAMES.map(|(name, _)| name).join(", ");
                    return Err(Error::Argument(format!("`{name}` is no layout of training data; there are {known}")));
                }
            },
        };
        let read = layout.read(Path::new(path))?;
        examples.extend(read.examples);
        too_long += read.too_long;
    }
    if !args.task.is_empty() {
        let mut library = Library::built_in()?;
        for folder in &args.task_dir {
            library.add(folder)?;
        }
        let selection = library.select(&args.task, args.task_data.as_deref())?;
        selection.left_out.iter().for_each(|file| eprintln!("onset: left out: {file}"));
        for task in selection.tasks {
            examples.extend(of_task(&task)?);
        }
    }
    match examples.is_empty() {
        true => Err(Error::Argument("nothing to train on: name --data or --task".to_owned())),
        false => Ok((examples, too_long)),
    }
}

/// The training split of a task: each prompt with its right answer.
fn of_task(task: &Task) -> Result<Vec<Example>> {
    let delimiter = task.config().get("target_delimiter").and_then(Value::as_text).unwrap_or(" ").to_owned();
    let mut examples = Vec::new();
    for item in task.training_items()? {
        let right = item.target.to_json().parse::<usize>().ok();
        let number = if item.requests.len() > 1 { right } else { Some(0) };
        let problem = || Error::TaskItem {
            task: task.name().to_owned(),
            item: item.doc_id,
            problem: format!("its answer {} is none of its {} choices", item.target.to_json(), item.requests.len()),
        };
        let request = number.and_then(|number| item.requests.get(number)).ok_or_else(problem)?;
        let (context, completion) = match request {
            Request::LogLikelihood { context, continuation } => (context, continuation.clone()),
            Request::Generate { context, .. } => {
                let target = item.target.as_text().map_or_else(|| item.target.to_json(), str::to_owned);
                (context, format!("{delimiter}{target}"))
            }
        };
        examples.push(Example { prompt: context.clone(), completion });
    }
    Ok(examples)
}

fn train(
    args: &FinetuneArgs,
    placement: &Placement,
    settings: Settings,
    data: &[Sequence],
    found: Found,
    tokenizer: &Tokenizer,
) -> Result<()> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    let handler = move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        eprintln!("\nonset: finishing this step; once more to stop at once");
    };
    ctrlc::set_handler(handler).map_err(|error| Error::Argument(format!("Ctrl-C cannot be handled: {error}")))?;
    let files = ModelFiles::read(&args.model)?;
    let tensors = Weights::open(&args.model, &placement.device, placement.dtype)?.all()?;
    let limits = Limits::within(1 << 30, &found, placement);
    let mut trainer = Trainer::new(found.config, &tensors, settings)?;
    drop(tensors);
    let run =
        Run { folder: args.out.clone(), files, keep: args.keep, state_every: args.state_every, merged: args.merge };
    let mut watch = Watch {
        args,
        tokenizer,
        limits,
        placement,
        stop,
        bar: ProgressBar::hidden(),
        points: Points::read(&args.out.join("scores.json")),
    };
    let outcome = trainer.run(data, Some(&run), &mut watch)?;
    watch.bar.finish_and_clear();
    let drawing = draw(&report::loss_figure(&outcome.steps), &Theme::default())?;
    write::bytes(&args.out.join("loss.svg"), drawing.svg().as_bytes())?;
    let rows: Vec<report::Row> = watch.points.points.iter().map(Point::row).collect();
    print(match args.format {
        Format::Table => report::table(&rows, 80),
        Format::Json => json::text(&report::json(&rows))?,
    })?;
    if outcome.ending == Ending::Stopped {
        eprintln!("onset: stopped with a checkpoint; the same command goes on from there");
    }
    match args.format {
        Format::Table => print(format!("{}\n", args.out.display())),
        Format::Json => Ok(()),
    }
}

/// Shows a run, evaluates its checkpoints and lets Ctrl-C end it.
struct Watch<'a> {
    args: &'a FinetuneArgs,
    tokenizer: &'a Tokenizer,
    limits: Limits,
    placement: &'a Placement,
    stop: Arc<AtomicBool>,
    bar: ProgressBar,
    points: Points,
}

impl Observer for Watch<'_> {
    fn on_start(&mut self, done: usize, of: usize) -> Result<()> {
        self.bar = ProgressBar::new(of as u64);
        let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} steps  {msg}  {eta} left");
        self.bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        self.bar.set_position(done as u64);
        self.bar.reset_eta();
        self.points.points.retain(|point| point.step <= done);
        Ok(())
    }

    fn on_step(&mut self, step: &Step) -> Result<Next> {
        self.bar.set_position(step.step as u64);
        let rate = step.tokens as f64 / step.seconds.max(1e-9);
        self.bar.set_message(format!("loss {:.4}  {rate:.0} tokens/s", step.loss));
        Ok(if self.stop.load(Ordering::Relaxed) { Next::Stop } else { Next::Continue })
    }

    fn on_checkpoint(&mut self, checkpoint: &Checkpoint<'_>) -> Result<()> {
        let mut scores = Vec::new();
        if !self.args.evaluate.is_empty() && !self.stop.load(Ordering::Relaxed) {
            scores = self.scores(checkpoint)?;
        }
        let Checkpoint { examples, step, loss, .. } = *checkpoint;
        self.points.points.retain(|point| point.step != step);
        self.points.points.push(Point { examples, step, loss, scores });
        self.points.write(&self.args.out.join("scores.json"))
    }
}

impl Watch<'_> {
    fn scores(&mut self, checkpoint: &Checkpoint<'_>) -> Result<Vec<(String, f64)>> {
        let stem = self.args.model.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let identity = Identity {
            name: format!("{stem}-{}", checkpoint.examples),
            // A run's folder holds one run; a state of another is refused before this.
            weights: format!("{} after {} steps, loss {}", self.args.out.display(), checkpoint.step, checkpoint.loss),
            tokenizer: "of the model it began with".to_owned(),
            dtype: self.placement.dtype.as_str().to_owned(),
            device: format!("{:?}", self.placement.device.location()).to_lowercase(),
            parameters: None,
        };
        let subject = Subject {
            model: checkpoint.decoder,
            tokenizer: self.tokenizer,
            ends: Vec::new(),
            identity,
            limits: self.limits.clone(),
        };
        let settings = EvaluationSettings {
            tasks: self.args.evaluate.clone(),
            definitions: self.args.task_dir.clone(),
            data: self.args.task_data.clone(),
            draw: Draw { limit: self.args.limit, ..Draw::default() },
            out: Some(self.args.out.join("evaluations")),
            stop: Some(Arc::clone(&self.stop)),
            ..EvaluationSettings::default()
        };
        let bar = self.bar.clone();
        let evaluation = evaluate(&subject, &settings, &mut |_| bar.tick())?;
        let named = |name: &str, metric: &str, value: f64| (format!("{name} {metric}"), value);
        let tasks = evaluation
            .tasks
            .iter()
            .filter_map(|task| task.metrics.first().map(|metric| named(&task.name, &metric.name, metric.value)));
        let groups = evaluation
            .groups
            .iter()
            .filter_map(|group| group.metrics.first().map(|metric| named(&group.name, &metric.name, metric.value)));
        // A group says what its many tasks say.
        let groups: Vec<_> = groups.collect();
        Ok(if groups.is_empty() { tasks.collect() } else { groups })
    }
}

/// What is known of the checkpoints of a run, kept across interruptions.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Points {
    points: Vec<Point>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Point {
    examples: usize,
    step: usize,
    loss: f64,
    scores: Vec<(String, f64)>,
}

impl Point {
    fn row(&self) -> report::Row {
        report::Row { examples: self.examples, loss: self.loss, scores: self.scores.clone() }
    }
}

impl Points {
    /// Those of an earlier part of the run; none where there was no such part.
    fn read(path: &Path) -> Self {
        std::fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_vec_pretty(self)
            .map_err(|error| Error::File { path: path.to_owned(), problem: error.to_string() })?;
        write::bytes(path, &text)
    }
}
