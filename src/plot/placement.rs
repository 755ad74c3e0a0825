//! Free places for text inside a panel: the box of notes, and names beside points.
//!
//! Notes: the four corners are tried first, then a raster of positions over the panel in the order of their distance
//! from the nearest corner; the first box whose surroundings no point, line, band, bar or error bar touches is taken.
//! Where a panel has no such place, all notes of the figure are set smaller, and if that is not enough, the panel's
//! notes stand above it, where nothing is drawn.
//!
//! Labels: every labelled point has candidate places on rings around it. Points in crowds choose first; each takes the
//! candidate of least cost that touches no point, no notes and no label placed before. Points that found no place
//! move to the front, and the whole is tried again (a greedy point-feature labelling after Christensen, Marks and
//! Shieber 1995, with restarts in place of annealing so that the same data give the same picture).

use super::geometry::{Obstacle, Rect, Spot, crosses};
use super::text::{Anchor, DESCENT, HALF_CAPITAL, Line, Words};
use super::theme::{INK, Role, Theme};
use crate::analysis::figure::Note;

/// Distance of the box from the edges of the panel in points.
const INSET: f64 = 3.5;
/// Free space around the box in points: what is aimed at, and what is accepted.
const CLEARANCES: [f64; 2] = [3.0, 1.0];
/// Distance of positions that are tried in points.
const RASTER: f64 = 2.5;
/// Padding of the box in text sizes, across and upwards.
const PADDING: (f64, f64) = (0.45, 0.32);
/// Distance of two lines of notes in text sizes; room for the hat of θ̂.
const NOTE_LEADING: f64 = 1.32;

/// The notes of a panel at their place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct NoteBox {
    pub rect: Rect,
    pub words: Vec<Words>,
}

/// A corner of a panel: whether right, and whether low.
pub(super) type Corner = (bool, bool);
/// The corners in order of preference: rising curves leave the upper left free most often, then the lower right.
pub(super) const CORNERS: [Corner; 4] = [(false, false), (true, true), (true, false), (false, true)];

/// Width and height of the box in points.
fn box_size(notes: &[Note], size: f64) -> (f64, f64) {
    let widest = notes.iter().map(|note| Line::new(&note.text).width(size, note.bold)).fold(0.0, f64::max);
    let first = notes.first().map_or(0.0, |note| Line::new(&note.text).ascent());
    let text = first + NOTE_LEADING * notes.len().saturating_sub(1) as f64 + 0.5 * DESCENT;
    (widest + 2.0 * PADDING.0 * size, (text + 2.0 * PADDING.1) * size)
}

fn in_corner(frame: &Rect, (width, height): (f64, f64), (right, low): Corner) -> Rect {
    let x = if right { frame.x1 - INSET - width } else { frame.x0 + INSET };
    let y = if low { frame.y1 - INSET - height } else { frame.y0 + INSET };
    Rect::new(x, y, x + width, y + height)
}

fn free(rect: &Rect, clearance: f64, frame: &Rect, obstacles: &[Obstacle]) -> bool {
    let around = rect.grown(clearance);
    frame.encloses(rect) && !obstacles.iter().any(|obstacle| obstacle.touches(&around))
}

/// Whether the notes would have ample room in a corner.
pub(super) fn corner_is_free(notes: &[Note], frame: &Rect, obstacles: &[Obstacle], corner: Corner, size: f64) -> bool {
    let rect = in_corner(frame, box_size(notes, size), corner);
    free(&rect, CLEARANCES[0], frame, obstacles)
}

/// Places the notes of a panel in its frame; `None` where every place covers something.
pub(super) fn notes(
    notes: &[Note],
    frame: &Rect,
    obstacles: &[Obstacle],
    corners: &[Corner; 4],
    size: f64,
) -> Option<NoteBox> {
    let wanted = box_size(notes, size);
    let found = CLEARANCES.iter().find_map(|&clearance| {
        let cornered = corners.iter().map(|&corner| in_corner(frame, wanted, corner));
        cornered.chain(raster(frame, wanted)).find(|rect| free(rect, clearance, frame, obstacles))
    });
    found.map(|rect| NoteBox { rect, words: lines(notes, &rect, size) })
}

/// Positions all over the panel, those near its corners first.
fn raster(frame: &Rect, (width, height): (f64, f64)) -> impl Iterator<Item = Rect> {
    let room = (frame.width() - 2.0 * INSET - width, frame.height() - 2.0 * INSET - height);
    let steps = |room: f64| (room / RASTER).floor().max(-1.0) as i64;
    let (across, down) = (steps(room.0), steps(room.1));
    let mut offsets: Vec<(i64, i64)> = (0..=across).flat_map(|i| (0..=down).map(move |j| (i, j))).collect();
    offsets.sort_by_key(|&(i, j)| i.min(across - i).pow(2) + j.min(down - j).pow(2));
    let start = (frame.x0 + INSET, frame.y0 + INSET);
    offsets.into_iter().map(move |(i, j)| {
        let (x, y) = (start.0 + i as f64 * RASTER, start.1 + j as f64 * RASTER);
        Rect::new(x, y, x + width, y + height)
    })
}

