//! The search for c₀, s, the scale and η.

use rayon::prelude::*;

use super::law::{EmergenceLawParameters, EmergenceShift, GainBy, LawBound, share};
use super::points::EmergencePoints;
use super::simplex::{End, descend};

/// c₀, s, ln D₀ or ln γ, and η.
pub(super) type Place = [f64; 4];

/// How far the gain may fall.
const MOST_FALL: f64 = 1.386_294_361_119_890_6;
/// D₀ may be smaller than the least number of examples by this factor: below it only c₀ and D₀ together are known.
const BELOW: f64 = 30.0;
/// Powers that are allowed; beyond them neighbouring curves no longer differ within usual numbers of examples.
const POWERS: (f64, f64) = (0.5, 8.0);
/// Places of the grid by number.
const GRID: [usize; 4] = [16, 9, 7, 3];
/// Ends that are followed from the grid.
const FOLLOWED: usize = 16;
/// Starts that a resample chooses from.
const KEPT: usize = 6;
/// Of them those that it follows.
const CHOSEN: usize = 2;
/// Evaluations of one descent.
const EVALUATIONS: usize = 600;
/// Evaluations of a descent in a resample.
const FEWER: usize = 220;
/// A descent starts anew while it gains more than this share.
const GAIN: f64 = 1e-9;
/// Descents from one start at most.
const ANEW: usize = 12;
/// Share of the allowed width that counts as its end.
const AT_END: f64 = 1e-3;

/// What is searched.
pub(super) struct Search<'a> {
    points: &'a EmergencePoints,
    chance: f64,
    form: EmergenceShift,
    low: Place,
    high: Place,
}

impl<'a> Search<'a> {
    pub(super) fn new(points: &'a EmergencePoints, chance: f64, form: EmergenceShift, gain: GainBy) -> Self {
        let (first, last) = points.range();
        let (least, most) = points.ends();
        let width = last - first;
        let (low_scale, high_scale) = match form {
            EmergenceShift::Logarithm => (least / BELOW, most),
            EmergenceShift::Power => POWERS,
        };
        let fall = match gain {
            GainBy::Examples => MOST_FALL,
            GainBy::Shared => 0.0,
        };
        let low = [first, 0.0, low_scale.ln(), 0.0];
        let high = [last + width, width, high_scale.ln(), fall];
        Self { points, chance, form, low, high }
    }

    fn inside(&self, place: &Place) -> Place {
        std::array::from_fn(|k| place[k].clamp(self.low[k], self.high[k]))
    }

    /// The best gain at this place, and the sum of squares with it; `weights` are how often each point counts.
    pub(super) fn profile(&self, place: &Place, weights: Option<&[f64]>) -> (f64, f64) {
        let [c0, shift, scale, fall] = self.inside(place);
        let (_, most) = self.points.ends();
        let scale = scale.exp();
        let by_level: Vec<(f64, f64)> = self
            .points
            .numbers
            .iter()
            .map(|d| {
                let moved = share(self.form, scale, most, *d);
                (c0 - shift * moved, (-fall * moved).exp())
            })
            .collect();
        let (mut square, mut product, mut total) = (0.0, 0.0, 0.0);
        for (i, (x, y)) in self.points.x.iter().zip(&self.points.y).enumerate() {
            let (c, gain) = by_level[self.points.level[i]];
            let w = weights.map_or(1.0, |w| w[i]);
            let (u, y) = (gain * (x - c).max(0.0), y - self.chance);
            square += w * u * u;
            product += w * u * y;
            total += w * y * y;
        }
        let gain = if square > 0.0 { (product / square).max(0.0) } else { 0.0 };
        (gain, (total - gain * product).max(0.0))
    }

