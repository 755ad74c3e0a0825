//! Where an axis has ticks and what is written at them.
//!
//! Linear axes take the step among 1, 2, 2.5 and 5 times a power of ten whose number of ticks comes nearest to the number
//! for which there is room; logarithmic ones take every first, second, third... decade, whichever is the closest spacing
//! whose labels stay apart, and fall back on 1, 2, 5 and their like where fewer than two decades are shown.

use super::axis::Ruler;
use super::text::{LEADING, Line};
use crate::analysis::figure::Axis;

/// Least distance between two labels side by side, in text sizes.
const GAP: f64 = 0.9;
/// Distance of ticks that an axis aims at, in text sizes: side by side and one above the other.
const PITCH: (f64, f64) = (5.5, 3.3);
/// Minor ticks closer than this many points would run together.
const MINOR_PITCH: f64 = 1.0;

/// The length of an axis on paper and how its labels are set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// Length of the axis in points.
    pub length: f64,
    /// Size of its labels in points.
    pub size: f64,
    /// Whether labels stand side by side (horizontal axis) or one above the other.
    pub side_by_side: bool,
}

/// Ticks of an axis, as positions in axis space.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Ticks {
    /// Labelled ticks.
    pub major: Vec<(f64, Line)>,
    /// Ticks without a label.
    pub minor: Vec<f64>,
}

impl Ticks {
    /// The ticks of a numeric axis; those the axis asks for, or chosen ones.
    pub(super) fn new(axis: &Axis, ruler: &Ruler, room: Room) -> Self {
        let wanted: Vec<f64> = axis.ticks.iter().copied().filter(|&v| v.is_finite()).collect();
        if wanted.is_empty() {
            return if ruler.log { decades(ruler, room) } else { linear(ruler, room) };
        }
        let places = (0..=6).find(|&p| wanted.iter().all(|v| rounds_exactly(*v, p))).unwrap_or(6);
        let label = |v: f64| if ruler.log { power(v) } else { number(v, places, &wanted) };
        let shown = wanted.iter().filter_map(|&v| Some((ruler.locate(v)?, label(v)))).filter(|t| ruler.shows(t.0));
        Self { major: shown.collect(), minor: Vec::new() }
    }
}

fn linear(ruler: &Ruler, room: Room) -> Ticks {
    let pitch = room.size * if room.side_by_side { PITCH.0 } else { PITCH.1 };
    let most = (room.length / pitch).round().clamp(2.0, 7.0) as usize;
    let candidates = (1..=most).rev().map(|wanted| stepped(ruler, wanted));
    let fitting = candidates.into_iter().find(|major| major.len() <= most + 1 && apart(major, ruler, room));
    Ticks { major: fitting.unwrap_or_default(), minor: Vec::new() }
}

/// About `wanted` ticks at multiples of a round step.
fn stepped(ruler: &Ruler, wanted: usize) -> Vec<(f64, Line)> {
    let raw = (ruler.high - ruler.low) / wanted as f64;
    let scale = 10f64.powf(raw.log10().floor());
    if !scale.is_normal() {
        return Vec::new();
    }
    let count = |step: f64| (ruler.high / step + 1e-6).floor() - (ruler.low / step - 1e-6).ceil() + 1.0;
    let off = |step: f64| (count(step) - wanted as f64).abs();
    let steps = [0.5, 1.0, 2.0, 2.5, 5.0, 10.0].map(|factor| factor * scale);
    let step = steps.into_iter().min_by(|a, b| off(*a).total_cmp(&off(*b))).unwrap_or(scale);
    let (first, last) = ((ruler.low / step - 1e-6).ceil(), (ruler.high / step + 1e-6).floor());
    if !(last - first).is_finite() || last - first > 100.0 || first.abs() > 1e12 {
        return Vec::new();
    }
    // Counting in whole steps keeps 0.3 from becoming 0.30000000000000004.
    let values: Vec<f64> = (0..=(last - first) as i64).map(|i| (first + i as f64) * step).collect();
    let places = (0..=12).find(|&p| rounds_exactly(step, p)).unwrap_or(12);
    values.iter().map(|&v| (v, number(v, places, &values))).filter(|(v, _)| ruler.shows(*v)).collect()
}