/// The lines of text in a box.
fn lines(notes: &[Note], rect: &Rect, size: f64) -> Vec<Words> {
    let first = notes.first().map_or(0.0, |note| Line::new(&note.text).ascent());
    let baseline = |i: usize| rect.y0 + (PADDING.1 + first + NOTE_LEADING * i as f64) * size;
    let words = |(i, note): (usize, &Note)| Words {
        line: Line::new(&note.text),
        at: (rect.x0 + PADDING.0 * size, baseline(i)),
        size,
        bold: note.bold,
        anchor: Anchor::Start,
        turn: 0.0,
        colour: INK,
        class: "note",
    };
    notes.iter().enumerate().map(words).collect()
}

/// A point whose name is wanted.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub at: Spot,
    pub name: String,
}

/// Names at their places.
#[derive(Debug, Clone, Default)]
pub(super) struct Labels {
    pub words: Vec<Words>,
    /// Lines from a name to its point, where they stand apart.
    pub leaders: Vec<(Spot, Spot)>,
    /// Names for which there was no place.
    pub omitted: usize,
}

/// Directions from the point in which a name may stand, best first.
const DIRECTIONS: [Spot; 12] = [
    (1.0, -0.55),
    (-1.0, -0.55),
    (1.0, 0.55),
    (-1.0, 0.55),
    (0.0, -1.0),
    (0.0, 1.0),
    (1.0, 0.0),
    (-1.0, 0.0),
    (0.5, -1.0),
    (-0.5, -1.0),
    (0.5, 1.0),
    (-0.5, 1.0),
];
/// Distances of a name from the edge of its point in points.
const RINGS: [f64; 10] = [0.8, 3.0, 6.0, 10.0, 15.0, 21.0, 28.0, 38.0, 50.0, 65.0];
/// From this distance on a line leads from the name to its point.
const LEADER_FROM: f64 = 5.0;
/// Cost of a leader that passes over another point, as a distance in points.
const PASSING: f64 = 6.0;
/// Free space around a name in points, across and upwards.
const LABEL_CLEARANCE: (f64, f64) = (1.6, 0.4);
/// How often the points that found no place are moved to the front.
const ATTEMPTS: usize = 8;

/// What stands around the names of points.
pub(super) struct Surroundings<'a> {
    /// Radius of the points in points.
    pub radius: f64,
    pub frame: &'a Rect,
    /// Never covered.
    pub hard: &'a [Obstacle],
    /// Covered at a cost, given as a distance in points.
    pub soft: &'a [(Obstacle, f64)],
}

/// Places the names of points.
pub(super) fn labels(wanted: &[Wanted], around: &Surroundings, theme: &Theme) -> Labels {
    let crowd = |at: Spot| {
        let near = |o: &&Obstacle| matches!(o, Obstacle::Disk { centre, .. } if (centre.0 - at.0).hypot(centre.1 - at.1) < 30.0);
        around.hard.iter().filter(near).count()
    };
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by_key(|&i| std::cmp::Reverse(crowd(wanted[i].at)));
    let mut best: Option<Labels> = None;
    for _ in 0..ATTEMPTS {
        let (labels, left_out) = attempt(wanted, &order, around, theme);
        let done = left_out.is_empty();
        if best.as_ref().is_none_or(|b| labels.omitted < b.omitted) {
            best = Some(labels);
        }
        if done {
            break;
        }
        order = left_out.iter().copied().chain(order.iter().copied().filter(|i| !left_out.contains(i))).collect();
    }
    best.unwrap_or_default()
}

fn attempt(wanted: &[Wanted], order: &[usize], around: &Surroundings, theme: &Theme) -> (Labels, Vec<usize>) {
    let size = theme.size(Role::PointLabel);
    let mut labels = Labels::default();
    let mut left_out = Vec::new();
    // Names placed so far, and the lines that lead to them.
    let mut taken: Vec<Obstacle> = Vec::new();
    for &index in order {
        let line = Line::new(&wanted[index].name);
        let (above, below) = (line.ascent() * size, DESCENT * size);
        let extent = (line.width(size, false), above + below);
        let Some((rect, leader)) = cheapest_place(wanted[index].at, extent, around, &taken) else {
            left_out.push(index);
            continue;
        };
        taken.push(Obstacle::Box(rect));
        if let Some((from, to)) = leader {
            taken.push(Obstacle::Segment { from, to, half_width: 0.4 });
            labels.leaders.push((from, to));
        }
        labels.words.push(Words {
            line,
            at: (rect.x0, rect.y0 + above),
            size,
            bold: false,
            anchor: Anchor::Start,
            turn: 0.0,
            colour: INK,
            class: "label",
        });
    }
    labels.omitted = left_out.len();
    (labels, left_out)
}

