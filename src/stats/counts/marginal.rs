//! The likelihood with the family effect integrated out, and its gradient.
//!
//! Nodes are laid around the mode of each family's integrand, in units of its curvature there. The gradient is the mean of
//! the integrand's over the nodes, which is the derivative of the integral itself. With few nodes the sum is not yet the
//! integral; then differences are taken.

use super::density::{Constant, Density, Scatter};
use super::nodes::Nodes;
use super::pieces::pieces;
use super::response::{Response, Shares};
use super::sample::CountSample;

/// The linear predictor: offset + Σ γ_j column_j.
#[derive(Debug, Clone)]
pub(super) struct Predictor {
    pub(super) columns: Vec<Vec<f64>>,
    pub(super) offset: Vec<f64>,
}

/// What is held and what is estimated. Parameters are γ, then of these, in this order, what is estimated: ln σ, ln φ, the
/// logits of chance and ceiling.
#[derive(Debug, Clone)]
pub(super) struct Marginal<'a> {
    pub(super) sample: &'a CountSample,
    pub(super) response: Response,
    pub(super) chance: Option<f64>,
    pub(super) ceiling: Option<f64>,
    pub(super) dispersed: bool,
    pub(super) shared: bool,
    pub(super) nodes: Nodes,
    pub(super) legendre: Nodes,
}

/// Parameters beside those of the linear predictor, in their natural units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rest {
    pub(super) family_sd: f64,
    /// φ; not looked at without over-dispersion.
    pub(super) scatter: f64,
    pub(super) chance: f64,
    pub(super) ceiling: f64,
}

impl Marginal<'_> {
    pub(super) fn scatter(&self, rest: &Rest) -> Scatter {
        if self.dispersed { Scatter::BetaBinomial(rest.scatter) } else { Scatter::Binomial }
    }

    /// Parameters behind the linear predictor's.
    pub(super) fn encode(&self, rest: &Rest) -> Vec<f64> {
        let top = self.ceiling.unwrap_or(1.0);
        let mut found = Vec::new();
        if self.shared {
            found.push(rest.family_sd.max(SMALL).ln());
        }
        if self.dispersed {
            found.push(rest.scatter.ln());
        }
        if self.chance.is_none() {
            found.push(logit(rest.chance / top));
        }
        if self.ceiling.is_none() {
            found.push(logit((rest.ceiling - rest.chance) / (1.0 - rest.chance)));
        }
        found
    }

    /// The same back.
    pub(super) fn decode(&self, parameters: &[f64]) -> Rest {
        let mut left = parameters.iter().copied();
        let mut next = |estimated: bool| estimated.then(|| left.next()).flatten();
        let family_sd = next(self.shared).map_or(0.0, f64::exp);
        let scatter = next(self.dispersed).map_or(f64::INFINITY, f64::exp);
        let top = self.ceiling.unwrap_or(1.0);
        let chance = next(self.chance.is_none()).map_or_else(|| self.chance.unwrap_or(0.0), |v| top * sigmoid(v));
        let ceiling = next(self.ceiling.is_none()).map_or(top, |v| chance + (1.0 - chance) * sigmoid(v));
        Rest { family_sd, scatter, chance, ceiling }
    }

    /// The log likelihood with its gradient; `None` where it is no number. `modes` are those of the last call, one a family.
    pub(super) fn at(&self, predictor: &Predictor, parameters: &[f64], modes: &mut [f64]) -> Option<(f64, Vec<f64>)> {
        if self.nodes.at.len() >= ENOUGH || !self.shared {
            return self.sum(predictor, parameters, modes);
        }
        let value = self.sum(predictor, parameters, modes)?.0;
        let mut moved = parameters.to_vec();
        let mut gradient = Vec::with_capacity(parameters.len());
        for j in 0..parameters.len() {
            moved[j] = parameters[j] + DIFFERENCE;
            let up = self.sum(predictor, &moved, modes)?.0;
            moved[j] = parameters[j] - DIFFERENCE;
            let down = self.sum(predictor, &moved, modes)?.0;
            moved[j] = parameters[j];
            gradient.push((up - down) / (2.0 * DIFFERENCE));
        }
        Some((value, gradient))
    }

    fn sum(&self, predictor: &Predictor, parameters: &[f64], modes: &mut [f64]) -> Option<(f64, Vec<f64>)> {
        let q = predictor.columns.len();
        let rest = self.decode(&parameters[q..]);
        if parameters.iter().any(|v| !(v.abs() < FAR)) {
            return None;
        }
        let linear: Vec<f64> = (0..self.sample.len())
            .map(|i| predictor.offset[i] + predictor.columns.iter().zip(parameters).map(|(c, g)| c[i] * g).sum::<f64>())
            .collect();
        let scatter = self.scatter(&rest);
        let constants: Vec<Constant> = self
            .sample
            .items
            .iter()
            .zip(&self.sample.choose)
            .map(|(n, choose)| scatter.constant(*n, *choose))
            .collect();
        let levels = Shares { chance: rest.chance, ceiling: rest.ceiling };
        let family = Families { marginal: self, linear: &linear, constants: &constants, scatter, levels };
        let mut total = Slopes { columns: vec![0.0; q], ..Slopes::default() };
        let mut value = 0.0;
        for (g, mode) in modes.iter_mut().enumerate() {
            value += if self.shared {
                family.integral(g, rest.family_sd, mode, &predictor.columns, &mut total)
            } else {
                family.joint(g, 0.0, 1.0, &predictor.columns, &mut total)
            };
        }
        let gradient = self.chain(&total, &rest);
        (value.is_finite() && gradient.iter().all(|g| g.is_finite())).then_some((value, gradient))
    }

    /// Derivatives by the parameters as they are encoded.
    fn chain(&self, total: &Slopes, rest: &Rest) -> Vec<f64> {
        let mut gradient = total.columns.clone();
        if self.shared {
            gradient.push(total.log_sd);
        }
        if self.dispersed {
            gradient.push(total.scatter * rest.scatter);
        }
        let share = (rest.ceiling - rest.chance) / (1.0 - rest.chance);
        if self.chance.is_none() {
            let within = rest.chance / self.ceiling.unwrap_or(1.0);
            let lifted = if self.ceiling.is_none() { total.ceiling * (1.0 - share) } else { 0.0 };
            gradient.push((total.chance + lifted) * rest.chance * (1.0 - within));
        }
        if self.ceiling.is_none() {
            gradient.push(total.ceiling * (1.0 - rest.chance) * share * (1.0 - share));
        }
        gradient
    }

    /// The mode of the effect of family `g`, which is its estimate.
    pub(super) fn effects(&self, predictor: &Predictor, parameters: &[f64], modes: &mut [f64]) -> Vec<f64> {
        if !self.shared {
            return vec![0.0; modes.len()];
        }
        let _ = self.sum(predictor, parameters, modes);
        modes.to_vec()
    }
}

