//! `onset evaluate`: language models on benchmarks, with answers that survive an interruption.

mod given;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::{Args, ValueEnum};
use indicatif::ProgressBar;

use super::output::print;
use super::{interrupt, place, progress};
use crate::error::{Error, Result};
use crate::harness::evaluation::{Evaluation, Facts};
use crate::harness::results;
use crate::harness::runner::{
    ChatSettings, EvaluationEvent, EvaluationSettings, Keep, Limits, Loaded, TemplateChoice, evaluate, evaluate_served,
    preview,
};
use crate::harness::server::{Server, ServerApi, ServerSettings};
use crate::harness::tasks::Draw;
use crate::lm::Placement;
use crate::registry::{Limit, Month, destination};
use crate::report::evaluate as report;
use given::{chosen, generation, pair, pretrained};

/// Evaluate a language model.
///
/// Prompts, tokens, scores and result files are those of lm-evaluation-harness; its YAML task files run unchanged where
/// they are declarative. What prompts share is computed once. Answers are kept as they come: after an interruption the
/// same command goes on where it stopped.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  onset evaluate pythia-70m --tasks arc_challenge,mmlu --data benchmarks\n  \
                        onset evaluate gemma-3-270m.gguf --tasks 'mmlu_*' --data benchmarks --limit 10\n  \
                        onset evaluate pythia-70m --tasks my_task --task-dir tasks --dry-run\n  \
                        onset evaluate --server http://localhost:8000 --served-model org/large --tasks gsm8k\n\n\
                        Exit codes: 0 success, 2 bad input (one line says which task and item),\n130 stopped by Ctrl-C.")]
pub(super) struct EvaluateArgs {
    /// A model: a folder as on the Hugging Face hub, a weights file in one, a GGUF file, or hf:ORG/NAME.
    #[arg(required_unless_present_any = ["server", "pretrained"])]
    model: Option<PathBuf>,

    /// The same as lm-evaluation-harness spells it: `pretrained=MODEL`.
    #[arg(long = "model-args", alias = "model_args", value_parser = pretrained, hide = true, conflicts_with_all = ["model", "server"])]
    pretrained: Option<PathBuf>,

    /// How lm-evaluation-harness calls models of this kind.
    #[arg(long = "model", value_parser = ["hf", "huggingface", "hf-auto"], hide = true, requires = "pretrained")]
    kind: Option<String>,

