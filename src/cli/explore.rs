//! `onset explore`: the report with live refits, served on this machine.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{ArgAction, Args, Command};

use super::fit::{FitOptions, TwoPlaces, watched};
use super::interrupt;
use crate::error::{Error, Result};
use crate::explore::{Explorer, Server};

/// Serve the report on this machine with live refits: move the cut-off, drop a family, change chance, curve or score.
///
/// INPUT is what `onset report` takes. Of results of onset the tables behind them are read: those that the report of a fit
/// names, the published ones for a reproduction. Only this machine can reach the page unless --address says otherwise; no
/// file is served. Ctrl-C ends it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  onset explore scores.csv --score MMLU\n  onset explore figures\n  \
                        onset explore data/models.csv data/evaluations.csv --score mmlu --adjusted mmlu-aux:3 --port 8080\n\n\
                        Exit codes: 0 ended by Ctrl-C, 2 bad input (one line says which file, row and column).")]
pub(super) struct ExploreArgs {
    /// A folder or JSON file that onset wrote, or tables to fit.
    #[arg(required_unless_present = "before", value_name = "INPUT")]
    inputs: Vec<PathBuf>,

    /// Port of the page; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 0, help_heading = "Server")]
    port: u16,

    /// Address to listen on. Any other than this machine's own lets others on the network ask for fits.
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST), help_heading = "Server")]
    address: IpAddr,

    #[command(flatten)]
    places: TwoPlaces,

    #[command(flatten)]
    options: FitOptions,
}

/// Serves the page; `program` is the whole program, whose command line is read once more for the command that the page shows.
pub(super) fn run(args: &ExploreArgs, program: Command) -> Result<()> {
    let explorer =
        Explorer::open_by(&args.places.beside(&args.inputs), &args.options.of_one_score()?, &watched, &given(program))?;
    let server = Server::bind(explorer, SocketAddr::new(args.address, args.port))?;
    let stop = server.stop();
    interrupt::on_interrupt(move || stop.stop())?;
    if !args.address.is_loopback() {
        complain!("onset: {} can be reached from other machines", server.address());
    }
    let said = format!("http://{}/ (Ctrl-C ends it)\n", server.address());
    let mut stdout = std::io::stdout();
    stdout.write_all(said.as_bytes()).and_then(|()| stdout.flush()).map_err(Error::print)?;
    server.run();
    Ok(())
}

/// Flags whose values the page changes, and those that are no flags of a fit.
const NOT_GIVEN: [&str; 10] =
    ["score", "adjusted", "cutoff", "chance", "curve", "covariance", "before", "after", "port", "address"];

/// The other flags of this command line, as `onset fit` takes them.
fn given(mut program: Command) -> Vec<String> {
    let Ok(matches) = program.try_get_matches_from_mut(std::env::args_os()) else { return Vec::new() };
    let Some((name, matches)) = matches.subcommand() else { return Vec::new() };
    let Some(command) = program.find_subcommand(name) else { return Vec::new() };
    let mut words = Vec::new();
    for argument in command.get_arguments() {
        let Some(flag) = argument.get_long().filter(|flag| !NOT_GIVEN.contains(flag)) else { continue };
        let id = argument.get_id().as_str();
        if matches.value_source(id) != Some(ValueSource::CommandLine) {
            continue;
        }
        if matches!(argument.get_action(), ArgAction::SetTrue) {
            words.push(format!("--{flag}"));
            continue;
        }
        for value in matches.get_raw(id).into_iter().flatten() {
            words.extend([format!("--{flag}"), value.to_string_lossy().into_owned()]);
        }
    }
    words
}
