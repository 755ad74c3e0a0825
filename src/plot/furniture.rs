//! Texts around a panel: labels of ticks and axes, titles, and notes for which there is no place inside.

use super::axis::Ruler;
use super::geometry::Rect;
use super::text::{Anchor, DESCENT, HALF_CAPITAL, LEADING, Line, Words, fit, shorten, width, wrap};
use super::theme::{INK, Role, Theme};
use super::ticks::{Room, Ticks};
use crate::analysis::figure::{Axis, Note};

/// Least distance of the names of two categories in points.
const APART: f64 = 3.0;
/// Names of categories have so much room in points, however low the panel is.
const LONGEST_NAME: f64 = 110.0;
/// Slope of names of categories that have no room side by side, in degrees.
const SLOPE: f64 = -40.0;

/// One side of a panel: its ticks and how their labels are set.
#[derive(Debug, Clone)]
pub(super) struct Side {
    pub ticks: Ticks,
    /// Lines of every label.
    names: Vec<Vec<Line>>,
    size: f64,
    turn: f64,
    /// Room the labels take away from the frame in points.
    pub depth: f64,
    /// How far labels reach beyond the two ends of the axis in points.
    pub beyond: (f64, f64),
}

impl Side {
    /// Lower side of a frame.
    pub(super) fn horizontal(axis: &Axis, ruler: &Ruler, length: f64, height: f64, size: f64) -> Self {
        let place = |at: f64| (at - ruler.low) / (ruler.high - ruler.low) * length;
        let Some(named) = categories(axis, ruler) else {
            let ticks = Ticks::new(axis, ruler, Room { length, size, side_by_side: true });
            let names: Vec<Vec<Line>> = ticks.major.iter().map(|(_, line)| vec![line.clone()]).collect();
            return Self::level(ticks, names, size, length, place);
        };
        let places: Vec<f64> = named.iter().map(|(at, _)| place(*at)).collect();
        let pitch = places.windows(2).map(|w| (w[1] - w[0]).abs()).fold(length, f64::min);
        let ticks = |kept: &[(f64, &str)]| Ticks {
            major: kept.iter().map(|(at, name)| (*at, Line::new(name))).collect(),
            minor: Vec::new(),
        };
        for most_lines in 1..=3 {
            let lines: Vec<Vec<String>> =
                named.iter().map(|(_, name)| wrap(name, pitch - APART, size, false)).collect();
            let fits =
                |l: &Vec<String>| l.len() <= most_lines && l.iter().all(|l| width(l, size, false) <= pitch - APART);
            if lines.iter().all(fits) {
                let names = lines.iter().map(|l| l.iter().map(|line| Line::new(line)).collect()).collect();
                return Self::level(ticks(&named), names, size, length, place);
            }
        }
        // Upright names need the height of a line, sloped ones a little more; beyond that some have to go.
        let turn = if pitch >= 1.7 * size { SLOPE } else { -90.0 };
        let every = (1.05 * size / pitch).ceil().max(1.0) as usize;
        let kept: Vec<(f64, &str)> = named.into_iter().step_by(every).collect();
        let longest = (0.8 * height).max(LONGEST_NAME);
        let names: Vec<Line> = kept.iter().map(|(_, name)| Line::new(&shorten(name, longest, size, false))).collect();
        let reach = names.iter().map(|line| line.width(size, false)).fold(0.0, f64::max);
        let (sin, cos) = (turn.abs().to_radians().sin(), turn.abs().to_radians().cos());
        let out = names.iter().zip(&kept).map(|(line, (at, _))| line.width(size, false) * cos - place(*at));
        let beyond = (out.fold(0.0, f64::max), 0.0);
        let names = names.into_iter().map(|line| vec![line]).collect();
        Self { ticks: ticks(&kept), names, size, turn, depth: reach * sin + size * cos, beyond }
    }