    /// Ask a server instead (vLLM, SGLang, llama.cpp); several with commas share the work. The key in ONSET_API_KEY is sent.
    #[arg(
        long, value_name = "URL", requires = "served_model", help_heading = "A model behind a server",
        value_delimiter = ',', conflicts_with_all = ["model", "device", "dtype", "memory", "batch", "dry_run"]
    )]
    server: Vec<String>,

    /// How the server is asked: its completions, or its chats, in which answers can only be written.
    #[arg(
        long, value_name = "API", requires = "server", default_value_t = ServerApi::Completions,
        help_heading = "A model behind a server"
    )]
    server_api: ServerApi,

    /// The model's folder or GGUF file: its tokenizer is held against the server's, and prompts go as token ids.
    #[arg(long, value_name = "PATH", requires = "server", help_heading = "A model behind a server")]
    tokenizer: Option<PathBuf>,

    /// A file with the key that the server asks for, in place of ONSET_API_KEY.
    #[arg(long, value_name = "FILE", requires = "server", help_heading = "A model behind a server")]
    api_key_file: Option<PathBuf>,

    /// A PEM file with the certificates of authorities to trust for https, in place of the system's.
    #[arg(long, value_name = "FILE", requires = "server", help_heading = "A model behind a server")]
    certificates: Option<PathBuf>,

    /// The name that the server knows the model by.
    #[arg(long, value_name = "NAME", requires = "server", help_heading = "A model behind a server")]
    served_model: Option<String>,

    /// Requests under way at one time, on each server.
    #[arg(
        long, value_name = "N", requires = "server", default_value_t = ServerSettings::default().concurrency,
        help_heading = "A model behind a server"
    )]
    concurrency: usize,

    /// Tasks, groups or tags; globs such as 'mmlu_*'.
    #[arg(long, required = true, value_delimiter = ',', num_args = 1.., value_name = "GLOBS")]
    tasks: Vec<String>,

    /// Folder with the data of the tasks [default: the hub, in a build with that feature].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// A YAML file, or a folder of them, that defines more tasks; may be repeated.
    #[arg(long, value_name = "DIR", aliases = ["include-path", "include_path"])]
    task_dir: Vec<PathBuf>,

    /// Folder for results, samples, observations and answers.
    #[arg(long, value_name = "DIR", default_value = "results", aliases = ["output-path", "output_path"])]
    out: PathBuf,

    /// Examples in the prompt, instead of what each task says.
    #[arg(long, value_name = "N", help_heading = "Items", aliases = ["num-fewshot", "num_fewshot"])]
    shots: Option<usize>,

    /// Only the first items of each task: their number, or below 1 their share.
    #[arg(long, value_name = "N", help_heading = "Items")]
    limit: Option<Limit>,

    /// Only these items: JSON of task and places from 0, as '{"arc_easy": [0, 7]}', or a file with it.
    #[arg(long, value_name = "JSON", help_heading = "Items", conflicts_with = "limit")]
    samples: Option<String>,

    /// Never let an item be an example before itself, where a task draws examples from what it tests.
    #[arg(long, help_heading = "Items")]
    no_self_shots: bool,

    /// Seed of the examples that are drawn at random.
    #[arg(long, value_name = "N", default_value_t = Draw::default().seed, help_heading = "Items")]
    seed: u64,

    /// Keep the end of a prompt that is longer than the model's context, as lm-evaluation-harness does.
    #[arg(long, help_heading = "Items")]
    truncate: bool,

    /// Wrap prompts in the model's chat template, or in the one of this name.
    #[arg(
        long, value_name = "NAME", num_args = 0..=1, help_heading = "Chat", alias = "apply_chat_template",
        conflicts_with = "server"
    )]
    apply_chat_template: Option<Option<String>>,

    /// A system instruction before each task's description.
    #[arg(long, value_name = "TEXT", help_heading = "Chat", alias = "system_instruction")]
    system_instruction: Option<String>,

    /// Examples as turns of their own [default: true in a chat].
    #[arg(
        long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true", help_heading = "Chat",
        alias = "fewshot_as_multiturn"
    )]
    fewshot_as_multiturn: Option<bool>,

    /// What the chat template finds beside its own names: KEY=VALUE, such as enable_thinking=false.
    #[arg(
        long, value_name = "KEY=VALUE", value_delimiter = ',', num_args = 1.., help_heading = "Chat",
        alias = "chat_template_args"
    )]
    chat_template_args: Vec<String>,

    /// Settings of written answers for all tasks: KEY=VALUE, such as max_gen_toks=64.
    #[arg(long, value_name = "KEY=VALUE", num_args = 1.., help_heading = "Items", alias = "gen_kwargs")]
    gen_kwargs: Vec<String>,

    /// Only write the answers down; nothing is scored.
    #[arg(long, help_heading = "Output", alias = "predict_only")]
    predict_only: bool,

    /// Print the first prompt of each task and its right answer before it is asked.
    #[arg(long, help_heading = "Output", alias = "write_out")]
    write_out: bool,

    /// Make it an error when a member of a group cannot be run.
    #[arg(long, help_heading = "Items")]
    strict: bool,

    /// Add the beginning token to prompts, or do not [default: as the tokenizer says].
    #[arg(long, value_name = "BOOL", help_heading = "Items")]
    add_bos: Option<bool>,

    /// Device: cpu, cuda, cuda:N or metal.
    #[arg(long, value_name = "DEVICE", default_value = "cpu", help_heading = "Running")]
    device: String,

    /// Type of numbers: f32, bf16 or f16; quantised weights stay quantised.
    #[arg(long, value_name = "DTYPE", default_value = "f32", help_heading = "Running")]
    dtype: String,

    /// Memory to stay within beside the weights and the cache of shared prefixes, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 1024, help_heading = "Running")]
    memory: usize,

    /// Texts written side by side.
    #[arg(long, value_name = "N", default_value_t = Limits::default().sequences, help_heading = "Running", aliases = ["batch-size", "batch_size"])]
    batch: usize,

    /// Print the first prompt of each task with its tokens, and what it all would cost, and stop.
    #[arg(long, help_heading = "Running")]
    dry_run: bool,

    /// The model's name, such as EleutherAI/pythia-70m [default: the name of the folder].
    #[arg(long, value_name = "NAME", help_heading = "What is known of the model")]
    name: Option<String>,

    /// Its family.
    #[arg(long, value_name = "FAMILY", help_heading = "What is known of the model")]
    family: Option<String>,

    /// Its parameters [default: counted].
    #[arg(long, value_name = "N", help_heading = "What is known of the model")]
    params: Option<f64>,

    /// The tokens it was trained on.
    #[arg(long, value_name = "N", help_heading = "What is known of the model")]
    tokens: Option<f64>,

    /// The month of its release.
    #[arg(long, value_name = "YYYY-MM", help_heading = "What is known of the model")]
    release: Option<Month>,

    /// How the scores are printed.
    #[arg(long, value_enum, default_value_t = Format::Table, help_heading = "Output")]
    format: Format,
}

