//! The options of subcommands for callers that have no command line: the Python package takes them as keywords.
//!
//! Names, defaults and readers are the command line's own, so that both say the same.
//!
//! ```
//! use onset::cli::options;
//!
//! let (settings, scores) = options::fit(&[("score".into(), vec!["mmlu".into()]), ("level".into(), vec!["0.9".into()])])?;
//! assert_eq!((settings.level, scores.as_slice()), (0.9, ["mmlu".to_owned()].as_slice()));
//! assert!(options::of("fit")?.iter().any(|option| option.name == "score" && option.repeats));
//! # Ok::<(), onset::Error>(())
//! ```

use std::ffi::OsString;
#[cfg(feature = "models")]
use std::path::Path;
#[cfg(feature = "models")]
use std::sync::Arc;
#[cfg(feature = "models")]
use std::sync::atomic::AtomicBool;

use clap::{ArgAction, ArgMatches, Args, Command, CommandFactory, FromArgMatches};

use super::Cli;
use super::agree::AgreeArgs;
#[cfg(feature = "models")]
use super::evaluate;
#[cfg(feature = "models")]
use super::finetune;
use super::fit::FitArgs;
#[cfg(feature = "models")]
use super::lab;
use crate::analysis::agree::AgreeSettings;
use crate::analysis::fit::FitSettings;
use crate::error::{Error, Result};
#[cfg(feature = "models")]
use crate::harness::evaluation::Evaluation;
#[cfg(feature = "models")]
use crate::harness::runner::{EvaluationEvent, Keep};
#[cfg(feature = "models")]
use crate::lab::LabReport;
#[cfg(feature = "models")]
use crate::study::finetune::{FinetuneEvent, Finetuned};

/// An option as the command line has it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandOption {
    /// Its name without the dashes before it.
    pub name: String,
    /// What its value is called in the help; `None` where it takes none.
    pub value: Option<String>,
    /// Whether it can be given more than once, or takes several values.
    pub repeats: bool,
    /// Its default, where it has one.
    pub default: Option<String>,
    /// What it does.
    pub help: String,
}

/// The options of a subcommand such as `fit`, in the order of its help.
///
/// # Errors
/// [`Error::Argument`] when there is no such subcommand.
pub fn of(subcommand: &str) -> Result<Vec<CommandOption>> {
    let program = Cli::command();
    let found = program.find_subcommand(subcommand);
    let found = found.ok_or_else(|| Error::Argument(format!("there is no subcommand `{subcommand}`")))?;
    let options = found.get_arguments().filter(|argument| !argument.is_hide_set()).filter_map(|argument| {
        let takes_value = argument.get_action().takes_values();
        let several = argument.get_num_args().is_some_and(|range| range.max_values() > 1);
        Some(CommandOption {
            name: argument.get_long()?.to_owned(),
            value: takes_value.then(|| {
                argument.get_value_names().and_then(|names| names.first()).map_or_else(String::new, |n| n.to_string())
            }),
            repeats: several || matches!(argument.get_action(), ArgAction::Append),
            default: argument
                .get_default_values()
                .first()
                .filter(|_| takes_value)
                .map(|d| d.to_string_lossy().into_owned()),
            help: argument
                .get_long_help()
                .or_else(|| argument.get_help())
                .map_or_else(String::new, ToString::to_string),
        })
    });
    Ok(options.collect())
}

/// The settings of a fit from options of `onset fit` by their names, each with its values (none for one that takes no value),
/// and the scores that were asked for.
///
/// # Errors
/// [`Error::Argument`] for what the command line refuses, in its words.
pub fn fit(options: &[(String, Vec<String>)]) -> Result<(FitSettings, Vec<String>)> {
    // The tables are the caller's; the command line asks for one.
    let matches = read::<FitArgs>("fit", &["-".into()], options)?;
    let args = FitArgs::from_arg_matches(&matches).map_err(|error| refused(&error))?;
    Ok((args.settings(), args.scores().to_vec()))
}

/// The settings of a comparison of benchmarks from options of `onset agree`.
///
/// # Errors
/// [`Error::Argument`] for what the command line refuses, in its words.
pub fn agree(options: &[(String, Vec<String>)]) -> Result<AgreeSettings> {
    // The tables are the caller's; the command line asks for one.
    let matches = read::<AgreeArgs>("agree", &["-".into()], options)?;
    Ok(AgreeArgs::from_arg_matches(&matches).map_err(|error| refused(&error))?.settings())
}