    fn level(ticks: Ticks, names: Vec<Vec<Line>>, size: f64, length: f64, place: impl Fn(f64) -> f64) -> Self {
        let half = |lines: &Vec<Line>| lines.iter().map(|l| l.width(size, false) / 2.0).fold(0.0, f64::max);
        let ends = ticks
            .major
            .iter()
            .zip(&names)
            .map(|((at, _), lines)| (half(lines) - place(*at), place(*at) + half(lines) - length));
        let beyond = ends.fold((0.0_f64, 0.0_f64), |b, e| (b.0.max(e.0), b.1.max(e.1)));
        let lines = names.iter().map(Vec::len).max().unwrap_or(0);
        let ascent = names.iter().flatten().map(Line::ascent).fold(0.0, f64::max);
        let depth = if lines == 0 { 0.0 } else { (ascent + DESCENT + LEADING * (lines - 1) as f64) * size };
        Self { ticks, names, size, turn: 0.0, depth, beyond }
    }

    /// Left side of a frame; names of categories take at most `widest` points.
    pub(super) fn vertical(axis: &Axis, ruler: &Ruler, length: f64, widest: f64, size: f64) -> Self {
        let (ticks, names): (Ticks, Vec<Vec<Line>>) = match categories(axis, ruler) {
            None => {
                let ticks = Ticks::new(axis, ruler, Room { length, size, side_by_side: false });
                let names = ticks.major.iter().map(|(_, line)| vec![line.clone()]).collect();
                (ticks, names)
            }
            Some(named) => {
                let pitch = named.windows(2).map(|w| (w[1].0 - w[0].0).abs()).fold(f64::INFINITY, f64::min)
                    / (ruler.high - ruler.low)
                    * length;
                let most_lines = (pitch / (LEADING * size)).floor().clamp(1.0, 2.0) as usize;
                let every = (LEADING * size / pitch).ceil().max(1.0) as usize;
                let kept: Vec<(f64, &str)> = named.into_iter().step_by(every).collect();
                let lines = |name: &str| fit(name, widest, (size, size), false, most_lines).0;
                let names = kept.iter().map(|(_, name)| lines(name).iter().map(|l| Line::new(l)).collect()).collect();
                let major = kept.iter().map(|(at, name)| (*at, Line::new(name))).collect();
                (Ticks { major, minor: Vec::new() }, names)
            }
        };
        let depth = names.iter().flatten().map(|line| line.width(size, false)).fold(0.0, f64::max);
        Self { ticks, names, size, turn: 0.0, depth, beyond: (0.0, 0.0) }
    }

    /// Labels below a horizontal axis, their upper edge at `top`.
    pub(super) fn under(&self, place: impl Fn(f64) -> f64, top: f64) -> Vec<Words> {
        let ascent = self.names.iter().flatten().map(Line::ascent).fold(0.0, f64::max) * self.size;
        let mut words = Vec::new();
        for ((at, _), lines) in self.ticks.major.iter().zip(&self.names) {
            for (i, line) in lines.iter().enumerate() {
                let x = place(*at);
                let (at, anchor) = if self.turn == 0.0 {
                    ((x, top + ascent + LEADING * self.size * i as f64), Anchor::Middle)
                } else {
                    let half = HALF_CAPITAL * self.size;
                    let (sin, cos) = self.turn.abs().to_radians().sin_cos();
                    ((x + half * sin, top + half * cos), Anchor::End)
                };
                words.push(self.label(line.clone(), at, anchor));
            }
        }
        words
    }

    /// Labels beside a vertical axis, their right edge at `right`.
    pub(super) fn beside(&self, place: impl Fn(f64) -> f64, right: f64) -> Vec<Words> {
        let mut words = Vec::new();
        for ((at, _), lines) in self.ticks.major.iter().zip(&self.names) {
            let middle = place(*at) + HALF_CAPITAL * self.size;
            for (i, line) in lines.iter().enumerate() {
                let shift = (i as f64 - (lines.len() - 1) as f64 / 2.0) * LEADING * self.size;
                words.push(self.label(line.clone(), (right, middle + shift), Anchor::End));
            }
        }
        words
    }

