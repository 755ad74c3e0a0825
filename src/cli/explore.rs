//! `onset explore`: the report with live refits, served on this machine.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Args;

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

pub(super) fn run(args: &ExploreArgs) -> Result<()> {
    let explorer = Explorer::open_by(&args.places.beside(&args.inputs), &args.options.of_one_score()?, &watched)?;
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
