//! A study that explains itself.

/// What `onset study init` writes: every key, with its meaning.
pub(crate) const EXAMPLE: &str = include_str!("example.toml");
