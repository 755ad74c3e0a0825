//! Intervals by the profile of the likelihood.
//!
//! The signed root of 2 (ln L_max - ln L(v)) is nearly a straight line in v, so its secant finds where it crosses the
//! critical value. Where the profile stays below that value as far as one looks, the interval is open on that side.

use serde::{Deserialize, Serialize};

use super::fit::{CountsFit, Held};
use super::marginal::Marginal;
use super::natural::Natural;
use crate::stats::distribution::{fisher_one_quantile, student_two_sided};
use crate::stats::estimate::{Estimate, Interval, Method};
use crate::{Error, Result};

/// What an interval is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CountQuantity {
    /// m: the midpoint, or the point of emergence.
    Point,
    /// k.
    Slope,
    /// θ of a group, counted from 0.
    Theta(usize),
    /// θ/k of a group: by how many units of x it is ahead.
    Lead(usize),
}

impl CountQuantity {
    fn held(self, value: f64) -> Held {
        match self {
            Self::Point => Held::Point(value),
            Self::Slope => Held::Slope(value),
            Self::Theta(j) => Held::Theta(j, value),
            Self::Lead(j) => Held::Lead(j, value),
        }
    }
}

impl CountsFit {
    /// The estimate of a quantity.
    ///
    /// # Errors
    /// [`Error::Argument`] for a group that there is not.
    pub fn value(&self, quantity: CountQuantity) -> Result<f64> {
        let theta = |j: usize| {
            let known = self.theta.get(j).copied();
            known.ok_or_else(|| Error::Argument(format!("there is no group {}", j + 1)))
        };
        Ok(match quantity {
            CountQuantity::Point => self.point,
            CountQuantity::Slope => self.slope,
            CountQuantity::Theta(j) => theta(j)?,
            CountQuantity::Lead(j) => theta(j)? / self.slope,
        })
    }

    /// Degrees of freedom of the F quantile that a profile is cut at.
    pub fn degrees_of_freedom(&self) -> f64 {
        let of = if self.settings.has_families() { self.sample.families.count() } else { self.sample.len() };
        of.saturating_sub(self.settings.of_curve(&self.sample)).max(1) as f64
    }

    /// 2 (ln L_max - ln L) with a quantity held at `value`; `None` where the likelihood has no value there.
    ///
    /// # Errors
    /// As [`value`](Self::value).
    pub fn deviance(&self, quantity: CountQuantity, value: f64) -> Result<Option<f64>> {
        self.value(quantity)?;
        let marginal = self.settings.marginal(&self.sample);
        let mut profile = Profile::new(self, &marginal, quantity);
        Ok(profile.rise(value, &self.natural()).map(|(rise, _)| rise))
    }

    /// The values of a quantity that the data do not reject at a level such as 0.95.
    ///
    /// # Errors
    /// As [`value`](Self::value); [`Error::Argument`] for a level that is not between 0 and 1.
    pub fn interval(&self, quantity: CountQuantity, level: f64) -> Result<Interval> {
        let value = self.value(quantity)?;
        let critical = fisher_one_quantile(level, self.degrees_of_freedom())
            .ok_or_else(|| Error::Argument(format!("the level {level} is not between 0 and 1")))?;
        if !value.is_finite() {
            return Ok(Interval::default());
        }
        let marginal = self.settings.marginal(&self.sample);
        let mut profile = Profile::new(self, &marginal, quantity);
        let low = profile.end(value, -1.0, critical);
        let high = profile.end(value, 1.0, critical);
        Ok(Interval { low, high })
    }

    /// A quantity with its interval, and the p-value of its being zero where that is a question.
    ///
    /// # Errors
    /// As [`interval`](Self::interval).
    pub fn estimate(&self, quantity: CountQuantity, level: f64) -> Result<Estimate> {
        let interval = self.interval(quantity, level)?;
        let p_value = match quantity {
            CountQuantity::Point => None,
            CountQuantity::Slope | CountQuantity::Theta(_) | CountQuantity::Lead(_) => self
                .deviance(quantity, 0.0)?
                .and_then(|deviance| student_two_sided(deviance.max(0.0).sqrt(), self.degrees_of_freedom())),
        };
        Ok(Estimate { interval, p_value, ..Estimate::of(self.value(quantity)?) }.by(Method::ProfileLikelihood))
    }
}