/// How scores are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people, at most 80 columns wide.
    Table,
    /// The results file.
    Json,
    /// The observations, one per row.
    Csv,
}

pub(super) fn run(args: &EvaluateArgs) -> Result<()> {
    let stop = if args.dry_run {
        Arc::new(AtomicBool::new(false))
    } else {
        interrupt::stop_flag("finishing what is in hand")?
    };
    let settings = settings(args, &stop)?;
    if args.dry_run {
        let model = place::model(args.model())?;
        let placement = Placement::named(&args.device, &args.dtype)?;
        let preview = preview(&model, &placement, &settings, args.memory_bytes())?;
        preview.left_out.iter().for_each(|file| left_out(file));
        preview.refused.iter().for_each(|member| complain!("onset: not run: {member}"));
        replaced(&preview.replaced);
        return print(report::preview(&preview));
    }
    show(args, |watch| evaluation(args, &settings, watch))
}

impl EvaluateArgs {
    fn model(&self) -> &Path {
        self.model.as_deref().or(self.pretrained.as_deref()).unwrap_or(Path::new(""))
    }

    fn memory_bytes(&self) -> usize {
        self.memory.saturating_mul(1 << 20)
    }
}

/// Evaluates the model or the server that the arguments name.
pub(super) fn evaluation(
    args: &EvaluateArgs,
    settings: &EvaluationSettings,
    watch: &mut dyn FnMut(EvaluationEvent<'_>),
) -> Result<Evaluation> {
    if let Some(model) = args.served_model.as_ref().filter(|_| !args.server.is_empty()) {
        if args.tokenizer.is_none() && (args.truncate || args.add_bos.is_some()) {
            let said = "--truncate and --add-bos are the server's own affair, but with --tokenizer";
            return Err(Error::Argument(said.into()));
        }
        let certificates = args.certificates.clone();
        let asked = ServerSettings {
            concurrency: args.concurrency,
            api: args.server_api,
            certificates,
            ..ServerSettings::default()
        };
        let asked = asked.keyed(args.api_key_file.as_deref())?;
        let urls: Vec<&str> = args.server.iter().map(String::as_str).collect();
        let server = Server::connect_all(&urls, model, &asked)?;
        let name = args.name.as_deref().unwrap_or(model);
        return evaluate_served(server, name, args.tokenizer.as_deref(), settings, watch);
    }
    let placement = Placement::named(&args.device, &args.dtype)?;
    let named = args.model();
    let model = place::model(named)?;
    let name = args.name.as_deref().or_else(|| {
        let id = named.to_str()?.strip_prefix("hf:")?;
        id.split('@').next()
    });
    let loaded = Loaded::load(&model, &placement, name, args.memory_bytes())?;
    let mut subject = loaded.subject();
    subject.limits.sequences = args.batch;
    evaluate(&subject, settings, watch)
}

/// Evaluates with a bar and prints the scores.
fn show(
    args: &EvaluateArgs,
    evaluate: impl FnOnce(&mut dyn FnMut(EvaluationEvent<'_>)) -> Result<Evaluation>,
) -> Result<()> {
    let mut progress = Progress::new();
    let evaluation = evaluate(&mut |event| progress.show(event));
    progress.bar.finish_and_clear();
    let evaluation = evaluation.inspect_err(|error| {
        if matches!(error, Error::Interrupted) {
            complain!("onset: answers are kept in {}; the same command goes on from there", args.out.display());
        }
    })?;
    match args.format {
        Format::Table => print(report::terminal(&evaluation, 80)),
        Format::Json => print(results::json(&evaluation)),
        Format::Csv => print(results::csv(&evaluation)),
    }
}

/// Which definitions a user's files put in place of onset's own: at most four by name.
fn replaced(names: &[(String, PathBuf)]) {
    let Some((_, file)) = names.first() else { return };
    let first: Vec<&str> = names.iter().take(4).map(|(name, _)| name.as_str()).collect();
    let more = if names.len() > first.len() { ", …" } else { "" };
    let (tasks, are) = if names.len() == 1 { ("task", "is") } else { ("tasks", "are") };
    let count = names.len();
    complain!(
        "onset: {count} {tasks} ({}{more}) {are} taken from the files of --task-dir, as {}, in place of onset's own",
        first.join(", "),
        file.display()
    );
}

/// A name or glob that meant the file would miss it silently.
fn left_out(file: &str) {
    complain!("onset: left out: {file}");
}

pub(super) fn settings(args: &EvaluateArgs, stop: &Arc<AtomicBool>) -> Result<EvaluationSettings> {
    for (name, value) in [("params", args.params), ("tokens", args.tokens)] {
        if value.is_some_and(|value| !(value > 0.0 && value.is_finite())) {
            return Err(Error::Argument(format!("--{name} must be a number above 0")));
        }
    }
    if args.batch == 0 || args.memory == 0 || args.concurrency == 0 {
        return Err(Error::Argument("--batch, --memory and --concurrency must be above 0".into()));
    }
    let chat = ChatSettings {
        template: args.apply_chat_template.clone().map(|name| name.map_or(TemplateChoice::Own, TemplateChoice::Named)),
        system: args.system_instruction.clone(),
        multiturn: args.fewshot_as_multiturn,
        switches: args
            .chat_template_args
            .iter()
            .map(|text| pair(text, "--chat-template-args"))
            .collect::<Result<_>>()?,
    };
    if !args.dry_run {
        destination::folder(&args.out)?;
    }
    let chosen = args.samples.as_deref().map(chosen).transpose()?.unwrap_or_default();
    Ok(EvaluationSettings {
        tasks: args.tasks.clone(),
        definitions: args.task_dir.clone(),
        data: args.data.clone(),
        draw: Draw {
            limit: args.limit,
            shots: args.shots,
            seed: args.seed,
            no_self_shots: args.no_self_shots,
            chosen,
            ..Draw::default()
        },
        generation: generation(&args.gen_kwargs)?,
        strict: args.strict,
        predict_only: args.predict_only,
        write_out: args.write_out,
        chat,
        truncate: args.truncate,
        special: args.add_bos,
        keep: Keep::Everything(args.out.clone()),
        facts: Facts { family: args.family.clone(), params: args.params, tokens: args.tokens, release: args.release },
        stop: Some(Arc::clone(stop)),
        ..EvaluationSettings::default()
    })
}

/// A bar with items a second and the time left; nothing where standard error is no terminal.
struct Progress {
    bar: ProgressBar,
}

impl Progress {
    fn new() -> Self {
        Self { bar: progress::bar(0, "{msg:20!} {wide_bar} {pos}/{len} items, {per_sec}, {eta} left") }
    }

    fn show(&mut self, event: EvaluationEvent<'_>) {
        match event {
            EvaluationEvent::LeftOut(file) => left_out(file),
            EvaluationEvent::Refused(member) => complain!("onset: not run: {member}"),
            EvaluationEvent::Replaced(names) => replaced(names),
            EvaluationEvent::Damaged(lines) => {
                let lines = if lines == 1 { "a damaged line".into() } else { format!("{lines} damaged lines") };
                complain!("onset: left out of the journal of answers, and asked again: {lines}");
            }
            EvaluationEvent::FirstPrompt { name, prompt, target } => {
                self.bar.suspend(|| complain!("── {name}\n{prompt}\n── right: {target}"));
            }
            EvaluationEvent::Begin { items, .. } => self.bar.set_length(items as u64),
            EvaluationEvent::Task { name, known, .. } => {
                self.bar.set_message(name.to_owned());
                // What was known before says nothing about the speed.
                self.bar.set_length(self.bar.length().unwrap_or(0).saturating_sub(known as u64));
            }
            EvaluationEvent::Item => self.bar.inc(1),
        }
    }
}
