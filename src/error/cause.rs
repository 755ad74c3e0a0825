//! Causes of errors, which are shared so that errors can be cloned.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// An error that several owners hold. It reads and prints as what it holds.
pub struct Shared<E: ?Sized>(Arc<E>);

/// The error behind an error, whatever its type.
pub type Cause = Shared<dyn std::error::Error + Send + Sync>;

impl Cause {
    /// Shares an error, or a sentence.
    pub(crate) fn of(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(Arc::from(error.into()))
    }
}

impl<E> From<E> for Shared<E> {
    fn from(error: E) -> Self {
        Self(Arc::new(error))
    }
}

// By hand: what is shared need not be cloneable itself.
impl<E: ?Sized> Clone for Shared<E> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

// So that `source()` hands out the error itself, which callers can downcast.
impl<E: ?Sized> Deref for Shared<E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.0
    }
}

impl<E: fmt::Debug + ?Sized> fmt::Debug for Shared<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<E: fmt::Display + ?Sized> fmt::Display for Shared<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
