//! Commands that a study's file holds, with words in braces that are replaced.
//!
//! What is put in is made of letters, digits and a few signs that no shell reads, so that it may stand inside quotes of the
//! command's own.

use std::path::Path;
use std::process::{Command, Stdio};

use super::settings::Study;
use crate::error::{Error, Result};

/// The command with words in braces replaced, as a shell in the folder of the study's file would run it. Braces around
/// anything else stay.
///
/// # Errors
/// [`Error::Argument`] for a value that a shell would read.
pub(super) fn shell(study: &Study, command: &str, words: &[(&str, &str)]) -> Result<Command> {
    for (word, value) in words {
        if !value.chars().all(|c| is_plain(c) || c == ' ') {
            return Err(Error::Argument(format!("`{value}` for {{{word}}} has signs that a shell would read")));
        }
    }
    let filled =
        words.iter().fold(command.to_owned(), |text, (word, value)| text.replace(&format!("{{{word}}}"), value));
    let folder = study.file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(filled).current_dir(folder.unwrap_or(Path::new("."))).stdin(Stdio::null());
    Ok(shell)
}

/// A path that a shell takes as it is.
///
/// # Errors
/// [`Error::File`] for any other.
pub(super) fn plain(path: &Path) -> Result<String> {
    let whole = std::path::absolute(path).map_err(Error::read(path))?;
    match whole.to_str() {
        Some(text) if text.chars().all(is_plain) => Ok(text.to_owned()),
        _ => {
            let problem = "a path with a space, a quotation mark or the like cannot go into a command";
            Err(Error::File { path: path.to_owned(), problem: problem.into() })
        }
    }
}

/// Whether a shell takes a character as it is.
pub(super) fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | '/' | ':' | '@' | '%' | '+' | ',' | '=' | '-')
}
