//! The best places of a rise with a ceiling: over all pairs of models' places, then by exact lines, then by small steps.

use super::super::cross_products::CrossProducts;
use super::super::observations::only;
use super::super::parameter::Parameter;
use super::super::sample::Sample;
use super::super::scaling::binary_scale;
use super::settings::Plateau;
use crate::{Error, Result};

/// Where the rise begins and ends, in the units of the search.
pub(super) type Places = (f64, f64);

/// What is left when the places are held: free levels and group differences.
#[derive(Debug, Clone, Default)]
pub(super) struct Linear {
    pub(super) chance: f64,
    pub(super) upper: f64,
    pub(super) theta: Vec<f64>,
    pub(super) sse: f64,
}

/// The observations of positive weight by increasing x, in x from 0 to about 1 and scores of order one.
pub(super) struct Rows {
    settings: Plateau,
    pub(super) t: Vec<f64>,
    pub(super) y: Vec<f64>,
    pub(super) w: Vec<f64>,
    pub(super) z: Vec<Vec<f64>>,
    pub(super) levels: Vec<f64>,
    pub(super) origin: f64,
    pub(super) x_unit: f64,
    pub(super) y_unit: f64,
}

impl Rows {
    pub(super) fn new(settings: Plateau, sample: &Sample, identified: &[bool]) -> Result<Self> {
        let mut rows: Vec<usize> = (0..sample.len()).filter(|&i| sample.weight(i) > 0.0).collect();
        let x = sample.x();
        rows.sort_by(|&a, &b| x[a].total_cmp(&x[b]));
        let (Some(&first), Some(&last)) = (rows.first(), rows.last()) else {
            return Err(Error::NotEnoughModels { have: 0, need: 2 });
        };
        let span = x[last] - x[first];
        if !span.is_finite() {
            return Err(Error::Argument("the range of the predictor exceeds the largest number".into()));
        }
        if span <= 0.0 {
            return Err(Error::Undetermined("the predictor is the same for every model".into()));
        }
        let x_unit = binary_scale([span].into_iter());
        let y_unit = binary_scale(rows.iter().map(|&i| sample.y()[i]).chain(settings.chance).chain(settings.upper));
        let w_unit = sample.weights().map_or(1.0, |w| binary_scale(w.iter().copied()));
        let t: Vec<f64> = rows.iter().map(|&i| (x[i] - x[first]) / x_unit).collect();
        let mut levels = t.clone();
        levels.dedup();
        let scaled = Plateau { chance: settings.chance.map(|r| r / y_unit), upper: settings.upper.map(|u| u / y_unit) };
        Ok(Self {
            settings: scaled,
            y: rows.iter().map(|&i| sample.y()[i] / y_unit).collect(),
            w: rows.iter().map(|&i| sample.weight(i) / w_unit).collect(),
            z: only(sample.groups(), identified).iter().map(|g| rows.iter().map(|&i| g[i]).collect()).collect(),
            t,
            levels,
            origin: x[first],
            x_unit,
            y_unit,
        })
    }

    pub(super) fn bottom(&self) -> f64 {
        self.levels[0]
    }

    pub(super) fn top(&self) -> f64 {
        self.levels[self.levels.len() - 1]
    }

    /// Least squares on `columns` of row i, of the scores less `known`.
    fn least_squares(&self, k: usize, row: impl Fn(usize, &mut Vec<f64>) -> f64) -> Option<(Vec<f64>, f64)> {
        let (mut lower, mut values, mut found) = (Vec::new(), Vec::with_capacity(k + 1), Vec::new());
        let mut products = CrossProducts::zeros(&mut lower, k + 1);
        for i in 0..self.t.len() {
            values.clear();
            let known = row(i, &mut values);
            values.extend(self.z.iter().map(|z| z[i]));
            values.push(self.y[i] - known);
            products.add(&values, self.w[i]);
        }
        let sse = products.eliminate()?;
        products.coefficients(&mut found);
        (sse.is_finite() && found.iter().all(|v| v.is_finite())).then_some((found, sse))
    }

    /// The best levels and differences with the places held.
    pub(super) fn held(&self, (c, d): Places) -> Option<Linear> {
        let Plateau { chance, upper } = self.settings;
        let k = self.settings.free_levels() + self.z.len();
        let (found, sse) = self.least_squares(k, |i, row| {
            let g = ((self.t[i] - c) / (d - c)).clamp(0.0, 1.0);
            row.extend(chance.is_none().then_some(1.0 - g));
            row.extend(upper.is_none().then_some(g));
            chance.unwrap_or(0.0) * (1.0 - g) + upper.unwrap_or(0.0) * g
        })?;
        let mut found = found.into_iter();
        let chance = chance.or_else(|| found.next())?;
        let upper = upper.or_else(|| found.next())?;
        Some(Linear { chance, upper, theta: found.collect(), sse: sse.max(0.0) })
    }

    /// The places where the best line through the models between c and d meets the best levels around it.
    fn moved(&self, (c, d): Places) -> Option<Places> {
        let Plateau { chance, upper } = self.settings;
        let below = chance.is_none() && self.t.iter().any(|t| *t <= c);
        let above = upper.is_none() && self.t.iter().any(|t| *t >= d);
        let k = usize::from(below) + usize::from(above) + 2 + self.z.len();
        let (found, _) = self.least_squares(k, |i, row| {
            let t = self.t[i];
            let (low, high) = (t <= c, t >= d);
            let inside = f64::from(u8::from(!low && !high));
            row.extend([inside, inside * t]);
            row.extend(below.then_some(f64::from(u8::from(low))));
            row.extend(above.then_some(f64::from(u8::from(high))));
            match (low, high) {
                (true, _) => chance.unwrap_or(0.0),
                (_, true) => upper.unwrap_or(0.0),
                _ => 0.0,
            }
        })?;
        let mut rest = found[2..].iter().copied();
        let low = chance.or_else(|| if below { rest.next() } else { None });
        let high = upper.or_else(|| if above { rest.next() } else { None });
        let meets = |level: Option<f64>, at: f64| level.map_or(at, |level| (level - found[0]) / found[1]);
        let (c, d) = (meets(low, self.bottom()), meets(high, self.top()));
        (c.is_finite() && d.is_finite()).then_some((c, d))
    }