/// Evaluates a model (none where the option `server` names one) by options of `onset evaluate`. Every item with its answers is
/// in what is returned; files are written where the option `out` says, and nowhere without it.
///
/// # Errors
/// [`Error::Argument`] for what the command line refuses, in its words; those of
/// [`evaluate`](crate::harness::runner::evaluate); [`Error::Interrupted`] once `stop` is true.
#[cfg(feature = "models")]
pub fn evaluate(
    model: Option<&Path>,
    options: &[(String, Vec<String>)],
    stop: &Arc<AtomicBool>,
    watch: &mut dyn FnMut(EvaluationEvent<'_>),
) -> Result<Evaluation> {
    let named: Vec<OsString> = model.map(|model| model.as_os_str().to_owned()).into_iter().collect();
    let matches = read::<evaluate::EvaluateArgs>("evaluate", &named, options)?;
    let args = evaluate::EvaluateArgs::from_arg_matches(&matches).map_err(|error| refused(&error))?;
    let mut settings = evaluate::settings(&args, stop)?;
    settings.samples = true;
    if options.iter().all(|(name, _)| name != "out") {
        settings.keep = Keep::Nothing;
    }
    evaluate::evaluation(&args, &settings, watch)
}

/// Fine-tunes a model by options of `onset finetune`; `said` is given what of the examples was cut, and what was left out.
///
/// # Errors
/// [`Error::Argument`] for what the command line refuses, in its words; those of the command.
#[cfg(feature = "models")]
pub fn finetune(
    model: &Path,
    options: &[(String, Vec<String>)],
    stop: &Arc<AtomicBool>,
    said: &mut dyn FnMut(&str),
    watch: &mut dyn FnMut(FinetuneEvent<'_>),
) -> Result<Finetuned> {
    let matches = read::<finetune::FinetuneArgs>("finetune", &[model.as_os_str().to_owned()], options)?;
    let args = finetune::FinetuneArgs::from_arg_matches(&matches).map_err(|error| refused(&error))?;
    let prepared = finetune::asked(&args)?.prepare()?;
    prepared.left_out.iter().for_each(|file| said(&format!("left out: {file}")));
    finetune::cuts(&prepared).iter().for_each(|line| said(line));
    finetune::finetune(&args, prepared, stop, watch)
}

/// Runs one world of the lab by options of `onset lab`; `told` is given what is done, all there is, and the model in hand.
///
/// # Errors
/// [`Error::Argument`] for what the command line refuses, in its words; those of the command.
#[cfg(feature = "models")]
pub fn lab(
    options: &[(String, Vec<String>)],
    stop: &Arc<AtomicBool>,
    told: &(dyn Fn(u64, u64, &str) + Sync),
) -> Result<LabReport> {
    let matches = read::<lab::LabArgs>("lab", &[], options)?;
    lab::world(&lab::LabArgs::from_arg_matches(&matches).map_err(|error| refused(&error))?, stop, told)
}

/// The options, and what stands without a name, as the command line reads them.
fn read<A: Args>(name: &'static str, named: &[OsString], options: &[(String, Vec<String>)]) -> Result<ArgMatches> {
    let given = options.iter().flat_map(|(name, values)| {
        let flag = if values.is_empty() { vec![format!("--{name}")] } else { Vec::new() };
        flag.into_iter().chain(values.iter().map(move |value| format!("--{name}={value}")))
    });
    let named = std::iter::once("--".into()).chain(named.iter().cloned());
    let arguments = std::iter::once(name.into()).chain(given.map(OsString::from)).chain(named);
    A::augment_args(Command::new(name)).disable_help_flag(true).try_get_matches_from(arguments).map_err(|e| refused(&e))
}

/// clap's error as one line: its text goes on about the usage of the program.
fn refused(error: &clap::Error) -> Error {
    let text = error.to_string();
    let first = text.split("\n\n").next().unwrap_or_default();
    let line = first.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    Error::Argument(line.strip_prefix("error: ").unwrap_or(&line).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_as_on_the_command_line() {
        let given = |pairs: &[(&str, &[&str])]| {
            pairs
                .iter()
                .map(|(n, v)| ((*n).to_owned(), v.iter().map(|v| (*v).to_owned()).collect()))
                .collect::<Vec<_>>()
        };
        let (settings, scores) = fit(&given(&[
            ("score", &["a", "b"]),
            ("predict", &["1e25", "-2"]),
            ("any-size", &[]),
            ("chance", &["-1"]),
        ]))
        .expect("settings");
        assert_eq!((scores.len(), settings.predict.as_slice()), (2, [1e25, -2.0].as_slice()));
        assert!(settings.tables.any_size);
        assert_eq!(settings.chance.to_string(), "-1");
        assert_eq!(fit(&[]).expect("defaults").0, FitSettings::default());
    }

    #[test]
    fn what_is_refused_is_refused_in_one_line() {
        let curve = fit(&[("curve".into(), vec!["spline".into()])]).expect_err("no such curve").to_string();
        assert!(
            curve.contains("unknown curve `spline`") && !curve.contains('\n') && !curve.starts_with("error"),
            "{curve}"
        );
        let level = fit(&[("level".into(), vec![])]).expect_err("no value").to_string();
        assert!(level.contains("--level"), "{level}");
    }
}