fn decades(ruler: &Ruler, room: Room) -> Ticks {
    let (first, last) = ((ruler.low - 1e-9).ceil() as i64, (ruler.high + 1e-9).floor() as i64);
    if last - first < 1 {
        return within_a_decade(ruler, room);
    }
    let every = |stride: i64| -> Vec<(f64, Line)> {
        (first..=last).filter(|k| k.rem_euclid(stride) == 0).map(|k| (k as f64, Line::power(None, k))).collect()
    };
    let fits = |major: &Vec<(f64, Line)>| apart(major, ruler, room);
    let stride = (1..=last - first + 1).find(|&s| fits(&every(s))).unwrap_or(1);
    let length_of_decade = room.length / (ruler.high - ruler.low);
    let minor = if stride > 1 {
        (first..=last).filter(|k| k.rem_euclid(stride) != 0).map(|k| k as f64).collect()
    } else if length_of_decade * (1.0 - 9f64.log10()) >= MINOR_PITCH {
        (first - 1..=last).flat_map(|k| (2..10).map(move |m| k as f64 + f64::from(m).log10())).collect()
    } else {
        Vec::new()
    };
    Ticks { major: every(stride), minor: minor.into_iter().filter(|&at| ruler.shows(at)).collect() }
}

/// Ticks of a logarithmic axis that shows less than two decade marks.
fn within_a_decade(ruler: &Ruler, room: Room) -> Ticks {
    let exponents = || ruler.low.floor() as i64..=ruler.high.floor() as i64;
    let at = |m: f64, k: i64| k as f64 + m.log10();
    let minor: Vec<f64> = exponents().flat_map(|k| (1..10).map(move |m| at(f64::from(m), k))).collect();
    let sets: [&[f64]; 4] = [&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0], &[1.0, 2.0, 5.0], &[1.0, 3.0], &[1.0]];
    let chosen = sets.iter().map(|set| -> Vec<(f64, Line)> {
        let all = exponents().flat_map(|k| set.iter().map(move |&m| (at(m, k), power(m * 10f64.powi(k as i32)))));
        all.filter(|(at, _)| ruler.shows(*at)).collect()
    });
    let mut best = chosen.into_iter().filter(|major| apart(major, ruler, room)).max_by_key(|major| major.len().min(4));
    if best.as_ref().is_none_or(|major| major.len() < 2) {
        // Less than a factor of two is shown: round steps of the value itself.
        let values = Ruler { log: false, low: 10f64.powf(ruler.low), high: 10f64.powf(ruler.high) };
        best = (1..=4usize)
            .rev()
            .map(|wanted| stepped(&values, wanted).iter().map(|(v, _)| (v.log10(), power(*v))).collect::<Vec<_>>())
            .find(|major| major.len() >= 2 && apart(major, ruler, room))
            .or(best);
    }
    Ticks { major: best.unwrap_or_default(), minor: minor.into_iter().filter(|&at| ruler.shows(at)).collect() }
}

/// Whether no two labels come too close.
fn apart(major: &[(f64, Line)], ruler: &Ruler, room: Room) -> bool {
    let place = |at: f64| (at - ruler.low) / (ruler.high - ruler.low) * room.length;
    major.windows(2).all(|pair| {
        let distance = place(pair[1].0) - place(pair[0].0);
        let needed = if room.side_by_side {
            (pair[0].1.width(room.size, false) + pair[1].1.width(room.size, false)) / 2.0 + GAP * room.size
        } else {
            LEADING * room.size
        };
        distance >= needed
    })
}

/// A value on a logarithmic axis: `10^k`, or `m×10^k`.
fn power(value: f64) -> Line {
    let mut exponent = value.log10().floor();
    let mut factor = value / 10f64.powf(exponent);
    // 9.9999 rounds up to the next decade.
    if format!("{factor:.2}") == "10.00" {
        (factor, exponent) = (1.0, exponent + 1.0);
    }
    if (factor - 1.0).abs() < 1e-6 {
        return Line::power(None, exponent as i64);
    }
    let places = (0..=2).find(|&p| rounds_exactly(factor, p)).unwrap_or(2);
    Line::power(Some(format!("{factor:.places$}")), exponent as i64)
}

