//! A turn of a conversation.

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    System,
    User,
    Assistant,
}

impl Role {
    /// As chat templates name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// One turn, and what follows it in plain text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Turn {
    pub role: Role,
    pub text: String,
    pub delimiter: String,
}

impl Turn {
    pub(super) fn new(role: Role, text: impl Into<String>, delimiter: &str) -> Self {
        Self { role, text: text.into(), delimiter: delimiter.to_owned() }
    }
}
