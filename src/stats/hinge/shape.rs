//! The fitted function of x in each of its forms, and which parameters those have.

use serde::{Deserialize, Serialize};

use super::estimate::{HingeEstimate, Outcome};
use crate::stats::direction::Direction;
use crate::stats::one_break::{Best, Shape};
use crate::stats::parameter::Parameter;

/// The fitted function of x, groups aside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Curve {
    pub(super) best: Best,
    /// Positions in `best` are measured from here.
    pub(super) origin: f64,
    pub(super) chance: f64,
    pub(super) chance_free: bool,
    pub(super) direction: Direction,
}

/// The parameters of the curve itself, of which each shape has some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lead {
    Alpha,
    C,
    Start,
}

impl Lead {
    pub(super) fn parameter(self) -> Parameter {
        match self {
            Self::Alpha => Parameter::Alpha,
            Self::C => Parameter::C,
            Self::Start => Parameter::Start,
        }
    }
}

impl Curve {
    /// Which parameters of the curve the data determine.
    pub(super) fn lead(&self) -> &'static [Lead] {
        match self.best.shape {
            Shape::Plain => &[],
            Shape::Constant => &[Lead::Start],
            Shape::Bend if self.best.c_identified => &[Lead::Alpha, Lead::C],
            Shape::Line if self.best.c_identified && !self.chance_free => &[Lead::Alpha, Lead::Start],
            Shape::Bend | Shape::Line => &[Lead::Alpha],
        }
    }

    pub(super) fn estimate_of(&self, parameter: Lead) -> f64 {
        match parameter {
            Lead::Alpha => self.best.alpha,
            Lead::C => self.origin + self.best.c,
            Lead::Start => self.chance + self.best.start,
        }
    }

    /// Derivative by a parameter at `d` from the origin. For a straight line the formula is continued left of the data.
    pub(super) fn derivative(&self, parameter: Lead, d: f64) -> f64 {
        match (parameter, self.best.shape) {
            (Lead::Alpha, Shape::Line) => d - self.best.bottom,
            (Lead::Alpha, _) => (d - self.best.c).max(0.0),
            (Lead::C, _) => -self.best.alpha * f64::from(u8::from(d > self.best.c)),
            (Lead::Start, _) => 1.0,
        }
    }

    /// The curve without groups at `d` from the origin.
    pub(super) fn value(&self, d: f64) -> f64 {
        let Best { alpha, c, start, bottom, .. } = self.best;
        self.chance
            + match self.best.shape {
                Shape::Plain => 0.0,
                Shape::Constant => start,
                // Continued left of the data as the hinge it is: no further than chance.
                Shape::Line if alpha > 0.0 => (start + alpha * (d - bottom)).max(0.0),
                Shape::Line => (start + alpha * (d - bottom)).min(0.0),
                Shape::Bend => alpha * (d - c).max(0.0),
            }
    }

    /// c from the origin; for a line where it meets chance.
    pub(super) fn break_position(&self) -> f64 {
        let Best { alpha, c, start, bottom, .. } = self.best;
        match self.best.shape {
            Shape::Plain => 0.0,
            Shape::Constant => f64::NEG_INFINITY,
            Shape::Line => bottom - start / alpha,
            Shape::Bend => c,
        }
    }

    pub(super) fn estimate(&self) -> HingeEstimate {
        let gains = self.direction.along(self.best.alpha) > 0.0;
        let outcome = match self.best.shape {
            Shape::Bend if gains => Outcome::Break,
            Shape::Line if gains => Outcome::NoBreak,
            _ => Outcome::Flat,
        };
        HingeEstimate {
            alpha: self.best.alpha,
            c: self.origin + self.break_position(),
            theta: self.best.theta.clone(),
            theta_identified: self.best.identified.clone(),
            c_identified: self.best.c_identified,
            chance: self.chance,
            sse: self.best.sse,
            outcome,
        }
    }
}
