//! Places and weights for the integral over the effect of a family under a hinge.
//!
//! The integrand has a kink wherever a model reaches the floor or the ceiling. Between kinks its logarithm is concave. So
//! each stretch between them has one peak, pieces are laid around it in units of its width, and each has the nodes of Gauss
//! and Legendre. Pieces that hold nothing are left out.

use super::nodes::Nodes;

/// A logarithm with its slope and curvature (positive), at one place.
pub(super) type Bend = (f64, f64, f64);

/// Where the integrand is looked at, with ln of the weight there; and where it is largest.
pub(super) fn pieces(kinks: &[f64], sd: f64, legendre: &Nodes, bend: &dyn Fn(f64) -> Bend) -> (f64, Vec<(f64, f64)>) {
    let reach = REACH * sd;
    let mut ends: Vec<f64> = kinks.iter().copied().filter(|kink| kink.abs() < reach).collect();
    // Beyond the prior's reach there is something only where all models of a family lie there.
    ends.extend([-reach, reach]);
    ends.sort_by(f64::total_cmp);
    let stretches: Vec<Stretch> = ends.windows(2).map(|ends| Stretch::new(ends[0], ends[1], bend)).collect();
    let highest = stretches.iter().fold(f64::NEG_INFINITY, |high, stretch| high.max(stretch.value));
    let at = stretches.iter().find(|stretch| stretch.value >= highest).map_or(0.0, |stretch| stretch.peak);
    let mut places = Vec::new();
    for stretch in stretches.iter().filter(|stretch| stretch.value > highest - NOTHING) {
        let edges = stretch.edges();
        let values: Vec<f64> = edges.iter().map(|edge| bend(*edge).0).collect();
        for (ends, values) in edges.windows(2).zip(values.windows(2)) {
            if values[0].max(values[1]) > highest - NOTHING {
                let (middle, half) = (0.5 * (ends[0] + ends[1]), 0.5 * (ends[1] - ends[0]));
                places.extend(
                    legendre.at.iter().zip(&legendre.log_weight).map(|(z, w)| (middle + half * z, w + half.ln())),
                );
            }
        }
    }
    (at, places)
}

/// Between two kinks.
struct Stretch {
    low: f64,
    high: f64,
    peak: f64,
    value: f64,
    /// About how far the integrand falls by a factor of e^(1/2).
    width: f64,
}

impl Stretch {
    fn new(low: f64, high: f64, bend: &dyn Fn(f64) -> Bend) -> Self {
        // A kink belongs to the stretches on both sides; a hair inside the slope is that of this one.
        let hair = (1e-9 * (high - low)).max(1e-12 * (low.abs() + high.abs()));
        let (left, right) = (low + hair, high - hair);
        let (at_left, at_right) = (bend(left), bend(right));
        let (mut from, mut to) = (left, right);
        let (peak, (value, slope, curvature)) = if right <= left || at_left.1 <= 0.0 {
            (left, at_left)
        } else if at_right.1 >= 0.0 {
            (right, at_right)
        } else {
            let mut at =
                if at_left.0 > at_right.0 { from + at_left.1 / at_left.2 } else { to + at_right.1 / at_right.2 };
            let mut here = (0.0, 0.0, 1.0);
            for _ in 0..STEPS {
                if !(at > from && at < to) {
                    at = 0.5 * (from + to);
                }
                here = bend(at);
                let step = here.1 / here.2;
                if step.abs() * here.2.sqrt() < SETTLED || to - from < 1e-14 * (1.0 + at.abs()) {
                    break;
                }
                if here.1 > 0.0 {
                    from = at;
                } else {
                    to = at;
                }
                at += step;
            }
            (at, here)
        };
        Self { low, high, peak, value, width: (1.0 / curvature.sqrt()).min(1.0 / slope.abs().max(f64::MIN_POSITIVE)) }
    }

    /// The edges of its pieces.
    fn edges(&self) -> Vec<f64> {
        let sides =
            [-1.0, 1.0].into_iter().flat_map(|side| WIDTHS.map(|widths| self.peak + side * widths * self.width));
        let inner = sides.chain([self.peak]).filter(|edge| *edge > self.low && *edge < self.high);
        let mut edges: Vec<f64> = inner.chain([self.low, self.high]).collect();
        edges.sort_by(f64::total_cmp);
        edges.dedup();
        edges
    }
}

/// Standard deviations of the family effect within which its integral is taken.
const REACH: f64 = 9.0;
/// Edges of pieces on both sides of a peak, in widths.
const WIDTHS: [f64; 7] = [2.0, 4.5, 7.5, 12.0, 24.0, 60.0, 200.0];
/// Logarithms this far below the highest are nothing.
const NOTHING: f64 = 28.0;
const STEPS: usize = 60;
/// How small the last step to a peak is, in units of the integrand's width.
const SETTLED: f64 = 1e-6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_normal_law_with_a_kink_has_its_mass() {
        // exp(-b²/2σ²) × (1 below the kink, exp(-s (b - kink)) above it), whose integral the normal distribution gives.
        let (sd, kink, s) = (0.3, 0.1, 7.0);
        let bend = |b: f64| {
            let above = if b > kink { s } else { 0.0 };
            (-0.5 * (b / sd).powi(2) - above * (b - kink), -b / (sd * sd) - above, 1.0 / (sd * sd))
        };
        let (peak, places) = pieces(&[kink, 40.0], sd, &Nodes::legendre(7), &bend);
        let mass: f64 = places.iter().map(|(b, w)| (w + bend(*b).0).exp()).sum();
        let below = |z: f64| crate::stats::distribution::normal_lower(z).expect("a number");
        let tail = (s * kink + 0.5 * (s * sd).powi(2)).exp() * below(-(kink / sd + s * sd));
        let expected = sd * (2.0 * std::f64::consts::PI).sqrt() * (below(kink / sd) + tail);
        assert!(peak.abs() < 1e-6 && (mass / expected - 1.0).abs() < 1e-8, "{mass} and {expected}");
    }
}
