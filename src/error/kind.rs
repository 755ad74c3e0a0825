//! What sort of thing went wrong.

/// What sort of thing went wrong: enough to decide what to do next. [`Error::kind`](super::Error::kind) gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument, a settings file, a table or a task is wrong. The caller can correct it.
    Input,
    /// A file or folder is not there.
    NotFound,
    /// Another run is using it; it may be free later.
    InUse,
    /// The operating system refused to read, write or listen.
    Io,
    /// A model, a format or a switch that onset does not know.
    Unsupported,
    /// The input is in order, but the data cannot answer the question asked of them.
    Undetermined,
    /// A figure or page could not be made.
    Output,
    /// The tensor backend failed.
    Backend,
    /// Training gave NaN or infinity.
    Diverged,
    /// A server or the hub failed, or refused.
    Server,
    /// A workload manager failed.
    Executor,
    /// The work was stopped from outside.
    Interrupted,
    /// A check that was asked for ran and found differences.
    CheckFailed,
}
