//! The command line: one file per subcommand, each of which turns its arguments into a settings struct, makes one
//! library call and hands the result to `plot/` and `report/`.
//!
//! Exit codes: 0 success; 1 a check that was asked for failed; 2 bad input or bad usage (one line on standard error says
//! which file, row and column); 130 stopped by Ctrl-C or SIGTERM; 141 on a closed pipe is avoided by treating it as success.

/// Writes a line to standard error, without what a terminal would take for orders.
macro_rules! complain {
    ($($words:tt)*) => { eprintln!("{}", crate::cli::output::shown(&format!($($words)*))) };
}

mod agree;
mod brief;
mod columns;
mod completions;
mod emergence_law;
#[cfg(feature = "models")]
mod evaluate;
mod explore;
mod figure;
#[cfg(feature = "models")]
mod finetune;
mod fit;
mod import;
mod interrupt;
#[cfg(feature = "models")]
mod lab;
mod loss_law;
mod loss_then_score;
#[cfg(feature = "models")]
mod models;
mod observational;
pub mod options;
mod output;
#[cfg(feature = "models")]
mod place;
mod progress;
mod report;
mod reproduce;
mod save;
#[cfg(feature = "models")]
mod study;
mod suggest;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::bounds::{self, Bound};
use crate::error::{Error, ErrorKind};
use crate::registry::{disk, table};

/// A statistical toolkit for emergence curves of language models.
///
/// Scores are tabulated against pretraining compute, and hinge, sigmoid and linear regressions detect emergence before
/// and after every model is fine-tuned on the same task data (arXiv 2407.07890).
#[derive(Debug, Parser)]
#[command(name = "onset", version, max_term_width = 100, propagate_version = true)]
#[command(after_help = "Examples:\n  onset reproduce\n  onset fit scores.csv --score MMLU\n  \
                        onset import lm-eval results/ --out scores.csv\n  onset help fit\n\n\
                        Exit codes: 0 success, 1 a check that was asked for failed, 2 bad input or bad usage, 130 stopped by Ctrl-C.")]
struct Cli {
    #[command(subcommand)]
    command: Command,

    /// Raise or lower what a file or a server may cost, such as yaml-depth=100; SECURITY.md lists the bounds. May be
    /// repeated.
    #[arg(long, global = true, value_name = "NAME=NUMBER", hide_short_help = true, value_parser = Bound::parse)]
    bound: Vec<(Bound, u64)>,

    /// Write text cells of CSV files that begin with = + - or @ as they are; without it they get an apostrophe, so that
    /// spreadsheets do not take them for formulas.
    #[arg(long, global = true, hide_short_help = true)]
    raw_csv: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Regenerate every figure and table of the paper and compare every published number.
    Reproduce(reproduce::ReproduceArgs),
    /// Fit emergence curves to your own table of models and scores.
    Fit(Box<fit::FitArgs>),
    /// Say whether benchmarks rank your models alike, and what adjustment changes about it.
    Agree(Box<agree::AgreeArgs>),
    /// Fit the loss of models by parameters and tokens, and say which size is best for a budget.
    LossLaw(Box<loss_law::LossLawArgs>),
    /// Forecast a score by its loss, from small training runs.
    LossThenScore(Box<loss_then_score::LossThenScoreArgs>),
    /// Forecast emergence without fine-tuning from models fine-tuned on more and more task examples.
    EmergenceLaw(Box<emergence_law::EmergenceLawArgs>),
    /// Forecast a benchmark from components of other benchmarks.
    Observational(Box<observational::ObservationalArgs>),
    /// Read evaluation results of other tools into the observation table.
    Import(import::ImportArgs),
    /// Write one self-contained HTML page about a table, a fit or the reproduction.
    Report(Box<report::ReportArgs>),
    /// Serve that page on this machine, with fits that follow what is chosen on it.
    Explore(Box<explore::ExploreArgs>),
    /// Evaluate language models as lm-evaluation-harness does.
    #[cfg(feature = "models")]
    Evaluate(Box<evaluate::EvaluateArgs>),
    /// Fine-tune a language model on task data, with checkpoints along the way.
    #[cfg(feature = "models")]
    Finetune(Box<finetune::FinetuneArgs>),
    /// Evaluate, adjust and evaluate again a whole set of models, on this machine or by Slurm.
    #[cfg(feature = "models")]
    Study(study::StudyArgs),
    /// Run the whole method in a small world whose truth is known.
    #[cfg(feature = "models")]
    Lab(lab::LabArgs),
    /// Look into language models: what is supported, what a folder holds, whether its numbers are right.
    #[cfg(feature = "models")]
    Models(models::ModelsArgs),
    /// Write completions for a shell, or manual pages.
    Completions(completions::CompletionsArgs),
}

/// Runs the program with `arguments` (the first is the program's own name) and says how it should exit.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    ExitCode::from(run(arguments))
}

/// The same, with the exit code as a number, for programs that are not onset's own.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let cli = match parse(arguments) {
        Ok(cli) => cli,
        Err(help_or_usage) => {
            let help_or_usage = suggest::with_suggestion(help_or_usage, &Cli::command());
            let failed = help_or_usage.use_stderr();
            let printed = help_or_usage.print().and_then(|()| std::io::stdout().flush());
            let unwritten = printed.err().filter(|error| error.kind() != std::io::ErrorKind::BrokenPipe);
            if let Some(error) = unwritten.map(Error::print) {
                complain!("onset: {error}");
                return exit_code(error.kind());
            }
            return if failed { 2 } else { 0 };
        }
    };
    bounds::hide_caught_panics();
    if cli.raw_csv {
        table::write_raw();
    }
    cli.bound.iter().for_each(|(bound, value)| bound.set(*value));
    let outcome = match &cli.command {
        Command::Reproduce(args) => reproduce::run(args),
        Command::Fit(args) => fit::run(args),
        Command::Agree(args) => agree::run(args),
        Command::LossLaw(args) => loss_law::run(args),
        Command::LossThenScore(args) => loss_then_score::run(args),
        Command::EmergenceLaw(args) => emergence_law::run(args),
        Command::Observational(args) => observational::run(args),
        Command::Import(args) => import::run(args),
        Command::Report(args) => report::run(args),
        Command::Explore(args) => explore::run(args, Cli::command()),
        #[cfg(feature = "models")]
        Command::Evaluate(args) => evaluate::run(args),
        #[cfg(feature = "models")]
        Command::Finetune(args) => finetune::run(args),
        #[cfg(feature = "models")]
        Command::Study(args) => study::run(args),
        #[cfg(feature = "models")]
        Command::Lab(args) => lab::run(args),
        #[cfg(feature = "models")]
        Command::Models(args) => models::run(args),
        Command::Completions(args) => completions::run(args, Cli::command()),
    };
    if disk::was_unsynced() {
        complain!("onset: this file system does not sync; a loss of power can take what was written last");
    }
    match outcome {
        Ok(()) => 0,
        // Whoever reads the output has seen enough.
        Err(Error::Print { source }) if source.kind() == std::io::ErrorKind::BrokenPipe => 0,
        Err(error) => {
            complain!("onset: {error}");
            exit_code(error.kind())
        }
    }
}

fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut command = brief::command(Cli::command());
    let matches = command.try_get_matches_from_mut(arguments)?;
    Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
}

/// The only place that gives errors numbers.
fn exit_code(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::CheckFailed => 1,
        ErrorKind::Interrupted => 130,
        _ => 2,
    }
}
