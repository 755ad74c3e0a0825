//! `onset import`: evaluation results of other tools as a table of observations.

use std::path::PathBuf;
use std::time::SystemTime;

use clap::{Args, Subcommand};

use super::output::{Format, print};
use crate::error::{Error, Result};
use crate::harness::lm_eval::{self, ImportSettings, Imported, Renames, SubjectTables, summary};
use crate::harness::{helm, inspect, lighteval};
use crate::registry::{Adjustment, Models, destination, write};
use crate::report::every_eval_ever::{self, Source};
use crate::report::json;

/// Read evaluation results of other tools into the table of observations.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  onset import lm-eval results/ --out scores.csv\n  \
                        onset import lighteval results/ --out scores.csv --models models.csv\n  \
                        onset import helm benchmark_output/runs --out scores.csv\n  \
                        onset import inspect logs/ --out scores.csv --every-eval-ever records --organization 'My Lab'\n\n\
                        Exit codes: 0 success; 1 models or scores could not be told apart, and the table holds all of them; \
                        2 bad input. What cannot be read is named on standard error and skipped.")]
pub(super) struct ImportArgs {
    #[command(subcommand)]
    tool: Tool,
}

#[derive(Debug, Subcommand)]
enum Tool {
    /// Results of EleutherAI's lm-evaluation-harness, versions 0.3 to 0.4.13.
    ///
    /// The model is the one that the file records (a checkpoint's folder is its revision), or named by the file
    /// (MODEL-TASK.json) or the folder (MODEL/step_N/TASK.json). Folders `mmluaux` and `gsm8kaux` name the adjustment, a
    /// folder such as `e3` or `e1+2` directly above them the epochs. Revision, prompt format, adapter, quantisation, dtype, settings,
    /// limit, version and date become columns. A later evaluation replaces an earlier one only where all of these are the
    /// same, by the dates in the files.
    LmEval(LmEvalArgs),
    /// Results of Hugging Face's lighteval (results_TIME.json).
    #[command(after_help = "Examples:\n  onset import lighteval results/ --out scores.csv\n  \
                            onset import lighteval results/ --out scores.csv --adjustment mmlu-aux --epochs 3")]
    Lighteval(LogArgs),
    /// Runs of HELM: folders with run_spec.json and stats.json.
    #[command(after_help = "Examples:\n  onset import helm benchmark_output/runs --out scores.csv\n  \
                            onset import helm benchmark_output/runs/latest --out scores.csv --models data/models.csv")]
    Helm(LogArgs),
    /// Logs of Inspect, .eval or JSON.
    #[command(after_help = "Examples:\n  onset import inspect logs/ --out scores.csv\n  \
                            onset import inspect log.json --model my-7b --out scores.csv")]
    Inspect(LogArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  onset import lm-eval results/ --out scores.csv\n  \
                        onset import lm-eval evaluations/ --out data/evaluations.csv --models data/models.csv \
                        --mmlu-subjects data")]
struct LmEvalArgs {
    #[command(flatten)]
    log: LogArgs,

    /// Write MMLU by subject to mmlu_subjects.csv, mmlu_correct.csv and mmlu_brier.csv in this folder.
    #[arg(long, value_name = "DIR")]
    mmlu_subjects: Option<PathBuf>,

    /// Task examples per step of a checkpoint `step_N` of an adjustment.
    #[arg(long, value_name = "N", default_value_t = ImportSettings::default().batch)]
    batch: u64,
}

// What every tool's results are read with. No documentation: it would stand in the help of every tool.
#[derive(Debug, Args)]
struct LogArgs {
    /// Results files, or folders with results files in and below them.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// The table to write, or - for standard output.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Write the scores as records of Every Eval Ever too, one per model, into this folder.
    #[arg(long, value_name = "DIR", requires = "organization")]
    every_eval_ever: Option<PathBuf>,

    /// Who ran the evaluations, for these records.
    #[arg(long, value_name = "NAME")]
    organization: Option<String>,

    /// How the result is reported: a line on standard error, or JSON on standard output.
    #[arg(long, value_enum, default_value_t)]
    format: Format,

    /// Keep only the models of this table, under its names.
    #[arg(long, value_name = "FILE")]
    models: Option<PathBuf>,

    /// Name of the model of all files.
    #[arg(long, value_name = "NAME")]
    model: Option<String>,

    /// Table with the columns old and new: names, or paths of models, and the names to take instead.
    #[arg(long, value_name = "FILE")]
    rename: Option<PathBuf>,

    /// Training tokens per step, for checkpoints of a training run such as step1000 or checkpoint-1000; those of Pythia
    /// and OLMo are known and stay as they are.
    #[arg(long, value_name = "N", value_parser = tokens)]
    tokens_per_step: Option<u64>,

    /// List everything that was left out, one line each.
    #[arg(long)]
    verbose: bool,

    /// What the models were fine-tuned on: none, mmlu-aux, gsm8k-aux or another name.
    #[arg(long, value_name = "NAME")]
    adjustment: Option<Adjustment>,

    /// For how many epochs, e.g. 3 or 1+2.
    #[arg(long, value_name = "EPOCHS")]
    epochs: Option<String>,

    /// How many task examples they had seen.
    #[arg(long, value_name = "N")]
    examples: Option<u64>,
}

/// A whole number, also written 2e6 or 2,097,152.
fn tokens(text: &str) -> Result<u64, String> {
    let number = text.replace([',', '_'], "").parse::<f64>().ok();
    let whole = number.filter(|n| n.fract() == 0.0 && (1.0..1e15).contains(n));
    whole.map(|n| n as u64).ok_or_else(|| "write a whole number of tokens, such as 2097152".to_owned())
}

/// Reads results files or folders.
type Importer = fn(&[PathBuf], &ImportSettings) -> Result<Imported>;

pub(super) fn run(args: &ImportArgs) -> Result<()> {
    match &args.tool {
        Tool::LmEval(args) => lm_eval(args),
        Tool::Lighteval(args) => logs(args, lighteval::import, "lighteval", "lighteval"),
        Tool::Helm(args) => logs(args, helm::import, "HELM", "helm"),
        Tool::Inspect(args) => logs(args, inspect::import, "Inspect", "inspect_ai"),
    }
}

fn settings(args: &LogArgs) -> Result<ImportSettings> {
    destination::file(&args.out)?;
    args.every_eval_ever.as_deref().map_or(Ok(()), destination::folder)?;
    if write::is_stdout(&args.out) && args.format == Format::Json {
        return Err(Error::Argument(
            "--out - and --format json would both write to standard output; choose one".into(),
        ));
    }
    Ok(ImportSettings {
        models: args.models.as_deref().map(Models::read).transpose()?,
        rename: args.rename.as_deref().map(Renames::read).transpose()?.unwrap_or_default(),
        model: args.model.clone(),
        adjustment: args.adjustment.clone(),
        epochs: args.epochs.clone(),
        examples: args.examples,
        tokens_per_step: args.tokens_per_step,
        ..ImportSettings::default()
    })
}

fn logs(args: &LogArgs, import: Importer, tool: &str, library: &str) -> Result<()> {
    let imported = import(&args.paths, &settings(args)?)?;
    warn(&imported, args, tool)?;
    save(args, &imported, library)
}

fn lm_eval(args: &LmEvalArgs) -> Result<()> {
    args.mmlu_subjects.as_deref().map_or(Ok(()), destination::folder)?;
    let settings = ImportSettings { batch: args.batch, ..settings(&args.log)? };
    let mut imported = lm_eval::import(&args.log.paths, &settings)?;
    let subjects = match &args.mmlu_subjects {
        Some(folder) if !imported.observations.is_empty() => Some((folder, SubjectTables::take_from(&mut imported)?)),
        _ => None,
    };
    warn(&imported, &args.log, "lm-evaluation-harness")?;
    if let Some((folder, tables)) = subjects {
        tables.save(folder)?;
    }
    save(&args.log, &imported, "lm_eval")
}

/// Lines about an import of all kinds together, unless all are asked for.
const LINES: usize = 10;

/// How many of the lines of each kind are shown: each kind has its share, and takes what others leave.
fn shares(imported: &Imported, args: &LogArgs) -> [usize; 3] {
    let skipped = summary(&imported.warnings, usize::MAX).len();
    let wanted = [imported.notes.len(), skipped, imported.collisions.len()];
    if args.verbose {
        return wanted;
    }
    let mut shown = [0; 3];
    for _ in 0..LINES {
        let fewest = (0..3).filter(|kind| shown[*kind] < wanted[*kind]).min_by_key(|kind| shown[*kind]);
        let Some(kind) = fewest else { break };
        shown[kind] += 1;
    }
    shown
}

/// Names what was left out, and which models were taken for others.
fn warn(imported: &Imported, args: &LogArgs, tool: &str) -> Result<()> {
    let [notes, skipped, _] = shares(imported, args);
    for note in &imported.notes[..notes] {
        complain!("onset: {note}");
    }
    if args.verbose {
        for warning in &imported.warnings {
            complain!("onset: skipped {warning}");
        }
    } else {
        for line in summary(&imported.warnings, skipped) {
            complain!("onset: skipped {line}");
        }
        let (more, cut) = (imported.notes.len() - notes, skipped < summary(&imported.warnings, usize::MAX).len());
        match (more, cut) {
            (0, false) => {}
            (0, true) => complain!("onset: --verbose lists everything that was skipped"),
            (more, _) => complain!("onset: --verbose says {more} more such things, and everything that was skipped"),
        }
    }
    if imported.files == 0 {
        return Err(Error::Argument(format!("nothing could be read: no file has results of {tool}")));
    }
    Ok(())
}

fn save(args: &LogArgs, imported: &Imported, library: &str) -> Result<()> {
    if let (Some(folder), Some(organization)) = (&args.every_eval_ever, &args.organization) {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let source = Source { organization: organization.clone(), library: library.to_owned(), retrieved: now };
        for record in every_eval_ever::records(&imported.observations, &source)? {
            write::bytes(&folder.join(&record.path), record.json.as_bytes())?;
        }
    }
    match write::is_stdout(&args.out) {
        true => print(imported.csv())?,
        false => write::bytes(&args.out, imported.csv().as_bytes())?,
    }
    let (rows, files) = (imported.observations.len(), imported.files);
    match args.format {
        Format::Table => {
            let place =
                if write::is_stdout(&args.out) { "standard output".into() } else { args.out.display().to_string() };
            complain!("onset: {rows} observations from {files} files written to {place}");
        }
        Format::Json => print(json::text(&serde_json::json!({
            "observations": rows, "files": files, "table": args.out, "skipped": imported.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "notes": imported.notes, "collisions": imported.collisions,
        }))?)?,
    }
    collisions(imported, args)
}

/// Lists what could not be told apart, and fails for it.
fn collisions(imported: &Imported, args: &LogArgs) -> Result<()> {
    let found = imported.collisions.len();
    let [.., shown] = shares(imported, args);
    for collision in imported.collisions.iter().take(shown) {
        complain!("onset: {collision}");
    }
    match found {
        0 => Ok(()),
        _ => {
            let rest = found.saturating_sub(shown);
            let rest = if rest > 0 { format!(", {rest} of them listed by --verbose") } else { String::new() };
            Err(Error::CheckFailed(format!("{found} collisions{rest}; the table has all of these rows")))
        }
    }
}
