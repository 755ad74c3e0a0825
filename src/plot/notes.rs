//! A free place inside a panel for the box of its notes.
//!
//! The four corners are tried first, then a raster of positions over the panel in the order of their distance
//! from the nearest corner; the first box whose surroundings no point, line, band, bar or error bar touches is taken.
//! Where a panel has no such place, all notes of the figure are set smaller, and if that is not enough, the panel's
//! notes stand above it, where nothing is drawn.

use super::geometry::{Obstacle, Rect};
use super::text::{Anchor, DESCENT, Line, Words};
use super::theme::INK;
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
