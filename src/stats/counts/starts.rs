//! Where the ascent begins: the best of a grid of points and slopes, by squares.

use super::marginal::{Marginal, Rest};
use super::natural::Natural;
use super::response::{Response, Shares};

/// The best starts of a grid, at different points, best first.
pub(super) fn starts(marginal: &Marginal<'_>) -> Vec<Natural> {
    let sample = marginal.sample;
    let shares = sample.shares();
    let (least, most) = shares.iter().fold((1.0_f64, 0.0_f64), |(low, high), y| (low.min(*y), high.max(*y)));
    let top = marginal.ceiling.unwrap_or(1.0);
    let chance = marginal.chance.unwrap_or((0.95 * least).max(0.002).min(0.9 * top));
    let ceiling = marginal.ceiling.unwrap_or((most + 0.02).clamp(chance + 0.05, 0.995).max(chance + 1e-3));
    let levels = Shares { chance, ceiling };
    let (low, high) = sample.range();
    let width = high - low;
    let mut found: Vec<(f64, f64, f64)> = Vec::new();
    for p in 0..=POINTS {
        let point = low + width * (1.4 * p as f64 / POINTS as f64 - 0.2);
        let tried = (0..SLOPES).flat_map(|s| {
            let steep = steepest(marginal.response, width) * 0.6_f64.powi(s);
            [steep, -steep].map(|slope| {
                let mean = |x: &f64| marginal.response.mean(slope * (x - point), levels);
                let rest = sample.x.iter().zip(&shares).map(|(x, y)| (y - mean(x)).powi(2));
                (rest.sum::<f64>(), point, slope)
            })
        });
        found.extend(tried.min_by(|a, b| a.0.total_cmp(&b.0)));
    }
    found.sort_by(|a, b| a.0.total_cmp(&b.0));
    let variance = found.first().map_or(0.01, |best| best.0) / sample.len() as f64;
    found.truncate(KEPT);
    let unit = if marginal.response == Response::Logistic { 4.0 / (ceiling - chance) } else { 1.0 };
    let rest = Rest {
        family_sd: unit * (0.5 * variance).sqrt().max(1e-3),
        scatter: (0.2 / (0.5 * variance).max(1e-6)).clamp(2.0, 1e5),
        chance,
        ceiling,
    };
    let theta = vec![0.0; sample.groups.len()];
    found
        .into_iter()
        .map(|(_, point, slope)| Natural { level: None, point, slope, theta: theta.clone(), rest })
        .collect()
}

/// The steepest slope of the grid.
fn steepest(response: Response, width: f64) -> f64 {
    match response {
        Response::Logistic => 60.0 / width,
        Response::Hinge => 6.0 / width,
    }
}

const POINTS: usize = 24;
const SLOPES: i32 = 10;
const KEPT: usize = 3;