    fn label(&self, line: Line, at: (f64, f64), anchor: Anchor) -> Words {
        Words { line, at, size: self.size, bold: false, anchor, turn: self.turn, colour: INK, class: "tick" }
    }
}

/// Ticks of a categorical axis with their names, in the order of their places; `None` for numeric axes.
fn categories<'a>(axis: &'a Axis, ruler: &Ruler) -> Option<Vec<(f64, &'a str)>> {
    if axis.tick_labels.is_empty() || axis.ticks.is_empty() {
        return None;
    }
    let all = axis.ticks.iter().zip(&axis.tick_labels).filter_map(|(&t, name)| Some((ruler.locate(t)?, name.as_str())));
    let mut shown: Vec<(f64, &str)> = all.filter(|(at, _)| ruler.shows(*at)).collect();
    shown.sort_by(|a, b| a.0.total_cmp(&b.0));
    Some(shown)
}

/// The title of a panel, its last baseline just above `bottom`.
pub(super) fn title((lines, size): (Vec<String>, f64), frame: &Rect, bottom: f64, theme: &Theme) -> Vec<Words> {
    let last = lines.len().saturating_sub(1);
    let baseline = |i: usize| bottom - (DESCENT + LEADING * (last - i) as f64) * size;
    let middle = (frame.x0 + frame.x1) / 2.0;
    let words =
        |(i, line): (usize, &String)| Words { size, ..centred(line, (middle, baseline(i)), Role::Title, theme) };
    lines.iter().enumerate().map(words).collect()
}

/// A label below `top`, centred on a frame, and its height; wrapped to two lines where it is long.
pub(super) fn below(text: &str, top: f64, frame: &Rect, theme: &Theme) -> (Vec<Words>, f64) {
    let (lines, size) = fit(text, frame.width(), (theme.size(Role::AxisLabel), Theme::SMALLEST), false, 2);
    let middle = (frame.x0 + frame.x1) / 2.0;
    let baseline = |i: usize| top + (1.0 - DESCENT + LEADING * i as f64) * size;
    let words =
        |(i, line): (usize, &String)| Words { size, ..centred(line, (middle, baseline(i)), Role::AxisLabel, theme) };
    (lines.iter().enumerate().map(words).collect(), lines.len() as f64 * LEADING * size)
}

/// The title of the whole figure between two edges, below `top`, and its height; nothing for no title.
pub(super) fn heading(text: &str, (left, right): (f64, f64), top: f64, theme: &Theme) -> (Vec<Words>, f64) {
    let largest = theme.size(Role::Title) + 1.0;
    let (lines, size) = fit(text, right - left, (largest, Theme::SMALLEST), true, 3);
    let baseline = |i: usize| top + (1.0 + LEADING * i as f64) * size;
    let words = |(i, line): (usize, &String)| Words {
        size,
        bold: true,
        class: "heading",
        ..centred(line, (f64::midpoint(left, right), baseline(i)), Role::Title, theme)
    };
    let height = if lines.is_empty() { 0.0 } else { (LEADING * lines.len() as f64 + 0.4) * size };
    (lines.iter().enumerate().map(words).collect(), height)
}

/// Small text below everything, in as many lines as it takes from its upper left corner on, and its height.
pub(super) fn footer(text: &str, (left, top): (f64, f64), room: f64, theme: &Theme) -> (Vec<Words>, f64) {
    let size = Theme::SMALLEST.max(theme.size(Role::Tick));
    let lines = wrap(text, room, size, false);
    let words = lines.iter().enumerate().map(|(i, line)| Words {
        line: Line::new(&shorten(line, room, size, false)),
        at: (left, top + (1.0 + FOOTER_LEADING * i as f64) * size),
        size,
        bold: false,
        anchor: Anchor::Start,
        turn: 0.0,
        colour: INK,
        class: "footer",
    });
    (words.collect(), (FOOTER_LEADING * lines.len() as f64) * size)
}

