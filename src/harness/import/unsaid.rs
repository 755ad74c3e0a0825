//! What a model is called whose evaluation does not say which one it is.

use std::path::Path;

use super::file::Found;
use super::folders::{folders, is_shots};
use super::states::{is_general, is_state};
use super::subject::{Subject, Unsaid};

/// Names a model of which an evaluation says nothing but general words after the folder of its results, where that says
/// more, or else by these words. Either way what they say is not sure.
pub(in crate::harness) fn after_results(subject: Subject, found: &Found) -> Subject {
    if !subject.name.is_empty() || subject.called.is_empty() {
        return subject;
    }
    let name = results_folder(found).unwrap_or(&subject.called).to_owned();
    Subject { name, unsaid: Some(in_folder(&found.path)), ..subject }
}

/// Results of one folder are taken for those of one model.
pub(in crate::harness) fn in_folder(path: &Path) -> Unsaid {
    Unsaid { at: shown(path.parent().unwrap_or(path)), file: shown(path) }
}

/// Results that nothing says to be of the same model as any others.
pub(in crate::harness) fn by_itself(path: &Path) -> Unsaid {
    Unsaid { at: shown(path), file: shown(path) }
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// The innermost folder of the results, below the one that was given, that says more than when or of what they are.
pub(in crate::harness) fn results_folder(found: &Found) -> Option<&str> {
    let within: Vec<&str> = found.source.split('/').collect();
    let says_more = |name: &&str| {
        let dated = name.bytes().filter(u8::is_ascii_digit).count() >= 8;
        !(is_state(name) || is_general(name) || is_shots(name) || dated || name.contains("__"))
    };
    match within.split_last() {
        Some((_, folders)) if !folders.is_empty() => folders.iter().rev().copied().find(|name| says_more(name)),
        _ => folders(&found.path).last().copied().filter(says_more),
    }
}
