//! What can be estimated of a curve, by one name each.

use std::fmt;
use std::str::FromStr;

use crate::serial::serde_as_text;
use crate::{Error, Result};

/// A parameter of a curve, or a number that follows from a fit.
///
/// ```
/// use onset::stats::parameter::Parameter;
/// assert_eq!(Parameter::theta(0, 1).to_string(), "theta");
/// assert_eq!("theta_2".parse::<Parameter>()?, Parameter::theta(1, 3));
/// assert_eq!(Parameter::theta(1, 3).group(), Some(1));
/// # Ok::<(), onset::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Parameter {
    /// Gain per unit of x beyond the break.
    Alpha,
    /// The break.
    C,
    /// The score at the smallest x, where there is no break.
    Start,
    /// A constant level.
    Level,
    /// The score at x = 0.
    Intercept,
    /// Gain per unit of x.
    Slope,
    /// Gain per unit of x in this segment of a spline, counted from 0.
    SegmentSlope(usize),
    /// How much the slope changes at the break.
    Delta,
    /// Chance, the lower asymptote.
    Chance,
    /// The upper asymptote.
    Upper,
    /// Steepness.
    K,
    /// Midpoint.
    M,
    /// The level that a broken power law goes to at one end.
    A,
    /// Position times steepness of a Richards curve; the factor of a broken power law.
    B,
    /// By how much the exponent of a broken power law grows at this break; the first exponent is that of break 0.
    Exponent(usize),
    /// Where this break lies, counted from 1.
    BreakPlace(usize),
    /// How wide its turn is, in ln x.
    Sharpness(usize),
    /// Asymmetry.
    Nu,
    /// The difference of the only group at equal x.
    Theta,
    /// The difference of this one of several groups, counted from 0.
    ThetaOf(usize),
    /// Share of the variance that the curve explains.
    RSquared,
}

impl Parameter {
    const PLAIN: [Self; 16] = [
        Self::Alpha,
        Self::C,
        Self::Start,
        Self::Level,
        Self::Intercept,
        Self::Slope,
        Self::Delta,
        Self::Chance,
        Self::Upper,
        Self::K,
        Self::M,
        Self::A,
        Self::B,
        Self::Nu,
        Self::Theta,
        Self::RSquared,
    ];
    /// Breaks of a broken power law at most.
    const BREAKS: usize = 2;

    /// The difference of group `k`, counted from 0, among `groups`.
    pub fn theta(k: usize, groups: usize) -> Self {
        if groups == 1 { Self::Theta } else { Self::ThetaOf(k) }
    }

    /// The group, counted from 0, whose difference this is; `None` for the curve's own parameters.
    pub fn group(self) -> Option<usize> {
        match self {
            Self::Theta => Some(0),
            Self::ThetaOf(k) => Some(k),
            _ => None,
        }
    }

    /// Whether 0 is a value that the parameter could well have, so that a test of it says something: not the break, whose
    /// zero would be one FLOP.
    pub(crate) fn can_be_zero(self) -> bool {
        !matches!(self, Self::C | Self::BreakPlace(_) | Self::Sharpness(_))
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Alpha => "alpha",
            Self::C => "c",
            Self::Start => "start",
            Self::Level => "level",
            Self::Intercept => "intercept",
            Self::Slope => "slope",
            Self::SegmentSlope(k) => return write!(f, "slope_{}", k + 1),
            Self::Delta => "delta",
            Self::Chance => "chance",
            Self::Upper => "upper",
            Self::K => "k",
            Self::M => "m",
            Self::A => "a",
            Self::B => "b",
            Self::Exponent(k) => return write!(f, "c{k}"),
            Self::BreakPlace(k) => return write!(f, "d{k}"),
            Self::Sharpness(k) => return write!(f, "f{k}"),
            Self::Nu => "nu",
            Self::Theta => "theta",
            Self::ThetaOf(k) => return write!(f, "theta_{}", k + 1),
            Self::RSquared => "r_squared",
        })
    }
}

impl FromStr for Parameter {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let of_breaks = (0..=Self::BREAKS).flat_map(|k| [Self::Exponent(k), Self::BreakPlace(k), Self::Sharpness(k)]);
        if let Some(plain) = Self::PLAIN.into_iter().chain(of_breaks).find(|parameter| parameter.to_string() == text) {
            return Ok(plain);
        }
        let numbered = text.rsplit_once('_').and_then(|(_, number)| number.parse::<usize>().ok()?.checked_sub(1));
        let of = |k: usize| [Self::SegmentSlope(k), Self::ThetaOf(k)].into_iter().find(|p| p.to_string() == text);
        numbered.and_then(of).ok_or_else(|| Error::Argument(format!("`{text}` is no parameter of a curve")))
    }
}

serde_as_text!(Parameter);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_read_as_it_is_written() {
        let numbered = [Parameter::SegmentSlope(0), Parameter::ThetaOf(0), Parameter::ThetaOf(11)];
        let of_breaks =
            [Parameter::Exponent(0), Parameter::Exponent(2), Parameter::BreakPlace(1), Parameter::Sharpness(2)];
        for parameter in Parameter::PLAIN.into_iter().chain(numbered).chain(of_breaks) {
            assert_eq!(parameter.to_string().parse::<Parameter>().expect("a parameter"), parameter);
        }
        for no_name in ["", "theta_0", "theta_", "slope_01", "gamma"] {
            assert!(no_name.parse::<Parameter>().is_err(), "{no_name}");
        }
    }
}
