//! Settings, the fit, and what it found.

use serde::{Deserialize, Serialize};

use super::ascent::{Peak, climb};
use super::marginal::{Marginal, Predictor, Rest};
use super::natural::{Natural, middle};
use super::nodes::Nodes;
use super::response::{Response, Shares};
use super::sample::CountSample;
use super::starts::starts;
use crate::{Error, Result};

/// Settings of a fit of counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Counts {
    response: Response,
    chance: Option<f64>,
    ceiling: Option<f64>,
    dispersed: bool,
    shared: bool,
    nodes: usize,
}

/// A fitted curve of counts. It holds its sample, from which intervals are computed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CountsFit {
    /// The settings.
    pub settings: Counts,
    /// The counts.
    pub sample: CountSample,
    /// m: the midpoint of a logistic curve, the point of emergence of a hinge.
    #[serde(with = "crate::serial::real")]
    pub point: f64,
    /// k, per unit of x: logits of a logistic curve, shares of a hinge.
    pub slope: f64,
    /// θ, one a group, in units of the linear predictor.
    pub theta: Vec<f64>,
    /// The linear predictor at x = 0 without groups, -k m.
    pub intercept: f64,
    /// σ of the families' effects.
    pub family_sd: f64,
    /// ρ, the correlation of two items of one model beyond the curve and its family.
    pub overdispersion: f64,
    /// r.
    pub chance: f64,
    /// u.
    pub ceiling: f64,
    /// The families' effects, at the mode.
    pub effects: Vec<f64>,
    /// ln L, with the binomial coefficients.
    pub log_likelihood: f64,
    /// Parameters that were estimated.
    pub parameters: usize,
    /// Whether this is a maximum. If not, it is the highest point that was found.
    pub converged: bool,
}

impl Counts {
    /// This response between 0 and 1, with over-dispersion and a family effect.
    pub fn new(response: Response) -> Self {
        Self { response, chance: Some(0.0), ceiling: Some(1.0), dispersed: true, shared: true, nodes: NODES }
    }

    /// What a guess scores; `None` estimates it.
    #[must_use]
    pub fn chance(mut self, chance: impl Into<Option<f64>>) -> Self {
        self.chance = chance.into();
        self
    }

    /// The best score, 1 unless said; `None` estimates it.
    #[must_use]
    pub fn ceiling(mut self, ceiling: impl Into<Option<f64>>) -> Self {
        self.ceiling = ceiling.into();
        self
    }

    /// Without over-dispersion: items of one model are independent.
    #[must_use]
    pub fn binomial(mut self) -> Self {
        self.dispersed = false;
        self
    }

    /// Without what models of a family have in common.
    #[must_use]
    pub fn without_families(mut self) -> Self {
        self.shared = false;
        self
    }

    /// With so many nodes for the family effect, 25 unless said; one is Laplace's approximation. A hinge takes its integral from
    /// kink to kink instead, unless there is one node.
    #[must_use]
    pub fn nodes(mut self, nodes: usize) -> Self {
        self.nodes = nodes;
        self
    }

    /// Fits counts.
    ///
    /// # Errors
    /// [`Error::NotEnoughModels`] for fewer models than parameters; [`Error::Argument`] for levels outside 0 to 1;
    /// [`Error::Undetermined`] where all models are at one value of x, a group is the same everywhere, or the likelihood has
    /// no value.
    pub fn fit(&self, sample: &CountSample) -> Result<CountsFit> {
        self.check(sample)?;
        let marginal = self.marginal(sample);
        let mut modes = vec![0.0; sample.families.count()];
        let best = starts(&marginal)
            .iter()
            .filter_map(|start| Held::Nothing.climb(&marginal, start, &mut modes))
            .reduce(|a, b| if b.1.value > a.1.value { b } else { a });
        let (natural, peak) =
            best.ok_or_else(|| Error::Undetermined("the likelihood of these counts has no value at any start".into()))?;
        Ok(self.fitted(sample, &natural, &peak, &mut modes))
    }

