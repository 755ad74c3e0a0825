//! What an unknown subcommand or flag may have meant, where clap has no suggestion of its own.

use clap::Command;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

use crate::registry::names::nearest;

/// The same error with the nearest names.
pub(super) fn with_suggestion(mut error: Error, program: &Command) -> Error {
    let (wrong, suggested) = match error.kind() {
        ErrorKind::InvalidSubcommand => (ContextKind::InvalidSubcommand, ContextKind::SuggestedSubcommand),
        ErrorKind::UnknownArgument => (ContextKind::InvalidArg, ContextKind::SuggestedArg),
        _ => return error,
    };
    let Some(ContextValue::String(name)) = error.get(wrong) else { return error };
    if error.get(suggested).is_some() {
        return error;
    }
    let known = match error.kind() {
        ErrorKind::InvalidSubcommand => subcommands(program),
        _ => flags(program),
    };
    let near: Vec<String> = nearest(name, known.iter().map(String::as_str)).into_iter().map(str::to_owned).collect();
    match near.first().cloned() {
        Some(_) if error.kind() == ErrorKind::InvalidSubcommand => {
            error.insert(suggested, ContextValue::Strings(near));
        }
        Some(one) => {
            error.insert(suggested, ContextValue::String(one));
        }
        None => {}
    }
    error
}

/// The names of all subcommands, those of subcommands included.
fn subcommands(of: &Command) -> Vec<String> {
    let below = of.get_subcommands().flat_map(|sub| [vec![sub.get_name().to_owned()], subcommands(sub)].concat());
    let mut names: Vec<String> = below.collect();
    names.sort();
    names.dedup();
    names
}

/// The long flags of all subcommands.
fn flags(of: &Command) -> Vec<String> {
    let own = of.get_arguments().filter_map(|flag| flag.get_long()).map(|long| format!("--{long}"));
    let mut names: Vec<String> = own.chain(of.get_subcommands().flat_map(flags)).collect();
    names.sort();
    names.dedup();
    names
}
