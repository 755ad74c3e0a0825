//! Which way scores go with compute: accuracies rise; losses, Brier scores and bits per byte fall.

use crate::serial::read_by_name;

/// Which way scores go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// More compute, higher scores.
    #[default]
    Rising,
    /// More compute, lower scores.
    Falling,
}

impl Direction {
    /// Of a change; `None` for none.
    pub(crate) fn of(change: f64) -> Option<Self> {
        if change > 0.0 {
            return Some(Self::Rising);
        }
        (change < 0.0).then_some(Self::Falling)
    }

    /// A change measured along this direction: positive when it goes that way.
    pub(crate) fn along(self, change: f64) -> f64 {
        match self {
            Self::Rising => change,
            Self::Falling => -change,
        }
    }

    /// What scores do, as a word for people: they rise, a rise.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Rising => "rise",
            Self::Falling => "fall",
        }
    }

    /// The name in files.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Rising => "rising",
            Self::Falling => "falling",
        }
    }
}

read_by_name!(Direction, "direction", [Direction::Rising, Direction::Falling]);