/// A value on a linear axis, beside others; very large and very small ones as `m×10^k`.
fn number(value: f64, places: usize, beside: &[f64]) -> Line {
    let largest = beside.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    if largest >= 1e6 || (largest < 1e-3 && largest > 0.0) {
        if value == 0.0 {
            return Line::new("0");
        }
        let exponent = largest.log10().floor();
        return Line::power(Some(minus(trimmed(value / 10f64.powf(exponent)))), exponent as i64);
    }
    let text = format!("{value:.places$}");
    // A step of -0.0 is zero.
    let zero = !text.contains(|c: char| c.is_ascii_digit() && c != '0');
    Line::new(&if zero { text.trim_start_matches('-').to_owned() } else { minus(text) })
}

fn trimmed(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn minus(text: String) -> String {
    text.replace('-', "−")
}

fn rounds_exactly(value: f64, places: usize) -> bool {
    let scaled = value * 10f64.powi(places as i32);
    (scaled - scaled.round()).abs() <= 1e-6 * scaled.abs().max(1e-6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::figure::Scale;

    const ACROSS: Room = Room { length: 180.0, size: 7.0, side_by_side: true };

    fn labels(ticks: &Ticks) -> Vec<String> {
        let text = |line: &Line| line.runs.iter().map(|r| r.text.as_str()).collect::<Vec<_>>().join("^");
        ticks.major.iter().map(|(_, line)| text(line)).collect()
    }

    fn automatic(log: bool, low: f64, high: f64, room: Room) -> Ticks {
        let axis = Axis {
            label: String::new(),
            scale: if log { Scale::Log10 } else { Scale::Linear },
            range: None,
            ticks: Vec::new(),
            tick_labels: Vec::new(),
        };
        Ticks::new(&axis, &Ruler { log, low, high }, room)
    }

    #[test]
    fn decades_are_labelled_as_powers_of_ten_at_whole_logarithms() {
        let ticks = automatic(true, 19.6, 24.3, ACROSS);
        assert_eq!(labels(&ticks), ["10^20", "10^21", "10^22", "10^23", "10^24"]);
        assert!(ticks.major.iter().all(|(at, _)| at.fract() == 0.0));
        assert!(ticks.minor.iter().all(|at| (19.6..=24.3).contains(at)));
    }

    #[test]
    fn a_short_axis_skips_decades_instead_of_crowding_them() {
        let ticks = automatic(true, 17.9, 25.1, Room { length: 70.0, ..ACROSS });
        assert_eq!(labels(&ticks), ["10^18", "10^21", "10^24"]);
        assert_eq!(ticks.minor, [19.0, 20.0, 22.0, 23.0, 25.0]);
    }

    #[test]
    fn less_than_two_decades_get_multiples() {
        assert_eq!(labels(&automatic(true, 0.9, 2.0, ACROSS)), ["10^1", "10^2"]);
        assert_eq!(labels(&automatic(true, 21.1, 21.8, ACROSS)).first().map(String::as_str), Some("2×10^21"));
        assert!(labels(&automatic(true, 21.10, 21.12, ACROSS)).len() >= 2);
    }

    #[test]
    fn linear_steps_are_round_and_written_with_equal_digits() {
        assert_eq!(labels(&automatic(false, 0.18, 0.83, ACROSS)), ["0.2", "0.4", "0.6", "0.8"]);
        assert_eq!(labels(&automatic(false, -0.06, 0.06, ACROSS)), ["−0.050", "−0.025", "0.000", "0.025", "0.050"]);
        assert_eq!(labels(&automatic(false, 0.0, 3.2e6, ACROSS)).last().map(String::as_str), Some("3×10^6"));
    }

    #[test]
    fn chosen_ticks_are_kept_and_those_outside_dropped() {
        let axis = Axis {
            label: String::new(),
            scale: Scale::Linear,
            range: None,
            ticks: vec![0.25, 0.5, 0.75, 9.0, f64::NAN],
            tick_labels: Vec::new(),
        };
        let ticks = Ticks::new(&axis, &Ruler { log: false, low: 0.0, high: 1.0 }, ACROSS);
        assert_eq!(labels(&ticks), ["0.25", "0.50", "0.75"]);
    }

    #[test]
    fn no_range_makes_ticks_panic() {
        for (low, high) in [(0.0, 1e-300), (-1e300, 1e300), (1e12, 1e12 + 1.0), (-1e-12, 1e-12), (300.0, 300.1)] {
            for log in [false, true] {
                if !log || high < 1e3 {
                    automatic(log, low, high, ACROSS);
                }
            }
        }
    }
}