/// The profile of one quantity.
struct Profile<'a> {
    fit: &'a CountsFit,
    marginal: &'a Marginal<'a>,
    quantity: CountQuantity,
    modes: Vec<f64>,
}

impl<'a> Profile<'a> {
    fn new(fit: &'a CountsFit, marginal: &'a Marginal<'a>, quantity: CountQuantity) -> Self {
        Self { fit, marginal, quantity, modes: fit.effects.clone() }
    }

    /// 2 (ln L_max - ln L) at a value, and where that is.
    fn rise(&mut self, value: f64, start: &Natural) -> Option<(f64, Natural)> {
        let (natural, peak) = self.quantity.held(value).climb(self.marginal, start, &mut self.modes)?;
        Some((2.0 * (self.fit.log_likelihood - peak.value), natural))
    }

    /// Where the profile crosses `critical` on one side.
    fn end(&mut self, value: f64, side: f64, critical: f64) -> Option<f64> {
        let root = |rise: f64| rise.max(0.0).sqrt() - critical.sqrt();
        let mut start = self.fit.natural();
        let mut inside = (value, -critical.sqrt());
        let mut step = self.first_step(value);
        let mut outside = None;
        for _ in 0..OUTWARD {
            let at = inside.0 + side * step;
            if !self.is_worth_a_look(at) {
                return None;
            }
            let Some((rise, natural)) = self.rise(at, &start) else {
                step *= 0.5;
                continue;
            };
            let height = root(rise);
            if height >= 0.0 {
                outside = Some((at, height));
                break;
            }
            // As far again as the line through both points leads, but neither hesitant nor bold.
            let gained = height - inside.1;
            let needed = if gained > 0.0 { 1.1 * step * -height / gained } else { f64::INFINITY };
            (inside, start) = ((at, height), natural);
            step = needed.clamp(0.2 * step, 3.0 * step);
        }
        let mut outside = outside?;
        for round in 0..INWARD {
            let share = -inside.1 / (outside.1 - inside.1);
            // The middle now and then, so that a bent profile does not hold one end for ever.
            let share = if round % 3 == 2 { 0.5 } else { share.clamp(0.02, 0.98) };
            let at = inside.0 + share * (outside.0 - inside.0);
            let Some((rise, natural)) = self.rise(at, &start) else { break };
            let height = root(rise);
            if height >= 0.0 {
                outside = (at, height);
            } else {
                (inside, start) = ((at, height), natural);
            }
            if height.abs() < CLOSE || (outside.0 - inside.0).abs() < CLOSE * (1e-3 + (outside.0 - value).abs()) {
                return Some(at);
            }
        }
        Some(outside.0)
    }

    /// How far the first look goes.
    fn first_step(&self, value: f64) -> f64 {
        let (low, high) = self.fit.sample.range();
        let slope = self.fit.slope.abs().max(1e-6);
        let unit = match self.quantity {
            CountQuantity::Point | CountQuantity::Lead(_) => 0.1 * (high - low),
            CountQuantity::Slope => 0.3 * slope,
            CountQuantity::Theta(_) => 0.1 * slope * (high - low),
        };
        unit.max(1e-6 * value.abs()).min(match self.quantity {
            CountQuantity::Point | CountQuantity::Lead(_) => 0.3,
            CountQuantity::Slope | CountQuantity::Theta(_) => f64::INFINITY,
        })
    }

    /// Points and leads beyond three widths of the data are no answer.
    fn is_worth_a_look(&self, value: f64) -> bool {
        let (low, high) = self.fit.sample.range();
        let far = 3.0 * (high - low);
        match self.quantity {
            CountQuantity::Point => value > low - far && value < high + far,
            CountQuantity::Lead(_) => value.abs() < 2.0 * far,
            CountQuantity::Slope | CountQuantity::Theta(_) => value.is_finite(),
        }
    }
}

/// Looks outwards and inwards at most.
const OUTWARD: usize = 30;
const INWARD: usize = 30;
/// Difference of the root of the deviance, and share of an interval's half, that an end is found to.
const CLOSE: f64 = 1e-4;
