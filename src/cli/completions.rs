//! `onset completions`: what shells and `man` want to know of the program.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Command, Subcommand};
use clap_complete::Shell;

use crate::error::{Error, Result};
use crate::registry::{destination, write};

/// Print the completions of a shell, or write manual pages.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  onset completions bash > ~/.local/share/bash-completion/completions/onset\n  \
                        onset completions zsh > ~/.zfunc/_onset\n  \
                        onset completions fish > ~/.config/fish/completions/onset.fish\n  \
                        onset completions elvish > ~/.config/elvish/lib/onset.elv\n  \
                        onset completions powershell > onset.ps1\n  \
                        onset completions man --out ~/.local/share/man/man1")]
pub(super) struct CompletionsArgs {
    #[command(subcommand)]
    of: Of,
}

#[derive(Debug, Subcommand)]
enum Of {
    /// For bash.
    Bash,
    /// For elvish.
    Elvish,
    /// For fish.
    Fish,
    /// For PowerShell.
    Powershell,
    /// For zsh.
    Zsh,
    /// Manual pages: one for the program, one for each subcommand.
    Man {
        /// Folder for the pages; created when it does not exist.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
}

/// `program` is the whole command line, of which the completions are made.
pub(super) fn run(args: &CompletionsArgs, mut program: Command) -> Result<()> {
    let shell = match &args.of {
        Of::Bash => Shell::Bash,
        Of::Elvish => Shell::Elvish,
        Of::Fish => Shell::Fish,
        Of::Powershell => Shell::PowerShell,
        Of::Zsh => Shell::Zsh,
        Of::Man { out } => return manual(&program, out),
    };
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut program, "onset", &mut text);
    let mut out = std::io::stdout().lock();
    out.write_all(&text).and_then(|()| out.flush()).map_err(Error::print)
}

/// `onset.1`, `onset-fit.1`, ...
fn manual(program: &Command, folder: &Path) -> Result<()> {
    destination::folder(folder)?;
    let mut program = program.clone().disable_help_subcommand(true);
    program.build();
    page(&program, folder, "onset")
}

fn page(command: &Command, folder: &Path, name: &str) -> Result<()> {
    let path = folder.join(format!("{name}.1"));
    write::with(&path, |out| {
        let mut text = Vec::new();
        clap_mangen::Man::new(command.clone()).render(&mut text)?;
        out.write_all(&text)
    })?;
    command
        .get_subcommands()
        .filter(|below| !below.is_hide_set() && below.get_name() != "help")
        .try_for_each(|below| page(below, folder, &format!("{name}-{}", below.get_name())))
}
