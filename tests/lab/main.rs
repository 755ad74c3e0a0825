//! The small world whose truth is known.

mod worlds;
