//! `onset import`: evaluation results of other tools as a table of observations.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::error::{Error, Result};
use crate::harness::lm_eval::{self, Settings, SubjectTables};
use crate::registry::{Adjustment, Models, observations_csv, write};

/// Read evaluation results of other tools into the table of observations.
#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    #[command(subcommand)]
    tool: Tool,
}

#[derive(Debug, Subcommand)]
enum Tool {
    /// Results of EleutherAI's lm-evaluation-harness, versions 0.3 to 0.4.13.
    ///
    /// The model is named by the file (MODEL-TASK.json), by the folder (MODEL/step_N/TASK.json), or by what the file
    /// itself records. Folders `mmluaux` and `gsm8kaux` name the adjustment, a folder such as `e3` or `e1+2` directly
    /// above them the epochs, and `step_N` a checkpoint. What cannot be read is named on standard error and skipped.
    LmEval(LmEvalArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  onset import lm-eval results/ --out scores.csv\n  \
                        onset import lm-eval evaluations/ --out data/evaluations.csv --models data/models.csv \
                        --mmlu-subjects data")]
struct LmEvalArgs {
    /// Results files, or folders with results files in and below them.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// The table to write.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,

    /// Keep only the models of this table, under its names.
    #[arg(long, value_name = "FILE")]
    models: Option<PathBuf>,

    /// Write MMLU by subject to mmlu_subjects.csv, mmlu_correct.csv and mmlu_brier.csv in this folder.
    #[arg(long, value_name = "DIR")]
    mmlu_subjects: Option<PathBuf>,

    /// Name of the model of all files.
    #[arg(long, value_name = "NAME")]
    model: Option<String>,

    /// What the models were fine-tuned on: none, mmlu-aux, gsm8k-aux or another name.
    #[arg(long, value_name = "NAME")]
    adjustment: Option<Adjustment>,

    /// For how many epochs, e.g. 3 or 1+2.
    #[arg(long, value_name = "EPOCHS")]
    epochs: Option<String>,

    /// How many task examples they had seen.
    #[arg(long, value_name = "N")]
    examples: Option<u64>,

    /// Task examples per step of a checkpoint `step_N`.
    #[arg(long, value_name = "N", default_value_t = Settings::default().batch)]
    batch: u64,
}

pub(super) fn run(args: &ImportArgs) -> Result<()> {
    match &args.tool {
        Tool::LmEval(args) => lm_eval(args),
    }
}

fn lm_eval(args: &LmEvalArgs) -> Result<()> {
    let settings = Settings {
        models: args.models.as_deref().map(Models::read).transpose()?,
        model: args.model.clone(),
        adjustment: args.adjustment.clone(),
        epochs: args.epochs.clone(),
        examples: args.examples,
        batch: args.batch,
    };
    let mut imported = lm_eval::import(&args.paths, &settings)?;
    let subjects = match &args.mmlu_subjects {
        Some(folder) if !imported.observations.is_empty() => Some((folder, SubjectTables::take_from(&mut imported)?)),
        _ => None,
    };
    for warning in &imported.warnings {
        eprintln!("onset: skipped {warning}");
    }
    if imported.files == 0 {
        return Err(Error::Argument("nothing could be read: no file has results of lm-evaluation-harness".into()));
    }
    if let Some((folder, tables)) = subjects {
        tables.save(folder)?;
    }
    write::bytes(&args.out, observations_csv(&imported.observations).as_bytes())?;
    let (rows, files) = (imported.observations.len(), imported.files);
    eprintln!("onset: {rows} observations from {files} files written to {}", args.out.display());
    Ok(())
}