    /// The fit that this place is.
    pub(super) fn fitted(&self, sample: &CountSample, found: &Natural, peak: &Peak, modes: &mut [f64]) -> CountsFit {
        let marginal = self.marginal(sample);
        let predictor = Held::Nothing.predictor(sample);
        let parameters = Held::Nothing.encode(&marginal, found);
        CountsFit {
            settings: *self,
            sample: sample.clone(),
            point: found.point,
            slope: found.slope,
            theta: found.theta.clone(),
            intercept: found.at(sample, 0.0),
            family_sd: if self.shared { found.rest.family_sd } else { 0.0 },
            overdispersion: if self.dispersed { 1.0 / (1.0 + found.rest.scatter) } else { 0.0 },
            chance: found.rest.chance,
            ceiling: found.rest.ceiling,
            effects: marginal.effects(&predictor, &parameters, modes),
            log_likelihood: peak.value,
            parameters: parameters.len(),
            converged: peak.converged,
        }
    }

    pub(super) fn marginal<'a>(&self, sample: &'a CountSample) -> Marginal<'a> {
        let Self { response, chance, ceiling, dispersed, shared, nodes } = *self;
        Marginal {
            sample,
            response,
            chance,
            ceiling,
            dispersed,
            shared,
            nodes: Nodes::hermite(nodes),
            legendre: Nodes::legendre(LEGENDRE),
        }
    }

    fn check(&self, sample: &CountSample) -> Result<()> {
        for (name, level) in [("chance", self.chance), ("the ceiling", self.ceiling)] {
            if level.is_some_and(|level| !(0.0..=1.0).contains(&level)) {
                return Err(Error::Argument(format!("{name} of a share lies between 0 and 1, not at {level:?}")));
            }
        }
        if self.chance.unwrap_or(0.0) >= self.ceiling.unwrap_or(1.0) {
            return Err(Error::Argument("chance is not below the ceiling".into()));
        }
        let levels = usize::from(self.chance.is_none()) + usize::from(self.ceiling.is_none());
        let need = 2 + sample.groups.len() + levels + usize::from(self.dispersed) + usize::from(self.shared);
        if sample.len() <= need {
            return Err(Error::NotEnoughModels { have: sample.len(), need: need + 1 });
        }
        let (low, high) = sample.range();
        if !(high > low) {
            return Err(Error::Undetermined("all models are at one value of the predictor".into()));
        }
        for (j, column) in sample.groups.iter().enumerate() {
            if column.iter().all(|z| *z == column[0]) {
                return Err(Error::Undetermined(format!("group {} is the same for every model", j + 1)));
            }
        }
        Ok(())
    }

    /// Parameters of the curve: what the data have to determine beside the two variances.
    pub(super) fn of_curve(&self, sample: &CountSample) -> usize {
        2 + sample.groups.len() + usize::from(self.chance.is_none()) + usize::from(self.ceiling.is_none())
    }

    pub(super) fn has_families(&self) -> bool {
        self.shared
    }
}

impl CountsFit {
    /// The expected share of correct answers at `x` for a family without effect and the group values `z` (missing ones count
    /// as 0, further ones are ignored).
    pub fn predict(&self, x: f64, z: &[f64]) -> f64 {
        let group: f64 = self.theta.iter().zip(z).map(|(theta, z)| theta * z).sum();
        let eta = self.intercept + self.slope * x + group;
        self.settings.response.mean(eta, Shares { chance: self.chance, ceiling: self.ceiling })
    }

    /// The steepest gain of share per unit of x.
    pub fn steepest(&self) -> f64 {
        match self.settings.response {
            Response::Logistic => 0.25 * (self.ceiling - self.chance) * self.slope,
            Response::Hinge => self.slope,
        }
    }

    pub(super) fn natural(&self) -> Natural {
        let rest = Rest {
            family_sd: self.family_sd,
            scatter: (1.0 / self.overdispersion - 1.0).min(1e12),
            chance: self.chance,
            ceiling: self.ceiling,
        };
        let level = Some(self.intercept + self.slope * middle(&self.sample).0);
        Natural { level, point: self.point, slope: self.slope, theta: self.theta.clone(), rest }
    }
}

