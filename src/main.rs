//! The `onset` program: parse the arguments, run one subcommand, turn its result into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    onset::cli::main(std::env::args_os())
}
