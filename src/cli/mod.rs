//! The command line: one file per subcommand, each of which turns its arguments into a settings struct, makes one
//! library call and hands the result to `plot/` and `report/`.
//!
//! Exit codes: 0 success; 1 a check that was asked for failed; 2 bad input or bad usage (one line on standard error says
//! which file, row and column); 141 on a closed pipe is avoided by treating it as success.

mod fit;
mod import;
mod models;
mod reproduce;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::Error;

/// A statistical toolkit for emergence curves of language models.
///
/// Scores are tabulated against pretraining compute, and hinge, sigmoid and linear regressions detect emergence before
/// and after every model is fine-tuned on the same task data (arXiv 2407.07890).
#[derive(Debug, Parser)]
#[command(name = "onset", version, max_term_width = 100, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Regenerate every figure and table of the paper and compare every published number.
    Reproduce(reproduce::ReproduceArgs),
    /// Fit emergence curves to your own table of models and scores.
    Fit(Box<fit::FitArgs>),
    /// Read evaluation results of other tools into the observation table.
    Import(import::ImportArgs),
    /// Look into language models: what is supported, what a folder holds, whether its numbers are right.
    Models(models::ModelsArgs),
}

/// Runs the program with `arguments` (the first is the program's own name) and says how it should exit.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(help_or_usage) => {
            let failed = help_or_usage.use_stderr();
            // Nothing can be done about an unwritable terminal.
            let _ = help_or_usage.print();
            return ExitCode::from(if failed { 2 } else { 0 });
        }
    };
    let outcome = match &cli.command {
        Command::Reproduce(args) => reproduce::run(args),
        Command::Fit(args) => fit::run(args),
        Command::Import(args) => import::run(args),
        Command::Models(args) => models::run(args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::Write { source, .. }) if source.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("onset: {error}");
            ExitCode::from(if matches!(error, Error::CheckFailed(_)) { 1 } else { 2 })
        }
    }
}