    /// Whether the places make a curve that the data can speak of: a rise that begins before the last model and ends after
    /// the first one, outside the data only towards a given level.
    fn admissible(&self, (c, d): Places) -> bool {
        let far = FARTHEST * (self.top() - self.bottom());
        let low = self.bottom() - if self.settings.chance.is_some() { far } else { 0.0 };
        let high = self.top() + if self.settings.upper.is_some() { far } else { 0.0 };
        d - c > NARROW && c >= low && d <= high && c < self.top() && d > self.bottom()
    }

    pub(super) fn search(&self) -> Option<(Places, Linear)> {
        let levels = self.levels.len();
        let step = levels.div_ceil(PLACES);
        let inside: Vec<f64> =
            (0..levels).filter(|k| k % step == 0 || k + 1 == levels).map(|k| self.levels[k]).collect();
        let (bottom, top) = (self.bottom(), self.top());
        let beyond = OUTSIDE.map(|share| share * (top - bottom));
        let mut begins = inside.clone();
        begins.extend(self.settings.chance.iter().flat_map(|_| beyond.map(|b| bottom - b)));
        let mut ends = inside;
        ends.extend(self.settings.upper.iter().flat_map(|_| beyond.map(|b| top + b)));
        let mut starts: Vec<(Places, f64)> = Vec::new();
        for &c in &begins {
            for &d in &ends {
                if let Some(found) = Some((c, d)).filter(|p| self.admissible(*p)).and_then(|p| self.held(p)) {
                    starts.push(((c, d), found.sse));
                }
            }
        }
        starts.sort_by(|a, b| a.1.total_cmp(&b.1));
        starts.truncate(STARTS);
        let ends = starts.into_iter().filter_map(|(places, _)| self.refined(places));
        ends.min_by(|a, b| a.1.sse.total_cmp(&b.1.sse))
    }

    fn refined(&self, start: Places) -> Option<(Places, Linear)> {
        let (mut at, mut best) = (start, self.held(start)?);
        let better = |places: Places, best: &Linear| {
            let found = Some(places).filter(|p| self.admissible(*p)).and_then(|p| self.held(p))?;
            (found.sse < best.sse * (1.0 - GAIN)).then_some(found)
        };
        for _ in 0..MOVES {
            let Some(next) = self.moved(at) else { break };
            let Some(found) = better(next, &best) else { break };
            (at, best) = (next, found);
        }
        let mut reach = FIRST * (self.top() - self.bottom());
        let mut steps = 0;
        while reach > FINEST && steps < STEPS {
            steps += 1;
            let around = COMPASS.map(|(a, b)| (at.0 + a * reach, at.1 + b * reach));
            let found = around.into_iter().filter_map(|p| Some((p, better(p, &best)?)));
            match found.min_by(|a, b| a.1.sse.total_cmp(&b.1.sse)) {
                Some((places, linear)) => {
                    (at, best) = (places, linear);
                    if let Some((next, linear)) = self.moved(at).and_then(|n| Some((n, better(n, &best)?))) {
                        (at, best) = (next, linear);
                    }
                }
                None => reach *= 0.25,
            }
        }
        Some((at, best))
    }

    /// Which parameters of the curve the data determine: the line needs two distinct places between c and d, c a model at
    /// or before it, and a free ceiling a model at or after d.
    pub(super) fn lead(&self, (c, d): Places) -> Vec<Parameter> {
        let among = |keep: &dyn Fn(f64) -> bool| self.levels.iter().filter(|t| keep(**t)).count();
        let mut lead = Vec::new();
        if among(&|t| t > c && t < d) >= 2 || (among(&|t| t > c && t <= d) >= 2 && among(&|t| t > d) == 0) {
            lead.push(Parameter::Alpha);
            if among(&|t| t <= c) > 0 {
                lead.push(Parameter::C);
            } else if self.settings.chance.is_some() {
                lead.push(Parameter::Start);
            }
        }
        lead.extend(
            (self.settings.upper.is_none() && among(&|t| t > d - FINEST && d < self.top()) > 0)
                .then_some(Parameter::Upper),
        );
        lead
    }
}

/// Places of models that pairs are made of, at most.
const PLACES: usize = 24;
/// Where a rise may begin before the data and end after them, in ranges of x.
const OUTSIDE: [f64; 6] = [0.1, 0.25, 0.5, 1.0, 2.0, 4.0];
/// Farthest place of an end outside the data, in ranges of x: beyond it the curve is a level.
const FARTHEST: f64 = 64.0;
/// Pairs that are followed.
const STARTS: usize = 4;
/// Steps of the final search, at most.
const STEPS: usize = 300;
/// Moves to the lines of a new division, at most.
const MOVES: usize = 30;
/// A sum of squares counts as less when it is by this share.
const GAIN: f64 = 1e-13;
/// Narrowest rise, and first and last step of the final search, as shares of the range.
const NARROW: f64 = 1e-9;
const FIRST: f64 = 1.0 / 32.0;
const FINEST: f64 = 1e-9;
/// Directions of that search.
const COMPASS: [(f64, f64); 8] =
    [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0), (1.0, 1.0), (-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0)];