/// Derivatives of a log likelihood.
#[derive(Debug, Clone, Default)]
struct Slopes {
    columns: Vec<f64>,
    log_sd: f64,
    scatter: f64,
    chance: f64,
    ceiling: f64,
}

/// Everything that the families' integrals have in common.
struct Families<'a> {
    marginal: &'a Marginal<'a>,
    linear: &'a [f64],
    constants: &'a [Constant],
    scatter: Scatter,
    levels: Shares,
}

impl Families<'_> {
    fn density(&self, i: usize, mean: f64) -> Density {
        let sample = self.marginal.sample;
        self.scatter.density(self.constants[i], sample.correct[i], sample.items[i], mean)
    }

    /// The log density of a family's counts given its effect; adds `share` of its derivatives.
    fn joint(&self, g: usize, effect: f64, share: f64, columns: &[Vec<f64>], slopes: &mut Slopes) -> f64 {
        let mut value = 0.0;
        for &i in self.marginal.sample.families.members(g) {
            let mean = self.marginal.response.at(self.linear[i] + effect, self.levels);
            let density = self.density(i, mean.mean);
            value += density.value;
            let pull = share * density.by_mean;
            let by_eta = pull * mean.by_eta;
            slopes.columns.iter_mut().zip(columns).for_each(|(slope, column)| *slope += by_eta * column[i]);
            slopes.scatter += share * density.by_scatter;
            slopes.chance += pull * mean.by_chance;
            slopes.ceiling += pull * mean.by_ceiling;
        }
        value
    }

    /// Log density of counts and effect without the law's constant, its slope by the effect, and about its curvature.
    fn bend(&self, g: usize, effect: f64, precision: f64) -> (f64, f64, f64) {
        let start = (-0.5 * precision * effect * effect, -precision * effect, precision);
        self.marginal.sample.families.members(g).iter().fold(start, |(value, slope, curvature), &i| {
            let mean = self.marginal.response.at(self.linear[i] + effect, self.levels);
            let density = self.density(i, mean.mean);
            let information = self.scatter.information(self.marginal.sample.items[i], mean.mean);
            (
                value + density.value,
                slope + density.by_mean * mean.by_eta,
                curvature + information * mean.by_eta * mean.by_eta,
            )
        })
    }

    /// The mode of the integrand, and its width there.
    fn mode(&self, g: usize, sd: f64, start: f64) -> (f64, f64) {
        let precision = 1.0 / (sd * sd);
        let mut at = start.clamp(-WIDEST * sd, WIDEST * sd);
        let mut here = self.bend(g, at, precision);
        for _ in 0..STEPS {
            let mut step = here.1 / here.2;
            if step.abs() * here.2.sqrt() < SETTLED {
                break;
            }
            let next = loop {
                let next = self.bend(g, at + step, precision);
                if next.0 >= here.0 || step.abs() * here.2.sqrt() < SETTLED {
                    break next;
                }
                step *= 0.5;
            };
            if next.0 < here.0 {
                break;
            }
            (at, here) = (at + step, next);
        }
        let mut curvature = here.2;
        if self.marginal.response == Response::Logistic {
            let width = 1e-3 / curvature.sqrt();
            let (above, below) = (self.bend(g, at + width, precision).1, self.bend(g, at - width, precision).1);
            let observed = (below - above) / (2.0 * width);
            if observed > 0.1 * curvature && observed < 10.0 * curvature {
                curvature = observed;
            }
        }
        (at, 1.0 / curvature.sqrt())
    }

    /// Where the integrand of a family is looked at, with ln of the weight there. Moves `mode` to its largest.
    fn places(&self, g: usize, sd: f64, mode: &mut f64) -> Vec<(f64, f64)> {
        let marginal = self.marginal;
        if marginal.response == Response::Hinge && marginal.nodes.at.len() > 1 {
            let rise = self.levels.ceiling - self.levels.chance;
            let linear = marginal.sample.families.members(g).iter().map(|&i| self.linear[i]);
            let kinks: Vec<f64> = linear.flat_map(|eta| [-eta, rise - eta]).collect();
            let (at, places) = pieces(&kinks, sd, &marginal.legendre, &|effect| self.bend(g, effect, 1.0 / (sd * sd)));
            *mode = at;
            return places;
        }
        let (center, width) = self.mode(g, sd, *mode);
        *mode = center;
        let spread = std::f64::consts::SQRT_2 * width;
        let nodes = marginal.nodes.at.iter().zip(&marginal.nodes.log_weight);
        nodes.map(|(z, log_weight)| (center + spread * z, log_weight + spread.ln())).collect()
    }

    /// The log of a family's integral; adds its derivatives.
    fn integral(&self, g: usize, sd: f64, mode: &mut f64, columns: &[Vec<f64>], total: &mut Slopes) -> f64 {
        let places = self.places(g, sd, mode);
        let empty = Slopes { columns: vec![0.0; columns.len()], ..Slopes::default() };
        let mut found = Vec::with_capacity(places.len());
        for (effect, log_weight) in places {
            let unit = effect / sd;
            let mut slopes = Slopes { log_sd: unit * unit - 1.0, ..empty.clone() };
            let value = log_weight - 0.5 * unit * unit + self.joint(g, effect, 1.0, columns, &mut slopes);
            found.push((value, slopes));
        }
        let largest = found.iter().map(|(value, _)| *value).fold(f64::NEG_INFINITY, f64::max);
        let mass: f64 = found.iter().map(|(value, _)| (value - largest).exp()).sum();
        for (value, slopes) in &found {
            let share = (value - largest).exp() / mass;
            total.columns.iter_mut().zip(&slopes.columns).for_each(|(sum, slope)| *sum += share * slope);
            total.log_sd += share * slopes.log_sd;
            total.scatter += share * slopes.scatter;
            total.chance += share * slopes.chance;
            total.ceiling += share * slopes.ceiling;
        }
        largest + mass.ln() - sd.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln()
    }
}

pub(super) fn sigmoid(v: f64) -> f64 {
    1.0 / (1.0 + (-v).exp())
}

/// The logit of a share, kept from its ends.
pub(super) fn logit(share: f64) -> f64 {
    let share = share.clamp(1e-4, 1.0 - 1e-4);
    (share / (1.0 - share)).ln()
}

/// Nodes from which the gradient of the integral is that of the sum.
const ENOUGH: usize = 9;
/// Width of differences of the log likelihood, whose rounding error is some 1e-13.
const DIFFERENCE: f64 = 1e-4;
/// Parameters are of order one; those beyond have run away.
const FAR: f64 = 50.0;
/// The least standard deviation of families that is looked at.
const SMALL: f64 = 1e-6;
/// Standard deviations within which a mode is looked for.
const WIDEST: f64 = 40.0;
/// Steps to a mode, and how small the last one is in units of the integrand's width.
const STEPS: usize = 60;
const SETTLED: f64 = 1e-9;