/// Distance of two lines of the footer, in text sizes; room for the hat of θ̂.
const FOOTER_LEADING: f64 = 1.38;

/// A text that reads upwards, its (last) baseline at `x`, centred on the height of a frame.
pub(super) fn upright(text: &str, x: f64, frame: &Rect, role: Role, most_lines: usize, theme: &Theme) -> Vec<Words> {
    let (lines, size) = fit(text, 1.08 * frame.height(), (theme.size(role), Theme::SMALLEST), false, most_lines);
    let middle = (frame.y0 + frame.y1) / 2.0;
    let last = lines.len().saturating_sub(1);
    let baseline = |i: usize| x - LEADING * size * (last - i) as f64;
    let words =
        |(i, line): (usize, &String)| Words { size, turn: -90.0, ..centred(line, (baseline(i), middle), role, theme) };
    lines.iter().enumerate().map(words).collect()
}

/// Distance of two notes on one line, in text sizes.
const NOTE_GAP: f64 = 1.2;
/// Distance of two lines of notes, in text sizes; room for the hat of θ̂.
const NOTE_LEADING: f64 = 1.35;

/// Height of notes above a frame.
pub(super) fn strip_height(notes: &[Note], room: f64, theme: &Theme) -> f64 {
    let (lines, size) = strip_lines(notes, room, theme);
    lines.len() as f64 * NOTE_LEADING * size
}

/// Notes above a frame, the lower edge of their last line at `bottom`.
pub(super) fn strip(notes: &[Note], frame: &Rect, room: f64, bottom: f64, theme: &Theme) -> Vec<Words> {
    let (lines, size) = strip_lines(notes, room, theme);
    let mut words = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let y = bottom - (DESCENT + NOTE_LEADING * (lines.len() - 1 - i) as f64) * size;
        let mut x = (frame.x0 + frame.x1 - line_width(line, size)) / 2.0;
        for note in line {
            let text = Words {
                line: Line::new(&note.text),
                at: (x, y),
                size,
                bold: note.bold,
                anchor: Anchor::Start,
                turn: 0.0,
                colour: INK,
                class: "note",
            };
            x += text.line.width(size, note.bold) + NOTE_GAP * size;
            words.push(text);
        }
    }
    words
}

fn line_width(line: &[&Note], size: f64) -> f64 {
    let text: f64 = line.iter().map(|note| Line::new(&note.text).width(size, note.bold)).sum();
    text + NOTE_GAP * size * line.len().saturating_sub(1) as f64
}

/// The lines of notes above a frame and their size: a little smaller where that saves a line.
fn strip_lines<'a>(notes: &'a [Note], room: f64, theme: &Theme) -> (Vec<Vec<&'a Note>>, f64) {
    let set = |size: f64| {
        let mut lines: Vec<Vec<&Note>> = Vec::new();
        for note in notes {
            match lines.last_mut() {
                Some(line) if line_width(&[line.as_slice(), &[note]].concat(), size) <= room => line.push(note),
                _ => lines.push(vec![note]),
            }
        }
        lines
    };
    let (size, small) = (theme.size(Role::Note), Theme::SMALLEST);
    let (lines, small_lines) = (set(size), set(small));
    if small_lines.len() < lines.len() { (small_lines, small) } else { (lines, size) }
}

fn centred(text: &str, at: (f64, f64), role: Role, theme: &Theme) -> Words {
    Words {
        line: Line::new(text),
        at,
        size: theme.size(role),
        bold: false,
        anchor: Anchor::Middle,
        turn: 0.0,
        colour: INK,
        class: "",
    }
}