/// What a profile holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Held {
    Nothing,
    /// m at this value.
    Point(f64),
    /// k.
    Slope(f64),
    /// θ of a group.
    Theta(usize, f64),
    /// θ/k of a group.
    Lead(usize, f64),
}

impl Held {
    /// The linear predictor with this held. Its columns are an intercept and x, as far as they are free, and the groups.
    pub(super) fn predictor(self, sample: &CountSample) -> Predictor {
        let (middle, spread) = middle(sample);
        let scaled = |zero: f64| sample.x.iter().map(|x| (x - zero) / spread).collect::<Vec<f64>>();
        let ones = || vec![1.0; sample.len()];
        let mut offset = vec![0.0; sample.len()];
        let mut columns = match self {
            Self::Nothing | Self::Theta(..) => vec![ones(), scaled(middle)],
            Self::Point(point) => vec![scaled(point)],
            Self::Slope(slope) => {
                offset = sample.x.iter().map(|x| slope * (x - middle)).collect();
                vec![ones()]
            }
            Self::Lead(j, lead) => {
                let led = sample.x.iter().zip(&sample.groups[j]);
                vec![ones(), led.map(|(x, z)| (x + lead * z - middle) / spread).collect()]
            }
        };
        for (k, group) in sample.groups.iter().enumerate() {
            match self {
                Self::Theta(j, theta) if j == k => {
                    offset.iter_mut().zip(group).for_each(|(offset, z)| *offset += theta * z);
                }
                Self::Lead(j, _) if j == k => {}
                _ => columns.push(group.clone()),
            }
        }
        Predictor { columns, offset }
    }

    /// Parameters of the ascent.
    pub(super) fn encode(self, marginal: &Marginal<'_>, natural: &Natural) -> Vec<f64> {
        let (middle, spread) = middle(marginal.sample);
        let level = natural.at(marginal.sample, middle);
        let mut found = match self {
            Self::Nothing | Self::Theta(..) | Self::Lead(..) => vec![level, natural.slope * spread],
            Self::Point(_) => vec![natural.slope * spread],
            Self::Slope(_) => vec![level],
        };
        let free = |k: &usize| !matches!(self, Self::Theta(j, _) | Self::Lead(j, _) if j == *k);
        found.extend((0..natural.theta.len()).filter(free).map(|k| natural.theta[k]));
        found.extend(marginal.encode(&natural.rest));
        found
    }

    fn decode(self, marginal: &Marginal<'_>, parameters: &[f64]) -> Natural {
        let (middle, spread) = middle(marginal.sample);
        let (level, slope, mut used) = match self {
            Self::Nothing | Self::Theta(..) | Self::Lead(..) => (parameters[0], parameters[1] / spread, 2),
            Self::Point(point) => (parameters[0] / spread * (middle - point), parameters[0] / spread, 1),
            Self::Slope(slope) => (parameters[0], slope, 1),
        };
        let theta = (0..marginal.sample.groups.len())
            .map(|k| match self {
                Self::Theta(j, theta) if j == k => theta,
                Self::Lead(j, lead) if j == k => lead * slope,
                _ => {
                    used += 1;
                    parameters[used - 1]
                }
            })
            .collect();
        let point = if let Self::Point(point) = self { point } else { middle - level / slope };
        Natural { level: Some(level), point, slope, theta, rest: marginal.decode(&parameters[used..]) }
    }

    /// The highest likelihood with this held, from a start.
    pub(super) fn climb(self, marginal: &Marginal<'_>, start: &Natural, modes: &mut [f64]) -> Option<(Natural, Peak)> {
        let predictor = self.predictor(marginal.sample);
        let start = self.encode(marginal, start);
        let peak = climb(&start, &mut |parameters: &[f64]| marginal.at(&predictor, parameters, modes))?;
        Some((self.decode(marginal, &peak.at), peak))
    }
}

/// Nodes of the quadrature, and of each piece under a hinge.
const NODES: usize = 25;
const LEGENDRE: usize = 7;