type Leader = Option<(Spot, Spot)>;

fn cheapest_place(at: Spot, extent: (f64, f64), around: &Surroundings, taken: &[Obstacle]) -> Option<(Rect, Leader)> {
    let mut cheapest: Option<(f64, Rect, Leader)> = None;
    for distance in RINGS {
        if cheapest.as_ref().is_some_and(|(cost, ..)| *cost <= distance) {
            break;
        }
        for (rank, direction) in DIRECTIONS.iter().enumerate() {
            let rect = beside(at, *direction, around.radius + distance, extent);
            let (dx, dy) = LABEL_CLEARANCE;
            let needed = Rect::new(rect.x0 - dx, rect.y0 - dy, rect.x1 + dx, rect.y1 + dy);
            if !around.frame.encloses(&needed) || around.hard.iter().chain(taken).any(|o| o.touches(&needed)) {
                continue;
            }
            let near = rect.nearest(at);
            let leader = (distance >= LEADER_FROM).then(|| (edge(at, near, around.radius), near));
            if leader.is_some_and(|(from, to)| taken.iter().any(|o| blocks(o, from, to))) {
                continue;
            }
            let passed =
                leader.map_or(0, |(from, to)| around.hard.iter().filter(|o| lies_under(o, at, from, to)).count());
            let covered: f64 = around.soft.iter().filter(|(o, _)| o.touches(&needed)).map(|(_, cost)| cost).sum();
            let cost = distance + 0.25 * rank as f64 + covered.min(60.0) + PASSING * passed as f64;
            if cheapest.as_ref().is_none_or(|(least, ..)| cost < *least) {
                cheapest = Some((cost, rect, leader));
            }
        }
    }
    cheapest.map(|(_, rect, leader)| (rect, leader))
}

/// The rectangle of a name that stands in a direction from a point.
fn beside(at: Spot, direction: Spot, distance: f64, (width, height): (f64, f64)) -> Rect {
    let length = direction.0.hypot(direction.1);
    let (dx, dy) = (direction.0 / length * distance, direction.1 / length * distance);
    let x = match direction.0 {
        d if d >= 1.0 => at.0 + dx,
        d if d <= -1.0 => at.0 + dx - width,
        d => at.0 + dx - width / 2.0 + d * 0.4 * width,
    };
    let y = match direction.1 {
        d if d > 0.0 => at.1 + dy - 0.15 * height,
        d if d < 0.0 => at.1 + dy - 0.85 * height,
        _ => at.1 - height + HALF_CAPITAL * height,
    };
    Rect::new(x, y, x + width, y + height)
}

/// Where a line from a point's centre towards `to` leaves its marker.
fn edge(at: Spot, to: Spot, radius: f64) -> Spot {
    let (dx, dy) = (to.0 - at.0, to.1 - at.1);
    let length = dx.hypot(dy).max(1e-9);
    (at.0 + dx / length * radius, at.1 + dy / length * radius)
}

/// Whether a leader would run into a name or across a leader placed before.
fn blocks(placed: &Obstacle, from: Spot, to: Spot) -> bool {
    match placed {
        Obstacle::Box(rect) => crosses(from, to, rect),
        Obstacle::Segment { from: a, to: b, .. } => {
            let side = |p: Spot, q: Spot, r: Spot| (q.0 - p.0) * (r.1 - p.1) - (q.1 - p.1) * (r.0 - p.0);
            side(from, to, *a) * side(from, to, *b) < 0.0 && side(*a, *b, from) * side(*a, *b, to) < 0.0
        }
        Obstacle::Disk { .. } | Obstacle::Convex(_) => false,
    }
}

/// Whether a leader passes over a point other than its own.
fn lies_under(placed: &Obstacle, own: Spot, from: Spot, to: Spot) -> bool {
    let Obstacle::Disk { centre, radius } = placed else { return false };
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let along = ((centre.0 - from.0) * dx + (centre.1 - from.1) * dy) / (dx * dx + dy * dy).max(1e-12);
    let near = (from.0 + along.clamp(0.0, 1.0) * dx, from.1 + along.clamp(0.0, 1.0) * dy);
    *centre != own && (near.0 - centre.0).hypot(near.1 - centre.1) < *radius
}