    /// The ends of the best places of the grid, the best first and no two alike.
    pub(super) fn everywhere(&self) -> Vec<End<4>> {
        let count: [usize; 4] = std::array::from_fn(|k| if self.high[k] > self.low[k] { GRID[k] } else { 1 });
        let cells: usize = count.iter().product();
        let place = |mut cell: usize| -> Place {
            std::array::from_fn(|k| {
                let at = cell % count[k];
                cell /= count[k];
                self.low[k] + (self.high[k] - self.low[k]) * (at as f64 + 0.5) / count[k] as f64
            })
        };
        let value = |place: Place| End { place, value: self.profile(&place, None).1 };
        let mut starts: Vec<End<4>> = (0..cells).into_par_iter().map(|cell| value(place(cell))).collect();
        starts.sort_by(|a, b| a.value.total_cmp(&b.value));
        starts.truncate(FOLLOWED);
        let mut ends: Vec<End<4>> =
            starts.into_par_iter().map(|start| self.follow(start.place, None, EVALUATIONS, ANEW)).collect();
        // In the order of the grid where two are as good.
        ends.sort_by(|a, b| a.value.total_cmp(&b.value));
        let mut kept: Vec<End<4>> = Vec::new();
        for end in ends {
            let alike = |other: &End<4>| {
                (0..4).all(|k| (other.place[k] - end.place[k]).abs() <= 0.02 * (self.high[k] - self.low[k]))
            };
            if kept.len() < KEPT && !kept.iter().any(alike) {
                kept.push(end);
            }
        }
        kept
    }

    /// The best end of a resample, from the ends of all points.
    pub(super) fn again(&self, ends: &[End<4>], weights: &[f64]) -> Option<End<4>> {
        let value = |end: &End<4>| End { value: self.profile(&end.place, Some(weights)).1, ..*end };
        let mut starts: Vec<End<4>> = ends.iter().map(value).collect();
        starts.sort_by(|a, b| a.value.total_cmp(&b.value));
        let follow = |start: &End<4>| self.follow(start.place, Some(weights), FEWER, 2);
        let ends = starts.iter().take(CHOSEN).map(follow);
        ends.reduce(|a, b| if b.value < a.value { b } else { a })
    }

    /// Descents from a place, each from where the last one ended.
    fn follow(&self, start: Place, weights: Option<&[f64]>, evaluations: usize, anew: usize) -> End<4> {
        let objective = |place: &Place| self.profile(place, weights).1;
        let mut end = End { place: start, value: objective(&start) };
        for k in 0..anew {
            let size = if k % 2 == 0 { 0.06 } else { -0.02 };
            // Away from the nearer end of what is allowed, where a step would lead nowhere.
            let step = std::array::from_fn(|k| {
                let width = self.high[k] - self.low[k];
                if end.place[k] + size * width > self.high[k] || end.place[k] + size * width < self.low[k] {
                    -size * width
                } else {
                    size * width
                }
            });
            let next = descend(objective, end.place, step, evaluations);
            let gained = end.value - next.value;
            end = End { place: self.inside(&next.place), value: next.value };
            if k > 0 && gained <= GAIN * end.value {
                break;
            }
        }
        end
    }

    /// The law at a place, with its best gain.
    pub(super) fn law(&self, place: &Place, weights: Option<&[f64]>) -> EmergenceLawParameters {
        let [c0, shift, scale, fall] = self.inside(place);
        let (gain, _) = self.profile(place, weights);
        let (form, chance, (_, most)) = (self.form, self.chance, self.points.ends());
        EmergenceLawParameters { form, chance, c0, shift, scale: scale.exp(), gain, fall, most }
    }

    /// Whether c₀ may be larger than is allowed here: the shift is as large as the range of x, or the scale as small as can be.
    pub(super) fn is_open_above(&self, place: &Place) -> bool {
        let near = |k: usize| AT_END * (self.high[k] - self.low[k]);
        let moves = place[1] - self.low[1] > near(1);
        moves && (self.high[1] - place[1] < near(1) || place[2] - self.low[2] < near(2))
    }

    /// What of the place lies at an end of what is allowed.
    pub(super) fn bounds(&self, place: &Place) -> Vec<LawBound> {
        let at_end = |k: usize| {
            let near = AT_END * (self.high[k] - self.low[k]);
            [place[k] - self.low[k] < near, self.high[k] - place[k] < near]
        };
        let mut bounds = Vec::new();
        if at_end(1).contains(&true) {
            bounds.push(LawBound::Shift);
        }
        // Without a shift nothing depends on how it comes about.
        if place[1] > self.low[1] && at_end(2).contains(&true) {
            bounds.push(LawBound::Scale);
        }
        if self.high[3] > self.low[3] && at_end(3)[1] {
            bounds.push(LawBound::Gain);
        }
        bounds
    }
}
