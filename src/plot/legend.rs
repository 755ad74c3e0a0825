//! The legend shared by all panels: one row above them, or several in columns where one would be too wide.

use super::geometry::Rect;
use super::text::{Anchor, HALF_CAPITAL, Line, Words, shorten};
use super::theme::{INK, Role, Theme};
use crate::analysis::figure::{LegendEntry, LegendKey};

/// Distance of a key from its text, in text sizes.
const KEY_GAP: f64 = 0.6;
/// Distance of two entries, in text sizes.
const ENTRY_GAP: f64 = 1.6;
/// Height of a row, in text sizes.
const ROW: f64 = 1.55;

/// The legend at its place.
pub(super) struct Legend<'a> {
    pub keys: Vec<(Rect, &'a LegendEntry)>,
    pub words: Vec<Words>,
    /// Height of all rows in points; zero without entries.
    pub height: f64,
}

/// Sets a legend into the width from `left` to `right`, its upper edge at `top`.
pub(super) fn legend<'a>(entries: &'a [LegendEntry], (left, right): (f64, f64), top: f64, theme: &Theme) -> Legend<'a> {
    let size = theme.size(Role::Legend);
    let room = right - left;
    let key_width = |key: &LegendKey| match key {
        LegendKey::Marker(_) => 0.9 * size,
        LegendKey::Stroke(_) | LegendKey::MarkedStroke(..) => 2.2 * size,
        LegendKey::Box => 1.4 * size,
    };
    let widest_key = entries.iter().map(|e| key_width(&e.key)).fold(0.0, f64::max);
    let texts: Vec<String> =
        entries.iter().map(|e| shorten(&e.label, room - widest_key - KEY_GAP * size, size, false)).collect();
    let width = |i: usize| key_width(&entries[i].key) + KEY_GAP * size + Line::new(&texts[i]).width(size, false);
    let columns = columns(entries.len(), room, ENTRY_GAP * size, width);
    let total: f64 = columns.iter().sum::<f64>() + ENTRY_GAP * size * columns.len().saturating_sub(1) as f64;
    let start = left + (room - total) / 2.0;
    let (mut keys, mut words) = (Vec::new(), Vec::new());
    for (i, entry) in entries.iter().enumerate() {
        let (row, column) = (i / columns.len(), i % columns.len());
        let x = start + columns[..column].iter().map(|w| w + ENTRY_GAP * size).sum::<f64>();
        let middle = top + (row as f64 + 0.5) * ROW * size;
        let key = Rect::new(x, middle - 0.36 * size, x + key_width(&entry.key), middle + 0.36 * size);
        words.push(Words {
            line: Line::new(&texts[i]),
            at: (key.x1 + KEY_GAP * size, middle + HALF_CAPITAL * size),
            size,
            bold: false,
            anchor: Anchor::Start,
            turn: 0.0,
            colour: INK,
            class: "legend",
        });
        keys.push((key, entry));
    }
    let rows = if entries.is_empty() { 0 } else { entries.len().div_ceil(columns.len()) };
    Legend { keys, words, height: rows as f64 * ROW * size }
}

/// Widths of the most columns that fit; entries run row by row, and rows are as even as they can be.
fn columns(entries: usize, room: f64, gap: f64, width: impl Fn(usize) -> f64) -> Vec<f64> {
    let widths = |columns: usize| -> Vec<f64> {
        (0..columns).map(|c| (c..entries).step_by(columns).map(&width).fold(0.0, f64::max)).collect()
    };
    let fits = |w: &[f64]| w.iter().sum::<f64>() + gap * w.len().saturating_sub(1) as f64 <= room;
    let most = (1..=entries).rev().find(|&c| fits(&widths(c))).unwrap_or(1);
    let rows = entries.div_ceil(most).max(1);
    // Fewer columns may do with the same number of rows; more even rows look calmer.
    let even = entries.div_ceil(rows).max(1);
    if fits(&widths(even)) { widths(even) } else { widths(most) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::figure::{Hue, Marker};

    fn entries(n: usize) -> Vec<LegendEntry> {
        let entry = |i| LegendEntry {
            label: format!("family number {i}"),
            hue: Hue::Category(i),
            key: LegendKey::Marker(Marker::Circle),
        };
        (0..n).map(entry).collect()
    }

    #[test]
    fn a_wide_legend_wraps_and_stays_in_its_room() {
        let all = entries(8);
        let (wide, narrow) = ((10.0, 700.0), (10.0, 220.0));
        let one = legend(&all, wide, 0.0, &Theme::default());
        let many = legend(&all, narrow, 0.0, &Theme::default());
        assert!(many.height > 2.0 * one.height);
        for words in &many.words {
            let bounds = words.bounds();
            assert!(bounds.x0 >= narrow.0 && bounds.x1 <= narrow.1);
        }
    }

    #[test]
    fn no_entries_take_no_room() {
        assert_eq!(legend(&[], (0.0, 100.0), 0.0, &Theme::default()).height, 0.0);
    }
}
