//! How a task puts its questions, as its definition says.

use crate::registry::Format;

/// What `doc_to_choice` says of the options a task is scored on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Choices {
    /// A fixed list of letters: `A`, `A.`, `(A)`.
    Letters,
    /// Anything else: the options' own texts.
    Texts,
    /// Nothing.
    #[default]
    None,
}

impl Choices {
    /// What a fixed list of options makes of them; an option that is no text is `None`.
    pub(crate) fn of<'a>(options: impl IntoIterator<Item = Option<&'a str>>) -> Self {
        let letters = options.into_iter().all(|option| option.is_some_and(is_letter));
        if letters { Self::Letters } else { Self::Texts }
    }

    /// The format of a task with this `output_type`, where these two tell.
    pub(crate) fn format(self, output_type: &str) -> Option<Format> {
        match (output_type, self) {
            ("generate_until" | "greedy_until", _) => Some(Format::Generate),
            ("multiple_choice", Self::Letters) => Some(Format::MultipleChoice),
            ("multiple_choice", _) => Some(Format::Cloze),
            _ => None,
        }
    }
}

fn is_letter(text: &str) -> bool {
    let bare = text.trim().trim_start_matches('(').trim_end_matches([')', '.', ':']);
    bare.len() == 1 && bare.bytes().all(|byte| byte.is_ascii_uppercase())
}
